using System.Collections.Immutable;
using System.Globalization;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Writes a backup of the metadata as they are at one instant, while they change (docs/formats/backup.md §5).</summary>
/// <param name="retired">Gateways that a recovery succeeded.</param>
internal sealed class BackupWriter(IMetadataStore metadata, Keyring keyring, GatewayId gateway, ImmutableArray<SnapshotGateway> retired, TimeProvider time)
{
    /// <summary>Writes it from where the stream stands; memory: one part.</summary>
    /// <exception cref="MetadataUnavailableException">The metadata cannot be read now, or the journal does not reach the database.</exception>
    public async Task<SnapshotManifest> RunAsync(Stream target, CancellationToken cancellationToken)
    {
        using var cipher = keyring.BeginSnapshot();
        var parts = ImmutableArray.CreateBuilder<SnapshotPart>();
        SnapshotPartBuffer? buffer = null;
        ulong generation = 0;
        await target.WriteAsync(BackupHeader.ToBytes(new(keyring.Identity)), cancellationToken);
        await foreach (var batch in metadata.ExportAsync(cancellationToken))
        {
            generation = batch.Generation;
            buffer ??= new(new(keyring.Identity), generation, cipher);
            if (!buffer.HasRoom(batch.Changes.Length)) await WritePartAsync();
            buffer.Add(batch.Changes.Span);
        }

        await WritePartAsync();
        await metadata.WaitForJournalAsync(generation, time, cancellationToken);
        var manifest = new SnapshotManifest
        {
            Cluster = new(keyring.Identity),
            Generation = generation,
            Salt = [.. cipher.Salt],
            Created = time.GetUtcNow(),
            BatchCount = buffer?.BatchCount ?? 0,
            Parts = parts.ToImmutable(),
            Gateways = [.. retired, new(gateway, generation, false)],
        };
        var bytes = manifest.ToBytes(cipher);
        await target.WriteAsync(bytes, cancellationToken);
        await target.WriteAsync(BackupTrailer.ToBytes(bytes.Length), cancellationToken);
        return manifest;

        async Task WritePartAsync()
        {
            if (buffer?.Take() is not { } part) return;
            if (parts.Count >= SnapshotManifest.PartCountMax) throw new MetadataUnavailableException(string.Create(CultureInfo.InvariantCulture, $"A backup has at most {SnapshotManifest.PartCountMax} parts."));
            parts.Add(new(part.Length, RecordHash.Of(part)));
            await target.WriteAsync(part, cancellationToken);
        }
    }
}
