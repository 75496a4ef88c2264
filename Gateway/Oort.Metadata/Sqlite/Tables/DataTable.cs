using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite.Tables;

/// <summary>Data ids with their reference counts, and the index from segments to the data in them.</summary>
internal sealed class DataTable(Database database) : IDataTable
{
    private Statement? find;
    private Statement? findWithReferences;
    private Statement? exists;
    private Statement? inSegment;
    private Statement? insert;
    private Statement? rewrite;
    private Statement? setReferences;
    private Statement? remove;
    private Statement? putRun;
    private Statement? removeRun;
    private Statement? list;
    private Statement? addGone;
    private Statement? forgetGone;
    private Statement? countGone;
    private Statement? findGone;

    public DataRow? Find(DataId id)
    {
        Span<byte> idBytes = stackalloc byte[DataId.Size];
        id.Write(idBytes);
        find ??= database.Prepare("SELECT value FROM data WHERE id = ?1");
        using var rows = find.Bind(1, idBytes).Query();
        return rows.Next() ? DataRecord.Read(id, find.Blob(0)) : null;
    }

    public bool Exists(DataId id)
    {
        Span<byte> idBytes = stackalloc byte[DataId.Size];
        id.Write(idBytes);
        exists ??= database.Prepare("SELECT 1 FROM data WHERE id = ?1");
        using var rows = exists.Bind(1, idBytes).Query();
        return rows.Next();
    }

    public ImmutableArray<DataRow> InSegment(SegmentId segment, DataId? after, int limit)
    {
        Span<byte> segmentBytes = stackalloc byte[SegmentId.Size];
        segment.Write(segmentBytes);
        Span<byte> afterBytes = stackalloc byte[DataId.Size];
        after?.Write(afterBytes);
        inSegment ??= database.Prepare("""
            SELECT data.id, data.value FROM runs JOIN data ON data.id = runs.data
            WHERE runs.segment = ?1 AND runs.data > ?2 ORDER BY runs.data LIMIT ?3
            """);
        var result = ImmutableArray.CreateBuilder<DataRow>();
        using var rows = inSegment.Bind(1, segmentBytes).Bind(2, after is null ? default : afterBytes).Bind(3, (long)limit).Query();
        while (rows.Next()) result.Add(DataRecord.Read(DataId.Read(inSegment.Blob(0)), inSegment.Blob(1)));
        return result.DrainToImmutable();
    }

    public ImmutableArray<DataRow> List(DataId? after, int limit)
    {
        Span<byte> afterBytes = stackalloc byte[DataId.Size];
        after?.Write(afterBytes);
        list ??= database.Prepare("SELECT id, value FROM data WHERE id > ?1 ORDER BY id LIMIT ?2");
        var result = ImmutableArray.CreateBuilder<DataRow>();
        using var rows = list.Bind(1, after is null ? default : afterBytes).Bind(2, (long)limit).Query();
        while (rows.Next()) result.Add(DataRecord.Read(DataId.Read(list.Blob(0)), list.Blob(1)));
        return result.DrainToImmutable();
    }

    public void AddGone(in GoneData gone)
    {
        Span<byte> idBytes = stackalloc byte[DataId.Size];
        gone.Data.Write(idBytes);
        addGone ??= database.Prepare("INSERT OR REPLACE INTO gone(generation, data, version, at) VALUES (?1, ?2, ?3, ?4)");
        addGone.Bind(1, gone.Generation).Bind(2, idBytes).Bind(3, gone.Version).Bind(4, gone.At.ToUnixTimeMilliseconds()).Run();
    }

    public void ForgetGone(ulong generation, DateTimeOffset before)
    {
        forgetGone ??= database.Prepare("DELETE FROM gone WHERE (generation, data) IN (SELECT generation, data FROM gone WHERE generation <= ?1 AND at < ?2 ORDER BY generation, data LIMIT ?3)");
        forgetGone.Bind(1, generation).Bind(2, before.ToUnixTimeMilliseconds()).Bind(3, (long)MetadataLimits.ForgetCountMax).Run();
    }

    public GoneTotals CountGone(ulong after)
    {
        countGone ??= database.Prepare("SELECT count(*), coalesce(min(at), 0) FROM gone WHERE generation > ?1");
        using var rows = countGone.Bind(1, after).Query();
        return rows.Next() && countGone.Long(0) > 0 ? new(countGone.Long(0), DateTimeOffset.FromUnixTimeMilliseconds(countGone.Long(1))) : new(0, null);
    }

    public ImmutableArray<GoneData> FindGone(DataId? data, ulong version, int limit)
    {
        Span<byte> idBytes = stackalloc byte[DataId.Size];
        data?.Write(idBytes);
        findGone ??= database.Prepare("SELECT generation, data, version, at FROM gone WHERE data = ?1 OR (length(?1) = 0 AND version = ?2) ORDER BY generation, data LIMIT ?3");
        var result = ImmutableArray.CreateBuilder<GoneData>();
        using var rows = findGone.Bind(1, data is null ? default : idBytes).Bind(2, version).Bind(3, (long)limit).Query();
        while (rows.Next()) result.Add(new(DataId.Read(findGone.Blob(1)), findGone.ULong(0), findGone.ULong(2), DateTimeOffset.FromUnixTimeMilliseconds(findGone.Long(3))));
        return result.DrainToImmutable();
    }

    public void Insert(DataRow row, long references, ReadOnlySpan<byte> value)
    {
        Span<byte> idBytes = stackalloc byte[DataId.Size];
        row.Id.Write(idBytes);
        insert ??= database.Prepare("INSERT INTO data(id, refs, value) VALUES (?1, ?2, ?3)");
        insert.Bind(1, idBytes).Bind(2, references).Bind(3, value).Run();
    }

    public void Rewrite(DataRow row, ReadOnlySpan<byte> value)
    {
        Span<byte> idBytes = stackalloc byte[DataId.Size];
        row.Id.Write(idBytes);
        rewrite ??= database.Prepare("UPDATE data SET value = ?2 WHERE id = ?1");
        rewrite.Bind(1, idBytes).Bind(2, value).Run();
    }

    public long? AddReferences(DataId id, long count)
    {
        if (Find(id, out var before) is null) return null;
        SetReferences(id, before + count);
        return before + count;
    }

    public long? AddReferencesOrRemove(DataId id, long count, out DataRow? removed)
    {
        removed = null;
        if (Find(id, out var before) is not { } row) return null;
        var left = before + count;
        if (left == 0) Remove((removed = row).Id);
        else SetReferences(id, left);
        return left;
    }

    public void Remove(DataId id)
    {
        Span<byte> idBytes = stackalloc byte[DataId.Size];
        id.Write(idBytes);
        remove ??= database.Prepare("DELETE FROM data WHERE id = ?1");
        remove.Bind(1, idBytes).Run();
    }

    public void AddRun(SegmentId segment, DataId data, long bytes)
    {
        Span<byte> segmentBytes = stackalloc byte[SegmentId.Size];
        segment.Write(segmentBytes);
        Span<byte> dataBytes = stackalloc byte[DataId.Size];
        data.Write(dataBytes);
        putRun ??= database.Prepare("INSERT INTO runs(segment, data, bytes) VALUES (?1, ?2, ?3) ON CONFLICT(segment, data) DO UPDATE SET bytes = bytes + excluded.bytes");
        putRun.Bind(1, segmentBytes).Bind(2, dataBytes).Bind(3, bytes).Run();
    }

    public void RemoveRuns(SegmentId segment, DataId data)
    {
        Span<byte> segmentBytes = stackalloc byte[SegmentId.Size];
        segment.Write(segmentBytes);
        Span<byte> dataBytes = stackalloc byte[DataId.Size];
        data.Write(dataBytes);
        removeRun ??= database.Prepare("DELETE FROM runs WHERE segment = ?1 AND data = ?2");
        removeRun.Bind(1, segmentBytes).Bind(2, dataBytes).Run();
    }

    /// <param name="references">Extents that name it; 0 when there is no such data.</param>
    private DataRow? Find(DataId id, out long references)
    {
        Span<byte> idBytes = stackalloc byte[DataId.Size];
        id.Write(idBytes);
        references = 0;
        findWithReferences ??= database.Prepare("SELECT refs, value FROM data WHERE id = ?1");
        using var rows = findWithReferences.Bind(1, idBytes).Query();
        if (!rows.Next()) return null;
        references = findWithReferences.Long(0);
        return DataRecord.Read(id, findWithReferences.Blob(1));
    }

    private void SetReferences(DataId id, long count)
    {
        Span<byte> idBytes = stackalloc byte[DataId.Size];
        id.Write(idBytes);
        setReferences ??= database.Prepare("UPDATE data SET refs = ?2 WHERE id = ?1");
        setReferences.Bind(1, idBytes).Bind(2, count).Run();
    }
}
