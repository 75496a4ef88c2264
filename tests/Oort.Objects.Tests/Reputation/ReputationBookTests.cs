using System.Text.RegularExpressions;
using Oort.Backends;
using Oort.Objects.Reputation;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.Placement;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Reputation;

public sealed partial class ReputationBookTests
{
    public static TheoryData<string> Names => [.. FormatVector.Names("reputation", "*.txt")];

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("reputation", name);
        Outcome(vector.Bytes).ShouldBe(vector.Expect);
        if (vector.Expect == "ok") ReputationRecord.Encode(ReputationRecord.Decode(vector.Bytes)).Length.ShouldBeGreaterThan(100);
    }

    [Fact]
    public void Page_Example_IsTheVectorAndReadsBackTheSame()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "reputation.md"));
        var bytes = Convert.FromHexString(Whitespace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read("reputation", "pending").Bytes);
        var reputation = ReputationRecord.Decode(bytes);
        (reputation.Standing, reputation.AuditCount, reputation.Patience.Score, reputation.Pending[0].Shard, reputation.Events[0].Kind).ShouldBe((StoreStanding.Vetted, 150, 0.95, "1-2.0", ReputationEventKind.TimedOut));
        ReputationRecord.Encode(ReputationRecord.Decode(ReputationRecord.Encode(reputation))).ShouldBe(ReputationRecord.Encode(reputation));
    }

    [Fact]
    public void Decode_MoreOpenShardsThanAreKept_IsRejected()
    {
        var reputation = ReputationRecord.Decode(FormatVector.Read("reputation", "pending").Bytes);
        var many = Enumerable.Repeat(reputation.Pending[0], ReputationRules.PendingCountMax).ToList();
        Outcome(ReputationRecord.Encode(reputation with { Pending = [.. many] })).ShouldBe("ok");
        Outcome(ReputationRecord.Encode(reputation with { Pending = [.. many, many[0]] })).ShouldBe("reject");
    }

    [Fact]
    public void Decode_EveryTruncationAndFlippedByte_IsRejectedOrAReputation()
    {
        var bytes = FormatVector.Read("reputation", "pending").Bytes;
        for (var at = 0; at < bytes.Length; at++)
        {
            Outcome(bytes[..at]).ShouldBe("reject");
            var flipped = bytes.ToArray();
            flipped[at] ^= 0x11;
            Outcome(flipped).ShouldBeOneOf("ok", "reject");
        }
    }

    [Fact]
    public async Task Record_StoreLosesItsData_GetsNothingNewAndLosesWhatItHeld()
    {
        await using var cluster = PolicyTests.NewCluster(8);
        await using (var system = await cluster.OpenAsync())
        {
            var bucket = await system.CreateBucketAsync("bucket");
            for (var number = 0; number < 10; number++) await system.PutAsync(bucket, $"key{number}", SystemActions.Content(number, 1_000));
            var bad = (await PolicyTests.SegmentsAsync(system, bucket))[0].Shards[0];
            await system.Reputations.EnrolAsync(bad, isVetted: true, CancellationToken.None);
            for (byte audit = 0; audit < 10; audit++)
                await system.Reputations.RecordAsync(bad, new AuditReport(new(new(1, 1), audit), AuditOutcome.Fail, "not there"), CancellationToken.None);
            system.Reputations.Find(bad)!.Standing.ShouldBe(StoreStanding.Disqualified);
            system.Stores.Describe().Single(store => store.Id == bad).State.ShouldBe("disqualified");

            await system.PutAsync(bucket, "after", [1]);
            await system.DrainRepairsAsync();
            (await PolicyTests.SegmentsAsync(system, bucket)).ShouldAllBe(segment => segment.IsFull && !segment.Shards.Contains(bad));
        }

        // It is not forgotten.
        await using var again = await cluster.OpenAsync();
        again.Stores.Describe().Count(store => store.State == "disqualified").ShouldBe(1);
        (await again.GetAsync("bucket", "key3")).ShouldBe(SystemActions.Content(3, 1_000));
    }

    [Fact]
    public async Task Record_SuspendedStore_IsReadFromAndItsShardsAreGivenOtherPlaces()
    {
        await using var cluster = PolicyTests.NewCluster(8);
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        await system.PutAsync(bucket, "key", SystemActions.Content(1, 1_000));
        var slow = (await PolicyTests.SegmentsAsync(system, bucket))[0].Shards[1];
        for (ulong shard = 1; system.Reputations.Find(slow)?.Standing != StoreStanding.Suspended; shard++)
            await system.Reputations.RecordAsync(slow, new AuditReport(new(new(9, shard), 0), AuditOutcome.Timeout, ""), CancellationToken.None);
        system.Stores.Find(slow).ShouldNotBeNull();
        await system.DrainRepairsAsync();
        var row = (await PolicyTests.SegmentsAsync(system, bucket))[0];
        (row.IsFull, row.Shards.Contains(slow)).ShouldBe((true, false));
    }

    private static string Outcome(byte[] bytes)
    {
        try
        {
            ReputationRecord.Decode(bytes);
            return "ok";
        }
        catch (ReputationFormatException)
        {
            return "reject";
        }
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex(@"\s")]
    private static partial Regex Whitespace();
}
