using Oort.Metadata.Changes;

namespace Oort.Metadata.Reading;

/// <summary>The journalled tables, in the order in which snapshots hold them; the same statements on both engines.</summary>
internal static class JournalledTables
{
    /// <summary>Bytes of a batch at most, unless a single row is larger.</summary>
    public const int BatchBytesMax = 1024 * 1024;

    /// <summary>What a row's framing takes at most, beside its key and record.</summary>
    public const int FramingBytesMax = 64;

    /// <summary>Table, statement. Column 0 and those before "value" make the key; "value" and what follows it make the record.</summary>
    public static readonly (RowTable Table, string Sql)[] All =
    [
        (RowTable.Store, "SELECT id, value FROM stores ORDER BY id"),
        (RowTable.Epoch, "SELECT gateway, value FROM epochs ORDER BY gateway"),
        (RowTable.Setting, "SELECT name, value FROM settings ORDER BY name"),
        (RowTable.Bucket, "SELECT id, value FROM buckets ORDER BY id"),
        (RowTable.Segment, "SELECT id, value FROM segments ORDER BY id"),
        (RowTable.Data, "SELECT id, value FROM data ORDER BY id"),
        (RowTable.Version, "SELECT bucket, key, generation, value, extents FROM versions ORDER BY bucket, key, generation DESC"),
        (RowTable.Upload, "SELECT bucket, key, id, value FROM uploads ORDER BY bucket, key, id"),
        (RowTable.Item, "SELECT id, value FROM items ORDER BY id"),
        (RowTable.ItemShard, "SELECT id, value FROM item_shards ORDER BY id"),
        (RowTable.Part, "SELECT upload, number, value, extents FROM parts ORDER BY upload, number"),
    ];
}
