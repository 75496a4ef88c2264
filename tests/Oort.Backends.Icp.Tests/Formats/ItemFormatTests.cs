using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Oort.Backends.Tests.Formats;

namespace Oort.Backends.Icp.Tests.Formats;

/// <summary>docs/formats/icp-item.md: its example, its vectors, and what it says must be rejected.</summary>
public sealed partial class ItemFormatTests
{
    public static TheoryData<string> Vectors => [.. Directory.GetFiles(Folder, "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)!).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(FormatPage.Root(), "tests", "vectors", "icp-item");

    [Fact]
    public void Example_OfThePage_IsWhatIsWrittenAndRead()
    {
        var locator = new ItemLocator(SHA256.HashData("abc"u8), 3, CanisterId.Parse("ryjl3-tyaaa-aaaaa-aaaba-cai"), "/oort-00000000000000000000000000000007");
        locator.Write().ShouldBe(Example());
        var page = File.ReadAllText(Path.Combine(FormatPage.Root(), "docs", "formats", "icp-item.md"));
        page.ShouldContain($"`{ItemLocator.Read(Example()).Address}`");
        (ItemLocator.CanisterOffset + CanisterId.SizeMax + ItemLocator.PathLengthMax).ShouldBeLessThanOrEqualTo(NetworkReceipt.LocatorSizeMax);
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Vector_IsReadOrRejectedAsItSays(string name)
    {
        var text = File.ReadAllText(Path.Combine(Folder, name + ".txt"));
        var bytes = Convert.FromHexString(string.Concat(text[text.IndexOf("\n\n", StringComparison.Ordinal)..].Where(char.IsAsciiHexDigit)));
        if (text.Contains("\nexpect: ok\n", StringComparison.Ordinal))
        {
            // A second reader, made from the page.
            var locator = ItemLocator.Read(bytes);
            text.ShouldContain($"\naddress: {locator.Address}\n");
            locator.Sha256.ToArray().ShouldBe(bytes[1..33]);
            locator.Length.ShouldBe(BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(33)));
            locator.Canister.Bytes.ToArray().ShouldBe(bytes[42..(42 + bytes[41])]);
            locator.Path.ShouldBe(Encoding.ASCII.GetString(bytes[(42 + bytes[41])..]));
            locator.Write().ShouldBe(bytes);
            return;
        }

        text.ShouldContain("\nexpect: reject\n");
        Rejected(bytes);
    }

    [Fact]
    public void Bytes_CutOffOrChanged_AreRejectedOrReadAsOthers()
    {
        var example = Example();
        for (var length = 0; length <= ItemLocator.CanisterOffset + 11; length++) Rejected(example[..length]);
        for (var i = 0; i < example.Length * 8; i++)
        {
            var changed = (byte[])example.Clone();
            changed[i / 8] ^= (byte)(1 << (i % 8));
            try
            {
                ItemLocator.Read(changed).Write().ShouldBe(changed);
            }
            catch (BackendException e)
            {
                e.Kind.ShouldBe(BackendErrorKind.Permanent);
            }
        }
    }

    private static void Rejected(byte[] bytes) => Should.Throw<BackendException>(() => ItemLocator.Read(bytes)).Kind.ShouldBe(BackendErrorKind.Permanent);

    private static byte[] Example() => Convert.FromHexString(string.Concat(Block().Match(File.ReadAllText(Path.Combine(FormatPage.Root(), "docs", "formats", "icp-item.md"))).Groups[1].Value.Where(char.IsAsciiHexDigit)));

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
