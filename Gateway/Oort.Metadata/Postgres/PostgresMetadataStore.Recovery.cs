using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Npgsql;
using Oort.Metadata.Changes;
using Oort.Metadata.Postgres.Recovery;
using Oort.Metadata.Postgres.Tables;
using Oort.Metadata.Postgres.Writing;
using Oort.Metadata.Reading;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres;

/// <summary>Snapshots, replay and checks.</summary>
public sealed partial class PostgresMetadataStore
{
    /// <summary>A transaction of one instant that may take long.</summary>
    private const string LongRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

    public async ValueTask<ulong> ReadCommittedAsync(CancellationToken cancellationToken)
    {
        try
        {
            ulong committed = 0;
            await using var connection = await server.OpenAsync(cancellationToken);
            await new RoundTrip(connection).Query("SELECT committed FROM state", row => committed = row.ULong(0)).RunAsync(cancellationToken);
            return committed;
        }
        catch (Exception e) when (PostgresServer.IsTransient(e))
        {
            throw new MetadataUnavailableException("The metadata database cannot be read now.", e);
        }
    }

    /// <remarks>
    /// A database that answers is never behind a journal: it commits durably before a journal gets anything. It is, when it has been put back to an older state. As commits are ordered
    /// over all gateways, that state is a whole beginning of history, and the entries of all gateways behind it, in the order of their last generations, are the rest.
    /// </remarks>
    public ValueTask ReplayAsync(string gatewayId, JournalEntry entry, CancellationToken cancellationToken) => ReplayAsync(gatewayId, [entry], cancellationToken);

    /// <summary>As <see cref="ReplayAsync(string, JournalEntry, CancellationToken)"/>, for entries that follow one another, in one transaction.</summary>
    public async ValueTask ReplayAsync(string gatewayId, IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken)
    {
        RequireNotStarted();
        cancellationToken.ThrowIfCancellationRequested();
        var missing = entries.Where(entry => entry.LastGeneration > clusterCommitted).ToArray();
        if (missing.Length == 0) return;
        foreach (var entry in missing)
            if (entry.LastGeneration < entry.FirstGeneration) throw new ArgumentException($"The entry of generations {entry.FirstGeneration:x} to {entry.LastGeneration:x} ends before it begins.");
        try
        {
            await using var connection = await server.OpenAsync(cancellationToken);
            await RunOnThreadAsync(() => Replay(connection, gatewayId, missing));
        }
        catch (Exception e) when (e is PostgresException || PostgresServer.IsLost(e))
        {
            throw new MetadataUnavailableException("The metadata database does not take the journals' entries.", e);
        }
        clusterCommitted = missing[^1].LastGeneration;
        if (gatewayId == options.GatewayId) ownCommitted = clusterCommitted;
    }

    private void Replay(NpgsqlConnection connection, string gatewayId, JournalEntry[] entries)
    {
        var tables = new PostgresTables(options.Threads);
        tables.Begin(connection);
        ulong present = 0;
        var prefetch = new Prefetch();
        foreach (var entry in entries) prefetch.Changes(entry.Changes.Span);
        var first = new RoundTrip(connection, options.Threads)
            .Add("BEGIN")
            .Query("SELECT committed FROM state FOR NO KEY UPDATE", row => present = row.ULong(0))
            .Add("INSERT INTO journals(gateway, journalled) VALUES ($1, 0) ON CONFLICT DO NOTHING", RoundTrip.Text(gatewayId))
            .Add("INSERT INTO gateways(id, session, committed, adopted) VALUES ($1, 0, 0, 0) ON CONFLICT DO NOTHING", RoundTrip.Text(gatewayId));
        prefetch.AddFirst(first, tables);
        first.Run();
        // Somebody commits meanwhile: then what is replayed now could overwrite what is newer.
        if (present != clusterCommitted)
        {
            options.Threads.Wait(PostgresServer.ExecuteAsync(connection, "ROLLBACK", CancellationToken.None).AsTask());
            throw new InvalidOperationException($"The database was at generation {clusterCommitted:x} and is at {present:x}: another gateway writes to it. Stop all gateways, and start them again one by one.");
        }
        var second = tables.Begin();
        prefetch.AddSecond(second, tables);
        if (!second.IsEmpty) second.Run();
        var session = new WriteSession(tables, time) { Random = options.Random };
        foreach (var entry in entries) session.Replay(entry);
        var trip = new RoundTrip(connection, options.Threads);
        tables.AddWrites(trip);
        GatewayState.AddProgress(trip, gatewayId, entries[^1].LastGeneration, tables.Totals);
        trip.Add("UPDATE journals SET journalled = greatest(journalled, $2) WHERE gateway = $1", RoundTrip.Text(gatewayId), RoundTrip.Long(entries[^1].LastGeneration)).Add("COMMIT").Run();
    }

    /// <remarks>What it can: dead rows go. The server's files keep their bytes until it writes over them, and its log and its copies have them for as long as they are kept.</remarks>
    public async ValueTask<bool> EraseRemainsAsync(CancellationToken cancellationToken)
    {
        RequireStarted();
        try
        {
            await using var connection = await server.OpenAsync(cancellationToken);
            await using var vacuum = new NpgsqlCommand("VACUUM data, outbox", connection) { CommandTimeout = 0 };
            await vacuum.ExecuteNonQueryAsync(cancellationToken);
            return true;
        }
        catch (NpgsqlException e)
        {
            throw new MetadataUnavailableException("The metadata database cannot be cleaned now.", e);
        }
    }

    public async IAsyncEnumerable<SnapshotBatch> ExportAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        RequireStarted();
        await using var connection = await OpenLongReadAsync(cancellationToken);
        ulong generation = 0;
        var waiting = new List<ForeignGroup>();
        var trip = new RoundTrip(connection).Query("SELECT committed FROM state", row => generation = row.ULong(0)); // The first read fixes the instant.
        ForeignGroups.AddFindAll(trip, options.GatewayId, waiting);
        await trip.RunAsync(cancellationToken);
        await pending.WaitForAllAsync(cancellationToken);
        await foreign.WaitAsync(waiting, cancellationToken);
        Volatile.Write(ref wholeUpTo, Math.Max(generation, Volatile.Read(ref wholeUpTo)));
        await foreach (var changes in ReadBatchesAsync(connection, generation, cancellationToken)) yield return new(generation, changes);
    }

    public async ValueTask<ImmutableArray<MetadataProblem>> CheckAsync(int problemsMax, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateDirectory(Path.Combine(options.ScratchDirectory ?? Path.GetTempPath(), "oort-check-" + Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8))));
        try
        {
            await using var connection = await OpenLongReadAsync(cancellationToken);
            ulong generation = 0;
            await new RoundTrip(connection).Query("SELECT committed FROM state", row => generation = row.ULong(0)).RunAsync(cancellationToken);
            var problems = new Sqlite.Recovery.ProblemList(problemsMax);
            var path = Path.Combine(folder.FullName, "rebuilt.db");
            using (var rebuilder = Sqlite.Recovery.MetadataRebuilder.Create(path, generation, time))
            {
                await foreach (var changes in ReadBatchesAsync(connection, generation, cancellationToken)) rebuilder.ApplySnapshot(changes);
                foreach (var problem in await Task.Run(rebuilder.Finish, cancellationToken)) problems.Add(problem.Kind, problem.Detail);
            }
            await new DerivedCheck(connection, path, problems).RunAsync(cancellationToken);
            return problems.ToImmutable();
        }
        catch (Exception e) when (PostgresServer.IsTransient(e))
        {
            throw new MetadataUnavailableException("The metadata database cannot be read now.", e);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Waits for what blocks until the server has answered, again and again: it has a thread of its own, not one of the pool.</summary>
    private Task RunOnThreadAsync(Action run)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        options.Threads.Start("metadata replay", () =>
        {
            try
            {
                run();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    private async ValueTask<NpgsqlConnection> OpenLongReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var connection = await server.OpenAsync(cancellationToken);
            await PostgresServer.ExecuteAsync(connection, LongRead, cancellationToken);
            return connection;
        }
        catch (Exception e) when (PostgresServer.IsTransient(e))
        {
            throw new MetadataUnavailableException("The metadata database cannot be read now.", e);
        }
    }

    /// <summary>Every journalled row of the transaction's instant, in batches.</summary>
    private static async IAsyncEnumerable<byte[]> ReadBatchesAsync(NpgsqlConnection connection, ulong generation, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var encoder = new ChangeEncoder();
        encoder.Begin(generation);
        foreach (var (table, sql) in JournalledTables.All)
        {
#pragma warning disable CA2100 // The statements are constants.
            await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
#pragma warning restore CA2100
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            while (await rows.ReadAsync(cancellationToken))
            {
                var (key, value, rest) = JournalledRows.Read(table, rows);
                if (!encoder.IsEmpty && encoder.Length + key.Length + value.Length + rest.Length + JournalledTables.FramingBytesMax > JournalledTables.BatchBytesMax)
                {
                    yield return encoder.ToArray();
                    encoder.Begin(generation);
                }
                encoder.Upsert(table, generation, key, value, rest);
            }
        }
        // An empty cluster has a snapshot too: one batch without rows.
        yield return encoder.ToArray();
    }
}
