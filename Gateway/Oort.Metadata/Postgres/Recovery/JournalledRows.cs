using Npgsql;
using Oort.Metadata.Changes;

namespace Oort.Metadata.Postgres.Recovery;

/// <summary>How the rows of each journalled table are read as journal rows: key bytes and record.</summary>
internal static class JournalledRows
{
    /// <summary>The row that a reader stands on: its key, and its record in one or two parts.</summary>
    public static (byte[] Key, byte[] Value, byte[] Extents) Read(RowTable table, NpgsqlDataReader row) => table switch
    {
        RowTable.Bucket => (RowKey.Bucket(new byte[8], new(row.ULong(0))).ToArray(), row.Blob(1), []),
        RowTable.Version => (RowKey.Version(new byte[RowKey.SizeMax], new(row.ULong(0)), row.Blob(1), row.ULong(2)).ToArray(), row.Blob(3), row.Blob(4)),
        RowTable.Upload => (RowKey.Upload(new byte[RowKey.SizeMax], new(row.ULong(0)), row.Blob(1), UploadId.Read(row.Blob(2))).ToArray(), row.Blob(3), []),
        RowTable.Part => (RowKey.Part(new byte[RowKey.SizeMax], UploadId.Read(row.Blob(0)), row.GetInt32(1)).ToArray(), row.Blob(2), row.Blob(3)),
        _ => (row.Blob(0), row.Blob(1), []),
    };
}
