namespace Oort.Backends.Local;

/// <summary>The two copies of a store's identity (docs/formats/identity.md): damage to one takes no disk away.</summary>
internal static class IdentityFiles
{
    public const string Path = "identity";
    public const string CopyPath = "identity.copy";

    private const string TemporaryPath = "temp/identity";

    /// <summary>The identity, from the copy where the first is missing or damaged.</summary>
    /// <returns>Null when neither file is there: this is no store.</returns>
    /// <exception cref="BackendException">Kind Permanent: no copy is whole, or a newer program wrote them.</exception>
    public static StoreIdentity? Read(IDisk disk)
    {
        var hasFirst = TryRead(disk, Path, out var identity);
        if (identity is not null) return identity;
        var hasCopy = TryRead(disk, CopyPath, out identity);
        if (identity is not null || (!hasFirst && !hasCopy)) return identity;
        throw new BackendException(BackendErrorKind.Permanent, $"{disk.Location}: the identity file is damaged, and so is its copy.");
    }

    /// <summary>Writes whichever of the two is not as it must be.</summary>
    /// <exception cref="DiskException">It could not be written.</exception>
    public static void Heal(IDisk disk, StoreIdentity identity)
    {
        foreach (var path in (string[])[Path, CopyPath])
            if (!TryRead(disk, path, out var found) || found != identity) Write(disk, path, identity);
    }

    /// <summary>Writes one copy: beside, synced, renamed, and the folder synced.</summary>
    public static void Write(IDisk disk, string path, StoreIdentity identity)
    {
        using (var file = disk.Open(TemporaryPath, DiskOpen.ExistingOrNew))
        {
            file.Truncate(0);
            file.Write(0, identity.Encode());
            file.Sync();
        }

        disk.Rename(TemporaryPath, path);
        disk.SyncFolder("");
    }

    /// <summary>Whether the file is there; what is in it if it is whole.</summary>
    private static bool TryRead(IDisk disk, string path, out StoreIdentity? identity)
    {
        identity = null;
        if (!disk.Exists(path)) return false;
        using var file = disk.Open(path, DiskOpen.Read);
        file.DropCache();
        var bytes = new byte[StoreIdentity.Size + 1];
        var count = file.Read(0, bytes);
        if (StoreIdentity.Decode(bytes.AsSpan(0, count), out identity) == FormatOutcome.UnknownVersion)
            throw new BackendException(BackendErrorKind.Permanent, $"{disk.Location} was made by a newer version of Oort.");
        return true;
    }
}
