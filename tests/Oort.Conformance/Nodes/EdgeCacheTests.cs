using System.Text.Json;
using Amazon.S3;
using Oort.Conformance.Harness;
using Oort.Shared;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Nodes;

/// <summary>A gateway whose every shard is on storage nodes, with a cache on a disk of its own; all of them processes.</summary>
public sealed class EdgeCacheTests : IAsyncDisposable
{
    private const int NodeCount = 6;
    private const string Bucket = "edge";

    private readonly TemporaryFolder _folder = new();
    private readonly NodeProcess?[] _nodes = new NodeProcess?[NodeCount];

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.OfType<NodeProcess>()) await node.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Read_WhatTheCacheHas_NeedsNoNodeAlsoAfterARestart()
    {
        var objects = new Dictionary<string, byte[]>();
        string authority;
        await using (var gateway = await StartAsync("127.0.0.1:0", "--disk", _folder["disk"]))
        {
            authority = new Uri(gateway.Endpoint).Authority;
            var members = new Membership(gateway, _folder.FullPath);
            await JoinAsync(members);
            using var client = S3Clients.WithoutRetries(gateway);
            await client.PutBucketAsync(Bucket);
            for (var i = 0; i < 20; i++) await PutAsync(client, objects, $"small{i}", 3_000 + i);
            await PutAsync(client, objects, "large", 3_000_000);
            await members.UntilWholeAsync();
            await WarmAsync(client, members, objects);
            (await gateway.TerminateAsync()).ShouldBe(0);
        }

        // It starts anew where it was, so that its nodes find it. What is kept in memory has gone, the nodes go too: only the cache's disk is left.
        await using (var gateway = await StartAsync(authority))
        {
            var members = new Membership(gateway, _folder.FullPath);
            await Membership.UntilAsync("the cache is looked through", async () => ((await CacheAsync(members)).GetProperty("cells").GetInt64() > 0, "not yet"));
            foreach (var node in _nodes) await node!.KillAsync();
            using var client = S3Clients.WithoutRetries(gateway);
            await CheckAsync(client, objects);
            var cache = await CacheAsync(members);
            cache.GetProperty("misses").GetInt64().ShouldBe(0);
            cache.GetProperty("hitBytes").GetInt64().ShouldBeGreaterThan(3_000_000);
            cache.GetProperty("fault").GetString().ShouldBe("");
            (await members.RunAsync("status")).ShouldSucceed().Output.ShouldContain("hits");
            for (var i = 0; i < NodeCount; i++) _nodes[i] = await NodeProcess.StartAsync(Data(i));
            await members.UntilStatesAsync("the nodes are back", nodes => nodes.Values.All(node => Membership.State(node) == "active/online"));

            // Killed at some moment, in the midst of writes.
            await PutAsync(client, objects, "more", 2_000_000);
            for (var i = 0; i < 2; i++) await CheckAsync(client, objects);
            await gateway.KillAsync();
        }

        foreach (var file in Directory.GetFiles(_folder["cache"], "*.cells")) Damage(file);
        await using (var gateway = await StartAsync(authority))
        {
            var members = new Membership(gateway, _folder.FullPath);
            using var client = S3Clients.WithoutRetries(gateway);
            await members.UntilStatesAsync("the nodes are there", nodes => nodes.Values.All(node => Membership.State(node) == "active/online"));
            for (var i = 0; i < 3; i++) await CheckAsync(client, objects);
            var second = await Tool.RunAsync(GatewayProcess.Executable, ["serve", "--data", _folder["other"], "--listen", "127.0.0.1:0", "--cache-dir", _folder["cache"]]);
            second.ExitCode.ShouldNotBe(0);
            second.Error.ShouldContain("is in use by another oort process");
        }
    }

    /// <summary>A byte here and there, as a bad disk may have it.</summary>
    private static void Damage(string file)
    {
        using var stream = File.Open(file, FileMode.Open, FileAccess.ReadWrite);
        for (var at = 1_000L; at < stream.Length - 100; at += 200_000)
        {
            stream.Position = at;
            var old = stream.ReadByte();
            stream.Position = at;
            stream.WriteByte((byte)(old ^ 0x10));
        }
    }

    private static async Task<JsonElement> CacheAsync(Membership members) => (await members.JsonAsync("status")).GetProperty("cache");

    /// <summary>Reads until all that is asked of far stores has come into the cache: a whole pass misses nothing.</summary>
    private static async Task WarmAsync(AmazonS3Client client, Membership members, Dictionary<string, byte[]> objects) => await Membership.UntilAsync("everything is in the cache", async () =>
    {
        var before = (await CacheAsync(members)).GetProperty("misses").GetInt64();
        await CheckAsync(client, objects);
        var now = await CacheAsync(members);
        return (before > 0 && now.GetProperty("misses").GetInt64() == before, now.ToString());
    });

    private static async Task PutAsync(AmazonS3Client client, Dictionary<string, byte[]> objects, string key, int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        await client.PutObjectAsync(new() { BucketName = Bucket, Key = key, InputStream = new MemoryStream(content) });
        objects[key] = content;
    }

    private static async Task CheckAsync(AmazonS3Client client, Dictionary<string, byte[]> objects)
    {
        foreach (var (key, content) in objects)
        {
            using var answer = await client.GetObjectAsync(Bucket, key);
            using var received = new MemoryStream();
            await answer.ResponseStream.CopyToAsync(received);
            received.ToArray().AsSpan().SequenceEqual(content).ShouldBeTrue(key);
        }
    }

    /// <summary>The nodes join, and the gateway's own disk leaves.</summary>
    private async Task JoinAsync(Membership members)
    {
        for (var i = 0; i < NodeCount; i++) _nodes[i] = await NodeProcess.JoinAsync(await members.InviteAsync("--operator", $"operator{i}"), Data(i));
        await members.UntilStatesAsync("six nodes are active", nodes => nodes.Count == NodeCount && nodes.Values.All(node => Membership.State(node) == "active/online"));
        (await members.RunAsync("disk", "drain", _folder["disk"])).ShouldSucceed();
        await Membership.UntilAsync("the disk is gone", async () => ((await members.JsonAsync("disk", "list")).GetProperty("disks").GetArrayLength() == NodeCount, "it is there"));
    }

    private Task<GatewayProcess> StartAsync(string listen, params string[] flags) => GatewayProcess.StartAsync(_folder["data"], ["--listen", listen, "--cache-dir", _folder["cache"], "--cache-size", "64MiB", .. flags]);

    private string Data(int node) => _folder[$"node{node}"];
}
