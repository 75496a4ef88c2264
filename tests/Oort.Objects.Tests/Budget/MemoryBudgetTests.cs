using Oort.Objects.Budget;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Budget;

public sealed class MemoryBudgetTests
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Acquire_Full_WaitsInLineAndIsServedInOrder()
    {
        var budget = new MemoryBudget(10, new ManualTime());
        await budget.AcquireAsync(8, Wait, CancellationToken.None);
        var large = budget.AcquireAsync(9, Wait, CancellationToken.None).AsTask();
        var small = budget.AcquireAsync(1, Wait, CancellationToken.None).AsTask();
        budget.TryAcquire(1).ShouldBeFalse("others stand in line");
        large.IsCompleted.ShouldBeFalse();
        small.IsCompleted.ShouldBeFalse();
        budget.Release(8);
        await large;
        await small;
        budget.Used.ShouldBe(10);
    }

    [Fact]
    public async Task Acquire_NotFreeInTime_IsOverloadedAndLetsOthersIn()
    {
        var time = new ManualTime();
        var budget = new MemoryBudget(10, time);
        await budget.AcquireAsync(8, Wait, CancellationToken.None);
        var large = budget.AcquireAsync(9, Wait, CancellationToken.None).AsTask();
        var small = budget.AcquireAsync(2, Wait * 10, CancellationToken.None).AsTask();
        time.Advance(Wait);
        await Should.ThrowAsync<OverloadedException>(() => large);
        await small;
        budget.Used.ShouldBe(10);
    }

    [Fact]
    public async Task Acquire_Cancelled_LeavesTheLine()
    {
        var budget = new MemoryBudget(10, new ManualTime());
        await budget.AcquireAsync(10, Wait, CancellationToken.None);
        using var cancellation = new CancellationTokenSource();
        var waiting = budget.AcquireAsync(1, Wait, cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => waiting);
        budget.Release(10);
        budget.Used.ShouldBe(0);
    }

    [Fact]
    public async Task Acquire_MoreThanThereIs_IsOverloadedAtOnce() =>
        await Should.ThrowAsync<OverloadedException>(async () => await new MemoryBudget(10, new ManualTime()).AcquireAsync(11, Wait, CancellationToken.None));

    [Fact]
    public void Release_MoreThanWasTaken_IsABug() =>
        Should.Throw<ArgumentOutOfRangeException>(() => new MemoryBudget(10, new ManualTime()).Release(1));

    [Theory]
    [InlineData(0, 4096)]
    [InlineData(4096, 4096)]
    [InlineData(4097, 5120)]
    [InlineData(5121, 6144)]
    [InlineData(393_216, 393_216)]
    [InlineData(393_217, 458_752)]
    [InlineData(786_432, 786_432)]
    public void RoundUp_Size_IsTheNextQuarterStep(int size, int rounded) => BufferPool.RoundUp(size).ShouldBe(rounded);

    [Fact]
    public async Task Dispose_Twice_GivesBackOnce()
    {
        var pool = new BufferPool(new MemoryBudget(100_000, new ManualTime()));
        var first = await pool.RentAsync(5000, Wait, CancellationToken.None);
        using var second = await pool.RentAsync(5000, Wait, CancellationToken.None);
        first.Dispose();
        first.Dispose();
        pool.Budget.Used.ShouldBe(5120);
        Should.Throw<ObjectDisposedException>(() => first.Memory);
    }
}
