using System.Security.Cryptography;

namespace Oort.Crypto;

/// <summary>What a keyring holds, as its payload carries it (docs/formats/keyring.md §4). Owned and guarded by <see cref="Keyring"/>.</summary>
internal sealed class KeyringContents : IDisposable
{
    public required DateTimeOffset Created { get; init; }
    public required SecretBytes JournalKey { get; init; }
    public required SecretBytes SnapshotKey { get; init; }
    public required SecretBytes TagKey { get; init; }

    /// <summary>The highest version ever made, so that a destroyed one does not come back under its number.</summary>
    public required int LastKeyVersion { get; set; }

    /// <summary>In ascending order of version; the last is the current one.</summary>
    public required List<KeyEncryptionKey> KeyEncryptionKeys { get; init; }

    /// <summary>Keys with names; the versions of a name ascend, the last is its current one.</summary>
    public List<NamedKey> NamedKeys { get; init; } = [];

    /// <summary>Fields of a newer program, in their order: kept and written back.</summary>
    public required List<(ushort Tag, byte[] Value)> UnknownFields { get; init; }

    public void Dispose()
    {
        JournalKey.Dispose();
        SnapshotKey.Dispose();
        TagKey.Dispose();
        foreach (var key in KeyEncryptionKeys) key.Dispose();
        foreach (var key in NamedKeys) key.Dispose();
        foreach (var (_, value) in UnknownFields) CryptographicOperations.ZeroMemory(value);
    }
}
