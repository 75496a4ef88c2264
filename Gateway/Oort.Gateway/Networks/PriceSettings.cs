using Oort.Backends;
using Oort.Objects.Networks;

namespace Oort.Gateway.Networks;

/// <summary>Settings by which an operator says what a network charges: each takes the place of one default, and all of them bear one date.</summary>
internal static class PriceSettings
{
    /// <summary>When the others were true, a date.</summary>
    private const string AsOf = "price-date";

    /// <summary>No price or time is as large; far above any, and small enough to count with.</summary>
    private const double ValueMax = 1e9;

    /// <summary>A hundred years.</summary>
    private const double DaysMax = 36_525;

    private static readonly (string Name, Func<NetworkPrices, double, NetworkPrices> Put)[] settings =
    [
        ("price-item", (prices, value) => prices with { PerItem = value }),
        ("price-gib-once", (prices, value) => prices with { PerGibibyteOnce = value }),
        ("price-gib-month", (prices, value) => prices with { PerGibibyteMonth = value }),
        ("price-item-month", (prices, value) => prices with { PerItemMonth = value }),
        ("price-month", (prices, value) => prices with { PerMonth = value }),
        ("price-gib-read", (prices, value) => prices with { PerGibibyteRead = value }),
        ("price-read", (prices, value) => prices with { PerRead = value }),
        ("price-gib-restored", (prices, value) => prices with { PerGibibyteRestored = value }),
        ("price-restore", (prices, value) => prices with { PerRestore = value }),
        ("price-look", (prices, value) => prices with { PerLook = value }),
        ("price-delete", (prices, value) => prices with { PerDelete = value }),
        ("price-least-days", (prices, value) => prices with { DurationMin = Days(value) }),
        ("price-least-bytes", (prices, value) => prices with { ItemLengthCharged = (long)value }),
        ("price-term-days", (prices, value) => prices with { Term = Days(value) }),
    ];

    /// <summary>Names of all of them.</summary>
    public static IEnumerable<string> Names => settings.Select(setting => setting.Name).Append(AsOf);

    /// <summary>Prices as they are set.</summary>
    /// <param name="defaults">Of what is not set; null: nothing.</param>
    /// <returns>Null: none is set.</returns>
    /// <exception cref="NetworkException">A price is none, or has no date.</exception>
    public static NetworkPrices? Read(NetworkSettings given, NetworkPrices? defaults)
    {
        var set = settings.Where(setting => given.Find(setting.Name) is not null).ToList();
        if (set.Count == 0) return null;
        var prices = (defaults ?? new() { AsOf = default }) with { AsOf = given.Date(AsOf) };
        return set.Aggregate(prices, (before, setting) => setting.Put(before, Amount(given, setting.Name)));
    }

    private static double Amount(NetworkSettings given, string name) =>
        given.Decimal(name) is >= 0 and <= ValueMax and var amount ? amount : throw new NetworkException($"Setting \"{name}\" lies between 0 and {ValueMax}.");

    private static TimeSpan Days(double value) => TimeSpan.FromDays(Math.Min(value, DaysMax));
}
