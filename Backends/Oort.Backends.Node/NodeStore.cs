using System.Globalization;
using System.Runtime.CompilerServices;
using Oort.Checksums;
using Oort.Node.Protocol;

namespace Oort.Backends.Node;

/// <summary>A storage node as a store (docs/formats/node-protocol.md).</summary>
/// <remarks>
/// What failed on the way is repeated here, and nothing is done twice by it. A machine with another id, and a node whose disk was emptied or exchanged, is refused with kind Permanent.
/// </remarks>
public sealed partial class NodeStore : IStore
{
    private readonly NodeClient _client;
    private readonly NodeStoreOptions _options;
    private readonly SmallPuts _smallPuts;
    private readonly CollectingPlaces _collecting = new();
    private int _isDisposed;

    private NodeStore(NodeClient client, StoreId id, NodeStoreOptions options)
    {
        (_client, Id, _options) = (client, id, options);
        _smallPuts = new(client, options.SmallPutCountMax);
    }

    public StoreId Id { get; }

    public string Location => _client.Address.ToString();

    public StoreTraits Traits => _options.Traits ?? new StoreTraits { Kind = "node", Machine = FailureDomain, Device = FailureDomain };

    public string FailureDomain => _options.FailureDomain ?? $"node {_client.Address.Id.ToString()[..16]}";

    /// <summary>Who answers at an address. It is believed only that it has that key: what it holds must prove itself.</summary>
    /// <param name="own">The gateway cluster's key pair.</param>
    /// <exception cref="BackendException">Kind Transient: no node answers there.</exception>
    public static async Task<NodeAddress> IdentifyAsync(string host, int port, NodeIdentity own, NodeStoreOptions options, CancellationToken cancellationToken)
    {
        options.Validate();
        return new(await NodeConnections.IdentifyAsync(host, port, own, options, cancellationToken), host, port);
    }

    /// <summary>Asks a node what it is and has, without opening anything. Also says whether it can be reached, and lets itself be used.</summary>
    /// <param name="own">The gateway cluster's key pair.</param>
    /// <exception cref="BackendException">Permanent: another node is there, or one of another version. Unauthorized: it does not serve this cluster. Transient: not to be reached.</exception>
    public static async Task<NodeStatus> FindAsync(NodeAddress address, NodeIdentity own, NodeStoreOptions options, CancellationToken cancellationToken)
    {
        options.Validate();
        using var client = new NodeClient(address, own, options);
        return await ReadStatusAsync(client, cancellationToken);
    }

    /// <summary>Opens the store that is on a node.</summary>
    /// <param name="own">The gateway cluster's key pair; must live as long as the store.</param>
    /// <exception cref="BackendException">As of <see cref="FindAsync"/>; Permanent also: there is no store on the node, or another cluster's.</exception>
    public static Task<NodeStore> OpenAsync(NodeAddress address, NodeIdentity own, ClusterId cluster, NodeStoreOptions options, CancellationToken cancellationToken) =>
        OpenAsync(address, own, cluster, options, create: false, cancellationToken);

    /// <summary>Makes the blank disk of a node a store of this cluster, and opens it. Again, it opens the one that was made.</summary>
    /// <exception cref="BackendException">As of <see cref="OpenAsync(NodeAddress, NodeIdentity, ClusterId, NodeStoreOptions, CancellationToken)"/>.</exception>
    public static Task<NodeStore> CreateAsync(NodeAddress address, NodeIdentity own, ClusterId cluster, NodeStoreOptions options, CancellationToken cancellationToken) =>
        OpenAsync(address, own, cluster, options, create: true, cancellationToken);

    public ValueTask PutAsync(ShardId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, IShardStore.ShardLengthMax);
        var crc = Crc64Nvme.Compute(content.Span);
        return content.Length <= NodeLimits.BatchShardLengthMax ? new(_smallPuts.PutAsync(NameOf(id), content, crc, cancellationToken)) : new(PutWholeAsync(NameOf(id), content, crc, cancellationToken));
    }

    public async ValueTask<IShardWriter> BeginAsync(ShardId id, long length, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, IShardStore.ShardLengthMax);
        if (length <= NodeLimits.BatchShardLengthMax && _collecting.TryTake())
            return new CollectingWriter(NameOf(id), (int)length, _smallPuts, _collecting);
        return await UploadWriter.BeginAsync(_client, NameOf(id), length, cancellationToken);
    }

    public ValueTask<int> ReadAsync(ShardId id, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return new(ReadRangeAsync(NodePaths.Shard(NameOf(id)), offset, destination, cancellationToken));
    }

    public async ValueTask<long?> StatAsync(ShardId id, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        var reply = await _client.TrySendAsync<long?>(HttpMethod.Head, NodePaths.Shard(NameOf(id)), null, response => new(response.Number(NodeHeaders.Length)), cancellationToken);
        return reply.Failure switch
        {
            null => reply.Value,
            { Code: NodeErrorCode.NotFound } => null,
            var failure => throw failure.ToException(_client.Address.HostAndPort),
        };
    }

    public async ValueTask<DeleteOutcome> DeleteAsync(ShardId id, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        var reply = await _client.TrySendAsync(HttpMethod.Delete, NodePaths.Shard(NameOf(id)), WithBody, Nothing, cancellationToken);
        return reply.Failure switch
        {
            null => DeleteOutcome.Deleted,
            // An earlier attempt whose answer was lost has done it.
            { Code: NodeErrorCode.NotFound } => reply.Attempts > 1 ? DeleteOutcome.Deleted : DeleteOutcome.NotFound,
            var failure => throw failure.ToException(_client.Address.HostAndPort),
        };
    }

    public async IAsyncEnumerable<ShardInfo> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        ShardName? after = null;
        for (var hasMore = true; hasMore;)
        {
            var page = await _client.SendAsync(HttpMethod.Get, after is { } name ? $"{NodePaths.Shards}?after={name}" : NodePaths.Shards, null,
                async response => ShardPage.TryRead(await response.ReadCheckedAsync(ShardPage.SizeMax), out var read) && (after is null || read.Shards.Count == 0 || read.Shards[0].Shard > after) ? read : throw response.Wrong("a page of shards is none"),
                cancellationToken);
            foreach (var (shard, length) in page.Shards)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return new(new(new SegmentId(shard.Epoch, shard.Counter), shard.Index), length);
                after = shard;
            }

            hasMore = page.HasMore;
        }
    }

    public async ValueTask<StoreSpace> ProbeAsync(CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        var status = await ReadStatusAsync(_client, cancellationToken);
        if (status.Store != Id.ToString())
            throw new BackendException(BackendErrorKind.Permanent, $"{_client.Address.HostAndPort}: {(status.Store is null ? "the node's disk was emptied, or is not mounted" : $"another store ({status.Store}) is there now")}.");
        return new(status.CapacityBytes, status.FreeBytes, status.Refusal is { } refusal ? new(refusal, status.RefusalEndsByReopening) : null);
    }

    /// <summary>What the node says of itself now: also its clock, and how many stores it has begun.</summary>
    /// <exception cref="BackendException">As of <see cref="FindAsync"/>.</exception>
    public Task<NodeStatus> GetStatusAsync(CancellationToken cancellationToken) => ReadStatusAsync(_client, cancellationToken);

    /// <summary>A signed receipt for what the node holds of a shard now; it reads all of it.</summary>
    /// <exception cref="BackendException">Corrupt: signed by another node, for another shard or store, or not at all.</exception>
    public Task<StorageReceipt> GetReceiptAsync(ShardId id, CancellationToken cancellationToken) =>
        _client.SendAsync(HttpMethod.Get, NodePaths.ReceiptOf(NameOf(id)), null, async response =>
            StorageReceipt.TryRead(await response.ReadCheckedAsync(StorageReceipt.Size), out var receipt) && receipt.Node == _client.Address.Id && receipt.Shard == NameOf(id) && receipt.Store == Id.Value
                ? receipt
                : throw response.Wrong("the receipt is not signed by this node for this shard and store"), cancellationToken);

    /// <summary>Challenges the node to open leaves of a shard.</summary>
    /// <returns>An answer that is signed by this node and whose leaves lead to its root; whether that is the root of the right bytes is for the caller to compare.</returns>
    /// <exception cref="BackendException">Corrupt: it is no such answer.</exception>
    public Task<ChallengeAnswer> ChallengeAsync(Challenge challenge, CancellationToken cancellationToken)
    {
        var question = challenge.Encode();
        return _client.SendAsync(HttpMethod.Post, NodePaths.Challenge, (request, guard) => request.Content = new CheckedContent([question], Crc64Nvme.Compute(question), guard), async response =>
            ChallengeAnswer.TryRead(await response.ReadCheckedAsync(ChallengeAnswer.SizeMax), challenge, out var answer) && answer.Node == _client.Address.Id && answer.Store == Id.Value
                ? answer
                : throw response.Wrong("the answer to a challenge proves nothing"), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        await _client.CancelAsync();
        await _smallPuts.WhenIdleAsync();
        _client.Dispose();
    }

    internal static ShardName NameOf(ShardId id) => new(id.Segment.Epoch, id.Segment.Counter, id.Index);

    /// <summary>Requests without a body are sent again by the HTTP client itself, unseen; where the count of attempts matters, there is an empty one.</summary>
    private static void WithBody(HttpRequestMessage request, StallGuard guard) => request.Content = new ByteArrayContent([]);

    internal static ValueTask<bool> Nothing(NodeResponse response) => new(true);

    private static async Task<NodeStore> OpenAsync(NodeAddress address, NodeIdentity own, ClusterId cluster, NodeStoreOptions options, bool create, CancellationToken cancellationToken)
    {
        options.Validate();
        var client = new NodeClient(address, own, options);
        try
        {
            var status = create
                ? await client.SendAsync(HttpMethod.Put, $"{NodePaths.Store}?cluster={cluster}", null, response => ParseStatusAsync(response, address), cancellationToken)
                : await ReadStatusAsync(client, cancellationToken);
            if (status.Store is null)
                throw new BackendException(BackendErrorKind.Permanent, $"{address.HostAndPort} holds no store: the node is new, or its disk was emptied or is not mounted.");
            if (status.Cluster != cluster.ToString())
                throw new BackendException(BackendErrorKind.Permanent, $"{address.HostAndPort} holds a store of another cluster ({status.Cluster}, not {cluster}); it is left alone.");
            client.Store = status.Store;
            return new(client, StoreId.Parse(status.Store), options);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private static Task<NodeStatus> ReadStatusAsync(NodeClient client, CancellationToken cancellationToken) =>
        client.SendAsync(HttpMethod.Get, NodePaths.Status, null, response => ParseStatusAsync(response, client.Address), cancellationToken);

    private static async ValueTask<NodeStatus> ParseStatusAsync(NodeResponse response, NodeAddress address) =>
        NodeStatus.TryRead(await response.ReadAllAsync(NodeLimits.StatusSizeMax), out var status) && status.Node == address.Id.ToString()
            ? status.Protocol == NodeLimits.ProtocolVersion ? status : throw new BackendException(BackendErrorKind.Permanent, $"{address.HostAndPort} speaks version {status.Protocol} of the node protocol, this gateway {NodeLimits.ProtocolVersion}.")
            : throw response.Wrong("its status is none");

    /// <summary>Reads a range of a shard or log. Fewer bytes than asked are taken only at the end that the node itself says.</summary>
    private Task<int> ReadRangeAsync(string path, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var wanted = (int)Math.Min(destination.Length, NodeLimits.ShardLengthMax);
        return _client.SendAsync(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"{path}?offset={offset}&length={wanted}"), null, async response =>
        {
            var total = response.Number(NodeHeaders.Length);
            var count = await response.ReadCheckedAsync(destination[..wanted]);
            return count == Math.Clamp(total - offset, 0, wanted) ? count : throw response.Wrong("an answer has another length than was asked for");
        }, cancellationToken);
    }

    private Task<bool> PutWholeAsync(ShardName name, ReadOnlyMemory<byte> content, ulong crc, CancellationToken cancellationToken) =>
        _client.SendAsync(HttpMethod.Put, NodePaths.Shard(name), (request, guard) => request.Content = new CheckedContent([content], crc, guard), Nothing, cancellationToken);

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
}
