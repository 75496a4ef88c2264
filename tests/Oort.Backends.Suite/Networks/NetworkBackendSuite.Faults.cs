using Shouldly;
using Xunit;

namespace Oort.Backends.Suite;

public abstract partial class NetworkBackendSuite
{
    [Theory]
    [InlineData(PeerFault.ServerError)]
    [InlineData(PeerFault.Unavailable)]
    [InlineData(PeerFault.Throttles)]
    [InlineData(PeerFault.Hangs)]
    [InlineData(PeerFault.LosesAnswers)]
    [InlineData(PeerFault.RefusesCredentials)]
    [InlineData(PeerFault.OutOfFunds)]
    [InlineData(PeerFault.OutOfSpace)]
    public async Task Steps_WhenThePeerFails_FailByItsKindAndGoOnAfterwards(PeerFault fault)
    {
        NeedsFault(fault);
        foreach (var length in (int[])[Harness.Lengths[0], Harness.Lengths[^1]])
        {
            var price = await PriceOfAsync(length);
            var (paid, held) = (Harness.PaymentCount, await Harness.CountItemsAsync());
            var driver = New(length);
            var failures = 0;
            for (var count = 0; driver.Item.State != ItemState.Sealed; count++)
            {
                count.ShouldBeLessThan(200);
                var before = driver.Item;
                Harness.Fault = fault;
                var failure = await driver.StepOrFailAsync();
                Harness.Fault = PeerFault.None;
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
            (await driver.ReadAsync()).ShouldHold(driver.Content);
            (Harness.PaymentCount - paid).ShouldBe(price, $"an item of {length} bytes was paid for more than once");
            (await Harness.CountItemsAsync()).ShouldBe(held + 1, "a step that failed left something behind");
        }
    }

    [Theory]
    [InlineData(PeerFault.WrongBytes)]
    [InlineData(PeerFault.ShortBytes)]
    [InlineData(PeerFault.LongBytes)]
    public async Task Item_ThatIsReadBackWrong_IsNeverSealed(PeerFault fault)
    {
        NeedsFault(fault);
        foreach (var length in (int[])[Length, Harness.Lengths[^1]])
        {
            var driver = New(length);
            Harness.Fault = fault;
            await driver.RunToAnEndAsync();
            Harness.Fault = PeerFault.None;
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
        NeedsFault(fault);
        var driver = await SealedAsync();
        Harness.Fault = fault;
        (await driver.StepOrFailAsync()).ShouldNotBeNull();
        driver.Item.State.ShouldBe(ItemState.Retrying);
        driver.Item.IsCopy.ShouldBeTrue();
        Harness.Fault = PeerFault.None;
        await driver.StepAsync();
        driver.Item.State.ShouldBe(ItemState.Sealed);
    }

    [Fact]
    public async Task Test_OfAPeerThatIsWell_CostsNothingAndLeavesNothing()
    {
        var paid = Harness.PaymentCount;
        await Harness.Backend.TestAsync(CancellationToken.None);
        (await Harness.CountItemsAsync()).ShouldBe(0);
        await Harness.Backend.TestAsync(CancellationToken.None);
        if (Harness.Backend.Traits.Retention != Retention.Deletable) Harness.PaymentCount.ShouldBe(paid);
    }

    [Theory]
    [InlineData(PeerFault.ServerError)]
    [InlineData(PeerFault.Unavailable)]
    [InlineData(PeerFault.Throttles)]
    [InlineData(PeerFault.Hangs)]
    [InlineData(PeerFault.RefusesCredentials)]
    public async Task Test_OfAPeerThatFails_SaysHow(PeerFault fault)
    {
        NeedsFault(fault);
        Harness.Fault = fault;
        var failure = await Should.ThrowAsync<BackendException>(() => Harness.Backend.TestAsync(CancellationToken.None).AsTask().WaitAsync(Harness.Patience));
        New(Length).Look(failure);
        failure.Kind.ShouldBeOneOf([.. Harness.KindsOf(fault)], failure.Message);
    }

    [Theory]
    [InlineData(PeerFault.ServerError)]
    [InlineData(PeerFault.Hangs)]
    [InlineData(PeerFault.RefusesCredentials)]
    public async Task Delete_WhenThePeerFails_IsNoDelete(PeerFault fault)
    {
        NeedsFault(fault);
        Assert.SkipUnless(Harness.Backend.Traits.Retention is Retention.Deletable or Retention.Scheduled, "Nothing is deleted here.");
        var driver = await SealedAsync();
        Harness.Fault = fault;
        (await Should.ThrowAsync<BackendException>(driver.DeleteAsync)).Kind.ShouldBeOneOf([.. Harness.KindsOf(fault)]);
        Harness.Fault = PeerFault.None;
        (await driver.ReadAsync()).ShouldHold(driver.Content);
    }

    private void NeedsFault(PeerFault fault) => Assert.SkipUnless(Harness.Knows(fault), $"This peer cannot be made to do this: {fault}.");

    private static ItemState StateAfter(BackendErrorKind kind) => kind switch
    {
        BackendErrorKind.Transient or BackendErrorKind.Throttled => ItemState.Retrying,
        BackendErrorKind.Funds or BackendErrorKind.Full => ItemState.InsufficientFunds,
        BackendErrorKind.Unauthorized or BackendErrorKind.ReadOnly => ItemState.FailedTemporary,
        _ => ItemState.FailedFinal,
    };
}
