using System.Numerics;
using Oort.Backends.Crust.Tests.Support;
using Oort.Backends.Ipfs.Tests.Support;
using Oort.Evm;
using Oort.Evm.Tests.Peer;

namespace Oort.Backends.Crust.Tests.Peers;

/// <summary>Orders on a chain that others wrote, at a contract that the compiler makes.</summary>
public sealed class AnvilOrderTests : IAsyncLifetime
{
    private const ulong ChainId = 366_666;
    private const int BlockCount = 3;

    private static readonly AbiFunction setMerchant = new("setMerchant(address)");
    private static readonly AbiFunction setPrice = new("setPrice(uint256,uint256)");
    private static readonly EvmAddress merchant = EvmAddress.Parse("0x70997970C51812dc3A010C7d01b50e0d17dc79C8");

    private static readonly Lazy<Task<string>> code = new(() => Solc.CompileAsync(Path.Combine(AppContext.BaseDirectory, "Peers", "StorageOrder.sol"), "StorageOrder"));

    private readonly byte[] bytes = Bytes.Of(1_200_000);
    private readonly HangingTime clock = new();

    // The first of anvil's own accounts, and one that has nothing.
    private readonly EvmKey payer = EvmKey.FromHex("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
    private readonly EvmKey poor = EvmKey.FromHex(new string('5', 64));

    private Anvil anvil = null!;
    private NodePeer node = null!;
    private GatewayPeer gateway = null!;
    private EvmAddress contract;

    public async ValueTask InitializeAsync()
    {
        anvil = await Anvil.StartAsync("--chain-id", $"{ChainId}", "--no-mining");
        node = await NodePeer.RunAsync();
        node.Admits = _ => true;
        gateway = await GatewayPeer.RunAsync(node.Block);
        contract = (await SendAsync(payer, null, EvmHex.Decode("0x" + await code.Value))).Contract!.Value;
    }

    public async ValueTask DisposeAsync()
    {
        await anvil.DisposeAsync();
        await node.DisposeAsync();
        await gateway.DisposeAsync();
        payer.Dispose();
        poor.Dispose();
    }

    [Fact]
    public async Task Order_IsPricedPaidFoundAndSealed()
    {
        await using var backend = Make(payer);
        await backend.TestAsync(default);
        var before = await anvil.Client.GetBalanceAsync(merchant, EvmBlockTag.Latest, default);
        var item = await backend.UntilAsync(Ipfs.Tests.Support.Items.Of(bytes), bytes, ItemState.Pending, clock);
        await MineAsync(BlockCount);
        item = await backend.UntilAsync(item, bytes, ItemState.Sealed, clock);

        // The merchant has its price, what was too much came back, and no more than that is in the receipt.
        var price = 2_000_000_000_000 + (BigInteger)1_000_000 * Ipfs.ItemFiles.DagSizeOf(bytes.Length, ItemLocatorOf(item));
        (await anvil.Client.GetBalanceAsync(merchant, EvmBlockTag.Latest, default) - before).ShouldBe(price);
        var receipt = (await anvil.Client.GetReceiptAsync(EvmHash.Parse(item.Receipt!.Transaction), default))!;
        ((BigInteger)item.Receipt.Paid).ShouldBe(price + receipt.GasUsed * receipt.GasPrice!.Value);
        receipt.GasUsed.ShouldBeLessThan(150_000UL);
        (await anvil.Client.GetBalanceAsync(contract, EvmBlockTag.Latest, default)).ShouldBe(BigInteger.Zero);
        (await anvil.Client.GetTransactionCountAsync(payer.Address, EvmBlockTag.Latest, default)).ShouldBe(2UL);
        (await backend.GetAccountAsync(default))!.Unit.ShouldBe("ETH");
        (await backend.GetPricesAsync(default)).PerItem.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Order_ThatIsRefused_SaysWhyAndIsMadeWhenItCanBe()
    {
        await using var backend = Make(payer);
        var item = await backend.UntilAsync(Ipfs.Tests.Support.Items.Of(bytes), bytes, ItemState.Accepted, clock);
        await SendAsync(payer, contract, setMerchant.Encode(default(EvmAddress)));
        var failure = await backend.FailsAsync(item, bytes);
        (failure.Kind, failure.Message.Contains("No node to choose", StringComparison.Ordinal)).ShouldBe((BackendErrorKind.Transient, true));
        await SendAsync(payer, contract, setMerchant.Encode(merchant));

        // Its number is taken by another transaction of the account's: it is signed anew when that cannot be undone.
        item = await backend.UntilAsync(item, bytes, ItemState.Pending, clock);
        var first = OrderNotes.Read(item.Progress).Order!.Transaction;
        await anvil.CallAsync("anvil_dropAllTransactions");
        await SendAsync(payer, contract, setPrice.Encode((BigInteger)4_000_000_000_000, (BigInteger)2_000_000));
        await MineAsync(BlockCount);
        while (OrderNotes.Read(item.Progress).Order?.Transaction.Hash == first.Hash)
        {
            clock.TurnTo(item.NextStep);
            item = await backend.StoredAsync(item, bytes);
        }

        for (var i = 0; i < 2; i++) item = await backend.StoredAsync(item, bytes);
        await MineAsync(BlockCount);
        item = await backend.UntilAsync(item, bytes, ItemState.Sealed, clock);
        EvmHash.Parse(item.Receipt!.Transaction).ShouldNotBe(first.Hash);
        (await anvil.Client.GetReceiptAsync(first.Hash, default)).ShouldBeNull();

        await using var beggar = Make(poor);
        (await Should.ThrowAsync<BackendException>(async () => await beggar.TestAsync(default))).Kind.ShouldBe(BackendErrorKind.Funds);
        item = await beggar.UntilAsync(Ipfs.Tests.Support.Items.Of(bytes, 8), bytes, ItemState.Accepted, clock);
        (await beggar.FailsAsync(item, bytes)).Kind.ShouldBe(BackendErrorKind.Funds);
    }

    [Fact]
    public async Task Order_ThatWaitsOrIsDropped_IsRaisedAndSentAgainAndPaidOnce()
    {
        await using var backend = Make(payer);
        var item = await backend.UntilAsync(Ipfs.Tests.Support.Items.Of(bytes), bytes, ItemState.Pending, clock);
        await anvil.CallAsync("anvil_dropAllTransactions");
        clock.Advance(TimeSpan.FromMinutes(1));
        item = await backend.StoredAsync(item, bytes);
        (await anvil.Client.GetTransactionCountAsync(payer.Address, EvmBlockTag.Pending, default)).ShouldBe(2UL);

        // After ten minutes higher fees take its place.
        clock.Advance(TimeSpan.FromMinutes(10));
        item = await backend.StoredAsync(item, bytes);
        var raised = OrderNotes.Read(item.Progress).Order!;
        raised.Earlier.Count.ShouldBe(1);
        item = await backend.StoredAsync(item, bytes);
        await MineAsync(BlockCount);
        item = await backend.UntilAsync(item, bytes, ItemState.Sealed, clock);
        item.Receipt!.Transaction.ShouldBe(raised.Transaction.Hash.ToString());
        (await anvil.Client.GetTransactionCountAsync(payer.Address, EvmBlockTag.Latest, default)).ShouldBe(2UL);
    }

    private static Ipfs.Cid ItemLocatorOf(NetworkItem item) => Ipfs.ItemLocator.Read(item.Receipt!.Locator);

    private CrustOrderBackend Make(EvmKey key) => new(
        new()
        {
            Chain = new() { Name = "anvil", ChainId = ChainId, Contract = contract, Coin = "ETH" },
            Rpc = new() { Endpoint = anvil.Endpoint },
            Node = node.Address,
            Gateways = [new(gateway.Address)],
            UsdPerCoin = 2_000,
            UsdPerCoinAsOf = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero),
            BlockCount = BlockCount,
            ConnectTimeout = TimeSpan.FromMinutes(10),
        },
        key,
        clock);

    private async Task MineAsync(int count)
    {
        for (var i = 0; i < count; i++) await anvil.CallAsync("evm_mine");
    }

    private async Task<EvmReceipt> SendAsync(EvmKey key, EvmAddress? to, byte[] data)
    {
        var (fee, tip) = (await anvil.Client.GetFeeHistoryAsync(4, [50], default)).Suggest(1_000_000_000, 1_000_000_000_000);
        var signed = new FeeMarketTransaction
        {
            ChainId = ChainId,
            Nonce = await anvil.Client.GetTransactionCountAsync(key.Address, EvmBlockTag.Latest, default),
            GasLimit = 3_000_000,
            To = to,
            Data = data,
            MaxFeePerGas = fee,
            MaxPriorityFeePerGas = tip,
        }.Sign(key);
        await anvil.Client.SendAsync(signed, default);
        await MineAsync(1);
        return (await anvil.Client.GetReceiptAsync(signed.Hash, default))!;
    }
}
