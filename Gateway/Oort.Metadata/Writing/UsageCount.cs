namespace Oort.Metadata.Writing;

/// <summary>Counts what buckets and accounts use from their rows: for recovery, checks, and databases of a time that did not count.</summary>
/// <remarks>Memory: one entry a bucket.</remarks>
internal sealed class UsageCount
{
    private readonly SortedDictionary<ulong, BucketUsageRow> buckets = [];
    private readonly Dictionary<ulong, Usage> used = [];

    /// <summary>What each bucket uses, of those that are there.</summary>
    public IEnumerable<(BucketId Bucket, BucketUsageRow Row)> Buckets => buckets.Select(one => (new BucketId(one.Key), one.Value with { Used = used.GetValueOrDefault(one.Key) }));

    /// <summary>What the buckets of each account use together.</summary>
    public IEnumerable<AccountUsage> Accounts => Buckets.GroupBy(one => one.Row.Account).Select(own => new AccountUsage(own.Key, own.Count(), own.Aggregate(default(Usage), (sum, one) => sum + one.Row.Used)));

    /// <summary>A bucket that is there; in any order with what is in it.</summary>
    public void AddBucket(BucketId bucket, string account) => buckets[bucket.Value] = new(account, default);

    public void RemoveBucket(BucketId bucket) => buckets.Remove(bucket.Value);

    public void Add(BucketId bucket, Usage change) => used[bucket.Value] = used.GetValueOrDefault(bucket.Value) + change;
}
