using System.Globalization;
using Oort.Backends;

namespace Oort.Objects;

/// <summary>The watch over each store.</summary>
public sealed partial class StoreSet
{
    /// <summary>Probes one store until it is removed or the set ends. At most one probe of a store is under way, so a medium that hangs costs one task.</summary>
    private async Task WatchAsync(StoreSlot slot, CancellationToken stop)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(stop, slot.Watching);
        try
        {
            while (true)
            {
                await Task.Delay(options.ProbeInterval, time, linked.Token);
                Publish(await ProbeAsync(slot, linked.Token));
                LookAtDistances();
                if (slot.Health == StoreHealth.Offline) await ReopenIfDueAsync(slot, linked.Token);
                else if (slot.NeedsReopening) await ReopenInTurnAsync(slot, linked.Token);
                else slot.ReopenedAt = 0;
            }
        }
        catch (OperationCanceledException) when (linked.IsCancellationRequested)
        {
            // The watch ends with the set or the slot.
        }
    }

    /// <summary>At most once in a probe's interval, whichever store's: it looks at all of them.</summary>
    private void LookAtDistances()
    {
        var looked = Interlocked.Read(ref distancesLookedAt);
        if (looked != 0 && time.GetElapsedTime(looked) < options.ProbeInterval) return;
        Interlocked.Exchange(ref distancesLookedAt, Math.Max(1, time.GetTimestamp()));
        var (least, most) = (double.MaxValue, 0.0);
        foreach (var slot in slots)
        {
            if (!slot.TakesReads || slot.ProbeCount == 0) continue;
            least = Math.Min(least, slot.LatencyMilliseconds);
            most = Math.Max(most, slot.LatencyMilliseconds);
        }

        doDistancesMatter = most > Reading.Distance.Limit(least) || most >= Reading.Distance.FarMin;
    }

    private async ValueTask<StoreHealthChange?> ProbeAsync(StoreSlot slot, CancellationToken stop)
    {
        if (slot.Store is not { } store) return null;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var begun = time.GetTimestamp();
        var probe = ProbeIdentityAsync(store, slot.Id, timeout.Token);
        try
        {
            var space = await probe.WaitAsync(options.ProbeTimeout, time, stop);
            slot.ObserveLatency(time.GetElapsedTime(begun));
            return slot.ProbeSucceeded(space, options.RoomBytes);
        }
        catch (TimeoutException)
        {
            // 1. It counts as failed now. 2. The next probe begins only when this one has ended: a hung disk would else collect tasks.
            Publish(slot.ProbeFailed(BackendErrorKind.Permanent, string.Create(CultureInfo.InvariantCulture, $"It did not answer within {options.ProbeTimeout.TotalSeconds} s."), options));
            await timeout.CancelAsync();
            await ((Task)probe).WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.ThrowIfCancellationRequested();
            return null;
        }
        catch (BackendException failure)
        {
            return slot.ProbeFailed(failure.Kind, failure.Message, options);
        }
    }

    private static async Task<StoreSpace> ProbeIdentityAsync(IStore store, StoreId expected, CancellationToken cancellationToken)
    {
        var space = await store.ProbeAsync(cancellationToken);
        return store.Id == expected ? space : throw new BackendException(BackendErrorKind.Permanent, $"Another store ({store.Id}) is in its place.");
    }

    /// <summary>Opens a store anew that can be read until then: one at a time, so that the others' shards stay readable. One that hangs holds up the next for a probe's patience only.</summary>
    private async ValueTask ReopenInTurnAsync(StoreSlot slot, CancellationToken stop)
    {
        var isMyTurn = await reopening.WaitAsync(options.ProbeTimeout, stop);
        try
        {
            await ReopenIfDueAsync(slot, stop);
        }
        finally
        {
            if (isMyTurn) reopening.Release();
        }
    }

    /// <summary>Closes and opens a store that has been offline or read-only for a while: what a probe cannot heal (a poisoned volume, a file system mounted again), a fresh start does.</summary>
    private async ValueTask ReopenIfDueAsync(StoreSlot slot, CancellationToken stop)
    {
        if (slot.Store is not null && time.GetElapsedTime(Math.Max(slot.TroubledSince, slot.ReopenedAt)) < options.ReopenAfter) return;
        slot.ReopenedAt = Math.Max(1, time.GetTimestamp());
        await CloseAsync(slot);
        try
        {
            var found = await slot.Endpoint.FindAsync(stop).AsTask().WaitAsync(stop);
            if (found is null)
            {
                Publish(slot.Missing("There is a blank directory in its place: the disk is not mounted, or has been replaced (oort disk replace)."));
            }
            else if (found.Value.Id != slot.Id)
            {
                Publish(slot.Missing($"Another store ({found.Value.Id}) is in its place."));
            }
            else
            {
                slot.Attach(Patient(await slot.Endpoint.OpenAsync(cluster, stop).AsTask().WaitAsync(stop)));
                Publish(await ProbeAsync(slot, stop));
            }
        }
        catch (BackendException failure)
        {
            Publish(slot.Missing(failure.Message));
        }
    }

    private async ValueTask CloseAsync(StoreSlot slot)
    {
        if (slot.Detach() is { } store) await DisposeQuietlyAsync(slot.Endpoint, store);
    }

    /// <summary>Closes a store whose failure to close nobody can act on: what it has acknowledged is durable already. Gives up after the probe timeout, since a hung medium hangs here too.</summary>
    private async ValueTask DisposeQuietlyAsync(IStoreEndpoint endpoint, IStore store)
    {
        if (endpoint is OpenStoreEndpoint) return;
        try
        {
            await store.DisposeAsync().AsTask().WaitAsync(options.ProbeTimeout, time);
        }
        catch (Exception failure) when (failure is BackendException or IOException or TimeoutException)
        {
            LogCloseFailed(logger, endpoint.Location, failure);
        }
    }

    [Microsoft.Extensions.Logging.LoggerMessage(Level = Microsoft.Extensions.Logging.LogLevel.Warning, Message = "Store {Location} could not be closed cleanly.")]
    private static partial void LogCloseFailed(Microsoft.Extensions.Logging.ILogger logger, string location, Exception failure);
}
