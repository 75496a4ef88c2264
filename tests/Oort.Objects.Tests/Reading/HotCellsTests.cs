using Oort.Backends;
using Oort.Objects.Budget;
using Oort.Objects.Reading;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Reading;

public sealed class HotCellsTests
{
    private const int Size = 65_536;
    private readonly BufferPool pool = new(new MemoryBudget(16 * Size, TimeProvider.System));

    [Fact]
    public void Remember_SecondRequest_IsWorthKeeping()
    {
        var cells = new HotCells(pool, 4 * Size);
        cells.Remember(Cell(1)).ShouldBeFalse();
        cells.Remember(Cell(2)).ShouldBeFalse();
        cells.Remember(Cell(1)).ShouldBeTrue();
    }

    [Fact]
    public void Keep_MoreThanFit_KeepsThoseThatAreUsed()
    {
        var cells = new HotCells(pool, 4 * Size);
        for (var i = 0; i < 4; i++) Keep(cells, i);
        Has(cells, 0).ShouldBeTrue();
        for (var i = 4; i < 20; i++)
        {
            Keep(cells, i);
            cells.Bytes.ShouldBe(4 * Size);
            Has(cells, 0).ShouldBeTrue($"used again after {i}");
        }
        Has(cells, 18).ShouldBeTrue();
        Has(cells, 1).ShouldBeFalse();
        pool.Budget.Used.ShouldBe(cells.Bytes);
    }

    [Fact]
    public void Keep_CellIsLentAndDropped_LivesUntilItComesBack()
    {
        var cells = new HotCells(pool, 4 * Size);
        Keep(cells, 7);
        cells.TryLend(Cell(7), out var lent).ShouldBeTrue();
        cells.Drop(Cell(7));
        Has(cells, 7).ShouldBeFalse();
        cells.Bytes.ShouldBe(0);
        pool.Budget.Used.ShouldBe(Size);
        lent!.Payload.Span.IndexOfAnyExcept((byte)7).ShouldBe(-1);
        lent.Dispose();
        lent.Dispose();
        pool.Budget.Used.ShouldBe(0);
    }

    [Fact]
    public void Keep_BudgetIsExhausted_GivesACellBackInstead()
    {
        var cells = new HotCells(pool, 4 * Size);
        Keep(cells, 1);
        Keep(cells, 2);
        pool.TryRent(8 * Size, out var first).ShouldBeTrue();
        pool.TryRent(6 * Size, out var second).ShouldBeTrue();
        Keep(cells, 3);
        Has(cells, 3).ShouldBeFalse();
        cells.Bytes.ShouldBe(Size);
        Keep(cells, 3);
        Has(cells, 3).ShouldBeTrue("one had gone for it");
        first.Dispose();
        second.Dispose();
    }

    [Fact]
    public void Keep_SameCellTwice_IsChargedOnce()
    {
        var cells = new HotCells(pool, 4 * Size);
        Keep(cells, 1);
        Keep(cells, 1);
        (cells.Bytes, pool.Budget.Used).ShouldBe((Size, Size));
    }

    [Fact]
    public void Keep_Off_KeepsAndRemembersNothing()
    {
        var cells = new HotCells(pool, 0);
        cells.Remember(Cell(1)).ShouldBeFalse();
        cells.Remember(Cell(1)).ShouldBeFalse();
        Keep(cells, 1);
        Has(cells, 1).ShouldBeFalse();
        (cells.HitCount, cells.MissCount, pool.Budget.Used).ShouldBe((0, 0, 0));
    }

    private static StripeRange Cell(int number) => new(new SegmentId(1, 1), number, 0, Size);

    private static void Keep(HotCells cells, int number)
    {
        var content = new byte[Size];
        content.AsSpan().Fill((byte)number);
        cells.Keep(Cell(number), content);
    }

    private static bool Has(HotCells cells, int number)
    {
        if (!cells.TryLend(Cell(number), out var lent)) return false;
        lent.Dispose();
        return true;
    }
}
