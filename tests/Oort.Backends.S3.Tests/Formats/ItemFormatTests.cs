using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Oort.Backends.Suite;
using Oort.Crypto.Tests.Vectors;
using Shouldly;

namespace Oort.Backends.S3.Tests.Formats;

/// <summary>docs/formats/s3-item.md: its examples, and each file of tests/vectors/s3-item.</summary>
public sealed class ItemFormatTests
{
    private const string Rejected = "Rejected";

    private static readonly NetworkItem abc = new() { Id = new(0x2a), Length = 3, Sha256 = SHA256.HashData("abc"u8) };

    public static TheoryData<string> Notes => [.. VectorFile.Names("s3-item", vector => vector["kind"] == "notes")];

    public static TheoryData<string> Locators => [.. VectorFile.Names("s3-item", vector => vector["kind"] == "locator")];

    [Theory]
    [MemberData(nameof(Notes))]
    public void Notes_Vector_IsWhatItExpects(string name)
    {
        var vector = VectorFile.Read("s3-item", name);
        var length = vector.Number("length");
        var expected = vector.Expect == "Ok" ? string.Join(' ', ((string[])["md5", "crc64", "part-size", "next-part", "upload", "blocks"]).Select(field => vector[field])) : Rejected;
        Read(vector.Bytes, length).ShouldBe(expected);
        Naive(vector.Bytes, length).ShouldBe(expected);
        if (vector.Expect == "Ok") ItemNotes.Read(vector.Bytes, length).Write().ShouldBe(vector.Bytes);
    }

    [Theory]
    [MemberData(nameof(Locators))]
    public void Locator_Vector_IsWhatItExpects(string name)
    {
        var vector = VectorFile.Read("s3-item", name);
        var expected = vector.Expect == "Ok" ? string.Join(' ', ((string[])["length", "sha256", "version", "key"]).Select(field => vector[field])) : Rejected;
        Read(vector.Bytes).ShouldBe(expected);
        Naive(vector.Bytes).ShouldBe(expected);
        if (vector.Expect == "Ok") ItemLocator.Read(vector.Bytes).Write().ShouldBe(vector.Bytes);
    }

    [Fact]
    public async Task Page_Examples_AreTheVectors_AndWhatIsWrittenOfAnItem()
    {
        var notes = new ItemNotes(await ItemHashes.ComputeAsync(abc, new MemorySource("abc"u8.ToArray()), CancellationToken.None), 2, 2, "up-1").Write();
        notes.ShouldBe(Repository.HexBlock("s3-item.md", 0));
        notes.ShouldBe(VectorFile.Read("s3-item", "notes-upload").Bytes);
        var locator = new ItemLocator(3, abc.Sha256, "v7", $"oort/{abc.Id}").Write();
        locator.ShouldBe(Repository.HexBlock("s3-item.md", 1));
        locator.ShouldBe(VectorFile.Read("s3-item", "locator-version").Bytes);
    }

    /// <summary>There is no checksum: what is changed is rejected, or read as the other bytes say.</summary>
    [Fact]
    public void Readers_EveryFlippedByteAndTruncation_ReadAsThePageSays()
    {
        var (notes, locator) = (VectorFile.Read("s3-item", "notes-upload").Bytes, VectorFile.Read("s3-item", "locator-version").Bytes);
        foreach (var changed in Changed(notes)) Read(changed, 3).ShouldBe(Naive(changed, 3), Convert.ToHexString(changed));
        foreach (var changed in Changed(locator)) Read(changed).ShouldBe(Naive(changed), Convert.ToHexString(changed));
        for (var length = 0; length < notes.Length; length++) Read(notes[..length], 3).ShouldBe(Rejected);
        for (var length = 0; length <= ItemLocator.VersionIdOffset + 2; length++) Read(locator[..length]).ShouldBe(Rejected);

        static IEnumerable<byte[]> Changed(byte[] bytes) =>
            from index in Enumerable.Range(0, bytes.Length)
            from bit in Enumerable.Range(0, 8)
            select bytes.Select((b, at) => at == index ? (byte)(b ^ (1 << bit)) : b).ToArray();
    }

    [Fact]
    public void Locator_WithALongVersion_KeepsItsKeyAndItsLimit()
    {
        var locator = new ItemLocator(3, abc.Sha256, new('v', 129), $"oort/{abc.Id}");
        Read(locator.Write()).ShouldBe(Read((locator with { VersionId = null }).Write()));
        (locator with { VersionId = new('v', 128), Key = new string('p', 128) + "/" + abc.Id }).Write().Length.ShouldBeLessThanOrEqualTo(NetworkReceipt.LocatorSizeMax);
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

    private static string Read(byte[] bytes, long length) => Or(() =>
    {
        var notes = ItemNotes.Read(bytes, length);
        return Show($"{Convert.ToHexStringLower(notes.Hashes.Md5.Span)} {notes.Hashes.Crc64:x16} {notes.PartSize} {notes.NextPart} \"{notes.UploadId}\" {Convert.ToHexStringLower(notes.Hashes.Blocks.Span)}");
    });

    private static string Read(byte[] bytes) => Or(() =>
    {
        var locator = ItemLocator.Read(bytes);
        return Show($"{locator.Length} {Convert.ToHexStringLower(locator.Sha256.Span)} \"{locator.VersionId}\" {locator.Key}");
    });

    private static string Or(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (BackendException e) when (e.Kind == BackendErrorKind.Permanent)
        {
            return Rejected;
        }
    }

    /// <summary>Reads notes by the page alone.</summary>
    private static string Naive(byte[] bytes, long length)
    {
        var blockSize = 65_536L;
        while (blockSize * 64 < length) blockSize *= 2;
        var hashSize = (length / blockSize + (length % blockSize > 0 ? 1 : 0)) * 32;
        if (bytes.Length < 37 || bytes[0] != 1) return Rejected;
        var (partSize, next, idSize) = (BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(25)), bytes[33] * 256 + bytes[34], bytes[35] * 256 + bytes[36]);
        if (bytes.Length != 37 + idSize + hashSize || idSize > 4_096) return Rejected;
        var isUpload = partSize > 0 && next > 0 && idSize > 0;
        if (!isUpload && (partSize != 0 || next != 0 || idSize != 0)) return Rejected;
        if (isUpload)
        {
            var parts = length / partSize + (length % partSize > 0 ? 1 : 0);
            if (parts > 10_000 || next > parts + 1) return Rejected;
        }

        var id = Encoding.UTF8.GetString(bytes, 37, idSize);
        return id.Contains('\uFFFD', StringComparison.Ordinal) ? Rejected : Show($"{Convert.ToHexStringLower(bytes[1..17])} {Convert.ToHexStringLower(bytes[17..25])} {partSize} {next} \"{id}\" {Convert.ToHexStringLower(bytes[(37 + idSize)..])}");
    }

    /// <summary>Reads a locator by the page alone.</summary>
    private static string Naive(byte[] bytes)
    {
        if (bytes.Length < 42 || bytes[0] != 1 || bytes[41] > 128 || bytes.Length < 43 + bytes[41]) return Rejected;
        var length = BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(1));
        var (version, key) = (Encoding.UTF8.GetString(bytes, 42, bytes[41]), Encoding.UTF8.GetString(bytes.AsSpan(42 + bytes[41])));
        return length < 1 || (version + key).Contains('\uFFFD', StringComparison.Ordinal) ? Rejected : Show($"{length} {Convert.ToHexStringLower(bytes[9..41])} \"{version}\" {key}");
    }

    private static string Show(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
