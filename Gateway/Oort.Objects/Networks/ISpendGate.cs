using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Networks;

/// <summary>Says whether an item may be sent, and hears of what is deleted: so that money is minded where it is spent.</summary>
internal interface ISpendGate
{
    /// <summary>Asked before each step of an item that no network has accepted yet; one that has begun goes on.</summary>
    /// <param name="shards">What is in it.</param>
    /// <returns>Why it must wait, for people; empty: it may go.</returns>
    ValueTask<string> HoldAsync(string network, ItemRow item, ImmutableArray<ItemShardRow> shards, CancellationToken cancellationToken);

    /// <summary>Whether any bucket has a budget: then shards of each are bundled among themselves, so that none waits for another's money.</summary>
    bool HasBuckets { get; }

    /// <summary>The bucket with a budget that most of these data are of; null: none of them has one.</summary>
    BucketId? BudgetedOf(ImmutableArray<BucketBytes> buckets);

    /// <summary>An item is gone, and is not charged for any more.</summary>
    void Deleted(string network, ItemRow item);
}
