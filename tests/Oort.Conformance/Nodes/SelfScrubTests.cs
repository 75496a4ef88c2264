using Amazon.S3.Model;
using Oort.Conformance.Harness;
using Oort.Shared;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Nodes;

/// <summary>A node whose disk rots: it finds out by itself, says so, and is mended before anybody has read what rotted.</summary>
public sealed class SelfScrubTests : IAsyncDisposable
{
    private const int NodeCount = 3;

    private readonly TemporaryFolder _folder = new();
    private readonly NodeProcess?[] _nodes = new NodeProcess?[NodeCount];

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.OfType<NodeProcess>()) await node.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Node_WithADamagedShard_IsMended()
    {
        await using var gateway = await GatewayProcess.StartAsync(_folder["data"], "--disk", _folder["disk1"], "--disk", _folder["disk2"], "--disk", _folder["disk3"]);
        var members = new Membership(gateway, _folder.FullPath);
        using var client = S3Clients.WithoutRetries(gateway);
        await Task.WhenAll(Enumerable.Range(0, NodeCount).Select(async i => _nodes[i] = await NodeProcess.JoinAsync(await members.InviteAsync(), _folder[$"node{i}"], "--scrub-pause", "1s", "--scrub", "64MiB")));
        await members.UntilStatesAsync("the nodes are active", nodes => nodes.Count == NodeCount && nodes.Values.All(node => Membership.State(node) == "active/online"));
        var content = new byte[3_000_000];
        new Random(1).NextBytes(content);
        await client.PutBucketAsync("bucket");
        await client.PutObjectAsync(new PutObjectRequest { BucketName = "bucket", Key = "key", InputStream = new MemoryStream(content) });
        await members.UntilWholeAsync();

        var volume = Directory.GetFiles(Path.Combine(_folder["node1"], "store", "volumes"), "*.vol").Order().First();
        var (offset, before) = Damage(volume);

        var id = _nodes[1]!.Address.Id.ToString();
        // Nobody reads the object meanwhile: a read would find the damage, too.
        await Membership.UntilAsync("the damage was found, told and mended", async () =>
        {
            var shown = await members.JsonAsync("node", "show", id);
            var isTold = shown.GetProperty("events").EnumerateArray().Any(one => IsOfDamage(one.GetProperty("text")));
            return (isTold && !IsOfDamage(shown.GetProperty("trouble")), shown.ToString());
        });

        using var answer = await client.GetObjectAsync("bucket", "key");
        using var read = new MemoryStream();
        await answer.ResponseStream.CopyToAsync(read);
        read.ToArray().AsSpan().SequenceEqual(content).ShouldBeTrue();
        // What is damaged still lies where it lay, and no longer counts: the shard was put again.
        ReadAt(volume, offset).ShouldBe((byte)(before ^ 1));
        (await members.JsonAsync("scrub")).GetProperty("badShards").GetInt64().ShouldBe(0);
    }

    private static bool IsOfDamage(System.Text.Json.JsonElement text) => text.GetString()!.StartsWith("Its own scrub has found damaged shards", StringComparison.Ordinal);

    /// <summary>Flips a bit in the middle of the first shard that lies in a volume.</summary>
    private static (long Offset, byte Before) Damage(string volume)
    {
        var bytes = new byte[4 << 20];
        using var file = new FileStream(volume, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var count = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        var found = bytes.AsSpan(0, count).IndexOf("OORTSHRD"u8);
        found.ShouldBeGreaterThan(0);
        var offset = found + 40_000;
        file.Position = offset;
        file.WriteByte((byte)(bytes[offset] ^ 1));
        file.Flush(flushToDisk: true);
        return (offset, bytes[offset]);
    }

    private static byte ReadAt(string volume, long offset)
    {
        using var file = new FileStream(volume, FileMode.Open, FileAccess.Read, FileShare.ReadWrite) { Position = offset };
        return (byte)file.ReadByte();
    }
}
