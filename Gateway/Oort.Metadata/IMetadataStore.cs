using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Metadata;

/// <summary>The decision and the index: what exists, in which order it came to be, where it lies. One conformance suite for all engines.</summary>
/// <remarks>
/// Thread-safe. Every method that changes something returns when the change is committed <em>and</em> its journal record is durable
/// (<see cref="IJournal"/>), so its caller may acknowledge. Every method that reads waits until what it saw is in the journal, "it is not there"
/// included, so nothing is shown that a crash could take back. Order: generations, one for each command, given in the commit.
/// A journal or database that cannot take changes throws <see cref="MetadataUnavailableException"/>.
/// </remarks>
public interface IMetadataStore : IAgeIndex, IAsyncDisposable
{
    // Buckets
    ValueTask<(CommitOutcome Outcome, BucketRow? Bucket)> CreateBucketAsync(BucketRow bucket, CancellationToken cancellationToken);
    ValueTask<BucketRow?> FindBucketAsync(string name, CancellationToken cancellationToken);

    /// <summary>Buckets by name, after <paramref name="after"/>, with the prefix; of one owner where given.</summary>
    ValueTask<ImmutableArray<BucketRow>> ListBucketsAsync(string? ownerId, string prefix, string after, int limit, CancellationToken cancellationToken);

    /// <summary>Replaces versioning state and settings by what <paramref name="change"/> makes of the present row, in the commit. It must be quick and pure: it may run more than once.</summary>
    /// <exception cref="ArgumentException">The change goes back to Unversioned, which S3 does not know.</exception>
    ValueTask<CommitOutcome> UpdateBucketAsync(BucketId bucket, Func<BucketRow, BucketRow> change, CancellationToken cancellationToken);

    /// <summary>Deletes an empty bucket (no versions, no markers). Its uploads go with it.</summary>
    ValueTask<CommitOutcome> DeleteBucketAsync(BucketId bucket, CancellationToken cancellationToken);

    // Objects
    ValueTask<PutVersionResult> PutVersionAsync(PutVersion command, CancellationToken cancellationToken);
    ValueTask<DeleteVersionResult> DeleteVersionAsync(DeleteVersion command, CancellationToken cancellationToken);

    /// <summary>Several deletes, taken together and as a rule in one commit; each has its own generation and outcome. Results in the order of the commands.</summary>
    ValueTask<ImmutableArray<DeleteVersionResult>> DeleteVersionsAsync(IReadOnlyList<DeleteVersion> commands, CancellationToken cancellationToken);

    /// <summary>The newest version (which may be a delete marker), or the one with the text id; null when there is none.</summary>
    ValueTask<VersionRow?> FindVersionAsync(BucketId bucket, string key, string? versionId, CancellationToken cancellationToken);

    /// <summary>As <see cref="FindVersionAsync"/>, with where the version's data lies: all that a GET needs, in one read of one instant.</summary>
    ValueTask<FoundVersion?> OpenVersionAsync(BucketId bucket, string key, string? versionId, CancellationToken cancellationToken);

    /// <summary>Replaces attributes and storage class of a version in place (tags, retention, …) in the commit; null from <paramref name="change"/> leaves it. It must be quick and pure: it may run more than once.</summary>
    ValueTask<CommitOutcome> UpdateVersionAsync(BucketId bucket, string key, string? versionId, Func<VersionRow, VersionRow?> change, CancellationToken cancellationToken);

    /// <summary>Gives a version other data for the bytes that it has (moved, or restored), with attributes and storage class, in one commit; null from <paramref name="change"/>: Conflict, and nothing has changed.</summary>
    /// <param name="change">Makes the row that is to be of the row that is. It must be quick and pure: it may run more than once.</param>
    /// <param name="newData">Data that its extents bring.</param>
    ValueTask<CommitOutcome> RewriteVersionAsync(BucketId bucket, string key, string versionId, Func<VersionRow, VersionRow?> change, NewData newData, CancellationToken cancellationToken);

    ValueTask<PutVersionResult> RenameVersionAsync(RenameVersion command, CancellationToken cancellationToken);

    /// <summary>Changes a version's lock. Nothing else does: other changes of a version leave it as it is.</summary>
    ValueTask<CommitOutcome> LockVersionAsync(LockVersion command, CancellationToken cancellationToken);

    ValueTask<ListObjectsPage> ListObjectsAsync(ListObjectsQuery query, CancellationToken cancellationToken);
    ValueTask<ListVersionsPage> ListVersionsAsync(ListVersionsQuery query, CancellationToken cancellationToken);

    // Multipart
    ValueTask<CommitOutcome> CreateUploadAsync(UploadRow upload, CancellationToken cancellationToken);
    ValueTask<UploadRow?> FindUploadAsync(BucketId bucket, string key, UploadId upload, CancellationToken cancellationToken);
    ValueTask<(CommitOutcome Outcome, PartRow? Part)> PutPartAsync(PutPart command, CancellationToken cancellationToken);
    ValueTask<ListPartsPage> ListPartsAsync(UploadId upload, int afterPartNumber, int limit, CancellationToken cancellationToken);
    ValueTask<ListUploadsPage> ListUploadsAsync(ListUploadsQuery query, CancellationToken cancellationToken);
    ValueTask<PutVersionResult> CompleteUploadAsync(CompleteUpload command, CancellationToken cancellationToken);
    ValueTask<CommitOutcome> AbortUploadAsync(BucketId bucket, string key, UploadId upload, CancellationToken cancellationToken);

    /// <summary>Uploads initiated before a time, of all buckets, oldest first: for the collector.</summary>
    ValueTask<ImmutableArray<UploadRow>> FindUploadsBeforeAsync(DateTimeOffset initiatedBefore, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Announces that the caller queues several changes right now, from this thread: until the result is disposed the engine begins no group, so that they share one (and with it
    /// one journal record). Dispose it at once when they are queued, and wait for their answers only then. A hint: an engine may do nothing.
    /// </summary>
    IDisposable? GatherWrites() => null;

    // Data and segments
    ValueTask<ImmutableArray<DataLocation>> LocateAsync(ImmutableArray<DataId> data, CancellationToken cancellationToken);

    /// <summary>Adds segments that later commits of the same epoch refer to (packs). Done or Fenced.</summary>
    ValueTask<CommitOutcome> AddSegmentsAsync(ulong epoch, ImmutableArray<SegmentRow> segments, CancellationToken cancellationToken);

    ValueTask<SegmentRow?> FindSegmentAsync(SegmentId segment, CancellationToken cancellationToken);

    /// <summary>Segments in order of id after <paramref name="after"/> (default: from the first); only those not full, or with a shard on <paramref name="store"/>, where asked.</summary>
    ValueTask<ImmutableArray<SegmentRow>> ListSegmentsAsync(SegmentId after, int limit, bool notFullOnly, StoreId? store, CancellationToken cancellationToken);

    /// <summary>Flips a segment to new shard places if its placement generation is still the expected one; Conflict otherwise (or when it is gone).</summary>
    ValueTask<CommitOutcome> MoveSegmentAsync(SegmentId segment, int expectedPlacementGeneration, ImmutableArray<StoreId> shards, CancellationToken cancellationToken);

    /// <summary>Data ids with runs in a segment, after <paramref name="after"/>: for compaction and fsck.</summary>
    ValueTask<ImmutableArray<DataRow>> ListDataInSegmentAsync(SegmentId segment, DataId? after, int limit, CancellationToken cancellationToken);

    /// <summary>Moves data ids to new runs (compaction), each only if its present runs are the expected ones. Result: which moved.</summary>
    ValueTask<(CommitOutcome Outcome, ImmutableArray<bool> Moved)> MoveDataAsync(ImmutableArray<(DataRow Expected, ImmutableArray<SegmentRun> Runs)> moves, NewData newData, CancellationToken cancellationToken);

    /// <summary>With <paramref name="maxLiveShare"/> 0: segments whose last reference went, or that never got one, before <paramref name="idleBefore"/>, longest idle first: candidates for dropping.
    /// Above 0: segments that lost references and whose live share of the payload is at most that, least filled first: candidates for compaction.</summary>
    /// <remarks>A writer that still meant to refer to a dropped segment loses nothing: its commit fails with DataGone, and it writes again.</remarks>
    ValueTask<ImmutableArray<SegmentUse>> ListSegmentUseAsync(double maxLiveShare, DateTimeOffset idleBefore, int limit, CancellationToken cancellationToken);

    /// <summary>Removes segment rows that still have no reference; result: those removed, whose shards the caller may now delete.</summary>
    ValueTask<ImmutableArray<SegmentRow>> DropSegmentsAsync(ImmutableArray<SegmentId> segments, CancellationToken cancellationToken);

    // Keys
    /// <summary>All data ids in order after <paramref name="after"/> (null: from the first): for those who look at every wrapped key.</summary>
    ValueTask<ImmutableArray<DataRow>> ListDataAsync(DataId? after, int limit, CancellationToken cancellationToken);

    /// <summary>Replaces wrapped keys, each only if its data id is there and wrapped under the expected version. One commit, so the caller bounds how many. Result: which were replaced.</summary>
    ValueTask<ImmutableArray<bool>> RewrapDataAsync(ImmutableArray<DataRewrap> keys, CancellationToken cancellationToken);

    /// <summary>How many data ids have lost their last reference in generations after <paramref name="after"/>, and since when the first has.</summary>
    ValueTask<GoneTotals> CountGoneDataAsync(ulong after, CancellationToken cancellationToken);

    /// <summary>Data that lost its last reference: one data id, or that of one deleted version, oldest first. What <see cref="PutShreddedAsync"/> forgot is not found, nor what went before a recovery.</summary>
    /// <param name="version">Generation in the version's id; looked at when <paramref name="data"/> is null.</param>
    ValueTask<ImmutableArray<GoneData>> FindGoneDataAsync(DataId? data, ulong version, int limit, CancellationToken cancellationToken);

    /// <summary>Records that no wrapped key that went up to a generation is left anywhere (setting <see cref="MetadataLimits.ShreddedSetting"/>), and forgets which data that was if it went before a time.</summary>
    ValueTask PutShreddedAsync(ulong generation, DateTimeOffset forgetBefore, CancellationToken cancellationToken);

    /// <summary>Removes from the engine's own files what rows that are gone have left in them, as far as the engine can (docs/operations.md, "Keys").</summary>
    /// <returns>False: not now, since somebody reads or writes; to be tried again.</returns>
    ValueTask<bool> EraseRemainsAsync(CancellationToken cancellationToken);

    // Items on outside networks
    /// <summary>Adds an item with the shards in it. Conflict: there is an item of this id on that store, or one of the shards is in another there.</summary>
    ValueTask<CommitOutcome> AddItemAsync(ItemRow item, ImmutableArray<ItemShardRow> shards, CancellationToken cancellationToken);

    /// <summary>Puts what a step made of an item, if its revision is still the expected one; Conflict otherwise (or when it is gone).</summary>
    ValueTask<CommitOutcome> UpdateItemAsync(StoreId store, int expectedRevision, NetworkItem item, CancellationToken cancellationToken);

    /// <summary>Lets go of shards on a network. Items in which no other is wanted go to <see cref="ItemState.DeleteRequested"/> in the same commit; result: these.</summary>
    ValueTask<ImmutableArray<ItemRow>> RemoveItemShardsAsync(StoreId store, ImmutableArray<ShardId> shards, CancellationToken cancellationToken);

    /// <summary>Takes an item that is a copy from one store id to another, where its shards leave the items that they are in for it.</summary>
    /// <remarks>
    /// A shard that is in no item there, or in one on its way, is let go of instead. Items in which no other is wanted go to <see cref="ItemState.DeleteRequested"/> in the same commit, those that were there with their step due at
    /// <paramref name="emptiedUntil"/>.
    /// </remarks>
    /// <param name="shards">All that are in the item.</param>
    /// <returns>Conflict: it is not of the expected revision, no copy or has other shards, or there is one of its id already; nothing has changed.</returns>
    ValueTask<CommitOutcome> MoveItemAsync(StoreId from, ItemId item, int expectedRevision, ImmutableArray<ShardId> shards, StoreId to, DateTimeOffset emptiedUntil, CancellationToken cancellationToken);

    /// <summary>Forgets an item without shards, if its revision is still the expected one; Conflict otherwise.</summary>
    ValueTask<CommitOutcome> RemoveItemAsync(StoreId store, ItemId item, int expectedRevision, CancellationToken cancellationToken);

    ValueTask<ItemRow?> FindItemAsync(StoreId store, ItemId item, CancellationToken cancellationToken);

    /// <summary>The item that a shard is in on a network, and where; null when it is in none there.</summary>
    ValueTask<FoundItem?> FindItemOfAsync(StoreId store, ShardId shard, CancellationToken cancellationToken);

    /// <summary>Items in order of store and id, after one (null: from the first); of one store where asked.</summary>
    ValueTask<ImmutableArray<ItemRow>> ListItemsAsync(StoreId? store, (StoreId Store, ItemId Item)? after, int limit, CancellationToken cancellationToken);

    /// <summary>Items with a step that is due before a time, those due first in front.</summary>
    ValueTask<ImmutableArray<ItemRow>> ListDueItemsAsync(DateTimeOffset dueBefore, int limit, CancellationToken cancellationToken);

    /// <summary>Shards in an item in order of their ids, after one (null: from the first).</summary>
    ValueTask<ImmutableArray<ItemShardRow>> ListItemShardsAsync(StoreId store, ItemId item, ShardId? after, int limit, CancellationToken cancellationToken);

    // Stores, epochs, settings
    ValueTask<ImmutableArray<StoreRow>> ListStoresAsync(CancellationToken cancellationToken);
    ValueTask PutStoreAsync(StoreRow store, CancellationToken cancellationToken);

    /// <summary>Opens a new epoch for a gateway; earlier epochs of that gateway are fenced.</summary>
    ValueTask<ulong> OpenEpochAsync(string gatewayId, CancellationToken cancellationToken);

    /// <summary>Small cluster-wide settings by name (journalled like all else), null when unset.</summary>
    ValueTask<byte[]?> GetSettingAsync(string name, CancellationToken cancellationToken);
    ValueTask PutSettingAsync(string name, byte[]? value, CancellationToken cancellationToken);

    /// <summary>Sets a setting (null: unsets it) if it still is what the caller has read: two gateways that change it at once do not undo each other's change.</summary>
    /// <param name="expected">What <see cref="GetSettingAsync"/> returned.</param>
    /// <returns>False: it is something else by now, and stays that.</returns>
    ValueTask<bool> ReplaceSettingAsync(string name, byte[]? expected, byte[]? value, CancellationToken cancellationToken);

    /// <summary>As <see cref="ReplaceSettingAsync"/>, and sets (null: unsets) others with it in the same commit: what belongs together changes together.</summary>
    /// <param name="others">At most <see cref="MetadataLimits.SettingsInCommitMax"/>.</param>
    ValueTask<bool> ReplaceSettingsAsync(string name, byte[]? expected, byte[]? value, IReadOnlyList<(string Name, byte[]? Value)> others, CancellationToken cancellationToken);

    /// <summary>Settings whose names begin so, in the order of their names' bytes, after one (empty: from the first).</summary>
    ValueTask<ImmutableArray<(string Name, byte[] Value)>> ListSettingsAsync(string prefix, string after, int limit, CancellationToken cancellationToken);

    // Leases
    /// <summary>Takes the right to some background work (one name for each) for a time, unless another holder has it; the same holder may take it anew, and then holds it by the new token alone.</summary>
    /// <param name="duration">From when the engine decides. Whoever holds a lease counts from before the call, renews it in good time, and stops working when it has run out: the engine's clock is not his.</param>
    /// <returns>Null: somebody else holds it.</returns>
    ValueTask<Lease?> TryTakeLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Holds a lease for another time from now on. False: somebody else has taken it since; the work must stop.</summary>
    ValueTask<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Gives a lease back, so that nobody need wait for its end. Nothing happens when it is another's by now.</summary>
    ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken);

    // Journal, snapshot, recovery
    /// <summary>Newest committed generation.</summary>
    ulong CommittedGeneration { get; }

    /// <summary>Newest generation whose journal record is durable.</summary>
    ulong JournalledGeneration { get; }

    ValueTask<MetadataTotals> GetTotalsAsync(CancellationToken cancellationToken);

    // Usage: exact, of one instant; may run ahead of the journal by the groups in flight.
    /// <summary>What a bucket holds; null when there is no such bucket.</summary>
    ValueTask<Usage?> GetUsageAsync(BucketId bucket, CancellationToken cancellationToken);

    /// <summary>What the buckets of an account hold together; null when it has no bucket.</summary>
    /// <param name="account">Canonical id, as in <see cref="BucketRow.OwnerId"/>.</param>
    ValueTask<AccountUsage?> GetAccountUsageAsync(string account, CancellationToken cancellationToken);

    /// <summary>Accounts that have buckets, in the order of their ids' bytes, after one (empty: from the first).</summary>
    ValueTask<ImmutableArray<AccountUsage>> ListAccountUsageAsync(string after, int limit, CancellationToken cancellationToken);

    /// <summary>Every row of every journalled table at one instant, as sealed-size batches of row changes in the journal's encoding, for a snapshot (docs/formats/snapshot.md).
    /// When the last batch has been given, the engine itself is durable up to that generation: the journal up to it may be dropped once the snapshot is whole.</summary>
    IAsyncEnumerable<SnapshotBatch> ExportAsync(CancellationToken cancellationToken);

    /// <summary>Works out everything that is derived (references, live bytes, heads, indexes, totals) anew, and reports what differs, up to a count. Changes nothing.</summary>
    ValueTask<ImmutableArray<MetadataProblem>> CheckAsync(int problemsMax, CancellationToken cancellationToken);
}

/// <summary>The right to some background work. Not journalled: it ends by itself.</summary>
/// <param name="Token">Fencing token: greater than that of every earlier lease of the name. What the work writes elsewhere carries it, and what carries a smaller one is refused there.</param>
public sealed record Lease(string Name, string Holder, ulong Token);

/// <summary>A data id's key, wrapped anew.</summary>
/// <param name="ExpectedVersion">Key-encryption key that wraps it until now.</param>
public readonly record struct DataRewrap(DataId Data, int ExpectedVersion, int KeyVersion, ImmutableArray<byte> WrappedKey);

/// <summary>Data whose last reference went.</summary>
/// <param name="Generation">When: of the command with which it went.</param>
/// <param name="Version">Generation in the id of the version with which it went; 0 when it was a part's.</param>
public readonly record struct GoneData(DataId Data, ulong Generation, ulong Version, DateTimeOffset At);

/// <param name="Oldest">Null when there is none.</param>
public sealed record GoneTotals(long Count, DateTimeOffset? Oldest);

/// <summary>How full a segment is.</summary>
public readonly record struct SegmentUse(SegmentRow Segment, long LiveBytes);

/// <summary>Rows of a snapshot, encoded as a journal record's changes.</summary>
/// <param name="Generation">The instant of the whole snapshot; the same in each batch.</param>
/// <param name="Changes">Encoded row changes, at most 1 MiB unless a single row is larger.</param>
public sealed record SnapshotBatch(ulong Generation, ReadOnlyMemory<byte> Changes);

/// <summary>Changes cannot be committed now: disk full, journal below its quorum. Nothing was acknowledged; the client may try again.</summary>
/// <remarks>The change may still take effect, when it was decided and only its journal record is not durable yet: what it refers to must not be deleted.</remarks>
public sealed class MetadataUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
