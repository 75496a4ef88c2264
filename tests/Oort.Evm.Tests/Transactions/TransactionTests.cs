using System.Numerics;
using System.Text.Json;
using Oort.Evm.Tests.Support;
using Shouldly;

namespace Oort.Evm.Tests.Transactions;

public sealed class TransactionTests
{
    public static TheoryData<int> Cases => [.. Enumerable.Range(0, Vectors.Transactions.GetProperty("cases").GetArrayLength())];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Sign_OfTheVectors_IsTheirs(int index)
    {
        var vector = Vectors.Transactions.GetProperty("cases")[index];
        using var key = Vectors.Key();
        var signed = Read(vector.GetProperty("tx")).Sign(key);
        EvmHex.Encode(signed.Raw.Span).ShouldBe(vector.Text("raw"));
        signed.Hash.ToString().ShouldBe(vector.Text("hash"));
        signed.Sender.ShouldBe(key.Address);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Decode_OfTheVectors_IsWhatWasSigned(int index)
    {
        var vector = Vectors.Transactions.GetProperty("cases")[index];
        var decoded = SignedTransaction.Decode(vector.Hex("raw"));
        decoded.Sender.ShouldBe(Vectors.Transactions.Address("address"));
        decoded.Hash.ToString().ShouldBe(vector.Text("hash"));
        using var key = Vectors.Key();
        decoded.Transaction.Sign(key).Raw.ToArray().ShouldBe(vector.Hex("raw"));
        var expected = Read(vector.GetProperty("tx"));
        decoded.Transaction.GetType().ShouldBe(expected.GetType());
        (decoded.Transaction.ChainId, decoded.Transaction.Nonce, decoded.Transaction.GasLimit, decoded.Transaction.To, decoded.Transaction.Value, decoded.Transaction.CostMax)
            .ShouldBe((expected.ChainId, expected.Nonce, expected.GasLimit, expected.To, expected.Value, expected.CostMax));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Decode_WithAFlippedByteOrCut_IsRefusedOrAnothers(int index)
    {
        var raw = Vectors.Transactions.GetProperty("cases")[index].Hex("raw");
        foreach (var bytes in Mutations.Flipped(raw))
        {
            try
            {
                SignedTransaction.Decode(bytes).Sender.ShouldNotBe(Vectors.Transactions.Address("address"));
            }
            catch (EvmException e)
            {
                e.Kind.ShouldBe(EvmErrorKind.Malformed);
            }
        }

        foreach (var bytes in Mutations.Truncated(raw)) Mutations.ShouldBeMalformed(() => SignedTransaction.Decode(bytes));
        Mutations.ShouldBeMalformed(() => SignedTransaction.Decode((byte[])[.. raw, 0]));
    }

    [Fact]
    public void Sign_TheExampleOfEip155_IsItsOwn()
    {
        using var key = EvmKey.FromHex(string.Concat(Enumerable.Repeat("46", 32)));
        var transaction = new LegacyTransaction
        {
            ChainId = 1,
            Nonce = 9,
            GasPrice = 20 * BigInteger.Pow(10, 9),
            GasLimit = 21_000,
            To = EvmAddress.Parse("0x" + string.Concat(Enumerable.Repeat("35", 20))),
            Value = BigInteger.Pow(10, 18),
        };
        Keccak256.Hash(transaction.EncodeUnsigned()).ToString().ShouldBe("0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
        EvmHex.Encode(transaction.Sign(key).Raw.Span).ShouldBe(
            "0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83");
    }

    [Fact]
    public void Decode_ManySigned_IsWhatWasSigned()
    {
        // Among them r or s with leading zeros, which RLP leaves out.
        using var key = Vectors.Key();
        var shortOnes = 0;
        for (var nonce = 0UL; nonce < 600; nonce++)
        {
            EvmTransaction transaction = nonce % 2 == 0
                ? new FeeMarketTransaction { ChainId = 970, Nonce = nonce, GasLimit = 1, To = null, MaxFeePerGas = 2, MaxPriorityFeePerGas = 0, Data = new byte[] { 1 } }
                : new LegacyTransaction { ChainId = ulong.MaxValue, Nonce = nonce, GasLimit = 1, To = key.Address, GasPrice = 0, Value = BigInteger.Pow(2, 256) - 1 };
            var signed = transaction.Sign(key);
            if (signed.Signature.R[0] == 0 || signed.Signature.S[0] == 0) shortOnes++;
            var decoded = SignedTransaction.Decode(signed.Raw);
            decoded.Sender.ShouldBe(key.Address);
            decoded.Signature.ShouldBe(signed.Signature);
            decoded.Transaction.ChainId.ShouldBe(transaction.ChainId);
            decoded.Contract.ShouldBe(nonce % 2 == 0 ? key.Address.OfContract(nonce) : null);
        }

        shortOnes.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void WithHigherFees_IsAnEighthMore_AndMoreOfNothing()
    {
        var transaction = new FeeMarketTransaction { ChainId = 1, Nonce = 1, GasLimit = 1, To = null, MaxFeePerGas = 800, MaxPriorityFeePerGas = 0 };
        var higher = transaction.WithHigherFees();
        (higher.MaxFeePerGas, higher.MaxPriorityFeePerGas, higher.Nonce).ShouldBe((900, 1, 1UL));
        new LegacyTransaction { ChainId = 1, Nonce = 1, GasLimit = 1, To = null, GasPrice = 7 }.WithHigherFees().GasPrice.ShouldBe(8);
    }

    [Fact]
    public void Sign_NumbersOutOfTheirRange_IsRefused()
    {
        using var key = Vectors.Key();
        var good = new FeeMarketTransaction { ChainId = 1, Nonce = 1, GasLimit = 1, To = null, MaxFeePerGas = 1, MaxPriorityFeePerGas = 1 };
        good.Sign(key);
        EvmTransaction[] wrong =
        [
            good with { Value = -1 }, good with { Value = BigInteger.Pow(2, 256) }, good with { ChainId = 0 }, good with { MaxPriorityFeePerGas = 2 }, good with { MaxPriorityFeePerGas = -1 },
            good with { MaxFeePerGas = BigInteger.Pow(2, 256) },
        ];
        foreach (var transaction in wrong) Should.Throw<ArgumentException>(() => transaction.Sign(key));
    }

    [Theory]
    [InlineData("0x")]
    [InlineData("0x01c0")]
    [InlineData("0x03c0")]
    [InlineData("0x7fc0")]
    [InlineData("0x02c0")]
    [InlineData("0xc0")]
    public void Decode_OfAnotherKind_IsRefused(string raw) => Mutations.ShouldBeMalformed(() => SignedTransaction.Decode(EvmHex.Decode(raw)));

    private static EvmTransaction Read(JsonElement tx)
    {
        var (chainId, nonce, gas, to, value, data) =
            ((ulong)tx.Number("chainId"), (ulong)tx.Number("nonce"), (ulong)tx.Number("gas"), tx.Address("to"), tx.Number("value"), tx.Hex("data"));
        return tx.Text("type") == "legacy"
            ? new LegacyTransaction { ChainId = chainId, Nonce = nonce, GasLimit = gas, To = to, Value = value, Data = data, GasPrice = tx.Number("gasPrice") }
            : new FeeMarketTransaction { ChainId = chainId, Nonce = nonce, GasLimit = gas, To = to, Value = value, Data = data, MaxFeePerGas = tx.Number("maxFeePerGas"), MaxPriorityFeePerGas = tx.Number("maxPriorityFeePerGas") };
    }
}
