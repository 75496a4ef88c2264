using System.Numerics;

namespace Oort.Evm;

/// <summary>A transaction that is only tried.</summary>
public sealed record EvmCall
{
    /// <summary>Who calls; null: nobody in particular.</summary>
    public EvmAddress? From { get; init; }

    /// <summary>Null: the data make a contract.</summary>
    public EvmAddress? To { get; init; }

    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Wei.</summary>
    public BigInteger Value { get; init; }

    /// <summary>The trial of a transaction.</summary>
    public static EvmCall Of(EvmTransaction transaction, EvmAddress from)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return new() { From = from, To = transaction.To, Data = transaction.Data, Value = transaction.Value };
    }
}

/// <summary>Which logs are asked for: those of all that is said here.</summary>
public sealed record EvmLogFilter
{
    /// <summary>The contract.</summary>
    public required EvmAddress Address { get; init; }

    /// <summary>The first block. Nodes limit how many are asked for at once, or how many logs they answer with: ask for fewer blocks then.</summary>
    public required ulong FromBlock { get; init; }

    /// <summary>The last block, itself included.</summary>
    public required ulong ToBlock { get; init; }

    /// <summary>What each topic must be; null: anything. A log may have more topics.</summary>
    public IReadOnlyList<EvmHash?> Topics { get; init; } = [];

    internal bool Fits(EvmLog log) => log.Address == Address && log.BlockNumber >= FromBlock && log.BlockNumber <= ToBlock
        && log.Topics.Count >= Topics.Count && Topics.Zip(log.Topics).All(pair => pair.First is not { } wanted || wanted == pair.Second);
}
