using System.Collections.Immutable;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;

namespace Oort.Metadata.Sqlite.Reading;

/// <summary>Versions and uploads in the order of their times. To be called inside a snapshot.</summary>
internal sealed class AgedReads(Database database)
{
    private Statement? aged;
    private Statement? newest;
    private Statement? at;
    private Statement? newer;
    private Statement? older;
    private Statement? uploads;

    public ImmutableArray<VersionWindow> Versions(AgedVersionsQuery query)
    {
        aged ??= database.Prepare("SELECT key, generation, value FROM versions WHERE bucket = ?1 AND (at, generation) > (?2, ?3) AND at <= ?4 ORDER BY at, generation LIMIT ?5");
        var found = new List<VersionRow>();
        aged.Bind(1, query.Bucket.Value).Bind(2, query.After.At.ToUnixTimeMilliseconds()).Bind(3, query.After.Generation).Bind(4, query.Until.ToUnixTimeMilliseconds()).Bind(5, (long)query.Limit);
        using (var rows = aged.Query())
            while (rows.Next()) found.Add(VersionRecord.Read(query.Bucket, RecordReader.DecodeText(aged.Blob(0)), aged.ULong(1), false, aged.Blob(2), default));
        return [.. found.Select(row => Window(row, query.Newer, query.Older))];
    }

    public VersionWindow? Window(BucketId bucket, string key, ulong generation, int newerMax, int olderMax)
    {
        newest ??= database.Prepare("SELECT generation, value FROM versions WHERE bucket = ?1 AND key = ?2 ORDER BY generation DESC LIMIT 1");
        at ??= database.Prepare("SELECT generation, value FROM versions WHERE bucket = ?1 AND key = ?2 AND generation = ?3");
        var statement = generation == 0 ? newest : at.Bind(3, generation);
        VersionRow row;
        using (var rows = statement.Bind(1, bucket.Value).Bind(2, RowKey.Utf8(key)).Query())
        {
            if (!rows.Next()) return null;
            row = VersionRecord.Read(bucket, key, statement.ULong(0), false, statement.Blob(1), default);
        }
        return Window(row, newerMax, olderMax);
    }

    public ImmutableArray<UploadRow> Uploads(AgedUploadsQuery query)
    {
        Span<byte> id = stackalloc byte[UploadId.Size];
        query.AfterUpload.Write(id);
        uploads ??= database.Prepare("SELECT key, id, value FROM uploads WHERE bucket = ?1 AND (initiated, id) > (?2, ?3) AND initiated <= ?4 ORDER BY initiated, id LIMIT ?5");
        var found = ImmutableArray.CreateBuilder<UploadRow>();
        uploads.Bind(1, query.Bucket.Value).Bind(2, query.AfterInitiated.ToUnixTimeMilliseconds()).Bind(3, id).Bind(4, query.Until.ToUnixTimeMilliseconds()).Bind(5, (long)query.Limit);
        using var rows = uploads.Query();
        while (rows.Next()) found.Add(UploadRecord.Read(query.Bucket, RecordReader.DecodeText(uploads.Blob(0)), UploadId.Read(uploads.Blob(1)), uploads.Blob(2)));
        return found.DrainToImmutable();
    }

    private VersionWindow Window(VersionRow row, int newerMax, int olderMax)
    {
        newer ??= database.Prepare("SELECT generation, value FROM versions WHERE bucket = ?1 AND key = ?2 AND generation > ?3 ORDER BY generation LIMIT ?4");
        older ??= database.Prepare("SELECT generation, value FROM versions WHERE bucket = ?1 AND key = ?2 AND generation < ?3 ORDER BY generation DESC LIMIT ?4");
        var above = Neighbours(newer, row, newerMax);
        return new(row with { IsLatest = above.IsEmpty }, above, Neighbours(older, row, olderMax));
    }

    private static ImmutableArray<VersionRow> Neighbours(Statement statement, VersionRow of, int limit)
    {
        if (limit == 0) return [];
        var found = ImmutableArray.CreateBuilder<VersionRow>();
        using var rows = statement.Bind(1, of.Bucket.Value).Bind(2, RowKey.Utf8(of.Key)).Bind(3, of.Id.Generation).Bind(4, (long)limit).Query();
        while (rows.Next()) found.Add(VersionRecord.Read(of.Bucket, of.Key, statement.ULong(0), false, statement.Blob(1), default));
        return found.DrainToImmutable();
    }
}
