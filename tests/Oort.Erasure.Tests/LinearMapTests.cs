using Shouldly;
using Xunit;

namespace Oort.Erasure.Tests;

/// <summary>Every kernel against the scalar definition, on all short lengths, unaligned, with bytes around that must not change.</summary>
public sealed unsafe class LinearMapTests
{
    // Four widths of the widest kernel and one byte more.
    private const int LengthMax = 4 * 128 + 1;
    private const byte Guard = 0x5C;

    // 128-bit vectors are right everywhere, if slow where the machine has none.
    private static readonly KernelLevel[] levels =
        [KernelLevel.Vector128, .. new[] { KernelLevel.Avx2, KernelLevel.Gfni512 }.Where(level => level.IsSupported())];

    /// <summary>Matrices that make every shape of step: tables only, XOR rows beside tables, several XOR rows, Horner's pair.</summary>
    public static TheoryData<int, int, string> Matrices
    {
        get
        {
            var data = new TheoryData<int, int, string>();
            for (var outputs = 1; outputs <= 6; outputs++)
                foreach (var kind in new[] { "random", "xor first", "xor last", "two xors", "frozen" })
                    data.Add(outputs + 2, outputs, kind);
            data.Add(1, 4, "frozen");
            data.Add(1, 2, "frozen");
            data.Add(1, 3, "random");
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Matrices))]
    public void Apply_EveryLengthAndAlignment_EqualsScalar(int inputCount, int outputCount, string kind)
    {
        var map = new LinearMap(CreateMatrix(inputCount, outputCount, kind));
        for (var length = 0; length <= LengthMax; length += length < 160 || length > LengthMax - 3 ? 1 : 7) CheckPaths(map, inputCount, outputCount, length);
        // Longer than a cache block, and not a multiple of anything.
        CheckPaths(map, inputCount, outputCount, 20_001);
    }

    private static void CheckPaths(LinearMap map, int inputCount, int outputCount, int length)
    {
        var expected = Run(map, KernelLevel.Scalar, inputCount, outputCount, length);
        foreach (var level in levels) Run(map, level, inputCount, outputCount, length).AsSpan().SequenceEqual(expected).ShouldBeTrue($"{level}, {length} bytes");
    }

    /// <summary>Runs one path on buffers at odd addresses, and gives all of the output buffer, guards included.</summary>
    private static byte[] Run(LinearMap map, KernelLevel level, int inputCount, int outputCount, int length)
    {
        var source = new byte[inputCount * (length + 3) + 1];
        new Random(length).NextBytes(source);
        var before = source.ToArray();
        var target = new byte[outputCount * (length + 5) + 3];
        target.AsSpan().Fill(Guard);
        fixed (byte* s = source, t = target)
        {
            var inputs = stackalloc byte*[inputCount];
            var outputs = stackalloc byte*[outputCount];
            for (var j = 0; j < inputCount; j++) inputs[j] = s + 1 + j * (length + 3);
            for (var i = 0; i < outputCount; i++) outputs[i] = t + 3 + i * (length + 5);
            map.Apply(level, inputs, outputs, length);
        }

        source.AsSpan().SequenceEqual(before).ShouldBeTrue("inputs are only read");
        for (var i = 0; i < outputCount; i++) target.AsSpan(3 + i * (length + 5) + length, 5).ContainsAnyExcept(Guard).ShouldBeFalse("only the output is written");
        return target;
    }

    /// <summary>The definition itself, against shift and add.</summary>
    [Fact]
    public void Apply_Scalar_EqualsTheFieldsDefinition()
    {
        const int Length = 300;
        var matrix = CreateMatrix(3, 2, "random");
        var target = Run(new LinearMap(matrix), KernelLevel.Scalar, 3, 2, Length);
        var source = new byte[3 * (Length + 3) + 1];
        new Random(Length).NextBytes(source);
        for (var row = 0; row < 2; row++)
            for (var at = 0; at < Length; at++)
            {
                var sum = 0;
                for (var column = 0; column < 3; column++) sum ^= NaiveCode.Multiply(matrix[row, column], source[1 + column * (Length + 3) + at]);
                target[3 + row * (Length + 5) + at].ShouldBe((byte)sum);
            }
    }

    private static FieldMatrix CreateMatrix(int inputCount, int outputCount, string kind)
    {
        if (kind == "frozen") return CodingMatrix.Create(inputCount, outputCount);
        var matrix = new FieldMatrix(outputCount, inputCount);
        var random = new Random(inputCount);
        for (var row = 0; row < outputCount; row++) random.NextBytes(matrix.Row(row));
        if (kind is "xor first" or "two xors") matrix.Row(0).Fill(1);
        if (kind is "xor last" or "two xors") matrix.Row(outputCount - 1).Fill(1);
        return matrix;
    }
}
