using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Journal;

public sealed class StoreJournalTests
{
    [Fact]
    public async Task Append_BelowQuorum_RefusesAndAcknowledgesAfterReturn()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        (await system.PutAsync(bucket, "before", [1])).Outcome.ShouldBe(CommitOutcome.Done);

        // Three of six fail at appending only: shards reach their quorum, the journal (4) does not.
        foreach (var store in cluster.Stores.Take(3)) store.Inject(StoreOperations.AppendLog, times: int.MaxValue);
        await Should.ThrowAsync<MetadataUnavailableException>(() => system.PutAsync(bucket, "during", [2]));
        (await system.GetAsync("bucket", "before")).ShouldBe([1]);

        foreach (var store in cluster.Stores) store.Heal();
        await Eventually.Async(async () => (await TryPutAsync(system, bucket)) == CommitOutcome.Done);
        await Eventually.TrueAsync(() => system.GetStatus().Journal is { CopiesInStep: 6 });

        // What was refused may have taken effect or not; after a crash it is whole or absent, and the rest is there.
        await using var crashed = cluster.CrashedCopy();
        await using var again = await crashed.OpenAsync();
        (await again.GetAsync("bucket", "before")).ShouldBe([1]);
        (await again.GetAsync("bucket", "after")).ShouldBe([3]);
        var during = await again.GetAsync("bucket", "during");
        (during is null || during.SequenceEqual(new byte[] { 2 })).ShouldBeTrue();
    }

    [Fact]
    public async Task Append_FailureReportedButDone_IsNotWrittenTwice()
    {
        await using var cluster = new TestCluster();
        await using (var system = await cluster.OpenAsync())
        {
            var bucket = await system.CreateBucketAsync("bucket");
            foreach (var store in cluster.Stores.Take(4)) store.Inject(StoreOperations.AppendLog, FaultMode.FailAfterDoing);
            await Eventually.Async(async () => (await TryPutAsync(system, bucket)) == CommitOutcome.Done);
            await Eventually.TrueAsync(() => system.GetStatus().Journal is { CopiesInStep: 6 });
        }

        await using var again = await cluster.OpenAsync();
        (await again.ScrubAsync(repair: false, null, CancellationToken.None)).BadCopies.ShouldBe(0);
        (await again.GetAsync("bucket", "after")).ShouldBe([3]);
    }

    [Fact]
    public async Task Append_StoreAway_IsCaughtUpWhenItReturns()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        cluster.Stores[2].Offline = true;
        for (var index = 0; index < 20; index++) await system.PutAsync(bucket, $"key{index}", [(byte)index]);
        await Eventually.TrueAsync(() => system.GetStatus().Journal is { CopiesInStep: 5 });

        cluster.Stores[2].Offline = false;
        await Eventually.TrueAsync(() => system.GetStatus().Journal is { CopiesInStep: 6 });

        // Five others gone: this one alone has every record. (With one copy nobody can know that nothing is missing, so a start refuses.)
        await using var crashed = cluster.CrashedCopy();
        foreach (var store in cluster.Stores.Where(store => store != cluster.Stores[2])) store.Offline = true;
        (await Should.ThrowAsync<StartRefusedException>(crashed.OpenAsync)).Reason.ShouldBe(StartRefusal.TooFewStores);
    }

    private static async Task<CommitOutcome?> TryPutAsync(ObjectSystem system, BucketRow bucket)
    {
        try
        {
            return (await system.PutAsync(bucket, "after", [3])).Outcome;
        }
        catch (Exception failure) when (failure is MetadataUnavailableException or ObjectUnavailableException)
        {
            return null;
        }
    }
}
