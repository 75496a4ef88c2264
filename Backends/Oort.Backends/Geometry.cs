using System.Globalization;

namespace Oort.Backends;

/// <summary>How a segment is cut: k data shards and m parity shards; any k of them give it back.</summary>
/// <param name="DataShards">k, at least 1.</param>
/// <param name="ParityShards">m, at least 0; k + m ≤ 255.</param>
public readonly record struct Geometry(int DataShards, int ParityShards)
{
    /// <summary>n = k + m.</summary>
    public int TotalShards => DataShards + ParityShards;

    /// <summary>Shards that must be durable before a write is acknowledged: k + ceil(m/2).</summary>
    public int WriteQuorum => DataShards + (ParityShards + 1) / 2;

    /// <summary>The default for a number of stores (DESIGN: 1 → 1+0, 2 → 1+1, 3 → 2+1, 4 → 2+2, 5 → 3+2, 6–8 → 4+2, 9–11 → 6+3, 12 and more → 8+4).</summary>
    public static Geometry ForStoreCount(int storeCount) => storeCount switch
    {
        <= 0 => throw new ArgumentOutOfRangeException(nameof(storeCount)),
        1 => new(1, 0),
        2 => new(1, 1),
        3 => new(2, 1),
        4 => new(2, 2),
        5 => new(3, 2),
        <= 8 => new(4, 2),
        <= 11 => new(6, 3),
        _ => new(8, 4),
    };

    /// <summary>"k+m".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{DataShards}+{ParityShards}");
}
