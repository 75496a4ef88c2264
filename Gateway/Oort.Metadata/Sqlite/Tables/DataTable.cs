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
