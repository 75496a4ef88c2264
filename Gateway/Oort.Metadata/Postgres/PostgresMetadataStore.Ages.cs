using System.Collections.Immutable;
using Npgsql;
using Oort.Metadata.Changes;
using Oort.Metadata.Deciding;
using Oort.Metadata.Postgres.Reading;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres;

/// <summary>For those who act by age.</summary>
public sealed partial class PostgresMetadataStore
{
    /// <remarks>Neighbours are read after the page, in a second round trip: what changes between the two, the commit of whoever acts on it decides.</remarks>
    public async ValueTask<ImmutableArray<VersionWindow>> ListAgedVersionsAsync(AgedVersionsQuery query, CancellationToken cancellationToken)
    {
        var found = await ListAsync(
            "SELECT key, generation, value FROM versions WHERE bucket = $1 AND (at, generation) > ($2, $3) AND at <= $4 ORDER BY at, generation LIMIT $5", [Scope.ObjectsIn(query.Bucket)],
            row => VersionRecord.Read(query.Bucket, RecordReader.DecodeText(row.Blob(0)), row.ULong(1), false, row.Blob(2), default), cancellationToken,
            RoundTrip.Long(query.Bucket.Value), RoundTrip.Long(query.After.At.ToUnixTimeMilliseconds()), RoundTrip.Long(query.After.Generation), RoundTrip.Long(query.Until.ToUnixTimeMilliseconds()), RoundTrip.Int(query.Limit));
        return await ReadAsync([Scope.ObjectsIn(query.Bucket)], Windows(query.Bucket, found, query.Newer, query.Older), cancellationToken);
    }

    public async ValueTask<VersionWindow?> FindWindowAsync(BucketId bucket, string key, ulong generation, int newer, int older, CancellationToken cancellationToken)
    {
        var keyBytes = VersionCommands.KeyBytes(key);
        var found = await FindAsync(
            generation == 0 ? "SELECT generation, value FROM versions WHERE bucket = $1 AND key = $2 AND generation > $3 ORDER BY generation DESC LIMIT 1" : "SELECT generation, value FROM versions WHERE bucket = $1 AND key = $2 AND generation = $3",
            [Scope.Key(bucket, keyBytes)], row => VersionRecord.Read(bucket, key, row.ULong(0), false, row.Blob(1), default), cancellationToken,
            RoundTrip.Long(bucket.Value), RoundTrip.Bytes(keyBytes), RoundTrip.Long(generation));
        return found is null ? null : (await ReadAsync([Scope.Key(bucket, keyBytes)], Windows(bucket, [found], newer, older), cancellationToken))[0];
    }

    public async ValueTask<ImmutableArray<UploadRow>> ListAgedUploadsAsync(AgedUploadsQuery query, CancellationToken cancellationToken) =>
    [
        .. await ListAsync(
            "SELECT key, id, value FROM uploads WHERE bucket = $1 AND (initiated, id) > ($2, $3) AND initiated <= $4 ORDER BY initiated, id LIMIT $5", [Scope.UploadsIn(query.Bucket)],
            row => UploadRecord.Read(query.Bucket, RecordReader.DecodeText(row.Blob(0)), UploadId.Read(row.Blob(1)), row.Blob(2)), cancellationToken,
            RoundTrip.Long(query.Bucket.Value), RoundTrip.Long(query.AfterInitiated.ToUnixTimeMilliseconds()), RoundTrip.Bytes(KeyRange.Of(query.AfterUpload)), RoundTrip.Long(query.Until.ToUnixTimeMilliseconds()), RoundTrip.Int(query.Limit)),
    ];

    public async ValueTask<ImmutableArray<Revisit>> ListRevisitsAsync(BucketId bucket, DateTimeOffset until, int limit, CancellationToken cancellationToken) =>
    [
        .. await ListAsync(
            "SELECT at, key, generation FROM revisits WHERE bucket = $1 AND at >= 0 AND at <= $2 ORDER BY at, key, generation LIMIT $3", [Scope.ObjectsIn(bucket)],
            row => new Revisit(DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(0)), RecordReader.DecodeText(row.Blob(1)), row.ULong(2)), cancellationToken,
            RoundTrip.Long(bucket.Value), RoundTrip.Long(until.ToUnixTimeMilliseconds()), RoundTrip.Int(limit)),
    ];

    public async ValueTask<ulong?> FindRevisitStampAsync(BucketId bucket, CancellationToken cancellationToken)
    {
        var found = await ListAsync("SELECT generation FROM revisits WHERE bucket = $1 AND at < 0", [], row => row.ULong(0), cancellationToken, RoundTrip.Long(bucket.Value));
        return found.Count == 0 ? null : found[0];
    }

    public ValueTask<bool> AdvanceAgesAsync(AdvanceAges command, CancellationToken cancellationToken) =>
        SubmitAsync(session => AgeCommands.Advance(session, command), reads => reads.Setting(AgeSettings.Progress(command.Bucket)), cancellationToken);

    private static Func<RoundTrip, Func<ImmutableArray<VersionWindow>>> Windows(BucketId bucket, List<VersionRow> rows, int newer, int older) => trip =>
    {
        var (above, below) = (Neighbours(trip, bucket, rows, ">", "ASC", newer), Neighbours(trip, bucket, rows, "<", "DESC", older));
        return () => [.. rows.Select((row, index) => new VersionWindow(row with { IsLatest = above[index].Count == 0 }, [.. above[index]], [.. below[index]]))];
    };

    private static List<VersionRow>[] Neighbours(RoundTrip trip, BucketId bucket, List<VersionRow> rows, string side, string order, int limit)
    {
        var found = rows.ConvertAll(_ => new List<VersionRow>()).ToArray();
        if (limit == 0 || rows.Count == 0) return found;
        trip.Query(
            $"""
            SELECT k.n, v.generation, v.value FROM unnest($2, $3) WITH ORDINALITY AS k(key, generation, n)
            CROSS JOIN LATERAL (SELECT o.generation, o.value FROM versions o WHERE o.bucket = $1 AND o.key = k.key AND o.generation {side} k.generation ORDER BY o.generation {order} LIMIT $4) v ORDER BY k.n, v.generation {order}
            """,
            row => found[(int)row.GetInt64(0) - 1].Add(VersionRecord.Read(bucket, rows[(int)row.GetInt64(0) - 1].Key, row.ULong(1), false, row.Blob(2), default)),
            RoundTrip.Long(bucket.Value), RoundTrip.Bytes([.. rows.Select(row => RowKey.Utf8(row.Key))]), RoundTrip.Longs([.. rows.Select(row => (long)row.Id.Generation)]), RoundTrip.Int(limit));
        return found;
    }
}
