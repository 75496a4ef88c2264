using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Backends;

namespace Oort.Objects;

/// <summary>What was found at one configured place.</summary>
/// <param name="Found">The identity there; null when there is none.</param>
/// <param name="Store">The open store; null when there is none, or it could not be opened.</param>
/// <param name="IsBlank">The place can be reached and nothing was ever put there.</param>
/// <param name="Failure">Why it could not be reached or opened; empty otherwise.</param>
internal sealed record OpenedStore(IStoreEndpoint Endpoint, FoundStore? Found, IStore? Store, bool IsBlank, string Failure)
{
    /// <summary>The place answered, and lets this cluster's key do nothing.</summary>
    public bool IsUnauthorized { get; private init; }

    /// <summary>Looks at all places at the same time; opens nothing.</summary>
    /// <param name="timeout">A place that takes longer counts as away for now; it is opened later.</param>
    public static async ValueTask<ImmutableArray<OpenedStore>> FindAllAsync(IReadOnlyList<IStoreEndpoint> endpoints, TimeSpan timeout, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        if (endpoints.Count == 0) throw new StartRefusedException(StartRefusal.Configuration, "No disks are configured and no nodes are known; give at least one disk with --disk.");
        if (endpoints.Select(endpoint => endpoint.Location).Distinct(StringComparer.Ordinal).Count() != endpoints.Count) throw new StartRefusedException(StartRefusal.Configuration, "A disk or node is configured twice.");
        var found = await Task.WhenAll(endpoints.Select(endpoint => FindAsync(endpoint, timeout, time, logger, cancellationToken)));
        var twice = found.Where(one => one.Found is not null).GroupBy(one => one.Found!.Value.Id).FirstOrDefault(group => group.Count() > 1);
        return twice is null
            ? [.. found]
            : throw new StartRefusedException(StartRefusal.Configuration, $"{string.Join(" and ", twice.Select(one => one.Endpoint.Location))} are the same store ({twice.Key}): one is a copy of the other. Configure only one of them.");
    }

    /// <summary>The cluster that all the stores belong to that say so; null when none does.</summary>
    /// <exception cref="StartRefusedException">They belong to several.</exception>
    public static ClusterId? CommonCluster(ImmutableArray<OpenedStore> found)
    {
        var clusters = found.Where(one => one.Found?.Cluster is not null).GroupBy(one => one.Found!.Value.Cluster!.Value).ToList();
        return clusters.Count <= 1
            ? clusters.FirstOrDefault()?.Key
            : throw new StartRefusedException(StartRefusal.OtherCluster, $"The disks belong to different clusters: {string.Join("; ", clusters.Select(cluster => $"{cluster.Key} has {string.Join(", ", cluster.Select(one => one.Endpoint.Location))}"))}. Give only those of one.");
    }

    /// <summary>Opens the stores that were found, all at the same time.</summary>
    public static async ValueTask<ImmutableArray<OpenedStore>> OpenAllAsync(ImmutableArray<OpenedStore> found, ClusterId cluster, TimeSpan timeout, TimeProvider time, ILogger logger, CancellationToken cancellationToken) =>
        [.. await Task.WhenAll(found.Select(one => one.OpenAsync(cluster, timeout, time, logger, cancellationToken)))];

    /// <summary>Closes what was opened, for a start that is refused.</summary>
    public static async ValueTask CloseAsync(IEnumerable<OpenedStore> opened)
    {
        foreach (var one in opened)
            if (one is { Store: { } store, Endpoint: not OpenStoreEndpoint })
                await store.DisposeAsync();
    }

    private static async Task<OpenedStore> FindAsync(IStoreEndpoint endpoint, TimeSpan timeout, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            var found = await Task.Run(async () => await endpoint.FindAsync(cancellationToken), cancellationToken).WaitAsync(timeout, time, cancellationToken);
            return new(endpoint, found, null, IsBlank: found is null, "");
        }
        catch (TimeoutException)
        {
            return new(endpoint, null, null, IsBlank: false, $"It did not answer within {timeout.TotalSeconds:0.#} s; it is tried again.");
        }
        catch (BackendException failure)
        {
            logger.LogWarning(failure, "{Location} could not be looked at.", endpoint.Location);
            return new(endpoint, null, null, IsBlank: false, failure.Message) { IsUnauthorized = failure.Kind == BackendErrorKind.Unauthorized };
        }
    }

    private async Task<OpenedStore> OpenAsync(ClusterId cluster, TimeSpan timeout, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        if (Found is null) return this;
        var opening = Task.Run(async () => await Endpoint.OpenAsync(cluster, cancellationToken), cancellationToken);
        try
        {
            return this with { Store = await opening.WaitAsync(timeout, time, cancellationToken) };
        }
        catch (TimeoutException)
        {
            // The store set opens it again; this one, should it still come, is only in its way.
            if (Endpoint is not OpenStoreEndpoint) _ = opening.ContinueWith(late => late.Result.DisposeAsync().AsTask(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            return this with { Failure = $"It could not be opened within {timeout.TotalSeconds:0.#} s; it is tried again." };
        }
        catch (BackendException failure)
        {
            logger.LogWarning(failure, "{Location} could not be opened.", Endpoint.Location);
            return this with { Failure = failure.Message };
        }
    }
}
