namespace Oort.Backends.Local;

/// <summary>The file "identity" in the root of a store (docs/formats/identity.md): the record twice, so that one bad byte takes no disk away.</summary>
internal static class IdentityFile
{
    public const string Path = "identity";

    private const string TemporaryPath = "temp/identity";

    /// <summary>The identity that the file holds.</summary>
    /// <returns>Null when there is no file: this is no store.</returns>
    /// <exception cref="BackendException">Kind Permanent: neither record is whole, or a newer program wrote them.</exception>
    public static StoreIdentity? Read(IDisk disk)
    {
        if (ReadBytes(disk) is not { } bytes) return null;
        return StoreIdentity.DecodeFile(bytes, out var identity) switch
        {
            FormatOutcome.Ok => identity,
            FormatOutcome.UnknownVersion => throw new BackendException(BackendErrorKind.Permanent, $"{disk.Location} was made by a newer version of Oort."),
            _ => throw new BackendException(BackendErrorKind.Permanent, $"{disk.Location}: the identity file is damaged."),
        };
    }

    /// <summary>Writes the file anew where it is not, to the byte, what it must be.</summary>
    /// <exception cref="DiskException">It could not be written.</exception>
    public static void Heal(IDisk disk, StoreIdentity identity)
    {
        if (!identity.EncodeFile().AsSpan().SequenceEqual(ReadBytes(disk))) Write(disk, identity);
    }

    /// <summary>Writes it: beside, synced, renamed, and the folder synced.</summary>
    public static void Write(IDisk disk, StoreIdentity identity)
    {
        using (var file = disk.Open(TemporaryPath, DiskOpen.ExistingOrNew))
        {
            file.Truncate(0);
            file.Write(0, identity.EncodeFile());
            file.Sync();
        }

        disk.Rename(TemporaryPath, Path);
        disk.SyncFolder("");
    }

    private static byte[]? ReadBytes(IDisk disk)
    {
        if (!disk.Exists(Path)) return null;
        using var file = disk.Open(Path, DiskOpen.Read);
        file.DropCache();
        var bytes = new byte[StoreIdentity.FileSize + 1];
        return bytes[..file.Read(0, bytes)];
    }
}
