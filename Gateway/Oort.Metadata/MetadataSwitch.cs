using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Metadata;

/// <summary>An engine in whose place another one can be put while it serves: of a move from one database to another.</summary>
/// <param name="first">The engine of the start.</param>
public sealed class MetadataSwitch(IMetadataEngine first) : IMetadataEngine
{
    private readonly List<IMetadataEngine> replaced = [];
    private volatile IMetadataEngine present = first;

    /// <summary>The engine that serves now.</summary>
    public IMetadataEngine Present => present;

    public bool IsShared => present.IsShared;
    public Exception? JournalFault => present.JournalFault;
    public ulong CommittedGeneration => present.CommittedGeneration;
    public ulong JournalledGeneration => present.JournalledGeneration;

    /// <summary>Lets another engine serve from now on. The one before stays open, for reads that are under way, until this is disposed.</summary>
    public void Replace(IMetadataEngine other)
    {
        replaced.Add(present);
        present = other;
    }

    public async ValueTask DisposeAsync()
    {
        await present.DisposeAsync();
        foreach (var one in replaced) await one.DisposeAsync();
        replaced.Clear();
    }

    public ValueTask<ImmutableArray<StoreRow>> ReadStoresAsync(CancellationToken cancellationToken) => present.ReadStoresAsync(cancellationToken);
    public ValueTask<ulong> ReadCommittedAsync(CancellationToken cancellationToken) => present.ReadCommittedAsync(cancellationToken);
    public ValueTask ReplayAsync(string gatewayId, JournalEntry entry, CancellationToken cancellationToken) => present.ReplayAsync(gatewayId, entry, cancellationToken);
    public ValueTask StartAsync(IJournal journal, ulong journalledGeneration) => present.StartAsync(journal, journalledGeneration);
    public IDisposable? GatherWrites() => present.GatherWrites();
    public ValueTask<(CommitOutcome Outcome, BucketRow? Bucket)> CreateBucketAsync(BucketRow bucket, CancellationToken cancellationToken) => present.CreateBucketAsync(bucket, cancellationToken);
    public ValueTask<BucketRow?> FindBucketAsync(string name, CancellationToken cancellationToken) => present.FindBucketAsync(name, cancellationToken);
    public ValueTask<ImmutableArray<BucketRow>> ListBucketsAsync(string? ownerId, string prefix, string after, int limit, CancellationToken cancellationToken) => present.ListBucketsAsync(ownerId, prefix, after, limit, cancellationToken);
    public ValueTask<CommitOutcome> UpdateBucketAsync(BucketId bucket, Func<BucketRow, BucketRow> change, CancellationToken cancellationToken) => present.UpdateBucketAsync(bucket, change, cancellationToken);
    public ValueTask<CommitOutcome> DeleteBucketAsync(BucketId bucket, CancellationToken cancellationToken) => present.DeleteBucketAsync(bucket, cancellationToken);
    public ValueTask<PutVersionResult> PutVersionAsync(PutVersion command, CancellationToken cancellationToken) => present.PutVersionAsync(command, cancellationToken);
    public ValueTask<DeleteVersionResult> DeleteVersionAsync(DeleteVersion command, CancellationToken cancellationToken) => present.DeleteVersionAsync(command, cancellationToken);
    public ValueTask<ImmutableArray<DeleteVersionResult>> DeleteVersionsAsync(IReadOnlyList<DeleteVersion> commands, CancellationToken cancellationToken) => present.DeleteVersionsAsync(commands, cancellationToken);
    public ValueTask<VersionRow?> FindVersionAsync(BucketId bucket, string key, string? versionId, CancellationToken cancellationToken) => present.FindVersionAsync(bucket, key, versionId, cancellationToken);
    public ValueTask<FoundVersion?> OpenVersionAsync(BucketId bucket, string key, string? versionId, CancellationToken cancellationToken) => present.OpenVersionAsync(bucket, key, versionId, cancellationToken);
    public ValueTask<CommitOutcome> UpdateVersionAsync(BucketId bucket, string key, string? versionId, Func<VersionRow, VersionRow?> change, CancellationToken cancellationToken) => present.UpdateVersionAsync(bucket, key, versionId, change, cancellationToken);
    public ValueTask<PutVersionResult> RenameVersionAsync(RenameVersion command, CancellationToken cancellationToken) => present.RenameVersionAsync(command, cancellationToken);
    public ValueTask<CommitOutcome> LockVersionAsync(LockVersion command, CancellationToken cancellationToken) => present.LockVersionAsync(command, cancellationToken);
    public ValueTask<CommitOutcome> RewriteVersionAsync(BucketId bucket, string key, string versionId, Func<VersionRow, VersionRow?> change, NewData newData, CancellationToken cancellationToken) => present.RewriteVersionAsync(bucket, key, versionId, change, newData, cancellationToken);
    public ValueTask<ListObjectsPage> ListObjectsAsync(ListObjectsQuery query, CancellationToken cancellationToken) => present.ListObjectsAsync(query, cancellationToken);
    public ValueTask<ListVersionsPage> ListVersionsAsync(ListVersionsQuery query, CancellationToken cancellationToken) => present.ListVersionsAsync(query, cancellationToken);
    public ValueTask<CommitOutcome> CreateUploadAsync(UploadRow upload, CancellationToken cancellationToken) => present.CreateUploadAsync(upload, cancellationToken);
    public ValueTask<UploadRow?> FindUploadAsync(BucketId bucket, string key, UploadId upload, CancellationToken cancellationToken) => present.FindUploadAsync(bucket, key, upload, cancellationToken);
    public ValueTask<(CommitOutcome Outcome, PartRow? Part)> PutPartAsync(PutPart command, CancellationToken cancellationToken) => present.PutPartAsync(command, cancellationToken);
    public ValueTask<ListPartsPage> ListPartsAsync(UploadId upload, int afterPartNumber, int limit, CancellationToken cancellationToken) => present.ListPartsAsync(upload, afterPartNumber, limit, cancellationToken);
    public ValueTask<ListUploadsPage> ListUploadsAsync(ListUploadsQuery query, CancellationToken cancellationToken) => present.ListUploadsAsync(query, cancellationToken);
    public ValueTask<PutVersionResult> CompleteUploadAsync(CompleteUpload command, CancellationToken cancellationToken) => present.CompleteUploadAsync(command, cancellationToken);
    public ValueTask<CommitOutcome> AbortUploadAsync(BucketId bucket, string key, UploadId upload, CancellationToken cancellationToken) => present.AbortUploadAsync(bucket, key, upload, cancellationToken);
    public ValueTask<ImmutableArray<UploadRow>> FindUploadsBeforeAsync(DateTimeOffset initiatedBefore, int limit, CancellationToken cancellationToken) => present.FindUploadsBeforeAsync(initiatedBefore, limit, cancellationToken);
    public ValueTask<ImmutableArray<DataLocation>> LocateAsync(ImmutableArray<DataId> data, CancellationToken cancellationToken) => present.LocateAsync(data, cancellationToken);
    public ValueTask<CommitOutcome> AddSegmentsAsync(ulong epoch, ImmutableArray<SegmentRow> segments, CancellationToken cancellationToken) => present.AddSegmentsAsync(epoch, segments, cancellationToken);
    public ValueTask<SegmentRow?> FindSegmentAsync(SegmentId segment, CancellationToken cancellationToken) => present.FindSegmentAsync(segment, cancellationToken);
    public ValueTask<ImmutableArray<SegmentRow>> ListSegmentsAsync(SegmentId after, int limit, bool notFullOnly, StoreId? store, CancellationToken cancellationToken) => present.ListSegmentsAsync(after, limit, notFullOnly, store, cancellationToken);
    public ValueTask<CommitOutcome> MoveSegmentAsync(SegmentId segment, int expectedPlacementGeneration, ImmutableArray<StoreId> shards, CancellationToken cancellationToken) => present.MoveSegmentAsync(segment, expectedPlacementGeneration, shards, cancellationToken);
    public ValueTask<ImmutableArray<DataRow>> ListDataInSegmentAsync(SegmentId segment, DataId? after, int limit, CancellationToken cancellationToken) => present.ListDataInSegmentAsync(segment, after, limit, cancellationToken);
    public ValueTask<(CommitOutcome Outcome, ImmutableArray<bool> Moved)> MoveDataAsync(ImmutableArray<(DataRow Expected, ImmutableArray<SegmentRun> Runs)> moves, NewData newData, CancellationToken cancellationToken) => present.MoveDataAsync(moves, newData, cancellationToken);
    public ValueTask<ImmutableArray<SegmentUse>> ListSegmentUseAsync(double maxLiveShare, DateTimeOffset idleBefore, int limit, CancellationToken cancellationToken) => present.ListSegmentUseAsync(maxLiveShare, idleBefore, limit, cancellationToken);
    public ValueTask<ImmutableArray<SegmentRow>> DropSegmentsAsync(ImmutableArray<SegmentId> segments, CancellationToken cancellationToken) => present.DropSegmentsAsync(segments, cancellationToken);
    public ValueTask<ImmutableArray<DataRow>> ListDataAsync(DataId? after, int limit, CancellationToken cancellationToken) => present.ListDataAsync(after, limit, cancellationToken);
    public ValueTask<ImmutableArray<bool>> RewrapDataAsync(ImmutableArray<DataRewrap> keys, CancellationToken cancellationToken) => present.RewrapDataAsync(keys, cancellationToken);
    public ValueTask<GoneTotals> CountGoneDataAsync(ulong after, CancellationToken cancellationToken) => present.CountGoneDataAsync(after, cancellationToken);
    public ValueTask<ImmutableArray<GoneData>> FindGoneDataAsync(DataId? data, ulong version, int limit, CancellationToken cancellationToken) => present.FindGoneDataAsync(data, version, limit, cancellationToken);
    public ValueTask PutShreddedAsync(ulong generation, DateTimeOffset forgetBefore, CancellationToken cancellationToken) => present.PutShreddedAsync(generation, forgetBefore, cancellationToken);
    public ValueTask<bool> EraseRemainsAsync(CancellationToken cancellationToken) => present.EraseRemainsAsync(cancellationToken);
    public ValueTask<CommitOutcome> AddItemAsync(ItemRow item, ImmutableArray<ItemShardRow> shards, CancellationToken cancellationToken) => present.AddItemAsync(item, shards, cancellationToken);
    public ValueTask<CommitOutcome> UpdateItemAsync(StoreId store, int expectedRevision, NetworkItem item, CancellationToken cancellationToken) => present.UpdateItemAsync(store, expectedRevision, item, cancellationToken);
    public ValueTask<ImmutableArray<ItemRow>> RemoveItemShardsAsync(StoreId store, ImmutableArray<ShardId> shards, CancellationToken cancellationToken) => present.RemoveItemShardsAsync(store, shards, cancellationToken);
    public ValueTask<CommitOutcome> MoveItemAsync(StoreId from, ItemId item, int expectedRevision, ImmutableArray<ShardId> shards, StoreId to, DateTimeOffset emptiedUntil, CancellationToken cancellationToken) => present.MoveItemAsync(from, item, expectedRevision, shards, to, emptiedUntil, cancellationToken);
    public ValueTask<CommitOutcome> RemoveItemAsync(StoreId store, ItemId item, int expectedRevision, CancellationToken cancellationToken) => present.RemoveItemAsync(store, item, expectedRevision, cancellationToken);
    public ValueTask<ItemRow?> FindItemAsync(StoreId store, ItemId item, CancellationToken cancellationToken) => present.FindItemAsync(store, item, cancellationToken);
    public ValueTask<FoundItem?> FindItemOfAsync(StoreId store, ShardId shard, CancellationToken cancellationToken) => present.FindItemOfAsync(store, shard, cancellationToken);
    public ValueTask<ImmutableArray<ItemRow>> ListItemsAsync(StoreId? store, (StoreId Store, ItemId Item)? after, int limit, CancellationToken cancellationToken) => present.ListItemsAsync(store, after, limit, cancellationToken);
    public ValueTask<ImmutableArray<ItemRow>> ListDueItemsAsync(DateTimeOffset dueBefore, int limit, CancellationToken cancellationToken) => present.ListDueItemsAsync(dueBefore, limit, cancellationToken);
    public ValueTask<ImmutableArray<ItemShardRow>> ListItemShardsAsync(StoreId store, ItemId item, ShardId? after, int limit, CancellationToken cancellationToken) => present.ListItemShardsAsync(store, item, after, limit, cancellationToken);
    public ValueTask<ImmutableArray<StoreRow>> ListStoresAsync(CancellationToken cancellationToken) => present.ListStoresAsync(cancellationToken);
    public ValueTask PutStoreAsync(StoreRow store, CancellationToken cancellationToken) => present.PutStoreAsync(store, cancellationToken);
    public ValueTask<ulong> OpenEpochAsync(string gatewayId, CancellationToken cancellationToken) => present.OpenEpochAsync(gatewayId, cancellationToken);
    public ValueTask<byte[]?> GetSettingAsync(string name, CancellationToken cancellationToken) => present.GetSettingAsync(name, cancellationToken);
    public ValueTask PutSettingAsync(string name, byte[]? value, CancellationToken cancellationToken) => present.PutSettingAsync(name, value, cancellationToken);
    public ValueTask<bool> ReplaceSettingsAsync(string name, byte[]? expected, byte[]? value, IReadOnlyList<(string Name, byte[]? Value)> others, CancellationToken cancellationToken) => present.ReplaceSettingsAsync(name, expected, value, others, cancellationToken);
    public ValueTask<ImmutableArray<(string Name, byte[] Value)>> ListSettingsAsync(string prefix, string after, int limit, CancellationToken cancellationToken) => present.ListSettingsAsync(prefix, after, limit, cancellationToken);
    public ValueTask<bool> ReplaceSettingAsync(string name, byte[]? expected, byte[]? value, CancellationToken cancellationToken) => present.ReplaceSettingAsync(name, expected, value, cancellationToken);
    public ValueTask<Lease?> TryTakeLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) => present.TryTakeLeaseAsync(name, holder, duration, cancellationToken);
    public ValueTask<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken) => present.RenewLeaseAsync(lease, duration, cancellationToken);
    public ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken) => present.ReleaseLeaseAsync(lease, cancellationToken);
    public ValueTask<MetadataTotals> GetTotalsAsync(CancellationToken cancellationToken) => present.GetTotalsAsync(cancellationToken);
    public ValueTask<Usage?> GetUsageAsync(BucketId bucket, CancellationToken cancellationToken) => present.GetUsageAsync(bucket, cancellationToken);
    public ValueTask<AccountUsage?> GetAccountUsageAsync(string account, CancellationToken cancellationToken) => present.GetAccountUsageAsync(account, cancellationToken);
    public ValueTask<ImmutableArray<AccountUsage>> ListAccountUsageAsync(string after, int limit, CancellationToken cancellationToken) => present.ListAccountUsageAsync(after, limit, cancellationToken);
    public IAsyncEnumerable<SnapshotBatch> ExportAsync(CancellationToken cancellationToken) => present.ExportAsync(cancellationToken);
    public ValueTask<ImmutableArray<MetadataProblem>> CheckAsync(int problemsMax, CancellationToken cancellationToken) => present.CheckAsync(problemsMax, cancellationToken);
    public ValueTask<ImmutableArray<VersionWindow>> ListAgedVersionsAsync(AgedVersionsQuery query, CancellationToken cancellationToken) => present.ListAgedVersionsAsync(query, cancellationToken);
    public ValueTask<VersionWindow?> FindWindowAsync(BucketId bucket, string key, ulong generation, int newer, int older, CancellationToken cancellationToken) => present.FindWindowAsync(bucket, key, generation, newer, older, cancellationToken);
    public ValueTask<ImmutableArray<UploadRow>> ListAgedUploadsAsync(AgedUploadsQuery query, CancellationToken cancellationToken) => present.ListAgedUploadsAsync(query, cancellationToken);
    public ValueTask<ImmutableArray<Revisit>> ListRevisitsAsync(BucketId bucket, DateTimeOffset until, int limit, CancellationToken cancellationToken) => present.ListRevisitsAsync(bucket, until, limit, cancellationToken);
    public ValueTask<ulong?> FindRevisitStampAsync(BucketId bucket, CancellationToken cancellationToken) => present.FindRevisitStampAsync(bucket, cancellationToken);
    public ValueTask<bool> AdvanceAgesAsync(AdvanceAges command, CancellationToken cancellationToken) => present.AdvanceAgesAsync(command, cancellationToken);
}
