namespace Oort.Metadata.Writing;

/// <summary>What buckets and accounts use, derived from the changes of versions and parts, and their quotas.</summary>
/// <remarks>Rows are read once and kept; those that a group has changed are written when it ends, one for each bucket and account however many puts there were.</remarks>
internal sealed partial class WriteSession
{
    /// <summary>Rows of each kind that are kept. Beyond it the cache starts anew, between two groups.</summary>
    private const int CachedUsageMax = 1_024;

    private readonly Dictionary<BucketId, BucketUsageRow> bucketUsage = [];
    private readonly Dictionary<string, AccountUsage> accountUsage = [];
    private readonly HashSet<BucketId> changedBucketUsage = [];
    private readonly HashSet<string> changedAccountUsage = [];
    private readonly Dictionary<string, Quota?> accountQuotas = [];
    private readonly Dictionary<UploadId, BucketId?> uploadBuckets = [];

    /// <summary>What a bucket uses, with what the group has done so far; nothing when there is no such bucket.</summary>
    public Usage UsageOf(BucketId bucket) => FindUsage(bucket)?.Used ?? default;

    /// <summary>What an account's buckets use together, likewise.</summary>
    public Usage UsageOf(string account) => AccountUsageOf(account).Used;

    /// <summary>An account's quota; null: it has none.</summary>
    public Quota? FindAccountQuota(string account)
    {
        if (accountQuotas.TryGetValue(account, out var known)) return known;
        var record = tables.Small.FindSetting(Changes.RowKey.Utf8(Quota.AccountSetting(account)));
        Quota? quota = record is null ? null : Quota.Read(record);
        accountQuotas[account] = quota;
        return quota;
    }

    /// <summary>An upload in progress; null when there is none.</summary>
    public UploadRow? FindUpload(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes, UploadId id)
    {
        var row = tables.Uploads.Find(bucket, key, keyBytes, id);
        if (row is not null) uploadBuckets[id] = bucket;
        return row;
    }

    private BucketId? BucketOf(UploadId upload)
    {
        if (uploadBuckets.TryGetValue(upload, out var known)) return known;
        return uploadBuckets[upload] = tables.Uploads.FindBucket(upload);
    }

    /// <summary>Adds to what a bucket and its account use. A bucket that is gone uses nothing: parts of its uploads are still there until they are aborted.</summary>
    private void AddUsage(BucketId bucket, Usage change)
    {
        if (change == default || FindUsage(bucket) is not { } row) return;
        bucketUsage[bucket] = row with { Used = row.Used + change };
        changedBucketUsage.Add(bucket);
        AddAccountUsage(row.Account, 0, change);
    }

    /// <summary>A bucket came, or has another owner.</summary>
    private void PutBucketUsage(BucketRow row)
    {
        var old = FindUsage(row.Id);
        if (old?.Account == row.OwnerId) return;
        if (old is not null) AddAccountUsage(old.Account, -1, default(Usage) - old.Used);
        var used = old?.Used ?? default;
        bucketUsage[row.Id] = new(row.OwnerId, used);
        changedBucketUsage.Add(row.Id);
        AddAccountUsage(row.OwnerId, +1, used);
    }

    private void RemoveBucketUsage(BucketId bucket)
    {
        if (FindUsage(bucket) is not { } row) return;
        AddAccountUsage(row.Account, -1, default(Usage) - row.Used);
        tables.Usage.RemoveBucket(bucket);
        bucketUsage.Remove(bucket);
        changedBucketUsage.Remove(bucket);
    }

    private BucketUsageRow? FindUsage(BucketId bucket)
    {
        if (bucketUsage.TryGetValue(bucket, out var known)) return known;
        var row = tables.Usage.FindBucket(bucket);
        if (row is not null) bucketUsage[bucket] = row;
        return row;
    }

    private AccountUsage AccountUsageOf(string account)
    {
        if (!accountUsage.TryGetValue(account, out var row)) accountUsage[account] = row = tables.Usage.FindAccount(account) ?? new(account, 0, default);
        return row;
    }

    private void AddAccountUsage(string account, long buckets, Usage change)
    {
        var row = AccountUsageOf(account);
        accountUsage[account] = row with { Buckets = row.Buckets + buckets, Used = row.Used + change };
        changedAccountUsage.Add(account);
    }

    private void FlushUsage()
    {
        foreach (var bucket in changedBucketUsage) tables.Usage.PutBucket(bucket, bucketUsage[bucket]);
        foreach (var account in changedAccountUsage)
        {
            if (accountUsage[account] is { Buckets: > 0 } row) tables.Usage.PutAccount(row);
            else tables.Usage.RemoveAccount(account);
        }
        changedBucketUsage.Clear();
        changedAccountUsage.Clear();
    }

    /// <summary>Before a group: nothing is changed yet, so what is kept can go when it is much.</summary>
    private void TrimUsage()
    {
        uploadBuckets.Clear();
        if (bucketUsage.Count > CachedUsageMax) bucketUsage.Clear();
        if (accountUsage.Count > CachedUsageMax) accountUsage.Clear();
        if (accountQuotas.Count > CachedUsageMax) accountQuotas.Clear();
    }

    private void ForgetUsage()
    {
        bucketUsage.Clear();
        accountUsage.Clear();
        changedBucketUsage.Clear();
        changedAccountUsage.Clear();
        accountQuotas.Clear();
        uploadBuckets.Clear();
    }
}

/// <summary>Derived: what a bucket uses, and whose it is.</summary>
internal sealed record BucketUsageRow(string Account, Usage Used);
