using Oort.Metadata.Changes;
using Oort.Metadata.Reading;

namespace Oort.Metadata.Sqlite.Recovery;

/// <summary>Reads every journalled row at one instant, in batches.</summary>
internal static class SnapshotExporter
{
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
                if (!encoder.IsEmpty && encoder.Length + JournalledRows.Size(statement) + JournalledTables.FramingBytesMax > JournalledTables.BatchBytesMax)
                {
                    yield return encoder.ToArray();
                    encoder.Begin(generation);
                }
                JournalledRows.Encode(table, statement, generation, encoder);
            }
        }
        // An empty cluster has a snapshot too: one batch without rows.
        yield return encoder.ToArray();
    }
}
