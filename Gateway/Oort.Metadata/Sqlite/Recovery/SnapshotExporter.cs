using Oort.Metadata.Changes;

namespace Oort.Metadata.Sqlite.Recovery;

/// <summary>Reads every journalled row at one instant, in batches.</summary>
internal static class SnapshotExporter
{
    /// <summary>Bytes of a batch at most, unless a single row is larger.</summary>
    public const int BatchBytesMax = 1024 * 1024;

    /// <summary>What a row's framing takes at most, beside its key and record.</summary>
    public const int FramingBytesMax = 64;

    /// <summary>The batches, from a connection on which a read transaction is open.</summary>
    public static IEnumerable<byte[]> Export(Database database, ulong generation)
    {
        var encoder = new ChangeEncoder();
        encoder.Begin(generation);
        foreach (var (table, sql) in JournalledTables.All)
        {
            using var statement = new Statement(database.Handle, sql);
            while (statement.Step())
            {
                if (!encoder.IsEmpty && encoder.Length + JournalledTables.Size(statement) + FramingBytesMax > BatchBytesMax)
                {
                    yield return encoder.ToArray();
                    encoder.Begin(generation);
                }
                JournalledTables.Encode(table, statement, generation, encoder);
            }
        }
        // An empty cluster has a snapshot too: one batch without rows.
        yield return encoder.ToArray();
    }
}
