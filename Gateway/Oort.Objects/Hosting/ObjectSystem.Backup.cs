using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Backups of the metadata.</summary>
public sealed partial class ObjectSystem
{
    /// <summary>Where a backup is written before it is given out: while a slow client read it from the database, that could not be cleaned.</summary>
    private const string SpoolFileName = "metadata.backup";

    private readonly SemaphoreSlim backingUp = new(1, 1);

    /// <summary>That of this start.</summary>
    internal ulong Epoch => parts.Epoch;

    /// <inheritdoc/>
    public async ValueTask<MetadataBackup> BackupMetadataAsync(CancellationToken cancellationToken)
    {
        if (!await backingUp.WaitAsync(TimeSpan.Zero, cancellationToken)) throw new MetadataUnavailableException("Another backup is being taken; try again when it is done.");
        FileStream? spool = null;
        try
        {
            var path = Path.Combine(options.DataDirectory, SpoolFileName);
            // One that a crash left behind.
            File.Delete(path);
            var file = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Options = FileOptions.Asynchronous | FileOptions.DeleteOnClose };
            if (!OperatingSystem.IsWindows()) file.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            spool = new(path, file);
            var manifest = await new BackupWriter(parts.Metadata, parts.Keyring, parts.Identity.Gateway, snapshotter.Retired, time).RunAsync(spool, cancellationToken);
            await spool.FlushAsync(cancellationToken);
            spool.Position = 0;
            return new(manifest.Generation, manifest.Created, spool, backingUp);
        }
        catch (Exception failure)
        {
            if (spool is not null) await spool.DisposeAsync();
            backingUp.Release();
            if (failure is IOException) throw new MetadataUnavailableException($"The backup could not be written into the data directory: {failure.Message}", failure);
            throw;
        }
    }
}

/// <summary>A backup of the metadata, sealed. Until it is disposed no other is taken.</summary>
public sealed class MetadataBackup : IAsyncDisposable
{
    private readonly SemaphoreSlim turn;
    private bool disposed;

    internal MetadataBackup(ulong generation, DateTimeOffset created, Stream content, SemaphoreSlim turn) => (Generation, Created, Content, this.turn) = (generation, created, content, turn);

    /// <summary>Its instant: all changes up to it, none after it.</summary>
    public ulong Generation { get; }

    public DateTimeOffset Created { get; }

    /// <summary>Its bytes, of known length (docs/formats/backup.md).</summary>
    public Stream Content { get; }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true)) return;
        await Content.DisposeAsync();
        turn.Release();
    }
}
