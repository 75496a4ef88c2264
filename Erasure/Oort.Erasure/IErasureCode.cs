namespace Oort.Erasure;

/// <summary>A systematic Reed–Solomon code over GF(2^8) (docs/formats/shard.md, "The code"). Obtained from ReedSolomon.For(k, m).</summary>
/// <remarks>Thread-safe. A stripe is k + m cells of equal size end to end: data cells 0 … k−1, then parity cells.</remarks>
public interface IErasureCode
{
    /// <summary>k.</summary>
    int DataShards { get; }

    /// <summary>m.</summary>
    int ParityShards { get; }

    /// <summary>Computes the parity cells of one stripe.</summary>
    /// <param name="data">k cells end to end, each of <paramref name="cellSize"/> bytes; read only.</param>
    /// <param name="parity">m cells end to end; fully overwritten; may not overlap <paramref name="data"/>.</param>
    /// <param name="cellSize">Bytes of a cell, 0 or more; any value, fastest at multiples of 64.</param>
    /// <exception cref="ArgumentException">Lengths differ from k and m cells. Nothing has been written.</exception>
    void Encode(ReadOnlySpan<byte> data, Span<byte> parity, int cellSize);

    /// <summary>Computes the parity cells of one stripe whose cells lie apart.</summary>
    /// <param name="cells">k + m cells, each <paramref name="stride"/> bytes behind the one before: data cells, which are read, then parity cells, which are overwritten. What lies between them is left alone.</param>
    /// <param name="stride">At least <paramref name="cellSize"/>.</param>
    /// <param name="cellSize">Bytes of a cell, 0 or more; any value, fastest at multiples of 64.</param>
    /// <exception cref="ArgumentException">The cells overlap, or do not fit. Nothing has been written.</exception>
    void Encode(Span<byte> cells, int stride, int cellSize);

    /// <summary>Recomputes missing cells in place.</summary>
    /// <param name="stripe">k + m cells end to end. Cells that are <paramref name="present"/> are read; cells that are <paramref name="wanted"/> and not present are overwritten; the rest are left alone.</param>
    /// <param name="present">k + m flags; at least k of them set.</param>
    /// <param name="wanted">k + m flags.</param>
    /// <exception cref="ArgumentException">Fewer than k cells are present, or lengths differ. Nothing has been written.</exception>
    void Reconstruct(Span<byte> stripe, int cellSize, ReadOnlySpan<bool> present, ReadOnlySpan<bool> wanted);
}
