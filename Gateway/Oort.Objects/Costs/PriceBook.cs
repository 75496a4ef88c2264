using System.Collections.Concurrent;
using Oort.Backends;
using Oort.Objects.Networks;

namespace Oort.Objects.Costs;

/// <summary>Prices of a network with where they come from.</summary>
/// <param name="Prices">Null: it has told none.</param>
/// <param name="Source">"live": the network was asked; "last": it was asked before, and does not answer now; "configured": set by its operator, or this program's default.</param>
/// <param name="Fault">Why it does not answer; otherwise empty.</param>
internal sealed record FoundPrices(NetworkPrices? Prices, string Source, string Fault)
{
    /// <summary>Whether there is anything to pay; where nobody has configured a price, there is not.</summary>
    public bool IsFree => Prices is { PerItem: 0, PerGibibyteOnce: 0, PerGibibyteMonth: 0, PerItemMonth: 0, PerMonth: 0, PerGibibyteRead: 0, PerRead: 0, PerLook: 0, PerDelete: 0 };
}

/// <summary>Asks networks for their prices, not too often, and remembers what they said last.</summary>
/// <remarks>Thread-safe. Prices that cannot be are as none.</remarks>
internal sealed class PriceBook(TimeProvider time)
{
    /// <summary>How old prices may be that are given as live.</summary>
    private static readonly TimeSpan ageMax = TimeSpan.FromMinutes(10);

    /// <summary>How long a network may take to answer: somebody waits for the quote.</summary>
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<StoreId, (NetworkPrices Prices, long Asked)> known = [];

    public async ValueTask<FoundPrices> FindAsync(NetworkStore network, CancellationToken cancellationToken)
    {
        if (network.Backend is not { } backend) return new(null, "", network.Fault);
        if (known.TryGetValue(network.Id, out var last) && time.GetElapsedTime(last.Asked) < ageMax) return Of(last.Prices);
        string fault;
        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var prices = await backend.GetPricesAsync(either.Token);
            if (IsPossible(prices))
            {
                known[network.Id] = (prices, time.GetTimestamp());
                return Of(prices);
            }

            fault = "It told prices that cannot be.";
        }
        catch (BackendException failure)
        {
            fault = failure.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            fault = "It did not answer in time.";
        }

        return last.Prices is null ? new(null, "", fault) : new(last.Prices, "last", fault);

        static FoundPrices Of(NetworkPrices prices) => new(prices, prices.IsLive ? "live" : "configured", "");
    }

    private static bool IsPossible(NetworkPrices prices)
    {
        double[] all = [prices.PerItem, prices.PerGibibyteOnce, prices.PerGibibyteMonth, prices.PerItemMonth, prices.PerMonth, prices.PerGibibyteRead, prices.PerRead, prices.PerRestore, prices.PerGibibyteRestored, prices.PerLook, prices.PerDelete];
        return all.All(price => price >= 0 && double.IsFinite(price)) && prices.Month > TimeSpan.Zero && prices.DurationMin >= TimeSpan.Zero && prices.Term >= TimeSpan.Zero && prices.ItemLengthCharged >= 0;
    }
}
