using System.Runtime.Intrinsics.X86;
using Shouldly;
using Xunit;

namespace Oort.Checksums.Tests;

/// <summary>Every path against the bitwise definition: all short lengths, unaligned, with any register before.</summary>
public sealed class CrcEngineTests
{
    // Four widths of the widest path (256 bytes a step) and one byte more.
    private const int LengthMax = 4 * 256 + 1;

    [Fact]
    public void Append_EveryLengthAndAlignment_Crc32EqualsDefinition() => CheckAll<Crc32Polynomial>(uint.MaxValue);

    [Fact]
    public void Append_EveryLengthAndAlignment_Crc32CEqualsDefinition() => CheckAll<Crc32CPolynomial>(uint.MaxValue);

    [Fact]
    public void Append_EveryLengthAndAlignment_Crc64NvmeEqualsDefinition() => CheckAll<Crc64NvmePolynomial>(ulong.MaxValue);

    private static void CheckAll<TPolynomial>(ulong mask) where TPolynomial : struct, ICrcPolynomial
    {
        var bytes = TestBytes.Create(LengthMax + 32, seed: 2);
        for (var length = 0; length <= LengthMax; length++)
        {
            var data = bytes.AsSpan(length * 7 % 32, length);
            var register = (ulong)length * 0x9E37_79B9_7F4A_7C15 & mask;
            var expected = CrcEngine<TPolynomial>.AppendBitwise(register, data);
            CrcEngine<TPolynomial>.AppendSliced(register, data).ShouldBe(expected, $"sliced, {length}");
            CrcEngine<TPolynomial>.Append(register, data).ShouldBe(expected, $"dispatched, {length}");
            if (Pclmulqdq.IsSupported && length >= 64) CrcEngine<TPolynomial>.AppendFolded128(register, data).ShouldBe(expected, $"128 bits, {length}");
            if (Pclmulqdq.V256.IsSupported && length >= 128) CrcEngine<TPolynomial>.AppendFolded256(register, data).ShouldBe(expected, $"256 bits, {length}");
            if (Pclmulqdq.V512.IsSupported && length >= 256) CrcEngine<TPolynomial>.AppendFolded512(register, data).ShouldBe(expected, $"512 bits, {length}");
        }
    }

    [Fact]
    public void Append_OneCell_EqualsDefinition()
    {
        var cell = TestBytes.Create(65_536, seed: 3);
        CrcEngine<Crc64NvmePolynomial>.Append(ulong.MaxValue, cell).ShouldBe(CrcEngine<Crc64NvmePolynomial>.AppendBitwise(ulong.MaxValue, cell));
    }
}
