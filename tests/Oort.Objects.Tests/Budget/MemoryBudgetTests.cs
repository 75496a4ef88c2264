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
    public async Task Acquire_NewRequestThatFindsNothing_IsSentAwayAfterTheAdmissionWaitAndNotBefore()
    {
        var time = new ManualTime();
        var budget = new MemoryBudget(10, time);
        await budget.AcquireAsync(10, Wait, CancellationToken.None);
        var waiting = budget.AcquireAsync(1, MemoryBudget.AdmissionWait, CancellationToken.None).AsTask();
        time.Advance(MemoryBudget.AdmissionWait - TimeSpan.FromTicks(1));
        waiting.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromTicks(1));
        await Should.ThrowAsync<OverloadedException>(() => waiting);
        MemoryBudget.AdmissionWait.ShouldBeLessThanOrEqualTo(TimeSpan.FromSeconds(0.5), "the answer has to reach its client within a second");
        budget.Release(10);
        budget.Used.ShouldBe(0);
    }

    [Fact]
    public async Task Acquire_LineForAllOfTheBudget_SendsNewRequestsAwayAtOnceAndLetsOthersJoin()
    {
        var budget = new MemoryBudget(10, new ManualTime());
        await budget.AcquireAsync(10, Wait, CancellationToken.None);
        var line = Enumerable.Range(0, 5).Select(_ => budget.AcquireAsync(2, MemoryBudget.AdmissionWait, CancellationToken.None).AsTask()).ToArray();

        // No time passes.
        await Should.ThrowAsync<OverloadedException>(async () => await budget.AcquireAsync(1, MemoryBudget.AdmissionWait, CancellationToken.None));
        var underWay = budget.AcquireAsync(1, MemoryBudget.ProgressWait, CancellationToken.None).AsTask();
        underWay.IsCompleted.ShouldBeFalse();

        // Those in line lose nothing by it, and leave room in it.
        budget.Release(10);
        await Task.WhenAll(line);
        budget.Release(2);
        await underWay;
        await budget.AcquireAsync(1, MemoryBudget.AdmissionWait, CancellationToken.None);
        budget.Used.ShouldBe(10);
    }

    [Fact]
    public async Task AnnounceConnection_NewRequests_LeaveWhatItMayTake()
    {
        var budget = new MemoryBudget(40, new ManualTime());
        budget.AnnounceConnection(8);
        await budget.AcquireAsync(32, MemoryBudget.AdmissionWait, CancellationToken.None);
        budget.TryAcquire(1).ShouldBeFalse();
        var waiting = budget.AcquireAsync(3, MemoryBudget.AdmissionWait, CancellationToken.None).AsTask();
        waiting.IsCompleted.ShouldBeFalse();

        // What the connection takes is part of what was left to it.
        budget.AcquireForConnection(8);
        budget.Used.ShouldBe(40);
        budget.ReleaseOfConnection(8);
        waiting.IsCompleted.ShouldBeFalse();

        budget.AnnounceConnection(-8);
        await waiting;
        budget.Used.ShouldBe(35);
    }

    [Fact]
    public async Task AnnounceConnection_RequestUnderWay_NeedNotLeaveIt()
    {
        var budget = new MemoryBudget(40, new ManualTime());
        budget.AnnounceConnection(8);
        await budget.AcquireAsync(40, MemoryBudget.ProgressWait, CancellationToken.None);
        budget.Used.ShouldBe(40);
    }

    [Fact]
    public async Task AnnounceConnection_Thousands_TakeNoMoreThanAQuarter()
    {
        var budget = new MemoryBudget(40, new ManualTime());
        for (var i = 0; i < 4000; i++) budget.AnnounceConnection(8);
        await budget.AcquireAsync(30, MemoryBudget.AdmissionWait, CancellationToken.None);
        budget.TryAcquire(1).ShouldBeFalse();
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
