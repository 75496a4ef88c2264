using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>A snapshot as found: its manifest, and the stores that list something of it.</summary>
internal sealed record SnapshotCopies(SnapshotManifest Manifest, ReadOnlyMemory<byte> ManifestBytes, ImmutableArray<IStore> Stores);

/// <summary>Finds and reads snapshots; each part from any store that has it with the right hash.</summary>
internal sealed class SnapshotReader(IReadOnlyList<IStore> stores, Keyring keyring, ILogger logger)
{
    /// <summary>All snapshots with a valid manifest, the newest first.</summary>
    public async ValueTask<ImmutableArray<SnapshotCopies>> FindAsync(CancellationToken cancellationToken)
    {
        var generations = new SortedDictionary<ulong, List<IStore>>();
        foreach (var store in stores)
        {
            try
            {
                await foreach (var name in store.ListBlobsAsync(SnapshotNames.Prefix, cancellationToken))
                {
                    if (!SnapshotNames.TryParse(name, out var generation, out _)) continue;
                    if (!generations.TryGetValue(generation, out var holders)) generations.Add(generation, holders = []);
                    if (!holders.Contains(store)) holders.Add(store);
                }
            }
            catch (BackendException failure)
            {
                logger.LogWarning(failure, "The snapshots on {Location} could not be listed.", store.Location);
            }
        }

        var found = ImmutableArray.CreateBuilder<SnapshotCopies>();
        foreach (var (generation, holders) in generations.Reverse())
        {
            foreach (var store in holders)
            {
                if (await GetAsync(store, SnapshotNames.Manifest(generation), cancellationToken) is not { } bytes) continue;
                if (SnapshotManifest.TryRead(bytes, keyring) is not { } manifest || manifest.Generation != generation) continue;
                found.Add(new(manifest, bytes, [.. holders]));
                break;
            }
        }

        return found.ToImmutable();
    }

    /// <summary>Reads all batches in order.</summary>
    /// <exception cref="BackendException">Kind Corrupt: a part is whole on no store.</exception>
    public IAsyncEnumerable<SnapshotBatch> ReadAsync(SnapshotCopies snapshot, CancellationToken cancellationToken) =>
        SnapshotBatches.ReadAsync(snapshot.Manifest, keyring, (part, stop) => ReadPartAsync(snapshot, part, stop), part => Corrupt(snapshot.Manifest, part), cancellationToken);

    /// <summary>One part from the first store that has it right; null when none has.</summary>
    public async ValueTask<byte[]?> ReadPartAsync(SnapshotCopies snapshot, int part, CancellationToken cancellationToken)
    {
        foreach (var store in snapshot.Stores)
            if (await GetAsync(store, SnapshotNames.Part(snapshot.Manifest.Generation, part), cancellationToken) is { } bytes && IsPart(bytes, snapshot.Manifest.Parts[part]))
                return bytes;
        return null;
    }

    public static bool IsPart(ReadOnlySpan<byte> bytes, SnapshotPart expected) => bytes.Length == expected.Length && RecordHash.Of(bytes) == expected.Hash;

    /// <summary>A blob; null when the store does not have it or cannot give it.</summary>
    private async ValueTask<byte[]?> GetAsync(IStore store, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await store.GetBlobAsync(name, cancellationToken);
        }
        catch (BackendException failure)
        {
            logger.LogWarning(failure, "{Blob} could not be read from {Location}.", name, store.Location);
            return null;
        }
    }

    private static BackendException Corrupt(SnapshotManifest manifest, int part) =>
        new(BackendErrorKind.Corrupt, $"Part {part} of the snapshot of generation {manifest.Generation} is whole on no store.");
}
