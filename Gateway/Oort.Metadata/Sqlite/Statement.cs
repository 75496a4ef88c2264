using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Oort.Metadata.Sqlite;

/// <summary>A prepared statement on SQLite's own interface: bytes are bound from spans and read as spans, without a copy or an allocation a row.</summary>
/// <remarks>Parameters count from 1, columns from 0, as in SQLite. Who steps must <see cref="Reset"/>, also when it fails: an open statement keeps its read transaction.</remarks>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 database;
    private readonly sqlite3_stmt statement;

    /// <summary>That of <see cref="statement"/>, which outlives every use of it.</summary>
    private readonly nint handle;

    public Statement(sqlite3 database, string sql)
    {
        this.database = database;
        var code = raw.sqlite3_prepare_v3(database, sql, raw.SQLITE_PREPARE_PERSISTENT, out statement);
        Check(code);
        handle = statement.DangerousGetHandle();
    }

    public Statement Bind(int parameter, long value)
    {
        Check(NativeStatement.BindInt64(handle, parameter, value));
        return this;
    }

    public Statement Bind(int parameter, ulong value) => Bind(parameter, checked((long)value));

    public Statement Bind(int parameter, ReadOnlySpan<byte> value)
    {
        Check(NativeStatement.BindBlob(handle, parameter, value));
        return this;
    }

    public Statement BindNull(int parameter)
    {
        Check(raw.sqlite3_bind_null(statement, parameter));
        return this;
    }

    /// <summary>Goes to the next row; false when there is none.</summary>
    public bool Step()
    {
        var code = NativeStatement.Step(handle);
        if (code == raw.SQLITE_ROW) return true;
        if (code == raw.SQLITE_DONE) return false;
        try
        {
            SqliteException.ThrowExceptionForRC(code, database);
        }
        finally
        {
            Reset();
        }
        return false;
    }

    /// <summary>Runs it to its end, for a statement that returns no rows.</summary>
    public void Run()
    {
        Step();
        Reset();
    }

    /// <summary>Runs it for rows; disposing the result resets it.</summary>
    public Rows Query() => new(this);

    // A failed step reports its error again on reset; it has been thrown by then.
    public void Reset() => _ = NativeStatement.Reset(handle);

    public long Long(int column) => NativeStatement.Int64(handle, column);

    public ulong ULong(int column) => (ulong)NativeStatement.Int64(handle, column);

    public int Int(int column) => raw.sqlite3_column_int(statement, column);

    /// <summary>Valid until the next step or reset.</summary>
    public ReadOnlySpan<byte> Blob(int column) => NativeStatement.Blob(handle, column);

    public string Sql => raw.sqlite3_sql(statement).utf8_to_string();

    public int ColumnCount => raw.sqlite3_column_count(statement);

    /// <summary>Bytes of a column; of a number, of its text.</summary>
    public int Size(int column) => raw.sqlite3_column_bytes(statement, column);

    public bool IsBlob(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_BLOB;

    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    public void Dispose() => statement.Dispose();

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK) SqliteException.ThrowExceptionForRC(code, database);
    }

    /// <summary>The rows of a running statement.</summary>
    internal readonly ref struct Rows(Statement statement)
    {
        public bool Next() => statement.Step();

        public void Dispose() => statement.Reset();
    }
}
