using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Checksums;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Collection;

/// <summary>A sparse pack is emptied into new ones; whoever reads, copies, deletes or repairs meanwhile notices nothing.</summary>
public sealed class CompactionTests
{
    private const int Count = 60;

    [Fact]
    public async Task Collect_SparsePacks_AreEmptiedAndDropped()
    {
        var (cluster, time) = CollectionWorld.Create();
        await using var owned = cluster;
        await using var system = await cluster.OpenAsync();
        var bucket = await FillAsync(system);
        var before = await SparseAsync(system);
        before.Count.ShouldBeGreaterThan(0);
        var read = await system.FindAsync(bucket, Key(0));
        await using var reader = await system.Objects.OpenAsync(read, CancellationToken.None);

        (await system.CollectAsync()).CompactedSegments.ShouldBe(before.Count);
        await CheckAsync(system);
        (await SparseAsync(system)).ShouldBeEmpty();

        // What was emptied is dropped after the grace; the reader's pack when it has read.
        time.Advance(TimeSpan.FromHours(2));
        var dropped = (await system.CollectAsync()).DroppedSegments;
        (await reader.ReadAsync(read.Size)).ShouldBe(Content(0));
        await reader.DisposeAsync();
        dropped += (await system.CollectAsync()).DroppedSegments;
        dropped.ShouldBeGreaterThanOrEqualTo(before.Count);
        (await system.SegmentsAsync()).Select(row => row.Id).Intersect(before).ShouldBeEmpty();
        await cluster.ShouldHoldExactlyTheRowsAsync(system);
        await CheckAsync(system);
        (await system.FsckAsync(repair: false, null, CancellationToken.None)).Findings.ShouldBeEmpty();
    }

    [Fact]
    public async Task Collect_SparsePack_BecomesOnePack()
    {
        var (cluster, _) = CollectionWorld.Create();
        await using var owned = cluster;
        await using var system = await cluster.OpenAsync();
        await FillAsync(system);
        var sparse = await SparseAsync(system);
        var segments = (await system.SegmentsAsync()).Length;
        await system.CollectAsync();
        (await system.SegmentsAsync()).Length.ShouldBeLessThanOrEqualTo(segments + sparse.Count);
    }

    [Fact]
    public async Task Collect_DeletesCopiesAndRepairsMeanwhile_KeepEverythingRight()
    {
        var (cluster, time) = CollectionWorld.Create();
        await using var owned = cluster;
        await using var system = await cluster.OpenAsync();
        var bucket = await FillAsync(system);
        cluster.Stores[3].Inject(StoreOperations.Put, times: 20);
        foreach (var (store, shard) in (await cluster.ShardsAsync()).Where(one => one.Store == cluster.Stores[1].Id)) await cluster.Stores[1].Inner.DeleteAsync(shard, CancellationToken.None);

        var working = true;
        var collecting = Task.Run(async () =>
        {
            while (Volatile.Read(ref working))
            {
                // Segments are dropped during the run, yet none within the moments in which somebody has found it and not pinned it.
                time.Advance(TimeSpan.FromMinutes(4));
                await system.CollectAsync();
            }
        });
        var repairing = Task.Run(async () =>
        {
            while (Volatile.Read(ref working)) await system.FsckAsync(repair: true, null, CancellationToken.None);
        });
        for (var round = 0; round < 15; round++)
        {
            var index = round % Count / 5 * 5;
            var source = new CopySource(await system.FindAsync(bucket, Key(index)), 0, Content(index).Length);
            var copied = await system.Objects.CopyObjectAsync(source, bucket, $"copy{index}", "root", "STANDARD", ObjectAttributes.Empty, ChecksumAlgorithm.None, WriteConditions.None, CancellationToken.None);
            copied.Outcome.ShouldBe(CommitOutcome.Done);
            if (round % 3 == 0) await system.DeleteAsync(bucket, $"copy{index}");
            else (await system.GetAsync("bucket", $"copy{index}")).ShouldBe(Content(index));
            await system.PutAsync(bucket, $"fleeting{round}", SystemActions.Content(round, 4_000));
            if (round > 0) await system.DeleteAsync(bucket, $"fleeting{round - 1}");
        }

        Volatile.Write(ref working, false);
        await collecting;
        await repairing;
        await CheckAsync(system);
        await system.DrainRepairsAsync();
        (await system.FsckAsync(repair: true, null, CancellationToken.None)).Findings.ShouldNotContain(finding => finding.Severity == FindingSeverity.Lost);
        (await system.FsckAsync(repair: false, null, CancellationToken.None)).Findings.Where(finding => finding.Severity != FindingSeverity.Note).ShouldBeEmpty();
        await CheckAsync(system);
    }

    [Fact]
    public async Task Collect_PackCannotBeReadOrWritten_LeavesItAndHoldsNothingUp()
    {
        var (cluster, time) = CollectionWorld.Create();
        await using var owned = cluster;
        await using var system = await cluster.OpenAsync();
        var bucket = await FillAsync(system);
        var sparse = await SparseAsync(system);

        // 1. Neither read nor written; 2. read but not written.
        foreach (var operations in new[] { StoreOperations.Read, StoreOperations.Put })
        {
            foreach (var store in cluster.Stores.Take(3)) store.Inject(operations, times: int.MaxValue);
            (await system.CollectAsync()).CompactedSegments.ShouldBe(0);
            foreach (var store in cluster.Stores) store.Heal();
        }

        await Eventually.TrueAsync(() => system.GetStatus().Stores.All(store => store.Health == StoreHealth.Online));
        await CheckAsync(system);
        await Eventually.Async(async () => (await system.CollectAsync()).CompactedSegments > 0);
        await CheckAsync(system);
        time.Advance(TimeSpan.FromHours(2));
        (await system.CollectAsync()).DroppedSegments.ShouldBeGreaterThanOrEqualTo(sparse.Count);

        // Nothing keeps the low-water mark down: what the failed flushes left is found, and goes.
        time.Advance(CollectionWorld.Period);
        await system.CollectAsync();
        await cluster.ShouldHoldExactlyTheRowsAsync(system);
        await CheckAsync(system);
    }

    [Fact]
    public async Task Collect_PackOfTinyObjectsWithOneDeleted_IsNotWrittenAnew()
    {
        var (cluster, _) = CollectionWorld.Create();
        await using var owned = cluster;
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        await system.PutTogetherAsync(bucket, Enumerable.Range(0, 200).Select(index => ($"tiny{index}", new byte[] { (byte)index })));
        var before = await system.SegmentsAsync();
        await system.DeleteAsync(bucket, "tiny7");

        // Of 64 bytes each, 17 are sealed bytes and the rest is padding: the packs are as full as they can be.
        (await system.CollectAsync()).CompactedSegments.ShouldBe(0);
        (await system.SegmentsAsync()).Select(row => row.Id).ShouldBe(before.Select(row => row.Id));
        (await system.FsckAsync(repair: false, null, CancellationToken.None)).Findings.ShouldBeEmpty();
    }

    [Fact]
    public async Task Collect_MoreUnreadablePacksThanOneRunTakes_StillEmptiesTheOthers()
    {
        var (cluster, _) = CollectionWorld.Create();
        await using var owned = cluster;
        cluster.Options = cluster.Options with { Objects = cluster.Options.Objects with { PackThreshold = 3_000, PackPayloadMax = 12_500 } };
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        await system.PutTogetherAsync(bucket, Enumerable.Range(0, 400).Select(index => ($"key{index}", SystemActions.Content(index, 3_000))));
        var kept = new HashSet<SegmentId>();
        for (var index = 0; index < 400; index++)
        {
            var data = (await system.Metadata.LocateAsync([(await system.FindAsync(bucket, $"key{index}")).Extents[0].Data], CancellationToken.None)).Single();
            if (!kept.Add(data.Data.Runs[0].Segment)) await system.DeleteAsync(bucket, $"key{index}");
        }

        var sparse = await SparseAsync(system);
        sparse.Count.ShouldBeGreaterThan(64);
        foreach (var segment in sparse.SkipLast(1))
            for (var index = 0; index < 3; index++) await cluster.Stores.Single(store => store.Id == Row(segment).Shards[index]).Inner.DeleteAsync(new(segment, (byte)index), CancellationToken.None);
        await system.CollectAsync();
        await system.CollectAsync();
        (await SparseAsync(system)).ShouldBe(sparse.SkipLast(1), ignoreOrder: true);

        SegmentRow Row(SegmentId segment) => system.Metadata.FindSegmentAsync(segment, CancellationToken.None).AsTask().Result!;
    }

    private static string Key(int index) => $"key{index:d3}";

    private static byte[] Content(int index) => SystemActions.Content(index, 3_000 + index * 10);

    /// <summary>Objects that share packs, of which each fifth one is left.</summary>
    private static async Task<BucketRow> FillAsync(ObjectSystem system)
    {
        var bucket = await system.CreateBucketAsync("bucket");
        await system.PutTogetherAsync(bucket, Enumerable.Range(0, Count).Select(index => (Key(index), Content(index))));
        for (var index = 0; index < Count; index++)
            if (index % 5 != 0) await system.DeleteAsync(bucket, Key(index));
        return bucket;
    }

    private static async Task CheckAsync(ObjectSystem system)
    {
        for (var index = 0; index < Count; index += 5) (await system.GetAsync("bucket", Key(index))).ShouldBe(Content(index));
    }

    private static async Task<List<SegmentId>> SparseAsync(ObjectSystem system) =>
        [.. (await system.Metadata.ListSegmentUseAsync(0.5, default, 1_000, CancellationToken.None)).Where(use => use.LiveBytes > 0).Select(use => use.Segment.Id)];
}
