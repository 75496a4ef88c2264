using Oort.Metadata.Records;
using Oort.Metadata.Sqlite.Tables;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite.Recovery;

/// <summary>Counts what is used in a database of a schema that did not count.</summary>
internal static class UsageFill
{
    /// <summary>Fills the tables of usage, which are empty, inside the transaction that is open. What cannot be read does not count; a check reports it.</summary>
    public static void Run(Database database)
    {
        var count = new UsageCount();
        using (var buckets = new Statement(database.Handle, "SELECT id, value FROM buckets"))
            while (buckets.Step()) count.AddBucket(new(buckets.ULong(0)), BucketRecord.Read(new(buckets.ULong(0)), buckets.Blob(1)).OwnerId);
        using (var versions = new Statement(database.Handle, "SELECT bucket, key, generation, value FROM versions"))
            Each(versions, () => count.Add(new(versions.ULong(0)), new(1, VersionRecord.Read(new(versions.ULong(0)), RecordReader.DecodeText(versions.Blob(1)), versions.ULong(2), false, versions.Blob(3), default).Size)));
        using (var parts = new Statement(database.Handle, "SELECT u.bucket, p.upload, p.number, p.value FROM parts p JOIN uploads u ON u.id = p.upload"))
            Each(parts, () => count.Add(new(parts.ULong(0)), new(0, UploadRecord.ReadPart(UploadId.Read(parts.Blob(1)), parts.Int(2), parts.Blob(3), default).Size)));
        Write(count, new(database));
    }

    public static void Write(UsageCount count, UsageTable table)
    {
        foreach (var (bucket, row) in count.Buckets) table.PutBucket(bucket, row);
        foreach (var account in count.Accounts) table.PutAccount(account);
    }

    private static void Each(Statement rows, Action add)
    {
        while (rows.Step())
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
}
