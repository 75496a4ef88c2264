using Oort.Backends;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Collection;

public sealed class FsckTests
{
    [Fact]
    public async Task Fsck_ShardsMissing_TellsThemAndMendsThem()
    {
        var (cluster, _) = CollectionWorld.Create();
        await using var owned = cluster;
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        foreach (var size in new[] { 500, 90_000, 700_000 }) await system.PutAsync(bucket, $"key{size}", SystemActions.Content(size, size));
        var before = await cluster.ShardsAsync();
        var segments = await system.SegmentsAsync();
        await cluster.Stores[0].Inner.DeleteAsync(ShardOn(segments[0], cluster.Stores[0].Id), CancellationToken.None);
        await cluster.Stores[4].Inner.DeleteAsync(ShardOn(segments[0], cluster.Stores[4].Id), CancellationToken.None);
        await cluster.Stores[2].Inner.PutAsync(ShardOn(segments[1], cluster.Stores[2].Id), new byte[200], CancellationToken.None);

        var look = await system.FsckAsync(repair: false, null, CancellationToken.None);
        look.IsClean.ShouldBeFalse();
        look.Findings.Count(finding => finding.Severity == FindingSeverity.Degraded).ShouldBe(2);
        look.Findings.ShouldNotContain(finding => finding.Severity == FindingSeverity.Lost);
        (await cluster.ShardsAsync()).Count.ShouldBe(before.Count - 2);

        (await system.FsckAsync(repair: true, null, CancellationToken.None)).Findings.ShouldAllBe(finding => finding.Repaired);
        (await system.FsckAsync(repair: false, null, CancellationToken.None)).Findings.ShouldBeEmpty();
        (await system.ScrubAsync(repair: false, null, CancellationToken.None)).Findings.ShouldBeEmpty();
        (await cluster.ShardsAsync()).ShouldBe(before, ignoreOrder: true);
        cluster.Stores[1].Offline = cluster.Stores[3].Offline = true;
        foreach (var size in new[] { 500, 90_000, 700_000 }) (await system.GetAsync("bucket", $"key{size}")).ShouldBe(SystemActions.Content(size, size));
    }

    [Fact]
    public async Task Fsck_TooFewShardsLeft_SaysThatItIsLost()
    {
        var (cluster, _) = CollectionWorld.Create();
        await using var owned = cluster;
        await using var system = await cluster.OpenAsync();
        await system.PutAsync(await system.CreateBucketAsync("bucket"), "key", SystemActions.Content(1, 300_000));
        foreach (var (store, shard) in (await cluster.ShardsAsync()).Take(3)) await cluster.Stores.Single(one => one.Id == store).Inner.DeleteAsync(shard, CancellationToken.None);
        foreach (var repair in new[] { false, true })
        {
            var report = await system.FsckAsync(repair, null, CancellationToken.None);
            report.IsClean.ShouldBeFalse();
            report.Findings.ShouldContain(finding => finding.Severity == FindingSeverity.Lost && !finding.Repaired);
        }
    }

    private static ShardId ShardOn(Metadata.SegmentRow row, StoreId store) => new(row.Id, (byte)row.Shards.IndexOf(store));
}
