using System.Numerics;

namespace Oort.Evm;

/// <summary>The head of a block.</summary>
public sealed record EvmBlock
{
    public required ulong Number { get; init; }

    /// <summary>Another hash at a number than before: the chain was rearranged.</summary>
    public required EvmHash Hash { get; init; }

    public required EvmHash ParentHash { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>Wei for a unit of gas that every transaction in it pays; null on chains without a fee market.</summary>
    public BigInteger? BaseFeePerGas { get; init; }

    public required ulong GasLimit { get; init; }

    public required ulong GasUsed { get; init; }
}

/// <summary>Which block a question is about: a number, or a name for one.</summary>
public readonly record struct EvmBlockTag
{
    private readonly string? text;

    private EvmBlockTag(string text) => this.text = text;

    /// <summary>The newest block; it may be undone.</summary>
    public static EvmBlockTag Latest { get; } = new("latest");

    /// <summary>The newest block, and what waits to be in the next: nonces of one's own transactions that are under way are counted.</summary>
    public static EvmBlockTag Pending { get; } = new("pending");

    /// <summary>The newest block that will not be undone.</summary>
    public static EvmBlockTag Finalized { get; } = new("finalized");

    public static EvmBlockTag At(ulong number) => new(EvmHex.EncodeQuantity(number));

    /// <summary>As JSON-RPC writes it; the default is the newest block.</summary>
    public override string ToString() => text ?? "latest";
}
