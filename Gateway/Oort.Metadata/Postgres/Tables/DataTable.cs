using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Tables;

/// <summary>Data ids with their reference counts, and the index from segments to the data in them.</summary>
internal sealed class DataTable(PostgresTables tables) : IDataTable
{
    private readonly RowMap<Row> rows = new();
    private readonly RowMap<Run> runs = new();
    private readonly List<GoneData> addedGone = [];
    private (ulong Generation, DateTimeOffset Before)? forgetting;

    public DataRow? Find(DataId id) => Known(id) is { } row ? DataRecord.Read(id, row.Value) : null;

    public bool Exists(DataId id) => Known(id) is not null;

    public void Insert(DataRow row, long references, ReadOnlySpan<byte> value)
    {
        if (Exists(row.Id)) throw new ArgumentException($"Data {row.Id} is there already.");
        rows.Put(KeyOf(row.Id), new(references, SegmentsOf(row.Runs), value.ToArray()));
    }

    public void Rewrite(DataRow row, ReadOnlySpan<byte> value) => rows.Put(KeyOf(row.Id), new(Known(row.Id)!.References, SegmentsOf(row.Runs), value.ToArray()));

    public long? AddReferences(DataId id, long count)
    {
        if (Known(id) is not { } row) return null;
        rows.Put(KeyOf(id), row with { References = row.References + count });
        return row.References + count;
    }

    public void Remove(DataId id) => rows.Remove(KeyOf(id));

    public void AddGone(in GoneData gone) => addedGone.Add(gone);

    public void ForgetGone(ulong generation, DateTimeOffset before) => forgetting = (generation, before);

    public void AddRun(SegmentId segment, DataId data, long bytes)
    {
        // What lies there already has been removed by this group, or stands in it: data get their runs all at once.
        var key = RunKey(segment, data);
        runs.Put(key, new(runs.TryGet(key, out var present) && present is not null ? present.Bytes + bytes : bytes));
    }

    public void RemoveRuns(SegmentId segment, DataId data) => runs.Remove(RunKey(segment, data));

    public RoundTrip AddLoad(RoundTrip trip, IReadOnlyCollection<DataId> ids)
    {
        var keys = ids.Select(KeyOf).ToArray();
        return trip
            .Query("SELECT id, refs, segments, value FROM data WHERE id = ANY($1)", row => rows.Load(row.Blob(0), new(row.GetInt64(1), row.Blob(2), row.Blob(3))), RoundTrip.Bytes(keys))
            .Then(() => rows.LoadAbsent(keys));
    }

    public bool IsKnown(DataId id) => rows.TryGet(KeyOf(id), out _);

    public void AddWrites(RoundTrip trip)
    {
        var gone = rows.Changed.Where(change => change.Row is null).Select(change => change.Key).ToArray();
        if (gone.Length > 0) trip.Add("DELETE FROM data WHERE id = ANY($1)", RoundTrip.Bytes(gone));
        var put = rows.Changed.Where(change => change.Row is not null).ToArray();
        if (put.Length > 0)
        {
            trip.Add(
                """
                INSERT INTO data(id, refs, segments, value) SELECT * FROM unnest($1, $2, $3, $4)
                ON CONFLICT (id) DO UPDATE SET refs = excluded.refs, segments = excluded.segments, value = excluded.value
                """,
                RoundTrip.Bytes([.. put.Select(one => one.Key)]), RoundTrip.Longs([.. put.Select(one => one.Row!.References)]),
                RoundTrip.Bytes([.. put.Select(one => one.Row!.Segments)]), RoundTrip.Bytes([.. put.Select(one => one.Row!.Value)]));
        }
        rows.MarkWritten();
        AddRunWrites(trip);
        AddGoneWrites(trip);
    }

    public void Clear()
    {
        rows.Clear();
        runs.Clear();
        addedGone.Clear();
        forgetting = null;
    }

    /// <summary>The segments that runs lie in, as the column has them.</summary>
    public static byte[] SegmentsOf(ImmutableArray<SegmentRun> runs)
    {
        var segments = runs.Select(run => run.Segment).Distinct().ToArray();
        var result = new byte[segments.Length * SegmentId.Size];
        for (var i = 0; i < segments.Length; i++) segments[i].Write(result.AsSpan(i * SegmentId.Size));
        return result;
    }

    private void AddRunWrites(RoundTrip trip)
    {
        var gone = runs.Changed.Where(change => change.Row is null).Select(change => change.Key).ToArray();
        if (gone.Length > 0)
        {
            trip.Add(
                "DELETE FROM runs r USING unnest($1, $2) AS d(segment, data) WHERE r.segment = d.segment AND r.data = d.data",
                RoundTrip.Bytes([.. gone.Select(key => key[..SegmentId.Size])]), RoundTrip.Bytes([.. gone.Select(key => key[SegmentId.Size..])]));
        }
        var put = runs.Changed.Where(change => change.Row is not null).ToArray();
        if (put.Length > 0)
        {
            trip.Add(
                "INSERT INTO runs(segment, data, bytes) SELECT * FROM unnest($1, $2, $3) ON CONFLICT (segment, data) DO UPDATE SET bytes = excluded.bytes",
                RoundTrip.Bytes([.. put.Select(one => one.Key[..SegmentId.Size])]), RoundTrip.Bytes([.. put.Select(one => one.Key[SegmentId.Size..])]),
                RoundTrip.Longs([.. put.Select(one => one.Row!.Bytes)]));
        }
        runs.MarkWritten();
    }

    private void AddGoneWrites(RoundTrip trip)
    {
        if (addedGone.Count > 0)
        {
            trip.Add(
                "INSERT INTO gone(generation, data, version, at) SELECT * FROM unnest($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                RoundTrip.Longs([.. addedGone.Select(one => (long)one.Generation)]), RoundTrip.Bytes([.. addedGone.Select(one => KeyOf(one.Data))]),
                RoundTrip.Longs([.. addedGone.Select(one => (long)one.Version)]), RoundTrip.Longs([.. addedGone.Select(one => one.At.ToUnixTimeMilliseconds())]));
            addedGone.Clear();
        }
        if (forgetting is not { } old) return;
        trip.Add(
            "DELETE FROM gone WHERE (generation, data) IN (SELECT generation, data FROM gone WHERE generation <= $1 AND at < $2 ORDER BY generation, data LIMIT $3)",
            RoundTrip.Long(old.Generation), RoundTrip.Long(old.Before.ToUnixTimeMilliseconds()), RoundTrip.Int(MetadataLimits.ForgetCountMax));
        forgetting = null;
    }

    private Row? Known(DataId id)
    {
        Span<byte> key = stackalloc byte[DataId.Size];
        id.Write(key);
        if (rows.TryGet(key, out var row)) return row;
        AddLoad(tables.Begin(), [id]).Run();
        rows.TryGet(key, out row);
        return row;
    }

    private static byte[] KeyOf(DataId id)
    {
        var key = new byte[DataId.Size];
        id.Write(key);
        return key;
    }

    private static byte[] RunKey(SegmentId segment, DataId data)
    {
        var key = new byte[SegmentId.Size + DataId.Size];
        segment.Write(key);
        data.Write(key.AsSpan(SegmentId.Size));
        return key;
    }

    private sealed record Row(long References, byte[] Segments, byte[] Value);

    private sealed record Run(long Bytes);
}
