using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Oort.Evm;

/// <summary>An answer (JSON-RPC 2.0 §5).</summary>
internal sealed record RpcAnswer
{
    public JsonElement Id { get; init; }

    /// <summary>Undefined where it is missing.</summary>
    public JsonElement Result { get; init; }

    public RpcError? Error { get; init; }
}

internal sealed record RpcError
{
    public long Code { get; init; }

    public string? Message { get; init; }

    public JsonElement Data { get; init; }
}

internal sealed record LogDocument
{
    public required string Address { get; init; }

    public required string?[] Topics { get; init; }

    public required string Data { get; init; }

    public required string BlockNumber { get; init; }

    public required string BlockHash { get; init; }

    public required string TransactionHash { get; init; }

    public required string LogIndex { get; init; }

    public bool? Removed { get; init; }

    public EvmLog Read() => new()
    {
        Address = EvmAddress.Parse(Address),
        Topics = Topics.Length <= EvmLog.TopicCountMax ? [.. RpcElements.All(Topics).Select(EvmHash.Parse)] : throw EvmException.Malformed($"A log has {Topics.Length} topics"),
        Data = EvmHex.Decode(Data),
        BlockNumber = RpcNumbers.Read64(BlockNumber),
        BlockHash = EvmHash.Parse(BlockHash),
        TransactionHash = EvmHash.Parse(TransactionHash),
        Index = RpcNumbers.Read64(LogIndex),
        IsRemoved = Removed ?? false,
    };
}

internal sealed record ReceiptDocument
{
    public required string TransactionHash { get; init; }

    public required string BlockHash { get; init; }

    public required string BlockNumber { get; init; }

    public required string Status { get; init; }

    public required string GasUsed { get; init; }

    public string? EffectiveGasPrice { get; init; }

    public string? ContractAddress { get; init; }

    public required LogDocument?[] Logs { get; init; }

    public EvmReceipt Read()
    {
        var receipt = new EvmReceipt
        {
            TransactionHash = EvmHash.Parse(TransactionHash),
            BlockHash = EvmHash.Parse(BlockHash),
            BlockNumber = RpcNumbers.Read64(BlockNumber),
            HasSucceeded = RpcNumbers.Read64(Status) switch
            {
                0 => false,
                1 => true,
                var status => throw EvmException.Malformed($"A receipt has status {status}, which is neither 0 nor 1"),
            },
            GasUsed = RpcNumbers.Read64(GasUsed),
            GasPrice = EffectiveGasPrice is null ? null : EvmHex.DecodeQuantity(EffectiveGasPrice),
            Contract = ContractAddress is null ? null : EvmAddress.Parse(ContractAddress),
            Logs = [.. RpcElements.All(Logs).Select(log => log.Read())],
        };
        var areItsOwn = receipt.Logs.All(log => log.TransactionHash == receipt.TransactionHash && log.BlockHash == receipt.BlockHash && log.BlockNumber == receipt.BlockNumber);
        return areItsOwn ? receipt : throw EvmException.Malformed("A receipt has logs of another transaction or block");
    }
}

internal sealed record BlockDocument
{
    public required string Number { get; init; }

    public required string Hash { get; init; }

    public required string ParentHash { get; init; }

    public required string Timestamp { get; init; }

    public string? BaseFeePerGas { get; init; }

    public required string GasLimit { get; init; }

    public required string GasUsed { get; init; }

    public EvmBlock Read() => new()
    {
        Number = RpcNumbers.Read64(Number),
        Hash = EvmHash.Parse(Hash),
        ParentHash = EvmHash.Parse(ParentHash),
        Time = RpcNumbers.ReadTime(Timestamp),
        BaseFeePerGas = BaseFeePerGas is null ? null : EvmHex.DecodeQuantity(BaseFeePerGas),
        GasLimit = RpcNumbers.Read64(GasLimit),
        GasUsed = RpcNumbers.Read64(GasUsed),
    };
}

internal sealed record FeeHistoryDocument
{
    public required string OldestBlock { get; init; }

    public required string?[] BaseFeePerGas { get; init; }

    public string?[]?[]? Reward { get; init; }

    public FeeHistory Read() => new()
    {
        OldestBlock = RpcNumbers.Read64(OldestBlock),
        BaseFeesPerGas = BaseFeePerGas.Length > 0 ? [.. RpcElements.All(BaseFeePerGas).Select(EvmHex.DecodeQuantity)] : throw EvmException.Malformed("A fee history is empty"),
        Tips = [.. RpcElements.All(Reward ?? []).Select(block => (IReadOnlyList<BigInteger>)[.. RpcElements.All(block).Select(EvmHex.DecodeQuantity)])],
    };
}

internal static class RpcElements
{
    /// <summary>Elements of an array: the serializer lets null through there, whatever their type says.</summary>
    public static IEnumerable<T> All<T>(IEnumerable<T?> elements)
        where T : class => elements.Select(element => element ?? throw EvmException.Malformed("An answer has null in an array"));
}

internal static class RpcNumbers
{
    public static ulong Read64(string text) => EvmHex.DecodeQuantity(text) is var number && number <= ulong.MaxValue ? (ulong)number : throw EvmException.Malformed($"\"{EvmHex.Shown(text)}\" has more than 64 bits");

    public static DateTimeOffset ReadTime(string text) => Read64(text) is var seconds && seconds <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds()
        ? DateTimeOffset.FromUnixTimeSeconds((long)seconds)
        : throw EvmException.Malformed($"\"{EvmHex.Shown(text)}\" is no time in seconds");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(RpcAnswer))]
[JsonSerializable(typeof(LogDocument?[]))]
[JsonSerializable(typeof(ReceiptDocument))]
[JsonSerializable(typeof(BlockDocument))]
[JsonSerializable(typeof(FeeHistoryDocument))]
[JsonSerializable(typeof(string))]
internal sealed partial class RpcJson : JsonSerializerContext;
