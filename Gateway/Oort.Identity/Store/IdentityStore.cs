using System.Collections.Immutable;
using System.Text;
using Microsoft.Extensions.Logging;
using Oort.Identity.Accounts;
using Oort.Identity.Model;
using Oort.Metadata;

namespace Oort.Identity.Store;

/// <summary>Accounts, users, groups, roles, keys and policies of the cluster: kept in its settings, answered from memory. Thread-safe.</summary>
/// <remarks>
/// Every change replaces the log in the same commit as the records, if the log still is what it was: so changes come one after the other, on whatever gateway, and none is lost. A gateway hears of another's by
/// <see cref="RefreshAsync"/>, every second, and when it is asked for a key that it does not know.
/// </remarks>
public sealed partial class IdentityStore : IAccountDirectory, IAsyncDisposable
{
    private const int PageSize = 1_000;

    /// <summary>An attempt fails only when another's change came in between.</summary>
    private const int AttemptsMax = 50;

    private static readonly TimeSpan followInterval = TimeSpan.FromSeconds(1);

    /// <summary>How often the uses of keys are written down.</summary>
    private static readonly TimeSpan keepInterval = TimeSpan.FromMinutes(5);

    private readonly IMetadataStore metadata;
    private readonly ISecretSeal seal;
    private readonly Account operators;
    private readonly ILogger<IdentityStore> logger;
    private readonly SemaphoreSlim gate = new(1);
    private readonly CancellationTokenSource stop = new();
    private volatile State state = new(IdentitySnapshot.Empty, IdentityLog.Empty, null);
    private Task following = Task.CompletedTask;

    private IdentityStore(IMetadataStore metadata, ISecretSeal seal, Account operators, TimeProvider time, ILogger<IdentityStore> logger)
    {
        (this.metadata, this.seal, this.operators, this.logger) = (metadata, seal, operators, logger);
        Uses = new(metadata, time);
    }

    /// <summary>Number of the account of those who run the gateway.</summary>
    public string OperatorNumber => operators.Number;

    public IdentitySnapshot Snapshot => state.Snapshot;

    /// <summary>When keys were last used.</summary>
    public KeyUses Uses { get; }

    /// <summary>Reads what there is.</summary>
    /// <param name="operators">The account of those who run the gateway: there from the first.</param>
    /// <param name="isShared">Whether other gateways may change things too.</param>
    /// <exception cref="MetadataUnavailableException">It cannot be read now.</exception>
    public static async Task<IdentityStore> OpenAsync(IMetadataStore metadata, ISecretSeal seal, Account operators, bool isShared, TimeProvider time, ILogger<IdentityStore> logger, CancellationToken cancellationToken)
    {
        var store = new IdentityStore(metadata, seal, operators, time, logger);
        await store.RefreshAsync(cancellationToken);
        store.following = Task.Run(() => store.FollowAsync(isShared, time), CancellationToken.None);
        return store;
    }

    public Account? FindByCanonicalId(string canonicalId) => Snapshot.FindByCanonicalId(canonicalId);

    public Account? FindByNumber(string number) => Snapshot.FindByNumber(number);

    public Account? FindByEmail(string email) => Snapshot.FindByEmail(email);

    /// <summary>Secret of a key; null: it cannot be opened under the keys of this cluster.</summary>
    public string? SecretOf(AccessKey key) => seal.Open(Encoding.UTF8.GetBytes(key.Id), key.SealedSecret) is { } secret ? Encoding.UTF8.GetString(secret) : null;

    /// <summary>Makes a change; durable when it returns.</summary>
    /// <param name="change">Called again when another gateway was faster. What it throws ends the change, and nothing has changed.</param>
    /// <exception cref="MetadataUnavailableException">It cannot be made now.</exception>
    public async ValueTask<T> ChangeAsync<T>(Func<IdentityChange, T> change, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            for (var attempt = 0; attempt < AttemptsMax; attempt++)
            {
                if (attempt > 0) await LoadAsync(cancellationToken);
                var before = state;
                var made = new IdentityChange(before.Snapshot);
                var result = change(made);
                if (made.Records.Count == 0) return result;
                var log = before.Log.Next([.. made.Records.Keys]);
                var setting = log.Encode();
                if (!await metadata.ReplaceSettingsAsync(IdentityLog.SettingName, before.Setting, setting, made.Encode(), CancellationToken.None)) continue;
                state = new(made.Snapshot, log, setting);
                return result;
            }

            throw new MetadataUnavailableException("Identities are changed by others all the time.");
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Takes over what other gateways have changed.</summary>
    /// <exception cref="MetadataUnavailableException">It cannot be read now.</exception>
    public async ValueTask RefreshAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            await LoadAsync(cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await following;
        stop.Dispose();
        gate.Dispose();
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        var before = state;
        var setting = await metadata.GetSettingAsync(IdentityLog.SettingName, cancellationToken);
        if (before.Setting is not null && setting is not null && setting.AsSpan().SequenceEqual(before.Setting)) return;
        var log = IdentityLog.Decode(setting);
        // What has changed since the log was read is read again with the next log: nothing is missed.
        var snapshot = before.Setting is not null && log.Since(before.Log.Revision) is { } names ? await ApplyAsync(before.Snapshot, names, cancellationToken) : await ReadAllAsync(cancellationToken);
        state = new(snapshot, log, setting);
    }

    private async Task<IdentitySnapshot> ApplyAsync(IdentitySnapshot snapshot, IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        // Accounts come before what belongs to them.
        foreach (var name in names.Order(StringComparer.Ordinal)) snapshot = snapshot.With(name, Read(name, await metadata.GetSettingAsync(name, cancellationToken)));
        return WithOperators(snapshot);
    }

    private async Task<IdentitySnapshot> ReadAllAsync(CancellationToken cancellationToken)
    {
        // "account" is the first of all kinds by name.
        var snapshot = WithOperators(IdentitySnapshot.Empty);
        for (var after = ""; ;)
        {
            var page = await metadata.ListSettingsAsync(IdentityRecords.Prefix, after, PageSize, cancellationToken);
            foreach (var (name, value) in page) snapshot = snapshot.With(name, Read(name, value));
            if (page.Length < PageSize) return snapshot;
            after = page[^1].Name;
        }
    }

    private IdentitySnapshot WithOperators(IdentitySnapshot snapshot) => snapshot.Find(operators.Number) is null ? snapshot.With(IdentityRecords.NameOf(operators), operators) : snapshot;

    /// <summary>Who cannot be read is not let in, and what cannot be read allows nothing; the rest serves on.</summary>
    private object? Read(string name, byte[]? value)
    {
        if (value is null) return null;
        try
        {
            return IdentityRecords.Decode(name, value);
        }
        catch (InvalidDataException failure)
        {
            LogUnreadable(logger, failure.Message);
            return null;
        }
    }

    /// <summary>Hears of what other gateways change, and writes down when keys were used.</summary>
    private async Task FollowAsync(bool isShared, TimeProvider time)
    {
        var kept = time.GetTimestamp();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(isShared ? followInterval : keepInterval, time, stop.Token);
                if (isShared) await RefreshAsync(stop.Token);
                if (isShared && time.GetElapsedTime(kept) < keepInterval) continue;
                await Uses.KeepAsync(stop.Token);
                kept = time.GetTimestamp();
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure is MetadataUnavailableException or InvalidDataException)
            {
                LogNotFollowed(logger, failure.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Reason} Whom it concerns is not let in until it is put again.")]
    private static partial void LogUnreadable(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What other gateways have changed of users and keys could not be read; trying again in a second: {Reason}")]
    private static partial void LogNotFollowed(ILogger logger, string reason);

    /// <param name="Setting">The log as it was read; null: there is none.</param>
    private sealed record State(IdentitySnapshot Snapshot, IdentityLog Log, byte[]? Setting);
}
