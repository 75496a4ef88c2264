namespace Oort.Backends.S3;

/// <summary>What is known of storage classes: what Amazon asks for them in us-east-1, for whoever configures no prices of his own.</summary>
/// <remarks>List prices of the first tier in May 2026, in US dollars. Other clouds, regions and contracts differ: they are to be configured.</remarks>
public static class S3Prices
{
    private static readonly DateTimeOffset asOf = new(2026, 5, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>To the internet.</summary>
    private const double Egress = 0.09;

    /// <summary>The classes' own least length that is paid for.</summary>
    private const long SmallLengthMax = 128 * 1024;

    /// <summary>What an archive keeps beside each object and charges for: 32 KiB at its own price, 8 KiB at that of STANDARD (Amazon S3 pricing, May 2026).</summary>
    private const long ArchiveOverhead = 40 * 1024;

    private const double StandardMonth = 0.023;

    /// <summary>What is brought back lies there for three days beside the archive, as in STANDARD.</summary>
    private const double BroughtBack = StandardMonth * 3 * 12 / 365.25;

    /// <summary>An archived object is charged for 8 KiB in STANDARD and 32 KiB of its class beside its own bytes.</summary>
    private static double ArchivedItem(double perGibibyteMonth) => (8 * StandardMonth + 32 * perGibibyteMonth) / (1 << 20);

    private static readonly NetworkPrices standard = new()
    {
        PerItem = 0.005 / 1000,
        PerGibibyteMonth = StandardMonth,
        PerGibibyteRead = Egress,
        PerRead = 0.0004 / 1000,
        PerLook = 0.0004 / 1000,
        Month = TimeSpan.FromDays(365.25 / 12),
        AsOf = asOf,
    };

    private static readonly Dictionary<string, NetworkPrices> byClass = new(StringComparer.Ordinal)
    {
        ["STANDARD"] = standard,
        ["STANDARD_IA"] = standard with { PerItem = 0.01 / 1000, PerGibibyteMonth = 0.0125, PerGibibyteRead = Egress + 0.01, PerRead = 0.001 / 1000, PerLook = 0.001 / 1000, DurationMin = TimeSpan.FromDays(30), ItemLengthCharged = SmallLengthMax },
        ["ONEZONE_IA"] = standard with { PerItem = 0.01 / 1000, PerGibibyteMonth = 0.01, PerGibibyteRead = Egress + 0.01, PerRead = 0.001 / 1000, PerLook = 0.001 / 1000, DurationMin = TimeSpan.FromDays(30), ItemLengthCharged = SmallLengthMax },
        ["GLACIER_IR"] = standard with { PerItem = 0.02 / 1000, PerGibibyteMonth = 0.004, PerGibibyteRead = Egress + 0.03, PerRead = 0.01 / 1000, PerLook = 0.01 / 1000, DurationMin = TimeSpan.FromDays(90), ItemLengthCharged = SmallLengthMax },
        // Brought back in bulk: Flexible's is free but for the way out and the days that it lies there.
        ["GLACIER"] = standard with { PerItem = 0.03 / 1000, PerGibibyteMonth = 0.0036, PerItemMonth = ArchivedItem(0.0036), PerGibibyteRestored = BroughtBack, DurationMin = TimeSpan.FromDays(90) },
        ["DEEP_ARCHIVE"] = standard with { PerItem = 0.05 / 1000, PerGibibyteMonth = 0.00099, PerItemMonth = ArchivedItem(0.00099), PerRestore = 0.025 / 1000, PerGibibyteRestored = BroughtBack + 0.0025, DurationMin = TimeSpan.FromDays(180) },
    };

    /// <summary>The class's; those of STANDARD for one that is not known.</summary>
    public static NetworkPrices Of(string? storageClass) => byClass.GetValueOrDefault(storageClass ?? "STANDARD", standard);

    /// <summary>Below which length items of a class are bundled; 0: not at all, since it charges for the bytes and the time alone.</summary>
    /// <remarks>
    /// An item that is no shorter is charged with its own bytes, its put costs less than keeping it for the class's least time, and what an archive keeps beside it is less than a hundredth of it. That makes 0.8 MiB for
    /// STANDARD_IA, 1.0 for ONEZONE_IA, 1.7 for GLACIER_IR, 3.9 for GLACIER and 8.6 for DEEP_ARCHIVE.
    /// </remarks>
    internal static long BundleBelowOf(string? storageClass, NetworkPrices prices)
    {
        if (prices.DurationMin <= TimeSpan.Zero || prices.PerGibibyteMonth <= 0) return 0;
        const double gibibyte = 1L << 30;
        var keeping = prices.PerGibibyteMonth / gibibyte * (prices.DurationMin / TimeSpan.FromDays(30));
        var asDearAsItsPut = Math.Min(prices.PerItem / keeping, S3NetworkOptions.BundleBelowMax);
        return Math.Max(Math.Max((long)asDearAsItsPut, prices.ItemLengthCharged), IsArchive(storageClass) ? 100 * ArchiveOverhead : 0);
    }

    /// <summary>How long bulk retrievals take at most.</summary>
    internal static TimeSpan BulkWait(string? storageClass) => TimeSpan.FromHours(storageClass == "DEEP_ARCHIVE" ? 48 : 12);

    /// <summary>Whether what is stored so must be restored before it can be read (S3 API: GetObject, RestoreObject).</summary>
    public static bool IsArchive(string? storageClass) => storageClass is "GLACIER" or "DEEP_ARCHIVE";
}
