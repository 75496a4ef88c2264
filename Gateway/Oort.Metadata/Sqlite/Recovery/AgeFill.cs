using Oort.Metadata.Records;

namespace Oort.Metadata.Sqlite.Recovery;

/// <summary>Fills in when versions were written, in a database of a schema that did not index it.</summary>
internal static class AgeFill
{
    /// <summary>Inside the transaction that is open. What cannot be read stays at 0; a check reports it.</summary>
    public static void Run(Database database)
    {
        database.Execute("CREATE TEMP TABLE x_at(bucket INTEGER, key BLOB, generation INTEGER, at INTEGER NOT NULL, PRIMARY KEY (bucket, key, generation)) WITHOUT ROWID");
        using (var rows = new Statement(database.Handle, "SELECT bucket, key, generation, value FROM versions ORDER BY bucket, key"))
        using (var insert = new Statement(database.Handle, "INSERT INTO x_at VALUES (?1, ?2, ?3, ?4)"))
            while (rows.Step()) insert.Bind(1, rows.Long(0)).Bind(2, rows.Blob(1)).Bind(3, rows.Long(2)).Bind(4, AtOf(rows)).Run();
        database.Execute("""
            UPDATE versions SET at = (SELECT x.at FROM x_at x WHERE x.bucket = versions.bucket AND x.key = versions.key AND x.generation = versions.generation);
            DROP TABLE x_at;
            """);
    }

    private static long AtOf(Statement row)
    {
        try
        {
            return VersionRecord.Read(new(row.ULong(0)), RecordReader.DecodeText(row.Blob(1)), row.ULong(2), false, row.Blob(3), default).LastModified.ToUnixTimeMilliseconds();
        }
        catch (MetadataFormatException)
        {
            return 0;
        }
    }
}
