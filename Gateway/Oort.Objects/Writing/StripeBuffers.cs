using System.Diagnostics;
using Oort.Objects.Budget;

namespace Oort.Objects.Writing;

/// <summary>The stripe buffers of one upload: one that it always has, and a second when the budget has it, so that receiving and coding overlap with writing.</summary>
/// <remarks>
/// An upload whose client is slower than the stores holds one buffer only. A buffer that a stalled store may still read is not used
/// again before the store lets go of it: what lies in it next is another stripe's plaintext.
/// </remarks>
internal sealed class StripeBuffers : IDisposable
{
    /// <summary>Buffers an upload may have, if both together stay below <see cref="BytesMax"/>.</summary>
    private const int CountMax = 2;

    /// <summary>Two stripes of 8+4, the largest default code: with larger ones receiving and writing take turns.</summary>
    private const int BytesMax = 2 * 12 * 65_536;

    private readonly BufferPool pool;
    private readonly int size;
    private readonly Queue<(PooledBuffer Buffer, ShardLanes Lanes, LaneOperation Operation)> sent = new();
    private PooledBuffer? free;
    private PooledBuffer? taken;

    private StripeBuffers(BufferPool pool, PooledBuffer first)
    {
        this.pool = pool;
        size = first.Size;
        free = first;
    }

    /// <exception cref="OverloadedException">The budget does not even have one.</exception>
    public static async ValueTask<StripeBuffers> RentAsync(BufferPool pool, int stripeSize, CancellationToken cancellationToken) =>
        new(pool, await pool.RentAsync(stripeSize, MemoryBudget.AdmissionWait, cancellationToken));

    /// <summary>A buffer to fill, when the stores have taken what was in it.</summary>
    /// <exception cref="ObjectUnavailableException">A write that had to be waited for fell below its quorum.</exception>
    public async ValueTask<PooledBuffer> TakeAsync(CancellationToken cancellationToken)
    {
        Debug.Assert(taken is null, "One stripe is filled at a time.");
        while (sent.TryPeek(out var oldest) && oldest.Operation.All.IsCompleted) await SettleAsync(cancellationToken);
        if (free is null && !TryRentSecond()) await SettleAsync(cancellationToken);
        (taken, free) = (free, null);
        return taken!;
    }

    /// <summary>Hands the taken buffer to an operation that writes it.</summary>
    public void Send(ShardLanes lanes, LaneOperation operation)
    {
        sent.Enqueue((taken!, lanes, operation));
        taken = null;
    }

    /// <summary>Waits until everything that was sent has arrived, or was given up with a quorum left.</summary>
    public async ValueTask DrainAsync(CancellationToken cancellationToken)
    {
        while (sent.Count > 0) await SettleAsync(cancellationToken);
    }

    public void Dispose()
    {
        // Plaintext may be left in it when the upload broke off while it was filled.
        taken?.Clear();
        taken?.Dispose();
        free?.Dispose();
        while (sent.TryDequeue(out var oldest)) oldest.Buffer.DisposeAfter(oldest.Operation.All);
    }

    private bool TryRentSecond() => sent.Count < CountMax && CountMax * size <= BytesMax && pool.TryRent(size, out free);

    private async ValueTask SettleAsync(CancellationToken cancellationToken)
    {
        var (buffer, lanes, operation) = sent.Peek();
        await lanes.SettleAsync(operation);
        sent.Dequeue();
        if (!operation.All.IsCompleted)
        {
            buffer.DisposeAfter(operation.All);
            free ??= await pool.RentAsync(size, MemoryBudget.ProgressWait, cancellationToken);
        }
        else if (free is null) free = buffer;
        else buffer.Dispose();
    }
}
