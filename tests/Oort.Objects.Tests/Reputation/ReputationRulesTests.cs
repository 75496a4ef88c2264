using Oort.Backends;
using Oort.Objects.Reputation;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Reputation;

public sealed class ReputationRulesTests
{
    private static readonly DateTimeOffset start = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Audits of one store in a day (the research: 20 audits a day and store are 2.3 a second for 10,000 stores).</summary>
    private const int AuditsPerDay = 20;

    [Fact]
    public void Audits_StoreThatLostATenth_IsDisqualifiedWithin1500InNearlyEveryRun()
    {
        const int runs = 1_000;
        var inTime = 0;
        for (var seed = 0; seed < runs; seed++)
            if (AuditsUntilDisqualified(seed, lost: 0.1, auditsMax: 1_500) is not null) inTime++;
        inTime.ShouldBeGreaterThanOrEqualTo(990);
    }

    [Fact]
    public void Audits_HonestStoresWithNetworkFaults_NoneIsPunishedInAYear()
    {
        const int stores = 100;
        long audits = 0, timeouts = 0;
        for (var store = 0; store < stores; store++)
        {
            var random = new Random(store);
            var reputation = StoreReputation.New(start);
            for (var number = 0; number < 365 * AuditsPerDay; number++)
            {
                var now = start + TimeSpan.FromDays((double)number / AuditsPerDay);
                // What is owed is asked for first, over the same network.
                foreach (var pending in ReputationRules.Due(reputation, now).ToList()) Ask(Shard(pending.Shard), now);
                Ask(new(new(1, (ulong)random.Next(1, 100_000)), 0), now);
            }

            reputation.Standing.ShouldBe(StoreStanding.Vetted, $"store {store}");
            reputation.Events.ShouldAllBe(one => one.Kind == ReputationEventKind.TimedOut || one.Kind == ReputationEventKind.Vetted);
            reputation.Fast.Score.ShouldBe(1);

            void Ask(ShardId shard, DateTimeOffset now)
            {
                var isFault = random.NextDouble() < 0.001;
                reputation = ReputationRules.After(reputation, new(shard, isFault ? AuditOutcome.Timeout : AuditOutcome.Pass, isFault ? "no answer" : ""), now);
                audits++;
                timeouts += isFault ? 1 : 0;
            }
        }

        // 730,000 audits, and each of the some 730 faults is asked for again.
        audits.ShouldBeInRange(stores * 365 * AuditsPerDay + timeouts - stores, stores * 365 * AuditsPerDay + timeouts);
        timeouts.ShouldBeInRange(600, 860);
    }

    [Fact]
    public void Audits_EvenIfEveryFaultCountedAsLoss_NoHonestStoreIsDisqualified()
    {
        for (var seed = 0; seed < 100; seed++) AuditsUntilDisqualified(seed, lost: 0.001, auditsMax: 365 * AuditsPerDay).ShouldBeNull();
    }

    /// <summary>The research's table: median audits until each filter alone disqualifies; 0: never within 20,000.</summary>
    [Theory]
    [InlineData(0.02, 0, 0)]
    [InlineData(0.05, 0, 1488)]
    [InlineData(0.10, 0, 509)]
    [InlineData(0.30, 103, 143)]
    [InlineData(0.50, 27, 83)]
    [InlineData(1.00, 10, 41)]
    public void Filters_LostShare_ReproduceTheResearch(double lost, int fast, int slow)
    {
        Median(ReputationRules.FastMemory, ReputationRules.FastScoreMin).ShouldBeInRange((int)(fast * 0.85), (int)Math.Ceiling(fast * 1.15));
        Median(ReputationRules.SlowMemory, ReputationRules.SlowScoreMin).ShouldBeInRange((int)(slow * 0.95), (int)Math.Ceiling(slow * 1.05));

        int Median(double memory, double scoreMin)
        {
            const int runs = 401;
            var counts = new int[runs];
            for (var run = 0; run < runs; run++)
            {
                var random = new Random(run);
                var filter = BetaFilter.Clean(memory);
                counts[run] = int.MaxValue;
                for (var audit = 1; audit <= 20_000; audit++)
                {
                    filter = filter.After(random.NextDouble() >= lost, memory);
                    if (filter.Score >= scoreMin) continue;
                    counts[run] = audit;
                    break;
                }
            }

            Array.Sort(counts);
            return counts[runs / 2] == int.MaxValue ? 0 : counts[runs / 2];
        }
    }

    [Fact]
    public void Timeout_ThreeForOneShardWithinADay_CountAsOneFailure()
    {
        var reputation = StoreReputation.New(start, isVetted: true);
        var shard = new ShardId(new(1, 2), 3);
        reputation = After(reputation, shard, AuditOutcome.Timeout, 0);
        reputation.Pending.ShouldHaveSingleItem().NextAt.ShouldBe(start + TimeSpan.FromHours(1));
        ReputationRules.Due(reputation, start + TimeSpan.FromMinutes(59)).ShouldBeEmpty();
        ReputationRules.Due(reputation, start + TimeSpan.FromMinutes(60)).ShouldHaveSingleItem();
        reputation = After(reputation, shard, AuditOutcome.Timeout, 1);
        reputation.Pending.ShouldHaveSingleItem().NextAt.ShouldBe(start + TimeSpan.FromHours(5));
        (reputation.AuditCount, reputation.Fast.Bad).ShouldBe((0, 0));

        reputation = After(reputation, shard, AuditOutcome.Timeout, 5);
        (reputation.AuditCount, reputation.Fast.Bad, reputation.Slow.Bad).ShouldBe((1, 1, 1));
        reputation.Pending.ShouldBeEmpty();
        var failed = reputation.Events[0];
        (failed.Kind, failed.Shard, failed.Evidence, failed.At).ShouldBe((ReputationEventKind.AuditFailed, "1-2.3", "evidence at 5", start + TimeSpan.FromHours(5)));
        failed.Explanation.ShouldBe("It gave no answer for the shard 3 times within 24 hours, first on 2027-01-01 00:00:00Z.");
    }

    [Fact]
    public void Timeout_ThirdAfterMoreThanADay_DoesNotCount()
    {
        var shard = new ShardId(new(1, 2), 3);
        var reputation = After(After(After(StoreReputation.New(start), shard, AuditOutcome.Timeout, 0), shard, AuditOutcome.Timeout, 1), shard, AuditOutcome.Timeout, 24);
        reputation.AuditCount.ShouldBe(0);
        reputation.Pending.ShouldHaveSingleItem().Timeouts.Length.ShouldBe(2);
    }

    [Fact]
    public void Timeout_AnsweredOrFailedLater_IsPendingNoMore()
    {
        var (one, two) = (new ShardId(new(1, 2), 3), new ShardId(new(1, 2), 4));
        var reputation = After(After(StoreReputation.New(start), one, AuditOutcome.Timeout, 0), two, AuditOutcome.Timeout, 0);
        reputation = After(reputation, one, AuditOutcome.Pass, 1);
        reputation.Pending.ShouldHaveSingleItem().Shard.ShouldBe(two.ToString());
        reputation = After(reputation, two, AuditOutcome.Fail, 1);
        reputation.Pending.ShouldBeEmpty();
        (reputation.AuditCount, reputation.Fast.Bad).ShouldBe((2, 1));
    }

    [Fact]
    public void Timeouts_MoreShardsThanAreKept_FailTheOldest()
    {
        var reputation = StoreReputation.New(start);
        for (var number = 0; number <= ReputationRules.PendingCountMax; number++)
        {
            reputation = ReputationRules.After(reputation, new(new(new(1, (ulong)number + 1), 0), AuditOutcome.Timeout, ""), start);
            if (number < ReputationRules.PendingCountMax) reputation.AuditCount.ShouldBe(0);
        }

        reputation.AuditCount.ShouldBe(1);
        reputation.Pending.Length.ShouldBe(ReputationRules.PendingCountMax);
        reputation.Standing.ShouldBe(StoreStanding.Suspended);
    }

    [Fact]
    public void Vetting_HundredAudits_IsVetted()
    {
        var reputation = StoreReputation.New(start);
        for (var number = 0; number < 99; number++) reputation = After(reputation, new(new(1, (ulong)number + 1), 0), AuditOutcome.Pass, number);
        reputation.Standing.ShouldBe(StoreStanding.Vetting);
        reputation = After(reputation, new(new(1, 100), 0), AuditOutcome.Pass, 99);
        reputation.Standing.ShouldBe(StoreStanding.Vetted);
        reputation.Events.ShouldHaveSingleItem().Kind.ShouldBe(ReputationEventKind.Vetted);
    }

    [Fact]
    public void Offline_MostOfThreeDays_SuspendsAndComesBack()
    {
        var reputation = StoreReputation.New(start, isVetted: true);
        var hour = 0;
        for (; hour < 72; hour++) reputation = ReputationRules.AfterLook(reputation, isOnline: hour < 20, start + TimeSpan.FromHours(hour));
        reputation.Standing.ShouldBe(StoreStanding.Suspended);
        reputation.Events[0].Explanation.ShouldContain("could be reached");
        for (; reputation.Standing == StoreStanding.Suspended && hour < 24 * 30; hour++) reputation = ReputationRules.AfterLook(reputation, isOnline: true, start + TimeSpan.FromHours(hour));
        // It had no audits: it is vetted anew.
        reputation.Standing.ShouldBe(StoreStanding.Vetting);
        reputation.Events[0].Kind.ShouldBe(ReputationEventKind.Reinstated);
    }

    [Fact]
    public void Offline_ForWeeks_IsDisqualifiedAtLast()
    {
        var reputation = StoreReputation.New(start, isVetted: true);
        var day = 0;
        for (; reputation.Standing != StoreStanding.Disqualified && day < 100; day++) reputation = ReputationRules.AfterLook(reputation, isOnline: false, start + TimeSpan.FromDays(day));
        day.ShouldBeInRange(40, 45);
        ReputationRules.AfterLook(reputation, isOnline: true, start + TimeSpan.FromDays(day)).ShouldBe(reputation);
    }

    [Fact]
    public void Fail_LostEverything_IsDisqualifiedAfterTenWithTheReasons()
    {
        var reputation = StoreReputation.New(start, isVetted: true);
        var count = 0;
        while (reputation.Standing != StoreStanding.Disqualified) reputation = After(reputation, new(new(1, (ulong)++count), 0), AuditOutcome.Fail, count);
        count.ShouldBe(10);
        reputation.Events.Length.ShouldBe(11);
        reputation.Events[0].Explanation.ShouldBe("Too many audits failed: the fast score is 0.5987, below 0.6, after 10 audits.");
        reputation.Events[0].Evidence.ShouldBe("evidence at 10");
    }

    private static int? AuditsUntilDisqualified(int seed, double lost, int auditsMax)
    {
        var random = new Random(seed);
        var reputation = StoreReputation.New(start);
        for (var number = 1; number <= auditsMax; number++)
        {
            var outcome = random.NextDouble() < lost ? AuditOutcome.Fail : AuditOutcome.Pass;
            reputation = ReputationRules.After(reputation, new(new(new(1, (ulong)number), 0), outcome, ""), start + TimeSpan.FromDays((double)number / AuditsPerDay));
            if (reputation.Standing == StoreStanding.Disqualified) return number;
        }

        return null;
    }

    private static StoreReputation After(StoreReputation before, ShardId shard, AuditOutcome outcome, int hour) =>
        ReputationRules.After(before, new(shard, outcome, $"evidence at {hour}"), start + TimeSpan.FromHours(hour));

    private static ShardId Shard(string text)
    {
        var dot = text.Split('.');
        var numbers = dot[0].Split('-');
        return new(new(Convert.ToUInt64(numbers[0], 16), Convert.ToUInt64(numbers[1], 16)), byte.Parse(dot[1], null));
    }
}
