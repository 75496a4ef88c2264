using System.Collections.Immutable;
using Microsoft.Data.Sqlite;
using Oort.Backends;
using Oort.Metadata.Changes;
using Oort.Metadata.Deciding;
using Oort.Metadata.Sqlite.Reading;
using Oort.Metadata.Sqlite.Tables;
using Oort.Metadata.Sqlite.Writing;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite;

/// <summary>What reads: from a pooled connection, and then a wait until what concerns it is in the journal.</summary>
public sealed partial class SqliteMetadataStore
{
    public ValueTask<BucketRow?> FindBucketAsync(string name, CancellationToken cancellationToken) =>
        hot.FindBucket(name, out var stamp) is { } known ? new(known) : ReadBucketAsync(name, stamp, cancellationToken);

    public ValueTask<ImmutableArray<BucketRow>> ListBucketsAsync(string? ownerId, string prefix, string after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(Scope.BucketNames, tables => tables.Buckets.List(ownerId, prefix, after, limit), cancellationToken);

    public ValueTask<VersionRow?> FindVersionAsync(BucketId bucket, string key, string? versionId, CancellationToken cancellationToken)
    {
        var keyBytes = VersionCommands.KeyBytes(key);
        var scope = Scope.Key(bucket, keyBytes);
        if (versionId is not null)
            return ReadAsync(scope, tables => ReaderPool.InSnapshot(tables, snapshot => snapshot.Versions.Find(bucket, key, keyBytes, versionId)), cancellationToken);
        return hot.Find(scope, bucket, key, out var stamp) is { } known ? new(known.Version) : ReadNewestAsync(bucket, key, keyBytes, scope, stamp, cancellationToken);
    }

    public ValueTask<FoundVersion?> OpenVersionAsync(BucketId bucket, string key, string? versionId, CancellationToken cancellationToken)
    {
        var keyBytes = VersionCommands.KeyBytes(key);
        var scope = Scope.Key(bucket, keyBytes);
        HotRows.Stamp? stamp = null;
        if (versionId is null)
        {
            var known = hot.Find(scope, bucket, key, out var taken);
            if (known is not null && (!known.Data.IsDefault || known.Version.Extents.Length > MetadataLimits.FoundDataMax)) return new(known);
            stamp = taken;
        }
        return ReadFoundAsync(bucket, key, keyBytes, versionId, scope, stamp, cancellationToken);
    }

    public ValueTask<ListObjectsPage> ListObjectsAsync(ListObjectsQuery query, CancellationToken cancellationToken) =>
        ReadAsync(Scope.ObjectsIn(query.Bucket), tables => ReaderPool.InSnapshot(tables, snapshot => snapshot.Listings.Objects(query)), cancellationToken);

    public ValueTask<ListVersionsPage> ListVersionsAsync(ListVersionsQuery query, CancellationToken cancellationToken) =>
        ReadAsync(Scope.ObjectsIn(query.Bucket), tables => ReaderPool.InSnapshot(tables, snapshot => snapshot.Listings.Versions(query)), cancellationToken);

    public ValueTask<UploadRow?> FindUploadAsync(BucketId bucket, string key, UploadId upload, CancellationToken cancellationToken)
    {
        var keyBytes = VersionCommands.KeyBytes(key);
        return ReadAsync(Scope.Upload(upload), tables => tables.Uploads.Find(bucket, key, keyBytes, upload), cancellationToken);
    }

    public ValueTask<ListPartsPage> ListPartsAsync(UploadId upload, int afterPartNumber, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MetadataLimits.PageSizeMax);
        return ReadAsync(
            Scope.Upload(upload),
            tables =>
            {
                var parts = tables.Uploads.ListParts(upload, afterPartNumber, limit + 1);
                return limit > 0 && parts.Length > limit ? new ListPartsPage(parts.RemoveAt(limit), true) : new(limit == 0 ? [] : parts, false);
            },
            cancellationToken);
    }

    public ValueTask<ListUploadsPage> ListUploadsAsync(ListUploadsQuery query, CancellationToken cancellationToken) =>
        ReadAsync(Scope.UploadsIn(query.Bucket), tables => ReaderPool.InSnapshot(tables, snapshot => snapshot.Listings.Uploads(query)), cancellationToken);

    public ValueTask<ImmutableArray<UploadRow>> FindUploadsBeforeAsync(DateTimeOffset initiatedBefore, int limit, CancellationToken cancellationToken) =>
        ReadAsync(Scope.AllUploads, tables => tables.Uploads.InitiatedBefore(initiatedBefore, limit), cancellationToken);

    /// <summary>In the order asked; data that is gone is left out.</summary>
    public async ValueTask<ImmutableArray<DataLocation>> LocateAsync(ImmutableArray<DataId> data, CancellationToken cancellationToken)
    {
        foreach (var id in data) await StoreAsync(Scope.Data(id), cancellationToken);
        var result = await readers.ReadAsync(tables => ReaderPool.InSnapshot(tables, snapshot => Locate(snapshot, data)), cancellationToken);
        foreach (var id in data) await pending.WaitAsync(Scope.Data(id), cancellationToken);
        return result;
    }

    public ValueTask<SegmentRow?> FindSegmentAsync(SegmentId segment, CancellationToken cancellationToken) =>
        ReadAsync(Scope.Segment(segment), tables => tables.Segments.Find(segment), cancellationToken);

    public ValueTask<ImmutableArray<SegmentRow>> ListSegmentsAsync(SegmentId after, int limit, bool notFullOnly, StoreId? store, CancellationToken cancellationToken) =>
        ReadAsync(Scope.AllSegments, tables => tables.Segments.List(after, limit, notFullOnly, store), cancellationToken);

    public ValueTask<ImmutableArray<DataRow>> ListDataInSegmentAsync(SegmentId segment, DataId? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(Scope.AllSegments, tables => tables.Data.InSegment(segment, after, limit), cancellationToken);

    public ValueTask<ImmutableArray<DataRow>> ListDataAsync(DataId? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(Scope.AllSegments, tables => tables.Data.List(after, limit), cancellationToken);

    public ValueTask<GoneTotals> CountGoneDataAsync(ulong after, CancellationToken cancellationToken) =>
        ReadAsync(Scope.AllSegments, tables => tables.Data.CountGone(after), cancellationToken);

    public ValueTask<ImmutableArray<GoneData>> FindGoneDataAsync(DataId? data, ulong version, int limit, CancellationToken cancellationToken) =>
        ReadAsync(Scope.AllSegments, tables => tables.Data.FindGone(data, version, limit), cancellationToken);

    public ValueTask<ImmutableArray<SegmentUse>> ListSegmentUseAsync(double maxLiveShare, DateTimeOffset idleBefore, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            Scope.AllSegments,
            tables => maxLiveShare > 0 ? tables.Segments.ListShrunk((long)(maxLiveShare * 1000), limit) : tables.Segments.ListIdle(idleBefore, limit),
            cancellationToken);

    public ValueTask<ItemRow?> FindItemAsync(StoreId store, ItemId item, CancellationToken cancellationToken) =>
        ReadAsync(Scope.Item(store, item), tables => tables.Items.Find(store, item), cancellationToken);

    public async ValueTask<FoundItem?> FindItemOfAsync(StoreId store, ShardId shard, CancellationToken cancellationToken)
    {
        await StoreAsync(Scope.ItemShard(shard, store), cancellationToken);
        return await ReadAsync(
            Scope.AllItems,
            tables => ReaderPool.InSnapshot(tables, snapshot => snapshot.Items.FindShard(shard, store) is { } place && snapshot.Items.Find(store, place.Item) is { } item ? new FoundItem(place, item) : null),
            cancellationToken);
    }

    public ValueTask<ImmutableArray<ItemRow>> ListItemsAsync(StoreId? store, (StoreId Store, ItemId Item)? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(Scope.AllItems, tables => tables.Items.List(store, after, limit), cancellationToken);

    public ValueTask<ImmutableArray<ItemRow>> ListDueItemsAsync(DateTimeOffset dueBefore, int limit, CancellationToken cancellationToken) =>
        ReadAsync(Scope.AllItems, tables => tables.Items.ListDue(dueBefore.ToUnixTimeMilliseconds(), limit), cancellationToken);

    public ValueTask<ImmutableArray<ItemShardRow>> ListItemShardsAsync(StoreId store, ItemId item, ShardId? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(Scope.Item(store, item), tables => tables.Items.ListShards(store, item, after, limit), cancellationToken);

    public ValueTask<ImmutableArray<StoreRow>> ListStoresAsync(CancellationToken cancellationToken) =>
        ReadAsync(Scope.Stores, tables => tables.Small.ListStores(), cancellationToken);

    public ValueTask<byte[]?> GetSettingAsync(string name, CancellationToken cancellationToken) =>
        ReadAsync(Scope.Setting(RowKey.Utf8(name)), tables => tables.Small.FindSetting(RowKey.Utf8(name)), cancellationToken);

    public ValueTask<ImmutableArray<(string Name, byte[] Value)>> ListSettingsAsync(string prefix, string after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(Scope.AllSettings, tables => tables.Small.ListSettings(RowKey.Utf8(prefix), RowKey.Utf8(after), limit), cancellationToken);

    /// <summary>Counts for operators; may run ahead of the journal by the groups in flight.</summary>
    public async ValueTask<MetadataTotals> GetTotalsAsync(CancellationToken cancellationToken)
    {
        await StoreAllAsync(cancellationToken);
        var totals = await readers.ReadAsync(tables => tables.State.ReadTotals(), cancellationToken);
        return new(totals.Buckets, totals.Objects, totals.Versions, totals.Uploads, totals.LogicalBytes,
            totals.Segments, totals.SegmentsPartial, totals.PayloadBytes, totals.LiveBytes);
    }

    public ValueTask<Usage?> GetUsageAsync(BucketId bucket, CancellationToken cancellationToken) =>
        ReadStoredAsync(tables => tables.Usage.FindBucket(bucket)?.Used, cancellationToken);

    public ValueTask<AccountUsage?> GetAccountUsageAsync(string account, CancellationToken cancellationToken) =>
        ReadStoredAsync(tables => tables.Usage.FindAccount(account), cancellationToken);

    public ValueTask<ImmutableArray<AccountUsage>> ListAccountUsageAsync(string after, int limit, CancellationToken cancellationToken) =>
        ReadStoredAsync(tables => tables.Usage.ListAccounts(after, limit), cancellationToken);

    private async ValueTask<TResult> ReadStoredAsync<TResult>(Func<TableSet, TResult> read, CancellationToken cancellationToken)
    {
        await StoreAllAsync(cancellationToken);
        try
        {
            return await readers.ReadAsync(read, cancellationToken);
        }
        catch (SqliteException e)
        {
            throw new MetadataUnavailableException("The metadata database cannot be read now.", e);
        }
    }

    private async ValueTask<BucketRow?> ReadBucketAsync(string name, HotRows.Stamp stamp, CancellationToken cancellationToken)
    {
        var row = await ReadAsync(Scope.BucketNames, tables => tables.Buckets.FindByName(name), cancellationToken);
        if (row is not null) hot.Add(row, stamp);
        return row;
    }

    private async ValueTask<VersionRow?> ReadNewestAsync(BucketId bucket, string key, byte[] keyBytes, ulong scope, HotRows.Stamp stamp, CancellationToken cancellationToken)
    {
        if (await FindDecidedAsync(bucket, key, scope, cancellationToken) is { } decided) return decided.Version;
        var row = await ReadAsync(scope, tables => tables.Versions.FindNewest(bucket, key, keyBytes), cancellationToken);
        if (row is not null) hot.Add(scope, new(row, default), stamp);
        return row;
    }

    /// <param name="stamp">Null: a named version, which is not kept.</param>
    private async ValueTask<FoundVersion?> ReadFoundAsync(
        BucketId bucket, string key, byte[] keyBytes, string? versionId, ulong scope, HotRows.Stamp? stamp, CancellationToken cancellationToken)
    {
        if (versionId is null && await FindDecidedAsync(bucket, key, scope, cancellationToken) is { } decided) return decided;
        var found = await ReadAsync(scope, tables => ReaderPool.InSnapshot(tables, snapshot => ReadFound(snapshot, bucket, key, keyBytes, versionId)), cancellationToken);
        if (found is null) return null;
        if (!found.Data.IsDefault)
            foreach (var location in found.Data) await pending.WaitAsync(Scope.Data(location.Data.Id), cancellationToken);
        if (stamp is { } taken) hot.Add(scope, found, taken);
        return found;
    }

    private static FoundVersion? ReadFound(TableSet tables, BucketId bucket, string key, byte[] keyBytes, string? versionId)
    {
        var row = versionId is null ? tables.Versions.FindNewest(bucket, key, keyBytes) : tables.Versions.Find(bucket, key, keyBytes, versionId);
        if (row is null) return null;
        if (row.Extents.Length > MetadataLimits.FoundDataMax) return new(row, default);
        return new(row, Locate(tables, row.Extents.Length == 1 ? [row.Extents[0].Data] : [.. row.Extents.Select(extent => extent.Data).Distinct()]));
    }

    private static ImmutableArray<DataLocation> Locate(TableSet tables, ImmutableArray<DataId> data)
    {
        var result = ImmutableArray.CreateBuilder<DataLocation>(data.Length);
        var segments = new Dictionary<SegmentId, SegmentRow>();
        foreach (var id in data)
        {
            if (tables.Data.Find(id) is not { } row) continue;
            var own = ImmutableDictionary.CreateBuilder<SegmentId, SegmentRow>();
            foreach (var run in row.Runs)
            {
                if (!segments.TryGetValue(run.Segment, out var segment))
                {
                    segment = tables.Segments.Find(run.Segment) ?? throw new MetadataFormatException($"Data {id} lies in segment {run.Segment}, which is not there.");
                    segments.Add(run.Segment, segment);
                }
                own[run.Segment] = segment;
            }
            result.Add(new(row, own.ToImmutable()));
        }
        return result.DrainToImmutable();
    }

    /// <summary>The newest version of a key, if a group put it that is not yet in the database for others to see: then no COMMIT is needed for it.</summary>
    private async ValueTask<FoundVersion?> FindDecidedAsync(BucketId bucket, string key, ulong scope, CancellationToken cancellationToken)
    {
        if (pending.FindUnstored(scope) is not { } group || group.Decided(scope, bucket, key) is not { } found) return null;
        await pending.WaitForAsync(group.Journalled, cancellationToken);
        return group.IsTakenBack ? null : found;
    }

    /// <summary>Returns when what was decided about a scope is in the database.</summary>
    private ValueTask StoreAsync(ulong scope, CancellationToken cancellationToken)
    {
        var present = Writer; // Started?
        return pending.FindUnstored(scope) is { } group ? present.StoreAsync(group, cancellationToken) : ValueTask.CompletedTask;
    }

    /// <summary>Returns when all that was decided is in the database; at once when nothing has been since it was opened.</summary>
    private ValueTask StoreAllAsync(CancellationToken cancellationToken) =>
        pending.FindUnstored() is { } group ? Writer.StoreAsync(group, cancellationToken) : ValueTask.CompletedTask;

    private async ValueTask<TResult> ReadAsync<TResult>(ulong scope, Func<TableSet, TResult> read, CancellationToken cancellationToken)
    {
        await StoreAsync(scope, cancellationToken);
        TResult result;
        try
        {
            result = await readers.ReadAsync(read, cancellationToken);
        }
        catch (SqliteException e)
        {
            throw new MetadataUnavailableException("The metadata database cannot be read now.", e);
        }
        await pending.WaitAsync(scope, cancellationToken);
        return result;
    }
}
