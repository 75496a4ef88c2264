namespace Oort.Crypto;

/// <summary>One version of the key that wraps data keys.</summary>
/// <param name="version">Counts from 1; never reused, also after destruction.</param>
/// <param name="created">When it was made; for people, nothing depends on it.</param>
/// <param name="key">Owned by this object.</param>
/// <param name="unknown">Bytes that a newer program put behind the fields known here; written back as they were.</param>
internal sealed class KeyEncryptionKey(int version, DateTimeOffset created, SecretBytes key, byte[] unknown) : IDisposable
{
    public int Version { get; } = version;
    public DateTimeOffset Created { get; } = created;
    public SecretBytes Key { get; } = key;
    public byte[] Unknown { get; } = unknown;

    public void Dispose()
    {
        Key.Dispose();
        Unknown.AsSpan().Clear();
    }
}
