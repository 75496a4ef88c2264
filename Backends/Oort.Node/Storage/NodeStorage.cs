using System.Buffers.Binary;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Backends.Local;
using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>The store on the node's disk: none until a gateway has it made, then one for good.</summary>
internal sealed class NodeStorage : IAsyncDisposable
{
    private readonly NodeDirectory _directory;
    private readonly NodeOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _making = new(1, 1);
    private readonly SpaceCap _space;
    private volatile LocalStore? _store;

    private NodeStorage(NodeDirectory directory, NodeOptions options, TimeProvider time, ILogger logger)
    {
        (_directory, _options, _time, _logger) = (directory, options, time, logger);
        _space = new(directory.StorePath, options.SpaceBytes, time);
    }

    /// <summary>The open store, or null.</summary>
    public LocalStore? Store => _store;

    /// <exception cref="NodeStartException">There is a store and it cannot be opened, or is not this node's.</exception>
    public static async Task<NodeStorage> OpenAsync(NodeDirectory directory, NodeOptions options, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var storage = new NodeStorage(directory, options, time, logger);
        await storage._space.BeginAsync();
        if (await directory.FindStoreAsync(cancellationToken) is { } found)
        {
            try
            {
                storage._store = await Task.Run(() => LocalStore.Open(directory.OpenStoreDisk(), found.Cluster, options.Store, logger), cancellationToken);
            }
            catch (BackendException e)
            {
                throw new NodeStartException($"{directory.StorePath} cannot be opened: {e.Message}", e);
            }
        }
        else if (directory.State.Store is { } lost)
        {
            logger.LogWarning("{Path} is empty and held store {Store}: the disk is not mounted, or was emptied. Gateways are told so; nothing is put there until one of them says so.", directory.StorePath, lost);
        }

        return storage;
    }

    /// <summary>Makes the blank disk a store: (1) remembered, (2) made, (3) opened.</summary>
    /// <exception cref="NodeRequestException">There is another cluster's.</exception>
    public async Task CreateAsync(ClusterId cluster, CancellationToken cancellationToken)
    {
        await _making.WaitAsync(cancellationToken);
        try
        {
            if (_store is { } present)
            {
                if (present.Cluster != cluster) throw new NodeRequestException(NodeErrorCode.OtherStore, $"The node holds a store of another cluster ({present.Cluster}).");
                return;
            }

            var bytes = new byte[StoreId.Size];
            _options.Random(bytes);
            var id = new StoreId(BinaryPrimitives.ReadUInt128BigEndian(bytes));
            _directory.BeginStore(id, cluster);
            _store = await Task.Run(() => Make(id, cluster), CancellationToken.None);
            _logger.LogInformation("{Path} is now store {Store} of cluster {Cluster}.", _directory.StorePath, id, cluster);
        }
        finally
        {
            _making.Release();
        }
    }

    /// <summary>The store that a request means.</summary>
    /// <exception cref="NodeRequestException">There is none, or another.</exception>
    public LocalStore Get(string? id)
    {
        if (_store is not { } store) throw new NodeRequestException(NodeErrorCode.NoStore, "There is no store on the node's disk: it is new, was emptied, or is not mounted.");
        if (id is not { Length: 32 } || !id.All(char.IsAsciiHexDigitLower)) throw new NodeRequestException(NodeErrorCode.BadRequest, $"A request names the store that it means in {NodeHeaders.Store}.");
        return store.Id.ToString() == id ? store : throw new NodeRequestException(NodeErrorCode.OtherStore, $"The node holds store {store.Id}.");
    }

    /// <summary>Before bytes are taken: the owner's hours and space.</summary>
    /// <exception cref="BackendException">Kind ReadOnly or Full.</exception>
    public void Admit(long bytes)
    {
        if (OwnersRefusal() is { } refusal) throw new BackendException(BackendErrorKind.ReadOnly, refusal);
        _space.Take(bytes);
    }

    /// <summary>Space and refusal, asked from the disk itself.</summary>
    /// <exception cref="BackendException">The disk is gone, or another one is there.</exception>
    public async Task<StoreSpace> ProbeAsync(LocalStore store, CancellationToken cancellationToken)
    {
        var space = _space.Limit(await store.ProbeAsync(cancellationToken));
        return space.Refusal is null && OwnersRefusal() is { } refusal ? space with { Refusal = new(refusal, EndsByReopening: false) } : space;
    }

    public async ValueTask DisposeAsync()
    {
        if (_store is { } store) await store.DisposeAsync();
        _making.Dispose();
    }

    private LocalStore Make(StoreId id, ClusterId cluster)
    {
        var disk = _directory.OpenStoreDisk();
        LocalStore.Initialise(disk, id, cluster, _time);
        return LocalStore.Open(disk, cluster, _options.Store, _logger);
    }

    private string? OwnersRefusal() =>
        _options.Hours is { } hours && !hours.Contains(_time.GetLocalNow()) ? $"The node's owner lets it take data from {hours.From}:00 to {hours.To}:00." : null;
}
