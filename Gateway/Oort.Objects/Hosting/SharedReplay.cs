using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Gives a shared database what all journals hold beyond it: only one that was put back to an older state lacks anything.</summary>
/// <remarks>Commits come before journals: whoever has read the journals and then the database finds it ahead of them, whatever other gateways do meanwhile.</remarks>
internal sealed class SharedReplay(IMetadataEngine metadata, Keyring keyring, ILogger logger)
{
    /// <exception cref="StartRefusedException">The journals do not reach back to the database's end, or another gateway writes meanwhile.</exception>
    public async Task RunAsync(JournalCatalogue catalogue, ImmutableArray<SnapshotCopies> snapshots, CancellationToken cancellationToken)
    {
        var retired = snapshots.SelectMany(snapshot => snapshot.Manifest.Gateways).Where(one => one.IsRetired).Select(one => one.Id).ToHashSet();
        var before = metadata.CommittedGeneration;
        ImmutableArray<JournalChain> Chains() => JournalChain.Split(catalogue, keyring, logger).RemoveAll(chain => retired.Contains(chain.Gateway));
        ulong end = 0;
        foreach (var chain in Chains())
        {
            await foreach (var entry in chain.ReadAsync(before, cancellationToken)) end = Math.Max(end, entry.LastGeneration);
        }

        if (end <= await metadata.ReadCommittedAsync(cancellationToken)) return;
        var chains = Chains();
        long replayed = 0;
        try
        {
            await foreach (var (gateway, entry) in JournalMerge.InOrderAsync(chains, before, cancellationToken))
            {
                await metadata.ReplayAsync(gateway.ToString(), entry, cancellationToken);
                replayed++;
            }
        }
        catch (InvalidOperationException failure)
        {
            throw new StartRefusedException(StartRefusal.DatabaseBehind, failure.Message, failure);
        }

        if (chains.SelectMany(chain => chain.Findings).FirstOrDefault(finding => finding.Kind != JournalFindingKind.EndUncertain) is { } gap)
            throw new StartRefusedException(StartRefusal.DatabaseBehind, string.Create(CultureInfo.InvariantCulture, $"The database ended at generation {before}, and the journals do not reach back that far ({gap.Text}) It is an old copy; rebuild it with oort recover."));
        logger.LogWarning("The database ended at generation {Before}; {Count} records of the journals of {Gateways} gateways were replayed into it.", before, replayed, chains.Length);
    }
}
