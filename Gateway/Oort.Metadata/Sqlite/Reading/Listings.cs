using System.Collections.Immutable;
using Oort.Metadata.Changes;
using Oort.Metadata.Reading;
using Oort.Metadata.Records;
using Oort.Metadata.Sqlite.Tables;

namespace Oort.Metadata.Sqlite.Reading;

/// <summary>Listings: range reads in key order that seek past each common prefix, so that their cost is that of what they show.</summary>
internal sealed class Listings(Database database, VersionTable versionTable)
{
    private Statement? heads;
    private Statement? versions;
    private Statement? versionsOfKey;
    private Statement? uploads;
    private Statement? uploadsOfKey;

    public ListObjectsPage Objects(ListObjectsQuery query)
    {
        var page = new PageBuilder(query.Prefix, query.Delimiter, query.After, query.Limit);
        var objects = ImmutableArray.CreateBuilder<ObjectEntry>();
        heads ??= database.Prepare("SELECT key, value FROM heads WHERE bucket = ?1 AND key >= ?2 ORDER BY key");
        if (query.Limit > 0)
            Scan(heads, query.Bucket, page.Start, page, row => objects.Add(VersionRecord.ReadHead(RecordReader.DecodeText(row.Blob(0)), row.Blob(1), objects.Count > 0 ? objects[^1] : null)));
        var last = page.EndsWithPrefix ? page.LastPrefix : objects.Count > 0 ? objects[^1].Key : "";
        return new(objects.DrainToImmutable(), page.CommonPrefixes, page.IsTruncated, last);
    }

    public ListVersionsPage Versions(ListVersionsQuery query)
    {
        var page = new PageBuilder(query.Prefix, query.Delimiter, query.AfterKey, query.Limit);
        var result = ImmutableArray.CreateBuilder<VersionRow>();
        // Of a key, rows come newest first: the first row of a key met from its beginning is the latest.
        versions ??= database.Prepare("SELECT key, value, generation FROM versions WHERE bucket = ?1 AND key >= ?2 ORDER BY key, generation DESC");
        versionsOfKey ??= database.Prepare("SELECT key, value, generation FROM versions WHERE bucket = ?1 AND key = ?2 AND generation < ?3 ORDER BY generation DESC");
        if (query.Limit > 0)
        {
            string? lastKey = null;
            void Show(Statement row, bool mayBeLatest)
            {
                var key = RecordReader.DecodeText(row.Blob(0));
                result.Add(VersionRecord.Read(query.Bucket, key, row.ULong(2), mayBeLatest && key != lastKey, row.Blob(1), default));
                lastKey = key;
            }
            var keyBytes = RowKey.Utf8(query.AfterKey);
            var goOn = true;
            if (query.AfterVersionId is not null && query.AfterKey.Length > 0 && page.ShowsItself(keyBytes))
            {
                var below = GenerationOf(query, keyBytes);
                using var rows = versionsOfKey.Bind(1, query.Bucket.Value).Bind(2, keyBytes).Bind(3, below).Query();
                while (goOn && rows.Next())
                {
                    goOn = page.Offer(versionsOfKey.Blob(0)) == KeyVerdict.Show;
                    if (goOn) Show(versionsOfKey, mayBeLatest: below == long.MaxValue);
                }
            }
            if (goOn) Scan(versions, query.Bucket, page.Start, page, row => Show(row, mayBeLatest: true));
        }
        var (key, id) = page.EndsWithPrefix ? (page.LastPrefix, null) : result.Count > 0 ? (result[^1].Key, result[^1].Id.ToString()) : ("", (string?)null);
        return new(result.DrainToImmutable(), page.CommonPrefixes, page.IsTruncated, key, id);
    }

    public ListUploadsPage Uploads(ListUploadsQuery query)
    {
        var page = new PageBuilder(query.Prefix, query.Delimiter, query.AfterKey, query.Limit);
        var result = ImmutableArray.CreateBuilder<UploadRow>();
        uploads ??= database.Prepare("SELECT key, value, id FROM uploads WHERE bucket = ?1 AND key >= ?2 ORDER BY key, id");
        uploadsOfKey ??= database.Prepare("SELECT key, value, id FROM uploads WHERE bucket = ?1 AND key = ?2 AND id > ?3 ORDER BY id");
        if (query.Limit > 0)
        {
            void Show(Statement row) =>
                result.Add(UploadRecord.Read(query.Bucket, RecordReader.DecodeText(row.Blob(0)), UploadId.Read(row.Blob(2)), row.Blob(1)));
            var keyBytes = RowKey.Utf8(query.AfterKey);
            var goOn = true;
            if (query.AfterUpload is { } after && query.AfterKey.Length > 0 && page.ShowsItself(keyBytes))
            {
                var idBytes = new byte[UploadId.Size];
                after.Write(idBytes);
                using var rows = uploadsOfKey.Bind(1, query.Bucket.Value).Bind(2, keyBytes).Bind(3, idBytes).Query();
                while (goOn && rows.Next())
                {
                    goOn = page.Offer(uploadsOfKey.Blob(0)) == KeyVerdict.Show;
                    if (goOn) Show(uploadsOfKey);
                }
            }
            if (goOn) Scan(uploads, query.Bucket, page.Start, page, Show);
        }
        var (key, id) = page.EndsWithPrefix ? (page.LastPrefix, null) : result.Count > 0 ? (result[^1].Key, result[^1].Id) : ("", (UploadId?)null);
        return new(result.DrainToImmutable(), page.CommonPrefixes, page.IsTruncated, key, id);
    }

    /// <summary>Walks a statement whose column 0 is the key from <paramref name="start"/> on, with a new seek after each common prefix.</summary>
    private static void Scan(Statement statement, BucketId bucket, byte[]? start, PageBuilder page, Action<Statement> show)
    {
        while (start is not null)
        {
            using var rows = statement.Bind(1, bucket.Value).Bind(2, start).Query();
            var verdict = KeyVerdict.Show;
            while (verdict == KeyVerdict.Show)
            {
                if (!rows.Next()) return;
                verdict = page.Offer(statement.Blob(0));
                if (verdict == KeyVerdict.Show) show(statement);
            }
            if (verdict == KeyVerdict.Stop) return;
            start = page.SeekTo;
        }
    }

    /// <summary>The generation that a version marker names: versions of the key below it are still to come. A null version that is gone, or a text that is no id, gives all.</summary>
    private long GenerationOf(ListVersionsQuery query, byte[] keyBytes)
    {
        if (query.AfterVersionId == VersionId.NullText)
            return (long?)versionTable.FindNull(query.Bucket, query.AfterKey, keyBytes)?.Id.Generation ?? long.MaxValue;
        return VersionId.TryParse(query.AfterVersionId!, out var id) && id.Generation <= long.MaxValue ? (long)id.Generation : long.MaxValue;
    }
}
