using System.Numerics;
using Oort.Evm.Tests.Support;
using Shouldly;

namespace Oort.Evm.Tests.Abi;

public sealed class ContractTests
{
    private static readonly AbiEvent order = new("Order(address customer,address merchant,string cid,uint256 size,uint256 price,bool isPermanent)");
    private static readonly EvmAddress customer = EvmAddress.Parse("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    private static readonly EvmAddress merchant = EvmAddress.Parse("0x70997970C51812dc3A010C7d01b50e0d17dc79C8");

    [Fact]
    public void StorageOrder_Calls_AreThoseOfTheVectors()
    {
        const string cid = "QmfH5zLmBtptUxRSGWazaumGwSsCW3n6P164eRXpbFatmJ";
        var getPrice = new AbiFunction("getPrice(uint256 size,bool isPermanent)", "(uint256)");
        EvmHex.Encode(getPrice.Selector).ShouldBe("0x5705b61a");
        getPrice.Encode(5_246_268, false).ShouldBe(Vectors.StorageOrder.Hex("getPrice_calldata"));
        new AbiFunction("placeOrder(string,uint256,bool)").Encode(cid, 5_246_268, false).ShouldBe(Vectors.StorageOrder.Hex("placeOrder_calldata"));
        var withNode = new AbiFunction("placeOrderWithNode(string,uint256,address,bool)");
        var call = withNode.Encode(cid, 5_246_268, merchant, true);
        call.ShouldBe(Vectors.StorageOrder.Hex("placeOrderWithNode_calldata"));
        withNode.DecodeCall(call).ShouldBe([cid, (BigInteger)5_246_268, merchant, true]);
        Mutations.ShouldBeMalformed(() => getPrice.DecodeCall(call));
        foreach (var cut in Mutations.Truncated(call)) Mutations.ShouldBeMalformed(() => withNode.DecodeCall(cut));
    }

    [Fact]
    public void StorageOrder_Event_IsThatOfTheVectors()
    {
        order.Topic.ToString().ShouldBe(Vectors.StorageOrder.Text("order_event_topic0"));
        order.TryDecode(Log(Vectors.StorageOrder.Hex("order_event_data"), order.Topic), out var values).ShouldBeTrue();
        values!.ShouldBe([customer, merchant, "QmfH5zLmBtptUxRSGWazaumGwSsCW3n6P164eRXpbFatmJ", (BigInteger)5_246_268, (BigInteger)1_006_000_000_000, false]);
    }

    [Fact]
    public void StorageOrder_EventWithAFlippedByteOrCut_IsRefusedOrAnother()
    {
        var data = Vectors.StorageOrder.Hex("order_event_data");
        order.TryDecode(Log(data, order.Topic), out var expected).ShouldBeTrue();
        foreach (var bytes in Mutations.Flipped(data))
        {
            try
            {
                order.TryDecode(Log(bytes, order.Topic), out var values).ShouldBeTrue();
                AnyValues.Show(values!).ShouldNotBe(AnyValues.Show(expected!));
            }
            catch (EvmException e)
            {
                e.Kind.ShouldBe(EvmErrorKind.Malformed);
            }
        }

        foreach (var bytes in Mutations.Truncated(data)) Mutations.ShouldBeMalformed(() => order.TryDecode(Log(bytes, order.Topic), out _));
    }

    [Fact]
    public void Event_WithIndexedParameters_HasThemInTopics()
    {
        var transfer = new AbiEvent("Transfer(address indexed from,address indexed to,uint256 value)");
        transfer.Topic.ToString().ShouldBe("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
        EvmHash from = Word(customer), to = Word(merchant);
        transfer.TryDecode(Log(AbiEncoder.Encode("(uint256)", 7), transfer.Topic, from, to), out var values).ShouldBeTrue();
        values!.ShouldBe([customer, merchant, (BigInteger)7]);

        // The same signature with the value indexed, too, is another event; and so are others.
        transfer.TryDecode(Log([], transfer.Topic, from, to, Word(merchant)), out _).ShouldBeFalse();
        transfer.TryDecode(Log(AbiEncoder.Encode("(uint256)", 7), order.Topic, from, to), out _).ShouldBeFalse();
        transfer.TryDecode(Log([]), out _).ShouldBeFalse();
        Mutations.ShouldBeMalformed(() => transfer.TryDecode(Log(AbiEncoder.Encode("(uint256)", 7), transfer.Topic, from, order.Topic), out _));

        var named = new AbiEvent("Named(string indexed,uint256)");
        var hash = Keccak256.Hash("x"u8);
        named.TryDecode(Log(AbiEncoder.Encode("(uint256)", 7), named.Topic, hash), out values).ShouldBeTrue();
        values!.ShouldBe([hash, (BigInteger)7]);
        Should.Throw<ArgumentException>(() => new AbiEvent("E(bool indexed,bool indexed,bool indexed,bool indexed)"));
        Should.Throw<ArgumentException>(() => new AbiFunction("f(bool indexed)"));
    }

    /// <summary>Selectors as research and the chains' explorers have them.</summary>
    [Theory]
    [InlineData("viewContractAddress()", "0x7a9ebc15")]
    [InlineData("getPriceList()", "0xb7029144")]
    [InlineData("dataSetLive(uint256)", "0xca759f27")]
    [InlineData("pieceLive(uint256,uint256)", "0x1a271225")]
    [InlineData("getDataSetLastProvenEpoch(uint256)", "0x04595c1a")]
    [InlineData("transfer(address to, uint256 value)", "0xa9059cbb")]
    public void Selector_OfAKnownFunction_IsTheKnownOne(string signature, string selector) =>
        EvmHex.Encode(new AbiFunction(signature.Replace(", ", ",", StringComparison.Ordinal)).Selector).ShouldBe(selector);

    [Fact]
    public void Result_OfNoContract_SaysSo()
    {
        var e = Should.Throw<EvmException>(() => new AbiFunction("f()", "(uint256)").DecodeResult([]));
        e.Message.ShouldContain("no contract");
        new AbiFunction("f()").DecodeResult([]).ShouldBeEmpty();
    }

    [Fact]
    public void ExtraData_OfTheVectors_IsWrittenAndRead()
    {
        foreach (var (name, types) in new[]
        {
            ("createDataSet", "(address,uint256,string[],string[],bytes)"), ("addPieces", "(uint256,string[][],string[][],bytes)"), ("schedulePieceRemovals", "(bytes)"), ("terminateService", "(bytes)"),
        })
        {
            var data = Vectors.ExtraData.GetProperty(name).Hex("extraData");
            var values = AbiDecoder.Decode(types, data);
            AbiEncoder.Encode(types, values).ShouldBe(data, name);
            foreach (var bytes in Mutations.Truncated(data)) Mutations.ShouldBeMalformed(() => AbiDecoder.Decode(types, bytes));
            foreach (var bytes in Mutations.Flipped(data))
            {
                try
                {
                    AnyValues.Show(AbiDecoder.Decode(types, bytes)).ShouldNotBe(AnyValues.Show(values));
                }
                catch (EvmException e)
                {
                    e.Kind.ShouldBe(EvmErrorKind.Malformed);
                }
            }
        }
    }

    [Fact]
    public void Revert_OfEachKind_SaysWhy()
    {
        RevertReason.Read([]).Text.ShouldBe("without a reason");
        RevertReason.Read(new AbiFunction("Error(string)").Encode("No enough balance to place order")).Text.ShouldBe("No enough balance to place order");
        RevertReason.Read(new AbiFunction("Panic(uint256)").Encode(0x11)).Text.ShouldBe("panic 0x11: arithmetic overflow");
        RevertReason.Read(new AbiFunction("Panic(uint256)").Encode(0x99)).Text.ShouldBe("panic 0x99: unknown");
        var own = new AbiError("Funds(uint256 wanted,address by)");
        var data = new AbiFunction("Funds(uint256,address)").Encode(7, customer);
        RevertReason.Read(data).Text.ShouldBe($"with its own error {EvmHex.Encode(data.AsSpan(0, 4))}");
        RevertReason.Read(data, own).Text.ShouldBe($"Funds(uint256,address) with 7, {customer}");
        own.TryDecode(RevertReason.Read(data).Data.Span, out var values).ShouldBeTrue();
        values!.ShouldBe([(BigInteger)7, customer]);
        own.TryDecode(data.AsSpan(0, 40), out _).ShouldBeFalse();
        RevertReason.Read([1, 2]).Text.ShouldBe("with 0x0102");

        // Anybody may write a contract: a text is cut, control characters go, and what only begins like an error is none.
        var text = RevertReason.Read(new AbiFunction("Error(string)").Encode("\u001b[31m\r\n" + new string('x', 100_000))).Text;
        text.Length.ShouldBeLessThan(600);
        text.ShouldStartWith("?[31m??xxx");
        RevertReason.Read([.. new AbiFunction("Error(string)").Selector, 1, 2]).Text.ShouldBe("with its own error 0x08c379a0");
    }

    private static EvmHash Word(EvmAddress address) => new([.. new byte[12], .. address.ToArray()]);

    private static EvmLog Log(byte[] data, params EvmHash[] topics) => new() { Address = merchant, Topics = topics, Data = data };
}
