using System.Collections.Immutable;
using System.IO.Pipelines;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;

namespace Oort.Objects.Tests.Collection;

/// <summary>The real clock, moved forward: what waits goes on waiting in real time, what is dated sees the days pass.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    private long ahead;

    public void Advance(TimeSpan by) => Interlocked.Add(ref ahead, by.Ticks);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref ahead));
}

/// <summary>A cluster with the product's own periods, and what tests of the collector look at.</summary>
internal static class CollectionWorld
{
    public static TimeSpan Grace { get; } = TimeSpan.FromHours(1);

    public static TimeSpan Period { get; } = TimeSpan.FromDays(7);

    public static (TestCluster Cluster, ShiftedTime Time) Create(int storeCount = 6)
    {
        var time = new ShiftedTime();
        var cluster = new TestCluster(storeCount) { Time = time };
        cluster.Options = cluster.Options with { DeleteGrace = Grace, QuarantinePeriod = Period };
        return (cluster, time);
    }

    public static async Task<CollectReport> CollectAsync(this ObjectSystem system) => await system.CollectAsync(CancellationToken.None);

    /// <summary>Every shard on every store.</summary>
    public static async Task<List<(StoreId Store, ShardId Shard)>> ShardsAsync(this TestCluster cluster)
    {
        var all = new List<(StoreId, ShardId)>();
        foreach (var store in cluster.Stores)
            await foreach (var shard in store.Inner.ListAsync(CancellationToken.None)) all.Add((store.Id, shard.Id));
        return all;
    }

    public static async Task<ImmutableArray<SegmentRow>> SegmentsAsync(this ObjectSystem system) =>
        await system.Metadata.ListSegmentsAsync(default, 1_000, notFullOnly: false, store: null, CancellationToken.None);

    public static async Task DeleteAsync(this IObjectSystem system, BucketRow bucket, string key) =>
        (await system.Metadata.DeleteVersionAsync(new DeleteVersion(bucket.Id, key, "root", null, WriteConditions.None), CancellationToken.None)).Outcome.ShouldBe(CommitOutcome.Done);

    /// <summary>Puts objects so that they share packs as far as they can.</summary>
    public static async Task PutTogetherAsync(this ObjectSystem system, BucketRow bucket, IEnumerable<(string Key, byte[] Content)> objects)
    {
        foreach (var result in await Task.WhenAll(objects.Select(one => system.PutAsync(bucket, one.Key, one.Content)))) result.Outcome.ShouldBe(CommitOutcome.Done);
    }

    public static async Task<VersionRow> FindAsync(this IObjectSystem system, BucketRow bucket, string key) =>
        (await system.Metadata.FindVersionAsync(bucket.Id, key, null, CancellationToken.None)).ShouldNotBeNull();

    public static async Task<byte[]> ReadAsync(this IObjectReader reader, long length)
    {
        using var content = new MemoryStream();
        var writer = PipeWriter.Create(content, new StreamPipeWriterOptions(leaveOpen: true));
        await reader.CopyToAsync(0, length, writer, CancellationToken.None);
        await writer.CompleteAsync();
        return content.ToArray();
    }

    /// <summary>Each shard that a row names lies there, and no other shard lies anywhere.</summary>
    public static async Task ShouldHoldExactlyTheRowsAsync(this TestCluster cluster, ObjectSystem system)
    {
        var named = (await system.SegmentsAsync()).SelectMany(row => row.Shards.Select((store, index) => (store, new ShardId(row.Id, (byte)index)))).Where(one => one.store != StoreId.None);
        (await cluster.ShardsAsync()).ShouldBe(named, ignoreOrder: true);
    }
}
