namespace Oort.Evm;

/// <summary>What a contract wrote into a block for those outside.</summary>
public sealed record EvmLog
{
    /// <summary>Opcodes LOG0 to LOG4.</summary>
    internal const int TopicCountMax = 4;

    /// <summary>The contract.</summary>
    public required EvmAddress Address { get; init; }

    /// <summary>The event's hash, and its indexed values.</summary>
    public required IReadOnlyList<EvmHash> Topics { get; init; }

    public required ReadOnlyMemory<byte> Data { get; init; }

    public ulong BlockNumber { get; init; }

    public EvmHash BlockHash { get; init; }

    public EvmHash TransactionHash { get; init; }

    /// <summary>Its place among the block's logs.</summary>
    public ulong Index { get; init; }

    /// <summary>The block is no longer of the chain: what it says did not happen.</summary>
    public bool IsRemoved { get; init; }
}
