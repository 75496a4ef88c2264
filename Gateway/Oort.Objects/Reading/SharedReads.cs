namespace Oort.Objects.Reading;

/// <summary>Lets readers that want the same bytes at the same time share one read and its buffer.</summary>
/// <remarks>
/// Thread-safe. A read belongs to all who wait for it: it is cancelled when the last of them has gone, and its failure is told to each. Holds one entry a read that is
/// under way, each of which has its share of the buffer budget or waits for it in a line that is bounded.
/// </remarks>
/// <typeparam name="TKey">Names bytes that never change.</typeparam>
internal sealed class SharedReads<TKey>
    where TKey : notnull
{
    private readonly Lock gate = new();
    private readonly Dictionary<TKey, Flight> flights = [];
    private long joinedCount;

    /// <summary>Readers that found their read under way.</summary>
    public long JoinedCount => Volatile.Read(ref joinedCount);

    /// <summary>Joins the read of these bytes that is under way.</summary>
    /// <param name="wait">How long this reader would wait for memory. A read that waits less long is not joined: its failure would not be this reader's.</param>
    /// <returns>The bytes, to be disposed; null when there is no such read.</returns>
    public Task<StripeBytes>? TryJoin(TKey range, TimeSpan wait, CancellationToken cancellationToken)
    {
        Flight? flight;
        lock (gate) flight = Join(range, wait);
        return flight is null ? null : TakeAsync(flight, flight.Told.Task, cancellationToken);
    }

    /// <summary>Joins the read of these bytes, or begins it.</summary>
    /// <param name="read">Reads them; its token is cancelled when nobody waits any more.</param>
    /// <param name="onRead">Is shown what was read, and whether others joined. Must not throw.</param>
    public Task<StripeBytes> ReadAsync(TKey range, TimeSpan wait, Func<CancellationToken, ValueTask<StripeBytes>> read, Action<ReadOnlyMemory<byte>, bool> onRead, CancellationToken cancellationToken)
    {
        Flight? joined;
        var begun = new Flight(range, wait);
        lock (gate)
        {
            joined = Join(range, wait);
            if (joined is null) flights[range] = begun;
        }
        return joined is null ? TakeAsync(begun, RunAsync(begun, read, onRead), cancellationToken) : TakeAsync(joined, joined.Told.Task, cancellationToken);
    }

    /// <summary>Under the gate.</summary>
    private Flight? Join(TKey range, TimeSpan wait)
    {
        if (!flights.TryGetValue(range, out var flight) || flight.Wait < wait) return null;
        joinedCount++;
        flight.WaiterCount++;
        flight.IsJoined = true;
        return flight;
    }

    private async Task<SharedBytes> RunAsync(Flight flight, Func<CancellationToken, ValueTask<StripeBytes>> read, Action<ReadOnlyMemory<byte>, bool> onRead)
    {
        try
        {
            var bytes = await read(flight.Stop.Token);
            // Before the read has landed: who comes in between joins it, and does not read again.
            onRead(bytes.Payload, flight.IsJoined);
            var shared = new SharedBytes(bytes, bytes.Payload);
            Land(flight);
            flight.Told.SetResult(shared);
            return shared;
        }
        catch (Exception e)
        {
            Land(flight);
            flight.Told.SetException(e);
            // Looked at here, since there may be nobody to whom it is told.
            _ = flight.Told.Task.Exception;
            throw;
        }
    }

    /// <summary>Nobody joins any more.</summary>
    private void Land(Flight flight)
    {
        lock (gate)
        {
            if (flights.GetValueOrDefault(flight.Range) == flight) flights.Remove(flight.Range);
        }
    }

    private async Task<StripeBytes> TakeAsync(Flight flight, Task<SharedBytes> reading, CancellationToken cancellationToken)
    {
        try
        {
            return (await reading.WaitAsync(cancellationToken)).Lend();
        }
        finally
        {
            if (IsLast(flight)) await EndAsync(flight, reading);
        }
    }

    private bool IsLast(Flight flight)
    {
        lock (gate)
        {
            if (--flight.WaiterCount > 0) return false;
            // Whoever comes now begins anew.
            Land(flight);
            return true;
        }
    }

    private static async ValueTask EndAsync(Flight flight, Task<SharedBytes> reading)
    {
        if (!reading.IsCompleted) await flight.Stop.CancelAsync();
        _ = reading.ContinueWith(static task => { if (task.IsCompletedSuccessfully) task.Result.Release(); else _ = task.Exception; }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>A read under way.</summary>
    private sealed class Flight(TKey range, TimeSpan wait)
    {
        public TKey Range => range;

        public TimeSpan Wait => wait;

        /// <summary>Those who will take its bytes or have not given them up. Under the gate.</summary>
        public int WaiterCount { get; set; } = 1;

        public bool IsJoined { get; set; }

        /// <summary>Not disposed: it has no timer and no handle, and who has gone last may cancel it in the moment in which the read ends.</summary>
        public CancellationTokenSource Stop { get; } = new();

        /// <summary>For those who joined. Whoever began the read goes on where it ends; the others elsewhere, not one after another.</summary>
        public TaskCompletionSource<SharedBytes> Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
