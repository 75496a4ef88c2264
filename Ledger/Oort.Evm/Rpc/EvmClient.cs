using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Oort.Evm;

/// <summary>A node of a chain like Ethereum, asked by JSON-RPC. Thread-safe. Nothing is repeated, and nothing that a node says is trusted beyond its form and what can be compared here.</summary>
/// <remarks>All methods throw <see cref="EvmException"/>; <see cref="EvmErrorKind.Transient"/> and <see cref="EvmErrorKind.Throttled"/> are worth another attempt.</remarks>
/// <param name="http">Not disposed of here.</param>
public sealed class EvmClient(HttpClient http, EvmClientOptions options, TimeProvider time)
{
    /// <summary>What eth_feeHistory takes at most on geth.</summary>
    private const int FeeHistoryBlockCountMax = 1024;

    private readonly RpcSender sender = new(http, options, time);

    /// <summary>The chain that the node is of. To be compared with the one that is meant before anything is signed.</summary>
    public Task<ulong> GetChainIdAsync(CancellationToken cancellationToken) => Ask64Async("eth_chainId", Nothing, cancellationToken);

    /// <summary>The number of the newest block.</summary>
    public Task<ulong> GetBlockNumberAsync(CancellationToken cancellationToken) => Ask64Async("eth_blockNumber", Nothing, cancellationToken);

    /// <summary>Wei of an account.</summary>
    public Task<BigInteger> GetBalanceAsync(EvmAddress account, EvmBlockTag block, CancellationToken cancellationToken) =>
        AskNumberAsync("eth_getBalance", WriteTexts($"{account}", $"{block}"), cancellationToken);

    /// <summary>How many transactions an account has sent: the nonce of its next one, at <see cref="EvmBlockTag.Pending"/> with those under way.</summary>
    public Task<ulong> GetTransactionCountAsync(EvmAddress account, EvmBlockTag block, CancellationToken cancellationToken) =>
        Ask64Async("eth_getTransactionCount", WriteTexts($"{account}", $"{block}"), cancellationToken);

    /// <summary>What a transaction without a fee market should pay for gas, in wei.</summary>
    public Task<BigInteger> GetGasPriceAsync(CancellationToken cancellationToken) => AskNumberAsync("eth_gasPrice", Nothing, cancellationToken);

    /// <summary>What the newest blocks cost.</summary>
    /// <param name="percentiles">Of the tips in each block, from 0 to 100, rising.</param>
    public async Task<FeeHistory> GetFeeHistoryAsync(int blockCount, IReadOnlyList<int> percentiles, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(blockCount, FeeHistoryBlockCountMax);
        var document = await AskAsync("eth_feeHistory", writer =>
        {
            writer.WriteStringValue(EvmHex.EncodeQuantity(blockCount));
            writer.WriteStringValue($"{EvmBlockTag.Latest}");
            writer.WriteStartArray();
            foreach (var percentile in percentiles) writer.WriteNumberValue(percentile);
            writer.WriteEndArray();
        }, RpcJson.Default.FeeHistoryDocument, cancellationToken);
        return document.Read();
    }

    /// <summary>What a contract answers, without a transaction.</summary>
    /// <exception cref="EvmException">Reverted, with the reason; and as all.</exception>
    public Task<byte[]> CallAsync(EvmCall call, CancellationToken cancellationToken) => CallAsync(call, EvmBlockTag.Latest, cancellationToken);

    /// <inheritdoc cref="CallAsync(EvmCall, CancellationToken)"/>
    public async Task<byte[]> CallAsync(EvmCall call, EvmBlockTag block, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        var text = await AskAsync("eth_call", writer =>
        {
            Write(writer, call);
            writer.WriteStringValue($"{block}");
        }, RpcJson.Default.String, cancellationToken);
        return EvmHex.Decode(text);
    }

    /// <summary>Gas that a transaction would use in the present state. Add a margin: the state changes until it is in a block.</summary>
    /// <exception cref="EvmException">Reverted, with the reason; and as all.</exception>
    public Task<ulong> EstimateGasAsync(EvmCall call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        return Ask64Async("eth_estimateGas", writer => Write(writer, call), cancellationToken);
    }

    /// <summary>Gives a transaction to the chain. It is in no block yet.</summary>
    /// <exception cref="EvmException">AlreadyKnown when the node had it; and as all.</exception>
    public async Task SendAsync(SignedTransaction transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        const string method = "eth_sendRawTransaction";
        var text = await AskAsync(method, WriteTexts(EvmHex.Encode(transaction.Raw.Span)), RpcJson.Default.String, cancellationToken);
        var hash = EvmHash.Parse(text);
        if (hash != transaction.Hash) throw sender.Wrong(method, $"it names the transaction {hash}, which is {transaction.Hash}");
    }

    /// <summary>What became of a transaction; null while it is in no block, or where the node does not know it.</summary>
    public async Task<EvmReceipt?> GetReceiptAsync(EvmHash transaction, CancellationToken cancellationToken)
    {
        const string method = "eth_getTransactionReceipt";
        var document = await sender.SendAsync(method, WriteTexts($"{transaction}"), RpcJson.Default.ReceiptDocument, mayBeNull: true, cancellationToken);
        if (document?.Read() is not { } receipt) return null;
        return receipt.TransactionHash == transaction ? receipt : throw sender.Wrong(method, "it is of another transaction");
    }

    /// <summary>Logs, in the chain's order.</summary>
    public async Task<IReadOnlyList<EvmLog>> GetLogsAsync(EvmLogFilter filter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        const string method = "eth_getLogs";
        var documents = await AskAsync(method, writer => Write(writer, filter), RpcJson.Default.LogDocumentArray, cancellationToken);
        EvmLog[] logs = [.. RpcElements.All(documents).Select(document => document.Read())];
        return logs.All(filter.Fits) ? logs : throw sender.Wrong(method, "it has logs that were not asked for");
    }

    /// <summary>A block's head; null where there is none.</summary>
    public async Task<EvmBlock?> GetBlockAsync(EvmBlockTag block, CancellationToken cancellationToken)
    {
        var document = await sender.SendAsync("eth_getBlockByNumber", writer =>
        {
            writer.WriteStringValue($"{block}");
            writer.WriteBooleanValue(false);
        }, RpcJson.Default.BlockDocument, mayBeNull: true, cancellationToken);
        return document?.Read();
    }

    private static void Nothing(Utf8JsonWriter writer)
    {
        // No parameters.
    }

    private static Action<Utf8JsonWriter> WriteTexts(params string[] texts) => writer =>
    {
        foreach (var text in texts) writer.WriteStringValue(text);
    };

    private static void Write(Utf8JsonWriter writer, EvmCall call)
    {
        writer.WriteStartObject();
        if (call.From is { } from) writer.WriteString("from", $"{from}");
        if (call.To is { } to) writer.WriteString("to", $"{to}");
        writer.WriteString("data", EvmHex.Encode(call.Data.Span));
        if (!call.Value.IsZero) writer.WriteString("value", EvmHex.EncodeQuantity(call.Value));
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, EvmLogFilter filter)
    {
        writer.WriteStartObject();
        writer.WriteString("address", $"{filter.Address}");
        writer.WriteString("fromBlock", EvmHex.EncodeQuantity(filter.FromBlock));
        writer.WriteString("toBlock", EvmHex.EncodeQuantity(filter.ToBlock));
        writer.WriteStartArray("topics");
        foreach (var topic in filter.Topics)
        {
            if (topic is { } wanted) writer.WriteStringValue($"{wanted}");
            else writer.WriteNullValue();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private async Task<T> AskAsync<T>(string method, Action<Utf8JsonWriter> writeParameters, JsonTypeInfo<T> resultType, CancellationToken cancellationToken)
        where T : class => (await sender.SendAsync(method, writeParameters, resultType, mayBeNull: false, cancellationToken))!;

    private async Task<BigInteger> AskNumberAsync(string method, Action<Utf8JsonWriter> writeParameters, CancellationToken cancellationToken) =>
        EvmHex.DecodeQuantity(await AskAsync(method, writeParameters, RpcJson.Default.String, cancellationToken));

    private async Task<ulong> Ask64Async(string method, Action<Utf8JsonWriter> writeParameters, CancellationToken cancellationToken) =>
        RpcNumbers.Read64(await AskAsync(method, writeParameters, RpcJson.Default.String, cancellationToken));
}
