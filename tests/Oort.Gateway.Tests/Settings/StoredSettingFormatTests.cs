using System.Text.RegularExpressions;
using Oort.Gateway.Settings;
using Oort.Metadata;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Settings;

/// <summary>The settings of docs/formats/request-payment.md, acceleration.md and bucket-configuration.md.</summary>
public sealed partial class StoredSettingFormatTests
{
    private static readonly string[] formats = ["request-payment", "acceleration", "bucket-configuration"];

    public static TheoryData<string, string> Vectors => [.. from format in formats from name in FormatVector.Names(format, "*.txt") select (format, name)];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Read_Vector_EndsAsItExpectsAndIsWrittenAgain(string format, string name)
    {
        var vector = FormatVector.Read(format, name);
        if (vector.Expect == "ok") Again(format, vector.Bytes).ShouldBe(vector.Bytes);
        else Should.Throw<MetadataFormatException>(() => Again(format, vector.Bytes));
    }

    [Theory]
    [InlineData("request-payment", "requester")]
    [InlineData("acceleration", "enabled")]
    [InlineData("bucket-configuration", "metrics")]
    public void Page_Example_IsTheVectorAndEveryTruncationIsRejected(string format, string name)
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", format + ".md"));
        var bytes = Convert.FromHexString(WhiteSpace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read(format, name).Bytes);
        for (var length = 0; length < bytes.Length; length++) Should.Throw<MetadataFormatException>(() => Again(format, bytes[..length]));
    }

    [Fact]
    public void Count_EachLengthAndNumber_IsReadOrRejected()
    {
        StoredConfigurations.DecodeCount(null).ShouldBe(0);
        StoredConfigurations.DecodeCount(StoredConfigurations.EncodeCount(1000)).ShouldBe(1000);
        foreach (var bad in (byte[][])[[], [1], [1, 0, 0, 0, 0], [1, 0, 0, 3, 0xe9], [1, 0xff, 0, 0, 0], [2, 0, 0, 0, 1], [1, 0, 0, 0, 1, 0]])
            Should.Throw<MetadataFormatException>(() => StoredConfigurations.DecodeCount(bad));
    }

    private static byte[] Again(string format, byte[] bytes) => format switch
    {
        "request-payment" => [.. BucketPayment.Encode(BucketPayment.Decode(bytes))],
        "acceleration" => [.. BucketAcceleration.Encode(BucketAcceleration.Decode(bytes))],
        _ => StoredConfigurations.Encode(StoredConfigurations.Decode(ConfigurationKind.Metrics, bytes)),
    };

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex("\\s+")]
    private static partial Regex WhiteSpace();
}
