using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Oort.Metadata.Sqlite;

/// <summary>One connection to the database file and its prepared statements. Not thread-safe.</summary>
internal sealed class Database : IDisposable
{
    /// <summary>How long a connection waits for a lock that another one holds. Only migrations and checkpoints ever hold one against the others.</summary>
    private const int BusyTimeoutMilliseconds = 5_000;

    /// <summary>Size to which SQLite's write-ahead log is cut when it starts anew.</summary>
    private const long LogBytesKept = 64 * 1024 * 1024;

    /// <summary>Pages in the log (4 KiB each) after which a commit copies them to the file. SQLite's default is 1,000; with 4,096, pages that change often are copied
    /// less often (measured with random keys: 52 instead of 62 µs of CPU a put), and the pause of the commit that copies stays short.</summary>
    private const int CheckpointPages = 4_096;

    private const string NoVfs = "";

    private readonly sqlite3 handle;
    private readonly List<Statement> statements = [];

    static Database()
    {
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        // Before anything else: nobody asks how much memory SQLite has, and counting it takes a lock for every page and value.
        _ = raw.sqlite3_config(raw.SQLITE_CONFIG_MEMSTATUS, 0);
    }

    private Database(sqlite3 handle) => this.handle = handle;

    public sqlite3 Handle => handle;

    /// <summary>What has been prepared so far.</summary>
    public IReadOnlyList<Statement> Statements => statements;

    /// <summary>Whether a transaction is open.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(Handle) == 0;

    /// <param name="readOnly">It changes nothing.</param>
    /// <param name="pagesMax">Pages that the file may grow to; 0: as many as the disk holds.</param>
    public static Database Open(string path, bool readOnly, int cacheKibibytes, int pagesMax = 0)
    {
        var database = Connect(path, Vfs);
        try
        {
            raw.sqlite3_busy_timeout(database.Handle, BusyTimeoutMilliseconds);
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA cache_size=-{cacheKibibytes}"));
            if (pagesMax > 0) database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count={pagesMax}"));
            if (readOnly)
            {
                database.Execute("PRAGMA query_only=ON");
                return database;
            }
            database.Execute("PRAGMA journal_mode=WAL");
            // The journal on the stores makes a commit durable, not this file: what a power cut takes from it is replayed (DESIGN 6).
            database.Execute("PRAGMA synchronous=NORMAL");
            // After a long read (a snapshot) the log may have grown large; give the space back.
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA journal_size_limit={LogBytesKept}"));
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA wal_autocheckpoint={CheckpointPages}"));
            // Wrapped keys that are deleted must not stay readable in free pages.
            database.Execute("PRAGMA secure_delete=ON");
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file that a crash may spoil: fast, for building it anew.</summary>
    public static Database OpenUnsynced(string path, int cacheKibibytes)
    {
        var database = Connect(path, NoVfs);
        try
        {
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-{cacheKibibytes}"));
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Compiles a statement, which lives as long as the connection.</summary>
    public Statement Prepare(string sql)
    {
        var statement = new Statement(Handle, sql);
        statements.Add(statement);
        return statement;
    }

    /// <summary>Runs one or several statements that return nothing of interest.</summary>
    public void Execute(string sql)
    {
        var code = raw.sqlite3_exec(Handle, sql);
        if (code != raw.SQLITE_OK) SqliteException.ThrowExceptionForRC(code, Handle);
    }

    /// <summary>One number that a statement returns.</summary>
    public long Number(string sql)
    {
        using var statement = new Statement(Handle, sql);
        return statement.Step() ? statement.Long(0) : throw new MetadataFormatException($"The database answers nothing to {sql}.");
    }

    public void Dispose()
    {
        foreach (var statement in statements) statement.Dispose();
        handle.Dispose();
    }

    /// <summary>
    /// The file is this process's alone (nothing opens it beside a running gateway), which spares each read its system calls: with this, SQLite keeps the locks between
    /// connections and the index of the log in the process's memory instead of in the file system. Unix only; elsewhere what the system has.
    /// </summary>
    private static string Vfs => OperatingSystem.IsWindows() ? NoVfs : "unix-excl";

    private static Database Connect(string path, string vfs)
    {
        var code = raw.sqlite3_open_v2(path, out var handle, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX, vfs.Length == 0 ? null : vfs);
        try
        {
            if (code != raw.SQLITE_OK) SqliteException.ThrowExceptionForRC(code, handle);
            return new(handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }
}
