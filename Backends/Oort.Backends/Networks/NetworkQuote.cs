namespace Oort.Backends;

/// <summary>What a network asks, in US dollars, for a shape of data: what quotes and bills are computed from (docs/costs.md).</summary>
/// <remarks>A price that is not charged is 0.</remarks>
public sealed record NetworkPrices
{
    /// <summary>For each item put; for each part of one that is put in parts.</summary>
    public double PerItem { get; init; }

    /// <summary>Once for each 2^30 bytes put.</summary>
    public double PerGibibyteOnce { get; init; }

    /// <summary>For 2^30 bytes over a <see cref="Month"/>.</summary>
    public double PerGibibyteMonth { get; init; }

    /// <summary>For each item over a <see cref="Month"/>, whatever its length.</summary>
    public double PerItemMonth { get; init; }

    /// <summary>Over a <see cref="Month"/> as long as there is any item.</summary>
    public double PerMonth { get; init; }

    /// <summary>How long the network's month is. Default 30 days; where calendar months are charged, 30.4375 in the mean.</summary>
    public TimeSpan Month { get; init; } = TimeSpan.FromDays(30);

    /// <summary><see cref="PerItem"/> and <see cref="PerGibibyteOnce"/> are paid again each time so long has passed; zero: once.</summary>
    public TimeSpan Term { get; init; }

    /// <summary>For 2^30 bytes read.</summary>
    public double PerGibibyteRead { get; init; }

    /// <summary>For each read of an item.</summary>
    public double PerRead { get; init; }

    /// <summary>For each item that is brought back from an archive, before it can be read.</summary>
    public double PerRestore { get; init; }

    /// <summary>For 2^30 bytes that are brought back, always of whole items, with what they cost where they then lie.</summary>
    public double PerGibibyteRestored { get; init; }

    /// <summary>For each question about an item that reads nothing of it.</summary>
    public double PerLook { get; init; }

    /// <summary>For each item deleted.</summary>
    public double PerDelete { get; init; }

    /// <summary>Kept shorter than this, an item is paid for as long; zero where only the time kept counts.</summary>
    public TimeSpan DurationMin { get; init; }

    /// <summary>Shorter items are paid for as if they had as many bytes.</summary>
    public long ItemLengthCharged { get; init; }

    /// <summary>When these were true.</summary>
    public required DateTimeOffset AsOf { get; init; }

    /// <summary>Whether the network was asked; otherwise they are configured.</summary>
    public bool IsLive { get; init; }
}

/// <summary>What is left to pay with.</summary>
/// <param name="Balance">In the unit.</param>
/// <param name="Unit">"USDFC", "AR", "credits".</param>
/// <param name="LastsUntil">When what is stored now will have used it up; null where nothing is charged over time, or the network does not say.</param>
public sealed record NetworkAccount(decimal Balance, string Unit, DateTimeOffset? LastsUntil);
