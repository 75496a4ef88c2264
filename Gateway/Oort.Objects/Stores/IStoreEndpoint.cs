using Oort.Backends;

namespace Oort.Objects;

/// <summary>What is at a configured place, by its identity file alone.</summary>
/// <param name="Cluster">The cluster that it was made for; null where its kind of store does not say.</param>
public readonly record struct FoundStore(StoreId Id, ClusterId? Cluster);

/// <summary>A configured place where a store is, was or will be: a directory, a node's address. The host makes one for each <c>--disk</c>.</summary>
/// <remarks>Thread-safe. The store set calls it again after a store was lost, so it holds no state but its configuration.</remarks>
public interface IStoreEndpoint
{
    /// <summary>Path or address, for people and for telling one configured place from another. Unique among the endpoints of a system.</summary>
    string Location { get; }

    /// <summary>Looks what is there, without opening it.</summary>
    /// <returns>Null when the place can be reached and nothing has ever been put there: a blank disk, or a mount point without its disk.</returns>
    /// <exception cref="BackendException">The place cannot be reached, or holds something that is not a store.</exception>
    ValueTask<FoundStore?> FindAsync(CancellationToken cancellationToken);

    /// <summary>Opens the store that is there.</summary>
    /// <param name="cluster">The cluster that it must be of.</param>
    /// <exception cref="BackendException">It cannot be reached, is blank, of another cluster, or not a whole store.</exception>
    ValueTask<IStore> OpenAsync(ClusterId cluster, CancellationToken cancellationToken);

    /// <summary>Makes a new, empty store with a new identity at a blank place, and opens it.</summary>
    /// <param name="cluster">The cluster that it will belong to.</param>
    /// <exception cref="BackendException">Not reachable, or not blank: nothing is ever overwritten.</exception>
    ValueTask<IStore> CreateAsync(ClusterId cluster, CancellationToken cancellationToken);
}

/// <summary>An endpoint for a store that is already open and outlives the system: it is handed out again and again.</summary>
public sealed class OpenStoreEndpoint(IStore store) : IStoreEndpoint
{
    public string Location => store.Location;

    public ValueTask<FoundStore?> FindAsync(CancellationToken cancellationToken) => ValueTask.FromResult<FoundStore?>(new(store.Id, null));

    public ValueTask<IStore> OpenAsync(ClusterId cluster, CancellationToken cancellationToken) => ValueTask.FromResult(store);

    public ValueTask<IStore> CreateAsync(ClusterId cluster, CancellationToken cancellationToken) => ValueTask.FromResult(store);
}

/// <summary>The place of a store that the cluster knows and that this start was not given.</summary>
internal sealed class UnconfiguredEndpoint(string location) : IStoreEndpoint
{
    public string Location => location;

    public ValueTask<FoundStore?> FindAsync(CancellationToken cancellationToken) => throw Failure();

    public ValueTask<IStore> OpenAsync(ClusterId cluster, CancellationToken cancellationToken) => throw Failure();

    public ValueTask<IStore> CreateAsync(ClusterId cluster, CancellationToken cancellationToken) => throw Failure();

    private BackendException Failure() => new(BackendErrorKind.Permanent, $"{location} is not among the configured disks.");
}
