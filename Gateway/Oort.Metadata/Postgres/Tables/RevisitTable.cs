using Oort.Metadata.Changes;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Tables;

/// <summary>Not journalled: versions that are to be looked at again, and the stamp of each bucket, in a row of time -1 without a key.</summary>
/// <remarks>Nothing is read: what a group adds and removes is written with it, in that order.</remarks>
internal sealed class RevisitTable(PostgresTables tables) : IRevisitTable
{
    private readonly List<(BucketId Bucket, long At, byte[] Key, ulong Generation)> added = [];
    private readonly List<(BucketId Bucket, long At, byte[] Key, ulong Generation)> removed = [];

    public void Add(BucketId bucket, in Revisit revisit) => added.Add((bucket, revisit.At.ToUnixTimeMilliseconds(), RowKey.Utf8(revisit.Key), revisit.Generation));

    public void Remove(BucketId bucket, in Revisit revisit)
    {
        var row = (bucket, revisit.At.ToUnixTimeMilliseconds(), RowKey.Utf8(revisit.Key), revisit.Generation);
        removed.Add(row);
    }

    public void RemoveAll(BucketId bucket) => Run("DELETE FROM revisits WHERE bucket = $1", bucket);

    public void PutStamp(BucketId bucket, ulong stamp)
    {
        RemoveStamp(bucket);
        added.Add((bucket, -1, [], stamp));
    }

    public void RemoveStamp(BucketId bucket) => Run("DELETE FROM revisits WHERE bucket = $1 AND at < 0", bucket);

    public void AddWrites(RoundTrip trip)
    {
        Write(trip, "INSERT INTO revisits(bucket, at, key, generation) SELECT DISTINCT * FROM unnest($1, $2, $3, $4) ON CONFLICT DO NOTHING", added);
        Write(trip, "DELETE FROM revisits r USING unnest($1, $2, $3, $4) AS d(bucket, at, key, generation) WHERE r.bucket = d.bucket AND r.at = d.at AND r.key = d.key AND r.generation = d.generation", removed);
    }

    public void Clear()
    {
        added.Clear();
        removed.Clear();
    }

    /// <summary>What was added before is gone as well.</summary>
    private void Run(string sql, BucketId bucket)
    {
        tables.Write(AddWrites);
        tables.Begin().Add(sql, RoundTrip.Long(bucket.Value)).Run();
    }

    private static void Write(RoundTrip trip, string sql, List<(BucketId Bucket, long At, byte[] Key, ulong Generation)> rows)
    {
        if (rows.Count == 0) return;
        trip.Add(
            sql, RoundTrip.Longs([.. rows.Select(row => (long)row.Bucket.Value)]), RoundTrip.Longs([.. rows.Select(row => row.At)]), RoundTrip.Bytes([.. rows.Select(row => row.Key)]),
            RoundTrip.Longs([.. rows.Select(row => (long)row.Generation)]));
        rows.Clear();
    }
}
