using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Writing;

public sealed class StoreFaultTests
{
    private const int LargeSize = 25 * 65_520 + 5;
    private static readonly ObjectLayerOptions ThreeSegments = new() { BufferBytes = 64 * 1024 * 1024, SegmentChunks = 10, RunBytes = 1 };

    [Theory]
    [InlineData(100)]
    [InlineData(LargeSize)]
    public async Task PutObject_OneStoreFailsAtAnyStep_IsStoredByQuorumAndRepaired(int size)
    {
        for (var skip = 0; ; skip++)
        {
            await using var world = new ObjectWorld(new Geometry(4, 2), ThreeSegments);
            var used = world.Layer.Buffers.Budget.Used;
            var store = world.Stores.All[2];
            store.Inject(StoreOperations.ShardWrites, kind: BackendErrorKind.Transient, skip: skip);
            var bytes = ObjectWorld.Bytes(size);
            var version = await world.PutAsync(bytes);
            if (world.Stores.Reports.IsEmpty)
            {
                skip.ShouldBeGreaterThan(size == 100 ? 0 : 10, "each step of the write has failed once");
                (await world.Layer.GetDurabilityAsync(version, CancellationToken.None)).ShouldBe("full");
                return;
            }
            world.Stores.Reports.Single().Id.ShouldBe(store.Id);
            var partly = world.Metadata.Segments.Where(row => !row.IsFull).ToArray();
            partly.Length.ShouldBe(1);
            partly[0].Shards.Count(id => id == StoreId.None).ShouldBe(1);
            world.Repairs.Queued.ShouldBe([(partly[0].Id, -1, RepairReason.WrittenPartly)]);
            (await world.Layer.GetDurabilityAsync(version, CancellationToken.None)).ShouldBe("quorum");
            (await world.GetAsync(version)).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
            world.Layer.Buffers.Budget.Used.ShouldBe(used);
        }
    }

    [Theory]
    [InlineData(100)]
    [InlineData(LargeSize)]
    public async Task PutObject_TwoStoresFailAtAnyStep_IsUnavailableAndStoresNothing(int size)
    {
        for (var skip = 0; ; skip++)
        {
            await using var world = new ObjectWorld(new Geometry(4, 2), ThreeSegments);
            var used = world.Layer.Buffers.Budget.Used;
            foreach (var i in new[] { 1, 4 }) world.Stores.All[i].Inject(StoreOperations.ShardWrites, kind: BackendErrorKind.Transient, skip: skip, times: int.MaxValue);
            try
            {
                await world.PutAsync(ObjectWorld.Bytes(size));
                skip.ShouldBeGreaterThan(size == 100 ? 0 : 10, "each step of the write has failed once");
                return;
            }
            catch (ObjectUnavailableException e)
            {
                e.InnerException.ShouldBeOfType<BackendException>();
            }
            world.Metadata.CommitCount.ShouldBe(0);
            world.Metadata.Segments.ShouldBeEmpty();
            world.Layer.Buffers.Budget.Used.ShouldBe(used);
            world.SegmentIds.LowWaterMark.ShouldBe(world.SegmentIds.LastCounter + 1);
        }
    }

    [Fact]
    public async Task PutObject_AnswerOfCommitLost_CountsAsNotThere()
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        world.Stores.All[0].Inject(StoreOperations.Commit, FaultMode.FailAfterDoing);
        var version = await world.PutAsync(ObjectWorld.Bytes(LargeSize));
        world.Metadata.Segments.Single().IsFull.ShouldBeFalse();
        (await world.GetAsync(version)).ShouldBe(ObjectWorld.Bytes(LargeSize));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(LargeSize)]
    public async Task PutObject_TooFewStores_IsUnavailableBeforeTheBodyIsRead(int size)
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        foreach (var i in new[] { 0, 5 }) world.Stores.Away[world.Stores.All[i].Id] = true;
        await Should.ThrowAsync<ObjectUnavailableException>(() => world.PutAsync(ObjectWorld.Bytes(size)));
        world.Stores.All.Sum(store => store.Count(StoreOperations.ShardWrites)).ShouldBe(0);
    }

    [Theory]
    [InlineData(100, StoreOperations.Put)]
    [InlineData(16 * 65_520 + 5, StoreOperations.Put)]
    [InlineData(LargeSize, StoreOperations.Begin)]
    [InlineData(LargeSize, StoreOperations.Write)]
    [InlineData(LargeSize, StoreOperations.Commit)]
    public async Task PutObject_OneStoreStalls_IsGivenUpAndAvoidedForAWhile(int size, StoreOperations stalled)
    {
        var time = new ManualTime();
        await using var world = new ObjectWorld(new Geometry(4, 2), time: time);
        var used = world.Layer.Buffers.Budget.Used;
        var held = world.Stores.All[3].Hold(stalled);
        var put = world.PutAsync(ObjectWorld.Bytes(size));
        await time.RunAsync(put, TimeSpan.FromMilliseconds(500));
        var version = await put;
        time.GetUtcNow().ShouldBeLessThan(DateTimeOffset.UnixEpoch.AddSeconds(10));
        world.Metadata.Segments.Single().Shards.Count(id => id == StoreId.None).ShouldBe(1);
        world.Stores.Reports.Single().Id.ShouldBe(world.Stores.All[3].Id);

        // The next write does not wait for it again.
        var calls = world.Stores.All[3].Count(StoreOperations.ShardWrites);
        await world.PutAsync(ObjectWorld.Bytes(size), "next");
        world.Stores.All[3].Count(StoreOperations.ShardWrites).ShouldBe(calls);

        // It may have read from the buffers until now; they are free only when it has let go.
        held.SetResult();
        while (world.Layer.Buffers.Budget.Used != used) await Task.Delay(1);
        (await world.GetAsync(version)).ShouldBe(ObjectWorld.Bytes(size));

        // Later it is asked again.
        time.Advance(TimeSpan.FromSeconds(30));
        await world.PutAsync(ObjectWorld.Bytes(size), "later");
        world.Metadata.Segments[^1].IsFull.ShouldBeTrue();
    }

    [Fact]
    public async Task PutObject_TwoStoresStall_IsUnavailableInTheEnd()
    {
        var time = new ManualTime();
        await using var world = new ObjectWorld(new Geometry(4, 2), time: time);
        var held = new[] { world.Stores.All[3].Hold(StoreOperations.Commit), world.Stores.All[4].Hold(StoreOperations.Commit) };
        var put = world.PutAsync(ObjectWorld.Bytes(LargeSize));
        await Should.ThrowAsync<ObjectUnavailableException>(() => time.RunAsync(put, TimeSpan.FromSeconds(5)));
        foreach (var gate in held) gate.SetResult();
        world.Metadata.CommitCount.ShouldBe(0);
    }

    [Theory]
    [InlineData(CommitOutcome.PreconditionFailed)]
    [InlineData(CommitOutcome.Fenced)]
    [InlineData(CommitOutcome.NoSuchBucket)]
    public async Task PutObject_CommitRefused_SaysSo(CommitOutcome outcome)
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        world.Metadata.Refuse = outcome;
        foreach (var size in new[] { 0, 100, LargeSize })
        {
            var result = await world.Layer.PutObjectAsync(ObjectWorld.Bucket, "key", "owner", "STANDARD", ObjectAttributes.Empty, ObjectWorld.Body(ObjectWorld.Bytes(size)), WriteConditions.None, CancellationToken.None);
            result.Outcome.ShouldBe(outcome);
        }
        world.SegmentIds.LowWaterMark.ShouldBe(world.SegmentIds.LastCounter + 1);
    }
}
