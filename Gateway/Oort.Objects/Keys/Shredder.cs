using System.Buffers.Binary;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Makes it true that the keys of deleted data are gone: from database, journals and snapshots of every store that is not removed. Only then does it say so.</summary>
/// <remarks>
/// A round: 1. It fixes a generation T, and sees that everything up to T is in logs that nothing is appended to any more; the round becomes a setting, and so the first record of the next
/// log. 2. A snapshot after that. 3. Every store loses the snapshots before that one and the logs that began up to T, and is looked at again. 4. The database's files lose what they still
/// have of rows that are gone. 5. T is written down. Any step may be done again: a crash goes on with the round that the setting names. A store that is away holds it back, since nobody
/// knows what that one still has.
/// </remarks>
/// <param name="copies">Held while copies are completed from one another, which could bring back what was just deleted.</param>
internal sealed partial class Shredder(IMetadataStore metadata, StoreSet stores, StoreJournal journal, Snapshotter snapshotter, GatewayId gateway, SemaphoreSlim copies, ObjectSystemOptions options, TimeProvider time, ILogger<Shredder> logger) : IDisposable
{
    private const string RoundSetting = "shred/round";
    private const string SharedReason = "Other gateways may share the metadata database and write journals of their own, which this one does not rewrite. Stop all of them and oort recover into a new data directory: that one shreds.";

    /// <summary>How long the journal may take to see that logs which have just ended are whole on all their members; a member that is away takes longer, and then the next look goes on.</summary>
    private static readonly TimeSpan LogsTimeout = TimeSpan.FromSeconds(10);

    /// <summary>A round at least so often, if anything has changed: after a recovery nobody knows what had gone before it.</summary>
    private static readonly TimeSpan RoundInterval = TimeSpan.FromDays(6);

    /// <summary>How long it is remembered of data that it was shredded.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(30);

    private readonly SemaphoreSlim one = new(1, 1);
    private readonly DateTimeOffset begun = time.GetUtcNow();
    private ulong snapshotFor;
    private volatile ShredStatus status = ShredStatus.None;

    /// <summary>For tests: called after everything that writes, with what it was.</summary>
    internal Action<string>? Reached { get; set; }

    /// <summary>As the last look found it.</summary>
    public ShredStatus Status => status;

    /// <summary>Looks, and does a round when it is time, or with <paramref name="now"/>.</summary>
    public async ValueTask<ShredStatus> RunAsync(bool now, CancellationToken cancellationToken)
    {
        await one.WaitAsync(cancellationToken);
        try
        {
            var (upTo, at) = await ReadShreddedAsync(cancellationToken);
            var gone = await metadata.CountGoneDataAsync(upTo, cancellationToken);
            status = status with { Waiting = gone.Count, Oldest = gone.Oldest, UpTo = upTo };
            var round = await ReadRoundAsync(cancellationToken);
            if (round is null && !IsDue(now, gone, at ?? begun, metadata.CommittedGeneration > upTo)) return status;

            var heldBack = await RoundAsync(round, cancellationToken);
            (upTo, _) = await ReadShreddedAsync(cancellationToken);
            gone = await metadata.CountGoneDataAsync(upTo, cancellationToken);
            return status = new(gone.Count, gone.Oldest, upTo, heldBack);
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>What became of one data id, or of the data of one deleted version.</summary>
    public async ValueTask<IReadOnlyList<ErasureStatus>> FindAsync(DataId? data, ulong version, int limit, CancellationToken cancellationToken)
    {
        if (data is { } id && !(await metadata.LocateAsync([id], cancellationToken)).IsEmpty) return [new(id, "live", 0, null)];
        var (upTo, _) = await ReadShreddedAsync(cancellationToken);
        return [.. (await metadata.FindGoneDataAsync(data, version, limit, cancellationToken)).Select(one => new ErasureStatus(one.Data, one.Generation <= upTo ? "shredded" : "dropped", one.Generation, one.At))];
    }

    public void Dispose() => one.Dispose();

    private bool IsShared => metadata is IMetadataEngine { IsShared: true };

    private bool IsDue(bool now, GoneTotals gone, DateTimeOffset last, bool hasChanged) =>
        (now && gone.Count > 0) || time.GetUtcNow() - gone.Oldest >= options.ShredAfter || (hasChanged && time.GetUtcNow() - last >= RoundInterval);

    /// <returns>What holds it back; empty when it is done.</returns>
    private async ValueTask<string> RoundAsync(ulong? begunRound, CancellationToken cancellationToken)
    {
        // 1.
        if (IsShared) return SharedReason;
        var round = begunRound ?? await BeginAsync(cancellationToken);

        // 2.
        if (snapshotFor != round)
        {
            await snapshotter.RunAsync(cancellationToken);
            Reached?.Invoke("snapshot");
            snapshotFor = round;
        }

        // 3.
        var rows = (await metadata.ListStoresAsync(cancellationToken)).Where(row => row.State != StoreState.Removed).ToList();
        if (rows.TrueForAll(row => stores.Find(row.Id) is not null)) await WaitForLogsAsync(round, cancellationToken);
        await copies.WaitAsync(cancellationToken);
        try
        {
            // One that is away does not keep the others from being cleaned.
            var heldBack = "";
            foreach (var row in rows)
                if (await CleanAsync(row, round, cancellationToken) is { Length: > 0 } reason) heldBack = reason;
            if (heldBack.Length > 0) return heldBack;
            foreach (var row in rows)
                if (await FindLeftAsync(row, round, cancellationToken) is { Length: > 0 } left) return left;

            // 4.
            if (!await metadata.EraseRemainsAsync(cancellationToken)) return "The metadata database was being read or written; it is tried again.";
            Reached?.Invoke("erased");

            // 5. If the metadata have moved meanwhile, the database that they were in is still there.
            if (IsShared) return SharedReason;
            await metadata.PutShreddedAsync(round, time.GetUtcNow() - Remembered, cancellationToken);
            Reached?.Invoke("shredded");
        }
        finally
        {
            copies.Release();
        }

        await metadata.PutSettingAsync(RoundSetting, null, cancellationToken);
        Reached?.Invoke("ended");
        LogShredded(logger, round);
        return "";
    }

    private async ValueTask<ulong> BeginAsync(CancellationToken cancellationToken)
    {
        var round = metadata.CommittedGeneration;
        await metadata.WaitForJournalAsync(round, time, cancellationToken);
        journal.Roll();
        var value = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(value, round);
        await metadata.PutSettingAsync(RoundSetting, value, cancellationToken);
        Reached?.Invoke("begun");
        return round;
    }

    private async ValueTask WaitForLogsAsync(ulong round, CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        while (journal.LogsInUse.Any(name => IsOld(name, round)) && time.GetElapsedTime(since) < LogsTimeout)
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
    }

    /// <summary>Deletes on one store what the snapshot has made superfluous.</summary>
    /// <returns>Why it could not; empty when it could.</returns>
    private async ValueTask<string> CleanAsync(StoreRow row, ulong round, CancellationToken cancellationToken)
    {
        if (stores.Find(row.Id) is not { } store) return Away(row);
        try
        {
            var blobs = new List<(string Name, bool IsManifest)>();
            await foreach (var name in store.ListBlobsAsync(SnapshotNames.Prefix, cancellationToken))
                if (IsOld(name, out var isManifest)) blobs.Add((name, isManifest));
            foreach (var (name, _) in blobs.OrderByDescending(blob => blob.IsManifest)) await store.DeleteBlobAsync(name, cancellationToken);
            var logs = new List<string>();
            await foreach (var name in store.ListLogsAsync(JournalLogName.Prefix, cancellationToken))
                if (IsOld(name, round) && MayDelete(name)) logs.Add(name);
            foreach (var name in logs) await store.DeleteLogAsync(name, cancellationToken);
            if (blobs.Count + logs.Count > 0) Reached?.Invoke("cleaned");
            return "";
        }
        catch (BackendException failure)
        {
            stores.Report(row.Id, failure);
            return $"{row.Location}: {failure.Message}";
        }
    }

    private async ValueTask<string> FindLeftAsync(StoreRow row, ulong round, CancellationToken cancellationToken)
    {
        if (stores.Find(row.Id) is not { } store) return Away(row);
        try
        {
            await foreach (var name in store.ListBlobsAsync(SnapshotNames.Prefix, cancellationToken))
                if (IsOld(name, out _)) return $"{row.Location} still has {name}.";
            await foreach (var name in store.ListLogsAsync(JournalLogName.Prefix, cancellationToken))
                if (IsOld(name, round)) return $"{row.Location} still has {name}.";
            return "";
        }
        catch (BackendException failure)
        {
            stores.Report(row.Id, failure);
            return $"{row.Location}: {failure.Message}";
        }
    }

    private static string Away(StoreRow row) => $"{row.Location} is away; nobody knows what it still holds.";

    /// <summary>A name that cannot be read may be anything: it counts as old, and an operator is told of it.</summary>
    private bool IsOld(string blob, out bool isManifest) => !SnapshotNames.TryParse(blob, out var generation, out isManifest) || generation < snapshotter.Generation;

    private static bool IsOld(string log, ulong round) => !JournalLogName.TryParse(log, out var name) || name.FirstGeneration <= round;

    /// <summary>Logs of this gateway and of those that a recovery has put it in the place of, unless the journal is still completing them.</summary>
    private bool MayDelete(string log) =>
        JournalLogName.TryParse(log, out var name) && (name.Gateway == gateway || snapshotter.Retired.Any(one => one.Id == name.Gateway)) && !journal.LogsInUse.Contains(log);

    private async ValueTask<(ulong UpTo, DateTimeOffset? At)> ReadShreddedAsync(CancellationToken cancellationToken) =>
        await metadata.GetSettingAsync(MetadataLimits.ShreddedSetting, cancellationToken) is { Length: sizeof(ulong) + sizeof(long) } bytes
            ? (BinaryPrimitives.ReadUInt64BigEndian(bytes), DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(sizeof(ulong)))))
            : (0, null);

    private async ValueTask<ulong?> ReadRoundAsync(CancellationToken cancellationToken) =>
        await metadata.GetSettingAsync(RoundSetting, cancellationToken) is { Length: sizeof(ulong) } bytes ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : null;

    [LoggerMessage(Level = LogLevel.Information, Message = "Data that went up to generation {Generation} is shredded: no database, journal or snapshot has its keys.")]
    private static partial void LogShredded(ILogger logger, ulong generation);
}
