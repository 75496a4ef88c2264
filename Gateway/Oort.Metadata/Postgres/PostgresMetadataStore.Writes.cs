using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata.Deciding;
using Oort.Metadata.Postgres.Writing;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres;

/// <summary>What changes something: handed to the writer, with what it will look at.</summary>
public sealed partial class PostgresMetadataStore
{
    /// <summary>Uploads of a deleted bucket that are looked up at once.</summary>
    private const int AbortBatch = 100;

    public IDisposable GatherWrites() => queue.Gatherings.Begin();

    public ValueTask<(CommitOutcome Outcome, BucketRow? Bucket)> CreateBucketAsync(BucketRow bucket, CancellationToken cancellationToken) =>
        SubmitAsync(session => BucketCommands.Create(session, bucket), reads => reads.Names(), cancellationToken);

    public ValueTask<CommitOutcome> UpdateBucketAsync(BucketId bucket, Func<BucketRow, BucketRow> change, CancellationToken cancellationToken) =>
        SubmitAsync(
            session => BucketCommands.Update(session, bucket, change),
            reads =>
            {
                reads.Names();
                reads.Bucket(bucket);
            },
            cancellationToken);

    public async ValueTask<CommitOutcome> DeleteBucketAsync(BucketId bucket, CancellationToken cancellationToken)
    {
        var outcome = await SubmitAsync(
            session => BucketCommands.Delete(session, bucket),
            reads =>
            {
                reads.Names();
                reads.ObjectsIn(bucket);
                reads.Bucket(bucket);
            },
            cancellationToken);
        if (outcome != CommitOutcome.Done) return outcome;
        // Nothing can be added to its uploads any more. Should this end early, the collector finds them by their age.
        while (true)
        {
            var uploads = await ReadUploadsAsync("WHERE bucket = $1 ORDER BY bucket, key, id LIMIT $2", [Scope.UploadsIn(bucket)], [RoundTrip.Long(bucket.Value), RoundTrip.Int(AbortBatch)], CancellationToken.None);
            if (uploads.IsEmpty) return outcome;
            foreach (var upload in uploads) await AbortUploadAsync(bucket, upload.Key, upload.Id, CancellationToken.None);
        }
    }

    public ValueTask<PutVersionResult> PutVersionAsync(PutVersion command, CancellationToken cancellationToken) =>
        SubmitAsync(
            session => VersionCommands.Put(session, command),
            reads =>
            {
                reads.Newest(command.Bucket, command.Key);
                reads.New(command.NewData, command.Extents);
            },
            cancellationToken);

    public ValueTask<DeleteVersionResult> DeleteVersionAsync(DeleteVersion command, CancellationToken cancellationToken) =>
        SubmitAsync(session => VersionCommands.Delete(session, command), reads => Look(reads, command), cancellationToken);

    public async ValueTask<ImmutableArray<DeleteVersionResult>> DeleteVersionsAsync(IReadOnlyList<DeleteVersion> commands, CancellationToken cancellationToken)
    {
        RequireStarted();
        var queued = new PostgresCommand<DeleteVersionResult>[commands.Count];
        for (var i = 0; i < queued.Length; i++)
        {
            var command = commands[i];
            queued[i] = new(session => VersionCommands.Delete(session, command), reads => Look(reads, command));
            await queue.EnqueueAsync(queued[i], cancellationToken);
        }
        return [.. await Task.WhenAll(queued.Select(AnswerAsync))];
    }

    /// <summary>What a delete looks at; one that names a version may meet a lock, and then the clock.</summary>
    private static void Look(Prefetch reads, DeleteVersion command)
    {
        reads.Newest(command.Bucket, command.Key);
        if (command.VersionId is not null) reads.Setting(LockClock.SettingName);
    }

    public ValueTask<CommitOutcome> UpdateVersionAsync(BucketId bucket, string key, string? versionId, Func<VersionRow, VersionRow?> change, CancellationToken cancellationToken) =>
        SubmitAsync(session => VersionCommands.Update(session, bucket, key, versionId, change), reads => reads.Newest(bucket, key), cancellationToken);

    public ValueTask<CommitOutcome> RewriteVersionAsync(
        BucketId bucket, string key, string versionId, Func<VersionRow, VersionRow?> change, NewData newData, CancellationToken cancellationToken) =>
        SubmitAsync(
            session => VersionCommands.Rewrite(session, bucket, key, versionId, change, newData),
            reads =>
            {
                reads.Newest(bucket, key);
                reads.New(newData, []);
            },
            cancellationToken);

    public ValueTask<PutVersionResult> RenameVersionAsync(RenameVersion command, CancellationToken cancellationToken) =>
        SubmitAsync(
            session => VersionCommands.Rename(session, command),
            reads =>
            {
                reads.Newest(command.Bucket, command.Key);
                reads.Newest(command.Bucket, command.NewKey);
            },
            cancellationToken);

    public ValueTask<CommitOutcome> LockVersionAsync(LockVersion command, CancellationToken cancellationToken) =>
        SubmitAsync(
            session => LockCommands.Change(session, command),
            reads =>
            {
                reads.Newest(command.Bucket, command.Key);
                reads.Setting(LockClock.SettingName);
            },
            cancellationToken);

    public ValueTask<CommitOutcome> CreateUploadAsync(UploadRow upload, CancellationToken cancellationToken) =>
        SubmitAsync(session => UploadCommands.Create(session, upload), reads => reads.Upload(upload.Bucket, upload.Key, upload.Id), cancellationToken);

    public ValueTask<(CommitOutcome Outcome, PartRow? Part)> PutPartAsync(PutPart command, CancellationToken cancellationToken) =>
        SubmitAsync(
            session => UploadCommands.PutPart(session, command),
            reads =>
            {
                reads.Upload(command.Bucket, command.Key, command.Upload);
                reads.Part(command.Upload, command.PartNumber);
                reads.New(command.NewData, command.Extents);
            },
            cancellationToken);

    public ValueTask<PutVersionResult> CompleteUploadAsync(CompleteUpload command, CancellationToken cancellationToken) =>
        SubmitAsync(
            session => UploadCommands.Complete(session, command),
            reads =>
            {
                reads.Newest(command.Bucket, command.Key);
                reads.Upload(command.Bucket, command.Key, command.Upload);
                foreach (var part in command.Parts)
                {
                    reads.Part(command.Upload, part.PartNumber);
                    foreach (var extent in part.Extents) reads.Data(extent.Data);
                }
            },
            cancellationToken);

    public async ValueTask<CommitOutcome> AbortUploadAsync(BucketId bucket, string key, UploadId upload, CancellationToken cancellationToken)
    {
        for (var first = true; ; first = false)
        {
            var (outcome, finished) = await SubmitAsync(session => UploadCommands.AbortStep(session, bucket, key, upload), reads => reads.Upload(bucket, key, upload), cancellationToken);
            // Between the steps somebody else may have finished the abort.
            if (finished) return first ? outcome : CommitOutcome.Done;
        }
    }

    public ValueTask<CommitOutcome> AddSegmentsAsync(ulong epoch, ImmutableArray<SegmentRow> segments, CancellationToken cancellationToken) =>
        SubmitAsync(session => SegmentCommands.Add(session, epoch, segments), reads => reads.New(new(epoch, segments, []), []), cancellationToken);

    public ValueTask<CommitOutcome> MoveSegmentAsync(SegmentId segment, int expectedPlacementGeneration, ImmutableArray<StoreId> shards, CancellationToken cancellationToken) =>
        SubmitAsync(session => SegmentCommands.Move(session, segment, expectedPlacementGeneration, shards), reads => reads.Segment(segment), cancellationToken);

    public ValueTask<(CommitOutcome Outcome, ImmutableArray<bool> Moved)> MoveDataAsync(
        ImmutableArray<(DataRow Expected, ImmutableArray<SegmentRun> Runs)> moves, NewData newData, CancellationToken cancellationToken) =>
        SubmitAsync(
            session => SegmentCommands.MoveData(session, moves, newData),
            reads =>
            {
                reads.New(newData, []);
                foreach (var (expected, runs) in moves)
                {
                    reads.Data(expected.Id);
                    foreach (var run in runs) reads.Segment(run.Segment);
                }
            },
            cancellationToken);

    public ValueTask<ImmutableArray<SegmentRow>> DropSegmentsAsync(ImmutableArray<SegmentId> segments, CancellationToken cancellationToken) =>
        SubmitAsync(
            session => SegmentCommands.Drop(session, segments),
            reads =>
            {
                foreach (var segment in segments) reads.Count(segment);
            },
            cancellationToken);

    public ValueTask<ImmutableArray<bool>> RewrapDataAsync(ImmutableArray<DataRewrap> keys, CancellationToken cancellationToken) =>
        SubmitAsync(
            session => KeyCommands.Rewrap(session, keys),
            reads =>
            {
                foreach (var key in keys) reads.Data(key.Data);
            },
            cancellationToken);

    public async ValueTask PutShreddedAsync(ulong generation, DateTimeOffset forgetBefore, CancellationToken cancellationToken) =>
        await SubmitAsync(session => KeyCommands.PutShredded(session, generation, forgetBefore), _ => { }, cancellationToken);

    public ValueTask<CommitOutcome> AddItemAsync(ItemRow item, ImmutableArray<ItemShardRow> shards, CancellationToken cancellationToken) =>
        SubmitAsync(
            session => ItemCommands.Add(session, item, shards),
            reads =>
            {
                reads.Item(item.Store, item.Item.Id);
                foreach (var shard in shards) reads.ItemShard(shard.Shard, shard.Store);
            },
            cancellationToken);

    public ValueTask<CommitOutcome> UpdateItemAsync(StoreId store, int expectedRevision, NetworkItem item, CancellationToken cancellationToken) =>
        SubmitAsync(session => ItemCommands.Update(session, store, expectedRevision, item), reads => reads.Item(store, item.Id), cancellationToken);

    public ValueTask<ImmutableArray<ItemRow>> RemoveItemShardsAsync(StoreId store, ImmutableArray<ShardId> shards, CancellationToken cancellationToken) =>
        SubmitAsync(
            session => ItemCommands.RemoveShards(session, store, shards),
            reads =>
            {
                foreach (var shard in shards) reads.ItemShard(shard, store);
            },
            cancellationToken);

    public ValueTask<CommitOutcome> MoveItemAsync(StoreId from, ItemId item, int expectedRevision, ImmutableArray<ShardId> shards, StoreId to, DateTimeOffset emptiedUntil, CancellationToken cancellationToken) =>
        SubmitAsync(
            session => ItemCommands.Move(session, from, item, expectedRevision, shards, to, emptiedUntil),
            reads =>
            {
                reads.Item(from, item);
                reads.Item(to, item);
                foreach (var shard in shards)
                {
                    reads.ItemShard(shard, from);
                    reads.ItemShard(shard, to);
                }
            },
            cancellationToken);

    public ValueTask<CommitOutcome> RemoveItemAsync(StoreId store, ItemId item, int expectedRevision, CancellationToken cancellationToken) =>
        SubmitAsync(session => ItemCommands.Remove(session, store, item, expectedRevision), reads => reads.Item(store, item), cancellationToken);

    public async ValueTask PutStoreAsync(StoreRow store, CancellationToken cancellationToken) =>
        await SubmitAsync(
            session =>
            {
                session.StartWriting();
                session.PutStore(store);
                return true;
            },
            _ => { },
            cancellationToken);

    public ValueTask<ulong> OpenEpochAsync(string gatewayId, CancellationToken cancellationToken) =>
        SubmitAsync(session => BucketCommands.OpenEpoch(session, gatewayId), reads => reads.Epochs(), cancellationToken);

    public async ValueTask PutSettingAsync(string name, byte[]? value, CancellationToken cancellationToken) =>
        await SubmitAsync(
            session =>
            {
                session.StartWriting();
                session.PutSetting(name, value);
                return true;
            },
            _ => { },
            cancellationToken);

    public ValueTask<bool> ReplaceSettingAsync(string name, byte[]? expected, byte[]? value, CancellationToken cancellationToken) =>
        ReplaceSettingsAsync(name, expected, value, [], cancellationToken);

    public ValueTask<bool> ReplaceSettingsAsync(string name, byte[]? expected, byte[]? value, IReadOnlyList<(string Name, byte[]? Value)> others, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(others.Count, MetadataLimits.SettingsInCommitMax, nameof(others));
        return SubmitAsync(session => session.ReplaceSettings(name, expected, value, others), reads => reads.Setting(name), cancellationToken);
    }

    /// <param name="cancellationToken">Honoured only until the command is queued: afterwards it takes effect whether anyone waits or not.</param>
    private async ValueTask<TResult> SubmitAsync<TResult>(Func<WriteSession, TResult> run, Action<Prefetch> foresee, CancellationToken cancellationToken)
    {
        RequireStarted();
        var command = new PostgresCommand<TResult>(run, foresee);
        await queue.EnqueueAsync(command, cancellationToken);
        return await AnswerAsync(command);
    }

    private async Task<TResult> AnswerAsync<TResult>(PostgresCommand<TResult> command)
    {
        var result = await command.Task;
        await foreign.WaitAsync(command.Foreign, CancellationToken.None);
        return result;
    }
}
