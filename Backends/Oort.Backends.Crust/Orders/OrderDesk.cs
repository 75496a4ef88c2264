using System.Globalization;
using System.Numerics;
using Oort.Evm;

namespace Oort.Backends.Crust;

/// <summary>What a look at an order gave.</summary>
/// <param name="Notes">To be stored before the next look.</param>
/// <param name="Next">When that is due.</param>
/// <param name="IsSent">Whether the chain was given it.</param>
/// <param name="Placed">The order, when its block counts; null: it is under way.</param>
internal sealed record OrderLook(OrderNotes Notes, DateTimeOffset Next, bool IsSent = false, PlacedOrder? Placed = null);

/// <summary>An order that was paid.</summary>
/// <param name="Cost">Its price and its gas, in wei.</param>
/// <param name="Time">Of its block; not later than now, whatever the node says.</param>
internal sealed record PlacedOrder(EvmHash Transaction, BigInteger Cost, DateTimeOffset Time);

/// <summary>Places orders, each once: it is signed in one step and noted, and sent in the next, the same bytes however often.</summary>
/// <remarks>
/// Another is signed for the same item only with the same number (nonce), so that the chain takes one of them; or when that number was used by another transaction of the account, or the contract undid the order, each in a block that counts.
/// Thread-safe.
/// </remarks>
internal sealed class OrderDesk(CrustOrderOptions options, StorageOrderContract contract, EvmKey key, TimeProvider time) : IDisposable
{
    /// <summary>Gas of an order for quotes: a contract of ours with the same functions takes less on anvil (AnvilOrderTests), and Crust's own has more to look up.</summary>
    private const long GasAssumed = 150_000;

    /// <summary>Gas that is signed for at most. Chains above Ethereum count their share of its costs as gas, up to millions.</summary>
    private const ulong GasMax = 10_000_000;

    private const int FeeBlockCount = 10;
    private const int FeePercentile = 50;

    /// <summary>A hundredth of a gwei: chains above Ethereum have blocks without tips.</summary>
    private static readonly BigInteger tipMin = 10_000_000;

    /// <summary>How long an order that is signed and not sent yet keeps others from signing with its number. A step that was never stored keeps them no longer.</summary>
    private static readonly TimeSpan turnTime = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan turnDelay = TimeSpan.FromSeconds(5);

    /// <summary>How long an order waits for its block before its fees are raised.</summary>
    private static readonly TimeSpan raiseDelay = TimeSpan.FromMinutes(10);

    /// <summary>After so long a transaction that waits for one before it says so.</summary>
    private static readonly TimeSpan gapPatience = TimeSpan.FromHours(1);

    private static readonly TimeSpan pollDelayMax = TimeSpan.FromMinutes(10);

    /// <summary>Before what the contract undid is ordered again; doubled with each time up to a day, since each costs its gas.</summary>
    private static readonly TimeSpan undoneDelay = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan undoneDelayMax = TimeSpan.FromDays(1);

    private readonly SemaphoreSlim gate = new(1);
    private (ItemId Item, ulong Nonce, DateTimeOffset Until)? turn;

    public EvmAddress Account => key.Address;

    public void Dispose() => gate.Dispose();

    /// <summary>Goes on with an item's order: signs it, sends it, or looks what became of it.</summary>
    /// <param name="size">Bytes of the item's blocks.</param>
    /// <exception cref="BackendException">Funds: the account cannot pay, or is not to pay as much. And as the node and the contract fail.</exception>
    public Task<OrderLook> StepAsync(ItemId item, long size, OrderNotes notes, CancellationToken cancellationToken) =>
        notes.Order is { } order ? LookAsync(item, size, notes, order, cancellationToken) : SignAsync(item, size, notes, cancellationToken);

    /// <summary>What is left to pay with, in coins.</summary>
    public async Task<decimal> GetBalanceAsync(CancellationToken cancellationToken) =>
        (decimal)BigInteger.Min(await BalanceAsync(cancellationToken), new(decimal.MaxValue)) / 1_000_000_000_000_000_000m;

    /// <summary>What the gas of an order costs now, in wei.</summary>
    public async Task<BigInteger> GetGasCostAsync(CancellationToken cancellationToken)
    {
        var (fee, tip) = await FeesAsync(cancellationToken);
        // The fee is twice what the next block asks, and the tip.
        return GasAssumed * ((fee - tip) / 2 + tip);
    }

    private Task<BigInteger> BalanceAsync(CancellationToken cancellationToken) => contract.AskAsync(node => node.GetBalanceAsync(key.Address, EvmBlockTag.Latest, cancellationToken), cancellationToken);

    private async Task<OrderLook> SignAsync(ItemId item, long size, OrderNotes notes, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (notes.NotBefore > now)
            throw new BackendException(BackendErrorKind.Transient, $"The contract {contract.Address} undid {notes.UndoneCount} orders of {notes.Root}, each for its gas. The next is signed {notes.NotBefore.Value.ToString("u", CultureInfo.InvariantCulture)}.");
        await gate.WaitAsync(cancellationToken);
        try
        {
            // One at a time: two of one number would cost the one that loses its way another signature.
            var nonce = await contract.AskAsync(node => node.GetTransactionCountAsync(key.Address, EvmBlockTag.Pending, cancellationToken), cancellationToken);
            if (turn is { } held && held.Item != item && held.Nonce >= nonce && now < held.Until) return new(notes, now + turnDelay);
            var order = await PrepareAsync(notes.Root.ToString(), size, nonce, cancellationToken);
            turn = (item, nonce, now + turnTime);
            return new(notes with { Order = new(order.Sign(key), now, []) }, now);
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task<FeeMarketTransaction> PrepareAsync(string cid, long size, ulong nonce, CancellationToken cancellationToken)
    {
        var price = await contract.GetPriceAsync(size, options.IsPermanent, cancellationToken);
        // A twentieth more, since prices move until it is in a block: what is too much comes back.
        var call = new EvmCall { From = key.Address, To = contract.Address, Value = price + price / 20, Data = StorageOrderContract.Encode(cid, size, options.IsPermanent) };
        CheckCost(call.Value, "without its gas");
        var gas = await contract.AskAsync(node => node.EstimateGasAsync(call, cancellationToken), cancellationToken);
        if (gas > GasMax) throw new BackendException(BackendErrorKind.Unauthorized, $"The node on {options.Chain.Name} names {gas} units of gas for an order, and no more than {GasMax} are signed for. Check the node and the contract's address.");
        var (fee, tip) = await FeesAsync(cancellationToken);
        var order = new FeeMarketTransaction
        {
            ChainId = options.Chain.ChainId,
            Nonce = nonce,
            // A quarter more, since the state changes until then: what is not used is not paid.
            GasLimit = gas / 4 * 5,
            To = call.To,
            Value = call.Value,
            Data = call.Data,
            MaxFeePerGas = fee,
            MaxPriorityFeePerGas = tip,
        };
        CheckCost(order.CostMax, "with its gas");
        var balance = await BalanceAsync(cancellationToken);
        return balance >= order.CostMax ? order : throw TooPoor(balance, order.CostMax);
    }

    private async Task<OrderLook> LookAsync(ItemId item, long size, OrderNotes notes, SignedOrder order, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var next = now + PollDelay(now - order.Signed);
        var head = await contract.AskAsync(node => node.GetBlockNumberAsync(cancellationToken), cancellationToken);
        // The last block that counts.
        var settled = head >= (ulong)options.BlockCount ? head - (ulong)options.BlockCount + 1 : 0;
        if (await ReceiptAsync(order, cancellationToken) is { } receipt)
        {
            if (receipt.BlockNumber > settled) return new(notes, next, IsSent: true);
            return receipt.HasSucceeded ? await PlacedAsync(notes, receipt, size, cancellationToken) : Undone(notes, now);
        }

        var nonce = order.Asked.Nonce;
        if (await UsedAsync(EvmBlockTag.At(settled), cancellationToken) > nonce)
        {
            // Asked again: its own block may have come between the two questions.
            if (await ReceiptAsync(order, cancellationToken) is not null) return new(notes, next, IsSent: true);
            return new(notes with { Order = null }, now, IsSent: true);
        }

        var used = await UsedAsync(EvmBlockTag.Latest, cancellationToken);
        if (used > nonce) return new(notes, next, IsSent: true);
        if (used == nonce && now - order.Signed >= raiseDelay && await RaiseAsync(order, now, cancellationToken) is { } raised) return new(notes with { Order = raised }, now, IsSent: true);
        await SendAsync(item, order, cancellationToken);
        if (used < nonce && now - order.Signed >= gapPatience)
            throw new BackendException(BackendErrorKind.Transient, $"Transaction {nonce} of {key.Address} on {options.Chain.Name} waits for number {used}, which was never sent or was dropped. Any transaction of that number frees it.");
        return new(notes, next, IsSent: true);
    }

    /// <summary>Gives the chain what is signed. That it has it already, or another of its number, is said by receipts.</summary>
    private async Task SendAsync(ItemId item, SignedOrder order, CancellationToken cancellationToken)
    {
        await contract.AskAsync(async node =>
        {
            try
            {
                await node.SendAsync(order.Transaction, cancellationToken);
            }
            catch (EvmException e) when (e.Kind is EvmErrorKind.AlreadyKnown or EvmErrorKind.NonceTooLow or EvmErrorKind.Underpriced)
            {
                // It is there, or waits behind another of its number, or for fees to fall.
            }

            return true;
        }, cancellationToken);
        if (turn is { } held && held.Item == item) turn = null;
    }

    /// <summary>The same order with higher fees; null where that is not to be.</summary>
    private async Task<SignedOrder?> RaiseAsync(SignedOrder order, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (order.Earlier.Count == SignedOrder.EarlierCountMax) return null;
        var (fee, tip) = await FeesAsync(cancellationToken);
        var raised = order.Asked.WithHigherFees();
        raised = raised with { MaxFeePerGas = BigInteger.Max(raised.MaxFeePerGas, fee), MaxPriorityFeePerGas = BigInteger.Max(raised.MaxPriorityFeePerGas, tip) };
        if (raised.MaxFeePerGas > options.GasPriceMax || Usd(raised.CostMax) > options.OrderUsdMax) return null;
        return new(raised.Sign(key), now, [order.Transaction.Hash, .. order.Earlier]);
    }

    private async Task<OrderLook> PlacedAsync(OrderNotes notes, EvmReceipt receipt, long size, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var price = contract.PriceIn(receipt, key.Address, notes.Root.ToString(), size, options.IsPermanent);
        var block = await contract.AskAsync(node => node.GetBlockAsync(EvmBlockTag.At(receipt.BlockNumber), cancellationToken), cancellationToken);
        // It was undone between two questions; or the node has two minds.
        if (block is null || block.Hash != receipt.BlockHash) return new(notes, now + options.PollDelay, IsSent: true);
        return new(notes, now, IsSent: true, new(receipt.TransactionHash, price + receipt.GasUsed * (receipt.GasPrice ?? 0), block.Time < now ? block.Time : now));
    }

    private static OrderLook Undone(OrderNotes notes, DateTimeOffset now)
    {
        var delay = TimeSpan.FromTicks(Math.Min(undoneDelay.Ticks << Math.Min((int)notes.UndoneCount, 10), undoneDelayMax.Ticks));
        return new(notes with { Order = null, NotBefore = now + delay, UndoneCount = (byte)Math.Min(notes.UndoneCount + 1, byte.MaxValue) }, now, IsSent: true);
    }

    private async Task<EvmReceipt?> ReceiptAsync(SignedOrder order, CancellationToken cancellationToken)
    {
        foreach (var hash in order.Hashes)
            if (await contract.AskAsync(node => node.GetReceiptAsync(hash, cancellationToken), cancellationToken) is { } receipt) return receipt;
        return null;
    }

    private Task<ulong> UsedAsync(EvmBlockTag block, CancellationToken cancellationToken) => contract.AskAsync(node => node.GetTransactionCountAsync(key.Address, block, cancellationToken), cancellationToken);

    private Task<(BigInteger MaxFeePerGas, BigInteger MaxPriorityFeePerGas)> FeesAsync(CancellationToken cancellationToken) => contract.AskAsync(
        async node => (await node.GetFeeHistoryAsync(FeeBlockCount, [FeePercentile], cancellationToken)).Suggest(tipMin, options.GasPriceMax), cancellationToken);

    private double Usd(BigInteger wei) => (double)wei / 1e18 * options.UsdPerCoin;

    private void CheckCost(BigInteger wei, string what)
    {
        if (Usd(wei) > options.OrderUsdMax)
            throw new BackendException(BackendErrorKind.Funds, string.Create(CultureInfo.InvariantCulture, $"An order on {options.Chain.Name} would cost {Usd(wei):0.####} US dollars {what}, and at most {options.OrderUsdMax} are to be paid (OrderUsdMax). Wait, or raise that."));
    }

    private BackendException TooPoor(BigInteger balance, BigInteger needed) => new(
        BackendErrorKind.Funds,
        string.Create(CultureInfo.InvariantCulture, $"{key.Address} has {(double)balance / 1e18:0.######} {options.Chain.Coin} on {options.Chain.Name}, and {(double)needed / 1e18:0.######} are needed for the next order: send it more. It is tried again by itself."));

    /// <summary>The pause grows with what was waited for: a quarter of it.</summary>
    private TimeSpan PollDelay(TimeSpan waited) => TimeSpan.FromTicks(Math.Clamp(waited.Ticks / 4, options.PollDelay.Ticks, Math.Max(pollDelayMax.Ticks, options.PollDelay.Ticks)));
}
