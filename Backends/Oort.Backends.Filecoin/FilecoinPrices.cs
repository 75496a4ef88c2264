namespace Oort.Backends.Filecoin;

/// <summary>What the warm storage service charges, in USDFC, which is taken for a US dollar.</summary>
public static class FilecoinPrices
{
    /// <summary>Gibibytes in a tebibyte, by which the service counts.</summary>
    private const double GibibytesPerTebibyte = 1024;

    /// <summary>The price list of version 1.3.0 in June 2026: 2.50 for a tebibyte and month, 0.0008 for the addition of one piece, 0.002 for a removal, and 0.024 a month for the data set that all items share.</summary>
    public static NetworkPrices Default { get; } = Of(2.50, 0.024, 0.0008, 0.002, new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero), isLive: false);

    /// <param name="perTebibyteMonth">Of 30 days, as the service counts.</param>
    internal static NetworkPrices Of(double perTebibyteMonth, double perMonth, double perAddition, double perRemoval, DateTimeOffset asOf, bool isLive) =>
        new() { PerItem = perAddition, PerGibibyteMonth = perTebibyteMonth / GibibytesPerTebibyte, PerMonth = perMonth, PerDelete = perRemoval, AsOf = asOf, IsLive = isLive };
}
