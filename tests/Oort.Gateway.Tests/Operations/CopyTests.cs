using Amazon.S3;
using Amazon.S3.Model;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

public sealed class CopyTests(TestGateway gateway)
{
    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(1_000_000)]
    public async Task Copy_ToAnotherBucket_HasBytesAndHeaders(int size)
    {
        var (from, to) = (await gateway.NewBucketAsync(), await gateway.NewBucketAsync());
        var body = TestGateway.Bytes(size);
        await gateway.Raw.SendAsync("PUT", $"/{from}/a%20b", body, ("Content-Type", "text/css"), ("x-amz-meta-a", "1"), ("x-amz-storage-class", "STANDARD_IA"), ("x-amz-tagging", "t=1"));

        var copy = await gateway.Raw.SendAsync("PUT", $"/{to}/copy", [], ("x-amz-copy-source", $"/{from}/a%20b"));

        copy.Status.ShouldBe(200);
        copy.Element("LastModified").ShouldNotBeEmpty();
        copy.Header("x-oort-durability").ShouldBe("full");
        var got = await gateway.Raw.SendAsync("GET", $"/{to}/copy");
        got.Body.ShouldBeBytes(body);
        got.Header("ETag").ShouldBe(copy.Element("ETag"));
        got.Header("Content-Type").ShouldBe("text/css");
        got.Header("x-amz-meta-a").ShouldBe("1");
        got.Header("x-amz-tagging-count").ShouldBe("1");
        got.Headers.ShouldNotContainKey("x-amz-storage-class"); // S3 does not copy the class.
    }

    [Fact]
    public async Task Copy_SourceDeletedAfterwards_StaysReadable()
    {
        var bucket = await gateway.NewBucketAsync();
        var body = TestGateway.Bytes(400_000);
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/a", body);
        await gateway.Client.CopyObjectAsync(bucket, "a", bucket, "b");
        await gateway.Client.DeleteObjectAsync(bucket, "a");

        (await gateway.Raw.SendAsync("GET", $"/{bucket}/b")).Body.ShouldBeBytes(body);
    }

    [Fact]
    public async Task Copy_Replace_TakesTheNewHeadersOnly()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/a", "x", ("Content-Type", "text/css"), ("x-amz-meta-a", "1"));

        var copy = await gateway.Raw.SendAsync("PUT", $"/{bucket}/a", [], ("x-amz-copy-source", $"{bucket}/a"), ("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-b", "2"));

        copy.Status.ShouldBe(200);
        var got = await gateway.Raw.SendAsync("HEAD", $"/{bucket}/a");
        got.Headers.ShouldNotContainKey("x-amz-meta-a");
        got.Header("x-amz-meta-b").ShouldBe("2");
        got.Header("Content-Type").ShouldBe("binary/octet-stream");
    }

    [Theory]
    [InlineData("", "", 400, "InvalidRequest")]
    [InlineData("x-amz-storage-class", "STANDARD_IA", 200, "")]
    [InlineData("x-amz-metadata-directive", "REPLACE", 200, "")]
    [InlineData("x-amz-checksum-algorithm", "SHA256", 200, "")]
    [InlineData("x-amz-server-side-encryption", "AES256", 200, "")]
    [InlineData("x-amz-metadata-directive", "MERGE", 400, "InvalidArgument")]
    [InlineData("x-amz-tagging-directive", "MERGE", 400, "InvalidArgument")]
    public async Task Copy_OntoItself_NeedsAChange(string name, string value, int status, string code)
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "x");
        List<(string, string)> headers = [("x-amz-copy-source", $"{bucket}/key")];
        if (name.Length > 0) headers.Add((name, value));

        var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", [], [.. headers]);

        (answer.Status, answer.Code).ShouldBe((status, code));
    }

    [Fact]
    public async Task Copy_OtherChecksumAlgorithm_IsComputed()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/a", "body");

        var copy = await gateway.Raw.SendAsync("PUT", $"/{bucket}/b", [], ("x-amz-copy-source", $"{bucket}/a"), ("x-amz-checksum-algorithm", "SHA256"));

        var expected = Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData("body"u8));
        copy.Element("ChecksumSHA256").ShouldBe(expected);
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/b", [], ("x-amz-checksum-mode", "ENABLED"))).Header("x-amz-checksum-sha256").ShouldBe(expected);
    }

    [Theory]
    [InlineData("x-amz-copy-source-if-match", "{tag}", 200)]
    [InlineData("x-amz-copy-source-if-match", "\"other\"", 412)]
    [InlineData("x-amz-copy-source-if-none-match", "\"other\"", 200)]
    [InlineData("x-amz-copy-source-if-none-match", "{tag}", 412)]
    [InlineData("x-amz-copy-source-if-modified-since", "Wed, 21 Oct 2015 07:28:00 GMT", 200)]
    [InlineData("x-amz-copy-source-if-modified-since", "Wed, 21 Oct 2099 07:28:00 GMT", 412)]
    [InlineData("x-amz-copy-source-if-unmodified-since", "Wed, 21 Oct 2099 07:28:00 GMT", 200)]
    [InlineData("x-amz-copy-source-if-unmodified-since", "Wed, 21 Oct 2015 07:28:00 GMT", 412)]
    [InlineData("If-None-Match", "*", 200)]
    public async Task Copy_Condition_IsDecided(string name, string value, int status)
    {
        var bucket = await gateway.NewBucketAsync();
        var tag = (await gateway.Raw.SendAsync("PUT", $"/{bucket}/a", "body")).Header("ETag");

        var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}/b", [], ("x-amz-copy-source", $"{bucket}/a"), (name, value.Replace("{tag}", tag, StringComparison.Ordinal)));

        answer.Status.ShouldBe(status);
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/b")).Status.ShouldBe(status == 200 ? 200 : 404);
    }

    [Fact]
    public async Task Copy_DestinationCondition_IsDecided()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "a", "new");
        await gateway.PutAsync(bucket, "b", "old");

        var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}/b", [], ("x-amz-copy-source", $"{bucket}/a"), ("If-None-Match", "*"));

        (answer.Status, answer.Code).ShouldBe((412, "PreconditionFailed"));
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/b")).Text.ShouldBe("old");
    }

    [Fact]
    public async Task Copy_OldVersionOverTheNewest_BringsItBack()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        var first = await gateway.PutAsync(bucket, "key", "one");
        await gateway.PutAsync(bucket, "key", "two");

        var copy = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", [], ("x-amz-copy-source", $"{bucket}/key?versionId={first.VersionId}"));

        copy.Header("x-amz-copy-source-version-id").ShouldBe(first.VersionId);
        copy.Header("x-amz-version-id").ShouldNotBeEmpty();
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Text.ShouldBe("one");
        (await gateway.Client.ListVersionsAsync(bucket)).Versions.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Copy_DeleteMarker_IsRefused()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        await gateway.PutAsync(bucket, "key", "one");
        var marker = await gateway.Client.DeleteObjectAsync(bucket, "key");

        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/b", [], ("x-amz-copy-source", $"{bucket}/key"))).Code.ShouldBe("NoSuchKey");
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/b", [], ("x-amz-copy-source", $"{bucket}/key?versionId={marker.VersionId}"))).Code.ShouldBe("InvalidRequest");
    }

    [Theory]
    [InlineData("{bucket}/missing", 404, "NoSuchKey")]
    [InlineData("no-such-bucket-at-all/key", 404, "NoSuchBucket")]
    [InlineData("{bucket}", 400, "InvalidArgument")]
    [InlineData("{bucket}/", 400, "InvalidArgument")]
    [InlineData("{bucket}/key?versionId=", 400, "InvalidArgument")]
    [InlineData("{bucket}/key?versionId=nonsense", 400, "InvalidArgument")]
    [InlineData("{bucket}/%zz", 400, "InvalidArgument")]
    public async Task Copy_BadSource_IsRefused(string source, int status, string code)
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "x");

        var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}/b", [], ("x-amz-copy-source", source.Replace("{bucket}", bucket, StringComparison.Ordinal)));

        (answer.Status, answer.Code).ShouldBe((status, code));
    }

    [Fact]
    public async Task Copy_TagsReplaced_HasTheNewOnes()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/a", "x", ("x-amz-tagging", "old=1"));

        await gateway.Raw.SendAsync("PUT", $"/{bucket}/b", [], ("x-amz-copy-source", $"{bucket}/a"), ("x-amz-tagging-directive", "REPLACE"), ("x-amz-tagging", "new=2"));

        var tags = await gateway.Client.GetObjectTaggingAsync(new GetObjectTaggingRequest { BucketName = bucket, Key = "b" });
        tags.Tagging.Select(tag => (tag.Key, tag.Value)).ShouldBe([("new", "2")]);
    }
}
