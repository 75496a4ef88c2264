using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Checks what every store holds whole: the keyring, the journal's logs, the newest snapshot; and rewrites bad copies from good ones.</summary>
/// <param name="logsInUse">Logs that this gateway writes.</param>
/// <param name="own">This gateway, where others may be at work beside it; null where it is alone.</param>
internal sealed class CopyScrubber(StoreSet stores, Keyring keyring, KeyringKeeper keeper, Func<IReadOnlyCollection<string>> logsInUse, GatewayId? own, ILogger logger)
{
    /// <summary>Runs once.</summary>
    /// <returns>Copies that were bad or missing, and how many of them were mended.</returns>
    public async ValueTask<(long Bad, long Repaired)> RunAsync(bool repair, FindingList findings, Pacer pacer, CancellationToken cancellationToken)
    {
        var readable = stores.Slots.Where(slot => slot is { TakesReads: true, State: not StoreState.Removed }).Select(slot => slot.Store).OfType<IStore>().ToList();
        var keyrings = await CheckKeyringsAsync(readable, repair, findings, cancellationToken);
        var journals = await CheckJournalsAsync(readable, repair, findings, cancellationToken);
        var snapshots = await CheckSnapshotsAsync(readable, repair, findings, pacer, cancellationToken);
        return (keyrings.Bad + journals.Bad + snapshots.Bad, keyrings.Repaired + journals.Repaired + snapshots.Repaired);
    }

    private async ValueTask<(long Bad, long Repaired)> CheckKeyringsAsync(List<IStore> readable, bool repair, FindingList findings, CancellationToken cancellationToken)
    {
        var (bad, repaired) = (0L, 0L);
        // A change of keys that went on meanwhile would be undone by what was found out before it.
        using var hold = await keeper.HoldAsync(cancellationToken);
        if (keeper.CompareLocal() is not KeyringCopy.Current and var local)
        {
            var isMended = repair && local == KeyringCopy.Bad;
            if (isMended) keeper.WriteLocal();
            Note(keeper.LocalPath, local, isMended);
        }

        foreach (var store in readable)
        {
            var state = KeyringCopy.Bad;
            var (isGood, isMended) = await TryAsync(store, async () =>
            {
                state = keeper.Compare(await GetAsync(store, KeyringReplicas.BlobName, cancellationToken));
                if (state != KeyringCopy.Bad || !repair) return (state == KeyringCopy.Current, false);
                await store.PutBlobAsync(KeyringReplicas.BlobName, keeper.Seal(), cancellationToken);
                return (false, true);
            });
            if (!isGood) Note($"{store.Location}: keyring", state, isMended);
        }

        return (bad, repaired);

        void Note(string where, KeyringCopy state, bool isMended)
        {
            bad++;
            if (isMended) repaired++;
            findings.Add(FindingSeverity.Degraded, where, state == KeyringCopy.Newer
                ? "This copy of the keyring is newer than the one in use: a change of keys broke off. It is left as it is; the next start, or the next change of keys, settles it."
                : "This copy of the keyring is missing, old or damaged.", isMended);
        }
    }

    private async ValueTask<(long Bad, long Repaired)> CheckJournalsAsync(List<IStore> readable, bool repair, FindingList findings, CancellationToken cancellationToken)
    {
        var (bad, repaired) = (0L, 0L);
        var catalogue = await JournalCatalogue.ReadAsync(readable, keyring, logger, cancellationToken);
        var healer = new JournalHealer(keyring, logger);
        foreach (var log in catalogue.Logs)
        {
            // The log that is being written is compared when it has ended; its copies are watched by the journal itself.
            if (logsInUse().Contains(log.Name.ToString())) continue;
            // The newest one of another gateway may be being written too; that gateway watches it, and closes it at its next start.
            if (own is not null && log.Name.Gateway != own && catalogue.Logs.Last(one => one.Name.Gateway == log.Name.Gateway) == log) continue;
            var healing = await healer.RunAsync(log, HoldersOf(log, readable), repair, cancellationToken);
            bad += healing.Bad.Length;
            repaired += healing.Healed.Length;
            foreach (var id in healing.Bad)
                findings.Add(FindingSeverity.Degraded, $"{LocationOf(readable, id)}: {log.Name}", "This copy of the journal log is short or damaged.", healing.Healed.Contains(id));
        }

        return (bad, repaired);
    }

    /// <summary>Who shall hold a log: its members, and for each one that left the cluster another store, or the log would go with the disks that it was written to.</summary>
    private List<IStore> HoldersOf(JournalLogCopies log, List<IStore> readable)
    {
        var gone = log.Header.Members.Count(member => stores.StateOf(member) == StoreState.Removed);
        var others = readable.Where(store => !log.Header.Members.Contains(store.Id) && stores.StateOf(store.Id) == StoreState.Active);
        var substitutes = others.OrderByDescending(store => log.Stores.Any(holder => holder.Id == store.Id)).ThenBy(store => store.Id.Value).Take(gone);
        return [.. readable.Where(store => log.Header.Members.Contains(store.Id)), .. substitutes];
    }

    private async ValueTask<(long Bad, long Repaired)> CheckSnapshotsAsync(List<IStore> readable, bool repair, FindingList findings, Pacer pacer, CancellationToken cancellationToken)
    {
        var (bad, repaired) = (0L, 0L);
        var reader = new SnapshotReader(readable, keyring, logger);
        if ((await reader.FindAsync(cancellationToken)).FirstOrDefault() is not { } newest) return (0, 0);
        var (manifest, count) = (newest.Manifest, newest.Manifest.Parts.Length);
        // The manifest comes last, as when it was written: a copy of it without its parts would claim too much.
        for (var part = 0; part <= count; part++)
        {
            var isManifest = part == count;
            var name = isManifest ? SnapshotNames.Manifest(manifest.Generation) : SnapshotNames.Part(manifest.Generation, part);
            var good = isManifest ? newest.ManifestBytes : await reader.ReadPartAsync(newest, part, cancellationToken);
            if (good.IsEmpty)
            {
                findings.Add(FindingSeverity.Degraded, name, "This part of the snapshot is whole on no store; the next snapshot takes its place.");
                bad++;
                continue;
            }

            foreach (var store in readable)
            {
                await pacer.SpendAsync(good.Length, cancellationToken);
                var (isGood, isMended) = await TryAsync(store, async () =>
                {
                    if (await GetAsync(store, name, cancellationToken) is { } copy && copy.AsSpan().SequenceEqual(good.Span)) return (true, false);
                    if (!repair) return (false, false);
                    await store.PutBlobAsync(name, good, cancellationToken);
                    return (false, true);
                });
                if (isGood) continue;
                bad++;
                if (isMended) repaired++;
                findings.Add(FindingSeverity.Degraded, string.Create(CultureInfo.InvariantCulture, $"{store.Location}: {name}"), "This copy of a part of the snapshot is missing or damaged.", isMended);
            }
        }

        return (bad, repaired);
    }

    /// <summary>A blob; null also when the store itself finds that it is damaged.</summary>
    private static async ValueTask<byte[]?> GetAsync(IStore store, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await store.GetBlobAsync(name, cancellationToken);
        }
        catch (BackendException failure) when (failure.Kind is BackendErrorKind.Corrupt or BackendErrorKind.NotFound)
        {
            return null;
        }
    }

    /// <summary>Checks one copy; a store that fails meanwhile has a copy that is neither known to be good nor mended.</summary>
    private async ValueTask<(bool IsGood, bool IsMended)> TryAsync(IStore store, Func<Task<(bool, bool)>> check)
    {
        try
        {
            return await check();
        }
        catch (BackendException failure)
        {
            stores.Report(store.Id, failure);
            logger.LogWarning(failure, "A copy on {Location} could not be checked or mended.", store.Location);
            return (false, false);
        }
    }

    private static string LocationOf(List<IStore> stores, StoreId id) => stores.Find(store => store.Id == id)?.Location ?? id.ToString();
}
