using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Packs;

public sealed class PackTests
{
    [Fact]
    public async Task PutObject_Alone_HasItsPackAtOnce()
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        await world.PutAsync(ObjectWorld.Bytes(100));
        await world.PutAsync(ObjectWorld.Bytes(200));
        world.Metadata.Segments.Length.ShouldBe(2);
        foreach (var store in world.Stores.All) store.Count(StoreOperations.ShardWrites).ShouldBe(2);
    }

    [Fact]
    public async Task PutObject_ThousandAtOnce_ShareAFewFlushes()
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        var used = world.Layer.Buffers.Budget.Used;
        var gate = world.Stores.All[0].Hold(StoreOperations.Put);
        var gates = world.Stores.All.Skip(1).Select(store => store.Hold(StoreOperations.Put)).Append(gate).ToArray();
        var puts = Enumerable.Range(0, 1000).Select(i => world.PutAsync(ObjectWorld.Bytes(2000 + i), $"key{i}")).ToArray();
        foreach (var held in gates) held.SetResult();
        var versions = await Task.WhenAll(puts);

        world.Metadata.Segments.Length.ShouldBeLessThanOrEqualTo(4);
        world.Metadata.Data.SelectMany(row => row.Runs).ShouldAllBe(run => run.Offset % 64 == 0);
        foreach (var i in new[] { 0, 1, 500, 998, 999 }) (await world.GetAsync(versions[i])).ShouldBe(ObjectWorld.Bytes(2000 + i));
        world.Layer.Buffers.Budget.Used.ShouldBe(used);
    }

    [Fact]
    public async Task PutObject_LargestSmallOnesAtOnce_KeepThePackWithinItsBound()
    {
        var options = new ObjectLayerOptions { BufferBytes = 64 * 1024 * 1024, PackPayloadMax = 1024 * 1024 };
        await using var world = new ObjectWorld(new Geometry(4, 2), options);
        var gates = world.Stores.All.Select(store => store.Hold(StoreOperations.Put)).ToArray();
        var puts = Enumerable.Range(0, 40).Select(i => world.PutAsync(ObjectWorld.Bytes(256 * 1024 - i), $"key{i}")).ToArray();
        foreach (var held in gates) held.SetResult();
        var versions = await Task.WhenAll(puts);
        world.Metadata.Segments.ShouldAllBe(row => row.PayloadLength <= options.PackPayloadMax);
        for (var i = 0; i < puts.Length; i++) (await world.GetAsync(versions[i])).AsSpan().SequenceEqual(ObjectWorld.Bytes(256 * 1024 - i)).ShouldBeTrue();
    }

    [Fact]
    public async Task PutObject_FlushFails_FailsAllInItAndTheNextOneWorks()
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        var gates = world.Stores.All.Select(store => store.Hold(StoreOperations.Put)).ToArray();
        var first = world.PutAsync(ObjectWorld.Bytes(99), "first");
        await FlushedAsync(world);
        var puts = Enumerable.Range(0, 20).Select(i => world.PutAsync(ObjectWorld.Bytes(100 + i), $"key{i}")).ToArray();
        foreach (var store in world.Stores.All.Take(2)) store.Inject(StoreOperations.Put, skip: 0, times: 1);
        foreach (var held in gates) held.SetResult();
        foreach (var put in puts.Append(first))
        {
            try
            {
                await put;
            }
            catch (ObjectUnavailableException)
            {
                // Those that shared the flush that failed.
            }
        }
        puts.Append(first).Count(put => put.IsFaulted).ShouldBeGreaterThan(0);
        (await world.GetAsync(await world.PutAsync(ObjectWorld.Bytes(5), "after"))).ShouldBe(ObjectWorld.Bytes(5));
    }

    [Fact]
    public async Task PutObject_CancelledInTheQueue_IsNotCommitted()
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        var gates = world.Stores.All.Select(store => store.Hold(StoreOperations.Put)).ToArray();
        var first = world.PutAsync(ObjectWorld.Bytes(100), "first");
        using var cancellation = new CancellationTokenSource();
        var second = world.Layer.PutObjectAsync(ObjectWorld.Bucket, "second", "owner", "STANDARD", ObjectAttributes.Empty, ObjectWorld.Body(ObjectWorld.Bytes(50)), WriteConditions.None, cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => second);
        foreach (var held in gates) held.SetResult();
        await first;
        world.Metadata.CommitCount.ShouldBe(1);
        await world.Layer.DisposeAsync();
        world.Layer.Buffers.Budget.Used.ShouldBe(0);
        world.SegmentIds.LowWaterMark.ShouldBe(world.SegmentIds.LastCounter + 1);
    }

    [Fact]
    public async Task PutObject_PackBecomesKnownLate_IsCommittedThen()
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        var known = new TaskCompletionSource();
        world.Metadata.Adding = known.Task;
        var gates = world.Stores.All.Select(store => store.Hold(StoreOperations.Put)).ToArray();
        Task<VersionRow>[] puts = [world.PutAsync(ObjectWorld.Bytes(100), "key0")];
        await FlushedAsync(world);
        puts = [.. puts, .. Enumerable.Range(1, 9).Select(i => world.PutAsync(ObjectWorld.Bytes(100 + i), $"key{i}"))];
        foreach (var held in gates) held.SetResult();
        await puts[0];
        // The others have a place and cannot be committed yet.
        while (world.Metadata.CommitCount < 10) await Task.Delay(1);
        puts.Skip(1).ShouldAllBe(put => !put.IsCompleted);
        known.SetResult();
        for (var i = 0; i < puts.Length; i++) (await world.GetAsync(await puts[i])).ShouldBe(ObjectWorld.Bytes(100 + i));
    }

    [Fact]
    public async Task PutObject_PackDropped_IsUnavailable()
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        world.Metadata.Refuse = CommitOutcome.DataGone;
        await Should.ThrowAsync<ObjectUnavailableException>(() => world.PutAsync(ObjectWorld.Bytes(100)));
    }

    [Fact]
    public async Task PutObject_MetadataFails_FailsAllInTheFlush()
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        world.Metadata.Fail = new MetadataUnavailableException("as the test wants");
        var puts = Enumerable.Range(0, 10).Select(i => world.PutAsync(ObjectWorld.Bytes(100 + i), $"key{i}")).ToArray();
        foreach (var put in puts) await Should.ThrowAsync<MetadataUnavailableException>(() => put);

        // A flush ends the use of its segment id after it has told those who wait; the layer waits for its flushes.
        await world.Layer.DisposeAsync();
        world.SegmentIds.LowWaterMark.ShouldBe(world.SegmentIds.LastCounter + 1);
    }

    /// <summary>Waits until a flush has reached all stores, which hold it up.</summary>
    private static async Task FlushedAsync(ObjectWorld world)
    {
        foreach (var store in world.Stores.All)
            while (store.Count(StoreOperations.Put) == 0) await Task.Delay(1);
    }
}
