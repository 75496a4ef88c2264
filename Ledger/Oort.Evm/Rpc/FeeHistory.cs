using System.Numerics;

namespace Oort.Evm;

/// <summary>What blocks cost lately.</summary>
public sealed record FeeHistory
{
    public required ulong OldestBlock { get; init; }

    /// <summary>Wei for a unit of gas, of each block and of the one that comes next.</summary>
    public required IReadOnlyList<BigInteger> BaseFeesPerGas { get; init; }

    /// <summary>For each block the tips at the percentiles that were asked for; empty where the node does not say.</summary>
    public required IReadOnlyList<IReadOnlyList<BigInteger>> Tips { get; init; }

    /// <summary>Fees with which a transaction gets into a block soon: twice the next base fee, which six full blocks in a row reach, and the median of the tips at the first percentile.</summary>
    /// <param name="tipMin">Wei; blocks without transactions say nothing of tips.</param>
    public (BigInteger MaxFeePerGas, BigInteger MaxPriorityFeePerGas) Suggest(BigInteger tipMin)
    {
        BigInteger[] tips = [.. Tips.Where(block => block.Count > 0).Select(block => block[0]).Order()];
        var tip = BigInteger.Max(tipMin, tips.Length > 0 ? tips[tips.Length / 2] : 0);
        return (BaseFeesPerGas[^1] * 2 + tip, tip);
    }
}
