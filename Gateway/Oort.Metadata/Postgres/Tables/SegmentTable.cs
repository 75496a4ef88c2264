using Oort.Backends;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Tables;

/// <summary>Segments with what lives in them, and the index from stores to segments.</summary>
internal sealed class SegmentTable(PostgresTables tables) : ISegmentTable
{
    private const int PaddingMax = Sqlite.Tables.SegmentTable.RunPaddingMax;

    private static readonly byte[] present = [];

    private readonly RowMap<Row> rows = new();
    private readonly RowMap<byte[]> placements = new();
    private readonly Dictionary<SegmentId, Use> uses = [];
    private readonly Dictionary<SegmentId, long> counts = [];

    public SegmentRow? Find(SegmentId id) => Known(id) is { } row ? SegmentRecord.Read(id, row.Value) : null;

    public void Insert(SegmentRow row, long now, ReadOnlySpan<byte> value)
    {
        if (Known(row.Id) is not null) throw new ArgumentException($"Segment {row.Id} is there already.");
        rows.Put(KeyOf(row.Id), new(row.PayloadLength, !row.IsFull, now, value.ToArray()));
        counts[row.Id] = 0;
    }

    public void Rewrite(SegmentRow row, ReadOnlySpan<byte> value) => rows.Put(KeyOf(row.Id), Known(row.Id)! with { IsPartial = !row.IsFull, Value = value.ToArray() });

    public void Remove(SegmentId id)
    {
        rows.Remove(KeyOf(id));
        uses.Remove(id);
        counts.Remove(id);
    }

    public void AddUse(SegmentId id, long dataCount, long liveBytes, bool shrank, long now)
    {
        var use = uses.GetValueOrDefault(id);
        uses[id] = new(use.Count + dataCount, use.Bytes + liveBytes, use.Shrank || shrank, now);
        if (counts.TryGetValue(id, out var count)) counts[id] = count + dataCount;
    }

    public long? DataCount(SegmentId id)
    {
        if (Known(id) is null) return null;
        if (counts.TryGetValue(id, out var known)) return known;
        tables.Write(AddWrites);
        AddLoadCounts(tables.Begin(), [id]).Run();
        return counts[id];
    }

    public void AddPlacements(SegmentRow row)
    {
        foreach (var key in PlacementKeys(row)) placements.Put(key, present);
    }

    public void RemovePlacements(SegmentRow row)
    {
        foreach (var key in PlacementKeys(row)) placements.Remove(key);
    }

    public RoundTrip AddLoad(RoundTrip trip, IReadOnlyCollection<SegmentId> ids)
    {
        var keys = ids.Select(KeyOf).ToArray();
        return trip
            .Query("SELECT id, payload, partial, value FROM segments WHERE id = ANY($1)", row => rows.Load(row.Blob(0), new(row.GetInt64(1), row.GetBoolean(2), null, row.Blob(3))), RoundTrip.Bytes(keys))
            .Then(() => rows.LoadAbsent(keys));
    }

    /// <summary>Asks how many data ids lie in segments, as far as it has been written.</summary>
    public RoundTrip AddLoadCounts(RoundTrip trip, IReadOnlyCollection<SegmentId> ids) =>
        trip.Query("SELECT id, data_count FROM segments WHERE id = ANY($1)", row => counts[SegmentId.Read(row.Blob(0))] = row.GetInt64(1), RoundTrip.Bytes([.. ids.Select(KeyOf)]));

    public void AddWrites(RoundTrip trip)
    {
        var gone = rows.Changed.Where(change => change.Row is null).Select(change => change.Key).ToArray();
        if (gone.Length > 0) trip.Add("DELETE FROM segments WHERE id = ANY($1)", RoundTrip.Bytes(gone));
        var put = rows.Changed.Where(change => change.Row is not null).ToArray();
        if (put.Length > 0)
        {
            // idle_since stands for a segment that is new; what lives in it is added below.
            trip.Add(
                """
                INSERT INTO segments(id, payload, partial, data_count, live_bytes, idle_since, shrunk, share, value)
                SELECT id, payload, partial, 0, 0, idle, false, 0, value FROM unnest($1, $2, $3, $4, $5) AS n(id, payload, partial, idle, value)
                ON CONFLICT (id) DO UPDATE SET partial = excluded.partial, value = excluded.value
                """,
                RoundTrip.Bytes([.. put.Select(one => one.Key)]), RoundTrip.Longs([.. put.Select(one => one.Row!.Payload)]), RoundTrip.Flags([.. put.Select(one => one.Row!.IsPartial)]),
                RoundTrip.Longs([.. put.Select(one => one.Row!.IdleSince ?? 0)]), RoundTrip.Bytes([.. put.Select(one => one.Row!.Value)]));
        }
        rows.MarkWritten();
        AddUseWrites(trip);
        AddPlacementWrites(trip);
    }

    public void Clear()
    {
        rows.Clear();
        placements.Clear();
        uses.Clear();
        counts.Clear();
    }

    private void AddUseWrites(RoundTrip trip)
    {
        if (uses.Count == 0) return;
        var used = uses.ToArray();
        trip.Add(
            $"""
            UPDATE segments s SET
                data_count = s.data_count + u.n,
                live_bytes = s.live_bytes + u.bytes,
                idle_since = CASE WHEN s.data_count + u.n = 0 THEN coalesce(s.idle_since, u.now) END,
                shrunk = s.shrunk OR u.shrank,
                share = (s.live_bytes + u.bytes + {PaddingMax} * (s.data_count + u.n)) * 1000 / greatest(s.payload, 1)
            FROM unnest($1, $2, $3, $4, $5) AS u(id, n, bytes, shrank, now) WHERE s.id = u.id
            """,
            RoundTrip.Bytes([.. used.Select(one => KeyOf(one.Key))]), RoundTrip.Longs([.. used.Select(one => one.Value.Count)]), RoundTrip.Longs([.. used.Select(one => one.Value.Bytes)]),
            RoundTrip.Flags([.. used.Select(one => one.Value.Shrank)]), RoundTrip.Longs([.. used.Select(one => one.Value.Now)]));
        uses.Clear();
    }

    private void AddPlacementWrites(RoundTrip trip)
    {
        var gone = placements.Changed.Where(change => change.Row is null).Select(change => change.Key).ToArray();
        if (gone.Length > 0)
        {
            trip.Add(
                "DELETE FROM placements p USING unnest($1, $2) AS d(store, segment) WHERE p.store = d.store AND p.segment = d.segment",
                RoundTrip.Bytes([.. gone.Select(key => key[..StoreId.Size])]), RoundTrip.Bytes([.. gone.Select(key => key[StoreId.Size..])]));
        }
        var put = placements.Changed.Where(change => change.Row is not null).Select(change => change.Key).ToArray();
        if (put.Length > 0)
        {
            trip.Add(
                "INSERT INTO placements(store, segment) SELECT * FROM unnest($1, $2) ON CONFLICT DO NOTHING",
                RoundTrip.Bytes([.. put.Select(key => key[..StoreId.Size])]), RoundTrip.Bytes([.. put.Select(key => key[StoreId.Size..])]));
        }
        placements.MarkWritten();
    }

    private Row? Known(SegmentId id)
    {
        Span<byte> key = stackalloc byte[SegmentId.Size];
        id.Write(key);
        if (rows.TryGet(key, out var row)) return row;
        AddLoad(tables.Begin(), [id]).Run();
        rows.TryGet(key, out row);
        return row;
    }

    private static IEnumerable<byte[]> PlacementKeys(SegmentRow row)
    {
        foreach (var store in row.Shards)
        {
            if (store == StoreId.None) continue;
            var key = new byte[StoreId.Size + SegmentId.Size];
            store.Write(key);
            row.Id.Write(key.AsSpan(StoreId.Size));
            yield return key;
        }
    }

    private static byte[] KeyOf(SegmentId id)
    {
        var key = new byte[SegmentId.Size];
        id.Write(key);
        return key;
    }

    /// <param name="IdleSince">Of a new segment.</param>
    private sealed record Row(long Payload, bool IsPartial, long? IdleSince, byte[] Value);

    private readonly record struct Use(long Count, long Bytes, bool Shrank, long Now);
}
