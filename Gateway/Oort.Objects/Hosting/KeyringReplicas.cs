using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;

namespace Oort.Objects;

/// <summary>The copies of the sealed keyring: one on every store, under the name "keyring", and one in the data directory.</summary>
internal static class KeyringReplicas
{
    public const string BlobName = "keyring";

    /// <summary>Reads the copies that can be read.</summary>
    /// <returns>By store; null bytes where the store has none.</returns>
    public static async ValueTask<ImmutableArray<(IStore Store, byte[]? Bytes)>> ReadAsync(IReadOnlyList<IStore> stores, ILogger logger, CancellationToken cancellationToken)
    {
        var copies = await Task.WhenAll(stores.Select(async store =>
        {
            try
            {
                return (store, Bytes: await store.GetBlobAsync(BlobName, cancellationToken), Read: true);
            }
            catch (BackendException failure)
            {
                logger.LogWarning(failure, "The keyring on {Location} could not be read.", store.Location);
                return (store, Bytes: null, Read: false);
            }
        }));
        return [.. copies.Where(copy => copy.Read).Select(copy => (copy.store, copy.Bytes))];
    }

    /// <summary>Opens the newest good copy.</summary>
    /// <exception cref="StartRefusedException">None can be opened, or they belong to several clusters.</exception>
    public static Keyring Open(IEnumerable<byte[]> replicas, RootKey root)
    {
        var all = replicas.ToList();
        if (Keyring.TryOpenNewest(all.Select(bytes => (ReadOnlyMemory<byte>)bytes), root, out var keyring, out var error)) return keyring;
        throw error switch
        {
            KeyringError.WrongRoot => new StartRefusedException(StartRefusal.WrongRoot, "The recovery phrase (root key) is not the one that this data was made with."),
            KeyringError.Mixed => new StartRefusedException(StartRefusal.OtherCluster, "The stores belong to different clusters; give only the disks of one."),
            KeyringError.UnknownVersion => new StartRefusedException(StartRefusal.Configuration, "The keyring was written by a newer version of this program; run that one."),
            _ => new StartRefusedException(StartRefusal.HalfDirectory, string.Create(CultureInfo.InvariantCulture, $"None of the {all.Count} keyrings that were found is whole ({error}); without one nothing can be read. Attach a disk that has a good copy.")),
        };
    }

    /// <summary>Puts the present keyring wherever it is missing, old or damaged. A newer one is left: whoever wrote it may have keys under it that this process does not know.</summary>
    /// <returns>Stores that took it; those that already had it included.</returns>
    public static async ValueTask<int> HealAsync(Keyring keyring, RootKey root, ImmutableArray<(IStore Store, byte[]? Bytes)> copies, ILogger logger, CancellationToken cancellationToken)
    {
        var good = 0;
        byte[]? sealedBytes = null;
        foreach (var (store, bytes) in copies)
        {
            switch (Compare(keyring, root, bytes))
            {
                case KeyringCopy.Current:
                    good++;
                    continue;
                case KeyringCopy.Newer:
                    logger.LogWarning("The keyring on {Location} is newer than the one in use; it is left as it is.", store.Location);
                    continue;
            }

            sealedBytes ??= keyring.Seal(root);
            try
            {
                await store.PutBlobAsync(BlobName, sealedBytes, cancellationToken);
                good++;
                logger.LogInformation("The keyring was written to {Location}.", store.Location);
            }
            catch (BackendException failure)
            {
                logger.LogWarning(failure, "The keyring could not be written to {Location}; that disk holds no current copy.", store.Location);
            }
        }

        return good;
    }

    /// <summary>How a copy compares with the keyring in memory: of a generation that reached only a minority there may be two.</summary>
    /// <param name="bytes">Null: there is none.</param>
    public static KeyringCopy Compare(Keyring keyring, RootKey root, byte[]? bytes)
    {
        if (bytes is null || !Keyring.TryOpen(bytes, root, out var opened, out _)) return KeyringCopy.Bad;
        using (opened)
        {
            if (keyring.IsSameAs(opened)) return KeyringCopy.Current;
            return opened.Identity == keyring.Identity && opened.Generation > keyring.Generation ? KeyringCopy.Newer : KeyringCopy.Bad;
        }
    }
}

/// <summary>How a copy of the keyring compares with the one in use.</summary>
internal enum KeyringCopy
{
    /// <summary>The same keys.</summary>
    Current,

    /// <summary>Missing, old or damaged: to be written over.</summary>
    Bad,

    /// <summary>Of a later change, which this process did not see through: never to be written over with an older one.</summary>
    Newer,
}
