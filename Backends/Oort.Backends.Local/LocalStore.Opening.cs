using Microsoft.Extensions.Logging;

namespace Oort.Backends.Local;

// Making a store, opening it, asking whether it is still there.
public sealed partial class LocalStore
{
    private const string ProbePath = "temp/probe";

    private static readonly string[] s_folders = [VolumeTable.Folder, BlobFiles.Folder, LogFiles.Folder, TemporaryFolder];

    /// <summary>Makes an empty directory (one that does not exist is created) a store. The identity is written last: a crash before leaves a directory that this can be repeated on.</summary>
    /// <exception cref="BackendException">Kind Permanent: it is a store already, or holds something else, or cannot be written.</exception>
    public static Task<StoreIdentity> InitialiseAsync(string path, StoreId id, ClusterId cluster, TimeProvider time, CancellationToken cancellationToken) =>
        Task.Run(
            () =>
            {
                PosixDisk disk;
                try
                {
                    Directory.CreateDirectory(path);
                    disk = new PosixDisk(path);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException or DiskException)
                {
                    throw new BackendException(BackendErrorKind.Permanent, $"{path} cannot be made a store: {e.Message}", e);
                }

                return Initialise(disk, id, cluster, time);
            },
            cancellationToken);

    /// <summary>As above, on any disk. Blocks.</summary>
    public static StoreIdentity Initialise(IDisk disk, StoreId id, ClusterId cluster, TimeProvider time)
    {
        if (id == StoreId.None)
            throw new ArgumentException("A store needs an id.", nameof(id));
        var identity = new StoreIdentity(id, cluster, DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds()));
        try
        {
            using var held = disk.Lock(LockPath);
            if (disk.Exists(IdentityFile.Path))
                throw new BackendException(BackendErrorKind.Permanent, $"{disk.Location} is a store already.");
            var foreign = disk.List("").Where(name => name is not ("lost+found" or LockPath) && !s_folders.Contains(name))
                .Concat(s_folders.Where(folder => folder != TemporaryFolder).SelectMany(disk.List))
                .FirstOrDefault();
            if (foreign is not null)
                throw new BackendException(BackendErrorKind.Permanent, $"{disk.Location} is not empty (it has '{foreign}') and has no identity; a store begins in an empty directory.");

            foreach (var folder in s_folders)
                disk.CreateFolder(folder);
            IdentityFile.Write(disk, identity);
            return identity;
        }
        catch (DiskException e)
        {
            throw new BackendException(e.Kind == DiskErrorKind.NoSpace ? BackendErrorKind.Full : BackendErrorKind.Permanent, $"{disk.Location} cannot be made a store: {e.Message}", e);
        }
    }

    /// <summary>The identity in a directory, without opening it as a store; null when there is none.</summary>
    /// <exception cref="BackendException">Kind Permanent: it cannot be read, is damaged, or of a newer version.</exception>
    public static Task<StoreIdentity?> ReadIdentityAsync(string path, CancellationToken cancellationToken) =>
        Task.Run(
            () =>
            {
                try
                {
                    return Directory.Exists(path) ? ReadIdentity(new PosixDisk(path)) : null;
                }
                catch (DiskException e)
                {
                    throw new BackendException(BackendErrorKind.Permanent, e.Message, e);
                }
            },
            cancellationToken);

    /// <summary>As above, on any disk. Blocks.</summary>
    public static StoreIdentity? ReadIdentity(IDisk disk)
    {
        try
        {
            return IdentityFile.Read(disk);
        }
        catch (DiskException e)
        {
            throw new BackendException(BackendErrorKind.Permanent, e.Message, e);
        }
    }

    /// <summary>Opens a store that was initialised for this cluster. Reads the index, or rebuilds it from the volumes; a read-only directory is opened for reading.</summary>
    /// <exception cref="BackendException">Kind Permanent: no store, another cluster's, in use, damaged identity, newer version.</exception>
    public static Task<LocalStore> OpenAsync(string path, ClusterId cluster, LocalStoreOptions options, ILogger logger, CancellationToken cancellationToken) =>
        Task.Run(
            () =>
            {
                try
                {
                    return Open(new PosixDisk(path), cluster, options, logger);
                }
                catch (DiskException e)
                {
                    throw new BackendException(BackendErrorKind.Permanent, e.Message, e);
                }
            },
            cancellationToken);

    /// <summary>As above, on any disk. Blocks.</summary>
    public static LocalStore Open(IDisk disk, ClusterId cluster, LocalStoreOptions options, ILogger logger)
    {
        options.Validate();
        var volumes = default(VolumeTable);
        var held = default(IDisposable);
        try
        {
            var identity = IdentityFile.Read(disk) ?? throw new BackendException(BackendErrorKind.Permanent, $"{disk.Location} is not a store: it has no identity file. An unmounted disk looks like this.");
            if (identity.Cluster != cluster)
                throw new BackendException(BackendErrorKind.Permanent, $"{disk.Location} belongs to another cluster ({identity.Cluster}, not {cluster}); it is left alone.");

            var health = new StoreHealth(disk.Location);
            held = LockOrGoReadOnly(disk, health, logger);
            volumes = new VolumeTable(disk, identity.Store);
            var volumeSize = options.VolumeSizeBytes ?? DefaultVolumeSize(disk.GetSpace().CapacityBytes);
            if (held is not null)
            {
                PrepareFolders(disk);
                IdentityFile.Heal(disk, identity);
            }
            var loaded = new VolumeLoader(disk, identity.Store, volumes, volumeSize, readOnly: held is null, logger).Load();
            var store = new LocalStore(disk, identity, options, logger, held, volumes, loaded, volumeSize, health);
            if (loaded.NeedsCheckpoint && held is not null)
                store.TryWriteCheckpoint();
            store.StartMaintenance();
            return store;
        }
        catch (Exception e) when (e is DiskException or BackendException)
        {
            foreach (var volume in volumes?.All ?? [])
                volume.Dispose();
            held?.Dispose();
            if (e is BackendException)
                throw;
            throw new BackendException(BackendErrorKind.Permanent, $"{disk.Location} cannot be opened: {e.Message}", e);
        }
    }

    private static IDisposable? LockOrGoReadOnly(IDisk disk, StoreHealth health, ILogger logger)
    {
        try
        {
            return disk.Lock(LockPath);
        }
        catch (DiskException e) when (e.Kind == DiskErrorKind.Denied)
        {
            LogReadOnly(logger, disk.Location, e);
            health.Fail("it is read-only", e);
            return null;
        }
    }

    private static void PrepareFolders(IDisk disk)
    {
        foreach (var folder in s_folders)
            disk.CreateFolder(folder);
        disk.SyncFolder("");
        // Whatever a crash left half-written was never renamed to what it should become.
        foreach (var name in disk.List(TemporaryFolder))
            disk.Delete($"{TemporaryFolder}/{name}");
    }

    /// <summary>1 GiB, doubled while a medium of this size would hold more than 1,024 such volumes: each is an open file.</summary>
    private static long DefaultVolumeSize(long capacity)
    {
        var size = 1L << 30;
        while (capacity / size > 1024)
            size *= 2;
        return size;
    }

    /// <summary>Looks past every handle and cache that the store holds: (1) the identity by its path, (2) a small write and sync, (3) free space.</summary>
    private StoreSpace Probe()
    {
        try
        {
            // 1. A disk that was unmounted leaves an empty directory under the same path.
            if (IdentityFile.Read(_disk) is not { } identity)
                throw new BackendException(BackendErrorKind.Permanent, $"{Location}: the identity file is gone; the disk is not mounted or has been wiped.");
            if (identity != _identity)
                throw new BackendException(BackendErrorKind.Permanent, $"{Location}: another store ({identity.Store}) is there now.");

            var space = _disk.GetSpace();
            return new(space.CapacityBytes, Math.Max(0, space.FreeBytes - _options.HeadroomBytes), WriteProbe());
        }
        catch (DiskException e)
        {
            throw new BackendException(BackendErrorKind.Permanent, $"{Location}: {e.Message}", e);
        }
    }

    /// <summary>Writes to the medium. What reads and does not write is not lost: it can still be read.</summary>
    /// <returns>Why the store takes no writes; null when it does.</returns>
    /// <exception cref="DiskException">The folder is gone, or the medium.</exception>
    private StoreRefusal? WriteProbe()
    {
        try
        {
            using var file = _disk.Open(ProbePath, DiskOpen.ExistingOrNew);
            file.Write(0, "oort"u8);
            file.Sync();
        }
        catch (DiskException e) when (e.Kind == DiskErrorKind.NoSpace)
        {
            // Full is not broken: the free space says it.
        }
        catch (DiskException e) when (e.Kind is DiskErrorKind.Denied or DiskErrorKind.Failed)
        {
            return new($"It refuses writes and can be read: {e.Message}", EndsByReopening: false);
        }

        return _health.Failure is { } failure ? new($"It takes no writes until it is opened again, and can be read: {failure.Message}", EndsByReopening: true) : null;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Location} is read-only: it is opened for reading.")]
    private static partial void LogReadOnly(ILogger logger, string location, Exception exception);
}
