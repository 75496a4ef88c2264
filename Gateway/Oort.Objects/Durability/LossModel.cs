using Oort.Backends;

namespace Oort.Objects.Durability;

/// <summary>Something that takes several shards of a segment at once when it is lost: an operator, a machine, a region.</summary>
/// <param name="AnnualLoss">Losses a year, as a rate.</param>
/// <param name="Shards">Shards of the segment that go with it, at least 1.</param>
public readonly record struct SharedLoss(double AnnualLoss, int Shards);

/// <summary>How likely it is that a segment is lost within a year. Pure; stores fail independently of each other, but for shared losses that are named.</summary>
/// <remarks>
/// A store is lost at a constant rate a (losses a year), so within the window T, from a loss to its repair, with p = 1 − e^(−aT). A window begins with as many healthy shards as repair leaves
/// alone, and loses the segment when fewer than k are left at its end; there are 365 days ÷ T windows a year. It is a bound from above: losses early in a window are repaired before its end,
/// and usually more shards are there.
/// </remarks>
public static class LossModel
{
    private static readonly TimeSpan year = TimeSpan.FromDays(365);

    /// <summary>Probability that a store is lost within a time.</summary>
    public static double Within(double annualLoss, TimeSpan window) => -double.ExpM1(-annualLoss * (window / year));

    /// <summary>Losses a year of a segment whose shards are alike.</summary>
    /// <param name="healthy">Healthy shards at the beginning of a window.</param>
    /// <param name="dataShards">k.</param>
    public static double AnnualLoss(int healthy, int dataShards, double annualLoss, TimeSpan window)
    {
        Span<double> rates = new double[healthy];
        rates.Fill(annualLoss);
        return AnnualLoss(rates, dataShards, [], window);
    }

    /// <summary>Losses a year of a segment, independent and shared ones.</summary>
    /// <param name="annualLosses">Of the store of each healthy shard at the beginning of a window.</param>
    /// <param name="shared">What takes several of these shards at once.</param>
    /// <returns>Expected losses a year; a probability as long as it is small, and 1 at most.</returns>
    public static double AnnualLoss(ReadOnlySpan<double> annualLosses, int dataShards, ReadOnlySpan<SharedLoss> shared, TimeSpan window)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(window, TimeSpan.Zero);
        if (annualLosses.Length < dataShards) return 1;
        var lost = LostWithin(annualLosses, window);
        var loss = Tail(lost, annualLosses.Length - dataShards + 1) * (year / window);

        // A shared loss comes at its own rate; what it leaves must then survive one window.
        foreach (var one in shared)
        {
            var left = annualLosses.Length - one.Shards;
            loss += one.AnnualLoss * (left < dataShards ? 1 : Tail(LostWithin(annualLosses[..left], window), left - dataShards + 1));
        }

        return Math.Min(1, loss);
    }

    /// <summary>"Nines": −log10 of the probability; 0 when the loss is certain, and <see cref="double.PositiveInfinity"/> when it is impossible.</summary>
    public static double Nines(double annualLoss) => annualLoss <= 0 ? double.PositiveInfinity : Math.Max(0, -Math.Log10(annualLoss));

    /// <summary>Distribution of the count of stores that are lost within a window, store by store (a Poisson binomial distribution, by convolution).</summary>
    private static double[] LostWithin(ReadOnlySpan<double> annualLosses, TimeSpan window)
    {
        var counts = new double[annualLosses.Length + 1];
        counts[0] = 1;
        for (var store = 0; store < annualLosses.Length; store++)
        {
            var p = Within(annualLosses[store], window);
            for (var count = store + 1; count >= 0; count--) counts[count] = counts[count] * (1 - p) + (count > 0 ? counts[count - 1] * p : 0);
        }

        return counts;
    }

    /// <summary>Summed from the small end, so that what is 1e-20 is not lost beside what is 1e-9.</summary>
    private static double Tail(double[] counts, int from)
    {
        var sum = 0.0;
        for (var count = counts.Length - 1; count >= from; count--) sum += counts[count];
        return sum;
    }
}
