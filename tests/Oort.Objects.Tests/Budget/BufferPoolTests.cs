using Oort.Objects.Budget;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Budget;

public sealed class BufferPoolTests
{
    private const int Size = 65_536;
    private readonly ManualTime time = new();

    [Fact]
    public void Return_WithinTheBudget_IsKeptForTheNextOfItsSize()
    {
        var pool = Pool(4);
        var memory = RentAndReturn(pool, 1, Size)[0];
        pool.Held.ShouldBe(Size);
        pool.Free.ShouldBe(Size);
        pool.TryRent(Size, out var again).ShouldBeTrue();
        again!.Memory.Equals(memory).ShouldBeTrue();
        pool.Free.ShouldBe(0);
    }

    [Fact]
    public void Rent_AnotherSizeThanIsKept_LetsTheKeptGo()
    {
        var pool = Pool(4);
        RentAndReturn(pool, 4, Size);
        pool.Held.ShouldBe(4 * Size);
        pool.TryRent(3 * Size, out var large).ShouldBeTrue();
        pool.Held.ShouldBe(4 * Size);
        large!.Dispose();
        RentAndReturn(pool, 2, Size);
        pool.Held.ShouldBeLessThanOrEqualTo(4 * Size);
    }

    /// <summary>Whatever sizes come and go, in use and kept together stay within the budget.</summary>
    [Fact]
    public void Rent_ManySizesInTurn_NeverHoldsMoreThanTheBudget()
    {
        var pool = Pool(64);
        var random = new Random(7);
        var rented = new Queue<PooledBuffer>();
        for (var i = 0; i < 5000; i++)
        {
            if (pool.TryRent(random.Next(1, 12 * Size), out var buffer)) rented.Enqueue(buffer);
            else rented.Dequeue().Dispose();
            pool.Held.ShouldBeLessThanOrEqualTo(pool.Budget.Capacity);
            (pool.Held - pool.Free).ShouldBe(pool.Budget.Used);
        }
    }

    [Fact]
    public void RentForConnection_MoreThanTheBudget_IsKeptForTheNextUntilItHasNotBeenNeeded()
    {
        var pool = Pool(2);
        var over = Enumerable.Range(0, 5).Select(_ => pool.RentForConnection(Size)).ToArray();
        pool.Held.ShouldBe(5 * Size);
        pool.TryRent(1, out _).ShouldBeFalse();
        foreach (var buffer in over) buffer.Dispose();
        pool.Budget.Used.ShouldBe(0);
        pool.Held.ShouldBe(5 * Size);

        time.Advance(TimeSpan.FromSeconds(10));
        RentAndReturn(pool, 1, Size);
        RentAndReturn(pool, 1, Size);
        pool.Held.ShouldBeLessThanOrEqualTo(2 * Size);
    }

    [Fact]
    public void Return_NothingNeededForLong_IsLetGoByHalves()
    {
        var pool = Pool(16);
        RentAndReturn(pool, 16, Size);
        // The first looks at what is spare from then on.
        Later();
        pool.Held.ShouldBe(16 * Size);
        for (var halved = 8; halved > 0; halved /= 2)
        {
            Later();
            pool.Held.ShouldBeLessThanOrEqualTo((halved + 1) * Size);
        }

        void Later()
        {
            time.Advance(TimeSpan.FromSeconds(10));
            RentAndReturn(pool, 1, Size);
        }
    }

    [Fact]
    public void Release_Pages_AreZeroAndTheirNeighboursStay()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.SystemPageSize == PinnedPages.PageSize, "Elsewhere nothing is released.");
        var memory = PinnedPages.Allocate(16 * PinnedPages.PageSize);
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray<byte>(memory, out var part).ShouldBeTrue();
        part.Array!.AsSpan().Fill(7);
        PinnedPages.Release(memory);
        memory.Span.ContainsAnyExcept((byte)0).ShouldBeFalse();
        part.Array.AsSpan(0, part.Offset).ContainsAnyExcept((byte)7).ShouldBeFalse();
        part.Array.AsSpan(part.Offset + memory.Length).ContainsAnyExcept((byte)7).ShouldBeFalse();
        memory.Span.Fill(9);
        memory.Span.ContainsAnyExcept((byte)9).ShouldBeFalse("they can be used again");
    }

    private BufferPool Pool(int count) => new(new MemoryBudget(count * Size, time));

    private static Memory<byte>[] RentAndReturn(BufferPool pool, int count, int size)
    {
        var rented = Enumerable.Range(0, count).Select(_ => pool.TryRent(size, out var buffer) ? buffer : throw new InvalidOperationException("The budget is used up.")).ToArray();
        var memories = Array.ConvertAll(rented, buffer => buffer.Memory);
        foreach (var buffer in rented) buffer.Dispose();
        return memories;
    }
}
