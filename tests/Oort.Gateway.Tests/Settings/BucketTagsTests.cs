using System.Text.RegularExpressions;
using Oort.Gateway.Settings;
using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Settings;

/// <summary>Tags of buckets: the operations, and the setting as docs/formats/bucket-tags.md has it.</summary>
public sealed partial class BucketTagsTests(TestGateway gateway)
{
    public static TheoryData<string> Vectors => [.. FormatVector.Names("bucket-tags", "*.txt")];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Decode_Vector_EndsAsItExpectsAndIsWrittenAgain(string name)
    {
        var vector = FormatVector.Read("bucket-tags", name);
        if (vector.Expect == "ok") BucketTags.Encode(BucketTags.Decode(vector.Bytes)).AsSpan().ToArray().ShouldBe(vector.Bytes);
        else Should.Throw<MetadataFormatException>(() => BucketTags.Decode(vector.Bytes));
    }

    [Fact]
    public void Page_Example_IsTheVectorAndEveryTruncationIsRejected()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "bucket-tags.md"));
        var bytes = Convert.FromHexString(WhiteSpace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read("bucket-tags", "two").Bytes);
        for (var length = 0; length < bytes.Length; length++) Should.Throw<MetadataFormatException>(() => BucketTags.Decode(bytes.AsSpan(0, length)));
    }

    [Fact]
    public async Task Tags_PutGetDelete_AreKeptInOrder()
    {
        var bucket = await gateway.NewBucketAsync();
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?tagging")).Code.ShouldBe("NoSuchTagSet");
        (await PutAsync(bucket, ("b", "2"), ("a", ""))).Status.ShouldBe(204);
        (await gateway.Client.GetBucketTaggingAsync(new() { BucketName = bucket })).TagSet.Select(tag => (tag.Key, tag.Value)).ShouldBe([("a", ""), ("b", "2")]);
        (await PutAsync(bucket, ("c", "3"))).Status.ShouldBe(204);
        (await gateway.Client.GetBucketTaggingAsync(new() { BucketName = bucket })).TagSet.Select(tag => tag.Key).ShouldBe(["c"]);
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?tagging")).Status.ShouldBe(204);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?tagging")).Code.ShouldBe("NoSuchTagSet");
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?tagging")).Status.ShouldBe(204);
    }

    [Fact]
    public async Task PutTags_FiftyAtMost()
    {
        var bucket = await gateway.NewBucketAsync();
        (string, string)[] tags = [.. Enumerable.Range(0, 51).Select(i => ($"key{i}", "v"))];
        (await PutAsync(bucket, tags)).Code.ShouldBe("InvalidTag");
        (await PutAsync(bucket, tags[1..])).Status.ShouldBe(204);
    }

    [Fact]
    public async Task PutTags_Bad_AreRefused()
    {
        var bucket = await gateway.NewBucketAsync();
        (await PutAsync(bucket, ("a", "1"), ("a", "2"))).Code.ShouldBe("InvalidTag");
        (await PutAsync(bucket, ("aws:a", "1"))).Code.ShouldBe("InvalidTag");
        (await PutAsync(bucket, ("", "1"))).Code.ShouldBe("InvalidTag");
        (await PutAsync(bucket, ("a!", "1"))).Code.ShouldBe("InvalidTag");
        (await PutAsync(bucket, ("a", new string('v', 257)))).Code.ShouldBe("InvalidTag");
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}?tagging", "<Tagging/>")).Code.ShouldBe("MalformedXML");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?tagging")).Code.ShouldBe("NoSuchTagSet");
    }

    [Fact]
    public async Task CreateBucket_WithTags_HasThem()
    {
        var bucket = gateway.NewBucketName();
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}", "<CreateBucketConfiguration><Tags><Tag><Key>b</Key><Value>1</Value></Tag><Tag><Key>a</Key><Value>2</Value></Tag></Tags></CreateBucketConfiguration>")).Status.ShouldBe(200);
        (await gateway.Client.GetBucketTaggingAsync(new() { BucketName = bucket })).TagSet.Select(tag => (tag.Key, tag.Value)).ShouldBe([("a", "2"), ("b", "1")]);
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}-bad", "<CreateBucketConfiguration><Tags><Tag><Key>aws:b</Key><Value>1</Value></Tag></Tags></CreateBucketConfiguration>")).Code.ShouldBe("InvalidTag");
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}-bad")).Status.ShouldBe(404);
    }

    private Task<RawAnswer> PutAsync(string bucket, params (string Key, string Value)[] tags) =>
        gateway.Raw.SendAsync("PUT", $"/{bucket}?tagging", $"<Tagging><TagSet>{string.Concat(tags.Select(tag => $"<Tag><Key>{tag.Key}</Key><Value>{tag.Value}</Value></Tag>"))}</TagSet></Tagging>");

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex("\\s+")]
    private static partial Regex WhiteSpace();
}
