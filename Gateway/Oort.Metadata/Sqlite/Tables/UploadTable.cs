using System.Collections.Immutable;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite.Tables;

/// <summary>Uploads in progress and their parts.</summary>
internal sealed class UploadTable(Database database) : IUploadTable
{
    private Statement? find;
    private Statement? before;
    private Statement? inBucket;
    private Statement? put;
    private Statement? remove;
    private Statement? findBucket;
    private Statement? findPart;
    private Statement? listParts;
    private Statement? partNumbers;
    private Statement? putPart;
    private Statement? removePart;

    public UploadRow? Find(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes, UploadId id)
    {
        Span<byte> idBytes = stackalloc byte[UploadId.Size];
        id.Write(idBytes);
        find ??= database.Prepare("SELECT value FROM uploads WHERE bucket = ?1 AND key = ?2 AND id = ?3");
        using var rows = find.Bind(1, bucket.Value).Bind(2, keyBytes).Bind(3, idBytes).Query();
        return rows.Next() ? UploadRecord.Read(bucket, key, id, find.Blob(0)) : null;
    }

    public ImmutableArray<UploadRow> InitiatedBefore(DateTimeOffset time, int limit)
    {
        before ??= database.Prepare("SELECT bucket, key, id, value FROM uploads WHERE initiated < ?1 ORDER BY initiated LIMIT ?2");
        return ReadAll(before.Bind(1, time.ToUnixTimeMilliseconds()).Bind(2, (long)limit));
    }

    public ImmutableArray<UploadRow> InBucket(BucketId bucket, int limit)
    {
        inBucket ??= database.Prepare("SELECT bucket, key, id, value FROM uploads WHERE bucket = ?1 LIMIT ?2");
        return ReadAll(inBucket.Bind(1, bucket.Value).Bind(2, (long)limit));
    }

    public void Put(BucketId bucket, ReadOnlySpan<byte> keyBytes, UploadId id, long initiated, ReadOnlySpan<byte> value)
    {
        Span<byte> idBytes = stackalloc byte[UploadId.Size];
        id.Write(idBytes);
        put ??= database.Prepare("""
            INSERT INTO uploads(bucket, key, id, initiated, value) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT(bucket, key, id) DO UPDATE SET initiated = excluded.initiated, value = excluded.value
            """);
        put.Bind(1, bucket.Value).Bind(2, keyBytes).Bind(3, idBytes).Bind(4, initiated).Bind(5, value).Run();
    }

    public void Remove(BucketId bucket, ReadOnlySpan<byte> keyBytes, UploadId id)
    {
        Span<byte> idBytes = stackalloc byte[UploadId.Size];
        id.Write(idBytes);
        remove ??= database.Prepare("DELETE FROM uploads WHERE bucket = ?1 AND key = ?2 AND id = ?3");
        remove.Bind(1, bucket.Value).Bind(2, keyBytes).Bind(3, idBytes).Run();
    }

    public BucketId? FindBucket(UploadId id)
    {
        Span<byte> idBytes = stackalloc byte[UploadId.Size];
        id.Write(idBytes);
        findBucket ??= database.Prepare("SELECT bucket FROM uploads WHERE id = ?1");
        using var rows = findBucket.Bind(1, idBytes).Query();
        return rows.Next() ? new(findBucket.ULong(0)) : null;
    }

    public PartRow? FindPart(UploadId upload, int number)
    {
        Span<byte> idBytes = stackalloc byte[UploadId.Size];
        upload.Write(idBytes);
        findPart ??= database.Prepare("SELECT value, extents FROM parts WHERE upload = ?1 AND number = ?2");
        using var rows = findPart.Bind(1, idBytes).Bind(2, (long)number).Query();
        return rows.Next() ? UploadRecord.ReadPart(upload, number, findPart.Blob(0), findPart.Blob(1)) : null;
    }

    /// <summary>Parts after a number, without extents.</summary>
    public ImmutableArray<PartRow> ListParts(UploadId upload, int afterNumber, int limit)
    {
        Span<byte> idBytes = stackalloc byte[UploadId.Size];
        upload.Write(idBytes);
        listParts ??= database.Prepare("SELECT number, value FROM parts WHERE upload = ?1 AND number > ?2 ORDER BY number LIMIT ?3");
        var result = ImmutableArray.CreateBuilder<PartRow>();
        using var rows = listParts.Bind(1, idBytes).Bind(2, (long)afterNumber).Bind(3, (long)limit).Query();
        while (rows.Next()) result.Add(UploadRecord.ReadPart(upload, listParts.Int(0), listParts.Blob(1), default));
        return result.DrainToImmutable();
    }

    /// <summary>Numbers of an upload's parts, ascending.</summary>
    public List<int> PartNumbers(UploadId upload)
    {
        Span<byte> idBytes = stackalloc byte[UploadId.Size];
        upload.Write(idBytes);
        partNumbers ??= database.Prepare("SELECT number FROM parts WHERE upload = ?1 ORDER BY number");
        var result = new List<int>();
        using var rows = partNumbers.Bind(1, idBytes).Query();
        while (rows.Next()) result.Add(partNumbers.Int(0));
        return result;
    }

    public void PutPart(UploadId upload, int number, ReadOnlySpan<byte> value, ReadOnlySpan<byte> extents)
    {
        Span<byte> idBytes = stackalloc byte[UploadId.Size];
        upload.Write(idBytes);
        putPart ??= database.Prepare("""
            INSERT INTO parts(upload, number, value, extents) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT(upload, number) DO UPDATE SET value = excluded.value, extents = excluded.extents
            """);
        putPart.Bind(1, idBytes).Bind(2, (long)number).Bind(3, value).Bind(4, extents).Run();
    }

    public void RemovePart(UploadId upload, int number)
    {
        Span<byte> idBytes = stackalloc byte[UploadId.Size];
        upload.Write(idBytes);
        removePart ??= database.Prepare("DELETE FROM parts WHERE upload = ?1 AND number = ?2");
        removePart.Bind(1, idBytes).Bind(2, (long)number).Run();
    }

    private static ImmutableArray<UploadRow> ReadAll(Statement statement)
    {
        var result = ImmutableArray.CreateBuilder<UploadRow>();
        using var rows = statement.Query();
        while (rows.Next())
            result.Add(UploadRecord.Read(new(statement.ULong(0)), RecordReader.DecodeText(statement.Blob(1)), UploadId.Read(statement.Blob(2)), statement.Blob(3)));
        return result.DrainToImmutable();
    }
}
