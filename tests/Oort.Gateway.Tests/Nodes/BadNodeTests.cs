using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Node.Protocol;
using Oort.Objects;
using Oort.Objects.Audits;
using Oort.Objects.Reputation;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Nodes;

/// <summary>Nodes whose disk or clock is not what it should be, at a real gateway: noticed, recorded in words for its operator, served around, mended.</summary>
public sealed class BadNodeTests
{
    private const int NodeCount = 4;

    /// <summary>Timeouts after which a store is suspended: the tenth takes its score below 0.6.</summary>
    private const int ReadsToSuspend = 10;

    /// <summary>Reads of an audit after it has asked how long the shard is: header, table, cell.</summary>
    private const int AuditReads = 3;

    [Fact]
    public async Task Node_WithAWrongClock_GetsNothingNewUntilItIsRight()
    {
        await using var world = await NodeWorld.StartAsync(NodeCount);
        var node = world.Nodes[0];
        await world.FillAsync("before");
        var held = await world.ShardsOfAsync(node);

        node.Clock.Advance(TimeSpan.FromMinutes(11));
        await node.RestartAsync();

        var shown = await world.UntilAsync(node, "it is paused", one => one.State == "paused");
        shown.ClockSkewMilliseconds.ShouldBeGreaterThan(TimeSpan.FromMinutes(10).TotalMilliseconds);
        await world.UntilAsync(node, "it was recorded", one => one.Trouble.Contains("clock is ahead by some 11 min", StringComparison.Ordinal)
            && one.Events.Any(happened => happened.Text.Contains("gets no new shards until it is right", StringComparison.Ordinal)));
        await world.FillAsync("meanwhile");
        (await world.ShardsOfAsync(node)).ShouldBe(held, ignoreOrder: true);
        await world.CheckAsync("before", "meanwhile");

        // Behind by less than that is told, and no more.
        node.Clock.Advance(TimeSpan.FromMinutes(-20));
        await node.RestartAsync();
        await world.UntilAsync(node, "it is active, and its clock told", one => one.State == "active" && one.Trouble.Contains("clock is behind by some 9 min", StringComparison.Ordinal));
        node.Clock.Advance(TimeSpan.FromMinutes(9));
        await node.RestartAsync();
        shown = await world.UntilAsync(node, "nothing is wrong", one => one.Trouble.Length == 0);
        shown.Events[^1].Text.ShouldStartWith("No longer: Its clock is behind");
        await world.FillAsync("afterwards");
        (await world.ShardsOfAsync(node)).Length.ShouldBeGreaterThan(held.Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Node_WhoseDiskWasPutBackToAnEarlierState_IsFoundOutAtItsNextWordAndMended(bool isGatewayNew)
    {
        await using var world = await NodeWorld.StartAsync(NodeCount);
        var node = world.Nodes[1];
        await world.FillAsync("before");
        var changes = Member().Changes;
        await node.StopAsync();
        var backup = node.Data + ".backup";
        node.Copy("store", backup);
        await node.StartAsync();
        await world.UntilAsync(node, "it has told how far it is", one => one.Health == "online" && Member().Changes > changes);
        changes = Member().Changes;
        await world.FillAsync("since");
        await world.UntilWholeAsync();
        // What a gateway hears first it writes down at once.
        if (isGatewayNew) await world.CloseAsync();
        if (isGatewayNew) await world.OpenAsync();
        await node.RestartAsync();
        var store = StoreId.Parse((await world.ShowAsync(node)).Store);
        await world.UntilAsync(node, "it has told how much farther it is", one => one.Health == "online" && Member().Changes > changes && (!isGatewayNew || Member().Record.Changes > changes));
        var shards = await world.ShardsOfAsync(node);

        await node.StopAsync();
        if (isGatewayNew) await world.CloseAsync();
        Directory.Delete(Path.Combine(node.Data, "store"), recursive: true);
        Directory.Move(backup, Path.Combine(node.Data, "store"));
        if (isGatewayNew) await world.OpenAsync();
        await node.StartAsync();

        var shown = await world.UntilAsync(node, "it was recorded", one => one.Events.Any(happened => happened.Text.StartsWith("Its disk was put back to an earlier state", StringComparison.Ordinal)));
        shown.Store.ShouldBe(store.ToString());
        await world.CheckAsync("before", "since");
        await using var opened = await world.OpenStoreAsync(node);
        await NodeWorld.UntilAsync(() => "every shard is back", async () =>
        {
            foreach (var shard in shards)
                if (await opened.StatAsync(shard, CancellationToken.None) is null) return false;
            return true;
        });

        // Once is enough: what it has now is what counts from here on.
        await node.RestartAsync();
        await world.UntilAsync(node, "it is online", one => one.Health == "online" && one.Trouble.Length == 0);
        (await world.ShowAsync(node)).Events.Count(happened => happened.Text.StartsWith("Its disk was put back", StringComparison.Ordinal)).ShouldBe(1);

        NodeMember Member() => world.Members.Members.Single(member => member.Id == node.Id);
    }

    [Fact]
    public async Task Nodes_WhoseDisksWereExchanged_AreNotTakenForEachOther()
    {
        await using var world = await NodeWorld.StartAsync(NodeCount + 2);
        await world.FillAsync("before");
        await world.UntilWholeAsync();
        var (one, other) = (world.Nodes[0], world.Nodes[1]);
        var stores = new Dictionary<string, string> { [one.Data] = (await world.ShowAsync(one)).Store, [other.Data] = (await world.ShowAsync(other)).Store };
        await one.StopAsync();
        await other.StopAsync();

        // Everything of the directory but the key and what it is a member of: a node that finds a store which it did not begin does not even start.
        foreach (var part in (string[])["store", "node.json"])
        {
            Directory.Move(Path.Combine(one.Data, part), Path.Combine(one.Data, "moving"));
            Directory.Move(Path.Combine(other.Data, part), Path.Combine(one.Data, part));
            Directory.Move(Path.Combine(one.Data, "moving"), Path.Combine(other.Data, part));
        }

        foreach (var node in (NodeWorld.OneNode[])[one, other])
        {
            await node.StartAsync();
            var shown = await world.UntilAsync(node, "it was recorded", now => now.Health == "offline" && now.Trouble.StartsWith("Another store", StringComparison.Ordinal));
            shown.Trouble.ShouldContain($"it should be {stores[node.Data]}");
            shown.Store.ShouldBe(stores[node.Data]);
        }

        await world.CheckAsync("before");
        await world.FillAsync("meanwhile");
        await world.CheckAsync("meanwhile");
    }

    [Fact]
    public async Task Node_ThatJoinsWithAnothersStore_DoesNotGetIt()
    {
        await using var world = await NodeWorld.StartAsync(NodeCount);
        await world.FillAsync("before");
        var victim = world.Nodes[0];
        var shown = await world.ShowAsync(victim);
        var thief = await world.NewNodeAsync();
        await thief.StopAsync();
        await victim.StopAsync();
        victim.Copy("store", Path.Combine(thief.Data, "store"));
        File.Copy(Path.Combine(victim.Data, "node.json"), Path.Combine(thief.Data, "node.json"), overwrite: true);
        await victim.StartAsync();
        await thief.StartAsync();

        await thief.JoinAsync(await world.GiveAsync());

        var caught = await world.UntilAsync(thief, "it was recorded", one => one.Trouble.Contains($"says that it holds store {shown.Store}", StringComparison.Ordinal));
        caught.Trouble.ShouldContain(victim.Id.ToString());
        (caught.State, caught.Store).ShouldBe(("joining", ""));
        (await world.System.Metadata.ListStoresAsync(CancellationToken.None)).Single(row => row.Id.ToString() == shown.Store).Location.ShouldBe(victim.Address.ToString());
        await world.UntilAsync(victim, "it is as before", one => one.State == "active" && one.Health == "online" && one.Store == shown.Store);
        await world.CheckAsync("before");
    }

    [Fact]
    public async Task Node_ThatIsFull_IsToldAndGoesOnServing()
    {
        await using var world = await NodeWorld.StartAsync(NodeCount);
        await world.FillAsync("before");
        await world.UntilWholeAsync();
        var node = world.Nodes[2];
        var held = await world.ShardsOfAsync(node);
        held.ShouldNotBeEmpty();

        // Whatever is free, it has to stay free.
        await node.RestartAsync(options => options with { Store = options.Store with { HeadroomBytes = 1L << 40 } });
        await world.UntilAsync(node, "it is back", one => one.Health == "online");
        await world.FillAsync("meanwhile");
        await world.UntilAsync(node, "it is full", one => one.Health == "full");
        await world.CheckAsync("before", "meanwhile");
        (await world.ShardsOfAsync(node)).ShouldBe(held, ignoreOrder: true);
        await using (var opened = await world.OpenStoreAsync(node)) (await opened.StatAsync(held[0], CancellationToken.None)).ShouldNotBeNull();
        await world.UntilAsync(node, "it was recorded", one => one.Trouble.StartsWith("It is full", StringComparison.Ordinal) && one.Events.Any(happened => happened.Text.StartsWith("It is full", StringComparison.Ordinal)));

        // With room again it takes again.
        await node.RestartAsync();
        await world.UntilAsync(node, "it is online", one => one.Health == "online" && one.Trouble.Length == 0);
        await world.FillAsync("afterwards");
        (await world.ShardsOfAsync(node)).Length.ShouldBeGreaterThan(held.Length);
    }

    /// <summary>
    /// The proofs of such a node are right, its probes and heartbeats too. One that is choosy serves whoever asks about the shard first, as audits do: what it then does not serve
    /// are reads for clients alone, so that these must count.
    /// </summary>
    [Theory]
    [InlineData("refuses")]
    [InlineData("hangs")]
    [InlineData("is choosy")]
    public async Task Node_ThatProvesAndDoesNotServeReads_IsSuspendedServedAroundAndItsShardsRebuilt(string how)
    {
        // Of a choosy node only the audits that reads for clients call for show anything. One that hangs is soon hardly read from, and so hardly complained of: its audits are drawn.
        var perDay = how == "hangs" ? 1_000_000 : 1;
        var audits = new AuditOptions { Tick = TimeSpan.FromMilliseconds(50), ComplaintInterval = TimeSpan.Zero, AnswerWithin = TimeSpan.FromMinutes(5), BytesPerSecond = 0, AuditsPerDayMin = perDay, AuditsPerDayMax = perDay };
        // What hangs ends as a failure, before it has taken all connections: else the node were away, and not only its reads.
        await using var world = await NodeWorld.StartAsync(NodeCount + 2, audits, how == "hangs" ? NodeWorld.Patient with { StallTimeout = TimeSpan.FromSeconds(1), RetryCountMax = 0 } : null);
        await world.FillAsync("one");
        await world.FillAsync("other");
        await world.FillAsync("another");
        await world.UntilWholeAsync();
        var node = world.Nodes[0];
        var held = await world.ShardsOfAsync(node);
        held.Length.ShouldBeGreaterThan(ReadsToSuspend);
        var (challenges, refusals) = (0, 0);
        var announced = new ConcurrentDictionary<string, int>();
        await node.RestartAsync(options => options with { Intercept = AnswerAsync });
        await world.UntilAsync(node, "it is back", one => one.Health is "online" or "suspect");

        // Whoever reads gets everything, from the others.
        NodeModel? shown = null;
        await NodeWorld.UntilAsync(() => $"it is suspended; now {shown?.State} {shown?.Audits} {shown?.LatencyMilliseconds} ms, {world.System.GetStatus().Audits}", async () =>
        {
            await world.CheckAsync("one", "other", "another");
            return (shown = await world.ShowAsync(node)).State == "suspended";
        });
        refusals.ShouldBeGreaterThanOrEqualTo(ReadsToSuspend);
        (how == "is choosy" || challenges == 0).ShouldBeTrue("Without a cell that was read nothing is to be compared with a proof.");
        shown!.Audits!.Patience.ShouldBeLessThan(ReputationRules.PatienceScoreMin);
        shown.Audits.Events.Count(one => one is { Kind: ReputationEventKind.TimedOut, Evidence.Length: > 0 }).ShouldBeGreaterThanOrEqualTo(ReadsToSuspend);
        shown.Audits.Events.ShouldContain(one => one.Kind == ReputationEventKind.Suspended && one.Explanation.Contains("timeout", StringComparison.Ordinal));
        foreach (var other in world.Nodes.Skip(1)) (await world.ShowAsync(other)).Standing.ShouldBe("vetted");

        // What cannot be read there is made anew elsewhere: from one that hangs, each shard takes the time for which it is waited for.
        await NodeWorld.UntilAsync(() => "its shards are elsewhere", async () => (await world.ShardsOfAsync(node)).Length <= (how == "hangs" ? held.Length - 1 : 0));
        await world.CheckAsync("one", "other", "another");
        if (how == "hangs") return;
        (await world.System.Metadata.ListSegmentsAsync(default, 1_000, notFullOnly: false, store: null, CancellationToken.None)).ShouldAllBe(row => row.IsFull);

        async Task AnswerAsync(HttpContext http, RequestDelegate handle)
        {
            var path = http.Request.Path.Value!;
            if (path == NodePaths.Challenge) Interlocked.Increment(ref challenges);
            if (!path.StartsWith(NodePaths.Shards + "/", StringComparison.Ordinal) || http.Request.Method is not ("GET" or "HEAD"))
            {
                await handle(http);
                return;
            }

            if (http.Request.Method == "HEAD") announced[path] = AuditReads;
            var isServed = http.Request.Method == "HEAD" || (how == "is choosy" && announced.AddOrUpdate(path, -1, (_, left) => left - 1) >= 0);
            if (isServed)
            {
                await handle(http);
                return;
            }

            Interlocked.Increment(ref refusals);
            if (how == "hangs") await Task.Delay(Timeout.Infinite, http.RequestAborted);
            http.Abort();
        }
    }

    [Fact]
    public async Task Replace_OfANodeThatHasFailedAudits_DoesNotWashItsReputation()
    {
        await using var world = await NodeWorld.StartAsync(NodeCount);
        var node = world.Nodes[3];
        var store = StoreId.Parse((await world.ShowAsync(node)).Store);
        await FailAsync(world, store, 3);
        var before = world.System.Reputations.Find(store)!;
        before.Standing.ShouldBe(StoreStanding.Vetted);

        await EmptyAsync(world, node);
        (await world.Admin.ReplaceAsync(node.Id.ToString(), CancellationToken.None)).Store.ShouldNotBe(store.ToString());

        var shown = await world.UntilAsync(node, "it has a new store", one => one.Store != store.ToString() && one.Health == "online");
        (shown.Audits!.Count, shown.Audits.Fast, shown.Audits.Slow, shown.Audits.Since).ShouldBe((before.AuditCount, before.Fast.Score, before.Slow.Score, before.Since));
        shown.Audits.Events.Length.ShouldBe(3);

        // And when it is worse, it gets no new store at all: not on another disk, and not by leaving and joining again.
        store = StoreId.Parse(shown.Store);
        await FailAsync(world, store, 20);
        (await world.UntilAsync(node, "it is disqualified", one => one.State == "disqualified")).Standing.ShouldBe("disqualified");
        await EmptyAsync(world, node);
        var refused = await Should.ThrowAsync<AdminRequestException>(async () => await world.Admin.ReplaceAsync(node.Id.ToString(), CancellationToken.None));
        (refused.Status, refused.Code).ShouldBe((409, "NodeIsDisqualified"));
        refused.Message.ShouldContain("another token");
        await node.StopAsync();
        await world.UntilAsync(node, "it is offline", one => one.Health == "offline");
        var removed = await world.Admin.RemoveAsync(node.Id.ToString(), CancellationToken.None);
        (removed.State, removed.Store, removed.Standing).ShouldBe(("removed", "", "disqualified"), "It has no store any more; what is thought of it stays.");
        await node.StartAsync();
        await node.JoinAsync(await world.GiveAsync());
        await world.UntilAsync(node, "it is refused", one => one.Trouble.Contains("was disqualified", StringComparison.Ordinal));
        var rows = (await world.System.Metadata.ListStoresAsync(CancellationToken.None)).Where(row => row.Location.StartsWith(node.Id + "@", StringComparison.Ordinal)).ToArray();
        rows.Select(row => row.State).ShouldBe([StoreState.Removed, StoreState.Removed], "The two that it had, and no third.");
    }

    [Fact]
    public async Task Replace_BrokenOffAfterTheNewStoreJoined_GoesOnWhenAskedAgain()
    {
        await using var world = await NodeWorld.StartAsync(NodeCount);
        var node = world.Nodes[1];
        await world.FillAsync("before");
        var store = (await world.ShowAsync(node)).Store;
        await EmptyAsync(world, node);
        var begun = await world.BeginStoreAsync(node);
        await world.CloseAsync();
        await world.OpenAsync();
        await world.UntilAsync(node, "it is told", one => one.Store == store && one.Health == "offline");

        (await world.Admin.ReplaceAsync(node.Id.ToString(), CancellationToken.None)).Store.ShouldBe(begun.ToString());

        await world.UntilAsync(node, "it is active", one => one.State == "active" && one.Health == "online" && one.Standing == "vetted" && one.Store == begun.ToString());
        (await world.System.Metadata.ListStoresAsync(CancellationToken.None)).Single(row => row.Id.ToString() == store).State.ShouldBe(StoreState.Removed);
        await world.UntilWholeAsync();
        await world.CheckAsync("before");
    }

    [Fact]
    public async Task Gateway_WithAnotherPhrase_SaysSoAndTouchesNoNode()
    {
        await using var world = await NodeWorld.StartAsync(NodeCount);
        await world.FillAsync("before");
        await world.UntilWholeAsync();
        await world.CloseAsync();
        var before = new Dictionary<string, string>();
        foreach (var node in world.Nodes)
        {
            await node.StopAsync();
            before[node.Data] = Hash(node);
            await node.StartAsync();
        }

        // A gateway with a data directory of its own, which was told of the nodes and has the phrase of another cluster.
        using var root = new RootKey([.. Enumerable.Repeat((byte)7, 32)]);
        using var endpoints = new NodeEndpoints(root, NodeWorld.Patient);
        var data = Directory.CreateTempSubdirectory("oort-other-");
        try
        {
            var options = new ObjectSystemOptions { DataDirectory = data.FullName, OpenTimeout = TimeSpan.FromMinutes(1) };
            var refused = await Should.ThrowAsync<StartRefusedException>(async () =>
                await ObjectSystem.OpenAsync(options, [.. world.Nodes.Select(node => endpoints.At(node.Address))], root, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None));
            refused.Message.ShouldContain("phrase");
            data.EnumerateFileSystemInfos().ShouldNotContain(file => file.Name == "identity");
        }
        finally
        {
            data.Delete(recursive: true);
        }

        foreach (var node in world.Nodes)
        {
            await node.StopAsync();
            Hash(node).ShouldBe(before[node.Data]);
            await node.StartAsync();
        }

        await world.OpenAsync();
        await world.CheckAsync("before");
    }

    private static async Task FailAsync(NodeWorld world, StoreId store, int count)
    {
        for (var i = 0; i < count; i++) await world.System.Reputations.RecordAsync(store, new(new(new(1, (ulong)i + 1), 0), AuditOutcome.Fail, "a test says so"), CancellationToken.None);
    }

    private static async Task EmptyAsync(NodeWorld world, NodeWorld.OneNode node)
    {
        await node.StopAsync();
        Directory.Delete(Path.Combine(node.Data, "store"), recursive: true);
        await node.StartAsync();
        await world.UntilAsync(node, "its disk is empty", one => one.Trouble.Contains("is empty", StringComparison.Ordinal));
    }

    private static string Hash(NodeWorld.OneNode node)
    {
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(node.Data, "store"), "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != "lock").Order(StringComparer.Ordinal)) hash.AppendData(File.ReadAllBytes(file));
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
