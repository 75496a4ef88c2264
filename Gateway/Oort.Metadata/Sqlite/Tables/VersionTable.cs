using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite.Tables;

/// <summary>All versions, and the heads derived from them.</summary>
/// <remarks>
/// A key has at most one null version. It is found without a scan and, in buckets that were never versioned, without an index of its own:
/// written as the key's first version it is (and stays) the oldest one, as generations only grow; otherwise it stands in the partial index.
/// </remarks>
internal sealed class VersionTable(Database database) : IVersionTable
{
    private const string Columns = "generation, value, extents";

    private Statement? newest;
    private Statement? oldest;
    private Statement? at;
    private Statement? indexedNull;
    private Statement? any;
    private Statement? insert;
    private Statement? rewrite;
    private Statement? remove;
    private Statement? putHead;
    private Statement? removeHead;
    private Statement? newestGeneration;

    public VersionRow? FindNewest(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes)
    {
        newest ??= database.Prepare($"SELECT {Columns} FROM versions WHERE bucket = ?1 AND key = ?2 ORDER BY generation DESC LIMIT 1");
        using var rows = newest.Bind(1, bucket.Value).Bind(2, keyBytes).Query();
        return rows.Next() ? VersionRecord.Read(bucket, key, newest.ULong(0), true, newest.Blob(1), newest.Blob(2)) : null;
    }

    /// <summary>The version with a text id or "null"; null when there is none or the text is no id.</summary>
    public VersionRow? Find(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes, string versionId)
    {
        if (versionId == VersionId.NullText) return FindNull(bucket, key, keyBytes);
        if (!VersionId.TryParse(versionId, out var id) || id.Generation > long.MaxValue) return null;
        var row = FindAt(bucket, key, keyBytes, id.Generation);
        return row is not null && row.Id == id && !row.IsNull ? row : null;
    }

    public VersionRow? FindAt(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes, ulong generation)
    {
        at ??= database.Prepare($"SELECT {Columns} FROM versions WHERE bucket = ?1 AND key = ?2 AND generation = ?3");
        VersionRow row;
        using (var rows = at.Bind(1, bucket.Value).Bind(2, keyBytes).Bind(3, generation).Query())
        {
            if (!rows.Next()) return null;
            row = VersionRecord.Read(bucket, key, generation, false, at.Blob(1), at.Blob(2));
        }
        return row with { IsLatest = NewestGeneration(bucket, keyBytes) == generation };
    }

    public VersionRow? FindNull(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes)
    {
        VersionRow row;
        oldest ??= database.Prepare($"SELECT {Columns}, null_kind FROM versions WHERE bucket = ?1 AND key = ?2 ORDER BY generation LIMIT 1");
        using (var rows = oldest.Bind(1, bucket.Value).Bind(2, keyBytes).Query())
        {
            if (!rows.Next()) return null;
            row = VersionRecord.Read(bucket, key, oldest.ULong(0), false, oldest.Blob(1), oldest.Blob(2));
        }
        if (!row.IsNull)
        {
            indexedNull ??= database.Prepare($"SELECT {Columns} FROM versions WHERE bucket = ?1 AND key = ?2 AND null_kind = 2");
            using var rows = indexedNull.Bind(1, bucket.Value).Bind(2, keyBytes).Query();
            if (!rows.Next()) return null;
            row = VersionRecord.Read(bucket, key, indexedNull.ULong(0), false, indexedNull.Blob(1), indexedNull.Blob(2));
        }
        return row with { IsLatest = NewestGeneration(bucket, keyBytes) == row.Id.Generation };
    }

    public bool AnyInBucket(BucketId bucket)
    {
        any ??= database.Prepare("SELECT 1 FROM versions WHERE bucket = ?1 LIMIT 1");
        using var rows = any.Bind(1, bucket.Value).Query();
        return rows.Next();
    }

    /// <param name="isFirst">The key has no other version: decides how a null version is found.</param>
    public void Insert(VersionRow row, ReadOnlySpan<byte> keyBytes, bool isFirst, ReadOnlySpan<byte> value, ReadOnlySpan<byte> extents)
    {
        insert ??= database.Prepare("INSERT INTO versions(bucket, key, generation, null_kind, marker, value, extents, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
        insert.Bind(1, row.Bucket.Value).Bind(2, keyBytes).Bind(3, row.Id.Generation)
            .Bind(4, NullKind(row.IsNull, isFirst)).Bind(5, row.IsDeleteMarker ? 1L : 0L).Bind(6, value).Bind(7, extents).Bind(8, row.LastModified.ToUnixTimeMilliseconds()).Run();
    }

    public static long NullKind(bool isNull, bool isFirst) => (isNull, isFirst) switch
    {
        (false, _) => 0,
        (true, true) => 1,
        (true, false) => 2,
    };

    public void Rewrite(VersionRow row, ReadOnlySpan<byte> keyBytes, ReadOnlySpan<byte> value, ReadOnlySpan<byte> extents)
    {
        rewrite ??= database.Prepare("UPDATE versions SET value = ?4, extents = ?5 WHERE bucket = ?1 AND key = ?2 AND generation = ?3");
        rewrite.Bind(1, row.Bucket.Value).Bind(2, keyBytes).Bind(3, row.Id.Generation).Bind(4, value).Bind(5, extents).Run();
    }

    public void Remove(BucketId bucket, ReadOnlySpan<byte> keyBytes, ulong generation)
    {
        remove ??= database.Prepare("DELETE FROM versions WHERE bucket = ?1 AND key = ?2 AND generation = ?3");
        remove.Bind(1, bucket.Value).Bind(2, keyBytes).Bind(3, generation).Run();
    }

    public void PutHead(BucketId bucket, ReadOnlySpan<byte> keyBytes, ulong generation, ReadOnlySpan<byte> value)
    {
        putHead ??= database.Prepare("""
            INSERT INTO heads(bucket, key, generation, value) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT(bucket, key) DO UPDATE SET generation = excluded.generation, value = excluded.value
            """);
        putHead.Bind(1, bucket.Value).Bind(2, keyBytes).Bind(3, generation).Bind(4, value).Run();
    }

    public void RemoveHead(BucketId bucket, ReadOnlySpan<byte> keyBytes)
    {
        removeHead ??= database.Prepare("DELETE FROM heads WHERE bucket = ?1 AND key = ?2");
        removeHead.Bind(1, bucket.Value).Bind(2, keyBytes).Run();
    }

    private ulong NewestGeneration(BucketId bucket, ReadOnlySpan<byte> keyBytes)
    {
        newestGeneration ??= database.Prepare("SELECT generation FROM versions WHERE bucket = ?1 AND key = ?2 ORDER BY generation DESC LIMIT 1");
        using var rows = newestGeneration.Bind(1, bucket.Value).Bind(2, keyBytes).Query();
        return rows.Next() ? newestGeneration.ULong(0) : 0;
    }
}
