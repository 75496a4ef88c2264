using System.Numerics;
using System.Text.Json;
using Oort.Evm;

namespace Oort.Backends.Crust.Tests.Orders;

/// <summary>What is sent to the contract, and what it notes, as others encode it (tests/vectors/crust).</summary>
public sealed class ContractTests
{
    private static readonly JsonElement vectors = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "vectors", "crust", "storage_order.json"))).RootElement;

    [Fact]
    public void Order_OfTheVector_IsItsCall()
    {
        var arguments = vectors.GetProperty("placeOrder_args");
        var call = StorageOrderContract.Encode(arguments[0].GetString()!, long.Parse(arguments[1].GetString()!, System.Globalization.CultureInfo.InvariantCulture), isPermanent: false);
        EvmHex.Encode(call).ShouldBe(vectors.GetProperty("placeOrder_calldata").GetString());
    }

    [Fact]
    public void Log_OfTheVector_IsItsOrder_AndNoOtherIs()
    {
        var customer = EvmAddress.Parse("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
        const string cid = "QmfH5zLmBtptUxRSGWazaumGwSsCW3n6P164eRXpbFatmJ";
        var data = EvmHex.Decode(vectors.GetProperty("order_event_data").GetString()!);
        using var http = new HttpClient();
        var contract = new StorageOrderContract(CrustChain.Ethereum, new(http, new() { Endpoint = new("http://127.0.0.1:1") }, TimeProvider.System));
        var log = new EvmLog { Address = CrustChain.Ethereum.Contract, Topics = [EvmHash.Parse(vectors.GetProperty("order_event_topic0").GetString()!)], Data = data };
        var receipt = new EvmReceipt { TransactionHash = default, BlockHash = default, BlockNumber = 1, HasSucceeded = true, GasUsed = 1, Logs = [log] };

        contract.PriceIn(receipt, customer, cid, 5_246_268, isPermanent: false).ShouldBe(new BigInteger(data.AsSpan(128, 32), isUnsigned: true, isBigEndian: true));
        Refused(receipt, default, cid, 5_246_268, false);
        Refused(receipt, customer, cid[1..], 5_246_268, false);
        Refused(receipt, customer, cid, 5_246_267, false);
        Refused(receipt, customer, cid, 5_246_268, true);
        foreach (var other in (EvmLog[])[log with { Address = default }, log with { Topics = [default] }, log with { Topics = [] }, log with { IsRemoved = true }, log with { Data = data.AsMemory(..^32) }])
            Refused(receipt with { Logs = [other] }, customer, cid, 5_246_268, false);

        void Refused(EvmReceipt given, EvmAddress who, string what, long size, bool isPermanent) =>
            Should.Throw<BackendException>(() => contract.PriceIn(given, who, what, size, isPermanent)).Kind.ShouldBe(BackendErrorKind.Unauthorized);
    }
}
