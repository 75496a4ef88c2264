using System.Text;
using Oort.Backends;
using Oort.Metadata.Sqlite;
using Oort.Metadata.Sqlite.Tables;

namespace Oort.Metadata.Tests.Sqlite;

/// <summary>No statement that serves requests or background work walks a table or sorts: its cost is that of what it returns, at any position.</summary>
public sealed class QueryPlanTests : IDisposable
{
    private readonly TempDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public void Reads_OfTables_SeekAndDoNotSort()
    {
        using var database = Create();
        var tables = new TableSet(database);
        var (bucket, key) = (new BucketId(1), "key"u8.ToArray());
        tables.Listings.Objects(new(bucket, "k", "/", "", 10));
        tables.Listings.Versions(new(bucket, "k", "", "key", new VersionId(5, 5).ToString(), 10));
        tables.Listings.Uploads(new(bucket, "k", "", "key", new UploadId(1), 10));
        tables.Buckets.FindByName("b");
        tables.Buckets.Find(bucket);
        tables.Buckets.List(null, "b", "", 10);
        tables.Versions.FindNewest(bucket, "key", key);
        tables.Versions.FindAt(bucket, "key", key, 5);
        tables.Versions.FindNull(bucket, "key", key);
        tables.Versions.AnyInBucket(bucket);
        tables.Uploads.Find(bucket, "key", key, new(1));
        tables.Uploads.InitiatedBefore(DateTimeOffset.UnixEpoch, 10);
        tables.Uploads.InBucket(bucket, 10);
        tables.Uploads.FindBucket(new(1));
        tables.Usage.FindBucket(bucket);
        tables.Usage.FindAccount("account");
        tables.Usage.ListAccounts("", 10);
        tables.Ages.Versions(new(bucket, AgePlace.Start, DateTimeOffset.UnixEpoch, 10, 1, 1));
        tables.Ages.Window(bucket, "key", 0, 1, 1);
        tables.Ages.Window(bucket, "key", 5, 1, 1);
        tables.Ages.Uploads(new(bucket, DateTimeOffset.UnixEpoch, default, DateTimeOffset.UnixEpoch, 10));
        tables.Revisits.List(bucket, 0, 10);
        tables.Revisits.FindStamp(bucket);
        tables.Uploads.FindPart(new(1), 1);
        tables.Uploads.ListParts(new(1), 1, 10);
        tables.Data.Find(new(1));
        tables.Data.InSegment(new(1, 1), null, 10);
        tables.Segments.Find(new(1, 1));
        tables.Segments.ListIdle(DateTimeOffset.UnixEpoch, 10);
        tables.Segments.ListShrunk(500, 10);
        foreach (var store in (StoreId?[])[null, new StoreId(1)])
        {
            tables.Segments.List(default, 10, partialOnly: false, store);
            tables.Segments.List(default, 10, partialOnly: true, store);
        }

        var statements = database.Statements.Select(statement => statement.Sql).ToArray();
        statements.Length.ShouldBeGreaterThan(20);
        foreach (var sql in statements) Plan(database, sql).ShouldNotContain(line => line.StartsWith("SCAN", StringComparison.Ordinal) || line.Contains("TEMP B-TREE", StringComparison.Ordinal), sql);
    }

    [Fact]
    public void Plan_OfAScanOrSort_ShowsIt()
    {
        using var database = Create();
        Plan(database, "SELECT key FROM heads ORDER BY value").ShouldContain(line => line.StartsWith("SCAN", StringComparison.Ordinal));
        Plan(database, "SELECT key FROM heads WHERE bucket = 1 ORDER BY value").ShouldContain(line => line.Contains("TEMP B-TREE", StringComparison.Ordinal));
    }

    private Database Create()
    {
        SqliteMetadataStore.CreateFile(directory.File("plan.db"));
        var database = Database.Open(directory.File("plan.db"), readOnly: false, 1024);
        Schema.Migrate(database);
        return database;
    }

    private static List<string> Plan(Database database, string sql)
    {
        using var statement = new Statement(database.Handle, "EXPLAIN QUERY PLAN " + sql);
        var result = new List<string>();
        while (statement.Step()) result.Add(Encoding.UTF8.GetString(statement.Blob(3)));
        result.ShouldNotBeEmpty(sql);
        return result;
    }
}
