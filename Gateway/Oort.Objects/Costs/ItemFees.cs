using Oort.Backends;

namespace Oort.Objects.Costs;

/// <summary>What one item costs while time goes by, by a network's prices: what bills are counted from, item by item.</summary>
internal readonly struct ItemFees(NetworkPrices prices, NetworkTraits traits)
{
    private const double Gibibyte = 1L << 30;

    /// <summary>States in which a network charges for keeping an item.</summary>
    public static bool IsKept(NetworkItem item) => item.Receipt is not null && (item.IsBesideTheWay ? item.ResumeState : item.State) is not (ItemState.FailedFinal or ItemState.Expired or ItemState.Deleted or ItemState.Undeletable or ItemState.Planned);

    /// <summary>For putting it.</summary>
    public double Put(long length) => traits.Checks.PutsOf(length) * prices.PerItem;

    /// <summary>For its bytes, once.</summary>
    public double Once(long length) => length / Gibibyte * prices.PerGibibyteOnce;

    /// <summary>For what is asked and read until it is Sealed.</summary>
    public double Seal(long length) =>
        traits.Checks.SealLooks * prices.PerLook + traits.Checks.SealReads * prices.PerRead + traits.Checks.SealShare * length / Gibibyte * prices.PerGibibyteRead
        + Restore(length);

    /// <summary>For bringing it back, where it lies in an archive.</summary>
    public double Restore(long length) => traits.Latency == Latency.Archive ? prices.PerRestore + length / Gibibyte * prices.PerGibibyteRestored : 0;

    /// <summary>For keeping it over a time.</summary>
    public double Stored(long length, TimeSpan time) => (Math.Max(length, prices.ItemLengthCharged) / Gibibyte * prices.PerGibibyteMonth + prices.PerItemMonth) * (time / prices.Month);

    /// <summary>For looking at it.</summary>
    public double Look(long length) =>
        traits.Checks.Looks * prices.PerLook + traits.Checks.LookReads * prices.PerRead + Math.Min(length, traits.Checks.LookBytes) / Gibibyte * prices.PerGibibyteRead;

    /// <summary>Looks in a time, in the mean.</summary>
    public double LooksIn(TimeSpan time) => time / traits.Checks.LookInterval;

    /// <summary>Terms of an item that ended after one time and not after another; each is paid for again.</summary>
    public double TermsEnded(DateTimeOffset accepted, DateTimeOffset after, DateTimeOffset until) =>
        prices.Term > TimeSpan.Zero ? Math.Max(0, Math.Floor((until - accepted) / prices.Term) - Math.Floor((after - accepted) / prices.Term)) : 0;

    /// <summary>What is left to pay of the least duration when it is deleted.</summary>
    public double Minimum(long length, DateTimeOffset accepted, DateTimeOffset deleted) => prices.DurationMin - (deleted - accepted) is { Ticks: > 0 } left ? Stored(length, left) : 0;

    /// <summary>Of a month of <see cref="CostQuestion.Month"/> in which nothing comes or goes.</summary>
    public double OfMonth(long length)
    {
        var month = CostQuestion.Month;
        var terms = prices.Term > TimeSpan.Zero ? month / prices.Term * (Put(length) + Once(length)) : 0;
        return Stored(length, month) + LooksIn(month) * Look(length) + terms;
    }
}
