using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Oort.Checksums.Tests;

public sealed class CrcTests
{
    private static readonly byte[] digits = Encoding.ASCII.GetBytes("123456789");

    // The "check" values of the CRC catalogues; S3's own examples use the same functions.
    [Fact]
    public void Compute_CheckString_GivesTheCatalogueValue()
    {
        Crc32.Compute(digits).ShouldBe(0xCBF43926u);
        Crc32C.Compute(digits).ShouldBe(0xE3069283u);
        Crc64Nvme.Compute(digits).ShouldBe(0xAE8B14860A799888ul);
    }

    // RFC 3720 §B.4 and the NVM Command Set Specification's table of 64b CRC examples: 4 KiB and 32 bytes of zeros, ones, and counters.
    [Fact]
    public void Compute_StandardsExamples_GiveTheStandardsValues()
    {
        var up = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
        Crc32C.Compute(new byte[32]).ShouldBe(0x8A9136AAu);
        Crc32C.Compute(Enumerable.Repeat((byte)0xFF, 32).ToArray()).ShouldBe(0x62A8AB43u);
        Crc32C.Compute(up).ShouldBe(0x46DD794Eu);
        Crc32C.Compute(up.Reverse().ToArray()).ShouldBe(0x113FDB5Cu);
        Crc64Nvme.Compute(new byte[4096]).ShouldBe(0x6482D367EB22B64Eul);
        Crc64Nvme.Compute(Enumerable.Repeat((byte)0xFF, 4096).ToArray()).ShouldBe(0xC0DDBA7302ECA3ACul);
    }

    [Fact]
    public void Compute_NoBytes_IsZero()
    {
        Crc32.Compute([]).ShouldBe(0u);
        Crc32C.Compute([]).ShouldBe(0u);
        Crc64Nvme.Compute([]).ShouldBe(0ul);
    }

    [Fact]
    public void Append_Split_EqualsWhole() => Prop.ForAll<byte[], byte[]>((a, b) =>
    {
        byte[] whole = [.. a, .. b];
        return Crc32.Append(Crc32.Compute(a), b) == Crc32.Compute(whole)
            && Crc32C.Append(Crc32C.Compute(a), b) == Crc32C.Compute(whole)
            && Crc64Nvme.Append(Crc64Nvme.Compute(a), b) == Crc64Nvme.Compute(whole);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Combine_TwoParts_EqualsWhole()
    {
        var bytes = TestBytes.Create(70_000, seed: 1);
        foreach (var split in new[] { 0, 1, 7, 8, 63, 64, 255, 4096, 65_535, 65_536, 69_999, 70_000 })
        {
            var a = bytes.AsSpan(0, split);
            var b = bytes.AsSpan(split);
            Crc32.Combine(Crc32.Compute(a), Crc32.Compute(b), b.Length).ShouldBe(Crc32.Compute(bytes));
            Crc32C.Combine(Crc32C.Compute(a), Crc32C.Compute(b), b.Length).ShouldBe(Crc32C.Compute(bytes));
            Crc64Nvme.Combine(Crc64Nvme.Compute(a), Crc64Nvme.Compute(b), b.Length).ShouldBe(Crc64Nvme.Compute(bytes));
        }
    }

    [Fact]
    public void RemoveEnd_AnySplit_GivesTheChecksumOfTheBeginning()
    {
        var bytes = TestBytes.Create(70_000, seed: 2);
        foreach (var split in new[] { 0, 1, 7, 8, 63, 64, 255, 4096, 65_535, 65_536, 69_872, 69_999, 70_000 })
            Crc64Nvme.RemoveEnd(Crc64Nvme.Compute(bytes), Crc64Nvme.Compute(bytes.AsSpan(split)), bytes.Length - split).ShouldBe(Crc64Nvme.Compute(bytes.AsSpan(0, split)), $"{split}");
    }

    [Fact]
    public void RemoveEnd_HugeLengths_UndoesCombine()
    {
        foreach (var length in new[] { 1L, 127, 128, 5L << 40, (3L << 61) - 12_345, long.MaxValue })
        {
            Crc64Nvme.RemoveEnd(Crc64Nvme.Combine(77, 99, length), 99, length).ShouldBe(77UL);
            Crc64Nvme.RemoveEnd(Crc64Nvme.Combine(ulong.MaxValue, 1, length), 1, length).ShouldBe(ulong.MaxValue);
        }

        Should.Throw<ArgumentOutOfRangeException>(() => Crc64Nvme.RemoveEnd(1, 2, -1));
    }

    // Lengths that no test could hold in memory: shifting by n and then by m must be shifting by n + m.
    [Fact]
    public void Combine_HugeLengths_Add()
    {
        const long n = 5L << 40;
        const long m = (3L << 61) - 12_345;
        Crc64Nvme.Combine(Crc64Nvme.Combine(77, 0, n), 0, m).ShouldBe(Crc64Nvme.Combine(77, 0, n + m));
        Crc32.Combine(Crc32.Combine(77, 0, n), 0, m).ShouldBe(Crc32.Combine(77, 0, n + m));
        Crc32C.Combine(Crc32C.Combine(77, 0, n), 0, m).ShouldBe(Crc32C.Combine(77, 0, n + m));
    }

    [Fact]
    public void Combine_NegativeLength_Throws() =>
        Should.Throw<ArgumentOutOfRangeException>(() => Crc32.Combine(1, 2, -1));

    [Fact]
    public void Combine_AnyOrderOfGrouping_IsAssociative() => Prop.ForAll<byte[], byte[], byte[]>((a, b, c) =>
    {
        var (x, y, z) = (Crc64Nvme.Compute(a), Crc64Nvme.Compute(b), Crc64Nvme.Compute(c));
        var left = Crc64Nvme.Combine(Crc64Nvme.Combine(x, y, b.Length), z, c.Length);
        var right = Crc64Nvme.Combine(x, Crc64Nvme.Combine(y, z, c.Length), (long)b.Length + c.Length);
        return left == right;
    }).QuickCheckThrowOnFailure();
}
