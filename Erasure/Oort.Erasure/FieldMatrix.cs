namespace Oort.Erasure;

/// <summary>A matrix over GF(2^8), row after row in one array.</summary>
internal sealed class FieldMatrix(int rows, int columns)
{
    private readonly byte[] elements = new byte[rows * columns];

    internal int Rows => rows;

    internal int Columns => columns;

    internal ref byte this[int row, int column] => ref elements[row * columns + column];

    internal Span<byte> Row(int row) => elements.AsSpan(row * columns, columns);

    /// <summary>The inverse, by Gauss–Jordan elimination; null when there is none.</summary>
    /// <remarks>Square matrices only. O(n³): 10 µs for 8×8. Callers cache the result.</remarks>
    internal FieldMatrix? Invert()
    {
        if (rows != columns) throw new InvalidOperationException("Only square matrices have an inverse.");
        var work = new FieldMatrix(rows, rows);
        elements.CopyTo(work.elements, 0);
        var inverse = new FieldMatrix(rows, rows);
        for (var i = 0; i < rows; i++) inverse[i, i] = 1;

        for (var column = 0; column < rows; column++)
        {
            var pivot = column;
            while (pivot < rows && work[pivot, column] == 0) pivot++;
            if (pivot == rows) return null;
            if (pivot != column)
            {
                // Adding the pivot's row makes the diagonal non-zero without an exchange of rows.
                AddMultiple(1, work.Row(pivot), work.Row(column));
                AddMultiple(1, inverse.Row(pivot), inverse.Row(column));
            }

            var scale = GaloisField.Divide(1, work[column, column]);
            Scale(scale, work.Row(column));
            Scale(scale, inverse.Row(column));
            for (var row = 0; row < rows; row++)
            {
                var factor = work[row, column];
                if (row == column || factor == 0) continue;
                AddMultiple(factor, work.Row(column), work.Row(row));
                AddMultiple(factor, inverse.Row(column), inverse.Row(row));
            }
        }

        return inverse;
    }

    /// <summary>The row vector times a matrix.</summary>
    internal static void MultiplyRow(ReadOnlySpan<byte> vector, FieldMatrix matrix, Span<byte> result)
    {
        result.Clear();
        for (var i = 0; i < vector.Length; i++)
            if (vector[i] != 0)
                AddMultiple(vector[i], matrix.Row(i), result);
    }

    private static void AddMultiple(byte factor, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        for (var i = 0; i < source.Length; i++) destination[i] ^= GaloisField.Multiply(factor, source[i]);
    }

    private static void Scale(byte factor, Span<byte> row)
    {
        for (var i = 0; i < row.Length; i++) row[i] = GaloisField.Multiply(factor, row[i]);
    }
}
