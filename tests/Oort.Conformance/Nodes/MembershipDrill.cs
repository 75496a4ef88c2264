using Amazon.S3;
using Amazon.S3.Model;
using Oort.Conformance.Drills;
using Oort.Conformance.Harness;
using Oort.Shared;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Nodes;

/// <summary>A cluster whose every shard is on storage nodes, all of them processes of their own: they join, die, come back elsewhere, and lose their disk; and one that leaves.</summary>
public sealed class MembershipDrill : IAsyncDisposable
{
    private const int NodeCount = 7;
    private const string Bucket = "drill";

    private readonly TemporaryFolder _folder = new();
    private readonly NodeProcess?[] _nodes = new NodeProcess?[NodeCount];

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.OfType<NodeProcess>()) await node.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Nodes_JoinDieAndComeBack_NothingIsLost()
    {
        var objects = new Dictionary<string, byte[]>();
        string endpoint;
        await using (var gateway = await GatewayProcess.StartAsync(_folder["data"], "--disk", _folder["disk"]))
        {
            endpoint = gateway.Endpoint;
            var members = new Membership(gateway, _folder.FullPath);
            using var client = S3Clients.WithoutRetries(gateway);

            // Seven nodes join, and the gateway's own disk leaves: from here on there are nodes only.
            await Task.WhenAll(Enumerable.Range(0, NodeCount).Select(async i => _nodes[i] = await NodeProcess.JoinAsync(await members.InviteAsync("--operator", $"operator{i}", "--country", "NL"), Data(i))));
            await members.UntilStatesAsync("seven nodes are active", nodes => nodes.Count == NodeCount && nodes.Values.All(node => Membership.State(node) == "active/online"));
            (await members.RunAsync("disk", "drain", _folder["disk"])).ShouldSucceed();
            await Membership.UntilAsync("the disk is gone", async () => ((await members.JsonAsync("disk", "list")).GetProperty("disks").GetArrayLength() == NodeCount, "it is there"));
            await client.PutBucketAsync(Bucket);
            await PutAsync(client, objects, "first");
            (await members.JsonAsync("object", "show", $"s3://{Bucket}/first-large")).GetProperty("segments")[0].GetProperty("shards").EnumerateArray()
                .Select(shard => shard.GetProperty("path").GetString()!.Split('@')[0]).Distinct().Count().ShouldBe(6);
            await CheckAsync(client, objects);

            // One is killed: everything is read and written all the same.
            var killed = _nodes[2]!.Address.Id.ToString();
            await _nodes[2]!.KillAsync();
            await CheckAsync(client, objects);
            await PutAsync(client, objects, "without");
            await members.UntilStatesAsync("the killed node is offline", nodes => Membership.State(nodes[killed]) == "active/offline");

            // It comes back without its token, on another port, and is filled up.
            var before = _nodes[2]!.Address;
            _nodes[2] = await NodeProcess.StartAsync(Data(2));
            _nodes[2]!.Address.Id.ShouldBe(before.Id);
            await members.UntilStatesAsync("the killed node is back", nodes => Membership.State(nodes[killed]) == "active/online" && nodes[killed].GetProperty("address").GetString() == $"127.0.0.1:{_nodes[2]!.Address.Port}");
            await members.UntilWholeAsync();
        }

        // The gateway starts anew where it was, and finds its nodes; two others die.
        await using (var gateway = await GatewayProcess.StartAsync(_folder["data"], "--listen", new Uri(endpoint).Authority, "--disk", _folder["disk"]))
        {
            var members = new Membership(gateway, _folder.FullPath);
            using var client = S3Clients.WithoutRetries(gateway);
            await members.UntilStatesAsync("seven nodes are active again", nodes => nodes.Count == NodeCount && nodes.Values.All(node => Membership.State(node) == "active/online"));
            await CheckAsync(client, objects);
            await _nodes[0]!.KillAsync();
            await _nodes[1]!.KillAsync();
            await CheckAsync(client, objects);

            // One of them comes back with an empty disk: it is told, and refilled when the operator says that it is lost.
            var emptied = _nodes[0]!.Address.Id.ToString();
            Directory.Delete(Path.Combine(Data(0), "store"), recursive: true);
            _nodes[0] = await NodeProcess.StartAsync(Data(0));
            await members.UntilStatesAsync("the empty disk is told", nodes => nodes[emptied].GetProperty("trouble").GetString()!.Contains("is empty", StringComparison.Ordinal));
            await CheckAsync(client, objects);
            (await members.RunAsync("node", "replace", emptied)).ShouldSucceed();
            _nodes[1] = await NodeProcess.StartAsync(Data(1));
            await members.UntilStatesAsync("seven nodes are active once more", nodes => nodes.Values.All(node => Membership.State(node) == "active/online"));
            await members.UntilWholeAsync();

            // Two others may be away now.
            await _nodes[3]!.KillAsync();
            await _nodes[4]!.KillAsync();
            await CheckAsync(client, objects);
        }
    }

    [Fact]
    public async Task Leave_OfANode_HandsOverWhatItHasAndEndsIt()
    {
        var objects = new Dictionary<string, byte[]>();
        await using var gateway = await GatewayProcess.StartAsync(_folder["data"], "--disk", _folder["disk1"], "--disk", _folder["disk2"]);
        var members = new Membership(gateway, _folder.FullPath);
        using var client = S3Clients.WithoutRetries(gateway);
        _nodes[0] = await NodeProcess.JoinAsync(await members.InviteAsync(), Data(0));
        await members.UntilStatesAsync("the first node is active", nodes => nodes.Count == 1 && nodes.Values.All(node => Membership.State(node) == "active/online"));
        await client.PutBucketAsync(Bucket);
        await PutAsync(client, objects, "before");
        _nodes[1] = await NodeProcess.JoinAsync(await members.InviteAsync(), Data(1));
        await members.UntilStatesAsync("the second node is active", nodes => nodes.Count == 2 && nodes.Values.All(node => Membership.State(node) == "active/online"));

        (await Tool.RunAsync(GatewayProcess.Executable, ["node", "leave", "--data", Data(0)])).ShouldSucceed();

        var leaving = _nodes[0]!.Address.Id.ToString();
        await members.UntilStatesAsync("the node is gone", nodes => nodes[leaving].GetProperty("state").GetString() == "removed");
        (await _nodes[0]!.WhenEndedAsync(TimeSpan.FromMinutes(1))).ShouldBe(0);
        await members.UntilWholeAsync();
        await CheckAsync(client, objects);
    }

    private static async Task PutAsync(AmazonS3Client client, Dictionary<string, byte[]> objects, string name)
    {
        for (var i = 0; i < 20; i++) await PutAsync(client, objects, $"{name}-{i}", 1 + (i * 997 % 40_000));
        await PutAsync(client, objects, $"{name}-large", 3_000_000);
    }

    private static async Task PutAsync(AmazonS3Client client, Dictionary<string, byte[]> objects, string key, int size)
    {
        objects[key] = World.Content(key.GetHashCode(StringComparison.Ordinal), size);
        await client.PutObjectAsync(new PutObjectRequest { BucketName = Bucket, Key = key, InputStream = new MemoryStream(objects[key]) });
    }

    private static async Task CheckAsync(AmazonS3Client client, Dictionary<string, byte[]> objects)
    {
        foreach (var (key, content) in objects)
        {
            using var answer = await client.GetObjectAsync(Bucket, key);
            using var read = new MemoryStream();
            await answer.ResponseStream.CopyToAsync(read);
            read.ToArray().AsSpan().SequenceEqual(content).ShouldBeTrue(key);
        }
    }

    private string Data(int node) => _folder[$"node{node}"];
}
