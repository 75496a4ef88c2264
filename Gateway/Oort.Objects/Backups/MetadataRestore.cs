using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Metadata.Sqlite.Recovery;

namespace Oort.Objects;

/// <summary>Puts a backup of the metadata in the place of a data directory's database, or into an empty one on PostgreSQL, and gives it all that the journal holds beyond it (<c>oort metadata restore</c>).</summary>
/// <remarks>
/// Nothing acknowledged is lost by it: where the journal has a gap it is refused. So the collector, which the next start runs, never sees a state older than the journal, and that start's epoch is above every earlier one.
/// </remarks>
public static class MetadataRestore
{
    /// <summary>Runs a restore.</summary>
    /// <param name="stores">One endpoint for each disk.</param>
    /// <exception cref="RestoreRefusedException">The backup, the directory or the journal is not as it must be; nothing has changed.</exception>
    /// <exception cref="StartRefusedException">Directory, disks and root key do not fit together; nothing has changed.</exception>
    public static Task<RestoreReport> RunAsync(RestoreOptions options, IReadOnlyList<IStoreEndpoint> stores, RootKey root, TimeProvider time, ILoggerFactory logs, IProgress<RecoveryProgress>? progress, CancellationToken cancellationToken) =>
        RunAsync(options, stores, root, time, logs, progress, null, cancellationToken);

    /// <param name="reached">For tests: called after each step that writes.</param>
    /// <remarks>1. The directory and its keyring. 2. The backup, all of it. 3. The disks. 4. A database beside the present one, from the backup and the journal. 5. It takes the present one's place, or goes to PostgreSQL.</remarks>
    internal static async Task<RestoreReport> RunAsync(
        RestoreOptions options, IReadOnlyList<IStoreEndpoint> stores, RootKey root, TimeProvider time, ILoggerFactory logs, IProgress<RecoveryProgress>? progress, Action<string>? reached, CancellationToken cancellationToken)
    {
        var logger = logs.CreateLogger("Oort.Objects.MetadataRestore");

        // 1.
        RestoredDatabase.TakeOver(options.DataDirectory);
        var identity = DirectoryIdentity.Read(options.DataDirectory) is { State: DirectoryState.Whole } whole
            ? whole
            : throw new RestoreRefusedException($"{options.DataDirectory} is no whole data directory. A backup takes the place of a lost or damaged database in one; without the directory, rebuild it from the disks: oort recover.");
        var move = options.MetadataDatabase is { } address ? new RestoredMove(options.DataDirectory, identity, address, time) : null;
        if (move is not null) await move.RequireEmptyAsync(cancellationToken);
        else if (File.Exists(Path.Combine(options.DataDirectory, DirectoryIdentity.MovedFileName)))
            throw new RestoreRefusedException("The metadata of this data directory are in a PostgreSQL database. Name an empty one with --metadata; or put that one's own backup back: the next start gives it what the journals hold beyond it.");
        using var keyring = KeyringReplicas.Open(await ReadKeyringsAsync(options, identity, stores, time, logger, cancellationToken), root);
        if (keyring.Identity != identity.Cluster.Value) throw new StartRefusedException(StartRefusal.OtherCluster, "The data directory's identity and its keyring are of different clusters.");

        // 2.
        progress?.Report(new("checking the backup", 0, 0));
        using var backup = await OpenAsync(options.BackupPath, keyring, cancellationToken);

        // 3.
        var scratch = Path.Combine(options.DataDirectory, RestoredDatabase.ScratchFileName);
        var rebuilder = MetadataRebuilder.Create(scratch, backup.Manifest.Generation, time);
        ImmutableArray<OpenedStore> opened = [];
        try
        {
            await foreach (var batch in backup.ReadAsync(cancellationToken)) rebuilder.ApplySnapshot(batch.Changes.Span);
            opened = await OpenStoresAsync(options, identity, stores, rebuilder.ReadStores(), time, logger, cancellationToken);

            // 4.
            var build = new RestoredBuild(identity.Gateway, [.. opened.Select(one => one.Store).OfType<IStore>()], keyring, scratch, time, progress, logger);
            await build.RunAsync(backup.Manifest, rebuilder, cancellationToken);
            reached?.Invoke("built");

            // 5.
            if (move is not null)
            {
                rebuilder.Dispose();
                await move.RunAsync(scratch, build.Generation, progress, reached, cancellationToken);
                logger.LogWarning("The backup of generation {Backup} has been restored into PostgreSQL, up to generation {Generation}. The next start needs --metadata.", backup.Manifest.Generation, build.Generation);
                return new(backup.Manifest.Generation, backup.Manifest.Created, build.BaseGeneration, build.Generation, build.Records);
            }

            File.Move(scratch, Path.Combine(options.DataDirectory, RestoredDatabase.FileName));
            reached?.Invoke("moved");
            RestoredDatabase.TakeOver(options.DataDirectory, reached);
            logger.LogWarning("The database has been restored from the backup of generation {Backup}, up to generation {Generation}.", backup.Manifest.Generation, build.Generation);
            return new(backup.Manifest.Generation, backup.Manifest.Created, build.BaseGeneration, build.Generation, build.Records);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new RestoreRefusedException($"The restore broke off, and can be begun again: {failure.Message} The next start has the old database or the new one, whole.", failure);
        }
        catch (BackupException failure)
        {
            throw new RestoreRefusedException($"{options.BackupPath} has changed while it was read. {failure.Message}", failure);
        }
        catch (MetadataFormatException failure)
        {
            throw new RestoreRefusedException($"{options.BackupPath}, or the journal, holds rows that cannot be read: {failure.Message}", failure);
        }
        finally
        {
            rebuilder.Dispose();
            await OpenedStore.CloseAsync(opened);
            foreach (var suffix in new[] { "", "-wal", "-shm" }) File.Delete(scratch + suffix);
        }
    }

    /// <summary>The data directory's copy; where that is lost, the disks'.</summary>
    private static async Task<IReadOnlyList<byte[]>> ReadKeyringsAsync(RestoreOptions options, DirectoryIdentity identity, IReadOnlyList<IStoreEndpoint> stores, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        if (DurableFile.Read(Path.Combine(options.DataDirectory, DirectoryIdentity.KeyringFileName)) is { } local) return [local];
        var opened = await OpenStoresAsync(options, identity, stores, [], time, logger, cancellationToken);
        try
        {
            var copies = await KeyringReplicas.ReadAsync([.. opened.Select(one => one.Store).OfType<IStore>()], logger, cancellationToken);
            return [.. copies.Select(copy => copy.Bytes).OfType<byte[]>()];
        }
        finally
        {
            await OpenedStore.CloseAsync(opened);
        }
    }

    private static async Task<BackupReader> OpenAsync(string path, Keyring keyring, CancellationToken cancellationToken)
    {
        try
        {
            return await BackupReader.OpenAsync(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, useAsync: true), keyring, cancellationToken);
        }
        catch (Exception failure) when (failure is BackupException or IOException or UnauthorizedAccessException)
        {
            throw new RestoreRefusedException($"{path} cannot be restored. {failure.Message}", failure);
        }
    }

    /// <summary>The disks that were given, and those that the backup knows.</summary>
    private static async Task<ImmutableArray<OpenedStore>> OpenStoresAsync(
        RestoreOptions options, DirectoryIdentity identity, IReadOnlyList<IStoreEndpoint> given, ImmutableArray<StoreRow> rows, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var located = rows.Where(row => row.State != StoreState.Removed && given.All(endpoint => endpoint.Location != row.Location)).Select(row => options.Locate?.Invoke(row.Location)).OfType<IStoreEndpoint>();
        var found = await OpenedStore.FindAllAsync([.. given, .. located], options.OpenTimeout, time, logger, cancellationToken);
        if (OpenedStore.CommonCluster(found) is { } cluster && cluster != identity.Cluster)
            throw new StartRefusedException(StartRefusal.OtherCluster, $"The data directory belongs to cluster {identity.Cluster}, the disks to {cluster}. Give the disks of that cluster.");
        var opened = await OpenedStore.OpenAllAsync(found, identity.Cluster, options.OpenTimeout, time, logger, cancellationToken);
        if (opened.Any(one => one.Store is not null)) return opened;
        throw new RestoreRefusedException(string.Create(CultureInfo.InvariantCulture, $"None of the {opened.Length} disks can be read, and without their journal what came after the backup would be lost. Mount them, or name others with --disk."));
    }
}
