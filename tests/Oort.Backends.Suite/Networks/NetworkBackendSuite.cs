using Shouldly;
using Xunit;

namespace Oort.Backends.Suite;

/// <summary>What every <see cref="INetworkBackend"/> must do (docs/networks.md). A backend is done when a subclass of this passes.</summary>
public abstract partial class NetworkBackendSuite : IAsyncLifetime
{
    private const int Length = 5_003;

    private int lastNumber;

    protected NetworkHarness Harness { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Harness = await CreateAsync();

    public async ValueTask DisposeAsync()
    {
        await Harness.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>A backend on a peer that holds nothing.</summary>
    protected abstract Task<NetworkHarness> CreateAsync();

    [Fact]
    public async Task Item_OfEveryLength_EndsSealedAndReadsBack()
    {
        foreach (var length in Harness.Lengths)
        {
            var driver = New(length);
            await driver.RunAsync(ItemState.Sealed);
            driver.Item.IsCopy.ShouldBeTrue();
            (await driver.ReadAsync()).ShouldHold(driver.Content);
        }

        (await Harness.CountItemsAsync()).ShouldBe(Harness.Lengths.Count);
    }

    [Fact]
    public async Task Item_KilledAfterEveryStep_CostsNothingTwice()
    {
        foreach (var length in Harness.Lengths)
        {
            var (plain, killed) = (New(length), New(length));
            await plain.RunAsync(ItemState.Sealed);
            var price = Harness.PaymentCount;
            var held = await Harness.CountItemsAsync();
            await killed.RunAsync(ItemState.Sealed, isKilled: true);
            (await killed.ReadAsync()).ShouldHold(killed.Content);
            (Harness.PaymentCount - price).ShouldBe(await PriceOfAsync(length), $"an item of {length} bytes was paid for more than once");
            (await Harness.CountItemsAsync()).ShouldBe(held + 2, "a step that was repeated left something behind");
        }
    }

    [Fact]
    public async Task Item_WhoseSourceFailsAtEachRead_GoesOnAndCostsNothingTwice()
    {
        foreach (var length in Harness.Lengths)
        {
            var price = await PriceOfAsync(length);
            var (paid, held) = (Harness.PaymentCount, await Harness.CountItemsAsync());
            var driver = New(length);
            // One read more at each attempt, and then two, four, …: long items need many.
            for (var reads = 0; driver.Item.State is not ItemState.Sealed; reads += Math.Max(1, reads))
            {
                driver.Source.ReadsLeft = reads;
                if (await driver.StepOrFailAsync() is { } failure) failure.Kind.ShouldBe(BackendErrorKind.Transient, failure.Message);
                driver.Item.State.ShouldNotBe(ItemState.FailedFinal, driver.Item.Reason);
                if (driver.Item.State is not (ItemState.Planned or ItemState.Uploading or ItemState.Retrying)) reads = 0;
                reads.ShouldBeLessThan(1 << 24);
            }

            (await driver.ReadAsync()).ShouldHold(driver.Content);
            (Harness.PaymentCount - paid).ShouldBe(price);
            (await Harness.CountItemsAsync()).ShouldBe(held + 1);
        }
    }

    [Fact]
    public async Task Item_WhoseSourceHasOtherBytes_IsNeverSealed()
    {
        var other = TestBytes.Make(Length, 99);
        foreach (var wrong in (byte[][])[other, other[..^1], [.. other, 0]])
        {
            var driver = New(Length);
            driver.Source = new(wrong);
            await driver.RunToAnEndAsync();
            driver.Item.State.ShouldBe(ItemState.FailedFinal, $"its source had {wrong.Length} other bytes");
            driver.Seen.ShouldNotContain(ItemState.Sealed);
        }
    }

    [Fact]
    public async Task Items_SideBySide_DoNotMeet()
    {
        var drivers = Enumerable.Range(0, 4).Select(_ => New(Length)).ToList();
        for (var count = 0; drivers.Exists(driver => driver.Item.State != ItemState.Sealed); count++)
        {
            count.ShouldBeLessThan(100);
            foreach (var driver in drivers) await driver.StepAsync();
        }

        foreach (var driver in drivers) (await driver.ReadAsync()).ShouldHold(driver.Content);
        drivers.Select(driver => driver.Item.Receipt!.Address).Distinct().Count().ShouldBe(4);
    }

    [Fact]
    public async Task Step_ThatIsCancelled_SaysSo()
    {
        var driver = New(Length);
        await Should.ThrowAsync<OperationCanceledException>(() => driver.TryAsync(new CancellationToken(canceled: true)));
        await driver.RunAsync(ItemState.Sealed);
    }

    [Fact]
    public async Task Sealed_WhenItIsLookedAtAgain_StaysOrExpires()
    {
        var driver = await SealedAsync();
        await driver.StepAsync();
        driver.Item.State.ShouldBeOneOf(ItemState.Sealed, ItemState.Expiring);
        await Harness.RestartAsync();
        (await driver.ReadAsync()).ShouldHold(driver.Content);
    }

    [Fact]
    public async Task Delete_OfAnItem_SaysWhatItIs_AndAgain()
    {
        var driver = await SealedAsync();
        var expected = Harness.Backend.Traits.Retention switch
        {
            Retention.Deletable => DeleteOutcome.Deleted,
            Retention.Scheduled => DeleteOutcome.Scheduled,
            _ => DeleteOutcome.Undeletable,
        };
        var (outcome, effective) = await driver.DeleteAsync();
        outcome.ShouldBe(expected);
        (effective is not null).ShouldBe(outcome == DeleteOutcome.Scheduled, "when it takes effect is said where that is later");
        await Harness.RestartAsync();
        (await driver.DeleteAsync()).Outcome.ShouldBe(expected);
        if (outcome == DeleteOutcome.Undeletable)
        {
            (await driver.ReadAsync()).ShouldHold(driver.Content);
            return;
        }

        if (effective is { } later) await Harness.AdvanceAsync(later - Harness.Time.GetUtcNow());
        (await Should.ThrowAsync<BackendException>(() => driver.ReadAsync())).Kind.ShouldBe(BackendErrorKind.NotFound);
        (await driver.VerifyAsync(VerifyDepth.Exists)).IsThere.ShouldBeFalse();
        (await Harness.CountItemsAsync()).ShouldBe(0);
        (await driver.DeleteAsync()).Outcome.ShouldBe(expected);
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

    [Fact]
    public async Task Prices_AndAccount_AreThereAndDated()
    {
        var prices = await Harness.Backend.GetPricesAsync(CancellationToken.None);
        double[] all = [prices.PerItem, prices.PerGibibyteOnce, prices.PerGibibyteMonth, prices.PerGibibyteRead, prices.PerRead, prices.PerDelete];
        all.ShouldAllBe(price => price >= 0 && double.IsFinite(price));
        prices.AsOf.ShouldBeGreaterThan(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero));
        prices.DurationMin.ShouldBeGreaterThanOrEqualTo(TimeSpan.Zero);
        if (await Harness.Backend.GetAccountAsync(CancellationToken.None) is { } account) account.Unit.ShouldNotBeNullOrWhiteSpace();
    }

    [Fact]
    public void Traits_AndLocation_CanBeTrue()
    {
        var traits = Harness.Backend.Traits;
        traits.Kind.ShouldBe(traits.Kind.ToLowerInvariant());
        traits.ItemLengthMin.ShouldBeGreaterThanOrEqualTo(1);
        traits.ItemLengthMax.ShouldBeGreaterThanOrEqualTo(traits.ItemLengthMin);
        Harness.Lengths.ShouldAllBe(length => length >= traits.ItemLengthMin && length <= traits.ItemLengthMax);
        traits.Proofs.ShouldNotBe(ProofKinds.None);
        foreach (var secret in Harness.Secrets) Harness.Backend.Location.ShouldNotContain(secret);
    }

    /// <summary>An item that nobody has yet seen.</summary>
    protected ItemDriver New(int length)
    {
        var number = ++lastNumber;
        return new(Harness, TestBytes.Make(Math.Max(length, (int)Harness.Backend.Traits.ItemLengthMin), number), number);
    }

    private async Task<ItemDriver> SealedAsync()
    {
        var driver = New(Length);
        await driver.RunAsync(ItemState.Sealed);
        return driver;
    }

    /// <summary>What a network is paid for an item if nothing goes wrong; the item stays there.</summary>
    private async Task<int> PriceOfAsync(int length)
    {
        var before = Harness.PaymentCount;
        await New(length).RunAsync(ItemState.Sealed);
        return Harness.PaymentCount - before;
    }

    /// <summary>The states that an item goes through, as often as it stops there.</summary>
    private async Task<IReadOnlyList<ItemState>> StatesOfAsync(int length)
    {
        var driver = New(length);
        await driver.RunAsync(ItemState.Sealed);
        if (Harness.Backend.Traits.Retention == Retention.Deletable) await driver.DeleteAsync();
        return driver.Seen;
    }
}
