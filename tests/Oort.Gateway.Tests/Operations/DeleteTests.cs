using System.Security.Cryptography;
using System.Text;
using Amazon.S3.Model;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

public sealed class DeleteTests(TestGateway gateway)
{
    [Fact]
    public async Task DeleteObject_ThereOrNot_Is204()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "x");

        for (var i = 0; i < 2; i++)
        {
            var answer = await gateway.Raw.SendAsync("DELETE", $"/{bucket}/key");
            answer.Status.ShouldBe(204);
            answer.Headers.ShouldNotContainKey("x-amz-delete-marker");
            answer.Headers.ShouldNotContainKey("x-amz-version-id");
        }

        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("If-Match", "{tag}", 204, "")]
    [InlineData("If-Match", "*", 204, "")]
    [InlineData("If-Match", "\"other\"", 412, "PreconditionFailed")]
    [InlineData("x-amz-if-match-size", "4", 204, "")]
    [InlineData("x-amz-if-match-size", "5", 412, "PreconditionFailed")]
    [InlineData("x-amz-if-match-size", "many", 400, "InvalidArgument")]
    [InlineData("x-amz-if-match-last-modified-time", "{time}", 204, "")]
    [InlineData("x-amz-if-match-last-modified-time", "Wed, 21 Oct 2015 07:28:00 GMT", 412, "PreconditionFailed")]
    [InlineData("x-amz-if-match-last-modified-time", "yesterday", 400, "InvalidArgument")]
    [InlineData("If-None-Match", "*", 501, "NotImplemented")]
    public async Task DeleteObject_Condition_IsDecided(string name, string value, int status, string code)
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "body");
        var head = await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key");
        value = value.Replace("{tag}", head.Header("ETag"), StringComparison.Ordinal).Replace("{time}", head.Header("Last-Modified"), StringComparison.Ordinal);

        var answer = await gateway.Raw.SendAsync("DELETE", $"/{bucket}/key", [], (name, value));

        (answer.Status, answer.Code).ShouldBe((status, code));
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key")).Status.ShouldBe(status == 204 ? 404 : 200);
    }

    [Fact]
    public async Task DeleteObject_ConditionOnNothing_Is204()
    {
        var bucket = await gateway.NewBucketAsync();

        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}/key", [], ("If-Match", "\"any\""))).Status.ShouldBe(204);
    }

    [Fact]
    public async Task DeleteObjects_AThousandBySdk_DeletesAll()
    {
        var bucket = await gateway.NewBucketAsync();
        for (var i = 0; i < 10; i++) await gateway.PutAsync(bucket, $"key{i}", "x");
        var keys = Enumerable.Range(0, 1000).Select(i => new KeyVersion { Key = $"key{i}" }).ToList();

        var answer = await gateway.Client.DeleteObjectsAsync(new() { BucketName = bucket, Objects = keys });

        answer.DeletedObjects.Select(deleted => deleted.Key).ShouldBe(keys.Select(key => key.Key));
        (await gateway.Client.ListObjectsV2Async(new() { BucketName = bucket })).KeyCount.ShouldBe(0);
    }

    [Fact]
    public async Task DeleteObjects_Quiet_TellsErrorsOnly()
    {
        var bucket = await gateway.NewBucketAsync();
        var tag = (await gateway.Raw.SendAsync("PUT", $"/{bucket}/a", "body")).Header("ETag");
        await gateway.PutAsync(bucket, "b", "body");
        await gateway.PutAsync(bucket, "c", "body");
        var body = $"""
            <Delete><Quiet>true</Quiet>
            <Object><Key>a</Key><ETag>{tag.Replace("\"", "&quot;", StringComparison.Ordinal)}</ETag></Object>
            <Object><Key>b</Key><ETag>other</ETag></Object>
            <Object><Key>c</Key><Size>4</Size></Object>
            <Object><Key>d</Key><VersionId>nonsense</VersionId></Object>
            </Delete>
            """;

        var answer = await PostAsync(bucket, body);

        answer.Status.ShouldBe(200);
        var root = System.Xml.Linq.XDocument.Parse(answer.Text).Root!;
        root.Elements().Select(element => (element.Name.LocalName, Child(element, "Key"), Child(element, "Code")))
            .ShouldBe([("Error", "b", "PreconditionFailed"), ("Error", "d", "NoSuchVersion")]);
        var left = await gateway.Client.ListObjectsV2Async(new() { BucketName = bucket });
        left.S3Objects.Select(entry => entry.Key).ShouldBe(["b"]);
    }

    [Fact]
    public async Task DeleteObjects_KeysThatNeedEscaping_AreDeletedAndNamed()
    {
        var bucket = await gateway.NewBucketAsync();
        foreach (var key in new[] { "a%26b", "%3Cc%3E", "%20d%20" }) await gateway.Raw.SendAsync("PUT", $"/{bucket}/{key}", "x");

        var answer = await PostAsync(bucket, "<Delete><Object><Key>a&amp;b</Key></Object><Object><Key>&lt;c&gt;</Key></Object><Object><Key> d </Key></Object></Delete>");

        System.Xml.Linq.XDocument.Parse(answer.Text).Root!.Elements().Select(element => Child(element, "Key")).ShouldBe(["a&b", "<c>", " d "]);
        (await gateway.Client.ListObjectsV2Async(new() { BucketName = bucket })).KeyCount.ShouldBe(0);
    }

    [Fact]
    public async Task DeleteObjects_WithoutDigest_IsInvalidRequest()
    {
        var bucket = await gateway.NewBucketAsync();

        var answer = await gateway.Raw.SendAsync("POST", $"/{bucket}?delete", "<Delete><Object><Key>a</Key></Object></Delete>");

        (answer.Status, answer.Code).ShouldBe((400, "InvalidRequest"));
    }

    [Theory]
    [InlineData("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA==", "BadDigest")]
    [InlineData("x-amz-checksum-crc32", "AAAAAA==", "BadDigest")]
    public async Task DeleteObjects_WrongDigest_DeletesNothing(string name, string value, string code)
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "a", "x");

        var answer = await gateway.Raw.SendAsync("POST", $"/{bucket}?delete", "<Delete><Object><Key>a</Key></Object></Delete>", (name, value));

        (answer.Status, answer.Code).ShouldBe((400, code));
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/a")).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("<Delete></Delete>")]
    [InlineData("<Delete><Object></Object></Delete>")]
    [InlineData("<Delete><Object><Key>a</Key></Object>")]
    [InlineData("<Wrong><Object><Key>a</Key></Object></Wrong>")]
    [InlineData("<Delete><Object><Key>a</Key><Unknown>b</Unknown></Object></Delete>")]
    [InlineData("")]
    public async Task DeleteObjects_BadXml_IsMalformedXml(string body)
    {
        var answer = await PostAsync(await gateway.NewBucketAsync(), body);

        (answer.Status, answer.Code).ShouldBe((400, "MalformedXML"));
    }

    [Fact]
    public async Task DeleteObjects_AThousandAndOne_IsMalformedXml()
    {
        var body = $"<Delete>{string.Concat(Enumerable.Range(0, 1001).Select(i => $"<Object><Key>{i}</Key></Object>"))}</Delete>";

        (await PostAsync(await gateway.NewBucketAsync(), body)).Code.ShouldBe("MalformedXML");
    }

    private Task<RawAnswer> PostAsync(string bucket, string body) =>
        gateway.Raw.SendAsync("POST", $"/{bucket}?delete", body, ("Content-MD5", Convert.ToBase64String(MD5.HashData(Encoding.UTF8.GetBytes(body)))));

    private static string Child(System.Xml.Linq.XElement element, string name) => element.Elements().FirstOrDefault(child => child.Name.LocalName == name)?.Value ?? "";
}
