using Microsoft.Data.Sqlite;

namespace Oort.Metadata.Tests.Fakes;

/// <summary>All rows of a database as text, table by table, read by plain ADO.NET: to compare two databases.</summary>
internal static class DatabaseRows
{
    // What may differ between a database and the same one rebuilt: times of idleness, hints for compaction, how null versions are found
    // (checked by CheckAsync), and what is not yet trimmed from the outbox.
    private static readonly (string Table, string Columns)[] Tables =
    [
        ("buckets", "id, hex(name), hex(value)"),
        ("versions", "bucket, hex(key), generation, null_kind > 0, marker, hex(value), hex(extents)"),
        ("heads", "bucket, hex(key), generation, hex(value)"),
        ("uploads", "bucket, hex(key), hex(id), initiated, hex(value)"),
        ("parts", "hex(upload), number, hex(value), hex(extents)"),
        ("data", "hex(id), refs, hex(value)"),
        ("runs", "hex(segment), hex(data), bytes"),
        ("segments", "hex(id), payload, partial, data_count, live_bytes, idle_since IS NULL, share, hex(value)"),
        ("placements", "hex(store), hex(segment)"),
        ("stores", "hex(id), hex(value)"),
        ("epochs", "hex(gateway), hex(value)"),
        ("settings", "hex(name), hex(value)"),
        ("items", "hex(id), due, hex(value)"),
        ("item_shards", "hex(id), hex(item), hex(value)"),
        ("bucket_usage", "bucket, hex(account), objects, bytes"),
        ("account_usage", "hex(account), buckets, objects, bytes"),
        ("totals", "name, value"),
        ("state", "name, value"),
    ];

    public static async Task<List<string>> ReadAsync(string path)
    {
        var result = new List<string>();
        await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        await connection.OpenAsync();
        foreach (var (table, columns) in Tables)
        {
            await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The names stand above.
            command.CommandText = $"SELECT {columns} FROM {table} {(table == "state" ? "WHERE name = 'committed'" : "")}";
#pragma warning restore CA2100
            await using var reader = await command.ExecuteReaderAsync();
            var values = new object[reader.FieldCount];
            while (await reader.ReadAsync())
            {
                reader.GetValues(values);
                result.Add(table + ": " + string.Join(" ", values));
            }
        }
        result.Sort(StringComparer.Ordinal);
        return result;
    }
}
