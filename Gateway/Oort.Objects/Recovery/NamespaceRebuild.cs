using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Metadata.Sqlite.Recovery;

namespace Oort.Objects;

/// <summary>The database's part of a recovery: newest whole snapshot, then every record of every gateway that is newer.</summary>
internal sealed class NamespaceRebuild(IReadOnlyList<IStore> stores, Keyring keyring, string databasePath, TimeProvider time, IProgress<RecoveryProgress>? progress, ILogger logger) : IDisposable
{
    private readonly List<JournalFinding> findings = [];
    private MetadataRebuilder? rebuilder;

    /// <summary>Only these rows; null: all.</summary>
    public RebuildSample? Sample { get; init; }

    public IReadOnlyList<JournalFinding> Findings => findings;

    public ulong SnapshotGeneration { get; private set; }

    public ulong Generation { get; private set; }

    public long Records { get; private set; }

    /// <summary>All gateways that were met, succeeded from now on.</summary>
    public ImmutableArray<SnapshotGateway> Retired { get; private set; } = [];

    /// <summary>Reads snapshot and journals into a staging file beside the database.</summary>
    /// <returns>The cluster's stores by what was read: some of them may have to be read too.</returns>
    /// <exception cref="StartRefusedException">The stores hold neither snapshot nor journal.</exception>
    public async Task<ImmutableArray<StoreRow>> ReadAsync(CancellationToken cancellationToken)
    {
        var snapshots = await new SnapshotReader(stores, keyring, logger).FindAsync(cancellationToken);
        var catalogue = await JournalCatalogue.ReadAsync(stores, keyring, logger, cancellationToken);
        if (snapshots.IsEmpty && catalogue.Logs.IsEmpty)
            throw new StartRefusedException(StartRefusal.TooFewStores, "The stores hold neither a snapshot nor a journal of this cluster. Attach the other disks and nodes.");

        (rebuilder, var manifest) = await LoadSnapshotAsync(snapshots, cancellationToken);
        await ReplayAsync(rebuilder, catalogue, manifest, cancellationToken);
        return rebuilder.ReadStores();
    }

    /// <summary>Makes the database of what was read.</summary>
    /// <param name="acceptLoss">False: findings end it, and nothing is left.</param>
    /// <returns>What was wrong with rows.</returns>
    /// <exception cref="RecoveryLossException">There are findings, and losses are not accepted.</exception>
    public ImmutableArray<string> Finish(bool acceptLoss)
    {
        if (findings.Count > 0 && !acceptLoss) throw new RecoveryLossException([.. findings]);
        progress?.Report(new("building the database", 0, 0));
        Generation = rebuilder!.HighestGeneration;
        return [.. rebuilder.Finish().Select(problem => $"{problem.Kind}: {problem.Detail}")];
    }

    /// <summary>Removes what is staged.</summary>
    public void Dispose() => rebuilder?.Dispose();

    /// <summary>The newest snapshot of which every part is whole on some store. Older ones are tried in turn: the journal then has a gap, which is reported.</summary>
    private async Task<(MetadataRebuilder, SnapshotManifest?)> LoadSnapshotAsync(ImmutableArray<SnapshotCopies> snapshots, CancellationToken cancellationToken)
    {
        foreach (var snapshot in snapshots)
        {
            var rebuilder = MetadataRebuilder.Create(databasePath, snapshot.Manifest.Generation, time, Sample);
            try
            {
                long batches = 0;
                await foreach (var batch in new SnapshotReader(stores, keyring, logger).ReadAsync(snapshot, cancellationToken))
                {
                    rebuilder.ApplySnapshot(batch.Changes.Span);
                    progress?.Report(new("reading the snapshot", ++batches, snapshot.Manifest.BatchCount));
                }

                SnapshotGeneration = snapshot.Manifest.Generation;
                return (rebuilder, snapshot.Manifest);
            }
            catch (Exception failure) when (failure is BackendException or MetadataFormatException)
            {
                rebuilder.Dispose();
                logger.LogWarning(failure, "The snapshot of generation {Generation} cannot be used.", snapshot.Manifest.Generation);
            }
            catch
            {
                rebuilder.Dispose();
                throw;
            }
        }

        return (MetadataRebuilder.Create(databasePath, 0, time, Sample), null);
    }

    /// <summary>Applies the journals of all gateways: of those that succeeded one another, and of those that worked side by side. Of a row's changes the newest holds.</summary>
    private async Task ReplayAsync(MetadataRebuilder rebuilder, JournalCatalogue catalogue, SnapshotManifest? manifest, CancellationToken cancellationToken)
    {
        var known = manifest?.Gateways ?? [];
        var retired = known.Where(one => one.IsRetired).ToDictionary(one => one.Id);
        var covered = SnapshotGeneration;
        foreach (var chain in JournalChain.Split(catalogue, keyring, logger).OrderBy(chain => chain.Oldest?.Header.PreviousGeneration ?? 0))
        {
            if (retired.ContainsKey(chain.Gateway)) continue;
            // Gateways side by side begin anywhere in history; one that succeeded others by a recovery begins behind what was found of them.
            var after = Math.Max(SnapshotGeneration, Math.Min(covered, chain.Oldest?.Header.PreviousGeneration ?? 0));
            await foreach (var entry in chain.ReadAsync(after, cancellationToken))
            {
                rebuilder.ApplyEntry(entry);
                if (++Records % 100 == 0) progress?.Report(new("replaying the journal", Records, 0));
            }

            findings.AddRange(chain.Findings);
            covered = Math.Max(covered, chain.End.Generation);
            retired[chain.Gateway] = new(chain.Gateway, chain.End.Generation, IsRetired: true);
        }

        foreach (var gateway in known) retired.TryAdd(gateway.Id, gateway with { IsRetired = true });
        Retired = [.. retired.Values.OrderBy(one => one.LastGeneration).TakeLast(SnapshotManifest.GatewayCountMax - 1)];
        logger.LogInformation("{Records} journal records were replayed on the snapshot of generation {Generation}; the newest change is {Newest}.", Records, SnapshotGeneration.ToString(CultureInfo.InvariantCulture), covered);
    }
}
