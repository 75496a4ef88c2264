using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Oort.Objects.Budget;

/// <summary>Rents pinned buffers out of one <see cref="MemoryBudget"/>, and keeps some of those that come back for the next.</summary>
/// <remarks>
/// Thread-safe. Sizes are rounded up to quarters between powers of two (256, 320, 384, 448, 512 KiB, …), so at most a fifth is wasted
/// and stripes of all common codes find each other's buffers. Pinned, because disks and sockets then need not pin them again; those of
/// <see cref="AlignedSizeMin"/> and more begin at a page, because disks can then write from them directly.
/// </remarks>
public sealed class BufferPool
{
    /// <summary>Smallest buffer: a budget share below that would be bookkeeping only.</summary>
    public const int SizeMin = 4096;

    /// <summary>Smallest buffer that begins at a page: the page more that this takes, and that the budget does not count, is then at most a sixteenth.</summary>
    public const int AlignedSizeMin = 65_536;

    /// <summary>What direct writes align to.</summary>
    private const int PageSize = 4096;

    /// <summary>Buffers kept for reuse, beside those in use, are at most this part of the budget: the rest goes back to the collector after a peak.</summary>
    private const int RetainedDivisor = 4;

    private readonly ConcurrentDictionary<int, ConcurrentBag<Memory<byte>>> free = new();
    private readonly long retainedMax;
    private long retained;

    public BufferPool(MemoryBudget budget)
    {
        Budget = budget;
        retainedMax = budget.Capacity / RetainedDivisor;
    }

    public MemoryBudget Budget { get; }

    /// <summary>Rents at least <paramref name="size"/> bytes, waiting for the budget. The content is arbitrary.</summary>
    /// <exception cref="OverloadedException">The budget did not have them in time.</exception>
    public async ValueTask<PooledBuffer> RentAsync(int size, TimeSpan wait, CancellationToken cancellationToken)
    {
        var rounded = RoundUp(size);
        await Budget.AcquireAsync(rounded, wait, cancellationToken);
        return Take(size, rounded, isCharged: true);
    }

    /// <summary>Rents if the budget has it now.</summary>
    public bool TryRent(int size, [NotNullWhen(true)] out PooledBuffer? buffer)
    {
        var rounded = RoundUp(size);
        buffer = Budget.TryAcquire(rounded) ? Take(size, rounded, isCharged: true) : null;
        return buffer is not null;
    }

    /// <summary>Rents out of a share of the budget that the caller has set aside: not charged again.</summary>
    internal PooledBuffer RentReserved(int size) => Take(size, RoundUp(size), isCharged: false);

    /// <summary>What a buffer of a size costs the budget.</summary>
    public static int RoundUp(int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        if (size <= SizeMin) return SizeMin;
        var quarter = 1 << Math.Max(0, BitOperations.Log2((uint)(size - 1)) - 2);
        return checked((size + quarter - 1) / quarter * quarter);
    }

    internal void Return(Memory<byte> memory, bool isCharged)
    {
        if (Interlocked.Add(ref retained, memory.Length) <= retainedMax) free.GetOrAdd(memory.Length, _ => []).Add(memory);
        else Interlocked.Add(ref retained, -memory.Length);
        if (isCharged) Budget.Release(memory.Length);
    }

    private PooledBuffer Take(int size, int rounded, bool isCharged)
    {
        if (free.TryGetValue(rounded, out var bag) && bag.TryTake(out var memory)) Interlocked.Add(ref retained, -rounded);
        else memory = Allocate(rounded);
        return new PooledBuffer(this, memory, size, isCharged);
    }

    private static Memory<byte> Allocate(int size)
    {
        if (size < AlignedSizeMin) return GC.AllocateUninitializedArray<byte>(size, pinned: true);
        var array = GC.AllocateUninitializedArray<byte>(size + PageSize, pinned: true);
        var intoPage = (int)(Marshal.UnsafeAddrOfPinnedArrayElement(array, 0) & (PageSize - 1));
        return array.AsMemory((PageSize - intoPage) % PageSize, size);
    }
}
