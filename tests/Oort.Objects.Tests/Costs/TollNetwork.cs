using Oort.Backends;

namespace Oort.Objects.Tests.Costs;

/// <summary>What a backend of a kind asks of its network while an item is on its way and there (docs/networks.md, and the backends' own pages).</summary>
internal enum TollManners
{
    /// <summary>Asked before and after the put; read back whole; asked each day.</summary>
    Cloud,

    /// <summary>The same, but to be read back it is brought back first, for which it is asked every half hour, by GET and HEAD, for two days.</summary>
    Archive,

    /// <summary>Read back whole through others, and asked seldom; all of that is free.</summary>
    Free,
}

/// <summary>A kind of network on both sides: how it charges, and what Oort is told of it.</summary>
/// <param name="Traits">As its backend declares.</param>
/// <param name="Prices">As its backend gives them.</param>
internal sealed record TollNetwork(string Name, TollManners Manners, NetworkTraits Traits, NetworkPrices Prices, Func<BillingOffice> Open)
{
    /// <summary>When the prices were true.</summary>
    private static readonly DateTimeOffset asOf = new(2026, 5, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly TimeSpan calendarMonth = TimeSpan.FromDays(365.25 / 12);

    public static TollNetwork Cloud { get; } = new(
        "cloud", TollManners.Cloud,
        new() { Kind = "s3", ItemLengthMax = 1L << 40, Latency = Latency.Warm, Checks = new() { SealLooks = 2 } },
        new() { PerItem = 0.00001, PerGibibyteMonth = 0.0125, PerGibibyteRead = 0.10, PerRead = 0.000001, PerLook = 0.000001, Month = calendarMonth, DurationMin = TimeSpan.FromDays(30), ItemLengthCharged = 131_072, AsOf = asOf },
        () => new CloudOffice(CloudTariff.InfrequentAccess));

    public static TollNetwork Archive { get; } = new(
        "archive", TollManners.Archive,
        new() { Kind = "s3", ItemLengthMax = 1L << 40, Latency = Latency.Archive, Checks = new() { SealLooks = 2 + 2 * 96 } },
        new()
        {
            PerItem = 0.00005,
            PerGibibyteMonth = 0.00099,
            PerItemMonth = (8 * 0.023 + 32 * 0.00099) / (1 << 20),
            PerGibibyteRead = 0.09,
            PerRead = 0.0000004,
            PerLook = 0.0000004,
            PerRestore = 0.000025,
            PerGibibyteRestored = 0.0025 + 0.00227,
            Month = calendarMonth,
            DurationMin = TimeSpan.FromDays(180),
            AsOf = asOf,
        },
        () => new CloudOffice(CloudTariff.DeepArchive));

    public static TollNetwork Weave { get; } = new(
        "weave", TollManners.Free,
        new() { Kind = "arweave", ItemLengthMax = 2L << 30, BundleBelow = 128 * 1024, Latency = Latency.Cold, Retention = Retention.Permanent, Checks = new() { LookInterval = TimeSpan.FromDays(30), Looks = 0, LookReads = 1, LookBytes = long.MaxValue } },
        new() { PerItem = 0.0041, PerGibibyteOnce = 17.609, AsOf = asOf, IsLive = true },
        () => new EndowmentOffice());

    public static TollNetwork Proofs { get; } = new(
        "proofs", TollManners.Free,
        new() { Kind = "filecoin", ItemLengthMin = 127, ItemLengthMax = 1_065_353_216, BundleBelow = 64 << 20, Latency = Latency.Cold, Retention = Retention.Scheduled },
        new() { PerItem = 0.0008, PerGibibyteMonth = 2.50 / 1024, PerMonth = 0.024, PerDelete = 0.002, AsOf = asOf, IsLive = true },
        () => new ProofOffice());

    public static TollNetwork Orders { get; } = new(
        "orders", TollManners.Free,
        new() { Kind = "crust", ItemLengthMax = 1L << 30, Latency = Latency.Cold, Retention = Retention.Expiring, Checks = new() { LookReads = 1, LookBytes = 65_536 } },
        new() { PerItem = 0.0006, PerGibibyteOnce = 0.04096, Term = TimeSpan.FromDays(180), AsOf = asOf },
        () => new OrderOffice());

    public static TollNetwork[] All { get; } = [Cloud, Archive, Weave, Proofs, Orders];
}
