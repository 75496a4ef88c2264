using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite.Tables;

/// <summary>Segments with what lives in them, and the index from stores to segments.</summary>
internal sealed class SegmentTable(Database database) : ISegmentTable
{
    /// <summary>
    /// Bytes that a run takes at most beside its own: each begins at a multiple of 64 (docs/formats/segment.md). They count as live in the share; otherwise a pack of tiny
    /// objects would look sparse when it is full, and be written anew after every delete.
    /// </summary>
    public const int RunPaddingMax = 63;

    private Statement? find;
    private Statement? list;
    private Statement? listPartial;
    private Statement? listOnStore;
    private Statement? listPartialOnStore;
    private Statement? listIdle;
    private Statement? listShrunk;
    private Statement? insert;
    private Statement? rewrite;
    private Statement? addUse;
    private Statement? use;
    private Statement? remove;
    private Statement? putPlacement;
    private Statement? removePlacement;

    public SegmentRow? Find(SegmentId id)
    {
        Span<byte> idBytes = stackalloc byte[SegmentId.Size];
        id.Write(idBytes);
        find ??= database.Prepare("SELECT value FROM segments WHERE id = ?1");
        using var rows = find.Bind(1, idBytes).Query();
        return rows.Next() ? SegmentRecord.Read(id, find.Blob(0)) : null;
    }

    public ImmutableArray<SegmentRow> List(SegmentId after, int limit, bool partialOnly, StoreId? store)
    {
        Span<byte> idBytes = stackalloc byte[SegmentId.Size];
        after.Write(idBytes);
        Span<byte> storeBytes = stackalloc byte[StoreId.Size];
        store?.Write(storeBytes);
        var statement = (partialOnly, store) switch
        {
            (false, null) => list ??= database.Prepare("SELECT id, value FROM segments WHERE id > ?1 ORDER BY id LIMIT ?2"),
            (true, null) => listPartial ??= database.Prepare("SELECT id, value FROM segments WHERE id > ?1 AND partial = 1 ORDER BY id LIMIT ?2"),
            (false, _) => listOnStore ??= database.Prepare("""
                SELECT segments.id, segments.value FROM placements JOIN segments ON segments.id = placements.segment
                WHERE placements.store = ?3 AND placements.segment > ?1 ORDER BY placements.segment LIMIT ?2
                """),
            (true, _) => listPartialOnStore ??= database.Prepare("""
                SELECT segments.id, segments.value FROM segments INDEXED BY segments_partial
                WHERE id > ?1 AND partial = 1 AND EXISTS (SELECT 1 FROM placements WHERE store = ?3 AND segment = segments.id) ORDER BY id LIMIT ?2
                """),
        };
        statement.Bind(1, idBytes).Bind(2, (long)limit);
        if (store is not null) statement.Bind(3, storeBytes);
        var result = ImmutableArray.CreateBuilder<SegmentRow>();
        using var rows = statement.Query();
        while (rows.Next()) result.Add(SegmentRecord.Read(SegmentId.Read(statement.Blob(0)), statement.Blob(1)));
        return result.DrainToImmutable();
    }

    public ImmutableArray<SegmentUse> ListIdle(DateTimeOffset before, int limit)
    {
        listIdle ??= database.Prepare("SELECT id, value, live_bytes FROM segments WHERE idle_since < ?1 ORDER BY idle_since LIMIT ?2");
        return ReadUses(listIdle.Bind(1, before.ToUnixTimeMilliseconds()).Bind(2, (long)limit));
    }

    /// <param name="shareMax">Thousandths.</param>
    public ImmutableArray<SegmentUse> ListShrunk(long shareMax, int limit)
    {
        listShrunk ??= database.Prepare("SELECT id, value, live_bytes FROM segments WHERE shrunk = 1 AND share <= ?1 AND data_count > 0 ORDER BY share LIMIT ?2");
        return ReadUses(listShrunk.Bind(1, shareMax).Bind(2, (long)limit));
    }

    public void Insert(SegmentRow row, long now, ReadOnlySpan<byte> value)
    {
        Span<byte> idBytes = stackalloc byte[SegmentId.Size];
        row.Id.Write(idBytes);
        insert ??= database.Prepare("""
            INSERT INTO segments(id, payload, partial, data_count, live_bytes, idle_since, shrunk, share, value) VALUES (?1, ?2, ?3, 0, 0, ?4, 0, 0, ?5)
            """);
        insert.Bind(1, idBytes).Bind(2, row.PayloadLength).Bind(3, row.IsFull ? 0L : 1L).Bind(4, now).Bind(5, value).Run();
    }

    public void Rewrite(SegmentRow row, ReadOnlySpan<byte> value)
    {
        Span<byte> idBytes = stackalloc byte[SegmentId.Size];
        row.Id.Write(idBytes);
        rewrite ??= database.Prepare("UPDATE segments SET partial = ?2, value = ?3 WHERE id = ?1");
        rewrite.Bind(1, idBytes).Bind(2, row.IsFull ? 0L : 1L).Bind(3, value).Run();
    }

    /// <summary>Adds to what lives in a segment (or takes from it).</summary>
    public void AddUse(SegmentId id, long dataCount, long liveBytes, bool shrank, long now)
    {
        Span<byte> idBytes = stackalloc byte[SegmentId.Size];
        id.Write(idBytes);
        addUse ??= database.Prepare($"""
            UPDATE segments SET
                data_count = data_count + ?2,
                live_bytes = live_bytes + ?3,
                idle_since = CASE WHEN data_count + ?2 = 0 THEN coalesce(idle_since, ?5) END,
                shrunk = max(shrunk, ?4),
                share = (live_bytes + ?3 + {RunPaddingMax} * (data_count + ?2)) * 1000 / max(payload, 1)
            WHERE id = ?1
            """);
        addUse.Bind(1, idBytes).Bind(2, dataCount).Bind(3, liveBytes).Bind(4, shrank ? 1L : 0L).Bind(5, now).Run();
    }

    /// <summary>How many data ids lie in a segment; null when there is no such segment.</summary>
    public long? DataCount(SegmentId id)
    {
        Span<byte> idBytes = stackalloc byte[SegmentId.Size];
        id.Write(idBytes);
        use ??= database.Prepare("SELECT data_count FROM segments WHERE id = ?1");
        using var rows = use.Bind(1, idBytes).Query();
        return rows.Next() ? use.Long(0) : null;
    }

    public void Remove(SegmentId id)
    {
        Span<byte> idBytes = stackalloc byte[SegmentId.Size];
        id.Write(idBytes);
        remove ??= database.Prepare("DELETE FROM segments WHERE id = ?1");
        remove.Bind(1, idBytes).Run();
    }

    public void AddPlacements(SegmentRow row)
    {
        putPlacement ??= database.Prepare("INSERT OR IGNORE INTO placements(store, segment) VALUES (?1, ?2)");
        EachPlacement(row, putPlacement);
    }

    public void RemovePlacements(SegmentRow row)
    {
        removePlacement ??= database.Prepare("DELETE FROM placements WHERE store = ?1 AND segment = ?2");
        EachPlacement(row, removePlacement);
    }

    private static void EachPlacement(SegmentRow row, Statement statement)
    {
        Span<byte> idBytes = stackalloc byte[SegmentId.Size];
        row.Id.Write(idBytes);
        Span<byte> storeBytes = stackalloc byte[StoreId.Size];
        foreach (var store in row.Shards)
        {
            if (store == StoreId.None) continue;
            store.Write(storeBytes);
            statement.Bind(1, storeBytes).Bind(2, idBytes).Run();
        }
    }

    private static ImmutableArray<SegmentUse> ReadUses(Statement statement)
    {
        var result = ImmutableArray.CreateBuilder<SegmentUse>();
        using var rows = statement.Query();
        while (rows.Next()) result.Add(new(SegmentRecord.Read(SegmentId.Read(statement.Blob(0)), statement.Blob(1)), statement.Long(2)));
        return result.DrainToImmutable();
    }
}
