using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Oort.Erasure;

/// <summary>Computes cells from cells: output i is the sum of coefficient (i, j) times input j. What encoding and decoding both are.</summary>
/// <remarks>
/// Immutable and thread-safe. The matrix is compiled once into steps of up to four outputs, so that an input is read once for four outputs;
/// rows of ones are plain XOR, and the pair (1, 1, …), (1, 2, 4, …) is Horner's rule, without tables.
/// </remarks>
internal sealed class LinearMap
{
    /// <summary>
    /// Bytes of each cell that all steps do before they go on: a block of some ten inputs stays in the second-level cache (and mostly in the first)
    /// while the outputs of further steps are made from it.
    /// </summary>
    private const int BlockSize = 8192;

    private readonly FieldMatrix matrix;
    private readonly CodingStep[] steps;

    internal LinearMap(FieldMatrix matrix)
    {
        this.matrix = matrix;
        steps = CodingStep.Compile(matrix);
    }

    /// <summary>Computes all outputs with the fastest path this machine has.</summary>
    /// <param name="inputs">One address a column of the matrix.</param>
    /// <param name="outputs">One address a row; overwritten. No output may overlap another or an input.</param>
    /// <param name="length">Bytes of each.</param>
    internal unsafe void Apply(byte** inputs, byte** outputs, int length)
    {
        if (Avx2.IsSupported) ApplyAvx2(inputs, outputs, length);
        else if (Vector128.IsHardwareAccelerated) ApplyVector128(inputs, outputs, length);
        else ApplyScalar(inputs, outputs, 0, length);
    }

    /// <summary>The definition, on bytes <paramref name="begin"/> up to <paramref name="end"/>.</summary>
    internal unsafe void ApplyScalar(byte** inputs, byte** outputs, int begin, int end)
    {
        for (var row = 0; row < matrix.Rows; row++)
        {
            var output = new Span<byte>(outputs[row] + begin, end - begin);
            output.Clear();
            for (var column = 0; column < matrix.Columns; column++)
                GaloisField.MultiplyAdd(matrix[row, column], new ReadOnlySpan<byte>(inputs[column] + begin, end - begin), output);
        }
    }

    /// <summary>16 bytes at a time, on any processor with 128-bit vectors.</summary>
    internal unsafe void ApplyVector128(byte** inputs, byte** outputs, int length)
    {
        var vectorEnd = length & ~(Vector128<byte>.Count - 1);
        var ordered = stackalloc byte*[CodingStep.OutputCountMax];
        for (var begin = 0; begin < vectorEnd; begin += BlockSize)
            foreach (var step in steps)
                step.RunVector128(inputs, outputs, ordered, begin, Math.Min(begin + BlockSize, vectorEnd));
        FinishUnevenly(inputs, outputs, vectorEnd, length);
    }

    /// <summary>32 bytes at a time, two or four of them side by side.</summary>
    internal unsafe void ApplyAvx2(byte** inputs, byte** outputs, int length)
    {
        if (length < CodingStep.WideWidth)
        {
            ApplyVector128(inputs, outputs, length);
            return;
        }

        var wideEnd = length & ~(CodingStep.WideWidth - 1);
        var ordered = stackalloc byte*[CodingStep.OutputCountMax];
        for (var begin = 0; begin < wideEnd; begin += BlockSize)
            foreach (var step in steps)
                step.RunAvx2(inputs, outputs, ordered, begin, Math.Min(begin + BlockSize, wideEnd));

        // What is left over is done by a last step that ends with the cell and does some bytes again: inputs are never outputs, so twice is as once.
        if (wideEnd == length) return;
        foreach (var step in steps) step.RunAvx2(inputs, outputs, ordered, length - CodingStep.WideWidth, length);
    }

    private unsafe void FinishUnevenly(byte** inputs, byte** outputs, int done, int length)
    {
        if (done == length) return;
        if (length < Vector128<byte>.Count)
        {
            ApplyScalar(inputs, outputs, 0, length);
            return;
        }

        var ordered = stackalloc byte*[CodingStep.OutputCountMax];
        foreach (var step in steps) step.RunVector128(inputs, outputs, ordered, length - Vector128<byte>.Count, length);
    }
}
