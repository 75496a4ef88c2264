using System.Diagnostics;
using System.Security.Cryptography;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Packs;

/// <summary>Groups of small bodies on their way through shards, decision and journal: what one meets does not hurt the next.</summary>
public sealed class PipelineTests
{
    [Fact]
    public async Task PutObject_GroupFailsOnTheStores_TheNextOneIsStored()
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        var gates = HoldPuts(world.Stores.All);
        // What strikes is decided when a call comes in: these strike the first group.
        foreach (var store in world.Stores.All) store.Inject(StoreOperations.Put, times: 1);
        var first = world.PutAsync(ObjectWorld.Bytes(99), "first");
        await FlushedAsync(world.Stores.All);
        var next = Enumerable.Range(0, 20).Select(i => world.PutAsync(ObjectWorld.Bytes(100 + i), $"key{i}")).ToArray();
        foreach (var gate in gates) gate.SetResult();
        await Should.ThrowAsync<ObjectUnavailableException>(() => first);
        var versions = await Task.WhenAll(next);
        for (var i = 0; i < versions.Length; i++) (await world.GetAsync(versions[i])).ShouldBe(ObjectWorld.Bytes(100 + i));
        world.Metadata.Segments.ShouldHaveSingleItem();
        world.SegmentIds.LowWaterMark.ShouldBe(world.SegmentIds.LastCounter + 1);
    }

    [Fact]
    public async Task PutObject_FewWhileOthersAreCommitted_WaitForThemAndGoTogether()
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        var (ten, known) = await HoldTenInCommitAsync(world);

        var more = Enumerable.Range(0, 12).Select(i => world.PutAsync(ObjectWorld.Bytes(200 + i), $"more{i}")).ToArray();
        world.Stores.All[0].Count(StoreOperations.Put).ShouldBe(2);
        known.SetResult();
        await Task.WhenAll([.. ten, .. more]);
        world.Metadata.Segments.Length.ShouldBe(3);
    }

    [Fact]
    public async Task PutObject_ManyWhileOthersAreCommitted_AreFlushedMeanwhile()
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        var (ten, known) = await HoldTenInCommitAsync(world);

        var many = Enumerable.Range(0, 96).Select(i => world.PutAsync(ObjectWorld.Bytes(200 + i), $"more{i}")).ToArray();
        await WaitAsync(() => world.Stores.All[0].Count(StoreOperations.Put) > 2);
        known.SetResult();
        await Task.WhenAll([.. ten, .. many]);
    }

    [Fact]
    public async Task PutObject_CrowdThatWasAnswered_IsLetGather()
    {
        var time = new ManualTime();
        await using var world = new ObjectWorld(new Geometry(2, 1), time: time);
        await TenTogetherAsync(world, time);

        var nine = Enumerable.Range(0, 9).Select(i => world.PutAsync(ObjectWorld.Bytes(200 + i), $"more{i}")).ToArray();
        world.Stores.All[0].Count(StoreOperations.Put).ShouldBe(2);
        await Task.WhenAll([.. nine, world.PutAsync(ObjectWorld.Bytes(300), "last")]);
        world.Metadata.Segments.Length.ShouldBe(3);
    }

    [Fact]
    public async Task PutObject_CrowdOfWhichSomeStayAway_IsWaitedForOnce()
    {
        var time = new ManualTime();
        await using var world = new ObjectWorld(new Geometry(2, 1), time: time);
        await TenTogetherAsync(world, time);

        var nine = Enumerable.Range(0, 9).Select(i => world.PutAsync(ObjectWorld.Bytes(200 + i), $"more{i}")).ToArray();
        await AdvanceUntilAsync(time, Task.WhenAll(nine));
        await Task.WhenAll(Enumerable.Range(0, 9).Select(i => world.PutAsync(ObjectWorld.Bytes(300 + i), $"again{i}")));
        world.Metadata.Segments.Length.ShouldBe(4);
    }

    [Fact]
    public async Task PutObject_AFewAnswered_NextOneWaitsForNobody()
    {
        await using var world = new ObjectWorld(new Geometry(2, 1), time: new ManualTime());
        for (var i = 0; i < 3; i++) await world.PutAsync(ObjectWorld.Bytes(100), $"key{i}");
    }

    [Fact]
    public async Task PutObject_EpochFenced_AllInTheGroupAreToldAndNothingStaysInUse()
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        world.Metadata.Refuse = CommitOutcome.Fenced;
        var gates = HoldPuts(world.Stores.All);
        var puts = new List<Task<PutResult>> { PutAsync(world, 0) };
        await FlushedAsync(world.Stores.All);
        for (var i = 1; i < 10; i++) puts.Add(PutAsync(world, i));
        foreach (var gate in gates) gate.SetResult();
        foreach (var put in puts) (await put).Outcome.ShouldBe(CommitOutcome.Fenced);
        await world.Layer.DisposeAsync();
        world.Layer.Buffers.Budget.Used.ShouldBe(0);
        world.SegmentIds.LowWaterMark.ShouldBe(world.SegmentIds.LastCounter + 1);
    }

    [Fact]
    public async Task PutObject_ManyInOneFlush_EachHasItsOwnMd5AndBytes()
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        var gates = HoldPuts(world.Stores.All);
        var puts = new List<Task<VersionRow>> { world.PutAsync(ObjectWorld.Bytes(1), "first") };
        await FlushedAsync(world.Stores.All);
        // Around a block's end, around a chunk's end, where the flush does not hash any more, and in between.
        int[] sizes = [1, 55, 56, 64, 4096, 65_519, 65_520, 65_521, 200_000, .. Enumerable.Range(1000, 40)];
        puts.AddRange(sizes.Select((size, i) => world.PutAsync(ObjectWorld.Bytes(size, seed: i), $"key{i}")));
        foreach (var gate in gates) gate.SetResult();
        for (var i = 0; i < sizes.Length; i++)
        {
            var version = await puts[i + 1];
            version.ETag.ShouldBe(Convert.ToHexStringLower(MD5.HashData(ObjectWorld.Bytes(sizes[i], seed: i))));
            (await world.GetAsync(version)).AsSpan().SequenceEqual(ObjectWorld.Bytes(sizes[i], seed: i)).ShouldBeTrue();
        }
        // Those that are hashed while they are read may come later than the others.
        world.Metadata.Segments.Length.ShouldBeInRange(2, 4);
    }

    [Fact]
    public async Task PutObject_OneOfManyIsNotWhatWasAnnounced_FailsAlone()
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        var gates = HoldPuts(world.Stores.All);
        var first = world.PutAsync(ObjectWorld.Bytes(1), "first");
        await FlushedAsync(world.Stores.All);
        var puts = Enumerable.Range(0, 10).Select(i => PutAsync(world, i, announcesWrongMd5: i == 4)).ToArray();
        foreach (var gate in gates) gate.SetResult();
        (await Should.ThrowAsync<BodyMismatchException>(() => puts[4])).What.ShouldBe(BodyMismatch.Md5);
        foreach (var put in puts.Where(put => put != puts[4])) (await put).Outcome.ShouldBe(CommitOutcome.Done);
        await first;
        world.Metadata.Data.Length.ShouldBe(10);
    }

    [Fact]
    public async Task PutObject_JournalBelowQuorumWhileTheNextGroupIsOnTheStores_IsRefusedAndLaterOnesAreNot()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        foreach (var store in cluster.Stores.Take(3)) store.Inject(StoreOperations.AppendLog, times: int.MaxValue);
        var lost = system.PutAsync(bucket, "lost", SystemActions.Content(1, 1000));
        while (cluster.Stores.Take(3).Any(store => store.Count(StoreOperations.AppendLog) < 2)) await Task.Delay(1);

        // The first group waits for a quorum that does not come; the next ones are on the stores meanwhile.
        var next = Enumerable.Range(0, 20).Select(i => system.PutAsync(bucket, $"key{i}", SystemActions.Content(i, 1000))).ToArray();
        await Should.ThrowAsync<MetadataUnavailableException>(() => lost);
        foreach (var put in next) await Should.ThrowAsync<MetadataUnavailableException>(() => put);

        foreach (var store in cluster.Stores) store.Heal();
        await Eventually.Async(async () => await TryPutAsync(system, bucket) == CommitOutcome.Done);
        (await system.GetAsync("bucket", "after")).ShouldBe(SystemActions.Content(3, 1000));
        // What was refused is whole or absent.
        for (var i = 0; i < next.Length; i++)
            if (await system.GetAsync("bucket", $"key{i}") is { } content) content.ShouldBe(SystemActions.Content(i, 1000));
    }

    /// <summary>One body in a group, then ten in the next, whose segment the metadata do not take before they are let.</summary>
    private static async Task<(Task[] Puts, TaskCompletionSource Known)> HoldTenInCommitAsync(ObjectWorld world)
    {
        var known = new TaskCompletionSource();
        var puts = await StartElevenAsync(world, known.Task);
        await WaitAsync(() => world.Metadata.CommitCount == 11);
        return (puts, known);
    }

    /// <summary>The same, committed at once: the ten wait a while for the first, which stays away.</summary>
    private static async Task TenTogetherAsync(ObjectWorld world, ManualTime time)
    {
        await AdvanceUntilAsync(time, Task.WhenAll(await StartElevenAsync(world, Task.CompletedTask)));
        world.Metadata.Segments.Length.ShouldBe(2);
    }

    private static async Task AdvanceUntilAsync(ManualTime time, Task done)
    {
        await WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(3));
            return done.IsCompleted;
        });
        await done;
    }

    private static async Task<Task[]> StartElevenAsync(ObjectWorld world, Task known)
    {
        var gates = HoldPuts(world.Stores.All);
        var first = world.PutAsync(ObjectWorld.Bytes(99), "first");
        await FlushedAsync(world.Stores.All);
        Task[] puts = [first, .. Enumerable.Range(0, 10).Select(i => world.PutAsync(ObjectWorld.Bytes(100 + i), $"key{i}"))];
        world.Metadata.Adding = known;
        foreach (var gate in gates) gate.SetResult();
        return puts;
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        var limit = Stopwatch.StartNew();
        while (!condition())
        {
            limit.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60));
            await Task.Delay(1);
        }
    }

    private static TaskCompletionSource[] HoldPuts(IEnumerable<FlakyStore> stores) => [.. stores.Select(store => store.Hold(StoreOperations.Put))];

    /// <summary>Waits until a flush has reached all stores, which hold it up.</summary>
    private static async Task FlushedAsync(IEnumerable<FlakyStore> stores)
    {
        foreach (var store in stores)
            while (store.Count(StoreOperations.Put) == 0) await Task.Delay(1);
    }

    private static Task<PutResult> PutAsync(ObjectWorld world, int number, bool announcesWrongMd5 = false)
    {
        var body = ObjectWorld.Body(ObjectWorld.Bytes(100 + number), md5: announcesWrongMd5 ? new byte[16] : null);
        return world.Layer.PutObjectAsync(ObjectWorld.Bucket, $"key{number}", "owner", "STANDARD", ObjectAttributes.Empty, body, WriteConditions.None, CancellationToken.None).AsTask();
    }

    private static async Task<CommitOutcome?> TryPutAsync(ObjectSystem system, BucketRow bucket)
    {
        try
        {
            return (await system.PutAsync(bucket, "after", SystemActions.Content(3, 1000))).Outcome;
        }
        catch (Exception failure) when (failure is MetadataUnavailableException or ObjectUnavailableException)
        {
            return null;
        }
    }
}
