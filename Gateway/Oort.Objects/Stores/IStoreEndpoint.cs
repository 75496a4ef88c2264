using Oort.Backends;

namespace Oort.Objects;

/// <summary>A configured place where a store is, was or will be: a directory, a node's address. The host makes one for each <c>--disk</c>.</summary>
/// <remarks>Thread-safe. The store set calls it again after a store was lost, so it holds no state but its configuration.</remarks>
public interface IStoreEndpoint
{
    /// <summary>Path or address, for people and for telling one configured place from another. Unique among the endpoints of a system.</summary>
    string Location { get; }

    /// <summary>Opens the store that is there.</summary>
    /// <returns>Null when the place can be reached and nothing has ever been put there: a blank disk, or a mount point without its disk.</returns>
    /// <exception cref="BackendException">The place cannot be reached, or holds something that is not a whole store.</exception>
    ValueTask<IStore?> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Makes a new, empty store with a new identity at a blank place.</summary>
    /// <param name="cluster">The cluster that it will belong to.</param>
    /// <exception cref="BackendException">Not reachable, or not blank: nothing is ever overwritten.</exception>
    ValueTask<IStore> CreateAsync(ClusterId cluster, CancellationToken cancellationToken);
}

/// <summary>An endpoint for a store that is already open and outlives the system: it is handed out again and again.</summary>
public sealed class OpenStoreEndpoint(IStore store) : IStoreEndpoint
{
    public string Location => store.Location;

    public ValueTask<IStore?> OpenAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IStore?>(store);

    public ValueTask<IStore> CreateAsync(ClusterId cluster, CancellationToken cancellationToken) => ValueTask.FromResult(store);
}
