using System.Security.Cryptography;
using System.Text;
using Shouldly;
using Xunit;

namespace Oort.Checksums.Tests;

public sealed class RunningChecksumTests
{
    public static TheoryData<ChecksumAlgorithm> Algorithms => new(Enum.GetValues<ChecksumAlgorithm>().Where(a => a != ChecksumAlgorithm.None));

    [Theory]
    [InlineData(ChecksumAlgorithm.Crc32, "CBF43926")]
    [InlineData(ChecksumAlgorithm.Crc32C, "E3069283")]
    [InlineData(ChecksumAlgorithm.Crc64Nvme, "AE8B14860A799888")]
    [InlineData(ChecksumAlgorithm.Sha1, "F7C3BC1D808E04732ADF679965CCC34CA7AE3441")]
    [InlineData(ChecksumAlgorithm.Sha256, "15E2B0D3C33891EBB0F1EF609EC419420C20E320CE94C65FBC8C3312448EB225")]
    [InlineData(ChecksumAlgorithm.Sha512, "D9E6762DD1C8EAF6D61B3C6192FC408D4D6D5F1176D0C29169BC24E71C3F274AD27FCD5811B313D681F7E55EC02D73D499C95455B6B5BB503ACF574FBA8FFE85")]
    [InlineData(ChecksumAlgorithm.Md5, "25F9E794323B453885F5181F1B624D0B")]
    public void Finish_CheckStringInPieces_GivesBigEndianBytes(ChecksumAlgorithm algorithm, string expected)
    {
        using var running = new RunningChecksum(algorithm);
        foreach (var digit in "123456789") running.Append([(byte)digit]);
        var value = running.Finish();
        Convert.ToHexString(value).ShouldBe(expected);
        value.Length.ShouldBe(algorithm.Size());
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Finish_Twice_StartsAnew(ChecksumAlgorithm algorithm)
    {
        using var running = new RunningChecksum(algorithm);
        var empty = running.Finish();
        running.Append(Encoding.ASCII.GetBytes("something"));
        running.Finish().ShouldNotBe(empty);
        running.Finish().ShouldBe(empty);
    }

    [Theory]
    [InlineData(ChecksumAlgorithm.None)]
    [InlineData((ChecksumAlgorithm)11)]
    public void Constructor_NoAlgorithm_Throws(ChecksumAlgorithm algorithm) =>
        Should.Throw<ArgumentOutOfRangeException>(() => new RunningChecksum(algorithm));

    [Fact]
    public async Task Md5_Pieces_EqualsWhole()
    {
        var bytes = TestBytes.Create(1000, seed: 4);
        var running = new RunningMd5();
        running.Append(bytes.AsSpan(0, 333));
        await running.AppendAsync(bytes.AsMemory(333), TestContext.Current.CancellationToken);
        running.Finish().ShouldBe(MD5.HashData(bytes));
        Convert.ToHexStringLower(running.Finish()).ShouldBe("d41d8cd98f00b204e9800998ecf8427e");
    }
}
