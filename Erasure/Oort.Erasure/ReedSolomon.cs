using System.Collections.Concurrent;

namespace Oort.Erasure;

/// <summary>Gives the code of each geometry.</summary>
public static class ReedSolomon
{
    /// <summary>The most shards of a code: the matrix has k+m distinct points in the field, one of which is left out.</summary>
    public const int TotalShardsMax = 255;

    /// <summary>Codes kept. A gateway uses a handful; a program that walks through all geometries must not keep all their tables.</summary>
    private const int KeptMax = 64;

    private static readonly ConcurrentDictionary<(int DataShards, int ParityShards), IErasureCode> kept = new();

    /// <summary>The code with k data and m parity shards.</summary>
    /// <param name="dataShards">k, 1 or more.</param>
    /// <param name="parityShards">m, 0 or more; k + m at most <see cref="TotalShardsMax"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such code.</exception>
    public static IErasureCode For(int dataShards, int parityShards)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dataShards, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(parityShards);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)dataShards + parityShards, TotalShardsMax);
        if (kept.TryGetValue((dataShards, parityShards), out var code)) return code;
        code = new ReedSolomonCode(dataShards, parityShards);
        return kept.Count < KeptMax ? kept.GetOrAdd((dataShards, parityShards), code) : code;
    }
}
