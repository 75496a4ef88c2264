namespace Oort.Identity.WebIdentity;

/// <summary>What is known of one provider's keys. Thread-safe; however many ask, one asks the provider.</summary>
/// <remarks>
/// Keys are asked for anew when they are an hour old, and when a token names one that is not among them; but not sooner than 30 s after the last time, however that went, so that tokens of strangers cannot make us call on a provider. While nobody answers there, keys serve for up to 24 h: that long a key which its provider withdraws meanwhile stays good, at most. A provider that answers, and not with keys, has none.
/// </remarks>
internal sealed class ProviderKeys(string issuer, ProviderClient client, TimeProvider time)
{
    public static readonly TimeSpan FreshFor = TimeSpan.FromHours(1);
    public static readonly TimeSpan UsableFor = TimeSpan.FromHours(24);
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private State state = new(null, 0, null, null);
    private Task? flight;

    /// <summary>The key that a token names.</summary>
    /// <returns>Null: the provider has none.</returns>
    /// <exception cref="WebIdentityException">ProviderUnreachable.</exception>
    public async ValueTask<SignatureKey?> FindAsync(string id, SignatureAlgorithm algorithm, CancellationToken cancellationToken)
    {
        var known = Read();
        if (IsYounger(known, FreshFor) && known.Keys!.Find(id, algorithm) is { } key) return key;
        await RefreshAsync(cancellationToken);
        known = Read();
        var found = IsYounger(known, UsableFor) ? known.Keys!.Find(id, algorithm) : null;
        return found is null && known.Fault is { } fault ? throw WebIdentityException.Unreachable(fault) : found;
    }

    private State Read()
    {
        lock (gate) return state;
    }

    private bool IsYounger(State known, TimeSpan age) => known.Keys is not null && time.GetElapsedTime(known.FetchedAt) < age;

    private Task RefreshAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (flight is null)
            {
                if (state.TriedAt is { } tried && time.GetElapsedTime(tried) < RetryAfter) return Task.CompletedTask;
                // Whoever asked first may go away; the others still wait for it. Its time is limited by the client.
                flight = Task.Run(FetchAsync, CancellationToken.None);
            }

            return flight.WaitAsync(cancellationToken);
        }
    }

    private async Task FetchAsync()
    {
        var begun = time.GetTimestamp();
        ProviderKeySet? keys = null;
        ProviderException? failure = null;
        try
        {
            keys = await client.FetchAsync(issuer, CancellationToken.None);
        }
        catch (ProviderException e)
        {
            failure = e;
        }
        finally
        {
            lock (gate)
            {
                flight = null;
                state = keys is not null ? new(keys, begun, time.GetTimestamp(), null)
                    : failure is { IsOutage: true } ? state with { TriedAt = time.GetTimestamp(), Fault = failure.Message }
                    : new(null, 0, time.GetTimestamp(), failure?.Message ?? "The provider's keys could not be read.");
            }
        }
    }

    /// <param name="FetchedAt">When the keys were asked for; a timestamp of the clock.</param>
    /// <param name="TriedAt">When they were last asked for, with or without success; null: never.</param>
    /// <param name="Fault">Why the last time failed; null: it did not.</param>
    private sealed record State(ProviderKeySet? Keys, long FetchedAt, long? TriedAt, string? Fault);
}
