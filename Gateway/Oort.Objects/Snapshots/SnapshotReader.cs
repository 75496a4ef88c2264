using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
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
    public async IAsyncEnumerable<SnapshotBatch> ReadAsync(SnapshotCopies snapshot, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var manifest = snapshot.Manifest;
        using var cipher = keyring.OpenSnapshot(manifest.Salt.AsSpan());
        uint number = 0;
        for (var part = 0; part < manifest.Parts.Length; part++)
        {
            var bytes = await ReadPartAsync(snapshot, part, cancellationToken) ?? throw Corrupt(manifest, part);
            for (var at = SnapshotPartBuffer.HeaderSize; at < bytes.Length; number++)
            {
                if (bytes.Length - at < SnapshotPartBuffer.FrameSize + RecordCipher.Overhead) throw Corrupt(manifest, part);
                var frame = bytes.AsMemory(at, SnapshotPartBuffer.FrameSize);
                var length = BinaryPrimitives.ReadUInt32BigEndian(frame.Span);
                at += SnapshotPartBuffer.FrameSize;
                if (length < RecordCipher.Overhead || length > bytes.Length - at || BinaryPrimitives.ReadUInt32BigEndian(frame.Span[4..]) != number) throw Corrupt(manifest, part);
                var batch = new byte[length - RecordCipher.Overhead];
                if (!cipher.TryOpen(number, frame.Span, bytes.AsSpan(at, (int)length), batch)) throw Corrupt(manifest, part);
                at += (int)length;
                yield return new(manifest.Generation, batch);
            }
        }

        if (number != manifest.BatchCount) throw Corrupt(manifest, manifest.Parts.Length);
    }

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
