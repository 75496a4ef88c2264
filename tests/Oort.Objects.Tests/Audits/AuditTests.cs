using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Audits;
using Oort.Objects.Reputation;
using Oort.Objects.Tests.Collection;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Audits;

/// <summary>What audits make of stores that are honest, have lost something, lie, are slow or are away.</summary>
public sealed class AuditTests
{
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Audit_HonestStores_PassAndNothingIsRepaired()
    {
        await using var world = await AuditWorld.NewAsync(AuditWorld.Often with { FullReadShare = 0.2 });
        for (var tick = 0; tick < 30; tick++) await world.System.AuditDueAsync();
        var status = world.System.GetStatus();
        (status.Audits.Stores, status.Audits.Failed, status.Audits.TimedOut, status.Audits.Offline, status.Repair.Queued).ShouldBe((8, 0, 0, 0, 0));
        status.Audits.Passed.ShouldBe(8 * 30);
        world.Prover.Count.ShouldBeInRange(30, 60);
        (world.Reputation.AuditCount, world.Reputation.Score, world.Reputation.Standing).ShouldBe((30, 1, StoreStanding.Vetted));
        world.Reputation.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task Tick_ShardsWhoseReceiptsAreKept_AreAuditedBesideTheDrawnAndTheirPassesCountForNothing()
    {
        await using var world = await AuditWorld.NewAsync();
        // A shard has a receipt because it was shown: if its passes counted, a loss among the others would seem smaller than it is.
        const int ticks = 60;
        for (var tick = 0; tick < ticks; tick++) await world.System.AuditDueAsync();
        world.Reputation.AuditCount.ShouldBe(ticks);
        world.System.GetStatus().Audits.Passed.ShouldBe(8 * ticks);
        // Beside each of them with a chance of a quarter: none at all comes once in ten million times.
        world.Prover.Count.ShouldBeGreaterThan(ticks);
    }

    [Fact]
    public async Task Tick_DrawnShardsHaveGone_AuditsOthersInTheirPlace()
    {
        await using var world = await AuditWorld.NewAsync(AuditWorld.Often with { DrawInterval = TimeSpan.FromHours(1) });
        var bucket = (await world.System.Metadata.FindBucketAsync("bucket", None))!;
        for (var number = 0; number < 30; number++) await world.System.PutAsync(bucket, $"passing{number}", SystemActions.Content(number, 300_000));
        await world.System.AuditDueAsync();
        for (var number = 0; number < 30; number++) await world.System.DeleteAsync(bucket, $"passing{number}");
        // What a shard is still being written of is dropped by a later look.
        for (var dropped = 0L; dropped < 30;) dropped += (await world.System.CollectAsync(None)).DroppedSegments;
        await world.LookAsync();
        var left = world.Shards.Length;
        left.ShouldBeInRange(3, 30);

        // The first tick may have had one of them; then there are so many, and each counts.
        for (var tick = 1; tick < left; tick++) await world.System.AuditDueAsync();
        world.Reputation.AuditCount.ShouldBe(left);
    }

    [Theory]
    [InlineData("gone", "no such shard")]
    [InlineData("cell", "keyed tags")]
    [InlineData("header", "keyed tags")]
    [InlineData("short", "bytes long")]
    [InlineData("long", "bytes long")]
    [InlineData("stale", "bytes long")]
    public async Task Audit_ShardIsNotWhatWasPut_FailsWithEvidenceAndIsRepaired(string damage, string evidence)
    {
        await using var world = await AuditWorld.NewAsync();
        var shard = world.Shards[0];
        var before = await world.Bad.Inner.ReadAsync(shard);
        await DamageAsync(world, shard, before, damage);

        await world.AuditAsync(shard);

        var failed = world.Reputation.Events[0];
        (failed.Kind, failed.Shard).ShouldBe((ReputationEventKind.AuditFailed, shard.ToString()));
        failed.Evidence.ShouldContain(evidence);
        (world.Reputation.Fast.Score, world.Reputation.Slow.Score).ShouldBe((0.95, 0.999));
        (await world.IsWholeAsync()).ShouldBeTrue();
        await world.System.DrainRepairsAsync();
        (await world.Bad.Inner.ReadAsync(shard)).ShouldBe(before);
        await world.AuditAsync(shard);
        world.Reputation.AuditCount.ShouldBe(2);
        world.Reputation.Events.Length.ShouldBe(1);
    }

    [Fact]
    public async Task Audit_StoreThatLostATenth_IsFoundOutRepairedAndAtLastDisqualified()
    {
        await using var world = await AuditWorld.NewAsync();
        var draw = new ShardDraw(world.System.Metadata, new Random(3));
        var lost = world.Shards[0];
        // Of some ten shards that it holds it loses the same one again and again: what is repaired onto it does not last.
        var audits = 0;
        for (; audits < 3_000 && world.Reputation.Standing != StoreStanding.Disqualified; audits++)
        {
            await world.Bad.Inner.DeleteAsync(lost, None);
            if (draw.IsSpent(world.Bad.Id)) await draw.WalkAsync([world.Bad.Id], 1, None);
            await world.AuditAsync(draw.Take(world.Bad.Id)!.Value);
        }

        audits.ShouldBeLessThan(3_000);
        world.Reputation.Events[0].Kind.ShouldBe(ReputationEventKind.Disqualified);
        world.Reputation.Events[0].Explanation.ShouldContain("slow score");
        (await world.IsWholeAsync()).ShouldBeTrue();
        await world.System.DrainRepairsAsync();
        await world.LookAsync();
        world.Shards.ShouldBeEmpty();
        world.Rows.ShouldAllBe(row => row.IsFull);
        (await world.IsWholeAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task Audit_StoreProvesAndDoesNotDeliver_OwesAnAnswerAndFailsTheThirdTime()
    {
        await using var world = await AuditWorld.NewAsync();
        var shard = world.Shards[0];
        world.Bad.Inject(StoreOperations.Read, times: 10_000);

        await world.AuditAsync(shard);
        (world.Reputation.Pending.ShouldHaveSingleItem().Shard, world.Reputation.AuditCount).ShouldBe((shard.ToString(), 0));
        world.Time.Advance(TimeSpan.FromHours(1.1));
        await world.AuditAsync(shard);
        world.Time.Advance(TimeSpan.FromHours(4.1));
        await world.AuditAsync(shard);

        world.Reputation.Pending.ShouldBeEmpty();
        (world.Reputation.AuditCount, world.Reputation.Events[0].Kind).ShouldBe((1, ReputationEventKind.AuditFailed));
        world.Reputation.Events[0].Explanation.ShouldContain("3 times within 24 hours");
        (await world.IsWholeAsync()).ShouldBeTrue();

        // It counts as lost, so it is made anew: where it can be read.
        await world.System.DrainRepairsAsync();
        await world.LookAsync();
        world.Shards.ShouldNotContain(shard);
        world.Rows.ShouldAllBe(row => row.IsFull);
    }

    [Fact]
    public async Task Audit_StoreDeliversAndDoesNotProve_OwesAnAnswerUntilItGivesIt()
    {
        await using var world = await AuditWorld.NewAsync();
        var shard = world.Shards[0];
        world.Prover.Change = _ => throw new BackendException(BackendErrorKind.Throttled, "Later.");
        await world.AuditAsync(shard);
        world.Reputation.Pending.ShouldHaveSingleItem();
        world.Prover.Change = null;

        // It is not asked for before its time, whatever else is; then it is, and answers.
        await world.System.AuditDueAsync();
        world.Reputation.Pending.ShouldHaveSingleItem();
        world.Time.Advance(TimeSpan.FromHours(1.1));
        await world.System.AuditDueAsync();
        world.Reputation.Pending.ShouldBeEmpty();
        world.Reputation.Events.ShouldHaveSingleItem().Kind.ShouldBe(ReputationEventKind.TimedOut);
    }

    [Fact]
    public async Task Audit_ProofOfOtherBytesOrLength_Fails()
    {
        await using var world = await AuditWorld.NewAsync();
        world.Prover.Change = proof => proof with { Leaves = [.. proof.Leaves.Select(leaf => (ReadOnlyMemory<byte>)leaf.ToArray().Select(b => (byte)~b).ToArray())] };
        await world.AuditAsync(world.Shards[0]);
        world.Reputation.Events[0].Evidence.ShouldContain("is not what was put");
        world.Prover.Change = proof => proof with { Length = proof.Length + 1 };
        await world.AuditAsync(world.Shards[0]);
        world.Reputation.Events[0].Evidence.ShouldContain("were put");
        world.Reputation.AuditCount.ShouldBe(2);
    }

    [Fact]
    public async Task Audit_ShardHasMovedAway_SaysNothingAndNothingIsOwed()
    {
        await using var world = await AuditWorld.NewAsync();
        var shard = world.Shards[0];
        world.Bad.Inject(StoreOperations.Read, times: 10_000);
        await world.AuditAsync(shard);
        world.Bad.Heal();
        world.Reputation.Pending.ShouldHaveSingleItem();
        var row = world.Rows.Single(one => one.Id == shard.Segment);
        var target = world.System.Stores.Find(world.Stores.First(store => !row.Shards.Contains(store.Id)).Id)!;
        (await world.System.MoveShardAsync(row, shard.Index, target)).ShouldBe(MoveOutcome.Moved);
        await world.Bad.Inner.DeleteAsync(shard, None);

        world.Time.Advance(TimeSpan.FromHours(1.1));
        await world.AuditAsync(shard);
        await world.AuditAsync(new(new(77, 1), 0));
        await world.AuditAsync(new(shard.Segment, 200));

        (world.Reputation.AuditCount, world.Reputation.Pending.Length, world.Reputation.Fast.Score).ShouldBe((0, 0, 1));
    }

    [Fact]
    public async Task Tick_StoreIsAway_IsRecordedAndSuspendedOnlyWhereOthersAreThere()
    {
        await using var world = await AuditWorld.NewAsync();
        world.Bad.Offline = true;
        await AwayAsync(world, 1);
        for (var window = 0; window < ReputationRules.OnlineWindowsMin; window++)
        {
            await world.System.AuditDueAsync();
            world.Time.Advance(ReputationRules.OnlineWindow);
        }

        (world.Reputation.Standing, world.Reputation.AuditCount, world.Reputation.OnlineScore).ShouldBe((StoreStanding.Suspended, 0, 0));
        world.Reputation.Events[0].Explanation.ShouldContain("could be reached 0 %");
        (await world.IsWholeAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task Tick_MostStoresAreAwayAtOnce_SaysNothingOfThem()
    {
        await using var world = await AuditWorld.NewAsync();
        foreach (var store in world.Stores.Take(5)) store.Offline = true;
        await AwayAsync(world, 5);
        for (var tick = 0; tick < 5; tick++) await world.System.AuditDueAsync();
        world.Reputation.Online.ShouldBeEmpty();
        world.System.GetStatus().Audits.Offline.ShouldBe(0);
    }

    [Fact]
    public async Task Audit_StoreGoesAwayMeanwhile_IsOfflineAndOwesNothing()
    {
        await using var world = await AuditWorld.NewAsync();
        world.Bad.Inject(StoreOperations.Read | StoreOperations.Probe, times: 10_000);
        await world.AuditAsync(world.Shards[0]);
        (world.Reputation.AuditCount, world.Reputation.Pending.Length, world.Reputation.Online[^1].Seen).ShouldBe((0, 0, 0));
    }

    [Fact]
    public async Task Draw_ManyTimes_GivesEachShardOfAStoreTheSameChance()
    {
        await using var world = await AuditWorld.NewAsync();
        var draw = new ShardDraw(world.System.Metadata, new Random(5));
        var times = world.Shards.ToDictionary(shard => shard, _ => 0);
        const int walks = 2_000;
        for (var walk = 0; walk < walks; walk++)
        {
            await draw.WalkAsync([world.Bad.Id], 3, None);
            draw.CountOf(world.Bad.Id).ShouldBe(times.Count);
            for (var i = 0; i < 3; i++) times[draw.Take(world.Bad.Id)!.Value]++;
            (draw.IsSpent(world.Bad.Id), draw.Take(world.Bad.Id)).ShouldBe((true, null));
        }

        // A binomial count of this many trials is within five deviations but once in a million.
        var chance = 3.0 / times.Count;
        var (mean, deviation) = (walks * chance, Math.Sqrt(walks * chance * (1 - chance)));
        times.Values.ShouldAllBe(count => Math.Abs(count - mean) < 5 * deviation);
    }

    [Fact]
    public async Task Read_SuspendedStore_IsAskedOnlyWhenOthersDoNotSuffice()
    {
        await using var world = await AuditWorld.NewAsync();
        for (ulong shard = 1; world.Reputation.Standing != StoreStanding.Suspended; shard++)
            await world.System.Reputations.RecordAsync(world.Bad.Id, new(new(new(9, shard), 0), AuditOutcome.Timeout, ""), None);
        var before = world.Bad.Count(StoreOperations.Read);
        (await world.IsWholeAsync()).ShouldBeTrue();
        world.Bad.Count(StoreOperations.Read).ShouldBe(before);

        // 4+2 of 8: with two others gone there are segments that cannot do without it.
        var row = world.Rows.First(one => one.Id == world.Shards[0].Segment);
        foreach (var id in row.Shards.Where(id => id != world.Bad.Id).Take(2)) world.Stores.Single(store => store.Id == id).Offline = true;
        (await world.IsWholeAsync()).ShouldBeTrue();
        world.Bad.Count(StoreOperations.Read).ShouldBeGreaterThan(before);
    }

    [Theory]
    [InlineData("1-2.3", true)]
    [InlineData("1e-ffff.255", true)]
    [InlineData("1-2.256", false)]
    [InlineData("01-2.3", false)]
    [InlineData("1-2.03", false)]
    [InlineData("1E-2.3", false)]
    [InlineData("1-2", false)]
    [InlineData("1.2-3", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void ShardId_Text_HasOneSpelling(string? text, bool isOne)
    {
        ShardId.TryParse(text, out var shard).ShouldBe(isOne);
        if (isOne) shard.ToString().ShouldBe(text);
    }

    [Fact]
    public async Task ReportDamage_OfAShardThatLooksWell_HasItWrittenAnew()
    {
        await using var world = await AuditWorld.NewAsync();
        var shard = world.Shards[0];
        var begun = new List<ShardId>();
        world.Bad.OnBegin = begun.Add;
        (await world.System.ReportDamageAsync(world.Bad.Id, shard, None)).ShouldBeTrue();
        (await world.System.ReportDamageAsync(world.Stores[1].Id, shard, None)).ShouldBeFalse();
        (await world.System.ReportDamageAsync(world.Bad.Id, new(new(99, 9), 0), None)).ShouldBeFalse();
        await world.System.DrainRepairsAsync();
        begun.ShouldBe([shard]);
        (await world.IsWholeAsync()).ShouldBeTrue();
        world.Reputation.Score.ShouldBe(1);
    }

    private static Task AwayAsync(AuditWorld world, int count) =>
        Hosting.Eventually.TrueAsync(() => world.System.GetStatus().Stores.Count(store => store.Health == StoreHealth.Offline) == count);

    private static async Task DamageAsync(AuditWorld world, ShardId shard, byte[] before, string damage)
    {
        var store = world.Bad.Inner;
        switch (damage)
        {
            case "gone":
                await store.DeleteAsync(shard, None);
                break;
            case "cell":
                await store.FlipAsync(shard, 200);
                break;
            case "header":
                await store.FlipAsync(shard, 20);
                break;
            case "short":
                await store.TruncateAsync(shard, before.Length - 1);
                break;
            case "long":
                await store.PutAsync(shard, (byte[])[.. before, 0], None);
                break;
            default:
                // Another shard's bytes under its name, as from an old copy of the disk.
                await store.PutAsync(shard, await store.ReadAsync(world.Shards[^1]), None);
                break;
        }
    }
}
