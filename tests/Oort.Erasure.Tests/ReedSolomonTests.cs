using System.Numerics;
using Shouldly;
using Xunit;

namespace Oort.Erasure.Tests;

public sealed class ReedSolomonTests
{
    /// <summary>The codes that Geometry.ForStoreCount gives, and larger ones.</summary>
    public static TheoryData<int, int> Codes => new()
    {
        { 1, 0 }, { 1, 1 }, { 2, 1 }, { 2, 2 }, { 3, 2 }, { 4, 2 }, { 6, 3 }, { 8, 4 },
        { 1, 5 }, { 5, 0 }, { 10, 4 }, { 16, 4 }, { 29, 51 }, { 253, 2 }, { 254, 1 }, { 1, 254 }, { 127, 128 },
    };

    [Theory]
    [MemberData(nameof(Codes))]
    public void Reconstruct_AnyLossesUpToM_GivesTheStripeBack(int k, int m)
    {
        var random = new Random(k * 256 + m);
        var code = ReedSolomon.For(k, m);
        (code.DataShards, code.ParityShards).ShouldBe((k, m));
        foreach (var cellSize in new[] { 0, 1, 64, 321 })
        {
            var stripe = Stripes.Encode(code, cellSize, random);
            // Inverting a matrix of 250 rows takes its time.
            for (var round = 0; round < (k > 100 ? 1 : 5); round++)
            {
                var present = Stripes.Lose(k + m, random.Next(m + 1), random);
                Stripes.CheckReconstruct(code, stripe, cellSize, present, Stripes.All(k + m));
            }
        }
    }

    [Theory]
    [InlineData(4, 2, 70)]
    [InlineData(6, 3, 64)]
    [InlineData(8, 4, 64)]
    public void Reconstruct_EveryLossPattern_GivesTheStripeBack(int k, int m, int cellSize)
    {
        var code = ReedSolomon.For(k, m);
        var stripe = Stripes.Encode(code, cellSize, new Random(m));
        for (var lost = 0u; lost < 1u << (k + m); lost++)
        {
            if (BitOperations.PopCount(lost) > m) continue;
            bool[] present = [.. Enumerable.Range(0, k + m).Select(i => (lost >> i & 1) == 0)];
            Stripes.CheckReconstruct(code, stripe, cellSize, present, Stripes.All(k + m));
        }
    }

    /// <summary>The parity itself, not only that it can be undone: against the page's own formula, at the size of a real cell.</summary>
    [Theory]
    [InlineData(4, 2)]
    [InlineData(6, 3)]
    [InlineData(8, 4)]
    public void Encode_FullCells_EqualsThePagesFormula(int k, int m)
    {
        const int CellSize = 65_536;
        var stripe = Stripes.Encode(ReedSolomon.For(k, m), CellSize, new Random(k));
        for (var i = 0; i < m; i++)
            for (var at = i; at < CellSize; at += 97)
            {
                var sum = 0;
                for (var j = 0; j < k; j++) sum ^= NaiveCode.Multiply(NaiveCode.Coefficient(k, m, i, j), stripe[j * CellSize + at]);
                stripe[(k + i) * CellSize + at].ShouldBe((byte)sum);
            }
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void Encode_CellsApart_EqualsCellsEndToEndAndLeavesTheGapsAlone(int k, int m)
    {
        var code = ReedSolomon.For(k, m);
        foreach (var (cellSize, gap) in new[] { (0, 7), (1, 0), (64, 0), (64, 3), (321, 64) })
        {
            var stripe = Stripes.Encode(code, cellSize, new Random(k));
            var stride = cellSize + gap;
            var apart = new byte[(k + m) * stride];
            apart.AsSpan().Fill(0xA5);
            var expected = apart.ToArray();
            for (var i = 0; i < k + m; i++)
            {
                stripe.AsSpan(i * cellSize, cellSize).CopyTo(expected.AsSpan(i * stride));
                if (i < k) stripe.AsSpan(i * cellSize, cellSize).CopyTo(apart.AsSpan(i * stride));
            }
            code.Encode(apart.AsSpan(0, Math.Max(0, apart.Length - gap)), stride, cellSize);
            apart.ShouldBe(expected);
        }
    }

    [Fact]
    public void Reconstruct_FromManyThreads_GivesTheStripeBack()
    {
        var code = ReedSolomon.For(10, 4);
        var stripe = Stripes.Encode(code, 512, new Random(1));
        Parallel.For(0, 200, round => Stripes.CheckReconstruct(code, stripe, 512, Stripes.Lose(14, 4, new Random(round % 40)), Stripes.All(14)));
    }

    [Fact]
    public void Reconstruct_SomeWanted_LeavesTheOthersAlone()
    {
        var code = ReedSolomon.For(4, 2);
        var stripe = Stripes.Encode(code, 100, new Random(1));
        bool[] present = [true, false, true, true, true, false];
        bool[] wanted = [true, true, false, false, false, false];
        Stripes.CheckReconstruct(code, stripe, 100, present, wanted);
    }

    [Fact]
    public void Reconstruct_TooFewPresent_ThrowsAndWritesNothing()
    {
        var code = ReedSolomon.For(4, 2);
        var stripe = Stripes.Encode(code, 100, new Random(1));
        var before = stripe.ToArray();
        Should.Throw<ArgumentException>(() => code.Reconstruct(stripe, 100, [true, false, true, true, false, false], Stripes.All(6)));
        stripe.ShouldBe(before);
    }

    [Fact]
    public void EncodeAndReconstruct_WrongLengths_Throw()
    {
        var code = ReedSolomon.For(4, 2);
        Should.Throw<ArgumentException>(() => code.Encode(new byte[399], new byte[200], 100));
        Should.Throw<ArgumentException>(() => code.Encode(new byte[400], new byte[201], 100));
        Should.Throw<ArgumentException>(() => code.Encode(new byte[400], new byte[200], -1));
        Should.Throw<ArgumentException>(() => code.Encode(new byte[649], 110, 100));
        Should.Throw<ArgumentException>(() => code.Encode(new byte[700], 99, 100));
        Should.Throw<ArgumentException>(() => code.Encode(new byte[700], 99, -1));
        Should.Throw<ArgumentException>(() => code.Reconstruct(new byte[599], 100, Stripes.All(6), Stripes.All(6)));
        Should.Throw<ArgumentException>(() => code.Reconstruct(new byte[600], 100, Stripes.All(5), Stripes.All(6)));
        Should.Throw<ArgumentException>(() => code.Reconstruct(new byte[600], 100, Stripes.All(6), Stripes.All(7)));
    }

    [Fact]
    public void Encode_ParityOverlapsData_Throws()
    {
        var buffer = new byte[600];
        Should.Throw<ArgumentException>(() => ReedSolomon.For(4, 2).Encode(buffer.AsSpan(0, 400), buffer.AsSpan(399, 200), 100));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, -1)]
    [InlineData(255, 1)]
    [InlineData(128, 128)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void For_NoSuchCode_Throws(int k, int m) => Should.Throw<ArgumentOutOfRangeException>(() => ReedSolomon.For(k, m));

    [Fact]
    public void For_SameGeometry_GivesTheSameCode() => ReedSolomon.For(4, 2).ShouldBeSameAs(ReedSolomon.For(4, 2));
}
