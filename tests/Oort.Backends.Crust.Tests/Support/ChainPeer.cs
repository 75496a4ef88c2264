using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Oort.Backends.Ipfs.Tests.Support;
using Oort.Evm;

namespace Oort.Backends.Crust.Tests.Support;

/// <summary>A chain's node with the StorageOrder contract, over a clock that tests move: a block each 12 seconds, one transaction of a number, and the money of each account.</summary>
internal sealed class ChainPeer : PeerServer
{
    public const ulong BlockSeconds = 12;
    public const long BasePrice = 2_000_000_000_000;
    public const long BytePrice = 1_000_000;
    private const ulong FirstBlock = 1_000;
    private const ulong OrderGas = 90_000;

    private static readonly AbiFunction getPrice = new("getPrice(uint256,bool)", "(uint256)");
    private static readonly AbiFunction placeOrder = new("placeOrder(string,uint256,bool)");
    private static readonly AbiFunction logData = new("log(address,address,string,uint256,uint256,bool)");
    private static readonly AbiFunction error = new("Error(string)");
    private static readonly AbiEvent order = new("Order(address,address,string,uint256,uint256,bool)");

    private readonly Lock gate = new();
    private readonly HangingTime time;
    private readonly DateTimeOffset start;
    private readonly List<Sent> pool = [];
    private readonly List<Mined> mined = [];
    private ulong fork;

    private ChainPeer(HangingTime time) => (this.time, start) = (time, time.GetUtcNow());

    public static EvmAddress Merchant { get; } = EvmAddress.Parse("0x70997970C51812dc3A010C7d01b50e0d17dc79C8");

    public CrustChain Chain { get; } = CrustChain.Ethereum;

    public ulong ChainId { get; set; } = 1;

    /// <summary>Wei of every account that has sent nothing.</summary>
    public BigInteger Funds { get; set; } = BigInteger.Pow(10, 19);

    public BigInteger BaseFee { get; set; } = 1_000_000_000;

    /// <summary>What the contract asks, as a multiple of its usual price; and what it asks when an order is in its block.</summary>
    public int PriceFactor { get; set; } = 1;

    public int BlockPriceFactor { get; set; } = 1;

    /// <summary>What the contract refuses with; null: it takes orders.</summary>
    public string? Refusal { get; set; }

    /// <summary>Whether transactions wait.</summary>
    public bool IsStalled { get; set; }

    /// <summary>What the contract notes instead of an order's CID.</summary>
    public string? OtherCid { get; set; }

    /// <summary>Who the contract says has ordered, instead of who has.</summary>
    public EvmAddress? OtherCustomer { get; set; }

    /// <summary>Whether the contract is another that notes the same.</summary>
    public bool IsElsewhere { get; set; }

    /// <summary>What the node says an order's gas is.</summary>
    public ulong GasNamed { get; set; } = OrderGas;

    /// <summary>Whether it takes transactions and its answers to that are lost.</summary>
    public bool LosesSends { get; set; }

    /// <summary>Transactions that it was ever given, by hash.</summary>
    public HashSet<EvmHash> Seen { get; } = [];

    /// <summary>Transactions in blocks, paid for one way or another.</summary>
    public int MinedCount => Locked(() => mined.Count);

    public IReadOnlyList<Order> Orders => Locked(() => mined.Where(each => each.Order is not null).Select(each => each.Order!).ToList());

    public IReadOnlyList<SignedTransaction> Pool => Locked(() => pool.Select(each => each.Transaction).ToList());

    private ulong Head => FirstBlock + (ulong)(time.GetUtcNow() - start).TotalSeconds / BlockSeconds;

    public static async Task<ChainPeer> RunAsync(HangingTime time)
    {
        var peer = new ChainPeer(time);
        await peer.StartAsync();
        return peer;
    }

    /// <summary>Takes the newest blocks back. What was in them waits again, or is forgotten.</summary>
    public void Reorganize(ulong blockCount, bool forgets)
    {
        lock (gate)
        {
            Mine();
            fork++;
            foreach (var undone in mined.Where(each => each.Block + blockCount > Head).ToList())
            {
                mined.Remove(undone);
                if (!forgets) pool.Add(new(undone.Transaction, Head));
            }
        }
    }

    /// <summary>Forgets what waits for a block.</summary>
    public void Drop() => Locked(() =>
    {
        pool.Clear();
        return 0;
    });

    /// <summary>Another transaction of an account: it takes its next number.</summary>
    public void Spend(EvmKey key) => Locked(() =>
    {
        var other = new FeeMarketTransaction { ChainId = ChainId, Nonce = Count(key.Address, Head), GasLimit = 21_000, To = key.Address, MaxFeePerGas = BaseFee * 4, MaxPriorityFeePerGas = 1 }.Sign(key);
        pool.RemoveAll(each => each.Transaction.Sender == key.Address && each.Transaction.Transaction.Nonce == other.Transaction.Nonce);
        mined.Add(new(other, Head, true, null));
        return 0;
    });

    protected override async Task<PeerReply> AnswerAsync(HttpRequest request)
    {
        using var body = await JsonDocument.ParseAsync(request.Body);
        var (method, parameters, id) = (body.RootElement.GetProperty("method").GetString()!, body.RootElement.GetProperty("params"), body.RootElement.GetProperty("id").GetInt64());
        lock (gate)
        {
            Mine();
            try
            {
                var result = Answer(method, parameters);
                if (method == "eth_sendRawTransaction" && LosesSends) request.HttpContext.Abort();
                return PeerReply.Json(new { jsonrpc = "2.0", id, result });
            }
            catch (Refused e)
            {
                object failure = e.Data is { } data ? new { code = e.Code, message = e.Message, data } : new { code = e.Code, message = e.Message };
                return PeerReply.Json(new { jsonrpc = "2.0", id, error = failure });
            }
        }
    }

    private object? Answer(string method, JsonElement parameters)
    {
        return method switch
        {
            "eth_chainId" => Hex(ChainId),
            "eth_blockNumber" => Hex(Head),
            "eth_getBalance" => Hex(BalanceOf(Address(0))),
            "eth_getTransactionCount" => Hex(Text(1) switch
            {
                "pending" => Count(Address(0), Head) + (ulong)pool.Count(each => each.Transaction.Sender == Address(0)),
                "latest" => Count(Address(0), Head),
                var number => Count(Address(0), (ulong)EvmHex.DecodeQuantity(number)),
            }),
            "eth_call" => EvmHex.Encode(Call(parameters[0])),
            "eth_estimateGas" => Estimate(parameters[0]),
            "eth_feeHistory" => new { oldestBlock = Hex(Head - 1), baseFeePerGas = new[] { Hex(BaseFee), Hex(BaseFee) }, reward = new[] { new[] { Hex(50_000_000) } } },
            "eth_sendRawTransaction" => Take(EvmHex.Decode(Text(0))),
            "eth_getTransactionReceipt" => Receipt(EvmHash.Parse(Text(0))),
            "eth_getBlockByNumber" => Block((ulong)EvmHex.DecodeQuantity(Text(0))),
            _ => throw new Refused(-32601, "method not found"),
        };

        string Text(int index) => parameters[index].GetString()!;
        EvmAddress Address(int index) => EvmAddress.Parse(Text(index));
    }

    private string Take(byte[] raw)
    {
        var signed = SignedTransaction.Decode(raw);
        var asked = (FeeMarketTransaction)signed.Transaction;
        if (asked.ChainId != ChainId) throw new Refused(-32000, "invalid chain id for signer");
        if (mined.Any(each => each.Transaction.Hash == signed.Hash) || asked.Nonce < Count(signed.Sender, Head)) throw new Refused(-32000, "nonce too low");
        if (pool.Any(each => each.Transaction.Hash == signed.Hash)) throw new Refused(-32000, "already known");
        if (BalanceOf(signed.Sender) < asked.CostMax) throw new Refused(-32000, "insufficient funds for gas * price + value");
        if (pool.FirstOrDefault(each => each.Transaction.Sender == signed.Sender && each.Transaction.Transaction.Nonce == asked.Nonce) is { } waiting)
        {
            var least = ((FeeMarketTransaction)waiting.Transaction.Transaction).MaxFeePerGas * 11 / 10;
            if (asked.MaxFeePerGas < least) throw new Refused(-32000, "replacement transaction underpriced");
            pool.Remove(waiting);
        }

        Seen.Add(signed.Hash);
        pool.Add(new(signed, Head));
        return signed.Hash.ToString();
    }

    /// <summary>Puts into blocks what was there when they were made.</summary>
    private void Mine()
    {
        if (IsStalled) return;
        for (var found = true; found;)
        {
            var next = pool.FirstOrDefault(each => each.Block < Head && each.Transaction.Transaction.Nonce == Count(each.Transaction.Sender, Head) && ((FeeMarketTransaction)each.Transaction.Transaction).MaxFeePerGas >= BaseFee);
            found = next is not null;
            if (next is null) continue;
            pool.Remove(next);
            var (transaction, block) = (next.Transaction, next.Block + 1);
            var values = placeOrder.DecodeCall(transaction.Transaction.Data.Span);
            var price = PriceOf((BigInteger)values[1], (bool)values[2]) * BlockPriceFactor;
            var isTaken = Refusal is null && transaction.Transaction.Value >= price;
            mined.Add(new(transaction, block, isTaken, isTaken ? new((string)values[0], (long)(BigInteger)values[1], (bool)values[2], price, transaction.Sender, TimeOf(block)) : null));
        }
    }

    private byte[] Call(JsonElement call)
    {
        var values = getPrice.DecodeCall(EvmHex.Decode(call.GetProperty("data").GetString()!));
        return EvmAddress.Parse(call.GetProperty("to").GetString()!) == Chain.Contract ? Word(PriceOf((BigInteger)values[0], (bool)values[1]) * PriceFactor) : [];
    }

    private string Estimate(JsonElement call)
    {
        var values = placeOrder.DecodeCall(EvmHex.Decode(call.GetProperty("data").GetString()!));
        var value = EvmHex.DecodeQuantity(call.GetProperty("value").GetString()!);
        var refusal = Refusal ?? (value < PriceOf((BigInteger)values[1], (bool)values[2]) * PriceFactor ? "No enough balance to place order" : null);
        if (refusal is null) return Hex(GasNamed);
        throw new Refused(3, $"execution reverted: {refusal}") { Data = EvmHex.Encode(error.Encode(refusal)) };
    }

    private object? Receipt(EvmHash hash)
    {
        if (mined.FirstOrDefault(each => each.Transaction.Hash == hash) is not { } found) return null;
        var logs = found.Order is not { } made ? [] : new[]
        {
            new
            {
                address = (IsElsewhere ? Merchant : Chain.Contract).ToString(),
                topics = new[] { order.Topic.ToString() },
                data = EvmHex.Encode(logData.Encode(OtherCustomer ?? made.Customer, Merchant, OtherCid ?? made.Cid, (BigInteger)made.Size, made.Price, made.IsPermanent).AsSpan(4)),
                blockNumber = Hex(found.Block),
                blockHash = HashOf(found.Block),
                transactionHash = hash.ToString(),
                logIndex = "0x0",
            },
        };
        return new { transactionHash = hash.ToString(), blockHash = HashOf(found.Block), blockNumber = Hex(found.Block), status = found.HasSucceeded ? "0x1" : "0x0", gasUsed = Hex(OrderGas), effectiveGasPrice = Hex(BaseFee), logs };
    }

    private object? Block(ulong number) => number > Head ? null : new
    {
        number = Hex(number),
        hash = HashOf(number),
        parentHash = HashOf(number - 1),
        timestamp = Hex((ulong)TimeOf(number).ToUnixTimeSeconds()),
        baseFeePerGas = Hex(BaseFee),
        gasLimit = Hex(30_000_000),
        gasUsed = Hex(0),
    };

    private BigInteger BalanceOf(EvmAddress account) =>
        BigInteger.Max(0, Funds - mined.Where(each => each.Transaction.Sender == account).Aggregate(BigInteger.Zero, (sum, each) => sum + (each.Order?.Price ?? 0) + OrderGas * BaseFee));

    private ulong Count(EvmAddress account, ulong block) => (ulong)mined.Count(each => each.Transaction.Sender == account && each.Block <= block);

    private DateTimeOffset TimeOf(ulong block) => start.AddSeconds((block - FirstBlock) * BlockSeconds);

    private string HashOf(ulong block) => Keccak256.Hash([.. BitConverter.GetBytes(block), .. BitConverter.GetBytes(fork)]).ToString();

    private static BigInteger PriceOf(BigInteger size, bool isPermanent) => (BasePrice + size * BytePrice) * (isPermanent ? 5 : 1);

    private static byte[] Word(BigInteger number)
    {
        var digits = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[32 - digits.Length], .. digits];
    }

    private static string Hex(BigInteger number) => EvmHex.EncodeQuantity(number);

    private T Locked<T>(Func<T> ask)
    {
        lock (gate)
        {
            Mine();
            return ask();
        }
    }

    private sealed class Refused(long code, string message) : Exception(message)
    {
        public long Code { get; } = code;

        public new string? Data { get; init; }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Code} {Message}");
    }

    /// <summary>An order that the contract has noted.</summary>
    public sealed record Order(string Cid, long Size, bool IsPermanent, BigInteger Price, EvmAddress Customer, DateTimeOffset Time);

    private sealed record Sent(SignedTransaction Transaction, ulong Block);

    private sealed record Mined(SignedTransaction Transaction, ulong Block, bool HasSucceeded, Order? Order);
}
