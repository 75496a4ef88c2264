namespace Oort.Erasure;

/// <summary>Up to four outputs of a <see cref="LinearMap"/> that one pass over the inputs makes.</summary>
internal sealed class CodingStep
{
    /// <summary>Outputs of a step: four are what sixteen vector registers hold beside the tables (accumulators 8, nibbles 4, tables 2, mask 1).</summary>
    internal const int OutputCountMax = 4;

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
    private readonly ulong[] multipliers;

    private CodingStep(FieldMatrix matrix, Shape shape, int[] rows)
    {
        this.shape = shape;
        this.rows = rows;
        inputCount = matrix.Columns;
        tables = shape == Shape.Horner ? [] : CreateTables(matrix, shape == Shape.Tables ? rows : rows[1..]);
        multipliers = CreateMultipliers(matrix, shape == Shape.Tables ? rows : rows[1..]);
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

    /// <summary>Makes this step's outputs on bytes <paramref name="begin"/> up to <paramref name="end"/>, a multiple of the level's width apart.</summary>
    internal unsafe void Run(KernelLevel level, byte** inputs, byte** outputs, int begin, int end)
    {
        var ordered = stackalloc byte*[OutputCountMax];
        for (var i = 0; i < rows.Length; i++) ordered[i] = outputs[rows[i]];
        switch (shape, rows.Length)
        {
            case (Shape.Horner, _): RunHorner(level, inputs, ordered, (nuint)begin, (nuint)end); break;
            case (Shape.XorAndTables, 1): RunGroup<XorAnd0>(level, inputs, ordered, (nuint)begin, (nuint)end); break;
            case (Shape.XorAndTables, 2): RunGroup<XorAnd1>(level, inputs, ordered, (nuint)begin, (nuint)end); break;
            case (Shape.XorAndTables, 3): RunGroup<XorAnd2>(level, inputs, ordered, (nuint)begin, (nuint)end); break;
            case (Shape.XorAndTables, _): RunGroup<XorAnd3>(level, inputs, ordered, (nuint)begin, (nuint)end); break;
            case (Shape.Tables, 1): RunGroup<Tables1>(level, inputs, ordered, (nuint)begin, (nuint)end); break;
            case (Shape.Tables, 2): RunGroup<Tables2>(level, inputs, ordered, (nuint)begin, (nuint)end); break;
            case (Shape.Tables, 3): RunGroup<Tables3>(level, inputs, ordered, (nuint)begin, (nuint)end); break;
            default: RunGroup<Tables4>(level, inputs, ordered, (nuint)begin, (nuint)end); break;
        }
    }

    private unsafe void RunHorner(KernelLevel level, byte** inputs, byte** outputs, nuint begin, nuint end)
    {
        // With a multiplication in one instruction, Horner's rule gains nothing.
        if (level == KernelLevel.Gfni512) RunGroup<XorAnd1>(level, inputs, outputs, begin, end);
        else if (level == KernelLevel.Avx2) Avx2Kernels.Horner(inputs, inputCount, outputs, begin, end);
        else Vector128Kernels.Horner(inputs, inputCount, outputs, begin, end);
    }

    private unsafe void RunGroup<TShape>(KernelLevel level, byte** inputs, byte** outputs, nuint begin, nuint end) where TShape : struct, IGroupShape
    {
        fixed (byte* table = tables)
        fixed (ulong* multiplier = multipliers)
        {
            if (level == KernelLevel.Gfni512) Gfni512Kernels.Group<TShape>(inputs, inputCount, outputs, multiplier, begin, end);
            else if (level == KernelLevel.Vector128) Vector128Kernels.Group<TShape>(inputs, inputCount, outputs, table, begin, end);
            else if (TShape.XorFirst && TShape.OutputCount == 1) Avx2Kernels.Xor(inputs, inputCount, outputs, begin, end);
            else Avx2Kernels.Group<TShape>(inputs, inputCount, outputs, table, begin, end);
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
    private static byte[] CreateTables(FieldMatrix matrix, int[] tabled)
    {
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

    /// <summary>Multiplications as 8×8 matrices of bits, in the same order.</summary>
    private static ulong[] CreateMultipliers(FieldMatrix matrix, int[] tabled)
    {
        if (!KernelLevel.Gfni512.IsSupported()) return [];
        var multipliers = new ulong[matrix.Columns * tabled.Length];
        var next = 0;
        for (var column = 0; column < matrix.Columns; column++)
            foreach (var row in tabled)
                multipliers[next++] = CreateMultiplier(matrix[row, column]);
        return multipliers;
    }

    /// <summary>Multiplication by a constant is linear over GF(2): column j of its matrix is the product with 2^j.</summary>
    /// <remarks>GF2P8AFFINEQB wants the row that gives result bit i in byte 7−i, its bit j standing for bit j of the factor.</remarks>
    private static ulong CreateMultiplier(byte coefficient)
    {
        var multiplier = 0UL;
        for (var j = 0; j < 8; j++)
        {
            var product = GaloisField.Multiply(coefficient, (byte)(1 << j));
            for (var i = 0; i < 8; i++) multiplier |= (ulong)(product >> i & 1) << (8 * (7 - i) + j);
        }

        return multiplier;
    }
}
