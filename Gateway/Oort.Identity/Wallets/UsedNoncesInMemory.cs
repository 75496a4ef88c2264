namespace Oort.Identity.Wallets;

/// <summary>Used nonces of this process. Thread-safe. One gateway alone needs no more, if the key of its nonces is as young as the process: what was used is forgotten when that ends.</summary>
/// <param name="countMax">How many are remembered: 100,000 take some 20 MiB. When there are more, none is used rather than one forgotten.</param>
public sealed class UsedNoncesInMemory(TimeProvider time, int countMax = UsedNoncesInMemory.CountMaxDefault) : IUsedNonces
{
    public const int CountMaxDefault = 100_000;

    private readonly Lock gate = new();
    private readonly HashSet<string> used = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, DateTimeOffset> byEnd = new();

    /// <summary>How many are remembered.</summary>
    internal int Count
    {
        get
        {
            lock (gate) return used.Count;
        }
    }

    public ValueTask<NonceUse> TryUseAsync(string nonce, DateTimeOffset expiresAt, CancellationToken cancellationToken)
    {
        lock (gate) return new(Use(nonce, expiresAt, time.GetUtcNow()));
    }

    private NonceUse Use(string nonce, DateTimeOffset expiresAt, DateTimeOffset now)
    {
        while (byEnd.TryPeek(out var oldest, out var end) && end <= now)
        {
            byEnd.Dequeue();
            used.Remove(oldest);
        }

        // Looked at here, under the lock, so that one that was just forgotten cannot come back.
        if (expiresAt <= now) return NonceUse.Expired;
        if (used.Contains(nonce)) return NonceUse.Again;
        if (used.Count >= countMax) return NonceUse.Full;
        used.Add(nonce);
        byEnd.Enqueue(nonce, expiresAt);
        return NonceUse.First;
    }
}
