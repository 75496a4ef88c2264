using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Reads a backup that is whole; memory: one part.</summary>
internal sealed class BackupReader : IDisposable
{
    private readonly Stream file;
    private readonly Keyring keyring;
    private readonly long[] offsets;

    private BackupReader(Stream file, Keyring keyring, SnapshotManifest manifest, long[] offsets)
    {
        this.file = file;
        this.keyring = keyring;
        this.offsets = offsets;
        Manifest = manifest;
    }

    public SnapshotManifest Manifest { get; }

    /// <summary>Opens a backup and reads all of it, so that nothing has been done when a later part turns out to be bad.</summary>
    /// <param name="file">Can seek. It is closed with the result, or when it is refused.</param>
    /// <exception cref="BackupException">It is not whole, not genuine, or not this cluster's.</exception>
    public static async ValueTask<BackupReader> OpenAsync(Stream file, Keyring keyring, CancellationToken cancellationToken)
    {
        try
        {
            var cluster = BackupHeader.Read(await ReadAsync(file, 0, (int)Math.Min(BackupHeader.Size, file.Length), cancellationToken));
            if (cluster.Value != keyring.Identity) throw new BackupException(BackupFault.OtherCluster, $"It is a backup of cluster {cluster}; this is cluster {new ClusterId(keyring.Identity)}.");
            var manifestAt = await FindManifestAsync(file, cancellationToken);
            if (SnapshotManifest.TryRead(await ReadAsync(file, manifestAt, (int)(file.Length - BackupTrailer.Size - manifestAt), cancellationToken), keyring) is not { } manifest)
                throw new BackupException(BackupFault.Damaged, "Its manifest is damaged, or was not written with this cluster's keys.");
            var offsets = new long[manifest.Parts.Length];
            long at = BackupHeader.Size;
            for (var part = 0; part < offsets.Length; at += manifest.Parts[part++].Length) offsets[part] = at;
            if (at != manifestAt) throw Truncated();
            var reader = new BackupReader(file, keyring, manifest, offsets);
            await foreach (var _ in reader.ReadAsync(cancellationToken)) cancellationToken.ThrowIfCancellationRequested();
            return reader;
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    /// <summary>All batches in order.</summary>
    /// <exception cref="BackupException">It has changed since it was opened.</exception>
    public IAsyncEnumerable<SnapshotBatch> ReadAsync(CancellationToken cancellationToken) =>
        SnapshotBatches.ReadAsync(Manifest, keyring, ReadPartAsync, part => new BackupException(BackupFault.Damaged, $"Part {part} of {offsets.Length} is damaged."), cancellationToken);

    public void Dispose() => file.Dispose();

    private async ValueTask<byte[]?> ReadPartAsync(int part, CancellationToken cancellationToken)
    {
        var bytes = await ReadAsync(file, offsets[part], Manifest.Parts[part].Length, cancellationToken);
        return SnapshotReader.IsPart(bytes, Manifest.Parts[part]) ? bytes : null;
    }

    /// <summary>Where the manifest begins, by the trailer.</summary>
    private static async ValueTask<long> FindManifestAsync(Stream file, CancellationToken cancellationToken)
    {
        if (file.Length < BackupHeader.Size + BackupTrailer.Size) throw Truncated();
        var trailer = BackupTrailer.Read(await ReadAsync(file, file.Length - BackupTrailer.Size, BackupTrailer.Size, cancellationToken));
        if (trailer is not { } size || size > SnapshotManifest.SizeMax || size > file.Length - BackupHeader.Size - BackupTrailer.Size) throw Truncated();
        return file.Length - BackupTrailer.Size - size;
    }

    private static async ValueTask<byte[]> ReadAsync(Stream file, long offset, int length, CancellationToken cancellationToken)
    {
        var bytes = new byte[length];
        file.Position = offset;
        await file.ReadExactlyAsync(bytes, cancellationToken);
        return bytes;
    }

    private static BackupException Truncated() => new(BackupFault.Truncated, "It is cut off, or something was added to it.");
}
