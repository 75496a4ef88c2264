using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Works the repair queue off in order of danger, and looks for work: segments that are not full, and those on stores that were given up.</summary>
internal sealed partial class RepairWorker : IAsyncDisposable
{
    // Segments taken from the queue at once: enough to choose the most endangered among, few enough to look up in a moment.
    private const int BatchCount = 128;

    // Segments repaired at the same time.
    private const int ParallelCount = 2;

    private const int ScanPageCount = 1000;

    private static readonly Meter Meter = new("Oort.Objects.Repair");
    private static readonly Counter<long> Rebuilt = Meter.CreateCounter<long>("oort.repair.shards.rebuilt", description: "Shards that repair wrote anew.");
    private static readonly Counter<long> Failed = Meter.CreateCounter<long>("oort.repair.failures", description: "Repairs that ended with an error and are tried again.");

    private readonly IMetadataStore metadata;
    private readonly StoreSet stores;
    private readonly SegmentRepairer repairer;
    private readonly RepairQueue queue;
    private readonly RepairOptions options;
    private readonly TimeProvider time;
    private readonly ILogger<RepairWorker> logger;
    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim scanNow = new(0, 1);
    private Task[] running = [];
    private volatile int refilling;

    public RepairWorker(IMetadataStore metadata, StoreSet stores, SegmentRepairer repairer, RepairQueue queue, RepairOptions options, TimeProvider time, ILogger<RepairWorker> logger)
    {
        this.metadata = metadata;
        this.stores = stores;
        this.repairer = repairer;
        this.queue = queue;
        this.options = options;
        this.time = time;
        this.logger = logger;
    }

    /// <summary>A scan over stores that were given up or are drained is under way: its segments are not all queued yet.</summary>
    public bool IsRefilling => refilling > 0;

    public void Start()
    {
        stores.Changed += OnStoreChanged;
        running = [Task.Run(WorkAsync), Task.Run(ScanAsync)];
    }

    /// <summary>Looks for work now rather than at the next interval.</summary>
    public void ScanSoon()
    {
        lock (scanNow)
        {
            if (scanNow.CurrentCount == 0) scanNow.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        stores.Changed -= OnStoreChanged;
        await stopping.CancelAsync();
        await Task.WhenAll(running);
        stopping.Dispose();
        scanNow.Dispose();
    }

    private void OnStoreChanged(StoreHealthChange change)
    {
        if (change.To == StoreHealth.Online) queue.Retry();
        ScanSoon();
    }

    private async Task WorkAsync()
    {
        try
        {
            while (true)
            {
                var due = queue.Due(BatchCount);
                if (due.Count == 0)
                {
                    await queue.WaitAsync(TimeSpan.FromSeconds(1), stopping.Token);
                    continue;
                }

                var ordered = await InOrderOfDangerAsync(due);
                await Parallel.ForEachAsync(ordered, new ParallelOptions { MaxDegreeOfParallelism = ParallelCount, CancellationToken = stopping.Token }, RepairAsync);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The end of the process: the next scan finds what is left.
        }
    }

    /// <summary>The fewer shards a segment can lose before it is lost, the earlier.</summary>
    private async Task<IEnumerable<SegmentId>> InOrderOfDangerAsync(List<SegmentId> due)
    {
        var spare = new List<(SegmentId Id, int Count)>();
        foreach (var id in due)
        {
            try
            {
                if (await metadata.FindSegmentAsync(id, stopping.Token) is { } row)
                    spare.Add((id, row.Shards.Count(s => s != StoreId.None && stores.Find(s) is not null) - row.Geometry.DataShards));
                else
                    queue.Finish(id, isDone: true);
            }
            catch (MetadataUnavailableException e)
            {
                LogFailed(e, id);
                queue.Finish(id, isDone: false);
            }
        }

        return spare.OrderBy(s => s.Count).Select(s => s.Id);
    }

    private async ValueTask RepairAsync(SegmentId segment, CancellationToken cancellationToken)
    {
        try
        {
            var outcome = await repairer.RunAsync(segment, repair: true, cancellationToken);
            Rebuilt.Add(outcome.Rebuilt);
            queue.Finish(segment, outcome.IsWhole);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // One bad segment must never stop the others; it is tried again later.
            Failed.Add(1);
            LogFailed(e, segment);
            queue.Finish(segment, isDone: false);
        }
    }

    private async Task ScanAsync()
    {
        try
        {
            while (true)
            {
                await ScanOnceAsync(stopping.Token);
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
                var timer = Task.Delay(options.ScanInterval, time, limit.Token);
                await Task.WhenAny(timer, scanNow.WaitAsync(limit.Token));
                await limit.CancelAsync();
                stopping.Token.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The end of the process.
        }
    }

    private async Task ScanOnceAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref refilling);
        try
        {
            await QueueAsync(notFullOnly: true, null, cancellationToken);
            foreach (var store in await metadata.ListStoresAsync(cancellationToken))
                if (store.State != StoreState.Active)
                    await QueueAsync(notFullOnly: false, store.Id, cancellationToken);
        }
        catch (MetadataUnavailableException e)
        {
            LogScanFailed(e);
        }
        finally
        {
            Interlocked.Decrement(ref refilling);
        }
    }

    private async Task QueueAsync(bool notFullOnly, StoreId? store, CancellationToken cancellationToken)
    {
        var after = default(SegmentId);
        while (true)
        {
            var page = await metadata.ListSegmentsAsync(after, ScanPageCount, notFullOnly, store, cancellationToken);
            if (page.IsEmpty) return;
            foreach (var segment in page)
                while (!queue.Offer(segment.Id))
                    await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
            after = page[^1].Id;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Repair of segment {Segment} ended early and is tried again.")]
    private partial void LogFailed(Exception exception, SegmentId segment);

    [LoggerMessage(LogLevel.Warning, "The scan for segments to repair ended early; the next one goes on.")]
    private partial void LogScanFailed(Exception exception);
}
