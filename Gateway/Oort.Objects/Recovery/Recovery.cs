using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Collection;
using Oort.Objects.Shards;

namespace Oort.Objects;

/// <summary>Rebuilds a data directory from the stores and the root key alone (<c>oort recover</c>).</summary>
/// <remarks>
/// It can be interrupted anywhere and started again: until its last step the directory says that it is unfinished, and each attempt begins anew from the stores,
/// as another gateway, on which only snapshots and logs of its own are written.
/// </remarks>
public static class Recovery
{
    /// <summary>Epochs opened at most to get above every shard on the stores: each start of a gateway opened one, and only starts whose journal was lost are missing.</summary>
    private const int EpochCountMax = 1_000;

    /// <summary>How often all is read at most: after the first time because of stores that turned up. One named node leads to all others in one step, unless what it holds is old.</summary>
    private const int RoundCountMax = 8;

    /// <summary>Segments whose shards are looked for at the same time: enough to hide a node's round trip, few enough for any disk.</summary>
    private const int LookParallelism = 16;

    /// <summary>Runs a recovery.</summary>
    /// <param name="stores">One endpoint for each disk that is left, and at least one of the nodes.</param>
    /// <exception cref="StartRefusedException">Directory, stores and root key do not fit together, or hold nothing.</exception>
    /// <exception cref="RecoveryLossException">Changes are missing, and that was not accepted.</exception>
    /// <remarks>
    /// 1. Looks at the stores and opens them and the newest keyring. 2. Notes in the directory that a recovery has begun. 3. Rebuilds the database; stores that turn up in it
    /// and can be found are opened, and all is read again with them. 4. Finds the newest epoch that any shard was written in. 5. Opens the system, holds the collector back, opens an epoch above all that was ever seen, and writes a snapshot, which
    /// makes all earlier journals void. 6. Looks for every segment's shards. 7. Says that the directory is whole.
    /// </remarks>
    public static async Task<RecoveryReport> RunAsync(RecoveryOptions options, IReadOnlyList<IStoreEndpoint> stores, RootKey root, TimeProvider time, ILoggerFactory logs, IProgress<RecoveryProgress>? progress, CancellationToken cancellationToken)
    {
        var logger = logs.CreateLogger("Oort.Objects.Recovery");

        // 1.
        CheckDirectory(options.DataDirectory);
        NamespaceRebuild rebuild;
        ImmutableArray<string> problems;
        ImmutableArray<UnreadStore> unread;
        DirectoryIdentity identity;
        ulong newestEpoch;
        await using (var sources = new RecoverySources(options, time, logger))
        {
            await sources.OpenAsync(stores, cancellationToken);
            var keyring = await sources.OpenKeyringAsync(root, cancellationToken);
            try
            {
                // 2.
                identity = new(new(keyring.Identity), GatewayId.Create(RandomNumberGenerator.Fill), DirectoryState.Recovering, 0);
                identity.Write(options.DataDirectory);

                // 3.
                var database = Path.Combine(options.DataDirectory, DirectoryIdentity.DatabaseFileName);
                foreach (var suffix in new[] { "", "-wal", "-shm", "-journal" }) File.Delete(database + suffix);
                for (var round = 1; ; round++)
                {
                    rebuild = new(sources.Readable, keyring, database, time, progress, logger);
                    using (rebuild)
                    {
                        var rows = await rebuild.ReadAsync(cancellationToken);
                        if (round == RoundCountMax || !await sources.FollowAsync(rows, cancellationToken))
                        {
                            problems = rebuild.Finish(options.AcceptLoss);
                            unread = sources.Unread(rows);
                            break;
                        }
                    }

                    var newer = await sources.OpenKeyringAsync(root, cancellationToken);
                    keyring.Dispose();
                    keyring = newer;
                }

                DurableFile.Write(Path.Combine(options.DataDirectory, DirectoryIdentity.KeyringFileName), keyring.Seal(root));

                // 4.
                newestEpoch = await FindNewestEpochAsync(sources.Readable, keyring, progress, logger, cancellationToken);
            }
            finally
            {
                keyring.Dispose();
            }
        }

        // 5.
        await using var opener = new SystemOpener(new() { DataDirectory = options.DataDirectory, OpenTimeout = options.OpenTimeout, Locate = options.Locate, RunWorkers = false }, stores, root, time, logs) { IsRecovery = true };
        var system = await opener.RunAsync(cancellationToken);
        try
        {
            await FinishAsync(system, rebuild, newestEpoch, time, logs, progress, cancellationToken);

            // 6.
            var (segments, degraded, unreadable) = options.CheckSegments ? await CheckSegmentsAsync(system, progress, cancellationToken) : (0, 0, 0);

            // 7.
            (system.Identity with { State = DirectoryState.Whole }).Write(options.DataDirectory);
            return new(identity.Cluster, rebuild.SnapshotGeneration, rebuild.Generation, rebuild.Records, [.. rebuild.Findings], problems, segments, degraded, unreadable, unread);
        }
        finally
        {
            await system.Metadata.DisposeAsync();
            await system.Journal.DisposeAsync();
            await system.Stores.DisposeAsync();
            system.Keyring.Dispose();
        }
    }

    private static void CheckDirectory(string directory)
    {
        var identity = DirectoryIdentity.Read(directory);
        if (identity is { State: not DirectoryState.Recovering })
            throw new StartRefusedException(StartRefusal.Configuration, $"{directory} is a data directory already; recover into a new one, so that nothing is lost.");
        if (identity is null && File.Exists(Path.Combine(directory, DirectoryIdentity.DatabaseFileName)))
            throw new StartRefusedException(StartRefusal.Configuration, $"{directory} holds a database already; recover into a new directory, so that nothing is lost.");
    }

    /// <summary>Lists every shard. Only shards with this cluster's own header count: a store could invent names.</summary>
    private static async Task<ulong> FindNewestEpochAsync(IReadOnlyList<IStore> stores, Keyring keyring, IProgress<RecoveryProgress>? progress, ILogger logger, CancellationToken cancellationToken)
    {
        ulong newest = 0;
        long listed = 0;
        foreach (var store in stores)
        {
            try
            {
                await foreach (var shard in store.ListAsync(cancellationToken))
                {
                    if (++listed % 10_000 == 0) progress?.Report(new("listing the shards", listed, 0));
                    if (shard.Id.Segment.Epoch > newest && await IsGenuineAsync(store, shard.Id, keyring, cancellationToken)) newest = shard.Id.Segment.Epoch;
                }
            }
            catch (BackendException failure)
            {
                logger.LogWarning(failure, "The shards on {Location} could not be listed.", store.Location);
            }
        }

        return newest;
    }

    private static async ValueTask<bool> IsGenuineAsync(IStore store, ShardId shard, Keyring keyring, CancellationToken cancellationToken)
    {
        var header = new byte[ShardHeader.Size];
        if (await store.ReadAsync(shard, 0, header, cancellationToken) != header.Length) return false;
        var segment = new byte[SegmentId.Size];
        shard.Segment.Write(segment);
        using var tagger = keyring.CreateTagger(segment);
        return ShardHeader.Read(header, shard, tagger, out _) == ShardHeaderOutcome.Ok;
    }

    private static async Task FinishAsync(OpenedSystem system, NamespaceRebuild rebuild, ulong newestEpoch, TimeProvider time, ILoggerFactory logs, IProgress<RecoveryProgress>? progress, CancellationToken cancellationToken)
    {
        progress?.Report(new("writing a snapshot", 0, 0));
        var until = time.GetUtcNow() + new ObjectSystemOptions { DataDirectory = "" }.QuarantinePeriod;
        await system.Metadata.PutSettingAsync(Collector.PausedUntilSetting, Encoding.ASCII.GetBytes(until.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)), cancellationToken);
        var epoch = system.Epoch;
        for (var opened = 0; epoch <= newestEpoch; opened++)
        {
            if (opened == EpochCountMax) throw new StartRefusedException(StartRefusal.JournalDamaged, string.Create(CultureInfo.InvariantCulture, $"Shards on the disks name epoch {newestEpoch}, far above the {epoch} that the journals know: too much of the journal is missing."));
            epoch = await system.Metadata.OpenEpochAsync(system.Identity.Gateway.ToString(), cancellationToken);
        }

        using var snapshotter = new Snapshotter(system.Metadata, system.Stores, system.Journal, system.Keyring, system.Identity.Gateway, time, logs.CreateLogger<Snapshotter>()) { Retired = rebuild.Retired };
        await snapshotter.RunAsync(cancellationToken);
    }

    /// <summary>Looks for the shards of every segment. A shard that its store surely does not have loses its place in the row, so that repair finds it.</summary>
    private static async Task<(long Segments, long Degraded, long Unreadable)> CheckSegmentsAsync(OpenedSystem system, IProgress<RecoveryProgress>? progress, CancellationToken cancellationToken)
    {
        const int pageSize = 1_000;
        var total = (await system.Metadata.GetTotalsAsync(cancellationToken)).Segments;
        var (segments, degraded, unreadable) = (0L, 0L, 0L);
        for (var after = default(SegmentId); ;)
        {
            var page = await system.Metadata.ListSegmentsAsync(after, pageSize, notFullOnly: false, store: null, cancellationToken);
            await Parallel.ForEachAsync(page, new ParallelOptions { MaxDegreeOfParallelism = LookParallelism, CancellationToken = cancellationToken }, async (row, stop) =>
            {
                var (present, shards) = await FindShardsAsync(system, row, stop);
                if (present < row.Geometry.DataShards) Interlocked.Increment(ref unreadable);
                else if (present < row.Geometry.TotalShards) Interlocked.Increment(ref degraded);
                if (!shards.SequenceEqual(row.Shards)) await system.Metadata.MoveSegmentAsync(row.Id, row.PlacementGeneration, shards, stop);
            });

            segments += page.Length;
            progress?.Report(new("looking for shards", segments, total));
            if (page.Length < pageSize) return (segments, degraded, unreadable);
            after = page[^1].Id;
        }
    }

    private static async ValueTask<(int Present, ImmutableArray<StoreId> Shards)> FindShardsAsync(OpenedSystem system, SegmentRow row, CancellationToken cancellationToken)
    {
        var length = new ShardLayout(row.Geometry, row.PayloadLength).ShardLength;
        var shards = row.Shards.ToBuilder();
        var present = 0;
        await Task.WhenAll(Enumerable.Range(0, shards.Count).Select(async index =>
        {
            if (shards[index] == StoreId.None) return;
            if (system.Stores.Find(shards[index]) is not { } store)
            {
                // Networks are opened by the next start; their items were in the journal.
                if (await system.Metadata.FindItemOfAsync(shards[index], new(row.Id, (byte)index), cancellationToken) is { Item.Item.IsCopy: true }) Interlocked.Increment(ref present);
                return;
            }

            try
            {
                if (await store.StatAsync(new(row.Id, (byte)index), cancellationToken) == length) Interlocked.Increment(ref present);
                else shards[index] = StoreId.None;
            }
            catch (BackendException failure)
            {
                // Not knowing is not absence: the row keeps the place.
                system.Stores.Report(store.Id, failure);
            }
        }));
        return (present, shards.ToImmutable());
    }
}
