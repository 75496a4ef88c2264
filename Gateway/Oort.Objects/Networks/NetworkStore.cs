using System.Runtime.CompilerServices;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Networks;

/// <summary>An outside network as reads, repair and the collector see it: a store whose shards lie in items. What puts items there is <see cref="ItemPlanner"/>.</summary>
/// <remarks>Thread-safe. A network that cannot be opened is one too: its shards cannot be read, and are let go of all the same.</remarks>
internal sealed class NetworkStore(NetworkDefinition definition, INetworkBackend? backend, string fault, NetworkTally tally, NetworkBlocks blocks, IMetadataStore metadata, TimeProvider time) : IStore
{
    /// <summary>Shards asked for at a time when they are listed.</summary>
    private const int PageSize = 1_000;

    public NetworkDefinition Definition => definition;

    /// <summary>Null: it cannot be opened; <see cref="Fault"/> says why.</summary>
    public INetworkBackend? Backend => backend;

    /// <summary>Why it cannot be opened; otherwise empty.</summary>
    public string Fault => fault;

    /// <summary>What this gateway has seen of it.</summary>
    public NetworkTally Tally => tally;

    public StoreId Id => definition.Id;

    public string Location => $"{definition.Name} ({backend?.Location ?? definition.Kind})";

    public string FailureDomain => $"network/{definition.Name}";

    public StoreTraits Traits { get; } = new()
    {
        Kind = definition.Kind,
        Operator = definition.Operator.Length > 0 ? definition.Operator : $"network/{definition.Name}",
        Network = $"network/{definition.Name}",
        Machine = $"network/{definition.Name}",
        Device = $"network/{definition.Name}",
        Region = definition.Region,
        Country = definition.Country,
    };

    /// <summary>What a read takes, in milliseconds, as its backend declares it.</summary>
    public double LatencyMilliseconds => backend?.Traits.Latency switch
    {
        Latency.Hot => 100,
        Latency.Warm => 2_000,
        Latency.Cold => 60_000,
        _ => 12 * 3_600_000.0,
    };

    public ValueTask<int> ReadAsync(ShardId id, long offset, Memory<byte> destination, CancellationToken cancellationToken) => ReadAsync(id, offset, destination, isOwn: false, cancellationToken);

    /// <param name="isOwn">Oort reads for itself and not for a client. Who asks first for a block that others want too is charged for it.</param>
    public async ValueTask<int> ReadAsync(ShardId id, long offset, Memory<byte> destination, bool isOwn, CancellationToken cancellationToken)
    {
        var found = await FindAsync(id, cancellationToken) ?? throw new BackendException(BackendErrorKind.NotFound, $"Network {definition.Name} has no shard {id}.");
        var opened = Opened();
        var count = (int)Math.Clamp(found.Place.Length - offset, 0, destination.Length);
        if (count == 0) return 0;
        var item = found.Item.Item;
        var read = await blocks.ReadAsync(Id, item.Id, item.Length, found.Place.Offset + offset, destination[..count], (at, into, stop) => ReadAsync(opened, found.Item, at, into, isOwn, stop), cancellationToken);
        return read == count ? count : throw new BackendException(BackendErrorKind.Corrupt, $"Network {definition.Name} gave {read} bytes of shard {id} where {count} were asked for.");
    }

    public async ValueTask<long?> StatAsync(ShardId id, CancellationToken cancellationToken) => (await FindAsync(id, cancellationToken))?.Place.Length;

    /// <inheritdoc/>
    /// <remarks>Lets go of it; its item goes when nothing else in it is wanted.</remarks>
    public async ValueTask<DeleteOutcome> DeleteAsync(ShardId id, CancellationToken cancellationToken)
    {
        if (await metadata.FindItemOfAsync(Id, id, cancellationToken) is null) return DeleteOutcome.NotFound;
        await metadata.RemoveItemShardsAsync(Id, [id], cancellationToken);
        return backend?.Traits.Retention == Retention.Permanent ? DeleteOutcome.Undeletable : DeleteOutcome.Scheduled;
    }

    public async IAsyncEnumerable<ShardInfo> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for ((StoreId, ItemId)? after = null; ;)
        {
            var items = await metadata.ListItemsAsync(Id, after, PageSize, cancellationToken);
            foreach (var item in items.Where(item => item.Item.IsCopy))
            {
                for (ShardId? afterShard = null; ;)
                {
                    var shards = await metadata.ListItemShardsAsync(Id, item.Item.Id, afterShard, PageSize, cancellationToken);
                    foreach (var shard in shards) yield return new(shard.Shard, shard.Length);
                    if (shards.Length < PageSize) break;
                    afterShard = shards[^1].Shard;
                }
            }

            if (items.Length < PageSize) yield break;
            after = (Id, items[^1].Item.Id);
        }
    }

    public async ValueTask<StoreSpace> ProbeAsync(CancellationToken cancellationToken)
    {
        await Opened().TestAsync(cancellationToken);
        return new(null, null);
    }

    public ValueTask PutAsync(ShardId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => throw Refusal();

    public ValueTask<IShardWriter> BeginAsync(ShardId id, long length, CancellationToken cancellationToken) => throw Refusal();

    public ValueTask PutBlobAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => throw Refusal();

    public ValueTask<byte[]?> GetBlobAsync(string name, CancellationToken cancellationToken) => throw Refusal();

    public ValueTask DeleteBlobAsync(string name, CancellationToken cancellationToken) => throw Refusal();

    public IAsyncEnumerable<string> ListBlobsAsync(string prefix, CancellationToken cancellationToken) => throw Refusal();

    public ValueTask AppendLogAsync(string name, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => throw Refusal();

    public ValueTask<int> ReadLogAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken) => throw Refusal();

    public ValueTask<long> LogLengthAsync(string name, CancellationToken cancellationToken) => throw Refusal();

    public ValueTask DeleteLogAsync(string name, CancellationToken cancellationToken) => throw Refusal();

    public IAsyncEnumerable<string> ListLogsAsync(string prefix, CancellationToken cancellationToken) => throw Refusal();

    public ValueTask DisposeAsync() => backend?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Some of what it gave is not what was put: nothing that was kept of it is used again.</summary>
    public void Doubt() => blocks.Doubt(Id);

    /// <summary>A read that is counted. One that was given up after twice the time that it should take has failed, too.</summary>
    private async ValueTask<int> ReadAsync(INetworkBackend opened, ItemRow item, long offset, Memory<byte> destination, bool isOwn, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        try
        {
            var read = await opened.ReadAsync(item.Item.Receipt!, offset, destination, cancellationToken);
            tally.Read(read, time.GetElapsedTime(begun), item.MainBucket, isOwn);
            return read;
        }
        catch (BackendException failure)
        {
            tally.ReadFailed(failure.Kind, time.GetElapsedTime(begun));
            throw;
        }
        catch (OperationCanceledException)
        {
            if (time.GetElapsedTime(begun) is var took && took.TotalMilliseconds >= 2 * LatencyMilliseconds) tally.ReadFailed(BackendErrorKind.Transient, took);
            throw;
        }
    }

    /// <summary>Its item, if that counts as a copy.</summary>
    private async ValueTask<FoundItem?> FindAsync(ShardId id, CancellationToken cancellationToken) =>
        await metadata.FindItemOfAsync(Id, id, cancellationToken) is { Item.Item: { IsCopy: true, Receipt: not null } } found ? found : null;

    private INetworkBackend Opened() => backend ?? throw new BackendException(BackendErrorKind.Transient, $"Network {definition.Name} cannot be opened: {fault}");

    private BackendException Refusal() => new(BackendErrorKind.ReadOnly, $"Network {definition.Name} takes shards as items only, and neither blobs nor logs.");
}
