using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Backends.Local;

namespace Oort.Objects.Tests.Hosting;

/// <summary>A folder of another disk, as a disk: so that several stores share one recording, and a crash cuts all of them at the same instant.</summary>
internal sealed class FolderDisk(IDisk disk, string folder) : IDisk
{
    public string Location => folder;

    public string DeviceId => folder;

    public IDiskFile Open(string path, DiskOpen how) => disk.Open(In(path), how);

    public bool Exists(string path) => disk.Exists(In(path));

    public IReadOnlyList<string> List(string path) => disk.List(path.Length == 0 ? folder : In(path));

    public void CreateFolder(string path) => disk.CreateFolder(In(path));

    public void Rename(string from, string to) => disk.Rename(In(from), In(to));

    public void Delete(string path) => disk.Delete(In(path));

    public void SyncFolder(string path) => disk.SyncFolder(path.Length == 0 ? folder : In(path));

    public DiskSpace GetSpace() => disk.GetSpace();

    public IDisposable Lock(string path) => disk.Lock(In(path));

    private string In(string path) => $"{folder}/{path}";
}

/// <summary>A local store on such a disk.</summary>
internal sealed class FolderEndpoint(IDisk disk, string folder, StoreId id) : IStoreEndpoint
{
    private static readonly LocalStoreOptions options = new() { VolumeSizeBytes = 4 << 20, AllocationStepBytes = 1 << 20, HeadroomBytes = 0, ThreadCount = 2, CompactionInterval = Timeout.InfiniteTimeSpan };

    private readonly FolderDisk place = new(disk, folder);

    public string Location => folder;

    public async ValueTask<FoundStore?> FindAsync(CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        return place.Exists("identity") ? new(id, null) : null;
    }

    public ValueTask<IStore> OpenAsync(ClusterId cluster, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IStore>(LocalStore.Open(place, cluster, options, NullLogger.Instance));

    public ValueTask<IStore> CreateAsync(ClusterId cluster, CancellationToken cancellationToken)
    {
        disk.CreateFolder(folder);
        LocalStore.Initialise(place, id, cluster, TimeProvider.System);
        return OpenAsync(cluster, cancellationToken);
    }
}
