using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Tests.World;

/// <summary>The part of the metadata that the data path uses, in memory: rows, existence checks of what commits refer to, outcomes on command.</summary>
internal sealed class MemoryMetadata : IMetadataStore
{
    private readonly Lock gate = new();
    private readonly Dictionary<DataId, DataRow> data = [];
    private readonly Dictionary<SegmentId, SegmentRow> segments = [];
    private readonly Dictionary<(BucketId, string), VersionRow> versions = [];
    private readonly Dictionary<(UploadId, int), PartRow> parts = [];
    private ulong generation;

    /// <summary>What the next commits answer instead of committing.</summary>
    public CommitOutcome? Refuse { get; set; }

    public Exception? Fail { get; set; }

    /// <summary>What looks for segments throw.</summary>
    public Exception? FailReads { get; set; }

    /// <summary>Answers looks for segments in the place of what is here; null: nothing does.</summary>
    public Func<Task<SegmentRow?>>? Find { get; set; }

    public int CommitCount { get; private set; }

    public ImmutableArray<SegmentRow> Segments
    {
        get { lock (gate) return [.. segments.Values.OrderBy(row => row.Id)]; }
    }

    public ImmutableArray<DataRow> Data
    {
        get { lock (gate) return [.. data.Values]; }
    }

    public ulong CommittedGeneration => generation;

    public ulong JournalledGeneration => generation;

    public ValueTask<PutVersionResult> PutVersionAsync(PutVersion command, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (Decide(command.Extents, command.NewData) is { } refused) return new(new PutVersionResult(refused, null, default));
            var row = new VersionRow
            {
                Bucket = command.Bucket,
                Key = command.Key,
                Id = new(++generation, 0),
                IsNull = true,
                IsLatest = true,
                LastModified = DateTimeOffset.UnixEpoch,
                OwnerId = command.OwnerId,
                Size = command.Size,
                ETag = command.ETag,
                StorageClass = command.StorageClass,
                Attributes = command.Attributes,
                Extents = command.Extents,
            };
            versions[(command.Bucket, command.Key)] = row;
            return new(new PutVersionResult(CommitOutcome.Done, row, default));
        }
    }

    public ValueTask<(CommitOutcome Outcome, PartRow? Part)> PutPartAsync(PutPart command, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (Decide(command.Extents, command.NewData) is { } refused) return new((refused, null));
            var row = new PartRow
            {
                Upload = command.Upload,
                PartNumber = command.PartNumber,
                LastModified = DateTimeOffset.UnixEpoch,
                Size = command.Size,
                ETag = command.ETag,
                Checksum = command.Checksum,
                Extents = command.Extents,
            };
            parts[(command.Upload, command.PartNumber)] = row;
            return new((CommitOutcome.Done, row));
        }
    }

    /// <summary>Segments are added when this ends.</summary>
    public Task Adding { get; set; } = Task.CompletedTask;

    public async ValueTask<CommitOutcome> AddSegmentsAsync(ulong epoch, ImmutableArray<SegmentRow> added, CancellationToken cancellationToken)
    {
        await Adding;
        lock (gate)
        {
            if (Fail is { } failure) throw failure;
            if (Refuse is CommitOutcome.Fenced) return CommitOutcome.Fenced;
            foreach (var row in added) segments.Add(row.Id, row);
            return CommitOutcome.Done;
        }
    }

    public ValueTask<ImmutableArray<DataLocation>> LocateAsync(ImmutableArray<DataId> ids, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            return new(ids.Where(data.ContainsKey)
                .Select(id => new DataLocation(data[id], data[id].Runs.Select(run => run.Segment).Distinct().ToImmutableDictionary(segment => segment, segment => segments[segment])))
                .ToImmutableArray());
        }
    }

    public ValueTask<SegmentRow?> FindSegmentAsync(SegmentId segment, CancellationToken cancellationToken)
    {
        if (FailReads is { } failure) throw failure;
        if (Find is { } find) return new(find());
        lock (gate) return new(segments.GetValueOrDefault(segment));
    }

    public ValueTask<CommitOutcome> MoveSegmentAsync(SegmentId segment, int expectedPlacementGeneration, ImmutableArray<StoreId> shards, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var old = segments[segment];
            if (old.PlacementGeneration != expectedPlacementGeneration) return new(CommitOutcome.Conflict);
            segments[segment] = old with { Shards = shards, PlacementGeneration = old.PlacementGeneration + 1 };
            return new(CommitOutcome.Done);
        }
    }

    /// <summary>Drops a version's data, as its deletion does.</summary>
    public void Drop(VersionRow version)
    {
        lock (gate)
        {
            versions.Remove((version.Bucket, version.Key));
            foreach (var extent in version.Extents) data.Remove(extent.Data);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Null when the commit is to be done; new rows are then added.</summary>
    private CommitOutcome? Decide(ImmutableArray<Extent> extents, NewData newData)
    {
        CommitCount++;
        if (Fail is { } failure) throw failure;
        if (Refuse is { } refused) return refused;
        foreach (var run in newData.Data.SelectMany(row => row.Runs))
            if (!segments.ContainsKey(run.Segment) && newData.Segments.All(row => row.Id != run.Segment)) return CommitOutcome.DataGone;
        foreach (var extent in extents)
            if (!data.ContainsKey(extent.Data) && newData.Data.All(row => row.Id != extent.Data)) return CommitOutcome.DataGone;
        foreach (var row in newData.Segments) segments.Add(row.Id, row);
        foreach (var row in newData.Data) data.Add(row.Id, row);
        return null;
    }

    ValueTask<(CommitOutcome Outcome, BucketRow? Bucket)> IMetadataStore.CreateBucketAsync(BucketRow bucket, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<BucketRow?> IMetadataStore.FindBucketAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<BucketRow>> IMetadataStore.ListBucketsAsync(string? ownerId, string prefix, string after, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<CommitOutcome> IMetadataStore.UpdateBucketAsync(BucketId bucket, Func<BucketRow, BucketRow> change, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<CommitOutcome> IMetadataStore.DeleteBucketAsync(BucketId bucket, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<DeleteVersionResult> IMetadataStore.DeleteVersionAsync(DeleteVersion command, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<PutVersionResult> IMetadataStore.RenameVersionAsync(RenameVersion command, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<CommitOutcome> IMetadataStore.LockVersionAsync(LockVersion command, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<DeleteVersionResult>> IMetadataStore.DeleteVersionsAsync(IReadOnlyList<DeleteVersion> commands, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<VersionRow?> IMetadataStore.FindVersionAsync(BucketId bucket, string key, string? versionId, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<FoundVersion?> IMetadataStore.OpenVersionAsync(BucketId bucket, string key, string? versionId, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<CommitOutcome> IMetadataStore.RewriteVersionAsync(BucketId bucket, string key, string versionId, Func<VersionRow, VersionRow?> change, NewData newData, CancellationToken cancellationToken) => throw new NotSupportedException();

    ValueTask<CommitOutcome> IMetadataStore.UpdateVersionAsync(BucketId bucket, string key, string? versionId, Func<VersionRow, VersionRow?> change, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ListObjectsPage> IMetadataStore.ListObjectsAsync(ListObjectsQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ListVersionsPage> IMetadataStore.ListVersionsAsync(ListVersionsQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<CommitOutcome> IMetadataStore.CreateUploadAsync(UploadRow upload, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<UploadRow?> IMetadataStore.FindUploadAsync(BucketId bucket, string key, UploadId upload, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ListPartsPage> IMetadataStore.ListPartsAsync(UploadId upload, int afterPartNumber, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ListUploadsPage> IMetadataStore.ListUploadsAsync(ListUploadsQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<PutVersionResult> IMetadataStore.CompleteUploadAsync(CompleteUpload command, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<CommitOutcome> IMetadataStore.AbortUploadAsync(BucketId bucket, string key, UploadId upload, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<UploadRow>> IMetadataStore.FindUploadsBeforeAsync(DateTimeOffset initiatedBefore, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<SegmentRow>> IMetadataStore.ListSegmentsAsync(SegmentId after, int limit, bool notFullOnly, StoreId? store, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<DataRow>> IMetadataStore.ListDataInSegmentAsync(SegmentId segment, DataId? after, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<(CommitOutcome Outcome, ImmutableArray<bool> Moved)> IMetadataStore.MoveDataAsync(ImmutableArray<(DataRow Expected, ImmutableArray<SegmentRun> Runs)> moves, NewData newData, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<SegmentUse>> IMetadataStore.ListSegmentUseAsync(double maxLiveShare, DateTimeOffset idleBefore, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<SegmentRow>> IMetadataStore.DropSegmentsAsync(ImmutableArray<SegmentId> dropped, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<DataRow>> IMetadataStore.ListDataAsync(DataId? after, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<bool>> IMetadataStore.RewrapDataAsync(ImmutableArray<DataRewrap> keys, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<GoneTotals> IMetadataStore.CountGoneDataAsync(ulong after, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<GoneData>> IMetadataStore.FindGoneDataAsync(DataId? id, ulong version, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask IMetadataStore.PutShreddedAsync(ulong upTo, DateTimeOffset forgetBefore, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<bool> IMetadataStore.EraseRemainsAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<CommitOutcome> IMetadataStore.AddItemAsync(ItemRow item, ImmutableArray<ItemShardRow> shards, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<CommitOutcome> IMetadataStore.UpdateItemAsync(StoreId store, int expectedRevision, NetworkItem item, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<ItemRow>> IMetadataStore.RemoveItemShardsAsync(StoreId store, ImmutableArray<ShardId> shards, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<CommitOutcome> IMetadataStore.MoveItemAsync(StoreId from, ItemId item, int expectedRevision, ImmutableArray<ShardId> shards, StoreId to, DateTimeOffset emptiedUntil, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<CommitOutcome> IMetadataStore.RemoveItemAsync(StoreId store, ItemId item, int expectedRevision, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ItemRow?> IMetadataStore.FindItemAsync(StoreId store, ItemId item, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<FoundItem?> IMetadataStore.FindItemOfAsync(StoreId store, ShardId shard, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<ItemRow>> IMetadataStore.ListItemsAsync(StoreId? store, (StoreId Store, ItemId Item)? after, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<ItemRow>> IMetadataStore.ListDueItemsAsync(DateTimeOffset dueBefore, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<ItemShardRow>> IMetadataStore.ListItemShardsAsync(StoreId store, ItemId item, ShardId? after, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<StoreRow>> IMetadataStore.ListStoresAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask IMetadataStore.PutStoreAsync(StoreRow store, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ulong> IMetadataStore.OpenEpochAsync(string gatewayId, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<byte[]?> IMetadataStore.GetSettingAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask IMetadataStore.PutSettingAsync(string name, byte[]? value, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<bool> IMetadataStore.ReplaceSettingsAsync(string name, byte[]? expected, byte[]? value, IReadOnlyList<(string Name, byte[]? Value)> others, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<(string Name, byte[] Value)>> IMetadataStore.ListSettingsAsync(string prefix, string after, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<bool> IMetadataStore.ReplaceSettingAsync(string name, byte[]? expected, byte[]? value, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<Lease?> IMetadataStore.TryTakeLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<bool> IMetadataStore.RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask IMetadataStore.ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<Usage?> IMetadataStore.GetUsageAsync(BucketId bucket, CancellationToken cancellationToken) => throw new NotSupportedException();

    ValueTask<AccountUsage?> IMetadataStore.GetAccountUsageAsync(string account, CancellationToken cancellationToken) => throw new NotSupportedException();

    ValueTask<ImmutableArray<AccountUsage>> IMetadataStore.ListAccountUsageAsync(string after, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    ValueTask<MetadataTotals> IMetadataStore.GetTotalsAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<MetadataProblem>> IMetadataStore.CheckAsync(int problemsMax, CancellationToken cancellationToken) => throw new NotSupportedException();
    IAsyncEnumerable<SnapshotBatch> IMetadataStore.ExportAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<VersionWindow>> IAgeIndex.ListAgedVersionsAsync(AgedVersionsQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<VersionWindow?> IAgeIndex.FindWindowAsync(BucketId bucket, string key, ulong generation, int newer, int older, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<UploadRow>> IAgeIndex.ListAgedUploadsAsync(AgedUploadsQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ImmutableArray<Revisit>> IAgeIndex.ListRevisitsAsync(BucketId bucket, DateTimeOffset until, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<ulong?> IAgeIndex.FindRevisitStampAsync(BucketId bucket, CancellationToken cancellationToken) => throw new NotSupportedException();
    ValueTask<bool> IAgeIndex.AdvanceAgesAsync(AdvanceAges command, CancellationToken cancellationToken) => throw new NotSupportedException();
}
