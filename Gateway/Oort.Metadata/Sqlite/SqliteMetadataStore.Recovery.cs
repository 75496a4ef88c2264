using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Oort.Metadata.Sqlite.Recovery;
using Oort.Metadata.Sqlite.Tables;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite;

/// <summary>Snapshots, replay and checks.</summary>
public sealed partial class SqliteMetadataStore
{
    /// <summary>Applies the next entry of the journal to a database that is behind it. Only before <see cref="StartAsync"/>.</summary>
    /// <remarks>One transaction, not synced: a crash during replay leaves a database that is behind by less, or by as much.</remarks>
    /// <exception cref="ArgumentException">The entry does not begin at the generation after <see cref="CommittedGeneration"/>. One that ends at or before it is ignored.</exception>
    /// <exception cref="MetadataFormatException">The entry cannot be read; nothing of it has been applied.</exception>
    public ValueTask ReplayAsync(JournalEntry entry, CancellationToken cancellationToken)
    {
        RequireNotStarted();
        cancellationToken.ThrowIfCancellationRequested();
        if (entry.LastGeneration <= committedBeforeStart) return ValueTask.CompletedTask;
        if (entry.FirstGeneration != committedBeforeStart + 1 || entry.LastGeneration < entry.FirstGeneration)
            throw new ArgumentException($"The entry of generations {entry.FirstGeneration:x} to {entry.LastGeneration:x} does not follow on {committedBeforeStart:x}.");
        database.Execute("BEGIN IMMEDIATE");
        try
        {
            session.Replay(entry);
            database.Execute("COMMIT");
        }
        catch (Exception e)
        {
            session.ForgetCaches();
            if (database.InTransaction) database.Execute("ROLLBACK");
            if (e is SqliteException) throw new MetadataUnavailableException("The metadata database does not take the journal's entries.", e);
            throw;
        }
        committedBeforeStart = entry.LastGeneration;
        return ValueTask.CompletedTask;
    }

    public ValueTask<ulong> ReadCommittedAsync(CancellationToken cancellationToken) => new(CommittedGeneration);

    /// <remarks>There is one gateway.</remarks>
    ValueTask IMetadataEngine.ReplayAsync(string gatewayId, JournalEntry entry, CancellationToken cancellationToken) => ReplayAsync(entry, cancellationToken);

    public async IAsyncEnumerable<SnapshotBatch> ExportAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var present = Writer; // Started?
        await StoreAllAsync(cancellationToken);
        using var connection = Database.Open(options.Path, readOnly: true, options.ReadCacheKibibytes);
        connection.Execute("BEGIN");
        var generation = new StateTable(connection).Committed; // The first read fixes the instant.
        await pending.WaitForAllAsync(cancellationToken);
        // The journal up to here will be dropped once the snapshot is whole: from then on nothing could bring this database's unsynced tail back.
        await present.SyncAsync(cancellationToken);
        foreach (var changes in SnapshotExporter.Export(connection, generation))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new(generation, changes);
        }
    }

    /// <summary>Refuses changes from now on, or takes them again. Returns when all changes before it are in the journal; reads go on.</summary>
    public async ValueTask SealAsync(bool isSealed, CancellationToken cancellationToken) => await Writer.SubmitAsync(session => session.IsSealed = isSealed, cancellationToken);

    /// <summary>Gives somebody a connection with a transaction of one instant, whose generation is in the journal.</summary>
    internal async ValueTask<ulong> ReadInstantAsync(Func<Database, ulong, Task> read, CancellationToken cancellationToken)
    {
        await StoreAllAsync(cancellationToken);
        using var connection = Database.Open(options.Path, readOnly: true, options.CacheKibibytes);
        connection.Execute("BEGIN");
        var generation = new StateTable(connection).Committed;
        await pending.WaitForAllAsync(cancellationToken);
        await read(connection, generation);
        return generation;
    }

    /// <remarks>Deleted cells are zeroed (secure_delete); what the log still has of older pages goes when it is copied to the file and cut to nothing.</remarks>
    public async ValueTask<bool> EraseRemainsAsync(CancellationToken cancellationToken)
    {
        await StoreAllAsync(cancellationToken);
        return await Task.Run(
            () =>
            {
                using var connection = Database.Open(options.Path, readOnly: false, options.ReadCacheKibibytes);
                return connection.Number("PRAGMA wal_checkpoint(TRUNCATE)") == 0; // 1: somebody reads or writes.
            },
            cancellationToken);
    }

    public async ValueTask<ImmutableArray<MetadataProblem>> CheckAsync(int problemsMax, CancellationToken cancellationToken)
    {
        await StoreAllAsync(cancellationToken);
        return await Task.Run(
            () =>
            {
                using var connection = Database.Open(options.Path, readOnly: true, options.CacheKibibytes);
                // It works with temporary tables, which count as a change.
                connection.Execute("PRAGMA query_only=OFF; PRAGMA temp_store=FILE; BEGIN");
                var problems = new ProblemList(problemsMax);
                new DatabaseCheck(connection, problems).Run();
                return problems.ToImmutable();
            },
            cancellationToken);
    }
}
