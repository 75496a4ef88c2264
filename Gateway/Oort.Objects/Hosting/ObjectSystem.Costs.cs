using System.Collections.Immutable;
using Oort.Metadata;
using Oort.Objects.Costs;
using Oort.Objects.Durability;
using Oort.Objects.Placement;

namespace Oort.Objects;

/// <content>What storing costs.</content>
public sealed partial class ObjectSystem
{
    private readonly PriceBook prices;

    /// <inheritdoc/>
    public async ValueTask<QuoteReport> QuoteAsync(CostQuestion question, BucketId? bucket, CancellationToken cancellationToken)
    {
        question = question.Checked();
        var assumptions = new DurabilityAssumptions();
        var maker = new QuoteMaker(parts.Stores, prices, options.Objects, options.Networks, assumptions, RepairWindow(), time);
        var policies = ImmutableArray.CreateBuilder<PolicyQuote>();
        foreach (var placer in parts.Stores.Placement.Placers.Where(placer => bucket is null || IsFor(bucket.Value, placer.Rules.Name))) policies.Add(await maker.MakeAsync(placer, question, cancellationToken));
        return new(question.Bytes, question.Objects, question.Months, question.Together, policies.ToImmutable(), [.. maker.Assumptions(question)]);
    }

    /// <summary>Whether new objects of a bucket come under a policy, whatever their class.</summary>
    private bool IsFor(BucketId bucket, string policy)
    {
        var document = parts.Stores.Placement.Document;
        return document.Assignments.Select(one => one.StorageClass ?? "").Append("").Distinct(StringComparer.Ordinal).Any(storageClass => document.PolicyFor(bucket, storageClass).Name == policy);
    }
}
