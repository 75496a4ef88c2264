namespace Oort.Erasure;

/// <summary>Computes cells from cells: output row i is the sum of coefficient (i, j) times input j. What encoding and decoding both are.</summary>
internal sealed partial class LinearMap
{
    private readonly FieldMatrix matrix;

    internal LinearMap(FieldMatrix matrix)
    {
        this.matrix = matrix;
    }

    /// <summary>The definition, with scalar arithmetic.</summary>
    /// <param name="inputs">One address a column of the matrix.</param>
    /// <param name="outputs">One address a row; overwritten.</param>
    /// <param name="length">Bytes of each.</param>
    internal unsafe void ApplyScalar(byte** inputs, byte** outputs, int length)
    {
        for (var row = 0; row < matrix.Rows; row++)
        {
            var output = new Span<byte>(outputs[row], length);
            output.Clear();
            for (var column = 0; column < matrix.Columns; column++)
                GaloisField.MultiplyAdd(matrix[row, column], new ReadOnlySpan<byte>(inputs[column], length), output);
        }
    }

    internal unsafe void Apply(byte** inputs, byte** outputs, int length) => ApplyScalar(inputs, outputs, length);
}
