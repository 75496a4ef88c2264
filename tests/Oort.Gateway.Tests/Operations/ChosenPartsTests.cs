using System.Security.Cryptography;
using System.Text;
using Oort.Checksums;
using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

public sealed class ChosenPartsTests
{
    private const long SizeMin = 4;

    private static readonly UploadRow plain = new() { Bucket = new(1), Key = "k", Id = new(7), Initiated = default, OwnerId = "o" };

    [Fact]
    public void Choose_TwoParts_GivesMd5OfMd5s()
    {
        var chosen = ChosenParts.Choose(plain, Parts("aaaa", "bb"), Document((1, "aaaa"), (2, "bb")), SizeMin);

        byte[] both = [.. Md5("aaaa"), .. Md5("bb")];
        chosen.ETag.ShouldBe(Convert.ToHexStringLower(MD5.HashData(both)) + "-2");
        chosen.Size.ShouldBe(6);
    }

    [Fact]
    public void Named_NotAscending_IsInvalidPartOrder() =>
        Error(() => ChosenParts.Named(new([.. Document((1, "aaaa"), (3, "bbbb"), (2, "cccc"))]))).ShouldBe(S3Errors.InvalidPartOrder);

    [Fact]
    public void Named_TheSameNumberTwice_TakesTheLast() =>
        ChosenParts.Named(new([.. Document((1, "aaaa"), (2, "bbbb"), (2, "cccc"), (3, "dddd"))])).Select(part => (part.PartNumber, part.ETag)).ShouldBe([(1, Hex("aaaa")), (2, Hex("cccc")), (3, Hex("dddd"))]);

    [Fact]
    public void Choose_MissingPart_IsInvalidPart() =>
        Error(() => ChosenParts.Choose(plain, Parts("aaaa"), Document((1, "aaaa"), (2, "bb")), SizeMin)).ShouldBe(S3Errors.InvalidPart);

    [Fact]
    public void Choose_OtherETag_IsInvalidPart() =>
        Error(() => ChosenParts.Choose(plain, Parts("aaaa"), Document((1, "bbbb")), SizeMin)).ShouldBe(S3Errors.InvalidPart);

    [Fact]
    public void Choose_SmallPartBeforeTheLast_IsEntityTooSmall() =>
        Error(() => ChosenParts.Choose(plain, Parts("aaa", "bbbb"), Document((1, "aaa"), (2, "bbbb")), SizeMin)).ShouldBe(S3Errors.EntityTooSmall);

    [Fact]
    public void Choose_SmallLastPart_IsTaken() =>
        ChosenParts.Choose(plain, Parts("aaaa", ""), Document((1, "aaaa"), (2, "")), SizeMin).Size.ShouldBe(4);

    [Fact]
    public void Choose_MoreThanFiveTebibytes_IsEntityTooLarge()
    {
        var parts = Enumerable.Range(1, 1025).ToDictionary(number => number, number => Part(number, "aaaa") with { Size = 5L << 30 });
        List<CompletedPart> document = [.. parts.Values.Select(part => new CompletedPart(part.PartNumber, part.ETag, []))];

        Error(() => ChosenParts.Choose(plain, parts, document, SizeMin)).ShouldBe(S3Errors.EntityTooLarge);
    }

    [Theory]
    [InlineData(ChecksumAlgorithm.Crc32)]
    [InlineData(ChecksumAlgorithm.Crc32C)]
    [InlineData(ChecksumAlgorithm.Crc64Nvme)]
    public void Choose_FullObject_IsTheChecksumOfAllBytes(ChecksumAlgorithm algorithm)
    {
        var upload = plain with { ChecksumAlgorithm = algorithm, ChecksumType = ChecksumType.FullObject };

        var chosen = ChosenParts.Choose(upload, Parts(algorithm, "abcd", "efg"), Document((1, "abcd"), (2, "efg")), SizeMin);

        chosen.Checksum.ShouldNotBeNull();
        chosen.Checksum.Type.ShouldBe(ChecksumType.FullObject);
        chosen.Checksum.Value.ShouldBe(Checksum(algorithm, "abcdefg"));
    }

    [Theory]
    [InlineData(ChecksumAlgorithm.Crc32)]
    [InlineData(ChecksumAlgorithm.Crc32C)]
    [InlineData(ChecksumAlgorithm.Sha1)]
    [InlineData(ChecksumAlgorithm.Sha256)]
    public void Choose_Composite_IsTheChecksumOfChecksums(ChecksumAlgorithm algorithm)
    {
        var upload = plain with { ChecksumAlgorithm = algorithm, ChecksumType = ChecksumType.Composite };

        var chosen = ChosenParts.Choose(upload, Parts(algorithm, "abcd", "efg"), Document(algorithm, (1, "abcd"), (2, "efg")), SizeMin);

        chosen.Checksum.ShouldNotBeNull();
        chosen.Checksum.Type.ShouldBe(ChecksumType.Composite);
        using var running = new RunningChecksum(algorithm);
        running.Append(Checksum(algorithm, "abcd"));
        running.Append(Checksum(algorithm, "efg"));
        chosen.Checksum.Value.ShouldBe(running.Finish());
    }

    [Fact]
    public void Choose_CompositeWithoutPartChecksum_TakesThoseOfTheStoredParts()
    {
        var upload = plain with { ChecksumAlgorithm = ChecksumAlgorithm.Sha256, ChecksumType = ChecksumType.Composite };
        var parts = Parts(ChecksumAlgorithm.Sha256, "abcd", "efg");

        var chosen = ChosenParts.Choose(upload, parts, Document((1, "abcd"), (2, "efg")), SizeMin);

        chosen.Checksum.ShouldNotBeNull();
        chosen.Checksum.Value.ShouldBe(ChosenParts.Choose(upload, parts, Document(ChecksumAlgorithm.Sha256, (1, "abcd"), (2, "efg")), SizeMin).Checksum!.Value);
    }

    [Fact]
    public void Choose_WrongPartChecksum_IsInvalidPart()
    {
        var upload = plain with { ChecksumAlgorithm = ChecksumAlgorithm.Crc32, ChecksumType = ChecksumType.Composite };
        List<CompletedPart> document = [new(1, Hex("abcd"), [(ChecksumAlgorithm.Crc32, "AAAAAA==")])];

        Error(() => ChosenParts.Choose(upload, Parts(ChecksumAlgorithm.Crc32, "abcd"), document, SizeMin)).ShouldBe(S3Errors.InvalidPart);
    }

    [Fact]
    public void Choose_PartsWithDifferentChecksums_GiveTheObjectNone()
    {
        var parts = new Dictionary<int, PartRow> { [1] = Part(1, "abcd", ChecksumAlgorithm.Crc32), [2] = Part(2, "efg", ChecksumAlgorithm.Crc64Nvme) };

        ChosenParts.Choose(plain, parts, Document((1, "abcd"), (2, "efg")), SizeMin).Checksum.ShouldBeNull();
    }

    private static S3Error Error(Action action) => Should.Throw<S3Exception>(action).Error;

    private static byte[] Md5(string text) => MD5.HashData(Encoding.ASCII.GetBytes(text));

    private static string Hex(string text) => Convert.ToHexStringLower(Md5(text));

    private static byte[] Checksum(ChecksumAlgorithm algorithm, string text)
    {
        using var running = new RunningChecksum(algorithm);
        running.Append(Encoding.ASCII.GetBytes(text));
        return running.Finish();
    }

    private static PartRow Part(int number, string text, ChecksumAlgorithm algorithm = ChecksumAlgorithm.None) => new()
    {
        Upload = plain.Id,
        PartNumber = number,
        LastModified = default,
        Size = text.Length,
        ETag = Hex(text),
        Checksum = algorithm == ChecksumAlgorithm.None ? null : new(algorithm, ChecksumType.FullObject, [.. Checksum(algorithm, text)]),
    };

    private static Dictionary<int, PartRow> Parts(params string[] texts) => Parts(ChecksumAlgorithm.None, texts);

    private static Dictionary<int, PartRow> Parts(ChecksumAlgorithm algorithm, params string[] texts) =>
        texts.Select((text, i) => Part(i + 1, text, algorithm)).ToDictionary(part => part.PartNumber);

    private static List<CompletedPart> Document(params (int Number, string Text)[] parts) =>
        [.. parts.Select(part => new CompletedPart(part.Number, Hex(part.Text), []))];

    private static List<CompletedPart> Document(ChecksumAlgorithm algorithm, params (int Number, string Text)[] parts) =>
        [.. parts.Select(part => new CompletedPart(part.Number, Hex(part.Text), [(algorithm, Convert.ToBase64String(Checksum(algorithm, part.Text)))]))];
}
