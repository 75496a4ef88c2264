using Amazon.S3;
using Amazon.S3.Model;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

public sealed class BucketTests(TestGateway gateway)
{
    [Fact]
    public async Task CreateBucket_New_IsListedAndFound()
    {
        var bucket = await gateway.NewBucketAsync();

        (await gateway.Client.ListBucketsAsync()).Buckets.ShouldContain(entry => entry.BucketName == bucket && entry.BucketRegion == "us-east-1");
        (await gateway.Client.HeadBucketAsync(new() { BucketName = bucket })).BucketRegion.ShouldBe("us-east-1");
        (await gateway.Client.GetBucketLocationAsync(bucket)).Location.Value.ShouldBeNullOrEmpty();
    }

    [Fact]
    public async Task CreateBucket_OwnAgainInUsEast1_Is200() => (await gateway.Raw.SendAsync("PUT", "/" + await gateway.NewBucketAsync())).Status.ShouldBe(200);

    [Fact]
    public async Task CreateBucket_OwnAgainElsewhere_IsBucketAlreadyOwnedByYou()
    {
        var bucket = gateway.NewBucketName();
        const string Body = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
        var first = await gateway.Raw.SendAsync("PUT", "/" + bucket, Body);
        first.Status.ShouldBe(200);
        first.Header("Location").ShouldBe("/" + bucket);

        var again = await gateway.Raw.SendAsync("PUT", "/" + bucket, Body);

        (again.Status, again.Code).ShouldBe((409, "BucketAlreadyOwnedByYou"));
        (await gateway.Client.GetBucketLocationAsync(bucket)).Location.Value.ShouldBe("eu-west-1");
    }

    [Theory]
    [InlineData("<CreateBucketConfiguration><LocationConstraint>no region</LocationConstraint></CreateBucketConfiguration>", 400, "InvalidLocationConstraint")]
    [InlineData("<CreateBucketConfiguration><Unknown/></CreateBucketConfiguration>", 400, "MalformedXML")]
    [InlineData("<!DOCTYPE x [<!ENTITY e \"e\">]><CreateBucketConfiguration>&e;</CreateBucketConfiguration>", 400, "MalformedXML")]
    [InlineData("<CreateBucketConfiguration><Bucket><Type>Directory</Type></Bucket></CreateBucketConfiguration>", 501, "NotImplemented")]
    public async Task CreateBucket_BadBody_IsRefused(string body, int status, string code)
    {
        var bucket = gateway.NewBucketName();

        var answer = await gateway.Raw.SendAsync("PUT", "/" + bucket, body);

        (answer.Status, answer.Code).ShouldBe((status, code));
        (await gateway.Raw.SendAsync("HEAD", "/" + bucket)).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("x-amz-bucket-object-lock-enabled", "true", 200, "")]
    [InlineData("x-amz-object-ownership", "Nobody", 400, "InvalidArgument")]
    [InlineData("x-amz-acl", "public-read", 400, "InvalidBucketAclWithObjectOwnership")]
    [InlineData("x-amz-acl", "no-such", 400, "InvalidArgument")]
    [InlineData("x-amz-grant-read", "id=x", 400, "InvalidBucketAclWithObjectOwnership")]
    [InlineData("x-amz-bucket-object-lock-enabled", "false", 200, "")]
    [InlineData("x-amz-object-ownership", "BucketOwnerEnforced", 200, "")]
    [InlineData("x-amz-object-ownership", "ObjectWriter", 200, "")]
    [InlineData("x-amz-acl", "private", 200, "")]
    public async Task CreateBucket_Header_IsHonouredOrRefused(string name, string value, int status, string code)
    {
        var answer = await gateway.Raw.SendAsync("PUT", "/" + gateway.NewBucketName(), [], (name, value));

        (answer.Status, answer.Code).ShouldBe((status, code));
    }

    [Theory]
    [InlineData("ab")]
    [InlineData("UpperCase")]
    [InlineData("a..b")]
    [InlineData("192.168.1.1")]
    [InlineData("xn--name")]
    public async Task CreateBucket_BadName_IsInvalidBucketName(string name)
    {
        var answer = await gateway.Raw.SendAsync("PUT", "/" + name);

        (answer.Status, answer.Code).ShouldBe((400, "InvalidBucketName"));
    }

    [Fact]
    public async Task DeleteBucket_NotEmpty_IsBucketNotEmpty()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "x");

        (await Should.ThrowAsync<AmazonS3Exception>(gateway.Client.DeleteBucketAsync(bucket))).ErrorCode.ShouldBe("BucketNotEmpty");

        await gateway.Client.DeleteObjectAsync(bucket, "key");
        ((int)(await gateway.Client.DeleteBucketAsync(bucket)).HttpStatusCode).ShouldBe(204);
        (await Should.ThrowAsync<AmazonS3Exception>(gateway.Client.ListObjectsV2Async(new() { BucketName = bucket }))).ErrorCode.ShouldBe("NoSuchBucket");
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("DELETE", "")]
    [InlineData("GET", "?location")]
    [InlineData("GET", "?versioning")]
    [InlineData("GET", "?acl")]
    [InlineData("GET", "?policy")]
    [InlineData("GET", "?uploads")]
    [InlineData("GET", "/key")]
    [InlineData("DELETE", "/key")]
    public async Task AnyOperation_NoSuchBucket_IsThat(string method, string rest)
    {
        var answer = await gateway.Raw.SendAsync(method, $"/{gateway.NewBucketName()}{rest}");

        (answer.Status, answer.Code).ShouldBe((404, "NoSuchBucket"));
    }

    [Fact]
    public async Task AnyOperation_OtherExpectedOwner_IsAccessDenied()
    {
        var bucket = await gateway.NewBucketAsync();

        var answer = await gateway.Raw.SendAsync("GET", "/" + bucket, [], ("x-amz-expected-bucket-owner", "999999999999"));

        (answer.Status, answer.Code).ShouldBe((403, "AccessDenied"));
    }

    [Fact]
    public async Task ListBuckets_InPages_ShowsEachOnce()
    {
        var prefix = gateway.NewBucketName();
        var names = Enumerable.Range(0, 5).Select(i => $"{prefix}-{i}").ToList();
        foreach (var name in names) await gateway.Client.PutBucketAsync(name);

        var found = new List<string>();
        var request = new ListBucketsRequest { Prefix = prefix, MaxBuckets = 2 };
        do
        {
            var page = await gateway.Client.ListBucketsAsync(request);
            found.AddRange(page.Buckets.Select(bucket => bucket.BucketName));
            request.ContinuationToken = page.ContinuationToken;
        }
        while (!string.IsNullOrEmpty(request.ContinuationToken));

        found.ShouldBe(names);
    }

    [Theory]
    [InlineData("max-buckets=0")]
    [InlineData("max-buckets=10001")]
    [InlineData("max-buckets=x")]
    [InlineData("continuation-token=x")]
    public async Task ListBuckets_BadParameter_IsInvalidArgument(string query) => (await gateway.Raw.SendAsync("GET", "/?" + query)).Code.ShouldBe("InvalidArgument");

    [Fact]
    public async Task Versioning_SetAndGet_IsTheSame()
    {
        var bucket = await gateway.NewBucketAsync();
        (await gateway.Client.GetBucketVersioningAsync(bucket)).VersioningConfig.Status.ShouldBe(VersionStatus.Off);

        foreach (var status in new[] { VersionStatus.Enabled, VersionStatus.Suspended })
        {
            await gateway.Client.PutBucketVersioningAsync(new() { BucketName = bucket, VersioningConfig = new() { Status = status } });
            (await gateway.Client.GetBucketVersioningAsync(bucket)).VersioningConfig.Status.ShouldBe(status);
        }
    }

    [Theory]
    [InlineData("<VersioningConfiguration/>", 400, "IllegalVersioningConfigurationException")]
    [InlineData("<VersioningConfiguration><Status>On</Status></VersioningConfiguration>", 400, "MalformedXML")]
    [InlineData("<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>", 501, "NotImplemented")]
    [InlineData("", 400, "MalformedXML")]
    public async Task PutBucketVersioning_BadBody_IsRefused(string body, int status, string code)
    {
        var answer = await gateway.Raw.SendAsync("PUT", $"/{await gateway.NewBucketAsync()}?versioning", body);

        (answer.Status, answer.Code).ShouldBe((status, code));
    }

    [Fact]
    public async Task PutBucketVersioning_WrongContentMd5_IsBadDigest()
    {
        var bucket = await gateway.NewBucketAsync();

        var answer = await gateway.Raw.SendAsync(
            "PUT", $"/{bucket}?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>", ("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="));

        answer.Code.ShouldBe("BadDigest");
        (await gateway.Client.GetBucketVersioningAsync(bucket)).VersioningConfig.Status.ShouldBe(VersionStatus.Off);
    }
}
