using Npgsql;
using Oort.Metadata.Postgres.Tables;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Recovery;

/// <summary>Counts what is used in a database of a schema that did not count.</summary>
internal static class UsageFill
{
    /// <summary>Fills the tables of usage, which are empty, inside the transaction that is open. What cannot be read does not count; a check reports it.</summary>
    public static async ValueTask RunAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var count = new UsageCount();
        var rows = new RoundTrip(connection)
            .Query("SELECT id, value FROM buckets", row => count.AddBucket(new(row.ULong(0)), BucketRecord.Read(new(row.ULong(0)), row.Blob(1)).OwnerId))
            .Query("SELECT bucket, key, generation, value FROM versions", row => Try(() =>
                count.Add(new(row.ULong(0)), new(1, VersionRecord.Read(new(row.ULong(0)), RecordReader.DecodeText(row.Blob(1)), row.ULong(2), false, row.Blob(3), default).Size))))
            .Query("SELECT u.bucket, p.upload, p.number, p.value FROM parts p JOIN uploads u ON u.id = p.upload", row => Try(() =>
                count.Add(new(row.ULong(0)), new(0, UploadRecord.ReadPart(UploadId.Read(row.Blob(1)), row.GetInt32(2), row.Blob(3), default).Size))));
        await rows.RunAsync(cancellationToken);
        var trip = new RoundTrip(connection);
        UsageTable.AddBuckets(trip, [.. count.Buckets]);
        UsageTable.AddAccounts(trip, [.. count.Accounts]);
        if (!trip.IsEmpty) await trip.RunAsync(cancellationToken);
    }

    private static void Try(Action add)
    {
        try
        {
            add();
        }
        catch (MetadataFormatException)
        {
            // Left out by recovery too.
        }
    }
}
