using Oort.Metadata.Changes;

namespace Oort.Metadata.Sqlite.Recovery;

/// <summary>How the rows of each journalled table are read as journal rows: key bytes and record.</summary>
internal static class JournalledRows
{
    /// <summary>Bytes of all columns of the row that a statement stands on.</summary>
    public static int Size(Statement row)
    {
        var size = 0;
        for (var column = 0; column < row.ColumnCount; column++) size += row.Size(column);
        return size;
    }

    /// <summary>Adds the row that a statement stands on.</summary>
    public static void Encode(RowTable table, Statement row, ulong generation, ChangeEncoder encoder)
    {
        Span<byte> buffer = stackalloc byte[RowKey.SizeMax];
        switch (table)
        {
            case RowTable.Bucket:
                encoder.Upsert(table, generation, RowKey.Bucket(buffer, new(row.ULong(0))), row.Blob(1));
                break;
            case RowTable.Version:
                encoder.Upsert(table, generation, RowKey.Version(buffer, new(row.ULong(0)), row.Blob(1), row.ULong(2)), row.Blob(3), row.Blob(4));
                break;
            case RowTable.Upload:
                encoder.Upsert(table, generation, RowKey.Upload(buffer, new(row.ULong(0)), row.Blob(1), UploadId.Read(row.Blob(2))), row.Blob(3));
                break;
            case RowTable.Part:
                encoder.Upsert(table, generation, RowKey.Part(buffer, UploadId.Read(row.Blob(0)), row.Int(1)), row.Blob(2), row.Blob(3));
                break;
            default:
                encoder.Upsert(table, generation, row.Blob(0), row.Blob(1));
                break;
        }
    }
}
