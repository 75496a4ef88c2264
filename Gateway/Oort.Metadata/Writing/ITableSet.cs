using Oort.Backends;

namespace Oort.Metadata.Writing;

/// <summary>The tables as the writer of an engine sees them while it decides a group: what was committed, and on it what the group has changed so far.</summary>
/// <remarks>Used by one thread. <c>value</c> is a row's record as it stands in the journal, <c>extents</c> its last fields, which some tables keep apart.</remarks>
internal interface ITableSet
{
    IBucketTable Buckets { get; }
    IVersionTable Versions { get; }
    IUploadTable Uploads { get; }
    IDataTable Data { get; }
    ISegmentTable Segments { get; }
    ISmallTables Small { get; }
    IItemTable Items { get; }
    IUsageTable Usage { get; }
    IRevisitTable Revisits { get; }

    /// <summary>Ends a group: its newest generation, and what it adds to the totals.</summary>
    void EndGroup(ulong committed, Totals change);
}

internal interface IBucketTable
{
    BucketRow? Find(BucketId id);
    BucketRow? FindByName(string name);
    void Put(BucketId id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);
    void Remove(BucketId id);
}

/// <summary>All versions, and the heads derived from them.</summary>
internal interface IVersionTable
{
    VersionRow? FindNewest(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes);

    /// <summary>The version with a text id or "null"; null when there is none or the text is no id.</summary>
    VersionRow? Find(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes, string versionId);
    VersionRow? FindAt(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes, ulong generation);
    VersionRow? FindNull(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes);
    bool AnyInBucket(BucketId bucket);

    /// <param name="isFirst">The key has no other version: decides how a null version is found.</param>
    void Insert(VersionRow row, ReadOnlySpan<byte> keyBytes, bool isFirst, ReadOnlySpan<byte> value, ReadOnlySpan<byte> extents);
    void Rewrite(VersionRow row, ReadOnlySpan<byte> keyBytes, ReadOnlySpan<byte> value, ReadOnlySpan<byte> extents);
    void Remove(BucketId bucket, ReadOnlySpan<byte> keyBytes, ulong generation);
    void PutHead(BucketId bucket, ReadOnlySpan<byte> keyBytes, ulong generation, ReadOnlySpan<byte> value);
    void RemoveHead(BucketId bucket, ReadOnlySpan<byte> keyBytes);
}

/// <summary>Uploads in progress and their parts.</summary>
internal interface IUploadTable
{
    UploadRow? Find(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes, UploadId id);
    void Put(BucketId bucket, ReadOnlySpan<byte> keyBytes, UploadId id, long initiated, ReadOnlySpan<byte> value);
    void Remove(BucketId bucket, ReadOnlySpan<byte> keyBytes, UploadId id);

    /// <summary>The bucket of an upload; null when there is no such upload.</summary>
    BucketId? FindBucket(UploadId id);
    PartRow? FindPart(UploadId upload, int number);

    /// <summary>Numbers of an upload's parts, ascending.</summary>
    List<int> PartNumbers(UploadId upload);
    void PutPart(UploadId upload, int number, ReadOnlySpan<byte> value, ReadOnlySpan<byte> extents);
    void RemovePart(UploadId upload, int number);
}

/// <summary>Data ids with their reference counts, and the index from segments to the data in them.</summary>
internal interface IDataTable
{
    DataRow? Find(DataId id);
    bool Exists(DataId id);
    void Insert(DataRow row, long references, ReadOnlySpan<byte> value);
    void Rewrite(DataRow row, ReadOnlySpan<byte> value);

    /// <summary>Adds to (or takes from) the count of references; the result is the new count, null when there is no such data.</summary>
    long? AddReferences(DataId id, long count);

    /// <summary>As <see cref="AddReferences"/>, and removes the row when none are left.</summary>
    /// <param name="removed">The row that it removed, or null.</param>
    long? AddReferencesOrRemove(DataId id, long count, out DataRow? removed)
    {
        var left = AddReferences(id, count);
        removed = left == 0 ? Find(id) : null;
        if (removed is not null) Remove(id);
        return left;
    }

    void Remove(DataId id);

    /// <summary>Notes that a data id lost its last reference. Not journalled.</summary>
    void AddGone(in GoneData gone);

    /// <summary>Drops such notes, up to a generation and before a time; at most <see cref="MetadataLimits.ForgetCountMax"/>.</summary>
    void ForgetGone(ulong generation, DateTimeOffset before);

    /// <summary>Notes that a data id lies in a segment; several runs of it there add up.</summary>
    void AddRun(SegmentId segment, DataId data, long bytes);
    void RemoveRuns(SegmentId segment, DataId data);
}

/// <summary>Segments with what lives in them, and the index from stores to segments.</summary>
internal interface ISegmentTable
{
    SegmentRow? Find(SegmentId id);

    /// <param name="now">Unix milliseconds: since when it has been without data.</param>
    void Insert(SegmentRow row, long now, ReadOnlySpan<byte> value);
    void Rewrite(SegmentRow row, ReadOnlySpan<byte> value);
    void Remove(SegmentId id);

    /// <summary>Adds to what lives in a segment (or takes from it).</summary>
    void AddUse(SegmentId id, long dataCount, long liveBytes, bool shrank, long now);

    /// <summary>How many data ids lie in a segment; null when there is no such segment.</summary>
    long? DataCount(SegmentId id);
    void AddPlacements(SegmentRow row);
    void RemovePlacements(SegmentRow row);
}

/// <summary>Stores, epochs and settings: tables of a key and a record.</summary>
internal interface ISmallTables
{
    void PutStore(StoreId id, ReadOnlySpan<byte> value);
    void RemoveStore(StoreId id);

    /// <summary>The live epoch of each gateway.</summary>
    Dictionary<string, ulong> ListEpochs();
    void PutEpoch(ReadOnlySpan<byte> gateway, ReadOnlySpan<byte> value);
    void RemoveEpoch(ReadOnlySpan<byte> gateway);
    byte[]? FindSetting(ReadOnlySpan<byte> name);
    void PutSetting(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);
    void RemoveSetting(ReadOnlySpan<byte> name);
}

/// <summary>Items on outside networks, and which shards are in them.</summary>
internal interface IItemTable
{
    ItemRow? Find(StoreId store, ItemId item);
    void Put(ItemRow row, ReadOnlySpan<byte> value);
    void Remove(StoreId store, ItemId item);
    ItemShardRow? FindShard(ShardId shard, StoreId store);
    void PutShard(in ItemShardRow row, ReadOnlySpan<byte> value);
    void RemoveShard(in ItemShardRow row);
}

/// <summary>Derived: what each bucket uses, and what the buckets of each account use together.</summary>
internal interface IUsageTable
{
    BucketUsageRow? FindBucket(BucketId bucket);
    void PutBucket(BucketId bucket, BucketUsageRow row);
    void RemoveBucket(BucketId bucket);
    AccountUsage? FindAccount(string account);
    void PutAccount(AccountUsage row);
    void RemoveAccount(string account);
}

/// <summary>Not journalled: versions that those who act by age are to look at again, and the stamp of the run since which they are complete.</summary>
internal interface IRevisitTable
{
    void Add(BucketId bucket, in Revisit revisit);
    void Remove(BucketId bucket, in Revisit revisit);

    /// <summary>Removes those of a bucket, and its stamp.</summary>
    void RemoveAll(BucketId bucket);
    void PutStamp(BucketId bucket, ulong stamp);
    void RemoveStamp(BucketId bucket);
}
