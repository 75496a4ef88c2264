using Shouldly;
using Xunit;

namespace Oort.Backends.Suite;

/// <summary>What every <see cref="INetworkBackend"/> must do (docs/networks.md). A backend is done when a subclass of this passes.</summary>
public abstract partial class NetworkBackendSuite : IAsyncLifetime
{
    private const int Length = 5_003;

    private int lastNumber;

    /// <summary>Nothing can be had of the peer.</summary>
    public static TheoryData<PeerFault> Outages => [PeerFault.ServerError, PeerFault.Unavailable, PeerFault.Throttles, PeerFault.Hangs, PeerFault.RefusesCredentials];

    /// <summary>What is had of it is not the item.</summary>
    public static TheoryData<PeerFault> Lies => [PeerFault.WrongBytes, PeerFault.ShortBytes, PeerFault.LongBytes];

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
            var driver = await SealedAsync(length);
            driver.Item.IsCopy.ShouldBeTrue();
            (await driver.ReadAsync()).ShouldHold(driver.Content);
        }

        (await Harness.CountItemsAsync()).ShouldBe(Harness.Lengths.Count);
    }

    [Fact]
    public async Task Item_KilledAfterEveryStep_CostsNothingTwice()
    {
        foreach (var length in Harness.Lengths) await CostsOnceAsync(length, driver => driver.RunAsync(ItemState.Sealed, isKilled: true));
    }

    [Fact]
    public async Task Item_WhoseSourceFailsAtEachRead_GoesOnAndCostsNothingTwice()
    {
        foreach (var length in Harness.Lengths)
        {
            await CostsOnceAsync(length, async driver =>
            {
                // One read more at each attempt, and then two, four, …: long items need many.
                for (var reads = 0; driver.Item.State is not ItemState.Sealed; reads += Math.Max(1, reads))
                {
                    driver.Source.ReadsLeft = reads;
                    if (await driver.StepOrFailAsync() is { } failure) failure.Kind.ShouldBe(BackendErrorKind.Transient, failure.Message);
                    driver.Item.State.ShouldNotBe(ItemState.FailedFinal, driver.Item.Reason);
                    if (driver.Item.State is not (ItemState.Planned or ItemState.Uploading or ItemState.Retrying)) reads = 0;
                    reads.ShouldBeLessThan(1 << 24);
                }
            });
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

    private async Task<ItemDriver> SealedAsync(int length = Length)
    {
        var driver = New(length);
        await driver.RunAsync(ItemState.Sealed);
        return driver;
    }

    /// <summary>Takes an item through some other way than the straight one: that costs what the straight one does, and leaves as much.</summary>
    private async Task CostsOnceAsync(int length, Func<ItemDriver, Task> run)
    {
        var before = Harness.PaymentCount;
        await SealedAsync(length);
        var price = Harness.PaymentCount - before;
        var held = await Harness.CountItemsAsync();
        var driver = New(length);
        await run(driver);
        (await driver.ReadAsync()).ShouldHold(driver.Content);
        (Harness.PaymentCount - before).ShouldBe(2 * price, $"an item of {length} bytes was paid for more than once");
        (await Harness.CountItemsAsync()).ShouldBe(held + 1, "a step that failed or was repeated left something behind");
    }

    /// <summary>The states that an item goes through, as often as it stops there.</summary>
    private async Task<IReadOnlyList<ItemState>> StatesOfAsync(int length)
    {
        var driver = await SealedAsync(length);
        if (Harness.Backend.Traits.Retention == Retention.Deletable) await driver.DeleteAsync();
        return driver.Seen;
    }

    /// <summary>While the block runs, the peer does this; the test is skipped where it cannot.</summary>
    private Misbehaviour While(PeerFault fault)
    {
        Assert.SkipUnless(Harness.Knows(fault), $"This peer cannot be made to do this: {fault}.");
        return new(Harness, fault);
    }

    /// <summary>What a call fails with while the peer does this: a kind that says what it does.</summary>
    private async Task<BackendException> FailsAsync(PeerFault fault, Func<Task> call)
    {
        using (While(fault))
        {
            var failure = await Should.ThrowAsync<BackendException>(call, $"with {fault}");
            failure.Kind.ShouldBeOneOf([.. Harness.KindsOf(fault)], failure.Message);
            return failure;
        }
    }

    private sealed class Misbehaviour : IDisposable
    {
        private readonly NetworkHarness harness;

        public Misbehaviour(NetworkHarness harness, PeerFault fault)
        {
            this.harness = harness;
            harness.Fault = fault;
        }

        public void Dispose() => harness.Fault = PeerFault.None;
    }
}
