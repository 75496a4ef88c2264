using System.Text.Json;
using Amazon.S3;
using Oort.Conformance.Harness;
using Oort.Conformance.Nodes;
using Oort.Shared;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Drills;

/// <summary>Everything that the gateway had on its machine is lost, disks and all; the storage nodes and the phrase give it all back.</summary>
public sealed class NodeRecoveryDrill : IAsyncDisposable
{
    private const int ObjectCount = 10_000;
    private const int NodeCount = 6;
    private const string OtherPhrase = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art";

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(10);

    private readonly TemporaryFolder _folder = new();
    private readonly NodeProcess?[] _nodes = new NodeProcess?[NodeCount];

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.OfType<NodeProcess>()) await node.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Recover_GatewaysMachineLost_EverythingAsItWasFromOneNodesAddress()
    {
        string endpoint;
        SortedDictionary<string, string> before;
        var world = new World(seed: 2);
        await using (var gateway = await GatewayProcess.StartAsync(_folder["data"], "--disk", _folder["disk"]))
        {
            endpoint = gateway.Endpoint;
            await File.WriteAllTextAsync(_folder["phrase"], RecoveryDrill.Phrase(gateway.Log));
            await MoveToNodesAsync(new Membership(gateway, _folder.FullPath));
            using var client = S3Clients.Default(gateway);
            await world.FillAsync(client, ObjectCount);
            before = await WorldDump.TakeAsync(client);
            await gateway.KillAsync();
        }

        Directory.Delete(_folder["data"], recursive: true);
        Directory.Delete(_folder["disk"], recursive: true);
        await ShouldRefuseAnotherPhraseAsync();

        // One node is dead, and one of the others is named, by its address alone.
        var dead = _nodes[5]!.Address.Id.ToString();
        await _nodes[5]!.KillAsync();
        var report = JsonDocument.Parse((await RecoverAsync("phrase", "rebuilt", "--json")).ShouldSucceed().Output).RootElement;
        report.GetProperty("findings").GetArrayLength().ShouldBe(0);
        report.GetProperty("unread").EnumerateArray().Select(store => store.GetProperty("location").GetString()!.Split('@')[0]).ShouldBe([dead]);

        await using (var gateway = await GatewayProcess.StartAsync(_folder["rebuilt"], "--listen", new Uri(endpoint).Authority))
        {
            var members = new Membership(gateway, _folder.FullPath);
            await members.UntilStatesAsync("five nodes are active again and the dead one is known", nodes => nodes.Count == NodeCount && nodes.All(node => Membership.State(node.Value) == (node.Key == dead ? "active/offline" : "active/online")));
            using var client = S3Clients.Default(gateway);
            WorldDump.Differences(before, await WorldDump.TakeAsync(client)).ShouldBeEmpty();
            _nodes[5] = await NodeProcess.StartAsync(_folder["node5"]);
            await members.UntilStatesAsync("the dead node is back", nodes => Membership.State(nodes[dead]) == "active/online");
            Directory.Exists(_folder["rebuilt", "disks"]).ShouldBeFalse();
            await client.PutObjectAsync(new() { BucketName = World.Plain, Key = "after", ContentBody = "written after the recovery" });
            (await World.DigestAsync(client, World.Plain, "after")).ShouldNotBeNull();
            await world.CheckAsync(client);
        }
    }

    /// <summary>Six nodes join, and the gateway's own disk leaves.</summary>
    private async Task MoveToNodesAsync(Membership members)
    {
        await Task.WhenAll(Enumerable.Range(0, NodeCount).Select(async i => _nodes[i] = await NodeProcess.JoinAsync(await members.InviteAsync("--operator", $"operator{i}"), _folder[$"node{i}"])));
        await members.UntilStatesAsync("all nodes are active", nodes => nodes.Count == NodeCount && nodes.Values.All(node => Membership.State(node) == "active/online"));
        (await members.RunAsync("disk", "drain", _folder["disk"])).ShouldSucceed();
        await Membership.UntilAsync("the disk is gone", async () => ((await members.JsonAsync("disk", "list")).GetProperty("disks").GetArrayLength() == NodeCount, "it is there"));
    }

    private async Task ShouldRefuseAnotherPhraseAsync()
    {
        await File.WriteAllTextAsync(_folder["other"], OtherPhrase);
        (await RecoverAsync("other", "none")).ShouldFailWith(2, "recovery phrase is not the one");
        Directory.GetFiles(_folder["none"]).Select(Path.GetFileName).ShouldBe(["lock"]);
    }

    private Task<Tool.Result> RecoverAsync(string phrase, string data, params string[] flags) =>
        Tool.RunAsync(GatewayProcess.Executable, ["recover", "--phrase-file", _folder[phrase], "--data", _folder[data], "--node", $"127.0.0.1:{_nodes[2]!.Address.Port}", .. flags], timeout: s_patience);
}
