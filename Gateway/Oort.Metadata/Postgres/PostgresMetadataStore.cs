using System.Collections.Immutable;
using Npgsql;
using Oort.Backends;
using Oort.Metadata.Postgres.Reading;
using Oort.Metadata.Postgres.Writing;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres;

/// <summary>The engine for several gateways: one PostgreSQL database, in each gateway one writer that groups commits, and pooled readers.</summary>
/// <remarks>
/// Life: <see cref="OpenAsync"/>; then, if the database has lost what journals hold, <see cref="ReplayAsync(string, JournalEntry, CancellationToken)"/>; then <see cref="StartAsync"/>, from which on it serves.
/// Every read goes to the primary, and nothing is kept in memory between reads: what one gateway was told is seen at all of them. See docs/decisions/0007.
/// </remarks>
public sealed partial class PostgresMetadataStore : IMetadataEngine
{
    private readonly PostgresMetadataOptions options;
    private readonly PostgresServer server;
    private readonly TimeProvider time;
    private readonly PendingGroups pending;
    private readonly ForeignGroups foreign;
    private readonly CommandQueue queue;
    private readonly SemaphoreSlim readers;
    private readonly long session;
    private ulong ownCommitted;
    private ulong adopted;
    private ulong clusterCommitted;
    private ulong wholeUpTo;
    private JournalTeller? teller;
    private JournalPump? pump;
    private GroupWriter? writer;
    private bool disposed;

    private PostgresMetadataStore(PostgresMetadataOptions options, PostgresServer server, GatewayRow row, ImmutableArray<string> warnings, TimeProvider time)
    {
        this.options = options;
        this.server = server;
        this.time = time;
        (session, ownCommitted, adopted, clusterCommitted) = row;
        Warnings = warnings;
        pending = new(options.ReadWaitMax, time);
        foreign = new(server, options, time, AdoptAsync);
        queue = new(options.QueueMax, options.GroupCommandsMax, options.EnqueueWaitMax, options.GatherWaitMax, options.Threads, time);
        readers = new(options.ReadConnections, options.ReadConnections);
    }

    /// <summary>What of the server's settings is not as it should be, but can be lived with; sentences for a log.</summary>
    public ImmutableArray<string> Warnings { get; }

    public bool IsShared => true;

    public Exception? JournalFault => pump?.Fault;

    public ulong CommittedGeneration => writer?.Committed ?? clusterCommitted;

    /// <summary>Of this gateway's own groups; and what an export has waited for, whoever committed it.</summary>
    public ulong JournalledGeneration => Math.Max(pump?.Journalled ?? 0, Volatile.Read(ref wholeUpTo));

    /// <summary>Opens the database, creating or migrating its tables, as this gateway: a process that runs under the same id can commit nothing from now on. It serves nothing until <see cref="StartAsync"/>.</summary>
    /// <exception cref="MetadataFormatException">It holds something else or another cluster, is newer than this program, or is set up so that commits could be lost.</exception>
    /// <exception cref="MetadataUnavailableException">It cannot be reached, or refuses this user.</exception>
    /// <exception cref="ArgumentException">The address is none.</exception>
    public static async ValueTask<PostgresMetadataStore> OpenAsync(PostgresMetadataOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.GatewayId);
        var server = PostgresServer.Create(options);
        try
        {
            await using var connection = await server.OpenAsync(cancellationToken);
            var warnings = await PostgresServer.CheckDurabilityAsync(connection, cancellationToken);
            await Schema.MigrateAsync(connection, cancellationToken);
            await RequireClusterAsync(connection, options.Cluster, cancellationToken);
            return new(options, server, await EnterAsync(connection, options.GatewayId, cancellationToken), warnings, time);
        }
        catch (Exception e) when (e is PostgresException || PostgresServer.IsLost(e))
        {
            await server.DisposeAsync();
            throw new MetadataUnavailableException($"The metadata database {server.Shown} cannot be used: {e.Message}", e);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whose database it is and where its stores are, for a gateway that may join; changes nothing. Null: nobody's yet.</summary>
    /// <exception cref="MetadataFormatException">It holds something else, or is newer than this program.</exception>
    /// <exception cref="MetadataUnavailableException">It cannot be reached, or refuses this user.</exception>
    /// <exception cref="ArgumentException">The address is none.</exception>
    public static async ValueTask<SharedCluster?> PeekAsync(string address, CancellationToken cancellationToken)
    {
        await using var server = PostgresServer.Create(new() { Address = address, GatewayId = "" });
        try
        {
            await using var connection = await server.OpenAsync(cancellationToken);
            if (await Schema.PresentAsync(connection, cancellationToken) == 0) return null;
            var cluster = "";
            await new RoundTrip(connection).Query("SELECT cluster FROM state", row => cluster = row.GetString(0)).RunAsync(cancellationToken);
            return cluster.Length == 0 ? null : new(cluster, await ReadStoresAsync(connection, cancellationToken));
        }
        catch (Exception e) when (e is PostgresException || PostgresServer.IsLost(e))
        {
            throw new MetadataUnavailableException($"The metadata database {server.Shown} cannot be used: {e.Message}", e);
        }
    }

    public async ValueTask<ImmutableArray<StoreRow>> ReadStoresAsync(CancellationToken cancellationToken)
    {
        RequireNotStarted();
        return await ReadingAsync(ReadStoresAsync, cancellationToken);
    }

    /// <summary>Groups of this gateway that were not known to be in its journal when the database was last written, in order. Only before <see cref="StartAsync"/>.</summary>
    public async ValueTask<ImmutableArray<JournalEntry>> PendingOutboxAsync(CancellationToken cancellationToken)
    {
        RequireNotStarted();
        return await ReadingAsync(
            async (connection, stop) =>
            {
                var result = ImmutableArray.CreateBuilder<JournalEntry>();
                await new RoundTrip(connection).Query(
                    "SELECT first, last, changes FROM outbox WHERE gateway = $1 ORDER BY last",
                    row => result.Add(new(row.ULong(0), row.ULong(1), row.Blob(2))), RoundTrip.Text(options.GatewayId)).RunAsync(stop);
                return result.DrainToImmutable();
            },
            cancellationToken);
    }

    public async ValueTask StartAsync(IJournal journal, ulong journalledGeneration)
    {
        RequireNotStarted();
        if (journalledGeneration > ownCommitted)
            throw new InvalidOperationException($"The journal ends at generation {journalledGeneration:x}, the database has this gateway at {ownCommitted:x}: it has lost what was committed. Replay the journals first.");
        var waiting = (await PendingOutboxAsync(CancellationToken.None)).RemoveAll(entry => entry.LastGeneration <= journalledGeneration);
        // What others have adopted is gone from the outbox, and in their journals.
        var next = Math.Max(journalledGeneration, adopted) + 1;
        foreach (var entry in waiting)
        {
            if (entry.FirstGeneration > next) break;
            next = entry.LastGeneration + 1;
        }
        if (next < ownCommitted + 1)
            throw new InvalidOperationException($"The journal ends at generation {journalledGeneration:x}, and the database no longer has all entries of this gateway from there to {ownCommitted:x}: the journal has lost its tail, or is not this database's.");

        teller = new(journal, journalledGeneration, server, options, time);
        pump = new(teller, journalledGeneration, pending, new(options.PipelineMax, options.RetryDelayMin, options.RetryDelayMax), time, options.Threads);
        var begin = journalledGeneration + 1;
        foreach (var entry in waiting)
        {
            // Records of a journal follow one another without gaps; between two of them lie generations of other gateways.
            var group = new CommitGroup([], entry with { FirstGeneration = begin }, Scope.Of(entry.Changes.Span));
            begin = entry.LastGeneration + 1;
            group.EndStored();
            pending.Add(group);
            await pump.AddAsync(group);
        }
        writer = new(server, options, queue, new(options.GatewayId, session, ownCommitted, begin, clusterCommitted), pending, pump, time);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true)) return;
        queue.Close();
        if (writer is not null)
        {
            await writer.DisposeAsync();
            await pump!.DisposeAsync();
            await teller!.DisposeAsync();
        }
        await server.DisposeAsync();
        readers.Dispose();
    }

    private async ValueTask AdoptAsync() => await queue.EnqueueAsync(new AdoptCommand(options.GatewayId, options.AdoptAfter), CancellationToken.None);

    private void RequireStarted()
    {
        if (writer is null) throw new InvalidOperationException("The metadata engine has not been started.");
    }

    private void RequireNotStarted()
    {
        if (writer is not null) throw new InvalidOperationException("The metadata engine has been started already.");
    }

    private async ValueTask<T> ReadingAsync<T>(Func<NpgsqlConnection, CancellationToken, ValueTask<T>> read, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await server.OpenAsync(cancellationToken);
            return await read(connection, cancellationToken);
        }
        catch (Exception e) when (PostgresServer.IsTransient(e))
        {
            throw new MetadataUnavailableException("The metadata database cannot be read now.", e);
        }
    }

    private static async ValueTask<ImmutableArray<StoreRow>> ReadStoresAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var result = ImmutableArray.CreateBuilder<StoreRow>();
        await new RoundTrip(connection).Query("SELECT id, value FROM stores ORDER BY id", row => result.Add(ReadStore(row))).RunAsync(cancellationToken);
        return result.DrainToImmutable();
    }

    /// <summary>Writes down whose database it is, or compares.</summary>
    private static async ValueTask RequireClusterAsync(NpgsqlConnection connection, string cluster, CancellationToken cancellationToken)
    {
        if (cluster.Length == 0) return;
        var present = "";
        await new RoundTrip(connection)
            .Add("UPDATE state SET cluster = $1 WHERE cluster = ''", RoundTrip.Text(cluster))
            .Query("SELECT cluster FROM state", row => present = row.GetString(0)).RunAsync(cancellationToken);
        if (present != cluster) throw new MetadataFormatException($"This PostgreSQL database belongs to cluster {present}, not to {cluster}.");
    }

    /// <summary>Counts the start, which fences every earlier one of this gateway.</summary>
    private static async ValueTask<GatewayRow> EnterAsync(NpgsqlConnection connection, string gateway, CancellationToken cancellationToken)
    {
        GatewayRow row = default;
        await new RoundTrip(connection)
            .Add("BEGIN")
            .Query("SELECT committed FROM state FOR NO KEY UPDATE", state => row = row with { ClusterCommitted = state.ULong(0) })
            .Add("INSERT INTO journals(gateway, journalled) VALUES ($1, 0) ON CONFLICT DO NOTHING", RoundTrip.Text(gateway))
            .Query(
                "INSERT INTO gateways(id, session, committed, adopted) VALUES ($1, 1, 0, 0) ON CONFLICT (id) DO UPDATE SET session = gateways.session + 1 RETURNING session, committed, adopted",
                one => row = row with { Session = one.GetInt64(0), OwnCommitted = one.ULong(1), Adopted = one.ULong(2) }, RoundTrip.Text(gateway))
            .Add("COMMIT").RunAsync(cancellationToken);
        return row;
    }

    private readonly record struct GatewayRow(long Session, ulong OwnCommitted, ulong Adopted, ulong ClusterCommitted);
}
