using System.Numerics;
using Oort.Evm.Tests.Support;
using Shouldly;

namespace Oort.Evm.Tests.Peer;

/// <summary>Everything together, against a chain that others wrote.</summary>
public sealed class AnvilTests
{
    private const ulong ChainId = 314_159;

    /// <summary>A thousand gwei: anvil names one.</summary>
    private static readonly BigInteger feeMax = 1_000_000_000_000;

    private static readonly AbiFunction note = new("note(uint256 value,string text,bytes data)");
    private static readonly AbiFunction number = new("number()", "(uint256)");
    private static readonly AbiFunction refuse = new("refuse(uint256)", "(uint256)");
    private static readonly AbiEvent noted = new("Noted(address indexed by,uint256 indexed number,string text,bytes data)");
    private static readonly AbiError tooSmall = new("Probe_TooSmall(uint256 given,uint256 least)");

    [Fact]
    public async Task Contract_IsMadeCalledAndHeard()
    {
        await using var anvil = await Anvil.StartAsync("--chain-id", $"{ChainId}");
        using var key = Vectors.Key();
        var client = anvil.Client;
        (await client.GetChainIdAsync(default)).ShouldBe(ChainId);
        var contract = await DeployAsync(client, key);

        // 1. A transaction, its receipt and its log.
        var call = note.Encode(42, "é\u0000\n", new byte[] { 1, 2, 3 });
        var signed = await PrepareAsync(client, key, contract, call, value: 5);
        await client.SendAsync(signed, default);
        var receipt = await WaitAsync(client, signed.Hash);
        receipt.HasSucceeded.ShouldBeTrue();
        receipt.GasUsed.ShouldBeLessThanOrEqualTo(signed.Transaction.GasLimit);
        receipt.GasPrice!.Value.ShouldBeLessThanOrEqualTo(((FeeMarketTransaction)signed.Transaction).MaxFeePerGas);
        noted.TryDecode(receipt.Logs.Single(), out var values).ShouldBeTrue();
        AnyValues.Show(values!).ShouldBe(AnyValues.Show(new object[] { key.Address, (BigInteger)42, "é\u0000\n", new byte[] { 1, 2, 3 } }));

        // 2. What can be asked of the chain.
        number.DecodeResult(await client.CallAsync(new() { To = contract, Data = number.Encode() }, default)).ShouldBe([(BigInteger)42]);
        (await client.GetBalanceAsync(contract, EvmBlockTag.Latest, default)).ShouldBe(5);
        var block = await client.GetBlockAsync(EvmBlockTag.At(receipt.BlockNumber), default);
        (block!.Hash, block.Number, block.BaseFeePerGas > 0).ShouldBe((receipt.BlockHash, receipt.BlockNumber, true));
        (await client.GetBlockNumberAsync(default)).ShouldBe(receipt.BlockNumber);
        (await client.GetBlockAsync(EvmBlockTag.At(receipt.BlockNumber + 1), default)).ShouldBeNull();
        (await client.GetReceiptAsync(Keccak256.Hash([1]), default)).ShouldBeNull();
        var filter = new EvmLogFilter { Address = contract, FromBlock = 0, ToBlock = receipt.BlockNumber, Topics = [noted.Topic, null, new([.. new byte[31], 42])] };
        (await client.GetLogsAsync(filter, default)).Single().TransactionHash.ShouldBe(signed.Hash);
        (await client.GetLogsAsync(filter with { Topics = [noted.Topic, null, default(EvmHash)] }, default)).ShouldBeEmpty();

        // 3. A transaction that is refused is paid for all the same.
        var failing = await PrepareAsync(client, key, contract, refuse.Encode(0), gasLimit: 100_000);
        await client.SendAsync(failing, default);
        (await WaitAsync(client, failing.Hash)).HasSucceeded.ShouldBeFalse();

        // 4. One without a fee market.
        var legacy = new LegacyTransaction
        {
            ChainId = ChainId,
            Nonce = await client.GetTransactionCountAsync(key.Address, EvmBlockTag.Pending, default),
            GasLimit = 100_000,
            To = contract,
            Data = note.Encode(43, "", Array.Empty<byte>()),
            GasPrice = await client.GetGasPriceAsync(default) * 2,
        }.Sign(key);
        await client.SendAsync(legacy, default);
        (await WaitAsync(client, legacy.Hash)).HasSucceeded.ShouldBeTrue();
    }

    [Fact]
    public async Task Codec_AndSignatures_AreThoseOfTheChain()
    {
        await using var anvil = await Anvil.StartAsync("--chain-id", $"{ChainId}");
        using var key = Vectors.Key();
        var contract = await DeployAsync(anvil.Client, key);
        const string parameters = "((string,bytes,uint256[])[],int64,bytes4,bool,address,uint8[3],string[][])";
        var echo = new AbiFunction($"echo{parameters}", parameters);
        var random = new Random(5);
        for (var round = 0; round < 10; round++)
        {
            var values = AbiParser.ReadTypes(parameters).Select(type => AnyValues.Value(type, random)).ToArray();
            var answer = await anvil.Client.CallAsync(new() { To = contract, Data = echo.Encode(values) }, default);
            AnyValues.Show(echo.DecodeResult(answer)).ShouldBe(AnyValues.Show(values));
            // The compiler's encoding is ours, byte for byte.
            answer.ShouldBe(echo.Encode(values)[4..]);
        }

        var signerOf = new AbiFunction("signerOf(bytes32,uint8,bytes32,bytes32)", "(address)");
        var digest = PersonalMessage.Hash("who am I?");
        var signature = key.Sign(digest);
        var call = signerOf.Encode(digest, signature.V, signature.R.ToArray(), signature.S.ToArray());
        signerOf.DecodeResult(await anvil.Client.CallAsync(new() { To = contract, Data = call }, default)).ShouldBe([key.Address]);
    }

    [Fact]
    public async Task Contract_ThatRefuses_SaysWhy()
    {
        await using var anvil = await Anvil.StartAsync("--chain-id", $"{ChainId}");
        using var key = Vectors.Key();
        var contract = await DeployAsync(anvil.Client, key);
        (await RefusalAsync(0)).Text.ShouldBe("not today");
        (await RefusalAsync(1)).Text.ShouldBe("panic 0x12: division by zero");
        var own = await RefusalAsync(2);
        tooSmall.TryDecode(own.Data.Span, out var values).ShouldBeTrue();
        values!.ShouldBe([(BigInteger)2, (BigInteger)3]);
        (await RefusalAsync(3)).Data.IsEmpty.ShouldBeTrue();
        Should.Throw<EvmException>(() => number.DecodeResult([])).Message.ShouldContain("no contract");
        (await anvil.Client.CallAsync(new() { To = key.Address, Data = number.Encode() }, default)).ShouldBeEmpty();

        async Task<RevertReason> RefusalAsync(int how)
        {
            var call = new EvmCall { From = key.Address, To = contract, Data = refuse.Encode(how) };
            var estimated = await Should.ThrowAsync<EvmException>(anvil.Client.EstimateGasAsync(call, default));
            var called = await Should.ThrowAsync<EvmException>(anvil.Client.CallAsync(call, default));
            (estimated.Kind, called.Kind).ShouldBe((EvmErrorKind.Reverted, EvmErrorKind.Reverted));
            estimated.Revert!.Data.ToArray().ShouldBe(called.Revert!.Data.ToArray());
            return called.Revert;
        }
    }

    [Fact]
    public async Task Transaction_ThatWaits_IsReplaced()
    {
        await using var anvil = await Anvil.StartAsync("--chain-id", $"{ChainId}", "--no-mining");
        using var key = Vectors.Key();
        var client = anvil.Client;
        var first = await PrepareAsync(client, key, key.Address, []);
        await client.SendAsync(first, default);
        (await client.GetReceiptAsync(first.Hash, default)).ShouldBeNull();
        (await client.GetTransactionCountAsync(key.Address, EvmBlockTag.Pending, default)).ShouldBe(1UL);
        (await client.GetTransactionCountAsync(key.Address, EvmBlockTag.Latest, default)).ShouldBe(0UL);

        // 1. Again; then another with the same fees; then with higher ones.
        await ShouldFailAsync(client.SendAsync(first, default), EvmErrorKind.AlreadyKnown);
        var waiting = (FeeMarketTransaction)first.Transaction;
        await ShouldFailAsync(client.SendAsync((waiting with { Value = 1 }).Sign(key), default), EvmErrorKind.Underpriced);
        var second = waiting.WithHigherFees().Sign(key);
        await client.SendAsync(second, default);
        await anvil.CallAsync("evm_mine");
        (await WaitAsync(client, second.Hash)).HasSucceeded.ShouldBeTrue();
        (await client.GetReceiptAsync(first.Hash, default)).ShouldBeNull();

        // 2. Its nonce is used now; and what else a node refuses.
        await ShouldFailAsync(client.SendAsync(waiting.WithHigherFees().WithHigherFees().Sign(key), default), EvmErrorKind.NonceTooLow);
        var dear = waiting with { Nonce = 1, Value = BigInteger.Pow(10, 30) };
        await ShouldFailAsync(client.SendAsync(dear.Sign(key), default), EvmErrorKind.Funds);
        await ShouldFailAsync(client.SendAsync((waiting with { Nonce = 1, ChainId = 1 }).Sign(key), default), EvmErrorKind.Refused);
    }

    [Fact]
    public async Task Chain_WithoutAFeeMarket_TakesLegacyOnly()
    {
        await using var anvil = await Anvil.StartAsync("--chain-id", "970", "--hardfork", "berlin", "--gas-price", "100000000000");
        using var key = Vectors.Key();
        var client = anvil.Client;
        var modern = new FeeMarketTransaction { ChainId = 970, Nonce = 0, GasLimit = 21_000, To = key.Address, MaxFeePerGas = 200_000_000_000, MaxPriorityFeePerGas = 1 }.Sign(key);
        await ShouldFailAsync(client.SendAsync(modern, default), EvmErrorKind.Unsupported);
        var legacy = new LegacyTransaction { ChainId = 970, Nonce = 0, GasLimit = 21_000, To = key.Address, GasPrice = await client.GetGasPriceAsync(default) }.Sign(key);
        await client.SendAsync(legacy, default);
        (await WaitAsync(client, legacy.Hash)).HasSucceeded.ShouldBeTrue();
    }

    private static async Task ShouldFailAsync(Task task, EvmErrorKind kind)
    {
        var e = await Should.ThrowAsync<EvmException>(task);
        e.Kind.ShouldBe(kind, e.Message);
    }

    private static async Task<EvmAddress> DeployAsync(EvmClient client, EvmKey key)
    {
        var code = EvmHex.Decode("0x" + Probe.Hex);
        var signed = await PrepareAsync(client, key, null, code);
        await client.SendAsync(signed, default);
        var receipt = await WaitAsync(client, signed.Hash);
        receipt.HasSucceeded.ShouldBeTrue();
        receipt.Contract.ShouldBe(signed.Contract);
        return receipt.Contract!.Value;
    }

    private static async Task<SignedTransaction> PrepareAsync(EvmClient client, EvmKey key, EvmAddress? to, byte[] data, BigInteger value = default, ulong? gasLimit = null)
    {
        var (fee, tip) = (await client.GetFeeHistoryAsync(4, [50], default)).Suggest(1_000_000, feeMax);
        var transaction = new FeeMarketTransaction
        {
            ChainId = ChainId,
            Nonce = await client.GetTransactionCountAsync(key.Address, EvmBlockTag.Pending, default),
            GasLimit = 0,
            To = to,
            Value = value,
            Data = data,
            MaxFeePerGas = fee,
            MaxPriorityFeePerGas = tip,
        };
        return (transaction with { GasLimit = gasLimit ?? await client.EstimateGasAsync(EvmCall.Of(transaction, key.Address), default) * 5 / 4 }).Sign(key);
    }

    private static async Task<EvmReceipt> WaitAsync(EvmClient client, EvmHash hash)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (true)
        {
            if (await client.GetReceiptAsync(hash, limit.Token) is { } receipt) return receipt;
            await Task.Delay(50, limit.Token);
        }
    }
}
