using System.Collections.Immutable;

namespace Oort.Objects.Costs;

/// <summary>What receipts of a month say was paid.</summary>
/// <param name="Amount">In the network's own unit: a number that JSON's are too small for.</param>
public sealed record PaidReport(string Network, string Unit, string Amount);

/// <summary>What lies on a network now, and what a month of that costs.</summary>
/// <param name="Bytes">In items that it charges for.</param>
/// <param name="WasteBytes">Of these, bytes in items of shards that nobody wants any more.</param>
/// <param name="DraftBytes">Of these, bytes in bundles that are made anew: paid for twice until they take the place of the old ones.</param>
/// <param name="LeavingItems">Items that are to be deleted and are there yet.</param>
/// <param name="MonthRate">US dollars for a month in which nothing comes or goes.</param>
/// <param name="WasteRate">Of these, for keeping bytes in vain.</param>
/// <param name="MinimumLeft">US dollars that would be due all the same if everything were deleted now, since it was not kept for the least duration.</param>
public sealed record NetworkStock(
    string Network, string Kind, long Items, long Bytes, long WasteBytes, long DraftBytes, long LeavingItems, double MonthRate, double WasteRate, double MinimumLeft, string PriceSource, DateTimeOffset? PriceAsOf);

/// <summary>A bucket's part of a network.</summary>
/// <param name="Bucket">Its name; empty: what is not known to be of any, and buckets that are too many to be told apart.</param>
/// <param name="Bytes">Of items that the network charges for.</param>
/// <param name="MonthRate">US dollars for a month in which nothing comes or goes.</param>
/// <param name="Lines">What was spent for it in the month, by kind, in US dollars.</param>
/// <param name="Spent">In all.</param>
public sealed record BucketCost(string Bucket, string Network, double Bytes, double MonthRate, ImmutableSortedDictionary<CostKind, double> Lines, double Spent);

/// <summary>What is on outside networks, and what was spent in a month.</summary>
/// <param name="Month">"2026-11".</param>
/// <param name="Stocks">As of the last count of this gateway; empty before the first, and where another gateway counts.</param>
/// <param name="Counted">Up to when each network is counted.</param>
/// <param name="Spent">US dollars in all.</param>
/// <param name="Budgets">Of this month.</param>
/// <param name="Fault">Why nothing is counted; otherwise empty.</param>
public sealed record CostReport(
    string Month,
    ImmutableArray<NetworkStock> Stocks,
    ImmutableSortedDictionary<string, DateTimeOffset> Counted,
    ImmutableArray<CostLine> Lines,
    ImmutableArray<BucketCost> Buckets,
    ImmutableArray<PaidReport> Paid,
    double Spent,
    ImmutableArray<BudgetStatus> Budgets,
    string Fault);
