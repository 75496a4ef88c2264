using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Oort.Backends.Tests.Formats;
using Oort.Evm;
using Shouldly;

namespace Oort.Backends.Filecoin.Tests.Formats;

/// <summary>docs/formats/filecoin-item.md: its examples, and its vectors.</summary>
public sealed partial class ItemFormatTests
{
    private static readonly byte[] zeros = new byte[127];

    public static TheoryData<string> Files => [.. Directory.GetFiles(Path.Combine(FormatPage.Root(), "tests", "vectors", "filecoin-item"), "*.txt").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task Notes_OfThePage_AreWhatIsWrittenAndRead()
    {
        var item = new NetworkItem { Id = new(1), Length = zeros.Length, Sha256 = SHA256.HashData(zeros) };
        var blocks = await PieceBlocks.ComputeAsync(item, new Suite.MemorySource(zeros), 1, CancellationToken.None);
        var written = new ItemNotes(5, new EvmHash([.. Enumerable.Repeat((byte)0x11, 32)]), DateTimeOffset.UnixEpoch.AddSeconds(1), 9, blocks).Write();
        written.ShouldBe(Example(0));
        var read = ItemNotes.Read(written, zeros.Length);
        (read.Nonce, read.Transaction, read.Sent, read.RangeBlock).ShouldBe((5, new EvmHash([.. Enumerable.Repeat((byte)0x11, 32)]), DateTimeOffset.UnixEpoch.AddSeconds(1), 9UL));
        read.Blocks.Cid.ShouldBe(PieceCid.Of(zeros));
        read.Write().ShouldBe(written);
    }

    [Fact]
    public void Locator_OfThePage_IsWhatIsWrittenAndRead()
    {
        var locator = new ItemLocator(SHA256.HashData(zeros), 42, 3, PieceCid.Of(zeros));
        locator.Write().ShouldBe(Example(1));
        var read = ItemLocator.Read(Example(1));
        (read.DataSetId, read.PieceId, read.Cid, read.IsInDataSet).ShouldBe((42UL, 3UL, locator.Cid, true));
        read.Sha256.ToArray().ShouldBe(SHA256.HashData(zeros));
        (ItemLocator.CidOffset + PieceCid.SizeMax).ShouldBeLessThanOrEqualTo(NetworkReceipt.LocatorSizeMax);
        (ItemNotes.RootsOffset + PieceBlocks.CountMax * PieceTree.NodeSize).ShouldBeLessThanOrEqualTo(NetworkItem.ProgressSizeMax);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Vector_OfAFile_ReadsAsItSays(string file)
    {
        var (fields, bytes) = Read(file);
        var isNotes = fields["form"] == "notes";
        var length = isNotes ? long.Parse(fields["length"], CultureInfo.InvariantCulture) : 0;
        if (fields["expect"] == "ok")
        {
            // What is read is written again as it was, and a reader made from the page alone reads the same.
            if (isNotes) Compare(ItemNotes.Read(bytes, length), bytes);
            else Compare(ItemLocator.Read(bytes), bytes);
            return;
        }

        Action read = isNotes ? () => ItemNotes.Read(bytes, length) : () => ItemLocator.Read(bytes);
        Should.Throw<BackendException>(read).Kind.ToString().ShouldBe(fields["expect"]);
    }

    [Fact]
    public void Bytes_WithOneChange_AreReadAsOthersOrRejected()
    {
        foreach (var changed in Vectors.Flipped(Example(0)))
            if (Readable(() => ItemNotes.Read(changed, zeros.Length)) is { } notes) notes.Write().ShouldBe(changed);
        foreach (var changed in Vectors.Flipped(Example(1)))
            if (Readable(() => ItemLocator.Read(changed)) is { } locator) locator.Write().ShouldBe(changed);
        for (var length = 0; length < Example(0).Length; length++) Readable(() => ItemNotes.Read(Example(0).AsMemory(..length), zeros.Length)).ShouldBeNull();
        for (var length = 0; length < Example(1).Length; length++) Readable(() => ItemLocator.Read(Example(1).AsMemory(..length))).ShouldBeNull();

        static T? Readable<T>(Func<T> read)
            where T : class
        {
            try
            {
                return read();
            }
            catch (BackendException e)
            {
                e.Kind.ShouldBe(BackendErrorKind.Permanent);
                return null;
            }
        }
    }

    private static void Compare(ItemNotes notes, byte[] bytes)
    {
        notes.Write().ShouldBe(bytes);
        notes.Nonce.ShouldBe(new BigInteger(bytes.AsSpan(1, 32), isUnsigned: true, isBigEndian: true));
        (notes.Transaction is null).ShouldBe(!bytes.AsSpan(33, 32).ContainsAnyExcept((byte)0));
        (notes.Sent?.ToUnixTimeMilliseconds() ?? 0).ShouldBe(BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(65)));
        notes.RangeBlock.ShouldBe(BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(73)));
        notes.Blocks.Roots.ToArray().ShouldBe(bytes[81..]);
    }

    private static void Compare(ItemLocator locator, byte[] bytes)
    {
        locator.Write().ShouldBe(bytes);
        locator.Sha256.ToArray().ShouldBe(bytes[1..33]);
        (locator.DataSetId, locator.PieceId).ShouldBe((BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(33)), BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(41))));
        locator.Cid.ToArray().ShouldBe(bytes[49..]);
    }

    private static (Dictionary<string, string> Fields, byte[] Bytes) Read(string file)
    {
        var text = File.ReadAllText(Path.Combine(FormatPage.Root(), "tests", "vectors", "filecoin-item", file));
        var cut = text.IndexOf("\n\n", StringComparison.Ordinal);
        var fields = text[..cut].Split('\n').Where(line => !line.StartsWith('#')).ToDictionary(line => line[..line.IndexOf(':', StringComparison.Ordinal)], line => line[(line.IndexOf(':', StringComparison.Ordinal) + 2)..]);
        return (fields, Convert.FromHexString(string.Concat(text[cut..].Where(char.IsAsciiHexDigit))));
    }

    private static byte[] Example(int index)
    {
        var page = File.ReadAllText(Path.Combine(FormatPage.Root(), "docs", "formats", "filecoin-item.md"));
        return Convert.FromHexString(string.Concat(Block().Matches(page)[index].Groups[1].Value.Where(char.IsAsciiHexDigit)));
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
