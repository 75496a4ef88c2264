using System.Collections.Immutable;
using Oort.Metadata.Changes;
using Oort.Metadata.Reading;
using Oort.Metadata.Records;

namespace Oort.Metadata.Postgres.Reading;

/// <summary>Listings: range reads in key order. With a delimiter the server seeks from each common prefix to the first key behind it, so that their cost is that of what they show, in one round trip.</summary>
internal static class Listings
{
    /// <summary>Where to go on behind a key: behind its common prefix, if it lies under one, else behind itself. $4: where a delimiter may begin; $5: the delimiter; $6: its last byte, plus one.</summary>
    private const string Next = """
        CASE WHEN position($5 IN substring(w.key FROM $4)) > 0
            THEN substring(w.key FROM 1 FOR $4 + position($5 IN substring(w.key FROM $4)) + length($5) - 3) || $6 ELSE w.key || '\x00'::bytea END
        """;

    /// <summary>Whether a key lies under a common prefix.</summary>
    private const string IsCommon = "position($5 IN substring(w.key FROM $4)) > 0";

    public static Func<RoundTrip, Func<ListObjectsPage>> Objects(ListObjectsQuery query, PageBuilder page) => trip =>
    {
        var rows = new List<(byte[] Key, byte[] Value)>();
        if (query.Limit > 0 && page.Start is { } start)
        {
            var common = Common(query.Bucket, start, query.Prefix, query.Delimiter, query.Limit);
            if (query.Delimiter.Length == 0)
            {
                trip.Query("SELECT key, value FROM heads WHERE bucket = $1 AND key >= $2 AND key < $3 ORDER BY key LIMIT $4", row => rows.Add((row.Blob(0), row.Blob(1))), common);
            }
            else
            {
                trip.Query(
                    $"""
                    WITH RECURSIVE w AS (
                        (SELECT key, value, 1 AS n FROM heads WHERE bucket = $1 AND key >= $2 AND key < $3 ORDER BY key LIMIT 1)
                        UNION ALL
                        SELECT s.key, s.value, w.n + 1 FROM w CROSS JOIN LATERAL
                            (SELECT h.key, h.value FROM heads h WHERE h.bucket = $1 AND h.key >= {Next} AND h.key < $3 ORDER BY h.key LIMIT 1) s
                        WHERE w.n < $7)
                    SELECT key, value FROM w ORDER BY n
                    """,
                    row => rows.Add((row.Blob(0), row.Blob(1))), common);
            }
        }
        return () =>
        {
            var objects = ImmutableArray.CreateBuilder<ObjectEntry>();
            foreach (var (key, value) in rows)
            {
                var verdict = page.Offer(key);
                if (verdict == KeyVerdict.Stop) break;
                if (verdict == KeyVerdict.Show) objects.Add(VersionRecord.ReadHead(RecordReader.DecodeText(key), value, objects.Count > 0 ? objects[^1] : null));
            }
            var last = page.EndsWithPrefix ? page.LastPrefix : objects.Count > 0 ? objects[^1].Key : "";
            return new(objects.DrainToImmutable(), page.CommonPrefixes, page.IsTruncated, last);
        };
    };

    /// <param name="below">Of <see cref="ListVersionsQuery.AfterKey"/>, versions below this generation come first; null: none of it.</param>
    public static Func<RoundTrip, Func<ListVersionsPage>> Versions(ListVersionsQuery query, PageBuilder page, ulong? below) => trip =>
    {
        var rows = new List<(byte[] Key, byte[] Value, ulong Generation, bool MayBeLatest)>();
        if (query.Limit > 0 && below is { } generation)
        {
            trip.Query(
                "SELECT key, value, generation FROM versions WHERE bucket = $1 AND key = $2 AND generation < $3 ORDER BY generation DESC LIMIT $4",
                row => rows.Add((row.Blob(0), row.Blob(1), row.ULong(2), generation == long.MaxValue)),
                RoundTrip.Long(query.Bucket.Value), RoundTrip.Bytes(RowKey.Utf8(query.AfterKey)), RoundTrip.Long(generation), RoundTrip.Int(query.Limit + 1));
        }
        if (query.Limit > 0 && page.Start is { } start)
        {
            var common = Common(query.Bucket, start, query.Prefix, query.Delimiter, query.Limit);
            if (query.Delimiter.Length == 0)
            {
                trip.Query(
                    "SELECT key, value, generation FROM versions WHERE bucket = $1 AND key >= $2 AND key < $3 ORDER BY key, generation DESC LIMIT $4",
                    row => rows.Add((row.Blob(0), row.Blob(1), row.ULong(2), true)), common);
            }
            else
            {
                trip.Query(
                    $"""
                    WITH RECURSIVE w AS (
                        (SELECT key, value, generation, 1 AS n FROM versions WHERE bucket = $1 AND key >= $2 AND key < $3 ORDER BY key, generation DESC LIMIT 1)
                        UNION ALL
                        SELECT s.key, s.value, s.generation, w.n + 1 FROM w CROSS JOIN LATERAL
                            ((SELECT v.key, v.value, v.generation FROM versions v WHERE v.bucket = $1 AND v.key = w.key AND v.generation < w.generation AND NOT {IsCommon} ORDER BY v.generation DESC LIMIT 1)
                            UNION ALL
                            (SELECT v.key, v.value, v.generation FROM versions v WHERE v.bucket = $1 AND v.key >= {Next} AND v.key < $3 ORDER BY v.key, v.generation DESC LIMIT 1)
                            LIMIT 1) s
                        WHERE w.n < $7)
                    SELECT key, value, generation FROM w ORDER BY n
                    """,
                    row => rows.Add((row.Blob(0), row.Blob(1), row.ULong(2), true)), common);
            }
        }
        return () =>
        {
            var result = ImmutableArray.CreateBuilder<VersionRow>();
            string? lastKey = null;
            foreach (var (keyBytes, value, at, mayBeLatest) in rows)
            {
                var verdict = page.Offer(keyBytes);
                if (verdict == KeyVerdict.Stop) break;
                if (verdict == KeyVerdict.Skip) continue;
                // Of a key, rows come newest first: the first row of a key met from its beginning is the latest.
                var key = RecordReader.DecodeText(keyBytes);
                result.Add(VersionRecord.Read(query.Bucket, key, at, mayBeLatest && key != lastKey, value, default));
                lastKey = key;
            }
            var (last, id) = page.EndsWithPrefix ? (page.LastPrefix, null) : result.Count > 0 ? (result[^1].Key, result[^1].Id.ToString()) : ("", (string?)null);
            return new(result.DrainToImmutable(), page.CommonPrefixes, page.IsTruncated, last, id);
        };
    };

    public static Func<RoundTrip, Func<ListUploadsPage>> Uploads(ListUploadsQuery query, PageBuilder page) => trip =>
    {
        var rows = new List<(byte[] Key, byte[] Value, UploadId Id)>();
        var afterKey = RowKey.Utf8(query.AfterKey);
        if (query.Limit > 0 && query.AfterUpload is { } after && query.AfterKey.Length > 0 && page.ShowsItself(afterKey))
        {
            trip.Query(
                "SELECT key, value, id FROM uploads WHERE bucket = $1 AND key = $2 AND id > $3 ORDER BY id LIMIT $4",
                row => rows.Add((row.Blob(0), row.Blob(1), UploadId.Read(row.Blob(2)))),
                RoundTrip.Long(query.Bucket.Value), RoundTrip.Bytes(afterKey), RoundTrip.Bytes(KeyRange.Of(after)), RoundTrip.Int(query.Limit + 1));
        }
        if (query.Limit > 0 && page.Start is { } start)
        {
            var common = Common(query.Bucket, start, query.Prefix, query.Delimiter, query.Limit);
            if (query.Delimiter.Length == 0)
            {
                trip.Query(
                    "SELECT key, value, id FROM uploads WHERE bucket = $1 AND key >= $2 AND key < $3 ORDER BY key, id LIMIT $4",
                    row => rows.Add((row.Blob(0), row.Blob(1), UploadId.Read(row.Blob(2)))), common);
            }
            else
            {
                trip.Query(
                    $"""
                    WITH RECURSIVE w AS (
                        (SELECT key, value, id, 1 AS n FROM uploads WHERE bucket = $1 AND key >= $2 AND key < $3 ORDER BY key, id LIMIT 1)
                        UNION ALL
                        SELECT s.key, s.value, s.id, w.n + 1 FROM w CROSS JOIN LATERAL
                            ((SELECT u.key, u.value, u.id FROM uploads u WHERE u.bucket = $1 AND u.key = w.key AND u.id > w.id AND NOT {IsCommon} ORDER BY u.id LIMIT 1)
                            UNION ALL
                            (SELECT u.key, u.value, u.id FROM uploads u WHERE u.bucket = $1 AND u.key >= {Next} AND u.key < $3 ORDER BY u.key, u.id LIMIT 1)
                            LIMIT 1) s
                        WHERE w.n < $7)
                    SELECT key, value, id FROM w ORDER BY n
                    """,
                    row => rows.Add((row.Blob(0), row.Blob(1), UploadId.Read(row.Blob(2)))), common);
            }
        }
        return () =>
        {
            var result = ImmutableArray.CreateBuilder<UploadRow>();
            foreach (var (keyBytes, value, id) in rows)
            {
                var verdict = page.Offer(keyBytes);
                if (verdict == KeyVerdict.Stop) break;
                if (verdict == KeyVerdict.Show) result.Add(UploadRecord.Read(query.Bucket, RecordReader.DecodeText(keyBytes), id, value));
            }
            var (last, lastId) = page.EndsWithPrefix ? (page.LastPrefix, null) : result.Count > 0 ? (result[^1].Key, result[^1].Id) : ("", (UploadId?)null);
            return new(result.DrainToImmutable(), page.CommonPrefixes, page.IsTruncated, last, lastId);
        };
    };

    /// <summary>One row more than the page shows tells whether there is a next one.</summary>
    private static Npgsql.NpgsqlParameter[] Common(BucketId bucket, byte[] start, string prefix, string delimiter, int limit)
    {
        var prefixBytes = RowKey.Utf8(prefix);
        var end = RoundTrip.Bytes(KeyRange.End(prefixBytes));
        if (delimiter.Length == 0) return [RoundTrip.Long(bucket.Value), RoundTrip.Bytes(start), end, RoundTrip.Int(limit + 1)];
        var bytes = RowKey.Utf8(delimiter);
        // UTF-8 has no byte 0xFF, so there is always a next one.
        return [RoundTrip.Long(bucket.Value), RoundTrip.Bytes(start), end, RoundTrip.Int(prefixBytes.Length + 1), RoundTrip.Bytes(bytes), RoundTrip.Bytes([(byte)(bytes[^1] + 1)]), RoundTrip.Int(limit + 1)];
    }
}
