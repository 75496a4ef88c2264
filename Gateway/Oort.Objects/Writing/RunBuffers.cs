using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Oort.Backends;
using Oort.Objects.Budget;
using Oort.Objects.Shards;

namespace Oort.Objects.Writing;

/// <summary>The run buffers of one upload: one that it always has, and while there is plenty of memory longer ones, and a second, so that receiving and coding overlap with writing.</summary>
/// <remarks>
/// What an upload is entitled to is one stripe. A longer run makes fewer and larger writes, and is lent while more than half of the budget is free:
/// the other half is for uploads that come later. An upload whose client is slower than the stores holds one buffer only. A buffer that a stalled store may still read is
/// not used again before the store lets go of it: what lies in it next is another run's plaintext.
/// </remarks>
internal sealed class RunBuffers : IDisposable
{
    /// <summary>One that is filled and one that is written; a third would only wait.</summary>
    private const int CountMax = 2;

    private readonly BufferPool pool;
    private readonly RunShape least;
    private readonly RunShape most;
    private readonly Queue<(RunBuffer Buffer, ShardLanes Lanes, LaneOperation Operation)> sent = new();
    private RunBuffer? free;
    private RunBuffer? taken;

    private RunBuffers(BufferPool pool, RunShape least, RunShape most)
    {
        this.pool = pool;
        this.least = least;
        this.most = most;
    }

    /// <param name="stripeCount">Stripes of the whole upload: a run need not be longer.</param>
    /// <exception cref="OverloadedException">The budget does not even have one stripe.</exception>
    public static async ValueTask<RunBuffers> RentAsync(DataPath path, Geometry geometry, long stripeCount, CancellationToken cancellationToken)
    {
        var longest = Math.Max(1, path.Options.RunBytes / (geometry.DataShards * ShardLayout.FullCellSize));
        var segmentChunks = path.Options.SegmentChunks;
        var buffers = new RunBuffers(path.Buffers, new(geometry, 1, segmentChunks), new(geometry, (int)Math.Min(longest, stripeCount), segmentChunks));
        buffers.free = buffers.TryBorrow(buffers.most, out var borrowed) ? borrowed : await buffers.RentLeastAsync(MemoryBudget.AdmissionWait, cancellationToken);
        return buffers;
    }

    /// <summary>A buffer to fill, when the stores have taken what was in it.</summary>
    /// <exception cref="ObjectUnavailableException">A write that had to be waited for fell below its quorum.</exception>
    public async ValueTask<RunBuffer> TakeAsync(CancellationToken cancellationToken)
    {
        Debug.Assert(taken is null, "One run is filled at a time.");
        while (sent.TryPeek(out var oldest) && oldest.Operation.IsEnded) await SettleAsync();
        if (free is null && sent.Count < CountMax && (TryBorrow(most, out var second) || TryBorrow(least, out second))) free = second;
        while (free is null && sent.Count > 0) await SettleAsync();
        free ??= await RentLeastAsync(MemoryBudget.ProgressWait, cancellationToken);
        if (free.Shape != most && TryBorrow(most, out var longer))
        {
            free.Dispose();
            free = longer;
        }
        (taken, free) = (free, null);
        return taken;
    }

    /// <summary>Hands the taken buffer to an operation that writes it.</summary>
    public void Send(ShardLanes lanes, LaneOperation operation)
    {
        sent.Enqueue((taken!, lanes, operation));
        taken = null;
    }

    /// <summary>Waits until everything that was sent has arrived, or was given up with a quorum left.</summary>
    public async ValueTask DrainAsync()
    {
        while (sent.Count > 0) await SettleAsync();
    }

    public void Dispose()
    {
        // Plaintext may be left in it when the upload broke off while it was filled.
        taken?.Clear();
        taken?.Dispose();
        free?.Dispose();
        while (sent.TryDequeue(out var oldest)) oldest.Buffer.DisposeAfter(oldest.Operation.All);
    }

    private bool TryBorrow(RunShape shape, [NotNullWhen(true)] out RunBuffer? buffer)
    {
        buffer = pool.Budget.IsPlenty(BufferPool.RoundUp(shape.BufferSize)) && pool.TryRent(shape.BufferSize, out var memory) ? new RunBuffer(memory, shape) : null;
        return buffer is not null;
    }

    private async ValueTask<RunBuffer> RentLeastAsync(TimeSpan wait, CancellationToken cancellationToken) =>
        new(await pool.RentAsync(least.BufferSize, wait, cancellationToken), least);

    /// <summary>Waits for the oldest that was sent. Its buffer becomes the free one, unless there is one already, a store still holds it, or it was lent and memory has become short.</summary>
    private async ValueTask SettleAsync()
    {
        var (buffer, lanes, operation) = sent.Peek();
        await lanes.SettleAsync(operation);
        sent.Dequeue();
        if (!operation.IsEnded) buffer.DisposeAfter(operation.All);
        else if (free is null && (buffer.Shape == least || pool.Budget.IsPlenty(0))) free = buffer;
        else buffer.Dispose();
    }
}
