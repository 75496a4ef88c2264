namespace Oort.Erasure;

/// <summary>Up to four outputs of a <see cref="LinearMap"/> that one pass over the inputs makes.</summary>
internal sealed class CodingStep
{
    /// <summary>Outputs of a step: four are what sixteen vector registers hold beside the tables (accumulators 8, nibbles 4, tables 2, mask 1).</summary>
    internal const int OutputCountMax = 4;

    /// <summary>The wide kernels do a multiple of so many bytes.</summary>
    internal const int WideWidth = 128;

    /// <summary>Products of the sixteen low nibbles, then of the sixteen high ones.</summary>
    private const int TableSize = 32;

    private enum Shape
    {
        /// <summary>Rows (1, 1, …) and (1, 2, 4, …).</summary>
        Horner,

        /// <summary>The first row is all ones, the others have tables.</summary>
        XorAndTables,

        /// <summary>All rows have tables.</summary>
        Tables,
    }

    private readonly Shape shape;
    private readonly int inputCount;
    private readonly int[] rows;
    private readonly byte[] tables;

    private CodingStep(FieldMatrix matrix, Shape shape, int[] rows)
    {
        this.shape = shape;
        this.rows = rows;
        inputCount = matrix.Columns;
        tables = CreateTables(matrix, shape, rows);
    }

    /// <summary>Groups the rows of a matrix into steps.</summary>
    internal static CodingStep[] Compile(FieldMatrix matrix)
    {
        if (IsHornerPair(matrix)) return [new(matrix, Shape.Horner, [0, 1])];
        var steps = new List<CodingStep>();
        var all = Enumerable.Range(0, matrix.Rows).ToList();
        var xors = all.Where(row => !matrix.Row(row).ContainsAnyExcept((byte)1)).ToList();
        var others = new Queue<int>(all.Except(xors));
        foreach (var xor in xors) steps.Add(new(matrix, Shape.XorAndTables, [xor, .. Take(others, OutputCountMax - 1)]));
        while (others.Count > 0) steps.Add(new(matrix, Shape.Tables, [.. Take(others, OutputCountMax)]));
        return [.. steps];
    }

    /// <summary>Makes this step's outputs on bytes <paramref name="begin"/> up to <paramref name="end"/>, a multiple of 16 apart.</summary>
    /// <param name="ordered">Room for <see cref="OutputCountMax"/> addresses.</param>
    internal unsafe void RunVector128(byte** inputs, byte** outputs, byte** ordered, int begin, int end)
    {
        for (var i = 0; i < rows.Length; i++) ordered[i] = outputs[rows[i]];
        fixed (byte* table = tables)
        {
            switch (shape, rows.Length)
            {
                case (Shape.Horner, _): Vector128Kernels.Horner(inputs, inputCount, ordered, (nuint)begin, (nuint)end); break;
                case (Shape.XorAndTables, 1): Vector128Kernels.Group<XorAnd0>(inputs, inputCount, ordered, table, (nuint)begin, (nuint)end); break;
                case (Shape.XorAndTables, 2): Vector128Kernels.Group<XorAnd1>(inputs, inputCount, ordered, table, (nuint)begin, (nuint)end); break;
                case (Shape.XorAndTables, 3): Vector128Kernels.Group<XorAnd2>(inputs, inputCount, ordered, table, (nuint)begin, (nuint)end); break;
                case (Shape.XorAndTables, _): Vector128Kernels.Group<XorAnd3>(inputs, inputCount, ordered, table, (nuint)begin, (nuint)end); break;
                case (Shape.Tables, 1): Vector128Kernels.Group<Tables1>(inputs, inputCount, ordered, table, (nuint)begin, (nuint)end); break;
                case (Shape.Tables, 2): Vector128Kernels.Group<Tables2>(inputs, inputCount, ordered, table, (nuint)begin, (nuint)end); break;
                case (Shape.Tables, 3): Vector128Kernels.Group<Tables3>(inputs, inputCount, ordered, table, (nuint)begin, (nuint)end); break;
                default: Vector128Kernels.Group<Tables4>(inputs, inputCount, ordered, table, (nuint)begin, (nuint)end); break;
            }
        }
    }

    /// <summary>Makes this step's outputs on bytes <paramref name="begin"/> up to <paramref name="end"/>, a multiple of <see cref="WideWidth"/> apart.</summary>
    /// <param name="ordered">Room for <see cref="OutputCountMax"/> addresses.</param>
    internal unsafe void RunAvx2(byte** inputs, byte** outputs, byte** ordered, int begin, int end)
    {
        for (var i = 0; i < rows.Length; i++) ordered[i] = outputs[rows[i]];
        fixed (byte* table = tables)
        {
            switch (shape, rows.Length)
            {
                case (Shape.Horner, _): Avx2Kernels.Horner(inputs, inputCount, ordered, (nuint)begin, (nuint)end); break;
                case (Shape.XorAndTables, 1): Avx2Kernels.Xor(inputs, inputCount, ordered, (nuint)begin, (nuint)end); break;
                case (Shape.XorAndTables, 2): Avx2Kernels.Group<XorAnd1>(inputs, inputCount, ordered, table, (nuint)begin, (nuint)end); break;
                case (Shape.XorAndTables, 3): Avx2Kernels.Group<XorAnd2>(inputs, inputCount, ordered, table, (nuint)begin, (nuint)end); break;
                case (Shape.XorAndTables, _): Avx2Kernels.Group<XorAnd3>(inputs, inputCount, ordered, table, (nuint)begin, (nuint)end); break;
                case (Shape.Tables, 1): Avx2Kernels.Group<Tables1>(inputs, inputCount, ordered, table, (nuint)begin, (nuint)end); break;
                case (Shape.Tables, 2): Avx2Kernels.Group<Tables2>(inputs, inputCount, ordered, table, (nuint)begin, (nuint)end); break;
                case (Shape.Tables, 3): Avx2Kernels.Group<Tables3>(inputs, inputCount, ordered, table, (nuint)begin, (nuint)end); break;
                default: Avx2Kernels.Group<Tables4>(inputs, inputCount, ordered, table, (nuint)begin, (nuint)end); break;
            }
        }
    }

    private static IEnumerable<int> Take(Queue<int> rows, int count)
    {
        for (; count > 0 && rows.TryDequeue(out var row); count--) yield return row;
    }

    private static bool IsHornerPair(FieldMatrix matrix)
    {
        if (matrix.Rows != 2) return false;
        for (var column = 0; column < matrix.Columns; column++)
            if (matrix[0, column] != 1 || matrix[1, column] != GaloisField.PowerOfTwo(column))
                return false;
        return true;
    }

    /// <summary>Tables in the order in which a kernel reads them: input by input, and for each the outputs that have tables.</summary>
    private static byte[] CreateTables(FieldMatrix matrix, Shape shape, int[] rows)
    {
        var tabled = shape switch
        {
            Shape.Horner => [],
            Shape.XorAndTables => rows[1..],
            _ => rows,
        };
        var tables = new byte[matrix.Columns * tabled.Length * TableSize];
        var offset = 0;
        for (var column = 0; column < matrix.Columns; column++)
            foreach (var row in tabled)
            {
                for (var nibble = 0; nibble < 16; nibble++)
                {
                    tables[offset + nibble] = GaloisField.Multiply(matrix[row, column], (byte)nibble);
                    tables[offset + 16 + nibble] = GaloisField.Multiply(matrix[row, column], (byte)(nibble << 4));
                }

                offset += TableSize;
            }

        return tables;
    }
}
