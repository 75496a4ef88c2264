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
    /// <param name="feeMax">Wei: the most that is to be paid for a unit of gas, whatever the node names. Fees are cut to it.</param>
    /// <exception cref="EvmException">Underpriced: the next base fee alone is above <paramref name="feeMax"/>, so that nothing signed now gets into a block.</exception>
    public (BigInteger MaxFeePerGas, BigInteger MaxPriorityFeePerGas) Suggest(BigInteger tipMin, BigInteger feeMax)
    {
        var baseFee = BaseFeesPerGas[^1];
        if (baseFee > feeMax) throw new EvmException(EvmErrorKind.Underpriced, $"The node names a base fee of {baseFee} wei for a unit of gas, and at most {feeMax} are to be paid. Wait, or raise that.");
        BigInteger[] tips = [.. Tips.Where(block => block.Count > 0).Select(block => block[0]).Order()];
        var tip = BigInteger.Max(tipMin, tips.Length > 0 ? tips[tips.Length / 2] : 0);
        var fee = BigInteger.Min(baseFee * 2 + tip, feeMax);
        return (fee, BigInteger.Min(tip, fee));
    }
}
