using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Changes the keyring: in a copy first, which takes effect when a majority of the stores and the data directory hold it durably (docs/formats/keyring.md §8).</summary>
/// <remarks>A crash in between leaves the old keyring, or the new one on a minority: the next start opens the newest that it finds, completes its copies, and nothing was wrapped under a key that is lost.</remarks>
/// <param name="isShared">Whether other gateways may use the keyring: then a change begins with what they have made of it, one gateway makes it at a time, and the others take it over when they learn of it.</param>
internal sealed partial class KeyringKeeper(Keyring keyring, RootKey root, StoreSet stores, string dataDirectory, Func<bool> isShared, TimeProvider time, ILogger<KeyringKeeper> logger) : IDisposable
{
    /// <summary>Why keys are not destroyed under several gateways, and what else to do.</summary>
    public const string SharedRefusal =
        "Other gateways may share the metadata database, and requests of theirs may still bring keys under this one. Stop all of them, oort recover into a new data directory, destroy keys there, and move to an empty database with oort metadata migrate.";

    /// <summary>How often the stores are looked at for keys with names that are not known here.</summary>
    private static readonly TimeSpan NamedLookInterval = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim one = new(1, 1);
    private DateTimeOffset lastNamedLook;

    /// <summary>For tests: called before each write of a change, with what it is.</summary>
    internal Action<string>? Reached { get; set; }

    /// <summary>The data directory's copy.</summary>
    public string LocalPath => Path.Combine(dataDirectory, DirectoryIdentity.KeyringFileName);

    /// <summary>Keeps the keyring from being changed until the result is disposed.</summary>
    public async ValueTask<IDisposable> HoldAsync(CancellationToken cancellationToken)
    {
        await one.WaitAsync(cancellationToken);
        return new Hold(one);
    }

    /// <summary>Whether other gateways may use the keyring.</summary>
    public bool IsShared => isShared();

    /// <exception cref="KeyChangeException">Keys cannot be changed under several gateways.</exception>
    public void RequireAlone()
    {
        if (isShared()) throw new KeyChangeException(SharedRefusal);
    }

    public KeyringCopy Compare(byte[]? copy) => KeyringReplicas.Compare(keyring, root, copy);

    public KeyringCopy CompareLocal() => Compare(DurableFile.Read(LocalPath));

    public byte[] Seal() => keyring.Seal(root);

    public void WriteLocal() => DurableFile.Write(LocalPath, Seal());

    public void Dispose() => one.Dispose();

    /// <summary>Takes over what another gateway has made of the keyring, if it has.</summary>
    /// <param name="version">The key that is needed: with it here nothing is done.</param>
    /// <exception cref="MetadataUnavailableException">Too few stores can be reached; nothing has changed.</exception>
    public async ValueTask LearnAsync(int version, CancellationToken cancellationToken)
    {
        using var hold = await HoldAsync(cancellationToken);
        // Many may have waited for the same.
        if (!keyring.HasKeyVersion(version)) await LearnHeldAsync(cancellationToken);
    }

    /// <summary>The same for a key with a name, which anybody may ask for who writes: the stores are looked at no more often than every <see cref="NamedLookInterval"/>.</summary>
    /// <exception cref="MetadataUnavailableException">Too few stores can be reached; nothing has changed.</exception>
    public async ValueTask LearnNamedAsync(CancellationToken cancellationToken)
    {
        if (!isShared()) return;
        using var hold = await HoldAsync(cancellationToken);
        var now = time.GetUtcNow();
        if (now - lastNamedLook < NamedLookInterval) return;
        lastNamedLook = now;
        await LearnHeldAsync(cancellationToken);
    }

    /// <exception cref="MetadataUnavailableException">Too few stores took it; nothing has changed.</exception>
    /// <remarks>0. Other gateways' changes come first. 1. Change a copy. 2. Put it on the stores. 3. In the data directory. 4. Use it.</remarks>
    public async ValueTask ChangeAsync(Action<Keyring> change, CancellationToken cancellationToken)
    {
        using var hold = await HoldAsync(cancellationToken);

        // 0.
        if (isShared()) await LearnHeldAsync(cancellationToken);

        // 1.
        if (!Keyring.TryOpen(keyring.Seal(root), root, out var copy, out var error)) throw new InvalidOperationException($"The keyring does not open with its own root: {error}.");
        using var changed = copy;
        change(changed);
        var bytes = changed.Seal(root);

        // 2.
        var holders = stores.Slots.Where(slot => slot.State != StoreState.Removed).ToList();
        var taken = await Task.WhenAll(holders.Select(slot => PutAsync(slot.Id, bytes, cancellationToken)));
        var count = taken.Count(one => one);
        if (count <= holders.Count / 2)
            throw new MetadataUnavailableException(string.Create(CultureInfo.InvariantCulture, $"Only {count} of {holders.Count} stores took the changed keyring; more than half must. The present one stays in force."));

        // 3. From here on nobody may take it back.
        Reached?.Invoke("writing");
        DurableFile.Write(LocalPath, bytes);
        Reached?.Invoke("written");

        // 4.
        keyring.TakeOver(changed);
        LogChanged(logger, keyring.Generation, keyring.CurrentKeyVersion, count, holders.Count);
    }

    /// <summary>1. The newest copy. 2. A change that broke off half-way may be on few stores only: it is put on a majority before anything is wrapped under its key. 3. In the data directory. 4. It is used.</summary>
    private async ValueTask LearnHeldAsync(CancellationToken cancellationToken)
    {
        // 1.
        var holders = stores.Slots.Where(slot => slot.State != StoreState.Removed).ToList();
        var copies = await KeyringReplicas.ReadAsync([.. holders.Where(slot => slot.TakesReads).Select(slot => slot.Store).OfType<IStore>()], logger, cancellationToken);
        if (!Keyring.TryOpenNewest(copies.Select(copy => copy.Bytes).OfType<byte[]>().Select(bytes => (ReadOnlyMemory<byte>)bytes), root, out var newest, out _)) return;
        using var learned = newest;
        if (learned.Identity != keyring.Identity || learned.Generation <= keyring.Generation) return;

        // 2.
        var count = await KeyringReplicas.HealAsync(learned, root, copies, logger, cancellationToken);
        if (count <= holders.Count / 2)
            throw new MetadataUnavailableException(string.Create(CultureInfo.InvariantCulture, $"Only {count} of {holders.Count} stores have the keyring that another gateway has changed; more than half must. The present one stays in force."));

        // 3.
        DurableFile.Write(LocalPath, learned.Seal(root));

        // 4.
        keyring.TakeOver(learned);
        LogLearned(logger, keyring.Generation, keyring.CurrentKeyVersion);
    }

    /// <summary>Stores whose copy is not the present keyring, or that cannot be asked: they may still hold keys that were destroyed.</summary>
    public async ValueTask<IReadOnlyList<string>> OutdatedAsync(CancellationToken cancellationToken)
    {
        var outdated = new List<string>();
        foreach (var slot in stores.Slots.Where(slot => slot.State != StoreState.Removed))
        {
            try
            {
                if (stores.Find(slot.Id) is { } store && await store.GetBlobAsync(KeyringReplicas.BlobName, cancellationToken) is { } bytes && Compare(bytes) == KeyringCopy.Current) continue;
            }
            catch (BackendException failure)
            {
                stores.Report(slot.Id, failure);
            }

            outdated.Add(slot.Status.Location);
        }

        return outdated;
    }

    private async Task<bool> PutAsync(StoreId id, byte[] bytes, CancellationToken cancellationToken)
    {
        if (stores.Find(id) is not { } store) return false;
        try
        {
            Reached?.Invoke("putting");
            await store.PutBlobAsync(KeyringReplicas.BlobName, bytes, cancellationToken);
            return true;
        }
        catch (BackendException failure)
        {
            stores.Report(id, failure);
            LogNotTaken(logger, store.Location, failure);
            return false;
        }
    }

    private sealed class Hold(SemaphoreSlim one) : IDisposable
    {
        public void Dispose() => one.Release();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Keyring of generation {Generation} with key version {Version} is on {Count} of {Total} stores and in force.")]
    private static partial void LogChanged(ILogger logger, ulong generation, int version, int count, int total);

    [LoggerMessage(Level = LogLevel.Information, Message = "Keyring of generation {Generation} with key version {Version}, which another gateway has made, is in force here too.")]
    private static partial void LogLearned(ILogger logger, ulong generation, int version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The changed keyring could not be written to {Location}; the check of copies does it later.")]
    private static partial void LogNotTaken(ILogger logger, string location, Exception failure);
}
