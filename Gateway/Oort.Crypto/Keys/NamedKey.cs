namespace Oort.Crypto;

/// <summary>One version of a key with a name (SSE-KMS), or what is left of one that was destroyed.</summary>
/// <param name="name">1 to <see cref="InnerKey.NameLengthMax"/> letters, digits and <c>/ _ : . -</c>.</param>
/// <param name="version">Counts from 1 for each name; never reused, also after destruction.</param>
/// <param name="created">When it was made; for people, nothing depends on it.</param>
/// <param name="key">Owned by this object. Null: all versions up to this one have been destroyed.</param>
/// <param name="unknown">Bytes that a newer program put behind the fields known here; written back as they were.</param>
internal sealed class NamedKey(string name, int version, DateTimeOffset created, SecretBytes? key, byte[] unknown) : IDisposable
{
    public string Name { get; } = name;
    public int Version { get; } = version;
    public DateTimeOffset Created { get; } = created;
    public SecretBytes? Key { get; } = key;
    public byte[] Unknown { get; } = unknown;

    public void Dispose()
    {
        Key?.Dispose();
        Unknown.AsSpan().Clear();
    }
}
