using Shouldly;

namespace Oort.S3.Client.Tests.Sending;

public sealed class AddressTests
{
    [Theory]
    [InlineData("http://host:9000", S3Addressing.Auto, "bucket", "a//b/../c d", "http://host:9000/bucket/a//b/../c%20d")]
    [InlineData("http://host:9000/", S3Addressing.Auto, "bucket", null, "http://host:9000/bucket")]
    [InlineData("http://host/base/path/", S3Addressing.Auto, "bucket", "k", "http://host/base/path/bucket/k")]
    [InlineData("https://host", S3Addressing.VirtualHost, "bucket", "k", "https://bucket.host/k")]
    [InlineData("https://host", S3Addressing.VirtualHost, "bucket", null, "https://bucket.host/")]
    [InlineData("https://s3.amazonaws.com", S3Addressing.Auto, "bucket", "k", "https://bucket.s3.amazonaws.com/k")]
    [InlineData("https://s3.amazonaws.com", S3Addressing.Auto, "dotted.bucket", "k", "https://s3.amazonaws.com/dotted.bucket/k")]
    [InlineData("https://s3.amazonaws.com", S3Addressing.Path, "bucket", "k", "https://s3.amazonaws.com/bucket/k")]
    [InlineData("https://amazonaws.com.example.net", S3Addressing.Auto, "bucket", "k", "https://amazonaws.com.example.net/bucket/k")]
    [InlineData("https://host", S3Addressing.Auto, null, null, "https://host/")]
    public void Target_OfARequest_StandsInThePathOrTheHost(string endpoint, S3Addressing addressing, string? bucket, string? key, string expected)
    {
        var options = new S3ClientOptions { Endpoint = new Uri(endpoint), Addressing = addressing };
        S3Address.Of(options, new S3Call(HttpMethod.Get, "x", bucket, key), options.Region).Target.OriginalString.ShouldBe(expected);
    }

    [Theory]
    [InlineData("https://s3.amazonaws.com", "us-east-1", "eu-west-3", "https://bucket.s3.eu-west-3.amazonaws.com/")]
    [InlineData("https://s3.us-west-2.amazonaws.com", "us-west-2", "eu-west-3", "https://bucket.s3.eu-west-3.amazonaws.com/")]
    [InlineData("https://s3.cn-north-1.amazonaws.com.cn", "cn-north-1", "cn-northwest-1", "https://bucket.s3.cn-northwest-1.amazonaws.com.cn/")]
    [InlineData("https://minio.example.net", "us-east-1", "eu-west-3", "https://minio.example.net/bucket")]
    public void Region_OfABucket_ChangesTheHostOnAwsOnly(string endpoint, string region, string bucketRegion, string expected)
    {
        var options = new S3ClientOptions { Endpoint = new Uri(endpoint), Region = region };
        S3Address.Of(options, new S3Call(HttpMethod.Get, "x", "bucket", null), bucketRegion).Target.OriginalString.ShouldBe(expected);
    }

    [Fact]
    public void Query_IsEncoded_AndNamesWithoutValuesStandAlone()
    {
        var options = new S3ClientOptions { Endpoint = new Uri("http://host") };
        var call = new S3Call(HttpMethod.Get, "x", "bucket", null).With("uploads", null).With("prefix", "a/b c+ä");
        S3Address.Of(options, call, "r").Target.OriginalString.ShouldBe("http://host/bucket?uploads&prefix=a%2Fb%20c%2B%C3%A4");
    }

    [Theory]
    [InlineData("ftp://host")]
    [InlineData("http://user:secret@host")]
    [InlineData("http://host/?query")]
    public void Endpoint_ThatIsNone_IsRefused(string endpoint) =>
        Should.Throw<ArgumentException>(() => new S3Client(new() { Endpoint = new Uri(endpoint) }, null, TimeProvider.System, new Random(1)));
}
