using Shouldly;
using Xunit;

namespace Oort.Backends.Suite;

public abstract partial class NetworkBackendSuite
{
    private bool Deletes => Harness.Backend.Traits.Retention is Retention.Deletable or Retention.Scheduled;

    /// <summary>What a delete of an item that was sent answers, whenever it is asked.</summary>
    private DeleteOutcome Outcome => Harness.Backend.Traits.Retention switch
    {
        Retention.Deletable => DeleteOutcome.Deleted,
        Retention.Scheduled => DeleteOutcome.Scheduled,
        _ => DeleteOutcome.Undeletable,
    };

    [Fact]
    public async Task Delete_OfAnItem_SaysWhatItIs_AndAgain()
    {
        var driver = await SealedAsync();
        var (outcome, effective) = await driver.DeleteAsync();
        outcome.ShouldBe(Outcome);
        (effective is not null).ShouldBe(outcome == DeleteOutcome.Scheduled, "when it takes effect is said where that is later");
        await Harness.RestartAsync();
        (await DeleteWhatMayBeGoneAsync(driver)).Outcome.ShouldBe(Outcome);
        if (outcome == DeleteOutcome.Undeletable)
        {
            (await driver.ReadAsync()).ShouldHold(driver.Content);
            return;
        }

        await IsGoneAsync(driver, effective);
        (await DeleteWhatMayBeGoneAsync(driver)).Outcome.ShouldBe(Outcome);
    }

    [Fact]
    public async Task Delete_OfWhatWasNeverSent_AnswersTheSameAgain()
    {
        var paid = Harness.PaymentCount;
        foreach (var length in Harness.Lengths)
        {
            var driver = New(length);
            var (outcome, _) = await DeleteWhatMayBeGoneAsync(driver);
            outcome.ShouldBeOneOf(DeleteOutcome.Deleted, Outcome);
            await Harness.RestartAsync();
            (await DeleteWhatMayBeGoneAsync(driver)).Outcome.ShouldBe(outcome);
        }

        (await Harness.CountItemsAsync()).ShouldBe(0);
        Harness.PaymentCount.ShouldBe(paid);
    }

    [Fact]
    public async Task Delete_OfAnItemInEachState_LeavesNothing()
    {
        Assert.SkipUnless(Harness.Backend.Traits.Retention == Retention.Deletable, "Nothing is deleted at once here.");
        foreach (var length in Harness.Lengths)
        {
            foreach (var state in await StatesOfAsync(length))
            {
                var driver = New(length);
                await driver.RunAsync(state);
                // Whatever the next step begins is begun, and not known.
                if (state is ItemState.Planned or ItemState.Uploading) await driver.TryAsync();
                await driver.DeleteAsync();
                (await Harness.CountItemsAsync()).ShouldBe(0, $"of an item of {length} bytes that was {state} something is left");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Outages))]
    public async Task Delete_WhenThePeerFails_IsNoDelete(PeerFault fault)
    {
        Assert.SkipUnless(Deletes, "Nothing is deleted here.");
        var driver = await SealedAsync();
        await FailsAsync(fault, driver.DeleteAsync);
        (await driver.ReadAsync()).ShouldHold(driver.Content);
    }

    [Fact]
    public async Task Delete_WhoseAnswerWasLost_AnswersAsIfItWasTheFirst()
    {
        Assert.SkipUnless(Deletes, "Nothing is deleted here.");
        var driver = await SealedAsync();
        await FailsAsync(PeerFault.LosesAnswers, driver.DeleteAsync);
        await Harness.RestartAsync();
        var (outcome, effective) = await DeleteWhatMayBeGoneAsync(driver);
        outcome.ShouldBe(Outcome);
        await IsGoneAsync(driver, effective);
    }

    /// <summary>That the network has no such item is what was wanted, and no failure.</summary>
    private static async Task<(DeleteOutcome Outcome, DateTimeOffset? Effective)> DeleteWhatMayBeGoneAsync(ItemDriver driver)
    {
        try
        {
            return await driver.DeleteAsync();
        }
        catch (BackendException failure) when (failure.Kind == BackendErrorKind.NotFound)
        {
            throw new ShouldAssertException($"a delete of what is not there failed: {failure.Message}", failure);
        }
    }

    private async Task IsGoneAsync(ItemDriver driver, DateTimeOffset? effective)
    {
        if (effective is { } later) await Harness.AdvanceAsync(later - Harness.Time.GetUtcNow());
        (await Should.ThrowAsync<BackendException>(() => driver.ReadAsync())).Kind.ShouldBe(BackendErrorKind.NotFound);
        await IsNotThereAsync(driver, VerifyDepth.Exists);
        (await Harness.CountItemsAsync()).ShouldBe(0);
    }
}
