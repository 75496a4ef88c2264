using System.IO.Pipelines;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends.Local;
using Oort.Backends.Node;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Node;
using Oort.Node.Protocol;
using Oort.Objects;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Nodes;

/// <summary>An object system over storage nodes and directories together: real nodes, real TLS, one process.</summary>
public sealed class NodeClusterTests : IAsyncLifetime
{
    private const int NodeCount = 4;
    private const int DirectoryCount = 2;

    /// <summary>Nothing here is about time.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("oort-nodes-");
    private readonly NodeIdentity _own = NodeIdentity.Create();
    private readonly RootKey _root = new(new byte[32]);
    private readonly NodeHost?[] _nodes = new NodeHost?[NodeCount];
    private readonly NodeAddress[] _addresses = new NodeAddress[NodeCount];

    private static CancellationToken None => CancellationToken.None;

    public async ValueTask InitializeAsync()
    {
        for (var i = 0; i < NodeCount; i++) await StartNodeAsync(i);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            if (node is not null) await node.DisposeAsync();
        _root.Dispose();
        _own.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Objects_OnNodesAndDirectories_OutliveTwoNodes()
    {
        var contents = new Dictionary<string, byte[]> { ["small"] = TestBytes(4096), ["one segment"] = TestBytes(3_000_000), ["two segments"] = TestBytes(68_000_000) };
        await using (var system = await OpenAsync())
        {
            system.GetStatus().Stores.Length.ShouldBe(NodeCount + DirectoryCount);
            var bucket = (await system.Metadata.CreateBucketAsync(new() { Id = default, Name = "bucket", OwnerId = "root", Created = DateTimeOffset.UnixEpoch, Region = "us-east-1" }, None)).Bucket!;
            foreach (var (key, content) in contents)
            {
                var put = await system.Objects.PutObjectAsync(bucket, key, "root", "STANDARD", ObjectAttributes.Empty, new ObjectBody(PipeReader.Create(new MemoryStream(content)), content.Length, null, null), WriteConditions.None, None);
                put.Outcome.ShouldBe(CommitOutcome.Done);
            }

            foreach (var (key, content) in contents) (await ReadAsync(system, key)).AsSpan().SequenceEqual(content).ShouldBeTrue(key);

            // A busy machine may have left a shard to be repaired. 4+2, whole: any two may be away.
            await system.ScrubAsync(repair: true, null, None);
            await StopNodeAsync(0);
            await StopNodeAsync(3);
            foreach (var (key, content) in contents) (await ReadAsync(system, key)).AsSpan().SequenceEqual(content).ShouldBeTrue(key);
        }

        // The system and two of its nodes start again, one of them at another port.
        await StartNodeAsync(0);
        await StartNodeAsync(3);
        await using var again = await OpenAsync();
        foreach (var (key, content) in contents) (await ReadAsync(again, key)).AsSpan().SequenceEqual(content).ShouldBeTrue(key);
        (await again.ScrubAsync(repair: false, null, None)).BadShards.ShouldBe(0);
    }

    private static byte[] TestBytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private async Task StartNodeAsync(int i)
    {
        _nodes[i] = await NodeHost.StartAsync(new NodeOptions { DataDirectory = Path.Combine(_folder.FullName, $"node{i}"), Listen = new IPEndPoint(IPAddress.Loopback, 0), Gateways = [_own.Id], LogLevel = LogLevel.Warning, StallTimeout = s_patience, Store = new LocalStoreOptions { HeadroomBytes = 0 } }, TimeProvider.System, None);
        _addresses[i] = new(_nodes[i]!.Id, "127.0.0.1", _nodes[i]!.EndPoint.Port);
    }

    private async Task StopNodeAsync(int i)
    {
        await _nodes[i]!.DisposeAsync();
        _nodes[i] = null;
    }

    private async Task<ObjectSystem> OpenAsync()
    {
        IEnumerable<IStoreEndpoint> nodes = _addresses.Select(address => new NodeEndpoint(address, _own, new NodeStoreOptions { RetryDelay = TimeSpan.FromMilliseconds(1), ConnectTimeout = s_patience, StallTimeout = s_patience }));
        var directories = Enumerable.Range(0, DirectoryCount).Select(i => SystemStart.OpenDisk(Path.Combine(_folder.FullName, $"disk{i}"), NullLoggerFactory.Instance));
        var options = new ObjectSystemOptions
        {
            DataDirectory = Directory.CreateDirectory(Path.Combine(_folder.FullName, "data")).FullName,
            RunWorkers = false,
            ScrubBytesPerSecond = 1L << 40,
            Journal = new() { QuorumTimeout = s_patience },
            Objects = new() { StoreTimeout = s_patience, StallDelayMin = s_patience },
            Stores = new() { ProbeTimeout = s_patience, CallTimeout = s_patience },
        };
        return await ObjectSystem.OpenAsync(options, [.. nodes, .. directories], _root, TimeProvider.System, NullLoggerFactory.Instance, None);
    }

    private static async Task<byte[]> ReadAsync(ObjectSystem system, string key)
    {
        var bucket = await system.Metadata.FindBucketAsync("bucket", None);
        var version = await system.Metadata.FindVersionAsync(bucket!.Id, key, null, None);
        await using var reader = await system.Objects.OpenAsync(version!, None);
        using var content = new MemoryStream();
        var writer = PipeWriter.Create(content, new StreamPipeWriterOptions(leaveOpen: true));
        await reader.CopyToAsync(0, version!.Size, writer, None);
        await writer.CompleteAsync();
        return content.ToArray();
    }
}
