using System.ComponentModel.DataAnnotations;
using System.Numerics;
using Oort.Backends.Crust.Tests.Support;
using Oort.Backends.Ipfs.Tests.Support;
using Oort.Evm;

namespace Oort.Backends.Crust.Tests.Orders;

/// <summary>What goes wrong with orders on a chain: each is paid once, and none is taken for paid that is not.</summary>
public sealed class OrderTests : IAsyncLifetime
{
    private readonly byte[] bytes = Bytes.Of(1_500_000);
    private OrderHarness harness = null!;

    private CrustOrderBackend Backend => (CrustOrderBackend)harness.Backend;

    public async ValueTask InitializeAsync() => harness = await OrderHarness.RunAsync();

    public ValueTask DisposeAsync() => harness.DisposeAsync();

    [Fact]
    public async Task Order_OfAnItem_IsOfItsBlocksAndKeptInTheReceipt()
    {
        var item = await ToAsync(ItemState.Sealed);
        var order = harness.Chain.Orders.Single();
        order.Cid.ShouldBe(item.Receipt!.Address);
        // Two leaves, and above them a node with their names and sizes.
        order.Size.ShouldBe(harness.Node.Blocks.Values.Sum(block => block.Length));
        order.Size.ShouldBeGreaterThan(bytes.Length);
        order.IsPermanent.ShouldBeFalse();
        item.Receipt.Provider.ShouldBe("ethereum/0xE391613d2056e47F74ED5eF1d443d4CDB21AAAd9");
        harness.Chain.Seen.Single().ToString().ShouldBe(item.Receipt.Transaction);
        ((BigInteger)item.Receipt.Paid).ShouldBe(order.Price + 90_000 * harness.Chain.BaseFee);
        item.Receipt.PaidUnit.ShouldBe("wei");
        item.Receipt.Expires.ShouldBe(order.Time + TimeSpan.FromDays(180));
    }

    [Fact]
    public async Task Order_IsSignedInOneStepAndSentInTheNext()
    {
        var item = await ToAsync(ItemState.Accepted);
        item = await harness.Backend.StoredAsync(item, bytes);
        (item.State, harness.Chain.Seen.Count).ShouldBe((ItemState.Accepted, 0));
        var signed = OrderNotes.Read(item.Progress).Order!.Transaction;
        // A twentieth above the price, of which the contract gives back what is too much.
        var price = ChainPeer.BasePrice + (BigInteger)ChainPeer.BytePrice * ItemSize(item);
        signed.Transaction.Value.ShouldBe(price * 21 / 20);
        harness.Chain.BlockPriceFactor = 1;
        item = await harness.Backend.StoredAsync(item, bytes);
        (item.State, harness.Chain.Pool.Single().Hash).ShouldBe((ItemState.Pending, signed.Hash));
    }

    [Fact]
    public async Task Order_ThatNodesForget_IsSentAgainAsItIs()
    {
        var item = await ToAsync(ItemState.Pending);
        harness.Chain.Drop();
        item = await harness.Backend.UntilAsync(item, bytes, ItemState.Sealed, harness.Clock);
        (harness.Chain.Orders.Count, harness.Chain.Seen.Count).ShouldBe((1, 1));
    }

    [Fact]
    public async Task Order_WhoseNumberAnotherTransactionTook_IsSignedAnewWhenThatCannotBeUndone()
    {
        harness.Chain.IsStalled = true;
        var item = await ToAsync(ItemState.Pending);
        harness.Chain.Spend(harness.Key);
        harness.Chain.IsStalled = false;

        // Before its block counts, it could be undone, and the order be in a block after all.
        for (var until = harness.Clock.GetUtcNow().AddMinutes(12); item.NextStep < until;)
        {
            harness.Clock.TurnTo(item.NextStep);
            item = await harness.Backend.StoredAsync(item, bytes);
            OrderNotes.Read(item.Progress).Order!.Asked.Nonce.ShouldBe(0UL);
        }

        await harness.Backend.UntilAsync(item, bytes, ItemState.Sealed, harness.Clock);
        harness.Chain.Orders.Count.ShouldBe(1);
        harness.Chain.Seen.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Order_WhoseBlockIsUndone_WaitsForAnotherAndIsPaidOnce()
    {
        var item = await ToAsync(ItemState.Pending);
        harness.Clock.Advance(TimeSpan.FromMinutes(5));
        harness.Chain.Orders.Count.ShouldBe(1);
        harness.Chain.Reorganize(30, forgets: true);
        harness.Chain.Orders.ShouldBeEmpty();
        item = await harness.Backend.UntilAsync(item, bytes, ItemState.Confirmed, harness.Clock);

        // And once more when it was believed already.
        harness.Chain.Reorganize(100, forgets: true);
        item = await harness.Backend.UntilAsync(item, bytes, ItemState.Pending, harness.Clock);
        (item.Receipt!.Transaction, item.Receipt.Paid, item.Receipt.Expires).ShouldBe(("", UInt128.Zero, null));
        item = await harness.Backend.UntilAsync(item, bytes, ItemState.Sealed, harness.Clock);
        (harness.Chain.Orders.Count, harness.Chain.MinedCount).ShouldBe((1, 1));
    }

    [Fact]
    public async Task Order_InABlockThatDoesNotCountYet_IsNotBelieved()
    {
        var item = await ToAsync(ItemState.Pending);
        // Of the 64 blocks from its own on the last is yet to come.
        harness.Clock.Advance(TimeSpan.FromSeconds(63 * 12));
        harness.Chain.Orders.Count.ShouldBe(1);
        (await harness.Backend.StoredAsync(item, bytes)).State.ShouldBe(ItemState.Pending);
        harness.Clock.Advance(TimeSpan.FromSeconds(2 * 12));
        (await harness.Backend.StoredAsync(item, bytes)).State.ShouldBe(ItemState.Confirmed);
    }

    [Fact]
    public async Task Order_ThatWaits_GetsHigherFeesUpToTheMaximum()
    {
        harness.Options = harness.Options with { GasPriceMax = 3_000_000_000 };
        await harness.RestartAsync();
        harness.Chain.IsStalled = true;
        var item = await ToAsync(ItemState.Pending);
        var first = OrderNotes.Read(item.Progress).Order!.Asked;
        for (var i = 0; i < 200; i++)
        {
            harness.Clock.TurnTo(item.NextStep);
            item = await harness.Backend.StoredAsync(item, bytes);
        }

        var order = OrderNotes.Read(item.Progress).Order!;
        order.Earlier.Count.ShouldBeInRange(2, SignedOrder.EarlierCountMax);
        order.Asked.MaxFeePerGas.ShouldBeInRange(first.MaxFeePerGas * 5 / 4, 3_000_000_000);
        order.Asked.Nonce.ShouldBe(first.Nonce);
        harness.Chain.Pool.Count.ShouldBe(1);
        harness.Chain.IsStalled = false;
        await harness.Backend.UntilAsync(item, bytes, ItemState.Sealed, harness.Clock);
        harness.Chain.Orders.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Order_OfWhichAnEarlierOneIsInABlock_IsFound()
    {
        harness.Chain.IsStalled = true;
        var item = await ToAsync(ItemState.Pending);
        harness.Clock.Advance(TimeSpan.FromMinutes(20));
        // The next is signed, and before it is sent the first gets into a block.
        item = await harness.Backend.StoredAsync(item, bytes);
        OrderNotes.Read(item.Progress).Order!.Earlier.Count.ShouldBe(1);
        harness.Chain.IsStalled = false;
        item = await harness.Backend.UntilAsync(item, bytes, ItemState.Sealed, harness.Clock);
        harness.Chain.Seen.Single().ToString().ShouldBe(item.Receipt!.Transaction);
    }

    [Fact]
    public async Task Order_ThatTheContractUndoes_IsSignedAnewLaterAndSeldom()
    {
        harness.Chain.BlockPriceFactor = 2;
        var item = await ToAsync(ItemState.Pending);
        var waits = 0;
        for (var i = 0; i < 60; i++) await TakeAsync();
        waits.ShouldBeGreaterThan(5);
        harness.Chain.Orders.ShouldBeEmpty();
        // 10, 20, 40, … minutes and 64 blocks between two.
        harness.Chain.Seen.Count.ShouldBeInRange(2, 8);
        harness.Chain.BlockPriceFactor = 1;
        for (var i = 0; i < 60 && item.State != ItemState.Confirmed; i++) await TakeAsync();
        harness.Chain.Orders.Count.ShouldBe(1);

        async Task TakeAsync()
        {
            harness.Clock.TurnTo(item.NextStep);
            try
            {
                item = await harness.Backend.StoredAsync(item, bytes);
            }
            catch (BackendException failure)
            {
                failure.Kind.ShouldBe(BackendErrorKind.Transient);
                failure.Message.ShouldContain("undid");
                waits++;
                item = ItemStates.Failed(item, failure, harness.Clock.GetUtcNow());
            }
        }
    }

    [Theory]
    [InlineData("cid")]
    [InlineData("customer")]
    [InlineData("contract")]
    public async Task Order_ThatTheContractDoesNotNote_IsNoOrderAndIsNotPaidAgain(string what)
    {
        if (what == "cid") harness.Chain.OtherCid = "bafkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu";
        if (what == "customer") harness.Chain.OtherCustomer = ChainPeer.Merchant;
        if (what == "contract") harness.Chain.IsElsewhere = true;
        var item = await ToAsync(ItemState.Pending);
        harness.Clock.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 3; i++)
        {
            var failure = await harness.Backend.FailsAsync(ItemStates.Resumed(item), bytes);
            (failure.Kind, failure.Message.Contains("noted no order", StringComparison.Ordinal)).ShouldBe((BackendErrorKind.Unauthorized, true));
            item = ItemStates.Failed(item, failure, harness.Clock.GetUtcNow());
            harness.Clock.TurnTo(item.NextStep);
        }

        harness.Chain.Seen.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("No enough balance to place order", BackendErrorKind.Transient)]
    [InlineData("No node to choose", BackendErrorKind.Transient)]
    [InlineData("Unsupported node", BackendErrorKind.Unauthorized)]
    [InlineData("whatever", BackendErrorKind.Unauthorized)]
    public async Task Order_ThatTheContractRefuses_IsNotSent(string refusal, BackendErrorKind kind)
    {
        harness.Chain.Refusal = refusal;
        var item = await ToAsync(ItemState.Accepted);
        var failure = await harness.Backend.FailsAsync(item, bytes);
        (failure.Kind, failure.Message.Contains(refusal, StringComparison.Ordinal)).ShouldBe((kind, true));
        harness.Chain.Seen.ShouldBeEmpty();
    }

    [Fact]
    public async Task Order_ThatWouldCostTooMuch_IsNotSigned()
    {
        var item = await ToAsync(ItemState.Accepted);

        // 1. A price, whoever names it.
        harness.Chain.PriceFactor = 10_000;
        (await harness.Backend.FailsAsync(item, bytes)).ShouldSatisfyAllConditions(failure => failure.Kind.ShouldBe(BackendErrorKind.Funds), failure => failure.Message.ShouldContain("without its gas"));
        harness.Chain.PriceFactor = 1;

        // 2. A base fee.
        harness.Chain.BaseFee = 100_000_000_001;
        (await harness.Backend.FailsAsync(item, bytes)).ShouldSatisfyAllConditions(failure => failure.Kind.ShouldBe(BackendErrorKind.Transient), failure => failure.Message.ShouldContain("at most"));

        // 3. One that is just below its maximum, with which the whole is too much.
        harness.Chain.BaseFee = 99_000_000_000;
        (await harness.Backend.FailsAsync(item, bytes)).ShouldSatisfyAllConditions(failure => failure.Kind.ShouldBe(BackendErrorKind.Funds), failure => failure.Message.ShouldContain("with its gas"));
        harness.Chain.BaseFee = 1_000_000_000;

        // 4. Gas.
        harness.Chain.GasNamed = ulong.MaxValue - 5;
        (await harness.Backend.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Unauthorized);
        harness.Chain.GasNamed = 90_000;

        // 5. More than there is: the price, and the price with its gas.
        foreach (var funds in (BigInteger[])[ChainPeer.BasePrice, 100_000_000_000_000])
        {
            harness.Chain.Funds = funds;
            (await harness.Backend.FailsAsync(item, bytes)).ShouldSatisfyAllConditions(failure => failure.Kind.ShouldBe(BackendErrorKind.Funds), failure => failure.Message.ShouldContain(harness.Key.Address.ToString()));
        }

        harness.Chain.Funds = BigInteger.Pow(10, 19);
        harness.Chain.Seen.ShouldBeEmpty();
        await harness.Backend.UntilAsync(item, bytes, ItemState.Sealed, harness.Clock);
    }

    [Fact]
    public async Task Node_OfAnotherChain_IsNotAskedToPay()
    {
        var item = await ToAsync(ItemState.Accepted);
        harness.Chain.ChainId = 137;
        var failure = await harness.Backend.FailsAsync(item, bytes);
        (failure.Kind, failure.Message.Contains("137", StringComparison.Ordinal)).ShouldBe((BackendErrorKind.Unauthorized, true));
    }

    [Fact]
    public async Task Item_ThatTheNodeLostBeforeItWasOrdered_IsSentAgainAndNotOrdered()
    {
        var item = await ToAsync(ItemState.Accepted);
        harness.Node.Lose(Convert.ToHexStringLower(item.Receipt!.Locator.Span));
        item = await harness.Backend.StoredAsync(item, bytes);
        (item.State, harness.Chain.Seen.Count).ShouldBe((ItemState.Planned, 0));
        await harness.Backend.UntilAsync(item, bytes, ItemState.Sealed, harness.Clock);
    }

    [Fact]
    public async Task Orders_SideBySide_TakeTurns()
    {
        var items = new List<NetworkItem>();
        for (var id = 1; id <= 3; id++) items.Add(await harness.Backend.UntilAsync(Ipfs.Tests.Support.Items.Of(bytes[..(id * 1000)], id), bytes[..(id * 1000)], ItemState.Accepted, harness.Clock));
        // The first has signed and not sent yet.
        items[0] = await harness.Backend.StoredAsync(items[0], bytes[..1000]);
        items[1] = await harness.Backend.StoredAsync(items[1], bytes[..2000]);
        OrderNotes.Read(items[1].Progress).Order.ShouldBeNull();
        items[0] = await harness.Backend.StoredAsync(items[0], bytes[..1000]);
        harness.Clock.TurnTo(items[1].NextStep);
        items[1] = await harness.Backend.StoredAsync(items[1], bytes[..2000]);
        OrderNotes.Read(items[1].Progress).Order!.Asked.Nonce.ShouldBe(1UL);

        // One that never sends keeps the others for a minute, and another gateway signs with the same number.
        await harness.RestartAsync();
        items[2] = await harness.Backend.StoredAsync(items[2], bytes[..3000]);
        OrderNotes.Read(items[2].Progress).Order!.Asked.Nonce.ShouldBe(1UL);
        for (var i = 0; i < 3; i++) items[i] = await harness.Backend.UntilAsync(items[i], bytes[..((i + 1) * 1000)], ItemState.Sealed, harness.Clock);
        harness.Chain.Orders.Select(order => order.Cid).Order().ShouldBe(items.Select(item => item.Receipt!.Address).Order());
    }

    [Fact]
    public async Task Permanent_IsPaidAsSuchAndNeverEnds()
    {
        harness.Options = harness.Options with { IsPermanent = true };
        await harness.RestartAsync();
        harness.Backend.Traits.Retention.ShouldBe(Retention.Permanent);
        var item = await ToAsync(ItemState.Sealed);
        harness.Chain.Orders.Single().IsPermanent.ShouldBeTrue();
        item.Receipt!.Expires.ShouldBeNull();
        harness.Clock.Advance(TimeSpan.FromDays(1000));
        (await harness.Backend.StoredAsync(item, bytes)).State.ShouldBe(ItemState.Sealed);
        harness.Chain.Seen.Count.ShouldBe(1);
        var prices = await harness.Backend.GetPricesAsync(CancellationToken.None);
        (prices.PerGibibyteMonth, prices.Term).ShouldBe((0, TimeSpan.Zero));
        prices.PerGibibyteOnce.ShouldBe(5 * ChainPeer.BytePrice * (Math.Pow(2, 30) - 1) / 1e18 * 2_000, 1e-9);
    }

    [Fact]
    public async Task Prices_AreTheContractsAtTheRateThatIsSet()
    {
        var prices = await harness.Backend.GetPricesAsync(CancellationToken.None);
        // 1.05 gwei for each of 150,000 units of gas.
        prices.PerItem.ShouldBe((ChainPeer.BasePrice + ChainPeer.BytePrice + 150_000 * 1.05e9) / 1e18 * 2_000, 1e-9);
        prices.PerGibibyteOnce.ShouldBe(ChainPeer.BytePrice * (Math.Pow(2, 30) - 1) / 1e18 * 2_000, 1e-9);
        (prices.PerGibibyteMonth, prices.Term, prices.IsLive, prices.AsOf).ShouldBe((0, TimeSpan.FromDays(180), true, harness.Options.UsdPerCoinAsOf));
        (await harness.Backend.GetAccountAsync(CancellationToken.None)).ShouldBe(new NetworkAccount(10m, "ETH", null));
    }

    [Fact]
    public async Task Delete_OfWhatMayBeOrdered_TakesThePinAndIsNoDeletion()
    {
        var named = await ToAsync(ItemState.Accepted);
        (await harness.Backend.DeleteAsync(named, CancellationToken.None)).ShouldBe((DeleteOutcome.Deleted, null));
        harness.Node.Pins.ShouldBeEmpty();

        var signed = await harness.Backend.StoredAsync(await ToAsync(ItemState.Accepted), bytes);
        (await harness.Backend.DeleteAsync(signed, CancellationToken.None)).ShouldBe((DeleteOutcome.Undeletable, null));

        var item = await ToAsync(ItemState.Sealed);
        (await harness.Backend.DeleteAsync(item, CancellationToken.None)).ShouldBe((DeleteOutcome.Undeletable, null));
        harness.Node.Pins.ShouldBeEmpty();
    }

    [Fact]
    public void Options_OutOfTheirRange_AreRefusedAndNoSecretIsPrinted()
    {
        var options = harness.Options;
        foreach (var secret in harness.Secrets) options.ToString().ShouldNotContain(secret);
        CrustOrderOptions[] wrong =
        [
            options with { Gateways = [] },
            options with { Node = new("ftp://x/") },
            options with { UsdPerCoin = 0 },
            options with { GasPriceMax = 0 },
            options with { OrderUsdMax = 0 },
            options with { BlockCount = 0 },
            options with { BlockCount = 129 },
            options with { ExpiringLead = TimeSpan.FromDays(30) },
            options with { OrderDuration = TimeSpan.FromDays(30) },
            options with { PollDelay = TimeSpan.Zero },
            options with { Chain = null! },
        ];
        foreach (var each in wrong) Should.Throw<ValidationException>(() => new CrustOrderBackend(each, harness.Key, harness.Clock), each.ToString());
    }

    private long ItemSize(NetworkItem item) => Ipfs.ItemFiles.DagSizeOf(bytes.Length, OrderNotes.Read(item.Progress).Root);

    private async Task<NetworkItem> ToAsync(ItemState state) => await Backend.UntilAsync(Ipfs.Tests.Support.Items.Of(bytes), bytes, state, harness.Clock);
}
