using Shouldly;
using Xunit;

namespace Oort.Backends.Suite;

public abstract partial class NetworkBackendSuite
{
    [Theory]
    [MemberData(nameof(Outages))]
    [InlineData(PeerFault.LosesAnswers)]
    [InlineData(PeerFault.OutOfFunds)]
    [InlineData(PeerFault.OutOfSpace)]
    public async Task Steps_WhenThePeerFails_FailByItsKindAndGoOnAfterwards(PeerFault fault)
    {
        foreach (var length in (int[])[Harness.Lengths[0], Harness.Lengths[^1]])
        {
            await CostsOnceAsync(length, async driver =>
            {
                var failures = 0;
                for (var count = 0; driver.Item.State != ItemState.Sealed; count++)
                {
                    count.ShouldBeLessThan(200);
                    var before = driver.Item;
                    BackendException? failure;
                    using (While(fault)) failure = await driver.StepOrFailAsync();
                    if (failure is null) continue;
                    failures++;
                    failure.Kind.ShouldBeOneOf([.. Harness.KindsOf(fault)], $"in {before.State}: {failure.Message}");
                    driver.Item.State.ShouldBe(StateAfter(failure.Kind));
                    driver.Item.ResumeState.ShouldBe(before.State);
                    driver.Item.NextStep.ShouldBeGreaterThan(Harness.Time.GetUtcNow());
                    driver.Item.Reason.ShouldNotBeNullOrWhiteSpace();
                    await driver.StepAsync();
                    (driver.Item.FailureCount, driver.Item.Reason).ShouldBe((0, ""));
                }

                failures.ShouldBeGreaterThan(0, $"no step noticed that the peer had {fault}");
            });
        }
    }

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task Item_ThatIsReadBackWrong_IsNeverSealed(PeerFault fault)
    {
        foreach (var length in (int[])[Length, Harness.Lengths[^1]])
        {
            var driver = New(length);
            using (While(fault)) await driver.RunToAnEndAsync();
            driver.Seen.ShouldNotContain(ItemState.Sealed);
            driver.Seen.ShouldContain(Harness.KindsOf(fault).Contains(BackendErrorKind.Transient) && driver.Item.State != ItemState.FailedFinal ? ItemState.Retrying : ItemState.FailedFinal, driver.Item.Reason);
            driver.Item.IsCopy.ShouldBeFalse();
        }
    }

    [Fact]
    public async Task Item_DamagedBeforeItIsSealed_IsNeverSealed()
    {
        var driver = New(Length);
        await driver.RunAsync(ItemState.Accepted);
        await Harness.DamageAsync(driver.Item);
        await driver.RunToAnEndAsync();
        driver.Seen.ShouldNotContain(ItemState.Sealed);
        driver.Item.State.ShouldBe(ItemState.FailedFinal);
    }

    [Fact]
    public async Task Item_LostBeforeItIsSealed_IsGivenUpOrMadeAnew()
    {
        foreach (var state in (await StatesOfAsync(Length)).Where(state => state is ItemState.Accepted or ItemState.Pending or ItemState.Confirmed))
        {
            var driver = New(Length);
            await driver.RunAsync(state);
            await Harness.LoseAsync(driver.Item);
            await driver.RunToAnEndAsync();
            driver.Item.State.ShouldBeOneOf(ItemState.FailedFinal, ItemState.Sealed);
            if (driver.Item.State == ItemState.Sealed) (await driver.ReadAsync()).ShouldHold(driver.Content);
            else driver.Item.IsCopy.ShouldBeFalse();
        }
    }

    [Fact]
    public async Task Sealed_WhenItIsLost_IsNoCopyAnyMore()
    {
        var driver = await SealedAsync();
        await Harness.LoseAsync(driver.Item);
        (await driver.StepOrFailAsync()).ShouldNotBeNull("the item is gone, and nobody noticed").Kind.ShouldBe(BackendErrorKind.NotFound);
        driver.Item.State.ShouldBe(ItemState.FailedFinal);
        driver.Item.IsCopy.ShouldBeFalse();
    }

    [Theory]
    [InlineData(PeerFault.ServerError)]
    [InlineData(PeerFault.Hangs)]
    [InlineData(PeerFault.Throttles)]
    public async Task Sealed_WhenThePeerFails_StaysACopy(PeerFault fault)
    {
        var driver = await SealedAsync();
        using (While(fault)) (await driver.StepOrFailAsync()).ShouldNotBeNull();
        driver.Item.State.ShouldBe(ItemState.Retrying);
        driver.Item.IsCopy.ShouldBeTrue();
        await driver.StepAsync();
        driver.Item.State.ShouldBe(ItemState.Sealed);
    }

    [Fact]
    public async Task Test_OfAPeerThatIsWell_LeavesNothing()
    {
        var paid = Harness.PaymentCount;
        for (var i = 0; i < 2; i++) await Harness.Backend.TestAsync(CancellationToken.None);
        (await Harness.CountItemsAsync()).ShouldBe(0);
        // What is sent for a trial is to go again; so where nothing goes, nothing is sent.
        if (Harness.Backend.Traits.Retention != Retention.Deletable) Harness.PaymentCount.ShouldBe(paid);
    }

    [Theory]
    [MemberData(nameof(Outages))]
    public async Task Test_OfAPeerThatFails_SaysHow(PeerFault fault) => await FailsAsync(fault, New(Length).TestAsync);

    private static ItemState StateAfter(BackendErrorKind kind) => kind switch
    {
        BackendErrorKind.Transient or BackendErrorKind.Throttled => ItemState.Retrying,
        BackendErrorKind.Funds or BackendErrorKind.Full => ItemState.InsufficientFunds,
        BackendErrorKind.Unauthorized or BackendErrorKind.ReadOnly => ItemState.FailedTemporary,
        _ => ItemState.FailedFinal,
    };
}
