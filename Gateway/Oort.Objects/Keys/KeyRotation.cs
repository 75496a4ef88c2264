using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Wraps all data keys anew under the current key-encryption key, and destroys old ones that nothing uses any more.</summary>
/// <remarks>
/// Safe to stop anywhere: each commit replaces keys only where they are still what was read, and is found done when the pass is taken up again. One round at a time. Memory: one page.
/// </remarks>
internal sealed partial class KeyRotation(IMetadataStore metadata, Keyring keyring, KeyringKeeper keeper, Snapshotter snapshotter, Eras eras, ObjectSystemOptions options, TimeProvider time, ILogger<KeyRotation> logger) : IDisposable
{
    /// <summary>Bytes of rows in one commit: what the journal takes at once without making others wait.</summary>
    private const int CommitBytesMax = 1024 * 1024;

    /// <summary>About what a row and each of its runs take in the journal.</summary>
    private const int RowBytes = 128;
    private const int RunBytes = 40;

    /// <summary>Pages without work after which the place is written down all the same.</summary>
    private const int IdlePagesMax = 50;

    private readonly SemaphoreSlim one = new(1, 1);
    private readonly Dictionary<int, long> eraOf = [];
    private readonly Pacer pacer = new(options.RewrapKeysPerSecond, time);
    private volatile string waiting = "";

    /// <summary>For tests: called after everything that writes, with what it was.</summary>
    internal Action<string>? Reached
    {
        get => keeper.Reached;
        set => keeper.Reached = value;
    }

    /// <summary>Data ids looked at, at a time.</summary>
    internal int PageSize { get; set; } = MetadataLimits.RewrapCountMax;

    /// <summary>Makes a new version. From the return on new data keys are wrapped under it.</summary>
    /// <param name="destroyAfter">When the versions before it shall be destroyed by themselves; null: when they are asked to be.</param>
    /// <exception cref="KeyChangeException">Versions cannot be destroyed under several gateways.</exception>
    /// <remarks>Of several gateways one may do this at a time.</remarks>
    public async ValueTask<int> RotateAsync(TimeSpan? destroyAfter, CancellationToken cancellationToken)
    {
        if (destroyAfter is not null) keeper.RequireAlone();
        await one.WaitAsync(cancellationToken);
        try
        {
            var old = keyring.KeyVersions;
            await keeper.ChangeAsync(changed => changed.RotateKeyEncryptionKey(time), cancellationToken);
            Reached?.Invoke("rotated");
            var state = Aim(await RotationState.LoadAsync(metadata, cancellationToken));
            if (destroyAfter is { } wait) state = state with { Destroy = state.Destroy.SetItems(old.Select(version => KeyValuePair.Create(version, time.GetUtcNow() + wait))) };
            await state.SaveAsync(metadata, cancellationToken);
            Reached?.Invoke("aimed");
            return keyring.CurrentKeyVersion;
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>Asks for the destruction of a version; a round does it when nothing uses it any more.</summary>
    /// <exception cref="KeyChangeException">There is no such version, it is the current one, or other gateways may use it.</exception>
    public async ValueTask DestroyAsync(int version, CancellationToken cancellationToken)
    {
        keeper.RequireAlone();
        await one.WaitAsync(cancellationToken);
        try
        {
            if (!keyring.HasKeyVersion(version)) throw new KeyChangeException(string.Create(CultureInfo.InvariantCulture, $"There is no key version {version}; it may have been destroyed already."));
            if (version == keyring.CurrentKeyVersion) throw new KeyChangeException(string.Create(CultureInfo.InvariantCulture, $"Key version {version} is the current one; make a new one first: oort key rotate."));
            var state = await RotationState.LoadAsync(metadata, cancellationToken);
            // What could not be unwrapped may have been deleted since: it is looked for again.
            if (state.Stuck > 0) state = state.Again();
            await (state with { Destroy = state.Destroy.SetItem(version, time.GetUtcNow()) }).SaveAsync(metadata, cancellationToken);
            Reached?.Invoke("asked");
        }
        finally
        {
            one.Release();
        }
    }

    public async ValueTask<KeyStatus> GetStatusAsync(CancellationToken cancellationToken)
    {
        var state = await RotationState.LoadAsync(metadata, cancellationToken);
        var current = keyring.CurrentKeyVersion;
        return new(
            [.. keyring.ListKeyVersions().Select(key => new KeyVersionStatus(key.Version, key.Created, key.Version == current ? "current" : state.Destroy.ContainsKey(key.Version) ? "destroying" : "old"))],
            keyring.KeyVersions.Length > 1 && !(state.IsDone && state.Target == current), state.Looked, state.Rewrapped, state.Stuck, waiting,
            [.. await keeper.OutdatedAsync(cancellationToken)]);
    }

    /// <summary>Does what there is to do.</summary>
    public ValueTask RunAsync(CancellationToken cancellationToken) => RunAsync(static (round, stop) => round(stop), cancellationToken);

    /// <summary>1. Wraps anew what is under other versions. 2. Destroys the versions that shall be, as far as nothing uses them.</summary>
    /// <param name="alone">Runs the work where no other gateway does the same; not asked when there is none.</param>
    public async ValueTask RunAsync(Func<Func<CancellationToken, Task>, CancellationToken, Task> alone, CancellationToken cancellationToken)
    {
        await one.WaitAsync(cancellationToken);
        try
        {
            waiting = "";
            var state = await RotationState.LoadAsync(metadata, cancellationToken);
            if (await IsBehindAsync(state, cancellationToken)) return;
            if (HasWork(state)) await alone(RunAloneAsync, cancellationToken);
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>Another gateway has rotated: its key is learned before anything else. Whether that did not succeed.</summary>
    private async ValueTask<bool> IsBehindAsync(RotationState state, CancellationToken cancellationToken)
    {
        if (!keeper.IsShared || state.Target <= keyring.CurrentKeyVersion) return false;
        await keeper.LearnAsync(state.Target, cancellationToken);
        if (state.Target <= keyring.CurrentKeyVersion) return false;
        waiting = string.Create(CultureInfo.InvariantCulture, $"Another gateway has made key version {state.Target}, which is on no store that this one can reach.");
        return true;
    }

    private bool HasWork(RotationState state) =>
        (keyring.KeyVersions.Length > 1 && !(state.IsDone && state.Target == keyring.CurrentKeyVersion)) || state.Destroy.Any(one => one.Value <= time.GetUtcNow());

    private async Task RunAloneAsync(CancellationToken cancellationToken)
    {
        // Another gateway may have been at it meanwhile.
        var stored = await RotationState.LoadAsync(metadata, cancellationToken);
        if (await IsBehindAsync(stored, cancellationToken)) return;
        var state = Aim(stored);

        // 1.
        if (!state.IsDone && keyring.KeyVersions.Length > 1) state = await RewrapAsync(state, cancellationToken);

        // 2.
        foreach (var (version, from) in state.Destroy.OrderBy(one => one.Key))
            if (from <= time.GetUtcNow()) state = await TryDestroyAsync(state, version, cancellationToken);
    }

    public void Dispose() => one.Dispose();

    private RotationState Aim(RotationState state) => state.Target == keyring.CurrentKeyVersion ? state : new() { Target = keyring.CurrentKeyVersion, Destroy = state.Destroy };

    /// <summary>Passes over all data ids, page by page, until a whole pass has met nothing to do: requests that began before the rotation still bring keys under the old version.</summary>
    private async ValueTask<RotationState> RewrapAsync(RotationState state, CancellationToken cancellationToken)
    {
        for (var idle = 1; ; idle++)
        {
            var after = state.After is { } text ? DataId.Read(Convert.FromHexString(text)) : (DataId?)null;
            var page = await metadata.ListDataAsync(after, PageSize, cancellationToken);
            var (found, rewrapped, stuck) = await RewrapPageAsync(page, state.Target, cancellationToken);
            state = state with
            {
                After = page.IsEmpty ? state.After : Hex(page[^1].Id),
                Looked = state.Looked + page.Length,
                Found = state.Found + found,
                Rewrapped = state.Rewrapped + rewrapped,
                Stuck = state.Stuck + stuck,
            };
            if (page.Length < PageSize)
            {
                if (state.Found == state.Stuck)
                {
                    state = await (state with { IsDone = true, After = null, Found = 0 }).SaveAsync(metadata, cancellationToken);
                    LogDone(logger, state.Target, state.Rewrapped, state.Stuck);
                    return state;
                }

                state = state with { After = null, Looked = 0, Found = 0, Stuck = 0 };
            }

            if (found > 0 || idle % IdlePagesMax == 0)
            {
                await state.SaveAsync(metadata, cancellationToken);
                Reached?.Invoke("progress");
            }

            await pacer.SpendAsync(page.Length, cancellationToken);
        }
    }

    private async ValueTask<(long Found, long Rewrapped, long Stuck)> RewrapPageAsync(ImmutableArray<DataRow> page, int target, CancellationToken cancellationToken)
    {
        var (found, rewrapped, stuck, bytes) = (0L, 0L, 0L, 0L);
        var batch = ImmutableArray.CreateBuilder<DataRewrap>();
        foreach (var row in page.Where(row => row.KeyVersion != target))
        {
            found++;
            if (Wrap(row, target) is not { } wrapped)
            {
                stuck++;
                continue;
            }

            batch.Add(wrapped);
            bytes += RowBytes + (long)RunBytes * row.Runs.Length;
            if (bytes >= CommitBytesMax) await CommitAsync();
        }

        await CommitAsync();
        return (found, rewrapped, stuck);

        async ValueTask CommitAsync()
        {
            if (batch.Count == 0) return;
            rewrapped += (await metadata.RewrapDataAsync(batch.DrainToImmutable(), cancellationToken)).Count(done => done);
            bytes = 0;
            Reached?.Invoke("rewrapped");
        }
    }

    /// <summary>Null: its key cannot be unwrapped, which is told, and keeps every version from being destroyed.</summary>
    private DataRewrap? Wrap(DataRow row, int target)
    {
        try
        {
            var wrapped = DataKeys.Rewrap(keyring, row, out var version);
            return version == target ? new(row.Id, row.KeyVersion, version, ImmutableCollectionsMarshal.AsImmutableArray(wrapped)) : null;
        }
        catch (DataKeyException failure)
        {
            LogStuck(logger, row.Id, failure);
            return null;
        }
    }

    /// <summary>
    /// 1. Nobody who began before all keys were wrapped anew is still at work. 2. No row uses it: the last look of all. 3. Nor does what a recovery reads: a snapshot from after that look,
    /// on as many stores as the journal's quorum. 4. It goes from the keyring. 5. And from the list. A crash before 4. begins again, one after it does 5.
    /// </summary>
    private async ValueTask<RotationState> TryDestroyAsync(RotationState state, int version, CancellationToken cancellationToken)
    {
        if (keyring.HasKeyVersion(version) && version != keyring.CurrentKeyVersion)
        {
            // 1.
            if (keeper.IsShared) return Wait(state, version, KeyringKeeper.SharedRefusal);
            if (state.Stuck > 0) return Wait(state, version, string.Create(CultureInfo.InvariantCulture, $"{state.Stuck} data keys cannot be unwrapped; the log names them."));
            if (!eraOf.TryGetValue(version, out var era)) eraOf[version] = era = eras.Advance();
            if (eras.HasOlderThan(era)) return Wait(state, version, "requests that began before all keys were wrapped anew are still under way.");

            // 2.
            if (await IsUsedAsync(version, cancellationToken))
            {
                eraOf.Remove(version);
                return Wait(await state.Again().SaveAsync(metadata, cancellationToken), version, "such a request has brought a key under it; all are looked at again.");
            }

            // 3.
            await snapshotter.RunAsync(cancellationToken);
            Reached?.Invoke("snapshot");

            // 4.
            await keeper.ChangeAsync(changed => changed.DestroyKeyEncryptionKey(version), cancellationToken);
            Reached?.Invoke("destroyed");
            LogDestroyed(logger, version);
        }

        // 5.
        eraOf.Remove(version);
        state = await (state with { Destroy = state.Destroy.Remove(version) }).SaveAsync(metadata, cancellationToken);
        Reached?.Invoke("forgotten");
        return state;
    }

    private RotationState Wait(RotationState state, int version, string reason)
    {
        waiting = string.Create(CultureInfo.InvariantCulture, $"Key version {version} is not destroyed yet: {reason}");
        return state;
    }

    private async ValueTask<bool> IsUsedAsync(int version, CancellationToken cancellationToken)
    {
        for (DataId? after = null; ;)
        {
            var page = await metadata.ListDataAsync(after, PageSize, cancellationToken);
            if (page.Any(row => row.KeyVersion == version)) return true;
            if (page.Length < PageSize) return false;
            after = page[^1].Id;
        }
    }

    private static string Hex(DataId id)
    {
        Span<byte> bytes = stackalloc byte[DataId.Size];
        id.Write(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "All data keys have been looked at for key version {Version}: {Count} were wrapped anew, {Stuck} could not be unwrapped.")]
    private static partial void LogDone(ILogger logger, int version, long count, long stuck);

    [LoggerMessage(Level = LogLevel.Error, Message = "The key of data {Data} could not be unwrapped.")]
    private static partial void LogStuck(ILogger logger, DataId data, Exception failure);

    [LoggerMessage(Level = LogLevel.Information, Message = "Key version {Version} has been destroyed.")]
    private static partial void LogDestroyed(ILogger logger, int version);
}

/// <summary>A change of keys that cannot be made; the message says why and what else to do.</summary>
public sealed class KeyChangeException(string message) : Exception(message);
