using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>The stores that a recovery reads: those it was told of, and those that these know of.</summary>
internal sealed class RecoverySources(RecoveryOptions options, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private ImmutableArray<OpenedStore> opened = [];
    private ClusterId? common;

    /// <summary>Stores that are open.</summary>
    public IReadOnlyList<IStore> Readable => [.. opened.Select(one => one.Store).OfType<IStore>()];

    /// <summary>Looks at the places that were named and opens the stores there.</summary>
    /// <exception cref="StartRefusedException">None holds a store, they belong to several clusters, or the nodes know nobody with this root key.</exception>
    public async Task OpenAsync(IReadOnlyList<IStoreEndpoint> endpoints, CancellationToken cancellationToken)
    {
        var found = await OpenedStore.FindAllAsync(endpoints, options.OpenTimeout, time, logger, cancellationToken);
        if (found.All(one => one.Found is null))
        {
            if (found.Any(one => one.IsUnauthorized))
                throw new StartRefusedException(StartRefusal.WrongRoot, $"The recovery phrase is not the one of the cluster that these nodes serve: they let nobody in with it ({string.Join(", ", found.Where(one => one.IsUnauthorized).Select(one => one.Endpoint.Location))}).");
            throw new StartRefusedException(StartRefusal.TooFewStores, $"None of the places holds a store that can be read ({string.Join("; ", found.Select(one => one.Failure.Length > 0 ? $"{one.Endpoint.Location}: {one.Failure}" : one.Endpoint.Location))}). Mount the disks and start the nodes, or name others with --disk and --node.");
        }

        common = OpenedStore.CommonCluster(found);
        opened = await OpenedStore.OpenAllAsync(found, common ?? default, options.OpenTimeout, time, logger, cancellationToken);
    }

    /// <summary>Opens the newest keyring that the open stores hold.</summary>
    /// <exception cref="StartRefusedException">The root key is not theirs, none is whole, or it is another cluster's.</exception>
    public async Task<Keyring> OpenKeyringAsync(RootKey root, CancellationToken cancellationToken)
    {
        var copies = await KeyringReplicas.ReadAsync(Readable, logger, cancellationToken);
        var keyring = KeyringReplicas.Open(copies.Select(copy => copy.Bytes).OfType<byte[]>(), root);
        if (common is not { } cluster || cluster.Value == keyring.Identity) return keyring;
        keyring.Dispose();
        throw new StartRefusedException(StartRefusal.OtherCluster, "The keyrings on the stores belong to another cluster than the stores.");
    }

    /// <summary>Opens the stores that the cluster knows, that were not named, and that can be found all the same: storage nodes.</summary>
    /// <returns>Whether any was opened.</returns>
    public async Task<bool> FollowAsync(ImmutableArray<StoreRow> rows, CancellationToken cancellationToken)
    {
        if (options.Locate is not { } locate) return false;
        var endpoints = rows.Where(row => row.State != StoreState.Removed && opened.All(one => one.Found?.Id != row.Id))
            .Select(row => locate(row.Location)).OfType<IStoreEndpoint>()
            .DistinctBy(endpoint => endpoint.Location).Where(endpoint => opened.All(one => one.Endpoint.Location != endpoint.Location)).ToList();
        if (endpoints.Count == 0) return false;
        var found = await OpenedStore.FindAllAsync(endpoints, options.OpenTimeout, time, logger, cancellationToken);
        // What is at such a place now may be anything; only stores that are rightly there count.
        found = [.. found.Select(one => one.Found is { } store && rows.Any(row => row.Id == store.Id) && opened.All(other => other.Found?.Id != store.Id) ? one : one with { Found = null })];
        var more = await OpenedStore.OpenAllAsync(found, common ?? default, options.OpenTimeout, time, logger, cancellationToken);
        opened = [.. opened, .. more];
        foreach (var one in more.Where(one => one.Store is not null)) logger.LogInformation("{Location} is known to the cluster and is read too.", one.Endpoint.Location);
        return more.Any(one => one.Store is not null);
    }

    /// <summary>Stores of the cluster and places that were named of which nothing could be read, and why.</summary>
    public ImmutableArray<UnreadStore> Unread(ImmutableArray<StoreRow> rows)
    {
        var unread = opened.Where(one => one.Store is null)
            .Select(one => new UnreadStore(one.Endpoint.Location, one.IsBlank ? "There is nothing there." : one.Failure.Length > 0 ? one.Failure : "What is there is none of the cluster's stores."));
        var unnamed = rows.Where(row => row.State != StoreState.Removed && opened.All(one => one.Found?.Id != row.Id && one.Endpoint.Location != row.Location))
            .Select(row => new UnreadStore(row.Location, "It was not named."));
        return [.. unread, .. unnamed];
    }

    public ValueTask DisposeAsync() => OpenedStore.CloseAsync(opened);
}
