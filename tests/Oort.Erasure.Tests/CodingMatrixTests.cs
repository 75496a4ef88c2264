using Shouldly;
using Xunit;

namespace Oort.Erasure.Tests;

public sealed class CodingMatrixTests
{
    // Frozen: stored parity depends on every one of these bytes. Computed with another program, by normalising Cauchy's matrix step by step.
    [Theory]
    [InlineData(4, 2, "01010101 01020408")]
    [InlineData(6, 3, "010101010101 01E197AC52C8 01A6C4EE5392")]
    [InlineData(8, 4, "0101010101010101 0137274954B5E1D9 0127D9A15C3CAC5A 0149A1EFDC840F18")]
    public void Create_GeometryInUse_GivesTheFrozenMatrix(int k, int m, string rows)
    {
        var matrix = CodingMatrix.Create(k, m);
        string.Join(' ', Enumerable.Range(0, m).Select(row => Convert.ToHexString(matrix.Row(row)))).ShouldBe(rows);
    }

    [Fact]
    public void Create_ManyGeometries_EqualsThePage()
    {
        foreach (var (k, m) in new[] { (1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (3, 2), (5, 3), (9, 4), (10, 4), (16, 4), (29, 51), (253, 2), (250, 5), (3, 252), (1, 254) })
        {
            var matrix = CodingMatrix.Create(k, m);
            for (var i = 0; i < m; i++)
                for (var j = 0; j < k; j++)
                    if (matrix[i, j] != NaiveCode.Coefficient(k, m, i, j))
                        Assert.Fail($"{k}+{m}, row {i}, column {j}");
        }
    }

    [Fact]
    public void Create_ManyGeometries_HasOnesFirstAndNoZeros()
    {
        for (var k = 1; k < 255; k += k < 20 ? 1 : 13)
            for (var m = 1; k + m <= 255; m += m < 8 ? 1 : 31)
            {
                var matrix = CodingMatrix.Create(k, m);
                matrix.Row(0).ContainsAnyExcept((byte)1).ShouldBeFalse();
                for (var i = 1; i < m; i++)
                    if (matrix[i, 0] != 1 || matrix.Row(i).Contains((byte)0))
                        Assert.Fail($"{k}+{m}, row {i}");
            }
    }

    /// <summary>MDS: the rows of identity and parity that belong to any k cells are independent. All sets of survivors.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 2)]
    [InlineData(4, 2)]
    [InlineData(6, 3)]
    [InlineData(8, 4)]
    [InlineData(10, 4)]
    [InlineData(3, 6)]
    public void Create_EverySetOfSurvivors_IsInvertible(int k, int m)
    {
        var parity = CodingMatrix.Create(k, m);
        for (var set = 0u; set < 1u << (k + m); set++)
            if (System.Numerics.BitOperations.PopCount(set) == k)
                Survivors(parity, [.. Enumerable.Range(0, k + m).Where(i => (set >> i & 1) != 0)]).Invert().ShouldNotBeNull();
    }

    [Theory]
    [InlineData(16, 4, 300)]
    [InlineData(20, 20, 200)]
    [InlineData(29, 51, 60)]
    [InlineData(253, 2, 3)]
    [InlineData(127, 128, 3)]
    [InlineData(200, 55, 2)]
    public void Create_RandomSetsOfSurvivors_AreInvertible(int k, int m, int rounds)
    {
        var random = new Random(k * m);
        var parity = CodingMatrix.Create(k, m);
        for (var round = 0; round < rounds; round++)
        {
            var indices = Enumerable.Range(0, k + m).ToArray();
            random.Shuffle(indices);
            Survivors(parity, indices[..k]).Invert().ShouldNotBeNull();
        }
    }

    [Fact]
    public void Create_RandomGeometries_AreMds()
    {
        var random = new Random(5);
        for (var round = 0; round < 200; round++)
        {
            var k = random.Next(1, 41);
            var m = random.Next(1, 41);
            var indices = Enumerable.Range(0, k + m).ToArray();
            random.Shuffle(indices);
            Survivors(CodingMatrix.Create(k, m), indices[..k]).Invert().ShouldNotBeNull($"{k}+{m}");
        }
    }

    [Fact]
    public void Invert_RandomMatrix_TimesItselfIsIdentity()
    {
        var random = new Random(6);
        for (var size = 1; size < 20; size++)
        {
            var matrix = new FieldMatrix(size, size);
            for (var row = 0; row < size; row++) random.NextBytes(matrix.Row(row));
            if (matrix.Invert() is not { } inverse) continue;
            var product = new byte[size];
            for (var row = 0; row < size; row++)
            {
                FieldMatrix.MultiplyRow(matrix.Row(row), inverse, product);
                product.ShouldBe([.. Enumerable.Range(0, size).Select(i => (byte)(i == row ? 1 : 0))]);
            }
        }
    }

    [Fact]
    public void Invert_DependentRows_IsNull()
    {
        var matrix = new FieldMatrix(2, 2);
        (matrix[0, 0], matrix[0, 1], matrix[1, 0], matrix[1, 1]) = (1, 2, 2, 4);
        matrix.Invert().ShouldBeNull();
    }

    private static FieldMatrix Survivors(FieldMatrix parity, int[] indices)
    {
        var k = parity.Columns;
        var matrix = new FieldMatrix(k, k);
        for (var row = 0; row < k; row++)
        {
            if (indices[row] < k) matrix[row, indices[row]] = 1;
            else parity.Row(indices[row] - k).CopyTo(matrix.Row(row));
        }

        return matrix;
    }
}
