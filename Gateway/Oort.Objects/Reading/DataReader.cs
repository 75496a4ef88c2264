using System.Collections.Immutable;
using System.IO.Pipelines;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Budget;

namespace Oort.Objects.Reading;

/// <summary>An open version: its data ids and segments as they were when it was opened, pinned until it is disposed.</summary>
/// <remarks>One range at a time.</remarks>
internal sealed class DataReader(DataPath path, ImmutableArray<Extent> extents, IReadOnlyDictionary<DataId, OpenData> data, IReadOnlyDictionary<SegmentId, OpenSegment> segments, IDisposable pin, Eras.Use use, long reserved) : IObjectReader
{
    /// <summary>While the client takes longer than this for one stripe, nothing is read ahead: it would hold memory and wait.</summary>
    private static readonly TimeSpan PromptFlush = TimeSpan.FromSeconds(1);

    public required string Durability { get; init; }

    /// <summary>
    /// Window by window: 1. copy what is in memory, stripe by stripe; 2. for the rest, have the sealed bytes, while what comes behind them is read too if the client keeps up and
    /// the memory is there, and open the chunks into the writer, stripe by stripe. After each stripe but the last, flush, which waits for the client.
    /// </summary>
    public async ValueTask CopyToAsync(long offset, long length, PipeWriter destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, extents.Sum(extent => extent.Length) - offset);
        using var windows = ReadPlan.Windows(extents, offset, length, data, segments).GetEnumerator();
        WindowReads? reads = null;
        var wait = MemoryBudget.AdmissionWait;
        var isPrompt = true;
        try
        {
            for (var next = Next(windows); next is not null;)
            {
                var window = next;
                next = Next(windows);
                var done = 0;

                // 1.
                while (done < window.ChunkCount && reads is not { HasAhead: true })
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var stripe = window.InStripe(done);
                    var copied = await CopyAsync(stripe, destination, wait, cancellationToken);
                    if (copied > 0) wait = MemoryBudget.ProgressWait;
                    done += copied;
                    if (copied < stripe.ChunkCount) break;
                    if (done < window.ChunkCount || next is not null) isPrompt = await FlushAsync(destination, cancellationToken);
                }

                // 2.
                while (done < window.ChunkCount)
                {
                    reads ??= new WindowReads(path, cancellationToken);
                    using var bytes = await reads.TakeAsync(window.After(done), next, isPrompt, wait);
                    wait = MemoryBudget.ProgressWait;
                    for (var index = 0; index < bytes.ChunkCount;)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        var count = window.InStripe(done).ChunkCount;
                        for (var stop = index + count; index < stop; index++) await OpenAsync(bytes, index, destination, cancellationToken);
                        done += count;
                        if (done < window.ChunkCount || next is not null) isPrompt = await FlushAsync(destination, cancellationToken);
                    }
                }

                // An object of ten thousand parts has ten thousand keys; one at a time is enough.
                if (next?.Data != window.Data) window.Data.Dispose();
            }
        }
        finally
        {
            if (reads is not null) await reads.DisposeAsync();
        }
    }

    public ValueTask DisposeAsync()
    {
        pin.Dispose();
        use.Dispose();
        foreach (var open in data.Values) open.Dispose();
        if (reserved > 0) path.Buffers.Budget.Release(reserved);
        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// Copies what is in memory, when the budget has as much as that: what the writer takes for it comes out of the budget too, and cannot be made to wait. So a crowd that takes
    /// its answers slowly is over it by no more than the windows that are being copied.
    /// </summary>
    private async ValueTask<int> CopyAsync(ChunkWindow window, PipeWriter destination, TimeSpan wait, CancellationToken cancellationToken)
    {
        var size = window.PayloadEnd - window.PayloadOffset;
        await path.Buffers.Budget.AcquireAsync(size, wait, cancellationToken);
        try
        {
            return ChunksAtOnce.Copy(path, window, destination);
        }
        finally
        {
            path.Buffers.Budget.Release(size);
        }
    }

    private static ChunkWindow? Next(IEnumerator<ChunkWindow> windows) => windows.MoveNext() ? windows.Current : null;

    /// <summary>Waits for the client.</summary>
    /// <returns>Whether it was prompt.</returns>
    private async ValueTask<bool> FlushAsync(PipeWriter destination, CancellationToken cancellationToken)
    {
        var started = path.Time.GetTimestamp();
        var flushed = await destination.FlushAsync(cancellationToken);
        if (flushed.IsCanceled || flushed.IsCompleted) throw new OperationCanceledException("Nobody takes the bytes any more.");
        return path.Time.GetElapsedTime(started) < PromptFlush;
    }

    private async ValueTask OpenAsync(WindowBytes bytes, int index, PipeWriter destination, CancellationToken cancellationToken)
    {
        if (bytes.TryOpen(index, destination)) return;

        // Some store lied, or its medium did: find out which, and take the others.
        var window = bytes.Window;
        using var verified = await WindowBytes.ReadVerifiedAsync(path, window, index, cancellationToken);
        if (!verified.TryOpen(index, destination))
            throw new ObjectUnavailableException($"Chunk {window.FirstChunk + index} of data id {window.Data.Row.Id} does not open, though its cells in segment {window.Segment.Id} are what was written.");
    }
}
