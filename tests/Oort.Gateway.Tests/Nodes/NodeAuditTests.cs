using System.Collections.Immutable;
using System.IO.Pipelines;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Backends.Local;
using Oort.Backends.Node;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Node;
using Oort.Node.Protocol;
using Oort.Objects;
using Oort.Objects.Audits;
using Oort.Objects.Reputation;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Nodes;

/// <summary>Real nodes, real TLS, and a system whose workers audit them often: what nodes lose, change or no longer have is found, recorded, served around and repaired.</summary>
public sealed class NodeAuditTests : IAsyncLifetime
{
    private const int NodeCount = 6;
    private const int ObjectCount = 20;
    private const int ObjectSize = 300_000;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("oort-audits-");
    private readonly NodeIdentity _own = NodeIdentity.Create();
    private readonly RootKey _root = new(new byte[32]);
    private readonly NodeHost?[] _nodes = new NodeHost?[NodeCount];
    private readonly NodeAddress[] _addresses = new NodeAddress[NodeCount];

    private static CancellationToken None => CancellationToken.None;

    private static NodeStoreOptions Patient { get; } = new() { RetryDelay = TimeSpan.FromMilliseconds(1), ConnectTimeout = s_patience, StallTimeout = s_patience };

    public async ValueTask InitializeAsync()
    {
        for (var i = 0; i < NodeCount; i++) await StartNodeAsync(i, 0);
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
    public async Task Nodes_ThatLoseOrChangeShards_AreFoundOutAndTheShardsComeBack()
    {
        await using var system = await OpenAsync();
        var rows = await FillAsync(system);
        await using var loser = await NodeStore.OpenAsync(_addresses[0], _own, system.Cluster, Patient, None);
        await using var liar = await NodeStore.OpenAsync(_addresses[1], _own, system.Cluster, Patient, None);

        // The one loses more than a tenth; the other has other bytes, another shard's, fewer and more. Of other segments: whose audit came first would have the other's shards repaired
        // with its own, and nothing would be left to find the other out by.
        var lost = ShardsOf(rows, loser.Id).Take(3).ToList();
        var lied = ShardsOf(rows, liar.Id).Where(shard => !lost.Exists(one => one.Segment == shard.Segment)).Take(4).ToList();
        var before = new Dictionary<ShardId, byte[]>();
        foreach (var shard in lost) before.Add(shard, await ReadAsync(loser, shard));
        foreach (var shard in lied) before.Add(shard, await ReadAsync(liar, shard));
        foreach (var shard in lost) await loser.DeleteAsync(shard, None);
        var flipped = before[lied[0]].ToArray();
        flipped[1_000] ^= 1;
        await liar.PutAsync(lied[0], flipped, None);
        await liar.PutAsync(lied[1], before[lied[2]], None);
        await liar.PutAsync(lied[2], before[lied[2]].AsMemory(0, 5_000), None);
        await liar.PutAsync(lied[3], (byte[])[.. before[lied[3]], 1, 2, 3], None);

        await EnrolAsync(system);
        // Nobody reads meanwhile: a read would find the damage, too, and have it repaired.
        await UntilAsync("both are found out", () => ValueTask.FromResult(((StoreId[])[loser.Id, liar.Id]).All(id => system.Reputations.Find(id)!.Events.Any(one => one.Kind == ReputationEventKind.AuditFailed && one.Evidence.Length > 0))));
        await UntilAsync("every shard is back", async () =>
        {
            (await ReadAllAsync(system)).ShouldBeTrue();
            foreach (var (shard, bytes) in before)
            {
                var store = lost.Contains(shard) ? loser : liar;
                if (await store.StatAsync(shard, None) != bytes.Length || !(await ReadAsync(store, shard)).AsSpan().SequenceEqual(bytes)) return false;
            }

            return true;
        });

        foreach (var address in _addresses.Skip(2)) Reputation(system, address).Events.ShouldBeEmpty();

        // Of the honest ones, receipts that they have signed are kept.
        var honest = system.GetStatus().Stores.Single(store => store.Location.StartsWith(_addresses[4].Id.ToString(), StringComparison.Ordinal)).Id;
        await UntilAsync("receipts are kept", async () => await system.Metadata.GetSettingAsync($"receipts/{honest}", None) is { } kept && kept.AsSpan().IndexOf("OORTRCP1"u8) > 0);
    }

    [Fact]
    public async Task Node_WhoseDiskWasEmptied_IsServedAroundAndRecordedAsAway()
    {
        await using var system = await OpenAsync();
        await FillAsync(system);
        await EnrolAsync(system);
        var port = _addresses[2].Port;
        await _nodes[2]!.DisposeAsync();
        Directory.Delete(Path.Combine(_folder.FullName, "node2", "store"), recursive: true);
        await StartNodeAsync(2, port);

        await UntilAsync("it is offline and was recorded", () =>
        {
            var found = system.GetStatus().Stores.Single(store => store.Location.StartsWith(_addresses[2].Id.ToString(), StringComparison.Ordinal));
            return ValueTask.FromResult(found.Health == StoreHealth.Offline && Reputation(system, _addresses[2]).Online.Any(window => window.Asked > window.Seen));
        });

        (await ReadAllAsync(system)).ShouldBeTrue();
        // Being away is no failed audit: its disk may only not be mounted.
        Reputation(system, _addresses[2]).Fast.Score.ShouldBe(1);
        await using var probe = await NodeStore.OpenAsync(_addresses[3], _own, system.Cluster, Patient, None);
        (await probe.ProbeAsync(None)).Refusal.ShouldBeNull();
    }

    private static IEnumerable<ShardId> ShardsOf(ImmutableArray<SegmentRow> rows, StoreId store) =>
        from row in rows from index in Enumerable.Range(0, row.Shards.Length) where row.Shards[index] == store select new ShardId(row.Id, (byte)index);

    private static async Task<byte[]> ReadAsync(NodeStore store, ShardId shard)
    {
        var bytes = new byte[(await store.StatAsync(shard, None))!.Value];
        (await store.ReadAsync(shard, 0, bytes, None)).ShouldBe(bytes.Length);
        return bytes;
    }

    private static byte[] Content(int number)
    {
        var bytes = new byte[ObjectSize];
        new Random(number).NextBytes(bytes);
        return bytes;
    }

    private static async Task UntilAsync(string what, Func<ValueTask<bool>> condition)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            TimeProvider.System.GetElapsedTime(begun).ShouldBeLessThan(s_patience, what);
            await Task.Delay(100);
        }
    }

    private static StoreReputation Reputation(ObjectSystem system, NodeAddress address) =>
        system.Reputations.Find(system.GetStatus().Stores.Single(store => store.Location.StartsWith(address.Id.ToString(), StringComparison.Ordinal)).Id)!;

    private static async Task EnrolAsync(ObjectSystem system)
    {
        foreach (var store in system.GetStatus().Stores) await system.Reputations.EnrolAsync(store.Id, isVetted: true, None);
    }

    /// <summary>Some objects of a segment each, all of their shards placed.</summary>
    private static async Task<ImmutableArray<SegmentRow>> FillAsync(ObjectSystem system)
    {
        var bucket = (await system.Metadata.CreateBucketAsync(new() { Id = default, Name = "bucket", OwnerId = "root", Created = DateTimeOffset.UnixEpoch, Region = "us-east-1" }, None)).Bucket!;
        for (var number = 0; number < ObjectCount; number++)
        {
            var put = await system.Objects.PutObjectAsync(bucket, $"key{number}", "root", "STANDARD", ObjectAttributes.Empty, new ObjectBody(PipeReader.Create(new MemoryStream(Content(number))), ObjectSize, null, null), WriteConditions.None, None);
            put.Outcome.ShouldBe(CommitOutcome.Done);
        }

        (await system.ScrubAsync(repair: true, null, None)).Findings.ShouldNotContain(finding => finding.Severity == FindingSeverity.Lost);
        return await system.Metadata.ListSegmentsAsync(default, 1_000, notFullOnly: false, store: null, None);
    }

    private static async Task<bool> ReadAllAsync(ObjectSystem system)
    {
        var bucket = await system.Metadata.FindBucketAsync("bucket", None);
        for (var number = 0; number < ObjectCount; number++)
        {
            var version = await system.Metadata.FindVersionAsync(bucket!.Id, $"key{number}", null, None);
            await using var reader = await system.Objects.OpenAsync(version!, None);
            using var content = new MemoryStream();
            var writer = PipeWriter.Create(content, new StreamPipeWriterOptions(leaveOpen: true));
            await reader.CopyToAsync(0, version!.Size, writer, None);
            await writer.CompleteAsync();
            if (!content.ToArray().AsSpan().SequenceEqual(Content(number))) return false;
        }

        return true;
    }

    private async Task StartNodeAsync(int i, int port)
    {
        _nodes[i] = await NodeHost.StartAsync(new NodeOptions { DataDirectory = Path.Combine(_folder.FullName, $"node{i}"), Listen = new IPEndPoint(IPAddress.Loopback, port), Gateways = [_own.Id], LogLevel = LogLevel.Error, StallTimeout = s_patience, Store = new LocalStoreOptions { HeadroomBytes = 0 } }, TimeProvider.System, None);
        _addresses[i] = new(_nodes[i]!.Id, "127.0.0.1", _nodes[i]!.EndPoint.Port);
    }

    private async Task<ObjectSystem> OpenAsync()
    {
        const int often = 100_000_000;
        var options = new ObjectSystemOptions
        {
            DataDirectory = Directory.CreateDirectory(Path.Combine(_folder.FullName, "data")).FullName,
            Journal = new() { QuorumTimeout = s_patience },
            Objects = new() { StoreTimeout = s_patience, StallDelayMin = s_patience },
            Stores = new() { ProbeTimeout = s_patience, CallTimeout = s_patience },
            Audits = new() { Tick = TimeSpan.FromMilliseconds(50), AuditsPerDayMin = often, AuditsPerDayMax = often, AnswerWithin = s_patience, BytesPerSecond = 0, DrawInterval = TimeSpan.Zero },
        };
        return await ObjectSystem.OpenAsync(options, [.. _addresses.Select(address => new NodeEndpoint(address, _own, Patient))], _root, TimeProvider.System, NullLoggerFactory.Instance, None);
    }
}
