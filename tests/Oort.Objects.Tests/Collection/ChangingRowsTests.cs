using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Collection;

/// <summary>Whole looks take long, and segments are dropped and moved meanwhile: what is looked for by a row that has changed is not missing.</summary>
public sealed class ChangingRowsTests
{
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Check_SegmentGoesOrMovesMeanwhile_FindsNothing(bool isScrub, bool isMoved)
    {
        var (cluster, time) = CollectionWorld.Create(7);
        await using var owned = cluster;
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        await system.PutAsync(bucket, "key", SystemActions.Content(1, 300_000));
        await system.DeleteAsync(bucket, "key");
        time.Advance(2 * CollectionWorld.Grace);
        var row = (await system.SegmentsAsync()).ShouldHaveSingleItem();
        var from = cluster.Stores.Single(store => store.Id == row.Shards[2]);
        var looks = isScrub ? StoreOperations.Read : StoreOperations.Stat;
        var before = from.Count(looks);
        var hold = from.Hold(looks);
        var checking = CheckAsync(system, isScrub);
        await Eventually.TrueAsync(() => from.Count(looks) > before);

        if (isMoved) await MoveAsync(cluster, system, row, index: 2);
        else (await system.CollectAsync()).DroppedSegments.ShouldBe(1);
        hold.SetResult();

        (await checking).ShouldBe((0, ""));
    }

    private static async Task<(long Bad, string Findings)> CheckAsync(ObjectSystem system, bool isScrub)
    {
        if (isScrub)
        {
            var scrub = await system.ScrubAsync(repair: false, null, CancellationToken.None);
            return (scrub.BadShards, string.Join("; ", scrub.Findings.Select(finding => finding.Text)));
        }

        var fsck = await system.FsckAsync(repair: false, null, CancellationToken.None);
        return (0, string.Join("; ", fsck.Findings.Where(finding => finding.Severity != FindingSeverity.Note).Select(finding => finding.Text)));
    }

    /// <summary>Puts a shard on the one store that has none of the segment, as a repair does.</summary>
    private static async Task MoveAsync(TestCluster cluster, ObjectSystem system, SegmentRow row, int index)
    {
        var shard = new ShardId(row.Id, (byte)index);
        var from = cluster.Stores.Single(store => store.Id == row.Shards[index]).Inner;
        var to = cluster.Stores.Single(store => !row.Shards.Contains(store.Id)).Inner;
        var content = new byte[(await from.StatAsync(shard, CancellationToken.None)).ShouldNotBeNull()];
        (await from.ReadAsync(shard, 0, content, CancellationToken.None)).ShouldBe(content.Length);
        await to.PutAsync(shard, content, CancellationToken.None);
        (await system.Metadata.MoveSegmentAsync(row.Id, row.PlacementGeneration, row.Shards.SetItem(index, to.Id), CancellationToken.None)).ShouldBe(CommitOutcome.Done);
        await from.DeleteAsync(shard, CancellationToken.None);
    }
}
