using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Oort.Objects.Budget;

/// <summary>Rents pinned buffers out of one <see cref="MemoryBudget"/>, and keeps those that come back for the next.</summary>
/// <remarks>
/// Thread-safe. Sizes are rounded up to quarters between powers of two (256, 320, 384, 448, 512 KiB, …), so at most a fifth is wasted
/// and stripes of all common codes find each other's buffers. Pinned, because disks and sockets then need not pin them again; those of
/// <see cref="AlignedSizeMin"/> and more begin at a page, because disks can then write from them directly. What is kept and what is in use are together
/// never more than the budget, or than what was in use at one time lately: fresh memory is dear, so everything is kept while it fits; to make room for a size of which none is left, others go.
/// </remarks>
public sealed class BufferPool
{
    /// <summary>Smallest buffer: a budget share below that would be bookkeeping only.</summary>
    public const int SizeMin = 4096;

    /// <summary>Smallest buffer that begins at a page: the page more that this takes, and that the budget does not count, is then at most a sixteenth.</summary>
    public const int AlignedSizeMin = 65_536;

    /// <summary>How often half of what was not needed since the last time is let go: a peak is forgotten in some minutes, a pause between two requests is not.</summary>
    private static readonly TimeSpan TrimInterval = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private readonly SortedList<int, Kept> kept = [];
    private readonly TimeProvider time;
    private long held;
    private long free;
    private long trimmed;

    /// <summary>The most that was in use at one time since the last trim.</summary>
    private long needed;

    public BufferPool(MemoryBudget budget)
    {
        Budget = budget;
        time = budget.Time;
        trimmed = time.GetTimestamp();
    }

    public MemoryBudget Budget { get; }

    /// <summary>Bytes of all buffers, in use or kept.</summary>
    public long Held
    {
        get { lock (gate) return held; }
    }

    /// <summary>Bytes of the buffers that are kept for the next.</summary>
    public long Free
    {
        get { lock (gate) return free; }
    }

    /// <summary>Rents at least <paramref name="size"/> bytes, waiting for the budget. The content is arbitrary.</summary>
    /// <exception cref="OverloadedException">The budget did not have them in time.</exception>
    public async ValueTask<PooledBuffer> RentAsync(int size, TimeSpan wait, CancellationToken cancellationToken)
    {
        var rounded = RoundUp(size);
        await Budget.AcquireAsync(rounded, wait, cancellationToken);
        return Take(size, rounded, BufferCharge.Request);
    }

    /// <summary>Rents if the budget has it now.</summary>
    public bool TryRent(int size, [NotNullWhen(true)] out PooledBuffer? buffer)
    {
        var rounded = RoundUp(size);
        buffer = Budget.TryAcquire(rounded) ? Take(size, rounded, BufferCharge.Request) : null;
        return buffer is not null;
    }

    /// <summary>Rents for one who cannot wait, even over the budget: then others wait until it has come back. How much such renters hold must be bounded elsewhere.</summary>
    public PooledBuffer RentOver(int size)
    {
        var rounded = RoundUp(size);
        Budget.AcquireOver(rounded);
        return Take(size, rounded, BufferCharge.Request);
    }

    /// <summary>Rents for a connection, which cannot wait, even over the budget: then others wait until it has come back. How much a connection holds must be bounded elsewhere.</summary>
    public PooledBuffer RentForConnection(int size)
    {
        var rounded = RoundUp(size);
        Budget.AcquireForConnection(rounded);
        return Take(size, rounded, BufferCharge.Connection);
    }

    /// <summary>Rents out of a share of the budget that the caller has set aside: not charged again.</summary>
    internal PooledBuffer RentReserved(int size) => Take(size, RoundUp(size), BufferCharge.None);

    /// <summary>What a buffer of a size costs the budget.</summary>
    public static int RoundUp(int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        if (size <= SizeMin) return SizeMin;
        var quarter = 1 << Math.Max(0, BitOperations.Log2((uint)(size - 1)) - 2);
        return checked((size + quarter - 1) / quarter * quarter);
    }

    internal void Return(Memory<byte> memory, BufferCharge charge)
    {
        List<Memory<byte>>? dropped = null;
        lock (gate)
        {
            free += memory.Length;
            Of(memory.Length).Buffers.Push(memory);
            Shrink(KeptMax, ref dropped);
            if (time.GetElapsedTime(trimmed) >= TrimInterval) Trim(ref dropped);
        }
        Release(dropped);
        if (charge == BufferCharge.Request) Budget.Release(memory.Length);
        else if (charge == BufferCharge.Connection) Budget.ReleaseOfConnection(memory.Length);
    }

    private PooledBuffer Take(int size, int rounded, BufferCharge charge)
    {
        List<Memory<byte>>? dropped = null;
        lock (gate)
        {
            var same = Of(rounded);
            needed = Math.Max(needed, held - free + rounded);
            if (same.Buffers.TryPop(out var memory))
            {
                free -= rounded;
                same.Spare = Math.Min(same.Spare, same.Buffers.Count);
                return new PooledBuffer(this, memory, size, charge);
            }
            Shrink(KeptMax - rounded, ref dropped);
            held += rounded;
        }
        Release(dropped);
        return new PooledBuffer(this, rounded < AlignedSizeMin ? GC.AllocateUninitializedArray<byte>(rounded, pinned: true) : PinnedPages.Allocate(rounded), size, charge);
    }

    /// <summary>Beyond the budget as well, what was needed lately is kept: a crowd would otherwise give back and take fresh pages for every 64 KiB that it sends.</summary>
    private long KeptMax => Math.Max(Budget.Capacity, needed);

    private Kept Of(int rounded)
    {
        if (!kept.TryGetValue(rounded, out var same)) kept.Add(rounded, same = new Kept());
        return same;
    }

    /// <summary>Drops kept buffers, the largest first, while more than that is held.</summary>
    private void Shrink(long heldMax, ref List<Memory<byte>>? dropped)
    {
        for (var i = kept.Count - 1; i >= 0 && held > heldMax; i--)
            while (held > heldMax && kept.Values[i].Buffers.Count > 0) Drop(kept.Values[i], ref dropped);
    }

    /// <summary>Drops half of those of each size that nobody has needed since the last time.</summary>
    private void Trim(ref List<Memory<byte>>? dropped)
    {
        trimmed = time.GetTimestamp();
        needed = held - free;
        foreach (var same in kept.Values)
        {
            for (var count = (same.Spare + 1) / 2; count > 0; count--) Drop(same, ref dropped);
            same.Spare = same.Buffers.Count;
        }
    }

    private void Drop(Kept same, ref List<Memory<byte>>? dropped)
    {
        var memory = same.Buffers.Pop();
        same.Spare = Math.Min(same.Spare, same.Buffers.Count);
        held -= memory.Length;
        free -= memory.Length;
        (dropped ??= []).Add(memory);
    }

    /// <summary>Outside the lock: the system takes microseconds a page.</summary>
    private static void Release(List<Memory<byte>>? dropped)
    {
        if (dropped is null) return;
        foreach (var memory in dropped)
            if (memory.Length >= AlignedSizeMin) PinnedPages.Release(memory);
    }

    /// <summary>Buffers of one size.</summary>
    private sealed class Kept
    {
        /// <summary>The one that came back last is taken first: it is in the processor's caches.</summary>
        public Stack<Memory<byte>> Buffers { get; } = new();

        /// <summary>The fewest that were kept since the last trim; so many were not needed.</summary>
        public int Spare { get; set; }
    }
}
