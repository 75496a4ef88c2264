using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata.Deciding;
using Oort.Metadata.Sqlite.Writing;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite;

/// <summary>What changes something: handed to the writer.</summary>
public sealed partial class SqliteMetadataStore
{
    /// <summary>Uploads of a deleted bucket that are looked up at once.</summary>
    private const int AbortBatch = 100;

    public IDisposable GatherWrites() => Writer.Gatherings.Begin();

    public ValueTask<(CommitOutcome Outcome, BucketRow? Bucket)> CreateBucketAsync(BucketRow bucket, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => BucketCommands.Create(session, bucket), cancellationToken);

    public ValueTask<CommitOutcome> UpdateBucketAsync(BucketId bucket, Func<BucketRow, BucketRow> change, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => BucketCommands.Update(session, bucket, change), cancellationToken);

    public async ValueTask<CommitOutcome> DeleteBucketAsync(BucketId bucket, CancellationToken cancellationToken)
    {
        var outcome = await Writer.SubmitAsync(session => BucketCommands.Delete(session, bucket), cancellationToken);
        if (outcome != CommitOutcome.Done) return outcome;
        // Nothing can be added to its uploads any more. Should this end early, the collector finds them by their age.
        while (true)
        {
            var uploads = await readers.ReadAsync(tables => tables.Uploads.InBucket(bucket, AbortBatch), CancellationToken.None);
            if (uploads.IsEmpty) return outcome;
            foreach (var upload in uploads) await AbortUploadAsync(bucket, upload.Key, upload.Id, CancellationToken.None);
        }
    }

    public ValueTask<PutVersionResult> PutVersionAsync(PutVersion command, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => VersionCommands.Put(session, command), cancellationToken, mayStoreLater: true);

    public ValueTask<DeleteVersionResult> DeleteVersionAsync(DeleteVersion command, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => VersionCommands.Delete(session, command), cancellationToken);

    public async ValueTask<ImmutableArray<DeleteVersionResult>> DeleteVersionsAsync(IReadOnlyList<DeleteVersion> commands, CancellationToken cancellationToken)
    {
        var queued = new WriteCommand<DeleteVersionResult>[commands.Count];
        for (var i = 0; i < queued.Length; i++)
        {
            var command = commands[i];
            queued[i] = new(session => VersionCommands.Delete(session, command));
            await Writer.EnqueueAsync(queued[i], cancellationToken);
        }
        return [.. await Task.WhenAll(queued.Select(command => command.Task))];
    }

    public ValueTask<CommitOutcome> UpdateVersionAsync(
        BucketId bucket, string key, string? versionId, Func<VersionRow, VersionRow?> change, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => VersionCommands.Update(session, bucket, key, versionId, change), cancellationToken);

    public ValueTask<CommitOutcome> RewriteVersionAsync(
        BucketId bucket, string key, string versionId, Func<VersionRow, VersionRow?> change, NewData newData, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => VersionCommands.Rewrite(session, bucket, key, versionId, change, newData), cancellationToken);

    public ValueTask<PutVersionResult> RenameVersionAsync(RenameVersion command, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => VersionCommands.Rename(session, command), cancellationToken);

    public ValueTask<CommitOutcome> LockVersionAsync(LockVersion command, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => LockCommands.Change(session, command), cancellationToken);

    public ValueTask<CommitOutcome> CreateUploadAsync(UploadRow upload, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => UploadCommands.Create(session, upload), cancellationToken);

    public ValueTask<(CommitOutcome Outcome, PartRow? Part)> PutPartAsync(PutPart command, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => UploadCommands.PutPart(session, command), cancellationToken);

    public ValueTask<PutVersionResult> CompleteUploadAsync(CompleteUpload command, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => UploadCommands.Complete(session, command), cancellationToken);

    public async ValueTask<CommitOutcome> AbortUploadAsync(BucketId bucket, string key, UploadId upload, CancellationToken cancellationToken)
    {
        for (var first = true; ; first = false)
        {
            var (outcome, finished) = await Writer.SubmitAsync(session => UploadCommands.AbortStep(session, bucket, key, upload), cancellationToken);
            // Between the steps somebody else may have finished the abort.
            if (finished) return first ? outcome : CommitOutcome.Done;
        }
    }

    public ValueTask<CommitOutcome> AddSegmentsAsync(ulong epoch, ImmutableArray<SegmentRow> segments, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => SegmentCommands.Add(session, epoch, segments), cancellationToken, mayStoreLater: true);

    public ValueTask<CommitOutcome> MoveSegmentAsync(
        SegmentId segment, int expectedPlacementGeneration, ImmutableArray<StoreId> shards, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => SegmentCommands.Move(session, segment, expectedPlacementGeneration, shards), cancellationToken);

    public ValueTask<(CommitOutcome Outcome, ImmutableArray<bool> Moved)> MoveDataAsync(
        ImmutableArray<(DataRow Expected, ImmutableArray<SegmentRun> Runs)> moves, NewData newData, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => SegmentCommands.MoveData(session, moves, newData), cancellationToken);

    public ValueTask<ImmutableArray<SegmentRow>> DropSegmentsAsync(ImmutableArray<SegmentId> segments, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => SegmentCommands.Drop(session, segments), cancellationToken);

    public ValueTask<ImmutableArray<bool>> RewrapDataAsync(ImmutableArray<DataRewrap> keys, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => KeyCommands.Rewrap(session, keys), cancellationToken);

    public async ValueTask PutShreddedAsync(ulong generation, DateTimeOffset forgetBefore, CancellationToken cancellationToken) =>
        await Writer.SubmitAsync(session => KeyCommands.PutShredded(session, generation, forgetBefore), cancellationToken);

    public ValueTask<CommitOutcome> AddItemAsync(ItemRow item, ImmutableArray<ItemShardRow> shards, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => ItemCommands.Add(session, item, shards), cancellationToken);

    public ValueTask<CommitOutcome> UpdateItemAsync(StoreId store, int expectedRevision, NetworkItem item, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => ItemCommands.Update(session, store, expectedRevision, item), cancellationToken);

    public ValueTask<ImmutableArray<ItemRow>> RemoveItemShardsAsync(StoreId store, ImmutableArray<ShardId> shards, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => ItemCommands.RemoveShards(session, store, shards), cancellationToken);

    public ValueTask<CommitOutcome> MoveItemAsync(StoreId from, ItemId item, int expectedRevision, ImmutableArray<ShardId> shards, StoreId to, DateTimeOffset emptiedUntil, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => ItemCommands.Move(session, from, item, expectedRevision, shards, to, emptiedUntil), cancellationToken);

    public ValueTask<CommitOutcome> RemoveItemAsync(StoreId store, ItemId item, int expectedRevision, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => ItemCommands.Remove(session, store, item, expectedRevision), cancellationToken);

    /// <remarks>Synced: after a power cut the gateway finds its stores by these rows, and everything else in the journal on the stores.</remarks>
    public async ValueTask PutStoreAsync(StoreRow store, CancellationToken cancellationToken) =>
        await Writer.SubmitAsync(
            session =>
            {
                session.StartWriting();
                session.PutStore(store);
                return true;
            },
            cancellationToken,
            needsSync: true);

    public ValueTask<ulong> OpenEpochAsync(string gatewayId, CancellationToken cancellationToken) =>
        Writer.SubmitAsync(session => BucketCommands.OpenEpoch(session, gatewayId), cancellationToken);

    public async ValueTask PutSettingAsync(string name, byte[]? value, CancellationToken cancellationToken) =>
        await Writer.SubmitAsync(
            session =>
            {
                session.StartWriting();
                session.PutSetting(name, value);
                return true;
            },
            cancellationToken);

    public ValueTask<bool> ReplaceSettingAsync(string name, byte[]? expected, byte[]? value, CancellationToken cancellationToken) =>
        ReplaceSettingsAsync(name, expected, value, [], cancellationToken);

    public ValueTask<bool> ReplaceSettingsAsync(string name, byte[]? expected, byte[]? value, IReadOnlyList<(string Name, byte[]? Value)> others, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(others.Count, MetadataLimits.SettingsInCommitMax, nameof(others));
        return Writer.SubmitAsync(session => session.ReplaceSettings(name, expected, value, others), cancellationToken);
    }

    public ValueTask<Lease?> TryTakeLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) => leases.TryTakeAsync(name, holder, duration, cancellationToken);

    public ValueTask<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken) => leases.RenewAsync(lease, duration, cancellationToken);

    public ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken) => leases.ReleaseAsync(lease, cancellationToken);
}
