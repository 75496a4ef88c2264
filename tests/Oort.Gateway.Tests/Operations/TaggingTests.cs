using Amazon.S3.Model;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

public sealed class TaggingTests(TestGateway gateway)
{
    [Fact]
    public async Task Tags_PutGetDelete_AreKept()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "x", ("x-amz-tagging", "a=1&b%20c=%C3%A4"), ("x-amz-meta-m", "1"));
        (await GetAsync(bucket)).ShouldBe([("a", "1"), ("b c", "ä")]);

        await gateway.Client.PutObjectTaggingAsync(new() { BucketName = bucket, Key = "key", Tagging = new() { TagSet = [new() { Key = "d", Value = "" }] } });
        (await GetAsync(bucket)).ShouldBe([("d", "")]);
        var head = await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key");
        (head.Header("x-amz-tagging-count"), head.Header("x-amz-meta-m")).ShouldBe(("1", "1"));

        await gateway.Client.DeleteObjectTaggingAsync(new() { BucketName = bucket, Key = "key" });
        (await GetAsync(bucket)).ShouldBeEmpty();
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Text.ShouldBe("x");
    }

    [Fact]
    public async Task Tags_OfAnOldVersion_AreItsOwn()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        var first = await gateway.PutAsync(bucket, "key", "one");
        await gateway.PutAsync(bucket, "key", "two");

        await gateway.Client.PutObjectTaggingAsync(new() { BucketName = bucket, Key = "key", VersionId = first.VersionId, Tagging = new() { TagSet = [new() { Key = "old", Value = "1" }] } });

        (await GetAsync(bucket)).ShouldBeEmpty();
        (await GetAsync(bucket, first.VersionId)).ShouldBe([("old", "1")]);
    }

    [Theory]
    [InlineData("<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>a</Key><Value>2</Value></Tag></TagSet></Tagging>", "InvalidTag")]
    [InlineData("<Tagging><TagSet><Tag><Key></Key><Value>1</Value></Tag></TagSet></Tagging>", "InvalidTag")]
    [InlineData("<Tagging><TagSet><Tag><Key>aws:a</Key><Value>1</Value></Tag></TagSet></Tagging>", "InvalidTag")]
    [InlineData("<Tagging><TagSet><Tag><Key>a!</Key><Value>1</Value></Tag></TagSet></Tagging>", "InvalidTag")]
    [InlineData("<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", "MalformedXML")]
    [InlineData("<Tagging/>", "MalformedXML")]
    [InlineData("<Tagging><TagSet><Other/></TagSet></Tagging>", "MalformedXML")]
    public async Task PutTags_Bad_AreRefused(string body, string code)
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "x");

        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key?tagging", body)).Code.ShouldBe(code);
    }

    [Theory]
    [InlineData(10, 200, "")]
    [InlineData(11, 400, "InvalidTag")]
    public async Task PutTags_TenAtMost(int count, int status, string code)
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "x");
        var tags = string.Concat(Enumerable.Range(0, count).Select(i => $"<Tag><Key>{i}</Key><Value>v</Value></Tag>"));

        var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key?tagging", $"<Tagging><TagSet>{tags}</TagSet></Tagging>");

        (answer.Status, answer.Code).ShouldBe((status, code));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task Tags_NoSuchKey_IsThat(string method) =>
        (await gateway.Raw.SendAsync(method, $"/{await gateway.NewBucketAsync()}/key?tagging")).Code.ShouldBe("NoSuchKey");

    private async Task<List<(string, string)>> GetAsync(string bucket, string? version = null)
    {
        var answer = await gateway.Client.GetObjectTaggingAsync(new GetObjectTaggingRequest { BucketName = bucket, Key = "key", VersionId = version });
        return [.. (answer.Tagging ?? []).Select(tag => (tag.Key, tag.Value))];
    }
}
