using Shouldly;
using Xunit;

namespace Oort.Erasure.Tests;

public sealed class GaloisFieldTests
{
    [Fact]
    public void Multiply_AllPairs_EqualsShiftAndAdd()
    {
        for (var a = 0; a < 256; a++)
            for (var b = 0; b < 256; b++)
                if (GaloisField.Multiply((byte)a, (byte)b) != NaiveCode.Multiply((byte)a, (byte)b))
                    Assert.Fail($"{a} · {b}");
    }

    [Fact]
    public void Divide_AllPairs_UndoesMultiply()
    {
        for (var a = 0; a < 256; a++)
            for (var b = 1; b < 256; b++)
                if (GaloisField.Divide(GaloisField.Multiply((byte)a, (byte)b), (byte)b) != a)
                    Assert.Fail($"{a} · {b} / {b}");
        Should.Throw<DivideByZeroException>(() => GaloisField.Divide(1, 0));
    }

    [Fact]
    public void PowerOfTwo_AllExponents_DifferAndRepeat()
    {
        Enumerable.Range(0, 255).Select(GaloisField.PowerOfTwo).Distinct().Count().ShouldBe(255);
        GaloisField.PowerOfTwo(0).ShouldBe((byte)1);
        GaloisField.PowerOfTwo(8).ShouldBe((byte)0x1d);
        GaloisField.PowerOfTwo(255).ShouldBe((byte)1);
        GaloisField.PowerOfTwo(254 * 3).ShouldBe(GaloisField.PowerOfTwo(254 * 3 % 255));
    }
}
