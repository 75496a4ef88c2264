using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata.Sqlite.Recovery;

namespace Oort.Objects;

/// <summary>Builds the database of a restore: a base, and the whole journal behind it.</summary>
/// <remarks>The base is the backup as long as the journal reaches back to it. A snapshot on the stores that is newer takes its place otherwise: what lies between was dropped when it was written.</remarks>
internal sealed class RestoredBuild(GatewayId gateway, ImmutableArray<IStore> stores, Keyring keyring, string path, TimeProvider time, IProgress<RecoveryProgress>? progress, ILogger logger)
{
    public ulong BaseGeneration { get; private set; }

    public ulong Generation { get; private set; }

    public long Records { get; private set; }

    /// <summary>Builds it at the path.</summary>
    /// <param name="loaded">With all batches of the backup.</param>
    /// <exception cref="RestoreRefusedException">No base has a journal without a gap behind it; nothing is left of the attempts.</exception>
    public async Task RunAsync(SnapshotManifest backup, MetadataRebuilder loaded, CancellationToken cancellationToken)
    {
        var reader = new SnapshotReader(stores, keyring, logger);
        var snapshots = await reader.FindAsync(cancellationToken);
        var catalogue = await JournalCatalogue.ReadAsync(stores, keyring, logger, cancellationToken);
        if (snapshots.IsEmpty && catalogue.Logs.IsEmpty) throw new RestoreRefusedException("The disks hold neither a snapshot nor a journal of this cluster: they are not all there, or not its.");
        RequireAlone(catalogue, [.. snapshots.Select(snapshot => snapshot.Manifest), backup]);

        var newest = snapshots.IsEmpty ? 0 : snapshots[0].Manifest.Generation;
        var reason = await TryReplayAsync(loaded, backup.Generation, newest, catalogue, cancellationToken);
        foreach (var snapshot in snapshots.Where(snapshot => snapshot.Manifest.Generation > backup.Generation))
        {
            if (reason is null) return;
            logger.LogWarning("The journal does not reach back to generation {Backup} ({Reason}); the snapshot of generation {Snapshot} is tried.", backup.Generation, reason, snapshot.Manifest.Generation);
            loaded.Dispose();
            using var rebuilder = MetadataRebuilder.Create(path, snapshot.Manifest.Generation, time);
            try
            {
                await foreach (var batch in reader.ReadAsync(snapshot, cancellationToken)) rebuilder.ApplySnapshot(batch.Changes.Span);
            }
            catch (BackendException failure)
            {
                logger.LogWarning(failure, "The snapshot of generation {Generation} cannot be used.", snapshot.Manifest.Generation);
                continue;
            }

            reason = await TryReplayAsync(rebuilder, snapshot.Manifest.Generation, newest, catalogue, cancellationToken);
        }

        if (reason is not null)
            throw new RestoreRefusedException(string.Create(CultureInfo.InvariantCulture, $"Changes after the backup (generation {backup.Generation}) would be lost: {reason} The database is as it was. Attach the missing disks; or rebuild into a new directory with oort recover, which says what would be lost."));
    }

    /// <returns>Why what was built would lack something; null when it is whole, and at its path.</returns>
    private async Task<string?> TryReplayAsync(MetadataRebuilder rebuilder, ulong after, ulong newestSnapshot, JournalCatalogue catalogue, CancellationToken cancellationToken)
    {
        long records = 0;
        if (JournalChain.Split(catalogue, keyring, logger).FirstOrDefault(chain => chain.Gateway == gateway) is { } chain)
        {
            await foreach (var entry in chain.ReadAsync(after, cancellationToken))
            {
                rebuilder.ApplyEntry(entry);
                if (++records % 100 == 0) progress?.Report(new("replaying the journal", records, 0));
            }

            if (chain.Findings is [{ } finding, ..]) return finding.Text;
        }

        // Logs before a snapshot are dropped: where none is left, nothing tells of a gap.
        if (rebuilder.HighestGeneration < newestSnapshot) return string.Create(CultureInfo.InvariantCulture, $"The journal before the snapshot of generation {newestSnapshot} has been dropped.");
        progress?.Report(new("building the database", 0, 0));
        if (rebuilder.Finish() is [{ } problem, ..])
            throw new RestoreRefusedException($"Backup and journal do not make a whole database ({problem.Kind}: {problem.Detail}). The database is as it was; oort recover rebuilds one into a new directory.");
        (BaseGeneration, Generation, Records) = (after, rebuilder.HighestGeneration, records);
        return null;
    }

    /// <summary>Other gateways' changes are ordered among this one's by a shared database alone.</summary>
    private void RequireAlone(JournalCatalogue catalogue, IEnumerable<SnapshotManifest> manifests)
    {
        var retired = manifests.SelectMany(manifest => manifest.Gateways).Where(one => one.IsRetired).Select(one => one.Id).ToHashSet();
        if (retired.Contains(gateway)) throw new RestoreRefusedException("A recovery has put another data directory in the place of this one. Restore into that one.");
        if (catalogue.Logs.FirstOrDefault(log => log.Name.Gateway != gateway && !retired.Contains(log.Name.Gateway)) is { } other)
            throw new RestoreRefusedException($"Another gateway ({other.Name.Gateway}) of this cluster has written a journal too. Put the shared PostgreSQL database's own backup back: the next start gives it what all journals hold beyond it. Or rebuild with oort recover.");
    }
}
