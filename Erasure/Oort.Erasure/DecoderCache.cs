using System.Collections.Concurrent;
using System.Diagnostics;

namespace Oort.Erasure;

/// <summary>The maps of one code from surviving cells to lost ones, by loss pattern. Inverting costs as much as decoding some 100 KiB.</summary>
/// <remarks>Thread-safe. Bounded: the oldest map goes when there are too many.</remarks>
internal sealed class DecoderCache
{
    /// <summary>8+4 has 495 sets of survivors, of which a failing cluster shows few; 4 KiB of tables each.</summary>
    private const int CountMax = 512;

    /// <summary>What the coefficients of all maps of one code may take; a map of a very large code has half a megabyte.</summary>
    private const int CoefficientCountMax = 256 * 1024;

    private readonly FieldMatrix parity;
    private readonly ConcurrentDictionary<LossPattern, LinearMap> maps = new();
    private readonly Queue<(LossPattern Pattern, int CoefficientCount)> ages = new();
    private int coefficientCount;

    internal DecoderCache(FieldMatrix parity)
    {
        this.parity = parity;
    }

    /// <summary>How many maps are kept now.</summary>
    internal int Count => maps.Count;

    /// <summary>The map from the cells in <paramref name="read"/> (k indices, ascending) to those in <paramref name="made"/> (other indices, ascending).</summary>
    internal LinearMap Get(ReadOnlySpan<int> read, ReadOnlySpan<int> made)
    {
        var pattern = new LossPattern(read, made);
        if (maps.TryGetValue(pattern, out var map)) return map;
        map = new LinearMap(CreateMatrix(read, made));
        Keep(pattern, map, read.Length * made.Length);
        return map;
    }

    private void Keep(LossPattern pattern, LinearMap map, int size)
    {
        if (size > CoefficientCountMax) return;
        lock (ages)
        {
            // Another thread may have made the same one meanwhile.
            if (!maps.TryAdd(pattern, map)) return;
            ages.Enqueue((pattern, size));
            coefficientCount += size;
            while (ages.Count > CountMax || coefficientCount > CoefficientCountMax)
            {
                var oldest = ages.Dequeue();
                maps.TryRemove(oldest.Pattern, out _);
                coefficientCount -= oldest.CoefficientCount;
            }
        }
    }

    /// <summary>
    /// The k survivors are S·data, S being the rows of the identity and of the parity matrix that belong to them; so data = S⁻¹·survivors, and a
    /// lost parity cell is its row of the parity matrix times that.
    /// </summary>
    private FieldMatrix CreateMatrix(ReadOnlySpan<int> read, ReadOnlySpan<int> made)
    {
        var k = parity.Columns;
        var survivors = new FieldMatrix(k, k);
        for (var row = 0; row < k; row++)
        {
            if (read[row] < k) survivors[row, read[row]] = 1;
            else parity.Row(read[row] - k).CopyTo(survivors.Row(row));
        }

        var inverse = survivors.Invert() ?? throw new UnreachableException("The code is MDS: any k rows are independent.");
        var matrix = new FieldMatrix(made.Length, k);
        for (var row = 0; row < made.Length; row++)
        {
            if (made[row] < k) inverse.Row(made[row]).CopyTo(matrix.Row(row));
            else FieldMatrix.MultiplyRow(parity.Row(made[row] - k), inverse, matrix.Row(row));
        }

        return matrix;
    }
}
