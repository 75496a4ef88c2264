using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Oort.Backends.Tests.Formats;

namespace Oort.Backends.Ipfs.Tests.Formats;

/// <summary>docs/formats/ipfs-item.md: its examples, its vectors, and what it says must be rejected.</summary>
public sealed partial class ItemFormatTests
{
    public static TheoryData<string> Vectors => [.. Directory.GetFiles(Folder, "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)!).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(FormatPage.Root(), "tests", "vectors", "ipfs-item");

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Vector_IsReadOrRejectedAsItSays(string name)
    {
        var text = File.ReadAllText(Path.Combine(Folder, name + ".txt"));
        var bytes = Convert.FromHexString(string.Concat(text[text.IndexOf("\n\n", StringComparison.Ordinal)..].Where(char.IsAsciiHexDigit)));
        if (text.Contains("\nexpect: ok\n", StringComparison.Ordinal))
        {
            var cid = ItemLocator.Read(bytes);
            text.ShouldContain($"\naddress: {cid}\n");
            ItemLocator.Write(cid).ShouldBe(bytes);
            return;
        }

        text.ShouldContain("\nexpect: reject\n");
        Rejected(bytes);
    }

    [Fact]
    public void Examples_OfThePage_AreWhatIsWrittenAndRead()
    {
        var page = File.ReadAllText(Path.Combine(FormatPage.Root(), "docs", "formats", "ipfs-item.md"));
        var examples = Block().Matches(page).Select(match => Convert.FromHexString(string.Concat(match.Groups[1].Value.Where(char.IsAsciiHexDigit)))).ToList();
        ItemLocator.Write(Cid.Of(BlockCodec.Raw, "abc"u8)).ShouldBe(examples[0]);
        examples[0].AsSpan(ItemLocator.DigestOffset).ToArray().ShouldBe(SHA256.HashData("abc"u8));
        foreach (var example in examples) page.ShouldContain($"`{ItemLocator.Read(example)}`");
    }

    [Fact]
    public void Locator_EveryTruncationAndChangeOfItsHead_IsRejected()
    {
        var bytes = ItemLocator.Write(Cid.Of(BlockCodec.Raw, "abc"u8));
        for (var length = 0; length < bytes.Length; length++) Rejected(bytes[..length]);
        for (var i = 0; i < ItemLocator.DigestOffset; i++)
        {
            for (var value = 0; value < 256; value++)
            {
                var other = (byte[])bytes.Clone();
                other[i] = (byte)value;
                if (value != bytes[i] && !(i == ItemLocator.CodecOffset && value == (byte)BlockCodec.DagPb)) Rejected(other);
            }
        }
    }

    private static void Rejected(byte[] bytes) => Should.Throw<BackendException>(() => ItemLocator.Read(bytes)).Kind.ShouldBe(BackendErrorKind.Permanent);

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
