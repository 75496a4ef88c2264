using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Oort.Backends.Suite;
using Oort.Backends.Tests.Formats;
using Shouldly;

namespace Oort.Backends.S3.Tests.Formats;

/// <summary>docs/formats/s3-item.md: its examples, and what it says must be rejected.</summary>
public sealed partial class ItemFormatTests
{
    private static readonly NetworkItem abc = new() { Id = new(0x2a), Length = 3, Sha256 = SHA256.HashData("abc"u8) };

    [Fact]
    public async Task Notes_OfThePage_AreWhatIsWrittenAndRead()
    {
        var hashes = await ItemHashes.ComputeAsync(abc, new MemorySource("abc"u8.ToArray()), CancellationToken.None);
        var written = new ItemNotes(hashes, 2, 2, "up-1").Write();
        written.ShouldBe(Example(0));
        var read = ItemNotes.Read(written, 3);
        (read.PartSize, read.NextPart, read.UploadId, read.Hashes.Crc64).ShouldBe((2, 2, "up-1", hashes.Crc64));
        read.Hashes.Md5.ToArray().ShouldBe(hashes.Md5.ToArray());
        read.Hashes.Blocks.ToArray().ShouldBe(hashes.Blocks.ToArray());
        ItemNotes.Read(new ItemNotes(hashes, 0, 0, "").Write(), 3).UploadId.ShouldBeEmpty();
    }

    [Fact]
    public void Locator_OfThePage_IsWhatIsWrittenAndRead()
    {
        var locator = new ItemLocator(3, abc.Sha256, "v7", "oort/0000000000000000000000000000002a");
        locator.Write().ShouldBe(Example(1));
        var read = ItemLocator.Read(Example(1));
        (read.Length, read.VersionId, read.Key).ShouldBe((locator.Length, locator.VersionId, locator.Key));
        read.Sha256.ToArray().ShouldBe(abc.Sha256.ToArray());
        ItemLocator.Read((locator with { VersionId = null }).Write()).VersionId.ShouldBeNull();
        // One that is too long is not kept, and the key stays readable.
        ItemLocator.Read((locator with { VersionId = new('v', 129) }).Write()).ShouldSatisfyAllConditions(l => l.VersionId.ShouldBeNull(), l => l.Key.ShouldBe(locator.Key));
        (locator with { VersionId = new('v', 128), Key = new string('p', 128) + "/" + abc.Id }).Write().Length.ShouldBeLessThanOrEqualTo(NetworkReceipt.LocatorSizeMax);
    }

    [Theory]
    [InlineData(0, "02")]
    [InlineData(25, "0000000000000000")]
    [InlineData(25, "FFFFFFFFFFFFFFFF")]
    [InlineData(33, "0000")]
    [InlineData(35, "0000")]
    [InlineData(35, "0005")]
    [InlineData(35, "FFFF")]
    [InlineData(37, "FF")]
    public void Notes_ThatMustBeRejected_Are(int offset, string hex) => NotesRejected(Replaced(Example(0), offset, hex), 3);

    [Fact]
    public void Notes_OfAnotherLength_AreRejected()
    {
        var bytes = Example(0);
        for (var length = 0; length < bytes.Length; length++) NotesRejected(bytes[..length], 3);
        NotesRejected([.. bytes, 0], 3);
        NotesRejected(bytes, ItemNotes.BlockSizeMin + 1);
        // 10,001 parts of two bytes.
        NotesRejected(bytes, 20_001);
        ItemNotes.Read(bytes, 20_000).PartSize.ShouldBe(2);
    }

    [Theory]
    [InlineData(0, "00")]
    [InlineData(1, "0000000000000000")]
    [InlineData(1, "FFFFFFFFFFFFFFFF")]
    [InlineData(41, "81")]
    [InlineData(41, "27")]
    [InlineData(42, "FF")]
    [InlineData(44, "FF")]
    public void Locator_ThatMustBeRejected_Is(int offset, string hex) => LocatorRejected(Replaced(Example(1), offset, hex));

    [Fact]
    public void Locator_CutOffBeforeItsKey_IsRejected()
    {
        var bytes = Example(1);
        for (var length = 0; length <= 44; length++) LocatorRejected(bytes[..length]);
    }

    [Theory]
    [InlineData(1, 65_536, 1)]
    [InlineData(65_536, 65_536, 1)]
    [InlineData(65_537, 65_536, 2)]
    [InlineData(64 * 65_536, 65_536, 64)]
    [InlineData(64 * 65_536 + 1, 131_072, 33)]
    [InlineData(5L << 40, 1L << 37, 40)]
    public void Blocks_OfALength_AreAsThePageSays(long length, long size, int count)
    {
        ItemNotes.BlockSizeOf(length).ShouldBe(size);
        ItemNotes.BlockCountOf(length).ShouldBe(count);
    }

    [Fact]
    public async Task Hashes_OfEveryLengthAroundABlock_AreThoseOfTheBytes()
    {
        foreach (var length in (int[])[1, 65_535, 65_536, 65_537, 131_072, 200_000])
        {
            var bytes = TestBytes.Make(length, length);
            var hashes = await ItemHashes.ComputeAsync(new() { Id = new(1), Length = length, Sha256 = SHA256.HashData(bytes) }, new MemorySource(bytes), CancellationToken.None);
            hashes.Md5.ToArray().ShouldBe(MD5.HashData(bytes));
            hashes.Blocks.ToArray().ShouldBe(bytes.Chunk(65_536).SelectMany(block => SHA256.HashData(block)));
        }
    }

    private static void NotesRejected(byte[] bytes, long length) => Should.Throw<BackendException>(() => ItemNotes.Read(bytes, length)).Kind.ShouldBe(BackendErrorKind.Permanent);

    private static void LocatorRejected(byte[] bytes) => Should.Throw<BackendException>(() => ItemLocator.Read(bytes)).Kind.ShouldBe(BackendErrorKind.Permanent);

    private static byte[] Replaced(byte[] bytes, int offset, string hex)
    {
        Convert.FromHexString(hex).CopyTo(bytes, offset);
        return bytes;
    }

    private static byte[] Example(int index)
    {
        var page = File.ReadAllText(Path.Combine(FormatPage.Root(), "docs", "formats", "s3-item.md"));
        return Convert.FromHexString(string.Concat(Block().Matches(page)[index].Groups[1].Value.Where(char.IsAsciiHexDigit)));
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
