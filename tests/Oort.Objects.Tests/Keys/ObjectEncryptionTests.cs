using System.Text.RegularExpressions;
using Oort.Metadata;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Keys;

/// <summary>The extension "encryption" of objects, as docs/formats/object-encryption.md has it.</summary>
public sealed partial class ObjectEncryptionTests
{
    public static TheoryData<string> Vectors => [.. FormatVector.Names("object-encryption", "*.txt")];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Decode_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("object-encryption", name);
        if (vector.Expect == "ok") ObjectEncryption.Decode(vector.Bytes).Encode().AsSpan().SequenceEqual(vector.Bytes).ShouldBeTrue("It is written as it was read.");
        else Should.Throw<MetadataFormatException>(() => ObjectEncryption.Decode(vector.Bytes));
    }

    [Fact]
    public void Page_Example_IsTheVectorAndTruncationsOfItsHeadAreRejected()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "object-encryption.md"));
        var bytes = Convert.FromHexString(WhiteSpace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read("object-encryption", "named").Bytes);
        var encryption = ObjectEncryption.Decode(bytes);
        (encryption.KeyName, encryption.UsesBucketKey, encryption.Context).ShouldBe(("payroll", true, """{"team":"a"}"""));
        for (var length = 0; length < 11; length++) Should.Throw<MetadataFormatException>(() => ObjectEncryption.Decode(bytes.AsSpan(0, length)));
    }

    [Fact]
    public void Decode_EveryFlippedBit_IsReadOrRejectedButNothingElse()
    {
        foreach (var name in (string[])["customer", "named"])
        {
            var bytes = FormatVector.Read("object-encryption", name).Bytes;
            for (var bit = 0; bit < bytes.Length * 8; bit++)
            {
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                try
                {
                    ObjectEncryption.Decode(bytes).Encode().AsSpan().SequenceEqual(bytes).ShouldBeTrue();
                }
                catch (MetadataFormatException)
                {
                    // The documented error.
                }

                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex("\\s+")]
    private static partial Regex WhiteSpace();
}
