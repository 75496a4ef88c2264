using System.Collections.Immutable;
using Npgsql;
using Oort.Backends;
using Oort.Metadata.Changes;
using Oort.Metadata.Deciding;
using Oort.Metadata.Postgres.Reading;
using Oort.Metadata.Postgres.Writing;
using Oort.Metadata.Reading;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres;

/// <summary>What reads: one round trip as a rule, and then a wait until what was seen is in a journal, whoever wrote it.</summary>
public sealed partial class PostgresMetadataStore
{
    /// <summary>Attempts of a read whose connection turns out to be dead: after a restart of the server every pooled one is.</summary>
    private const int ReadAttemptsMax = 3;

    public ValueTask<BucketRow?> FindBucketAsync(string name, CancellationToken cancellationToken) =>
        FindAsync("SELECT id, value FROM buckets WHERE name = $1", [Scope.BucketNames], row => BucketRecord.Read(new(row.ULong(0)), row.Blob(1)), cancellationToken, RoundTrip.Bytes(RowKey.Utf8(name)));

    /// <summary>Other owners' buckets are skipped one by one: buckets are few.</summary>
    public async ValueTask<ImmutableArray<BucketRow>> ListBucketsAsync(string? ownerId, string prefix, string after, int limit, CancellationToken cancellationToken)
    {
        var prefixBytes = RowKey.Utf8(prefix);
        var start = ByteKey.Max(prefixBytes, after.Length == 0 ? [] : ByteKey.After(RowKey.Utf8(after)));
        var result = ImmutableArray.CreateBuilder<BucketRow>();
        while (true)
        {
            var from = start;
            var rows = await ListAsync(
                "SELECT id, value, name FROM buckets WHERE name >= $1 AND name < $2 ORDER BY name LIMIT $3", [Scope.BucketNames],
                row => (Row: BucketRecord.Read(new(row.ULong(0)), row.Blob(1)), Name: row.Blob(2)), cancellationToken,
                RoundTrip.Bytes(from), RoundTrip.Bytes(KeyRange.End(prefixBytes)), RoundTrip.Int(MetadataLimits.PageSizeMax));
            foreach (var (row, _) in rows)
            {
                if (result.Count == limit) return result.DrainToImmutable();
                if (ownerId is null || row.OwnerId == ownerId) result.Add(row);
            }
            if (rows.Count < MetadataLimits.PageSizeMax || result.Count == limit) return result.DrainToImmutable();
            start = ByteKey.After(rows[^1].Name);
        }
    }

    public async ValueTask<VersionRow?> FindVersionAsync(BucketId bucket, string key, string? versionId, CancellationToken cancellationToken)
    {
        var keyBytes = VersionCommands.KeyBytes(key);
        return await ReadAsync([Scope.Key(bucket, keyBytes)], VersionReads.Find(bucket, key, keyBytes, versionId, withData: false), cancellationToken) is { } found ? found.Version : null;
    }

    public async ValueTask<FoundVersion?> OpenVersionAsync(BucketId bucket, string key, string? versionId, CancellationToken cancellationToken)
    {
        var keyBytes = VersionCommands.KeyBytes(key);
        var found = await ReadAsync([Scope.Key(bucket, keyBytes)], VersionReads.Find(bucket, key, keyBytes, versionId, withData: true), cancellationToken);
        if (found is { Data.IsDefault: false })
            foreach (var location in found.Data) await pending.WaitAsync(Scope.Data(location.Data.Id), cancellationToken);
        return found;
    }

    public async ValueTask<ListObjectsPage> ListObjectsAsync(ListObjectsQuery query, CancellationToken cancellationToken)
    {
        var page = new PageBuilder(query.Prefix, query.Delimiter, query.After, query.Limit);
        return await ReadAsync([Scope.ObjectsIn(query.Bucket)], Listings.Objects(query, page), cancellationToken);
    }

    public async ValueTask<ListVersionsPage> ListVersionsAsync(ListVersionsQuery query, CancellationToken cancellationToken)
    {
        var page = new PageBuilder(query.Prefix, query.Delimiter, query.AfterKey, query.Limit);
        ulong? below = null;
        var keyBytes = RowKey.Utf8(query.AfterKey);
        if (query.Limit > 0 && query.AfterVersionId is { } after && query.AfterKey.Length > 0 && page.ShowsItself(keyBytes))
        {
            // A null version that is gone, or a text that is no id, gives all versions of the key.
            below = long.MaxValue;
            if (after == VersionId.NullText) below = (await FindVersionAsync(query.Bucket, query.AfterKey, after, cancellationToken))?.Id.Generation ?? below;
            else if (VersionId.TryParse(after, out var id) && id.Generation <= long.MaxValue) below = id.Generation;
        }
        return await ReadAsync([Scope.ObjectsIn(query.Bucket)], Listings.Versions(query, page, below), cancellationToken);
    }

    public ValueTask<UploadRow?> FindUploadAsync(BucketId bucket, string key, UploadId upload, CancellationToken cancellationToken)
    {
        var keyBytes = VersionCommands.KeyBytes(key);
        return FindAsync(
            "SELECT value FROM uploads WHERE bucket = $1 AND key = $2 AND id = $3", [Scope.Upload(upload)], row => UploadRecord.Read(bucket, key, upload, row.Blob(0)), cancellationToken,
            RoundTrip.Long(bucket.Value), RoundTrip.Bytes(keyBytes), RoundTrip.Bytes(KeyRange.Of(upload)));
    }

    public async ValueTask<ListPartsPage> ListPartsAsync(UploadId upload, int afterPartNumber, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MetadataLimits.PageSizeMax);
        if (limit == 0) return new([], false);
        var parts = await ListAsync(
            "SELECT number, value FROM parts WHERE upload = $1 AND number > $2 ORDER BY number LIMIT $3", [Scope.Upload(upload)],
            row => UploadRecord.ReadPart(upload, row.GetInt32(0), row.Blob(1), default), cancellationToken, RoundTrip.Bytes(KeyRange.Of(upload)), RoundTrip.Int(afterPartNumber), RoundTrip.Int(limit + 1));
        return new([.. parts.Take(limit)], parts.Count > limit);
    }

    public async ValueTask<ListUploadsPage> ListUploadsAsync(ListUploadsQuery query, CancellationToken cancellationToken)
    {
        var page = new PageBuilder(query.Prefix, query.Delimiter, query.AfterKey, query.Limit);
        return await ReadAsync([Scope.UploadsIn(query.Bucket)], Listings.Uploads(query, page), cancellationToken);
    }

    public ValueTask<ImmutableArray<UploadRow>> FindUploadsBeforeAsync(DateTimeOffset initiatedBefore, int limit, CancellationToken cancellationToken) =>
        ReadUploadsAsync("WHERE initiated < $1 ORDER BY initiated LIMIT $2", [Scope.AllUploads], [RoundTrip.Long(initiatedBefore.ToUnixTimeMilliseconds()), RoundTrip.Int(limit)], cancellationToken);

    /// <summary>In the order asked; data that is gone is left out.</summary>
    public ValueTask<ImmutableArray<DataLocation>> LocateAsync(ImmutableArray<DataId> data, CancellationToken cancellationToken) =>
        ReadAsync([.. data.Select(Scope.Data)], VersionReads.Locate(data), cancellationToken);

    public ValueTask<SegmentRow?> FindSegmentAsync(SegmentId segment, CancellationToken cancellationToken) =>
        FindAsync("SELECT value FROM segments WHERE id = $1", [Scope.Segment(segment)], row => SegmentRecord.Read(segment, row.Blob(0)), cancellationToken, RoundTrip.Bytes(KeyRange.Of(segment)));

    public async ValueTask<ImmutableArray<SegmentRow>> ListSegmentsAsync(SegmentId after, int limit, bool notFullOnly, StoreId? store, CancellationToken cancellationToken)
    {
        var sql = (notFullOnly, store) switch
        {
            (false, null) => "SELECT id, value FROM segments WHERE id > $1 ORDER BY id LIMIT $2",
            (true, null) => "SELECT id, value FROM segments WHERE id > $1 AND partial ORDER BY id LIMIT $2",
            (false, _) => "SELECT s.id, s.value FROM placements p JOIN segments s ON s.id = p.segment WHERE p.store = $3 AND p.segment > $1 ORDER BY p.segment LIMIT $2",
            (true, _) => "SELECT id, value FROM segments s WHERE id > $1 AND partial AND EXISTS (SELECT 1 FROM placements p WHERE p.store = $3 AND p.segment = s.id) ORDER BY id LIMIT $2",
        };
        NpgsqlParameter[] parameters = [RoundTrip.Bytes(KeyRange.Of(after)), RoundTrip.Int(limit)];
        if (store is { } one) parameters = [.. parameters, RoundTrip.Bytes(KeyRange.Of(one))];
        return [.. await ListAsync(sql, [Scope.AllSegments], row => SegmentRecord.Read(SegmentId.Read(row.Blob(0)), row.Blob(1)), cancellationToken, parameters)];
    }

    public async ValueTask<ImmutableArray<DataRow>> ListDataInSegmentAsync(SegmentId segment, DataId? after, int limit, CancellationToken cancellationToken) =>
    [
        .. await ListAsync(
            "SELECT d.id, d.value FROM runs r JOIN data d ON d.id = r.data WHERE r.segment = $1 AND r.data > $2 ORDER BY r.data LIMIT $3", [Scope.AllSegments],
            row => DataRecord.Read(DataId.Read(row.Blob(0)), row.Blob(1)), cancellationToken,
            RoundTrip.Bytes(KeyRange.Of(segment)), RoundTrip.Bytes(after is { } id ? KeyRange.Of(id) : []), RoundTrip.Int(limit)),
    ];

    public async ValueTask<ImmutableArray<DataRow>> ListDataAsync(DataId? after, int limit, CancellationToken cancellationToken) =>
    [
        .. await ListAsync(
            "SELECT id, value FROM data WHERE id > $1 ORDER BY id LIMIT $2", [Scope.AllSegments], row => DataRecord.Read(DataId.Read(row.Blob(0)), row.Blob(1)), cancellationToken,
            RoundTrip.Bytes(after is { } id ? KeyRange.Of(id) : []), RoundTrip.Int(limit)),
    ];

    public async ValueTask<GoneTotals> CountGoneDataAsync(ulong after, CancellationToken cancellationToken) => (await FindAsync(
        "SELECT count(*), coalesce(min(at), 0) FROM gone WHERE generation > $1", [Scope.AllSegments],
        row => new GoneTotals(row.GetInt64(0), row.GetInt64(0) == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1))), cancellationToken, RoundTrip.Long(after)))!;

    public async ValueTask<ImmutableArray<GoneData>> FindGoneDataAsync(DataId? data, ulong version, int limit, CancellationToken cancellationToken) =>
    [
        .. await ListAsync(
            data is null ? "SELECT generation, data, version, at FROM gone WHERE version = $1 ORDER BY generation, data LIMIT $2" : "SELECT generation, data, version, at FROM gone WHERE data = $1 ORDER BY generation LIMIT $2",
            [Scope.AllSegments], row => new GoneData(DataId.Read(row.Blob(1)), row.ULong(0), row.ULong(2), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3))), cancellationToken,
            data is { } id ? RoundTrip.Bytes(KeyRange.Of(id)) : RoundTrip.Long(version), RoundTrip.Int(limit)),
    ];

    public async ValueTask<ImmutableArray<SegmentUse>> ListSegmentUseAsync(double maxLiveShare, DateTimeOffset idleBefore, int limit, CancellationToken cancellationToken)
    {
        var sql = maxLiveShare > 0
            ? "SELECT id, value, live_bytes FROM segments WHERE shrunk AND share <= $1 AND data_count > 0 ORDER BY share LIMIT $2"
            : "SELECT id, value, live_bytes FROM segments WHERE idle_since < $1 ORDER BY idle_since LIMIT $2";
        return
        [
            .. await ListAsync(
                sql, [Scope.AllSegments], row => new SegmentUse(SegmentRecord.Read(SegmentId.Read(row.Blob(0)), row.Blob(1)), row.GetInt64(2)), cancellationToken,
                RoundTrip.Long(maxLiveShare > 0 ? (long)(maxLiveShare * 1000) : idleBefore.ToUnixTimeMilliseconds()), RoundTrip.Int(limit)),
        ];
    }

    public ValueTask<ItemRow?> FindItemAsync(StoreId store, ItemId item, CancellationToken cancellationToken) =>
        FindAsync("SELECT value FROM items WHERE id = $1", [Scope.Item(store, item)], row => ItemRecord.Read(store, item, row.Blob(0)), cancellationToken, RoundTrip.Bytes(KeyOf(store, item)));

    public ValueTask<FoundItem?> FindItemOfAsync(StoreId store, ShardId shard, CancellationToken cancellationToken) => FindAsync(
        "SELECT s.value, i.id, i.value FROM item_shards s JOIN items i ON i.id = s.item WHERE s.id = $1", [Scope.ItemShard(shard, store), Scope.AllItems],
        row => new FoundItem(ItemRecord.ReadShard(shard, store, row.Blob(0)), ReadItem(row, 1)), cancellationToken,
        RoundTrip.Bytes(RowKey.ItemShard(new byte[RowKey.ItemShardSize], shard, store).ToArray()));

    public async ValueTask<ImmutableArray<ItemRow>> ListItemsAsync(StoreId? store, (StoreId Store, ItemId Item)? after, int limit, CancellationToken cancellationToken)
    {
        NpgsqlParameter[] parameters = [RoundTrip.Bytes(after is { } last ? KeyOf(last.Store, last.Item) : []), RoundTrip.Int(limit)];
        if (store is { } one) parameters = [.. parameters, RoundTrip.Bytes(KeyRange.Of(one)), RoundTrip.Bytes([.. KeyRange.Of(one), .. Enumerable.Repeat(byte.MaxValue, ItemId.Size + 1)])];
        return
        [
            .. await ListAsync(
                store is null ? "SELECT id, value FROM items WHERE id > $1 ORDER BY id LIMIT $2" : "SELECT id, value FROM items WHERE id > $1 AND id > $3 AND id < $4 ORDER BY id LIMIT $2",
                [Scope.AllItems], row => ReadItem(row, 0), cancellationToken, parameters),
        ];
    }

    public async ValueTask<ImmutableArray<ItemRow>> ListDueItemsAsync(DateTimeOffset dueBefore, int limit, CancellationToken cancellationToken) =>
    [
        .. await ListAsync(
            "SELECT id, value FROM items WHERE due < $1 ORDER BY due, id LIMIT $2", [Scope.AllItems], row => ReadItem(row, 0), cancellationToken,
            RoundTrip.Long(dueBefore.ToUnixTimeMilliseconds()), RoundTrip.Int(limit)),
    ];

    public async ValueTask<ImmutableArray<ItemShardRow>> ListItemShardsAsync(StoreId store, ItemId item, ShardId? after, int limit, CancellationToken cancellationToken) =>
    [
        .. await ListAsync(
            "SELECT id, value FROM item_shards WHERE item = $1 AND id > $2 ORDER BY id LIMIT $3", [Scope.Item(store, item)], ReadItemShard, cancellationToken,
            RoundTrip.Bytes(KeyOf(store, item)), RoundTrip.Bytes(after is { } last ? RowKey.ItemShard(new byte[RowKey.ItemShardSize], last, store).ToArray() : []), RoundTrip.Int(limit)),
    ];

    public async ValueTask<ImmutableArray<StoreRow>> ListStoresAsync(CancellationToken cancellationToken) =>
        [.. await ListAsync("SELECT id, value FROM stores ORDER BY id", [Scope.Stores], ReadStore, cancellationToken)];

    public ValueTask<byte[]?> GetSettingAsync(string name, CancellationToken cancellationToken)
    {
        var key = RowKey.Utf8(name);
        return FindAsync("SELECT value FROM settings WHERE name = $1", [Scope.Setting(key)], row => SmallRecords.ReadSetting(row.Blob(0)), cancellationToken, RoundTrip.Bytes(key));
    }

    public async ValueTask<ImmutableArray<(string Name, byte[] Value)>> ListSettingsAsync(string prefix, string after, int limit, CancellationToken cancellationToken) =>
    [
        .. await ListAsync(
            "SELECT name, value FROM settings WHERE name >= $1 AND name > $2 AND name < $3 ORDER BY name LIMIT $4", [Scope.AllSettings], row => (RecordReader.DecodeText(row.Blob(0)), SmallRecords.ReadSetting(row.Blob(1))), cancellationToken,
            RoundTrip.Bytes(RowKey.Utf8(prefix)), RoundTrip.Bytes(RowKey.Utf8(after)), RoundTrip.Bytes(KeyRange.End(RowKey.Utf8(prefix))), RoundTrip.Int(limit)),
    ];

    /// <summary>Counts for operators, over all gateways; may run ahead of the journals by the groups in flight.</summary>
    public async ValueTask<MetadataTotals> GetTotalsAsync(CancellationToken cancellationToken) => (await FindAsync(
        """
        SELECT sum(buckets)::bigint, sum(objects)::bigint, sum(versions)::bigint, sum(uploads)::bigint, sum(logical_bytes)::bigint,
            sum(segments)::bigint, sum(segments_partial)::bigint, sum(payload_bytes)::bigint, sum(live_bytes)::bigint FROM gateways
        """, [], row => new MetadataTotals(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7), row.GetInt64(8)), cancellationToken))!;

    public async ValueTask<Usage?> GetUsageAsync(BucketId bucket, CancellationToken cancellationToken) => (await FindAsync(
        "SELECT account, objects, bytes FROM bucket_usage WHERE bucket = $1", [], row => new BucketUsageRow(RecordReader.DecodeText(row.Blob(0)), new(row.GetInt64(1), row.GetInt64(2))), cancellationToken, RoundTrip.Long(bucket.Value)))?.Used;

    public ValueTask<AccountUsage?> GetAccountUsageAsync(string account, CancellationToken cancellationToken) => FindAsync(
        "SELECT buckets, objects, bytes FROM account_usage WHERE account = $1", [], row => new AccountUsage(account, row.GetInt64(0), new(row.GetInt64(1), row.GetInt64(2))), cancellationToken, RoundTrip.Bytes(RowKey.Utf8(account)));

    public async ValueTask<ImmutableArray<AccountUsage>> ListAccountUsageAsync(string after, int limit, CancellationToken cancellationToken) =>
    [
        .. await ListAsync(
            "SELECT account, buckets, objects, bytes FROM account_usage WHERE account > $1 ORDER BY account LIMIT $2", [],
            row => new AccountUsage(RecordReader.DecodeText(row.Blob(0)), row.GetInt64(1), new(row.GetInt64(2), row.GetInt64(3))), cancellationToken, RoundTrip.Bytes(RowKey.Utf8(after)), RoundTrip.Int(limit)),
    ];

    private static byte[] KeyOf(StoreId store, ItemId item) => RowKey.Item(new byte[RowKey.ItemSize], store, item).ToArray();

    private static ItemRow ReadItem(NpgsqlDataReader row, int column)
    {
        RowKey.ReadItem(row.Blob(column), out var store, out var item);
        return ItemRecord.Read(store, item, row.Blob(column + 1));
    }

    private static ItemShardRow ReadItemShard(NpgsqlDataReader row)
    {
        RowKey.ReadItemShard(row.Blob(0), out var shard, out var store);
        return ItemRecord.ReadShard(shard, store, row.Blob(1));
    }

    private static StoreRow ReadStore(NpgsqlDataReader row) => SmallRecords.ReadStore(StoreId.Read(row.Blob(0)), row.Blob(1));

    private async ValueTask<ImmutableArray<UploadRow>> ReadUploadsAsync(string where, ulong[] scopes, NpgsqlParameter[] parameters, CancellationToken cancellationToken) =>
    [
        .. await ListAsync(
            $"SELECT bucket, key, id, value FROM uploads {where}", scopes,
            row => UploadRecord.Read(new(row.ULong(0)), RecordReader.DecodeText(row.Blob(1)), UploadId.Read(row.Blob(2)), row.Blob(3)), cancellationToken, parameters),
    ];

    private ValueTask<TRow?> FindAsync<TRow>(string sql, ulong[] scopes, Func<NpgsqlDataReader, TRow> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
        where TRow : class =>
        ReadAsync<TRow?>(
            scopes,
            trip =>
            {
                TRow? found = null;
                trip.Query(sql, row => found = read(row), Copies(parameters));
                return () => found;
            },
            cancellationToken);

    private ValueTask<List<TRow>> ListAsync<TRow>(string sql, ulong[] scopes, Func<NpgsqlDataReader, TRow> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters) =>
        ReadAsync<List<TRow>>(
            scopes,
            trip =>
            {
                var found = new List<TRow>();
                trip.Query(sql, row => found.Add(read(row)), Copies(parameters));
                return () => found;
            },
            cancellationToken);

    /// <summary>A parameter belongs to one command; a read that is tried again needs new ones.</summary>
    private static NpgsqlParameter[] Copies(NpgsqlParameter[] parameters) => [.. parameters.Select(parameter => parameter.Clone())];

    /// <summary>Reads, and waits until what touches the scopes is in a journal.</summary>
    /// <param name="build">Adds statements to a round trip; its result is asked when that has run. May be called again.</param>
    private async ValueTask<TResult> ReadAsync<TResult>(ulong[] scopes, Func<RoundTrip, Func<TResult>> build, CancellationToken cancellationToken)
    {
        RequireStarted();
        var (result, waiting) = await RunReadAsync(scopes, build, cancellationToken);
        foreach (var scope in scopes) await pending.WaitAsync(scope, cancellationToken);
        await foreign.WaitAsync(waiting, cancellationToken);
        return result;
    }

    private async ValueTask<(TResult Result, List<ForeignGroup> Waiting)> RunReadAsync<TResult>(ulong[] scopes, Func<RoundTrip, Func<TResult>> build, CancellationToken cancellationToken)
    {
        await readers.WaitAsync(cancellationToken);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    await using var connection = await server.OpenAsync(cancellationToken);
                    var trip = new RoundTrip(connection);
                    var result = build(trip);
                    var waiting = new List<ForeignGroup>();
                    ForeignGroups.AddFind(trip, options.GatewayId, scopes, waiting);
                    if (!trip.IsEmpty) await trip.RunAsync(cancellationToken);
                    return (result(), waiting);
                }
                catch (Exception e) when (PostgresServer.IsTransient(e))
                {
                    if (PostgresServer.IsLost(e)) server.Clear();
                    if (attempt == ReadAttemptsMax) throw new MetadataUnavailableException("The metadata database cannot be read now.", e);
                }
            }
        }
        finally
        {
            readers.Release();
        }
    }
}
