using System.Numerics;

namespace Oort.Evm;

/// <summary>What became of a transaction that is in a block. The block may still be undone.</summary>
public sealed record EvmReceipt
{
    public required EvmHash TransactionHash { get; init; }

    public required EvmHash BlockHash { get; init; }

    public required ulong BlockNumber { get; init; }

    /// <summary>False: it was paid for, and undone.</summary>
    public required bool HasSucceeded { get; init; }

    public required ulong GasUsed { get; init; }

    /// <summary>Wei that a unit of gas cost; null where the node does not say.</summary>
    public BigInteger? GasPrice { get; init; }

    /// <summary>The contract that it made; null where it made none.</summary>
    public EvmAddress? Contract { get; init; }

    public required IReadOnlyList<EvmLog> Logs { get; init; }
}
