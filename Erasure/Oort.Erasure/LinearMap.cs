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

    /// <summary>Computes all outputs.</summary>
    /// <param name="level">Kernels to use, supported by this machine; short cells fall back to lower ones.</param>
    /// <param name="inputs">One address a column of the matrix.</param>
    /// <param name="outputs">One address a row; overwritten. No output may overlap another or an input.</param>
    /// <param name="length">Bytes of each.</param>
    internal unsafe void Apply(KernelLevel level, byte** inputs, byte** outputs, int length)
    {
        if (length == 0) return;
        while (length < level.Width()) level--;
        if (level == KernelLevel.Scalar)
        {
            ApplyScalar(inputs, outputs, length);
            return;
        }

        var end = length - length % level.Width();
        for (var begin = 0; begin < end; begin += BlockSize)
            foreach (var step in steps)
                step.Run(level, inputs, outputs, begin, Math.Min(begin + BlockSize, end));

        // What is left over is done by a last step that ends with the cell and does some bytes again: inputs are never outputs, so twice is as once.
        if (end == length) return;
        foreach (var step in steps) step.Run(level, inputs, outputs, length - level.Width(), length);
    }

    /// <summary>The definition.</summary>
    private unsafe void ApplyScalar(byte** inputs, byte** outputs, int length)
    {
        for (var row = 0; row < matrix.Rows; row++)
        {
            var output = new Span<byte>(outputs[row], length);
            output.Clear();
            for (var column = 0; column < matrix.Columns; column++)
                GaloisField.MultiplyAdd(matrix[row, column], new ReadOnlySpan<byte>(inputs[column], length), output);
        }
    }
}
