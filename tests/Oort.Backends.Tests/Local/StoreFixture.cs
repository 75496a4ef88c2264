using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends.Local;
using Oort.Backends.Suite;

namespace Oort.Backends.Tests.Local;

/// <summary>Local stores on disks in memory.</summary>
internal static class StoreFixture
{
    public static readonly ClusterId Cluster = new(77);

    public static readonly StoreId Id = new(5);

    /// <summary>Small enough that a few shards cross every border: inline to extent, allocation step, volume.</summary>
    public static LocalStoreOptions Options { get; } = new()
    {
        VolumeSizeBytes = 1 << 16,
        AllocationStepBytes = 1 << 14,
        HeadroomBytes = 0,
        InlineSizeMax = 2000,
        ThreadCount = 2,
        CompactionInterval = Timeout.InfiniteTimeSpan,
    };

    public static RecordingDisk NewDisk()
    {
        var disk = new RecordingDisk();
        LocalStore.Initialise(disk, Id, Cluster, TimeProvider.System);
        // A disk of its own, so that its operations begin after the identity is durable.
        return disk.Crash(disk.OperationCount, CrashMode.Dropped);
    }

    public static LocalStore Open(IDisk disk, LocalStoreOptions? options = null) => LocalStore.Open(disk, Cluster, options ?? Options, NullLogger.Instance);

    /// <summary>Every shard that the store lists, read whole.</summary>
    public static async Task<Dictionary<ShardId, byte[]>> ReadAllAsync(LocalStore store)
    {
        var all = new Dictionary<ShardId, byte[]>();
        await foreach (var (id, length) in store.ListAsync(CancellationToken.None))
        {
            var content = new byte[length];
            var count = await store.ReadAsync(id, 0, content, CancellationToken.None);
            all[id] = content[..count];
        }

        return all;
    }
}
