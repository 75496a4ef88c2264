using System.Collections.Immutable;
using System.IO.Pipelines;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Budget;

namespace Oort.Objects.Reading;

/// <summary>An open version: its data ids and segments as they were when it was opened, pinned until it is disposed.</summary>
/// <remarks>One range at a time.</remarks>
internal sealed class DataReader(DataPath path, ImmutableArray<Extent> extents, IReadOnlyDictionary<DataId, OpenData> data, IReadOnlyDictionary<SegmentId, OpenSegment> segments, IDisposable pin, long reserved) : IObjectReader
{
    /// <summary>While the client takes longer than this for one window, the next one is not read ahead: it would hold memory and wait.</summary>
    private static readonly TimeSpan PromptFlush = TimeSpan.FromSeconds(1);

    public required string Durability { get; init; }

    /// <summary>
    /// Window by window: 1. copy what is in memory; 2. for the rest, have the sealed bytes, begin to read the next window ahead if the client keeps up and the memory is
    /// there, and open the chunks into the writer; 3. flush, which waits for the client, except after the last.
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
                cancellationToken.ThrowIfCancellationRequested();
                var window = next;
                next = Next(windows);

                // 1.
                var copied = reads is { HasAhead: true } ? 0 : await CopyAsync(window, destination, wait, cancellationToken);

                // 2.
                if (copied < window.ChunkCount)
                {
                    reads ??= new WindowReads(path, cancellationToken);
                    using var bytes = await reads.TakeAsync(window.After(copied), copied > 0 ? MemoryBudget.ProgressWait : wait);
                    if (next is not null && isPrompt && reads.Waits) reads.Begin(next);
                    await OpenAsync(window.After(copied), bytes, destination, cancellationToken);
                }

                // An object of ten thousand parts has ten thousand keys; one at a time is enough.
                if (next?.Data != window.Data) window.Data.Dispose();
                if (next is null) return;

                // 3.
                var started = path.Time.GetTimestamp();
                var flushed = await destination.FlushAsync(cancellationToken);
                if (flushed.IsCanceled || flushed.IsCompleted) throw new OperationCanceledException("Nobody takes the bytes any more.");
                isPrompt = path.Time.GetElapsedTime(started) < PromptFlush;
                wait = MemoryBudget.ProgressWait;
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

    private async ValueTask OpenAsync(ChunkWindow window, WindowBytes bytes, PipeWriter destination, CancellationToken cancellationToken)
    {
        for (var index = 0; index < window.ChunkCount; index++)
        {
            if (bytes.TryOpen(index, destination)) continue;

            // Some store lied, or its medium did: find out which, and take the others.
            using var verified = await WindowBytes.ReadVerifiedAsync(path, window, index, cancellationToken);
            if (verified.TryOpen(index, destination)) continue;
            throw new ObjectUnavailableException($"Chunk {window.FirstChunk + index} of data id {window.Data.Row.Id} does not open, though its cells in segment {window.Segment.Id} are what was written.");
        }
    }
}
