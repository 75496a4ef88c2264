using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Metadata.Postgres;
using Oort.Metadata.Sqlite;

namespace Oort.Objects;

/// <summary>What a start has put together: everything but the data path and the workers.</summary>
internal sealed record OpenedSystem(
    DirectoryIdentity Identity,
    Keyring Keyring,
    StoreSet Stores,
    StoreJournal Journal,
    MetadataSwitch Metadata,
    ulong Epoch,
    ulong SnapshotGeneration,
    ImmutableArray<SnapshotGateway> Retired,
    long JournalBytes);

/// <summary>Opens a data directory with its stores: a new one, or an existing one after a clean stop, a crash or a power cut.</summary>
/// <remarks>
/// 1. Looks what is in the directory and at the disks, and refuses what does not fit together. 2. Opens the stores and the newest keyring. 3. Opens the database and
/// replays what the journal has beyond it. 4. Makes the journal's tail durable again, counts the start, and opens the journal for writing; what the database has
/// beyond it goes there first. 5. Records new stores, and opens an epoch, which fences every earlier start.
/// </remarks>
internal sealed class SystemOpener(ObjectSystemOptions options, IReadOnlyList<IStoreEndpoint> endpoints, RootKey root, TimeProvider time, ILoggerFactory logs) : IAsyncDisposable
{
    private readonly ILogger logger = logs.CreateLogger<SystemOpener>();
    private ImmutableArray<OpenedStore> opened = [];
    private Keyring? keyring;
    private MetadataSwitch? metadata;
    private StoreSet? stores;
    private StoreJournal? journal;

    private bool handedOver;

    /// <summary>Opens the directory that a recovery has just built; otherwise an unfinished recovery is refused.</summary>
    public bool IsRecovery { get; init; }

    /// <exception cref="StartRefusedException">It must not be started; disposing this then closes what was opened.</exception>
    public async Task<OpenedSystem> RunAsync(CancellationToken cancellationToken)
    {
        var system = await OpenAsync(cancellationToken);
        handedOver = true;
        return system;
    }

    public async ValueTask DisposeAsync()
    {
        if (handedOver) return;
        if (metadata is not null) await metadata.DisposeAsync();
        if (journal is not null) await journal.DisposeAsync();
        if (stores is not null) await stores.DisposeAsync();
        // Also those that did not come into the set; closing one twice does nothing.
        await OpenedStore.CloseAsync(opened);
        keyring?.Dispose();
    }

    private async Task<OpenedSystem> OpenAsync(CancellationToken cancellationToken)
    {
        // 1.
        RestoredDatabase.TakeOver(options.DataDirectory);
        var identity = DirectoryIdentity.Read(options.DataDirectory);
        var shared = identity is null && options.MetadataDatabase is { } database ? await SharedDatabase.FindAsync(database, cancellationToken) : null;
        opened = await OpenedStore.FindAllAsync([.. endpoints, .. await LocateOthersAsync(identity, shared, cancellationToken)], options.OpenTimeout, time, logger, cancellationToken);
        var layout = new StartChecks(options.DataDirectory, identity, opened) { IsRecovery = IsRecovery, IsShared = options.MetadataDatabase is not null, DatabaseCluster = shared?.Cluster };
        layout.Check();

        // 2.
        var isNew = layout.IsNew;
        var isJoining = !isNew && identity is null;
        var known = isJoining ? layout.Joining(options.Random) : identity;
        (identity, keyring) = isNew ? await CreateAsync(known, cancellationToken) : await OpenKeyringAsync(known!, isJoining, cancellationToken);

        // 3.
        metadata ??= new(options.MetadataDatabase is { } address ? await OpenSharedAsync(address, identity, cancellationToken) : OpenDatabase(isNew));
        stores = new StoreSet(identity.Cluster, options.Stores, time, logs.CreateLogger<StoreSet>());
        var readable = opened.Select(one => one.Store).OfType<IStore>().ToList();
        var snapshots = await new SnapshotReader(readable, keyring, logger).FindAsync(cancellationToken);
        if (snapshots.Any(snapshot => snapshot.Manifest.Gateways.Any(one => one.Id == identity.Gateway && one.IsRetired)))
            throw new StartRefusedException(StartRefusal.DatabaseBehind, $"A recovery has put another data directory in the place of {options.DataDirectory}; what this one wrote would be lost, and it would delete what the other wrote. Start with that one, or recover again into a new one: oort recover.");
        var chain = await ReplayAsync(identity, readable, snapshots, cancellationToken);

        var journalBytes = await MeasureAsync(chain, snapshots.IsEmpty ? 0 : snapshots[0].Manifest.Generation, cancellationToken);

        // 4.
        await ShoreUpAsync(chain, readable, cancellationToken);
        identity = identity with { Session = Math.Max(identity.Session, chain.Newest?.Name.Session ?? 0) + 1 };
        identity.Write(options.DataDirectory);
        var added = await AddStoresAsync(cancellationToken);
        journal = new StoreJournal(stores, keyring, options.Journal, time, logs.CreateLogger<StoreJournal>());
        journal.Start(identity.Gateway, identity.Session, chain.End);
        await StartMetadataAsync(journal, chain.End);

        // 5.
        var epoch = await WriteFirstChangesAsync(identity.Gateway, added, cancellationToken);
        if (identity.State == DirectoryState.Creating)
        {
            identity = identity with { State = DirectoryState.Whole };
            identity.Write(options.DataDirectory);
        }

        return new(identity, keyring, stores, journal, metadata, epoch, snapshots.IsEmpty ? 0 : snapshots[0].Manifest.Generation, snapshots.IsEmpty ? [] : [.. snapshots[0].Manifest.Gateways.Where(one => one.IsRetired)], journalBytes);
    }

    /// <summary>Places of stores that joined while a gateway ran, as the database knows them.</summary>
    /// <param name="shared">The database of the cluster that this gateway joins.</param>
    private async Task<ImmutableArray<IStoreEndpoint>> LocateOthersAsync(DirectoryIdentity? identity, SharedDatabase? shared, CancellationToken cancellationToken)
    {
        if (options.Locate is not { } locate || identity is { State: DirectoryState.Creating }) return [];
        ImmutableArray<StoreRow> rows = [];
        if (identity is null)
        {
            rows = shared?.Stores ?? [];
        }
        else if (options.MetadataDatabase is { } address)
        {
            metadata = new(await OpenSharedAsync(address, identity, cancellationToken));
            rows = await metadata.ReadStoresAsync(cancellationToken);
        }
        else if (File.Exists(Path.Combine(options.DataDirectory, DirectoryIdentity.DatabaseFileName)))
        {
            // One that is not there is told of when it is known what is on the disks.
            metadata = new(OpenDatabase(isNew: false));
            rows = await metadata.ReadStoresAsync(cancellationToken);
        }

        return
        [
            .. rows.Where(row => row.State != StoreState.Removed && endpoints.All(endpoint => endpoint.Location != row.Location))
                .Select(row => locate(row.Location)).OfType<IStoreEndpoint>()
                // A node that was named at another address than it had is one and the same.
                .Where(located => endpoints.All(endpoint => endpoint.Location != located.Location)).DistinctBy(located => located.Location),
        ];
    }

    /// <summary>Rows of new stores, and the epoch. Without the journal's quorum nothing can be written, and a start without an epoch could not refuse an older one.</summary>
    private async Task<ulong> WriteFirstChangesAsync(GatewayId gateway, ImmutableArray<StoreRow> added, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var row in added) await metadata!.PutStoreAsync(row, cancellationToken);
            return await metadata!.OpenEpochAsync(gateway.ToString(), cancellationToken);
        }
        catch (MetadataUnavailableException failure)
        {
            var away = stores!.GetStatus().Where(store => store.Health is StoreHealth.Offline or StoreHealth.ReadOnly).Select(store => store.Location);
            throw new StartRefusedException(StartRefusal.TooFewStores, $"Too few disks take the journal; these are away or read-only: {string.Join(", ", away)}. Mount them writable, or wait until they are ready.", failure);
        }
    }

    /// <summary>The first start. 1. A cluster's keys, noted in the directory before anything else carries its name. 2. The stores. 3. The keyring on each. A crash in between is picked up by the next start.</summary>
    private async Task<(DirectoryIdentity, Keyring)> CreateAsync(DirectoryIdentity? begun, CancellationToken cancellationToken)
    {
        // 1.
        var keyringPath = Path.Combine(options.DataDirectory, DirectoryIdentity.KeyringFileName);
        var created = begun is not null && DurableFile.Read(keyringPath) is { } bytes ? KeyringReplicas.Open([bytes], root) : Keyring.Create(time);
        var identity = begun is not null && begun.Cluster.Value == created.Identity ? begun : new DirectoryIdentity(new(created.Identity), GatewayId.Create(options.Random), DirectoryState.Creating, 0);
        identity.Write(options.DataDirectory);
        DurableFile.Write(keyringPath, created.Seal(root));

        // 2.
        opened = await OpenedStore.OpenAllAsync(opened, identity.Cluster, Timeout.InfiniteTimeSpan, time, logger, cancellationToken);
        for (var index = 0; index < opened.Length; index++)
        {
            if (opened[index].IsBlank) opened = opened.SetItem(index, opened[index] with { IsBlank = false, Store = await CreateStoreAsync(opened[index].Endpoint, identity.Cluster, cancellationToken) });
            else if (opened[index].Store is null) throw new StartRefusedException(StartRefusal.Configuration, $"The disk {opened[index].Endpoint.Location} cannot be used: {opened[index].Failure}");
        }

        // 3.
        var copies = await KeyringReplicas.ReadAsync([.. opened.Select(one => one.Store!)], logger, cancellationToken);
        if (copies.FirstOrDefault(copy => copy.Bytes is not null && Keyring.Peek(copy.Bytes) is { } header && header.Identity != created.Identity) is { Store: { } foreign })
            throw new StartRefusedException(StartRefusal.OtherCluster, $"The disk {foreign.Location} holds another cluster's data. Give empty disks, or that cluster's data directory.");
        var good = await KeyringReplicas.HealAsync(created, root, copies, logger, cancellationToken);
        if (good < opened.Length) throw new StartRefusedException(StartRefusal.Configuration, $"Only {good} of {opened.Length} disks could be written; a new cluster begins with all of them.");
        return (identity, created);
    }

    private async Task<IStore> CreateStoreAsync(IStoreEndpoint endpoint, ClusterId cluster, CancellationToken cancellationToken)
    {
        try
        {
            var store = await endpoint.CreateAsync(cluster, cancellationToken);
            logger.LogInformation("{Location} is now store {Id}.", endpoint.Location, store.Id);
            return store;
        }
        catch (BackendException failure)
        {
            throw new StartRefusedException(StartRefusal.Configuration, $"The disk {endpoint.Location} cannot be used: {failure.Message}", failure);
        }
    }

    /// <summary>Opens the newest keyring. A gateway that joins has its identity from here on: with the right root key, and before it has anything else, so that a start that breaks off is gone on with by the next one.</summary>
    private async Task<(DirectoryIdentity, Keyring)> OpenKeyringAsync(DirectoryIdentity identity, bool isJoining, CancellationToken cancellationToken)
    {
        opened = await OpenedStore.OpenAllAsync(opened, identity.Cluster, options.OpenTimeout, time, logger, cancellationToken);
        var readable = opened.Select(one => one.Store).OfType<IStore>().ToList();
        var copies = await KeyringReplicas.ReadAsync(readable, logger, cancellationToken);
        var path = Path.Combine(options.DataDirectory, DirectoryIdentity.KeyringFileName);
        var local = DurableFile.Read(path);
        var ring = KeyringReplicas.Open(copies.Select(copy => copy.Bytes).Append(local).OfType<byte[]>(), root);
        if (ring.Identity != identity.Cluster.Value)
        {
            ring.Dispose();
            throw new StartRefusedException(StartRefusal.OtherCluster, $"The data directory belongs to cluster {identity.Cluster}, the disks to another one. Give the disks of that cluster.");
        }

        if (isJoining) identity.Write(options.DataDirectory);
        if (KeyringReplicas.Compare(ring, root, local) != KeyringCopy.Current) DurableFile.Write(path, ring.Seal(root));
        await KeyringReplicas.HealAsync(ring, root, copies, logger, cancellationToken);
        return (identity, ring);
    }

    private SqliteMetadataStore OpenDatabase(bool isNew)
    {
        var path = Path.Combine(options.DataDirectory, DirectoryIdentity.DatabaseFileName);
        if (File.Exists(Path.Combine(options.DataDirectory, DirectoryIdentity.MovedFileName)))
            throw new StartRefusedException(StartRefusal.HalfDirectory, "The metadata of this data directory were moved to a PostgreSQL database; name it with --metadata.");
        if (!isNew && !File.Exists(path))
            throw new StartRefusedException(StartRefusal.HalfDirectory, $"The database {path} is missing although the disks hold data. Rebuild it from the disks and the recovery phrase into a new directory: oort recover --phrase-file FILE --data NEW --disk DIR...");
        try
        {
            return SqliteMetadataStore.Open(new() { Path = path, Threads = options.Threads, Random = options.Random }, time);
        }
        catch (MetadataFormatException failure)
        {
            throw new StartRefusedException(StartRefusal.DatabaseBehind, $"The database {path} cannot be used: {failure.Message}", failure);
        }
    }

    /// <exception cref="StartRefusedException">It cannot be used.</exception>
    private async Task<IMetadataEngine> OpenSharedAsync(string address, DirectoryIdentity identity, CancellationToken cancellationToken)
    {
        var own = Path.Combine(options.DataDirectory, DirectoryIdentity.DatabaseFileName);
        var isMoved = File.Exists(Path.Combine(options.DataDirectory, DirectoryIdentity.MovedFileName));
        if (File.Exists(own) && !isMoved) throw new StartRefusedException(StartRefusal.Configuration, $"The data directory has a database of its own, {own}. Move it to PostgreSQL first: oort metadata migrate. Or start without --metadata.");
        try
        {
            var target = new PostgresMetadataOptions { Address = address, GatewayId = identity.Gateway.ToString(), Cluster = identity.Cluster.ToString(), Threads = options.Threads, Random = options.Random };
            if (isMoved) await MetadataMove.FinishAsync(target, cancellationToken);
            var store = await PostgresMetadataStore.OpenAsync(target, time, cancellationToken);
            // It holds wrapped keys, some of which will be deleted in the other one.
            foreach (var suffix in new[] { "", "-wal", "-shm" }) File.Delete(own + suffix);
            foreach (var warning in store.Warnings) logger.LogWarning("{Warning}", warning);
            return store;
        }
        catch (MetadataFormatException failure)
        {
            throw new StartRefusedException(StartRefusal.DatabaseBehind, failure.Message, failure);
        }
        catch (Exception failure) when (failure is ArgumentException or MetadataUnavailableException)
        {
            throw new StartRefusedException(StartRefusal.Configuration, failure.Message, failure);
        }
    }

    /// <summary>Reads this gateway's journal and gives the database what it lacks.</summary>
    private async Task<JournalChain> ReplayAsync(DirectoryIdentity identity, IReadOnlyList<IStore> readable, ImmutableArray<SnapshotCopies> snapshots, CancellationToken cancellationToken)
    {
        var catalogue = await JournalCatalogue.ReadAsync(readable, keyring!, logger, cancellationToken);
        var chain = JournalChain.Split(catalogue, keyring!, logger).FirstOrDefault(one => one.Gateway == identity.Gateway)
            ?? new JournalChain(identity.Gateway, [], catalogue.Stores, keyring!, logger);
        if (metadata!.IsShared) await new SharedReplay(metadata, keyring!, logger).RunAsync(catalogue, snapshots, cancellationToken);
        var before = metadata.CommittedGeneration;
        long replayed = 0;
        await foreach (var entry in chain.ReadAsync(before, cancellationToken))
        {
            if (metadata.IsShared) continue; // Read for its end.
            if (chain.Findings.Any(finding => finding.Kind != JournalFindingKind.EndUncertain)) break;
            await metadata.ReplayAsync(identity.Gateway.ToString(), entry, cancellationToken);
            replayed++;
        }

        if (IsRecovery) chain.BeginAfter(metadata.CommittedGeneration);
        else if (chain.Newest is null) chain.BeginAfter(snapshots.SelectMany(snapshot => snapshot.Manifest.Gateways).Where(one => one.Id == identity.Gateway).Select(one => one.LastGeneration).DefaultIfEmpty(0UL).Max());
        if (replayed > 0) logger.LogWarning("The database ended at generation {Before}; {Count} journal records up to generation {Generation} were replayed into it.", before, replayed, metadata.CommittedGeneration);
        foreach (var finding in chain.Findings)
        {
            throw finding.Kind switch
            {
                JournalFindingKind.EndUncertain => new StartRefusedException(StartRefusal.TooFewStores, $"{finding.Text} Attach more of the disks."),
                JournalFindingKind.Gap when finding.After <= before => new StartRefusedException(StartRefusal.DatabaseBehind, string.Create(CultureInfo.InvariantCulture, $"The database ends at generation {before}, and the journal on the disks begins later ({finding.Text}) It is an old copy; rebuild it with oort recover.")),
                _ => new StartRefusedException(StartRefusal.JournalDamaged, $"{finding.Text} Attach the missing disks, or rebuild with oort recover, which says what would be lost."),
            };
        }

        return chain;
    }

    /// <summary>What a recovery would have to read beyond the newest snapshot. A log counts at least a mebibyte, since many small ones cost as much as few large ones.</summary>
    private async Task<long> MeasureAsync(JournalChain chain, ulong snapshotGeneration, CancellationToken cancellationToken)
    {
        const long logCost = 1024 * 1024;
        long bytes = 0;
        foreach (var log in chain.LogsAfter(snapshotGeneration))
        {
            try
            {
                bytes += Math.Max(logCost, await log.Stores[0].LogLengthAsync(log.Name.ToString(), cancellationToken));
            }
            catch (BackendException failure)
            {
                // Only an estimate is lost.
                logger.LogWarning(failure, "The length of {Log} on {Location} could not be read.", log.Name, log.Stores[0].Location);
                bytes += logCost;
            }
        }

        return bytes;
    }

    /// <summary>Completes the copies of the newest log: its last records may be on fewer stores than its quorum, and from now on they are shown.</summary>
    private async Task ShoreUpAsync(JournalChain chain, IReadOnlyList<IStore> readable, CancellationToken cancellationToken)
    {
        if (chain.Newest is not { } log) return;
        var members = readable.Where(store => log.Header.Members.Contains(store.Id)).ToList();
        var whole = 0;
        foreach (var store in members)
        {
            try
            {
                if (await store.LogLengthAsync(log.Name.ToString(), cancellationToken) != chain.NewestEndOffset) continue;
                // Nothing is appended, but all is synced: what a process wrote and died over before its sync is shown from now on.
                await store.AppendLogAsync(log.Name.ToString(), chain.NewestEndOffset, ReadOnlyMemory<byte>.Empty, cancellationToken);
                whole++;
            }
            catch (BackendException failure)
            {
                logger.LogWarning(failure, "The copy of {Log} on {Location} could not be synced.", log.Name, store.Location);
            }
        }

        if (whole == members.Count) return;
        var healing = await new JournalHealer(keyring!, logger).RunAsync(log, members, repair: true, cancellationToken);
        var good = members.Count - healing.Bad.Length + healing.Healed.Length;
        logger.LogInformation("Log {Log}: {Bad} copies were short or damaged, {Healed} were mended.", log.Name, healing.Bad.Length, healing.Healed.Length);
        if (good < log.Header.Quorum)
            logger.LogWarning("Log {Log} is whole on {Good} stores, fewer than its quorum of {Quorum}.", log.Name, good, log.Header.Quorum);
    }

    /// <summary>Puts the stores into the set: those the database knows, with or without a disk today, and those that are new.</summary>
    /// <returns>Rows to be written: new stores, and known ones that moved.</returns>
    private async Task<ImmutableArray<StoreRow>> AddStoresAsync(CancellationToken cancellationToken)
    {
        var rows = await metadata!.ReadStoresAsync(cancellationToken);
        var (known, changes) = StoreRoll.Call(rows, opened, logger);
        foreach (var (row, place) in known)
            stores!.Add(place?.Endpoint ?? options.Locate?.Invoke(row.Location) ?? new UnconfiguredEndpoint(row.Location), row.Id, place?.Store, row.State, place is null ? "It is not among the configured disks." : place.IsBlank ? "There is a blank directory in its place." : place.Failure);
        var added = ImmutableArray.CreateBuilder<StoreRow>();
        added.AddRange(changes);
        foreach (var blank in StoreRoll.Joining(rows, opened.RemoveAll(one => one.IsBlank && options.AreStoresDefault), logger))
        {
            var store = blank.Store ?? await CreateStoreAsync(blank.Endpoint, new(keyring!.Identity), cancellationToken);
            opened = opened.Replace(blank, blank with { Store = store, IsBlank = false });
            await KeyringReplicas.HealAsync(keyring!, root, [(store, null)], logger, cancellationToken);
            stores!.Add(blank.Endpoint, store.Id, store, StoreState.Active);
            added.Add(new() { Id = store.Id, Location = blank.Endpoint.Location, State = StoreState.Active });
        }

        return added.ToImmutable();
    }

    private async Task StartMetadataAsync(IJournal target, JournalPosition end)
    {
        try
        {
            await metadata!.StartAsync(target, end.Generation);
        }
        catch (InvalidOperationException failure)
        {
            throw new StartRefusedException(StartRefusal.JournalDamaged, $"Database and journal do not fit together. {failure.Message}", failure);
        }
    }
}
