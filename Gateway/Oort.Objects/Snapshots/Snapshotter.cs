using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Writes sealed snapshots of the namespace to all stores, and drops what a snapshot makes superfluous: older snapshots and the journal before it.</summary>
/// <remarks>One at a time. Memory: one part. Nothing is dropped before the new snapshot has been read back whole from as many stores as the journal's quorum.</remarks>
internal sealed partial class Snapshotter(IMetadataStore metadata, StoreSet stores, StoreJournal journal, Keyring keyring, GatewayId gateway, TimeProvider time, ILogger<Snapshotter> logger) : IDisposable
{
    private readonly SemaphoreSlim one = new(1, 1);
    private long bytesAtLast;

    /// <summary>Generation of the newest snapshot that this process wrote or found; 0 when there is none.</summary>
    public ulong Generation { get; set; }

    /// <summary>Journal bytes that a recovery would replay on the newest snapshot.</summary>
    public long BytesSince => journal.BytesWritten - Interlocked.Read(ref bytesAtLast);

    /// <summary>Journal bytes that earlier starts left after the newest snapshot.</summary>
    public long BytesBefore { init => bytesAtLast = -value; }

    /// <summary>Gateways that a recovery succeeded: their journals are contained in every snapshot from then on, and void.</summary>
    public ImmutableArray<SnapshotGateway> Retired { get; set; } = [];

    /// <summary>Writes a snapshot.</summary>
    /// <returns>Its generation.</returns>
    /// <exception cref="MetadataUnavailableException">Too few stores took it whole; what was written is dropped by the next attempt.</exception>
    /// <remarks>
    /// 1. The next journal record begins a new log. 2. Parts go to all stores that are to stay; one that fails takes no more part. 3. The journal must have reached the instant, or
    /// the snapshot would tell of changes that a power cut can still undo. 4. The manifest makes it one. 5. It is read back. 6. The old is dropped.
    /// </remarks>
    public async Task<ulong> RunAsync(CancellationToken cancellationToken)
    {
        await one.WaitAsync(cancellationToken);
        try
        {
            // 1.
            var bytesNow = journal.BytesWritten;
            journal.Roll();

            // 2.
            var targets = stores.Slots.Where(slot => slot is { TakesReads: true, State: StoreState.Active }).Select(slot => slot.Store).OfType<IStore>().ToList();
            var needed = StoreJournal.QuorumOf(Math.Min(JournalLogHeader.MemberCountMax, stores.Slots.Count(slot => slot.State == StoreState.Active)), stores.Geometry.ParityShards);
            using var cipher = keyring.BeginSnapshot();
            var manifest = await WritePartsAsync(cipher, targets, needed, cancellationToken);
            if (manifest is null) return Generation;

            // 3.
            await metadata.WaitForJournalAsync(manifest.Generation, time, cancellationToken);

            // 4.
            var bytes = manifest.ToBytes(cipher);
            await ForEachAsync(targets, needed, store => store.PutBlobAsync(SnapshotNames.Manifest(manifest.Generation), bytes, cancellationToken));

            // 5. One store after the other: nobody waits for it, and the parts are read into new memory.
            await ForEachAsync(targets, needed, store => VerifyAsync(store, manifest, cancellationToken), atOnce: 1);
            Generation = manifest.Generation;
            Interlocked.Exchange(ref bytesAtLast, bytesNow);
            LogWritten(logger, manifest.Generation, manifest.Parts.Length, manifest.Parts.Sum(part => (long)part.Length), targets.Count);

            // 6.
            await DropOlderAsync(manifest, cancellationToken);
            return manifest.Generation;
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>Keeps snapshots from being made, and the journal from being shortened, until the result is disposed.</summary>
    public async Task<IDisposable> HoldAsync(CancellationToken cancellationToken)
    {
        await one.WaitAsync(cancellationToken);
        return new Hold(one);
    }

    public void Dispose() => one.Dispose();

    private sealed class Hold(SemaphoreSlim one) : IDisposable
    {
        public void Dispose() => one.Release();
    }

    private async Task<SnapshotManifest?> WritePartsAsync(RecordCipher cipher, List<IStore> targets, int needed, CancellationToken cancellationToken)
    {
        var parts = ImmutableArray.CreateBuilder<SnapshotPart>();
        SnapshotPartBuffer? buffer = null;
        ulong generation = 0;
        await foreach (var batch in metadata.ExportAsync(cancellationToken))
        {
            if (buffer is null)
            {
                // Nothing has changed: taking the last one apart to write the same again would leave none if that broke off.
                if (batch.Generation == Generation) return null;
                generation = batch.Generation;
                buffer = new(new(keyring.Identity), generation, cipher);
                // An earlier attempt at the same instant has other parts: without its manifest it is none.
                await ForEachAsync(targets, needed, store => store.DeleteBlobAsync(SnapshotNames.Manifest(generation), cancellationToken));
            }

            if (!buffer.HasRoom(batch.Changes.Length)) await PutPartAsync();
            buffer.Add(batch.Changes.Span);
        }

        if (buffer is null) return null;
        await PutPartAsync();
        return new()
        {
            Cluster = new(keyring.Identity),
            Generation = generation,
            Salt = [.. cipher.Salt],
            Created = time.GetUtcNow(),
            BatchCount = buffer.BatchCount,
            Parts = parts.ToImmutable(),
            Gateways = [.. Retired, new(gateway, generation, false)],
        };

        async Task PutPartAsync()
        {
            if (buffer.Take() is not { } bytes) return;
            var name = SnapshotNames.Part(generation, parts.Count);
            if (parts.Count >= SnapshotManifest.PartCountMax) throw new MetadataUnavailableException(string.Create(CultureInfo.InvariantCulture, $"A snapshot has at most {SnapshotManifest.PartCountMax} parts."));
            parts.Add(new(bytes.Length, RecordHash.Of(bytes)));
            await ForEachAsync(targets, needed, store => store.PutBlobAsync(name, bytes, cancellationToken));
        }
    }

    private static async ValueTask VerifyAsync(IStore store, SnapshotManifest manifest, CancellationToken cancellationToken)
    {
        // One for all parts: they are large, and the collector takes large things late.
        var buffer = new byte[manifest.Parts.Max(part => part.Length)];
        for (var part = 0; part < manifest.Parts.Length; part++)
        {
            var length = await store.ReadBlobAsync(SnapshotNames.Part(manifest.Generation, part), buffer, cancellationToken);
            if (length is not { } read || read > buffer.Length || !SnapshotReader.IsPart(buffer.AsSpan(0, read), manifest.Parts[part]))
                throw new BackendException(BackendErrorKind.Corrupt, $"{store.Location} does not give back part {part} of the snapshot that it took.");
        }
    }

    /// <summary>Does something on every target; those that fail are left out from then on.</summary>
    /// <param name="atOnce">How many targets take part side by side.</param>
    private async Task ForEachAsync(List<IStore> targets, int needed, Func<IStore, ValueTask> act, int atOnce = int.MaxValue)
    {
        foreach (var group in targets.ToArray().Chunk(atOnce))
        {
            foreach (var (store, task) in group.Select(store => (store, act(store).AsTask())).ToArray())
            {
                try
                {
                    await task;
                }
                catch (BackendException failure)
                {
                    stores.Report(store.Id, failure);
                    LogTargetLost(logger, store.Location, failure);
                    targets.Remove(store);
                }
            }
        }

        if (targets.Count < needed) throw new MetadataUnavailableException(string.Create(CultureInfo.InvariantCulture, $"Only {targets.Count} stores took the snapshot, {needed} are needed."));
    }

    /// <summary>Drops older snapshots, then logs whose every record is in this one. What cannot be deleted now (a store is away) the next snapshot deletes.</summary>
    private async Task DropOlderAsync(SnapshotManifest manifest, CancellationToken cancellationToken)
    {
        var readable = stores.Readable();
        var catalogue = await JournalCatalogue.ReadAsync(readable, keyring, logger, cancellationToken);
        var dropped = SuperfluousLogs(catalogue, manifest, journal.LogsInUse);
        foreach (var store in readable)
        {
            try
            {
                var blobs = new List<(string Name, bool IsManifest)>();
                await foreach (var name in store.ListBlobsAsync(SnapshotNames.Prefix, cancellationToken))
                    if (SnapshotNames.TryParse(name, out var generation, out var isManifest) && generation < manifest.Generation)
                        blobs.Add((name, isManifest));
                foreach (var (name, _) in blobs.OrderByDescending(blob => blob.IsManifest)) await store.DeleteBlobAsync(name, cancellationToken);
                await foreach (var name in store.ListLogsAsync(JournalLogName.Prefix, cancellationToken))
                    if (dropped.Contains(name))
                        await store.DeleteLogAsync(name, cancellationToken);
            }
            catch (BackendException failure)
            {
                stores.Report(store.Id, failure);
                LogDropFailed(logger, store.Location, failure);
            }
        }
    }

    /// <summary>Logs that lie before a snapshot: of retired gateways all; of others those whose successor follows a record that the snapshot holds.</summary>
    internal static HashSet<string> SuperfluousLogs(JournalCatalogue catalogue, SnapshotManifest manifest, ImmutableArray<string> inUse)
    {
        var superfluous = new HashSet<string>(StringComparer.Ordinal);
        foreach (var logs in catalogue.Logs.GroupBy(log => log.Name.Gateway))
        {
            var known = manifest.Gateways.FirstOrDefault(one => one.Id == logs.Key);
            if (known.Id != logs.Key) continue;
            var ordered = logs.OrderBy(log => log.Name).ToImmutableArray();
            var needed = known.IsRetired ? [] : JournalChain.Needed(ordered, known.LastGeneration);
            superfluous.UnionWith(ordered.Except(needed).Select(log => log.Name.ToString()));
            foreach (var name in catalogue.Unreadable)
                if (JournalLogName.TryParse(name, out var parsed) && parsed.Gateway == logs.Key && (known.IsRetired || parsed < ordered[^1].Name))
                    superfluous.Add(name);
        }

        superfluous.ExceptWith(inUse);
        return superfluous;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Snapshot of generation {Generation}: {Parts} parts, {Bytes} bytes, on {Stores} stores.")]
    private static partial void LogWritten(ILogger logger, ulong generation, int parts, long bytes, int stores);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Location} takes no more part in this snapshot.")]
    private static partial void LogTargetLost(ILogger logger, string location, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old snapshots and journals on {Location} could not be dropped; the next snapshot does it.")]
    private static partial void LogDropFailed(ILogger logger, string location, Exception failure);
}
