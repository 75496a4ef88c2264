using System.Runtime.InteropServices;

namespace Oort.Metadata.Sqlite;

/// <summary>The calls of SQLite that every row makes, by the statement's address: a put makes some fifty of them, and the package's own take a reference to a handle for each.</summary>
/// <remarks>The library is the one that the package brings. Who calls keeps the statement alive.</remarks>
internal static unsafe partial class NativeStatement
{
    private const string Library = "e_sqlite3";

    /// <summary>Bytes up to which copying a value is too short to let a garbage collection in for.</summary>
    private const int ShortBytesMax = 4096;

    /// <summary>SQLITE_TRANSIENT: SQLite copies the value before it returns.</summary>
    private static readonly nint Transient = -1;

    public static int BindBlob(nint statement, int parameter, ReadOnlySpan<byte> value)
    {
        // An empty span has no address and would be bound as NULL.
        if (value.IsEmpty) return BindZeroBlob(statement, parameter, 0);
        fixed (byte* bytes = value)
        {
            return value.Length <= ShortBytesMax
                ? BindShortBlob(statement, parameter, bytes, value.Length, Transient)
                : BindLongBlob(statement, parameter, bytes, value.Length, Transient);
        }
    }

    /// <summary>Valid until the next step or reset; empty for NULL.</summary>
    public static ReadOnlySpan<byte> Blob(nint statement, int column)
    {
        // In this order: asking for the address may convert the value, and so change its length.
        var bytes = ColumnBlob(statement, column);
        return bytes is null ? default : new(bytes, ColumnBytes(statement, column));
    }

    [LibraryImport(Library, EntryPoint = "sqlite3_step")]
    public static partial int Step(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_reset")]
    public static partial int Reset(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_int64"), SuppressGCTransition]
    public static partial int BindInt64(nint statement, int parameter, long value);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_int64"), SuppressGCTransition]
    public static partial long Int64(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_zeroblob"), SuppressGCTransition]
    private static partial int BindZeroBlob(nint statement, int parameter, int length);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_blob"), SuppressGCTransition]
    private static partial int BindShortBlob(nint statement, int parameter, byte* value, int length, nint lifetime);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_blob")]
    private static partial int BindLongBlob(nint statement, int parameter, byte* value, int length, nint lifetime);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_blob")]
    private static partial byte* ColumnBlob(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_bytes"), SuppressGCTransition]
    private static partial int ColumnBytes(nint statement, int column);
}
