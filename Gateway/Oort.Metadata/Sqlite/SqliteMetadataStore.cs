using System.Collections.Immutable;
using Oort.Metadata.Sqlite.Reading;
using Oort.Metadata.Sqlite.Tables;
using Oort.Metadata.Sqlite.Writing;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite;

/// <summary>The embedded engine: one SQLite file, one writer that groups commits, pooled readers.</summary>
/// <remarks>
/// Life: <see cref="Open"/>; then, if the journal is ahead (a power cut took the database's tail), <see cref="ReplayAsync"/> with each entry after
/// <see cref="CommittedGeneration"/>; then <see cref="StartAsync"/>, from which on it serves. Disposing runs what is queued.
/// </remarks>
public sealed partial class SqliteMetadataStore : IMetadataEngine
{
    private readonly SqliteMetadataOptions options;
    private readonly TimeProvider time;
    private readonly Database database;
    private readonly TableSet tables;
    private readonly WriteSession session;
    private readonly ReaderPool readers;
    private readonly PendingGroups pending;
    private readonly HotRows hot;
    private readonly LocalLeases leases;
    private ulong committedBeforeStart;
    private JournalPump? pump;
    private GroupWriter? writer;

    private SqliteMetadataStore(SqliteMetadataOptions options, Database database, TimeProvider time)
    {
        this.options = options;
        this.time = time;
        this.database = database;
        tables = new(database);
        session = new(tables, time) { Random = options.Random };
        readers = new(options.Path, options.ReadConnections, options.ReadCacheKibibytes);
        pending = new(options.ReadWaitMax, time);
        hot = new(options.HotBytesMax);
        leases = new(this, time);
        committedBeforeStart = tables.State.Committed;
    }

    /// <summary>Opens the database, creating or migrating it. It serves nothing until <see cref="StartAsync"/>.</summary>
    /// <exception cref="MetadataFormatException">It is not a metadata database, or is newer than this program.</exception>
    public static SqliteMetadataStore Open(SqliteMetadataOptions options, TimeProvider time)
    {
        const long hotBytesLimit = 4L << 30;
        ArgumentOutOfRangeException.ThrowIfNegative(options.HotBytesMax);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.HotBytesMax, hotBytesLimit);
        CreateFile(options.Path);
        var database = Database.Open(options.Path, readOnly: false, options.CacheKibibytes, options.PagesMax);
        try
        {
            Schema.Migrate(database);
            return new(options, database, time);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public bool IsShared => false;

    public Exception? JournalFault => pump?.Fault;

    public ulong CommittedGeneration => writer?.Committed ?? committedBeforeStart;

    public ulong JournalledGeneration => pump?.Journalled ?? 0;

    /// <summary>Groups committed here that were not known to be in the journal when the database was last written, in order. Only before <see cref="StartAsync"/>.</summary>
    public ImmutableArray<JournalEntry> PendingOutbox()
    {
        RequireNotStarted();
        return tables.State.Outbox();
    }

    public async ValueTask StartAsync(IJournal journal, ulong journalledGeneration)
    {
        RequireNotStarted();
        if (journalledGeneration > committedBeforeStart)
            throw new InvalidOperationException($"The journal ends at generation {journalledGeneration:x}, the database at {committedBeforeStart:x}: replay the journal first.");
        var waiting = tables.State.Outbox().RemoveAll(entry => entry.LastGeneration <= journalledGeneration);
        var next = journalledGeneration + 1;
        foreach (var entry in waiting)
        {
            if (entry.FirstGeneration != next) break;
            next = entry.LastGeneration + 1;
        }
        if (next != committedBeforeStart + 1)
            throw new InvalidOperationException($"The journal ends at generation {journalledGeneration:x}, and the database no longer has all entries from there to {committedBeforeStart:x}: the journal has lost its tail, or is not this database's.");

        pump = new(journal, journalledGeneration, pending, new(options.PipelineMax, options.RetryDelayMin, options.RetryDelayMax), time, options.Threads);
        foreach (var entry in waiting)
        {
            var group = new CommitGroup([], entry, Scope.Of(entry.Changes.Span));
            group.EndStored();
            pending.Add(group);
            await pump.AddAsync(group);
        }
        writer = new(database, session, tables.State, pending, hot, pump, options, time);
    }

    public async ValueTask DisposeAsync()
    {
        if (writer is not null)
        {
            await writer.StopAsync();
            await pump!.DisposeAsync();
            writer.TrimOutbox();
        }
        await readers.DisposeAsync();
        leases.Dispose();
        database.Dispose();
    }

    private GroupWriter Writer => writer ?? throw new InvalidOperationException("The metadata engine has not been started.");

    private void RequireNotStarted()
    {
        if (writer is not null) throw new InvalidOperationException("The metadata engine has been started already.");
    }

    /// <summary>Creates the file for its owner alone: it holds wrapped keys. SQLite gives the files beside it the same mode.</summary>
    internal static void CreateFile(string path)
    {
        if (File.Exists(path)) return;
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
    }
}
