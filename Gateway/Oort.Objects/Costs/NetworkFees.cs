using Oort.Backends;

namespace Oort.Objects.Costs;

/// <summary>What a network charges for a load over a time, in US dollars.</summary>
/// <param name="Put">For the items that are put, and put again when a term has ended.</param>
/// <param name="Once">For their bytes.</param>
/// <param name="Stored">For keeping them.</param>
/// <param name="Checked">For what Oort asks and reads to know that they are there.</param>
/// <param name="First">Of these, what is paid in the first days.</param>
/// <param name="Exit">For reading what has to be read from here once, and deleting all, with what is left of least durations. Not part of the sum.</param>
/// <param name="Repair">What losing the network once and putting everything again would cost, times how often that is expected. Not part of the sum.</param>
public sealed record NetworkFees(double Put, double Once, double Stored, double Checked, double First, double Exit, double Repair)
{
    private const double Gibibyte = 1L << 30;

    public double Sum => Put + Once + Stored + Checked;

    /// <param name="readShare">Share of the shards that are read when everything is: 0 where enough others lie nearer.</param>
    /// <param name="losses">Expected losses of the whole network over the time.</param>
    internal static NetworkFees Of(NetworkLoad load, NetworkPrices prices, NetworkTraits traits, TimeSpan duration, double readShare, double losses)
    {
        var fees = new ItemFees(prices, traits);
        // The first is paid at the beginning, another whenever one has ended before the end.
        var terms = prices.Term > TimeSpan.Zero ? Math.Max(1, Math.Ceiling(duration / prices.Term)) : 1;
        var looks = Math.Floor(fees.LooksIn(duration));
        var left = prices.DurationMin > duration ? prices.DurationMin - duration : TimeSpan.Zero;
        double put = 0, once = 0, stored = prices.PerMonth * (duration / prices.Month), seal = 0, look = 0, delete = 0, restore = 0, minimum = 0;
        foreach (var (length, count) in load.Items)
        {
            put += count * fees.Put(length);
            once += count * fees.Once(length);
            stored += count * fees.Stored(length, duration);
            minimum += count * fees.Stored(length, left);
            seal += count * fees.Seal(length);
            look += count * fees.Look(length);
            restore += count * fees.Restore(length);
            delete += count * prices.PerDelete;
        }

        if (load.ItemCount == 0) return new(0, 0, 0, 0, 0, 0, 0);
        var read = load.Shards.Sum(group => group.Count * (group.Reads * prices.PerRead + group.Length / Gibibyte * prices.PerGibibyteRead));
        return new(
            put * terms, once * terms, stored, seal + looks * look, put + once + seal,
            readShare * (read + restore) + (traits.Retention is Retention.Permanent or Retention.Expiring ? 0 : delete) + minimum,
            losses * (put + once + seal));
    }
}
