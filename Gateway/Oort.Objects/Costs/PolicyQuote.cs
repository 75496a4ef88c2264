using System.Collections.Immutable;

namespace Oort.Objects.Costs;

/// <summary>A network's part in a quote.</summary>
/// <param name="Shards">Of each segment.</param>
/// <param name="Bytes">In items.</param>
/// <param name="IsBundled">Whether an item holds many shards.</param>
/// <param name="Fees">Null: it has told no prices.</param>
/// <param name="PriceSource">"live", "last" or "configured"; empty without prices.</param>
/// <param name="PriceAsOf">When they were true.</param>
/// <param name="PriceAgeDays">How long ago that was.</param>
public sealed record NetworkQuote(string Network, string Kind, int Shards, long Items, double Bytes, bool IsBundled, NetworkFees? Fees, string PriceSource, DateTimeOffset? PriceAsOf, double? PriceAgeDays);

/// <summary>What data would cost under a policy, and what that is worth. Money is in US dollars.</summary>
/// <param name="HotShards">Shards of each segment that stay on disks and nodes.</param>
/// <param name="HotBytes">Bytes of these.</param>
/// <param name="Hot">What their stores charge for keeping them.</param>
/// <param name="PriceTotal">For the whole time; null: the policy cannot be kept, or a price is not known.</param>
/// <param name="PriceMonth">The total by the months.</param>
/// <param name="PriceOnce">What of the total is paid at the beginning.</param>
/// <param name="FirstByteMs">How far away the shard is that a read waits for: of those nearest, the last that it takes.</param>
/// <param name="FirstByteSource">"measured", or of which network it is declared.</param>
/// <param name="Nines">−log10 of the probability that a segment is lost within a year.</param>
/// <param name="Countries">That shards may lie in; what does not say where it is, is left out.</param>
/// <param name="UnknownPlaces">Stores and networks that do not say their country.</param>
/// <param name="ExitCost">At the end: reading everything once and deleting it.</param>
/// <param name="RepairExpected">What lost networks are expected to cost over the time, beside the total.</param>
/// <param name="Unmet">Why the policy cannot be kept; none where it can.</param>
/// <param name="Notes">Sentences about what the figures rest on.</param>
public sealed record PolicyQuote(
    string Policy, string Geometry, int HotShards, double HotBytes, double Hot, ImmutableArray<NetworkQuote> Networks, double? PriceTotal, double? PriceMonth, double? PriceOnce,
    double? FirstByteMs, string FirstByteSource, double? Nines, ImmutableArray<string> Countries, int UnknownPlaces, ImmutableArray<string> Operators,
    double? ExitCost, double? RepairExpected, ImmutableArray<string> Unmet, ImmutableArray<string> Notes);

/// <summary>What data would cost under each policy.</summary>
/// <param name="Assumptions">Of all of it, sentences for people.</param>
public sealed record QuoteReport(long Bytes, long Objects, double Months, int Together, ImmutableArray<PolicyQuote> Policies, ImmutableArray<string> Assumptions);
