using System.Collections.Immutable;
using System.IO.Pipelines;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Backends.Local;
using Oort.Backends.Node;
using Oort.Crypto;
using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Oort.Node;
using Oort.Node.Protocol;
using Oort.Objects;
using Oort.Objects.Audits;
using Shouldly;

namespace Oort.Gateway.Tests.Nodes;

/// <summary>A gateway's storage, membership and door for nodes in this process, on two directories and on real nodes that join it, with their own clocks; all that is missing of a gateway is S3.</summary>
internal sealed class NodeWorld : IAsyncDisposable
{
    public const int ObjectCount = 12;
    private const int DirectoryCount = 2;
    private const int ObjectSize = 300_000;

    /// <summary>Nothing here is about time.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("oort-members-");
    private readonly NodeEndpoints _endpoints;
    private readonly List<OneNode> _nodes = [];
    private readonly AuditOptions _audits;
    private NodeRequests _requests = null!;
    private LoopbackServer _door = null!;
    private int _port;

    private NodeWorld(AuditOptions audits, NodeStoreOptions nodes) => (_endpoints, _audits) = (new(Root, nodes), audits);

    public RootKey Root { get; } = new(new byte[32]);

    public ObjectSystem System { get; private set; } = null!;

    public NodeMembership Members { get; private set; } = null!;

    public NodeAdmin Admin { get; private set; } = null!;

    public IReadOnlyList<OneNode> Nodes => _nodes;

    public static NodeStoreOptions Patient { get; } = new() { RetryDelay = TimeSpan.FromMilliseconds(1), ConnectTimeout = s_patience, StallTimeout = s_patience };

    private static CancellationToken None => CancellationToken.None;

    private Uri Url => new($"http://127.0.0.1:{_port}/");

    /// <param name="audits">Null: so seldom that nothing comes of them here.</param>
    public static async Task<NodeWorld> StartAsync(int nodeCount, AuditOptions? audits = null, NodeStoreOptions? nodes = null)
    {
        var world = new NodeWorld(audits ?? new(), nodes ?? Patient);
        await world.OpenAsync();
        for (var i = 0; i < nodeCount; i++) await world.JoinAsync();
        return world;
    }

    /// <summary>The gateway starts: at the same place as before, when there was one.</summary>
    public async Task OpenAsync()
    {
        var directories = Enumerable.Range(0, DirectoryCount).Select(i => SystemStart.OpenDisk(Path.Combine(_folder.FullName, $"disk{i}"), NullLoggerFactory.Instance));
        var options = new ObjectSystemOptions
        {
            DataDirectory = Directory.CreateDirectory(Path.Combine(_folder.FullName, "data")).FullName,
            Locate = _endpoints.Locate,
            Audits = _audits,
            Journal = new() { QuorumTimeout = s_patience },
            // What was read once is read again.
            Objects = new() { StoreTimeout = s_patience, StallDelayMin = s_patience, HotCellBytes = 0 },
            Stores = new() { ProbeInterval = TimeSpan.FromMilliseconds(100), ReopenAfter = TimeSpan.FromMilliseconds(300), ProbeTimeout = s_patience, CallTimeout = s_patience },
        };
        System = await ObjectSystem.OpenAsync(options, [.. directories], Root, TimeProvider.System, NullLoggerFactory.Instance, None);
        Members = new(System, _endpoints, TimeProvider.System, NullLogger<NodeMembership>.Instance);
        await Members.StartAsync(None);
        Admin = new(System, Members, new GatewayOptions());
        _requests = new(Members, TimeProvider.System);
        _door = await LoopbackServer.StartAsync(_requests.HandleAsync, _port);
        _port = _door.Endpoint.Port;
    }

    public async Task CloseAsync()
    {
        await _door.DisposeAsync();
        await Members.DisposeAsync();
        await System.DisposeAsync();
    }

    /// <summary>A node joins, and is active when this returns.</summary>
    public async Task<OneNode> JoinAsync()
    {
        var node = await NewNodeAsync();
        await node.JoinAsync(await GiveAsync());
        await UntilAsync(node, "it is active", shown => shown.State == "active" && shown.Health == "online" && shown.Standing.Length > 0);
        return node;
    }

    /// <summary>A node that runs, and is of no cluster.</summary>
    public async Task<OneNode> NewNodeAsync()
    {
        var node = new OneNode(Path.Combine(_folder.FullName, $"node{_nodes.Count}"));
        _nodes.Add(node);
        await node.StartAsync();
        return node;
    }

    public ValueTask<JoinToken> GiveAsync() => Members.Tokens.GiveAsync(TimeSpan.FromHours(1), [Url], new() { Address = "any:1" }, isVetting: false, None);

    public ValueTask<NodeModel> ShowAsync(OneNode node) => Admin.ShowAsync(node.Id.ToString(), None);

    /// <summary>Waits until a node is, to the gateway's operator, as it should be.</summary>
    public async Task<NodeModel> UntilAsync(OneNode node, string what, Func<NodeModel, bool> condition)
    {
        NodeModel? shown = null;
        await UntilAsync(() => $"{what}; now {shown?.State}/{shown?.Health} {shown?.Trouble} {shown?.Reason} {string.Join(" | ", shown?.Events.Select(one => one.Text) ?? [])}", async () => condition(shown = await ShowAsync(node)));
        return shown!;
    }

    public static async Task UntilAsync(Func<string> what, Func<ValueTask<bool>> condition)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(begun) > s_patience) throw new ShouldAssertException($"Not within {s_patience.TotalMinutes} minutes: {what()}");
            await Task.Delay(100);
        }
    }

    public Task UntilWholeAsync() => UntilAsync(() => "every segment is full", async () =>
        System.GetStatus().Repair is { Queued: 0, Running: 0 } && (await System.Metadata.GetTotalsAsync(None)).SegmentsNotFull == 0);

    /// <summary>Writes objects, each with a segment of its own.</summary>
    public async Task FillAsync(string prefix)
    {
        var bucket = await System.Metadata.FindBucketAsync("bucket", None)
            ?? (await System.Metadata.CreateBucketAsync(new() { Id = default, Name = "bucket", OwnerId = "root", Created = DateTimeOffset.UnixEpoch, Region = "us-east-1" }, None)).Bucket!;
        for (var number = 0; number < ObjectCount; number++)
        {
            var content = Content(prefix, number);
            var put = await System.Objects.PutObjectAsync(bucket, $"{prefix}{number}", "root", "STANDARD", ObjectAttributes.Empty, new ObjectBody(PipeReader.Create(new MemoryStream(content)), content.Length, null, null), WriteConditions.None, None);
            put.Outcome.ShouldBe(CommitOutcome.Done);
        }
    }

    /// <summary>Reads back what <see cref="FillAsync"/> wrote.</summary>
    public async Task CheckAsync(params string[] prefixes)
    {
        var bucket = await System.Metadata.FindBucketAsync("bucket", None);
        foreach (var (prefix, number) in from prefix in prefixes from number in Enumerable.Range(0, ObjectCount) select (prefix, number))
        {
            var version = await System.Metadata.FindVersionAsync(bucket!.Id, $"{prefix}{number}", null, None);
            await using var reader = await System.Objects.OpenAsync(version!, None);
            using var content = new MemoryStream();
            var writer = PipeWriter.Create(content, new StreamPipeWriterOptions(leaveOpen: true));
            await reader.CopyToAsync(0, version!.Size, writer, None);
            await writer.CompleteAsync();
            content.ToArray().AsSpan().SequenceEqual(Content(prefix, number)).ShouldBeTrue($"{prefix}{number}");
        }
    }

    /// <summary>Shards that are to be on a node.</summary>
    public async Task<ImmutableArray<ShardId>> ShardsOfAsync(OneNode node)
    {
        var store = StoreId.Parse((await ShowAsync(node)).Store);
        var rows = await System.Metadata.ListSegmentsAsync(default, 1_000, notFullOnly: false, store, None);
        return [.. from row in rows from index in Enumerable.Range(0, row.Shards.Length) where row.Shards[index] == store select new ShardId(row.Id, (byte)index)];
    }

    /// <summary>The node's store, past the gateway.</summary>
    public Task<NodeStore> OpenStoreAsync(OneNode node) => NodeStore.OpenAsync(node.Address, _endpoints.Identity, System.Cluster, Patient, None);

    /// <summary>A node's disk becomes a store of the cluster, and nothing else is done: as far as a replacement gets that breaks off.</summary>
    public async Task<StoreId> BeginStoreAsync(OneNode node) => (await System.AddDiskAsync(_endpoints.At(node.Address), None)).Store.Id;

    public async ValueTask DisposeAsync()
    {
        // With its nodes gone, what it still writes down would wait for a quorum, as long as that may take here.
        await CloseAsync();
        foreach (var node in _nodes) await node.DisposeAsync();
        _endpoints.Dispose();
        Root.Dispose();
        _folder.Delete(recursive: true);
    }

    private static byte[] Content(string prefix, int number)
    {
        var bytes = new byte[ObjectSize];
        new Random((prefix.Length * 1_000) + number).NextBytes(bytes);
        return bytes;
    }

    /// <summary>A real node with a clock and a directory of its own. A start makes it speak to its gateway at once.</summary>
    internal sealed class OneNode(string data) : IAsyncDisposable
    {
        private NodeHost? _host;
        private int _port;

        public string Data => data;

        public ShiftedTime Clock { get; } = new();

        public NodeId Id { get; private set; }

        public NodeAddress Address => new(Id, "127.0.0.1", _port);

        public async Task StartAsync(Func<NodeOptions, NodeOptions>? change = null)
        {
            var options = new NodeOptions
            {
                DataDirectory = data,
                Listen = new IPEndPoint(IPAddress.Loopback, _port),
                LogLevel = LogLevel.Error,
                StallTimeout = s_patience,
                Store = new LocalStoreOptions { VolumeSizeBytes = 4 << 20, AllocationStepBytes = 1 << 20, HeadroomBytes = 0, CompactionInterval = Timeout.InfiniteTimeSpan },
            };
            _host = await NodeHost.StartAsync(change?.Invoke(options) ?? options, Clock, None);
            (Id, _port) = (_host.Id, _host.EndPoint.Port);
        }

        public Task JoinAsync(JoinToken token) => _host!.JoinAsync(token, new(), None);

        public async Task StopAsync()
        {
            if (_host is not null) await _host.DisposeAsync();
            _host = null;
        }

        public async Task RestartAsync(Func<NodeOptions, NodeOptions>? change = null)
        {
            await StopAsync();
            await StartAsync(change);
        }

        /// <summary>Copies a part of its directory to somewhere else, over what is there.</summary>
        public void Copy(string part, string target)
        {
            if (Directory.Exists(target)) Directory.Delete(target, recursive: true);
            foreach (var file in Directory.EnumerateFiles(Path.Combine(data, part), "*", SearchOption.AllDirectories))
            {
                var copy = Path.Combine(target, Path.GetRelativePath(Path.Combine(data, part), file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }
        }

        public async ValueTask DisposeAsync() => await StopAsync();
    }
}
