using System.Security.Cryptography;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

public sealed class ObjectTests(TestGateway gateway)
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_520)]
    [InlineData(300_000)]
    [InlineData(3_000_000)]
    public async Task PutObject_AnySize_ComesBackWithMd5AsETag(int size)
    {
        var bucket = await gateway.NewBucketAsync();
        var body = TestGateway.Bytes(size);

        var put = await gateway.Client.PutObjectAsync(new() { BucketName = bucket, Key = "key", InputStream = new MemoryStream(body) });

        put.ETag.ShouldBe($"\"{Convert.ToHexStringLower(MD5.HashData(body))}\"");
        using var got = await gateway.Client.GetObjectAsync(bucket, "key");
        (await got.ReadAsync()).ShouldBeBytes(body);
        got.ETag.ShouldBe(put.ETag);
        got.ContentLength.ShouldBe(size);
    }

    [Fact]
    public async Task PutObject_HeadersAndMetadata_ComeBack()
    {
        var bucket = await gateway.NewBucketAsync();
        var put = await gateway.Raw.SendAsync(
            "PUT",
            $"/{bucket}/key",
            "body",
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Encoding", "gzip"),
            ("Content-Disposition", "attachment; filename=\"a b\""),
            ("Content-Language", "de"),
            ("Cache-Control", "no-cache"),
            ("Expires", "Wed, 21 Oct 2026 07:28:00 GMT"),
            ("x-amz-storage-class", "STANDARD_IA"),
            ("x-amz-meta-One", "1"),
            ("x-amz-meta-two", "zwei drei"));
        put.Status.ShouldBe(200);
        put.Header("x-amz-server-side-encryption").ShouldBe("AES256");
        put.Header("x-oort-durability").ShouldBe("full");

        foreach (var method in new[] { "GET", "HEAD" })
        {
            var got = await gateway.Raw.SendAsync(method, $"/{bucket}/key");

            got.Status.ShouldBe(200);
            got.Header("Content-Type").ShouldBe("text/plain; charset=utf-8");
            got.Header("Content-Encoding").ShouldBe("gzip");
            got.Header("Content-Disposition").ShouldBe("attachment; filename=\"a b\"");
            got.Header("Content-Language").ShouldBe("de");
            got.Header("Cache-Control").ShouldBe("no-cache");
            got.Header("Expires").ShouldBe("Wed, 21 Oct 2026 07:28:00 GMT");
            got.Header("x-amz-storage-class").ShouldBe("STANDARD_IA");
            got.Header("x-amz-meta-one").ShouldBe("1");
            got.Header("x-amz-meta-two").ShouldBe("zwei drei");
            got.Header("x-amz-server-side-encryption").ShouldBe("AES256");
            got.Header("x-oort-durability").ShouldBe("full");
            got.Header("Accept-Ranges").ShouldBe("bytes");
            got.Header("Content-Length").ShouldBe("4");
            got.Header("ETag").ShouldBe(put.Header("ETag"));
            got.Header("Last-Modified").ShouldEndWith("GMT");
            got.Headers.ShouldNotContainKey("x-amz-version-id");
        }
    }

    [Fact]
    public async Task PutObject_WithoutContentType_IsBinary()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "x");

        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key")).Header("Content-Type").ShouldBe("binary/octet-stream");
    }

    [Fact]
    public async Task PutObject_AwsChunkedEncoding_IsNotStored()
    {
        var bucket = await gateway.NewBucketAsync();
        var request = new PutObjectRequest { BucketName = bucket, Key = "key", ContentBody = "hello", UseChunkEncoding = true };
        request.Headers.ContentEncoding = "gzip";
        await gateway.Client.PutObjectAsync(request);

        using var got = await gateway.Client.GetObjectAsync(bucket, "key");
        got.Headers.ContentEncoding.ShouldBe("gzip");
        Encoding.ASCII.GetString(await got.ReadAsync()).ShouldBe("hello");
    }

    [Theory]
    [InlineData("x-amz-storage-class", "EXPRESS_ONEZONE", 400, "InvalidStorageClass")]
    [InlineData("x-amz-storage-class", "standard", 400, "InvalidStorageClass")]
    [InlineData("x-amz-server-side-encryption", "aws:kms", 400, "KMS.NotFoundException")]
    [InlineData("x-amz-server-side-encryption", "rot13", 400, "InvalidArgument")]
    [InlineData("x-amz-server-side-encryption", "aws:kms:dsse", 501, "NotImplemented")]
    [InlineData("x-amz-server-side-encryption-customer-algorithm", "AES256", 400, "InvalidRequest")]
    [InlineData("x-amz-acl", "public-read", 400, "AccessControlListNotSupported")]
    [InlineData("x-amz-acl", "nobody", 400, "InvalidArgument")]
    [InlineData("x-amz-grant-read", "id=x", 400, "AccessControlListNotSupported")]
    [InlineData("x-amz-object-lock-mode", "GOVERNANCE", 400, "InvalidRequest")]
    [InlineData("x-amz-write-offset-bytes", "0", 501, "NotImplemented")]
    [InlineData("If-Unmodified-Since", "Wed, 21 Oct 2026 07:28:00 GMT", 501, "NotImplemented")]
    [InlineData("Content-MD5", "not base64", 400, "InvalidDigest")]
    [InlineData("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA==", 400, "BadDigest")]
    [InlineData("x-amz-checksum-crc32", "AAAAAA==", 400, "BadDigest")]
    [InlineData("x-amz-checksum-crc32", "AAAA", 400, "BadDigest")]
    [InlineData("x-amz-tagging", "a=1&a=2", 400, "InvalidTag")]
    public async Task PutObject_Header_IsRefusedAndStoresNothing(string name, string value, int status, string code)
    {
        var bucket = await gateway.NewBucketAsync();

        var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "body", (name, value));

        (answer.Status, answer.Code).ShouldBe((status, code));
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key")).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("x-amz-server-side-encryption", "AES256")]
    [InlineData("x-amz-acl", "bucket-owner-full-control")]
    [InlineData("x-amz-grant-full-control", "id=0123456789abcdef")]
    [InlineData("x-amz-storage-class", "GLACIER_IR")]
    [InlineData("Content-MD5", "hBotaJrYa9FhFEdFPCLG/A==")]
    public async Task PutObject_Header_IsTaken(string name, string value)
    {
        var bucket = await gateway.NewBucketAsync();

        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "body", (name, value))).Status.ShouldBe(200);
    }

    [Fact]
    public async Task PutObject_MetadataOfTwoKibibytes_IsTakenAndOneByteMoreIsNot()
    {
        var bucket = await gateway.NewBucketAsync();
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "", ("x-amz-meta-a", new string('v', 2047)))).Status.ShouldBe(200);

        var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "", ("x-amz-meta-a", new string('v', 2048)));

        (answer.Status, answer.Code).ShouldBe((400, "MetadataTooLarge"));
    }

    [Fact]
    public async Task PutObject_MetadataOutsideAscii_TravelsAsEncodedWord()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "", ("x-amz-meta-name", "=?UTF-8?B?w7xiZXI=?="));

        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key")).Header("x-amz-meta-name").ShouldBe("=?UTF-8?B?w7xiZXI=?=");
    }

    [Theory]
    [InlineData("bytes=0-3", 206, "0123", "bytes 0-3/10")]
    [InlineData("bytes=8-", 206, "89", "bytes 8-9/10")]
    [InlineData("bytes=-3", 206, "789", "bytes 7-9/10")]
    [InlineData("bytes=-30", 206, "0123456789", "bytes 0-9/10")]
    [InlineData("bytes=5-99", 206, "56789", "bytes 5-9/10")]
    [InlineData("bytes=0-0", 206, "0", "bytes 0-0/10")]
    [InlineData("bytes=0-1,3-4", 200, "0123456789", "")]
    [InlineData("bytes=4-2", 200, "0123456789", "")]
    [InlineData("rows=0-1", 200, "0123456789", "")]
    public async Task GetObject_Range_IsAnswered(string range, int status, string body, string contentRange)
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "0123456789");

        var answer = await gateway.Raw.SendAsync("GET", $"/{bucket}/key", [], ("Range", range));

        (answer.Status, answer.Text, answer.Header("Content-Range")).ShouldBe((status, body, contentRange));
        answer.Header("Content-Length").ShouldBe($"{body.Length}");
    }

    [Theory]
    [InlineData("bytes=10-")]
    [InlineData("bytes=10-20")]
    [InlineData("bytes=-0")]
    public async Task GetObject_RangeBeyondTheEnd_IsInvalidRange(string range)
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "0123456789");

        var answer = await gateway.Raw.SendAsync("GET", $"/{bucket}/key", [], ("Range", range));

        (answer.Status, answer.Code, answer.Element("ActualObjectSize")).ShouldBe((416, "InvalidRange", "10"));
        answer.Header("Content-Range").ShouldBe("bytes */10");
    }

    [Fact]
    public async Task GetObject_AnyRangeOfALargeObject_IsThoseBytes()
    {
        var bucket = await gateway.NewBucketAsync();
        var body = TestGateway.Bytes(1_000_000);
        await gateway.Client.PutObjectAsync(new() { BucketName = bucket, Key = "key", InputStream = new MemoryStream(body) });
        foreach (var (first, last) in new[] { (0, 999_999), (65_519, 65_520), (65_520, 131_040), (1, 300_000), (999_999, 999_999) })
        {
            using var got = await gateway.Client.GetObjectAsync(new() { BucketName = bucket, Key = "key", ByteRange = new(first, last) });
            (await got.ReadAsync()).AsSpan().SequenceEqual(body.AsSpan(first, last - first + 1)).ShouldBeTrue($"{first}-{last}");
        }
    }

    [Fact]
    public async Task GetObject_ResponseOverrides_ReplaceHeaders()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "x");

        var got = await gateway.Raw.SendAsync(
            "GET",
            $"/{bucket}/key?response-cache-control=no-store&response-content-disposition=attachment&response-content-encoding=br&response-content-language=fr&response-content-type=text%2Fhtml&response-expires=never");

        got.Header("Cache-Control").ShouldBe("no-store");
        got.Header("Content-Disposition").ShouldBe("attachment");
        got.Header("Content-Encoding").ShouldBe("br");
        got.Header("Content-Language").ShouldBe("fr");
        got.Header("Content-Type").ShouldBe("text/html");
        got.Header("Expires").ShouldBe("never");
    }

    [Fact]
    public async Task GetObject_OverrideWithNewline_IsInvalidArgument()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "x");

        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key?response-content-type=a%0D%0Ab%3A%20c")).Code.ShouldBe("InvalidArgument");
    }

    [Fact]
    public async Task GetObject_NoSuchKey_IsThat()
    {
        var bucket = await gateway.NewBucketAsync();

        var answer = await gateway.Raw.SendAsync("GET", $"/{bucket}/no%20key");

        (answer.Status, answer.Code, answer.Element("Key")).ShouldBe((404, "NoSuchKey", "no key"));
        answer.Element("RequestId").ShouldNotBeEmpty();
        var head = await gateway.Raw.SendAsync("HEAD", $"/{bucket}/no%20key");
        head.Status.ShouldBe(404);
        head.Body.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("versionId=", "InvalidArgument")]
    [InlineData("versionId=nonsense", "InvalidArgument")]
    [InlineData("versionId=00000000000000000000000000000001", "NoSuchVersion")]
    [InlineData("partNumber=0", "InvalidArgument")]
    [InlineData("partNumber=10001", "InvalidArgument")]
    [InlineData("partNumber=2", "InvalidPart")]
    public async Task GetObject_BadQuery_IsRefused(string query, string code)
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "x");

        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key?{query}")).Code.ShouldBe(code);
    }

    /// <summary>rclone before 1.61 says so of every object, whatever the bucket.</summary>
    [Fact]
    public async Task PutObject_Private_IsRefusedOnlyWhereSomebodyChoseThatListsDoNotCount()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "source", "x");
        (await CodesAsync()).ShouldBe(["", "", ""]);
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key?acl", [], ("x-amz-acl", "private"))).Code.ShouldBe("AccessControlListNotSupported");

        await gateway.Raw.SendAsync("PUT", $"/{bucket}?ownershipControls", "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>");

        (await CodesAsync()).ShouldAllBe(code => code == "AccessControlListNotSupported");

        async Task<string[]> CodesAsync() =>
        [
            (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "x", ("x-amz-acl", "private"))).Code,
            (await gateway.Raw.SendAsync("PUT", $"/{bucket}/copy", [], ("x-amz-acl", "private"), ("x-amz-copy-source", $"{bucket}/source"))).Code,
            (await gateway.Raw.SendAsync("POST", $"/{bucket}/upload?uploads", [], ("x-amz-acl", "private"))).Code,
        ];
    }

    [Fact]
    public async Task HeadObject_NotThere_SaysThatNoMarkerHidesIt()
    {
        var bucket = await gateway.NewBucketAsync();

        var answer = await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key");

        (answer.Status, answer.Header("x-amz-delete-marker")).ShouldBe((404, "false"));
    }

    [Fact]
    public async Task GetObject_PartOneOfAPlainObject_IsAllOfIt()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "body");

        var answer = await gateway.Raw.SendAsync("GET", $"/{bucket}/key?partNumber=1");

        (answer.Status, answer.Text, answer.Header("Content-Range")).ShouldBe((206, "body", "bytes 0-3/4"));
        answer.Headers.ShouldNotContainKey("x-amz-mp-parts-count");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key?partNumber=1", [], ("Range", "bytes=0-1"))).Code.ShouldBe("InvalidRequest");
    }

    [Fact]
    public async Task PutObject_Overwrite_ReplacesBytesAndHeaders()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "one", ("x-amz-meta-a", "1"));
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "two", ("x-amz-meta-b", "2"));

        var got = await gateway.Raw.SendAsync("GET", $"/{bucket}/key");

        got.Text.ShouldBe("two");
        got.Headers.ShouldNotContainKey("x-amz-meta-a");
        got.Header("x-amz-meta-b").ShouldBe("2");
    }

    /// <summary>Keys are any UTF-8: each comes back by GET, and under its own name from a listing.</summary>
    [Fact]
    public async Task PutObject_OddKeys_RoundTrip()
    {
        string[] keys =
        [
            "a b", "a+b", "a%20b", "a%2Fb", "a//b", "/a", "a/", ".", "..", "a/../b", "a/./b", "ä", "日本", "😀", "a?b", "a#b", "a&b=c", "'\"<>", "a\\b", "~!@$^*(){}[]|;:,",
            "a\tb", "a\nb", "\u0001", new string('k', 1024),
        ];
        var bucket = await gateway.NewBucketAsync();
        foreach (var key in keys) (await gateway.Raw.SendAsync("PUT", Target(bucket, key), key)).Status.ShouldBe(200, key);

        foreach (var key in keys) (await gateway.Raw.SendAsync("GET", Target(bucket, key))).Text.ShouldBe(key);
        var listed = await gateway.Raw.SendAsync("GET", $"/{bucket}?encoding-type=url&list-type=2");
        var names = System.Xml.Linq.XDocument.Parse(listed.Text).Descendants().Where(element => element.Name.LocalName == "Key").Select(element => Uri.UnescapeDataString(element.Value));
        names.Order(StringComparer.Ordinal).ShouldBe(keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task PutObject_KeyOver1024Bytes_IsKeyTooLong()
    {
        var bucket = await gateway.NewBucketAsync();

        var answer = await gateway.Raw.SendAsync("PUT", Target(bucket, new string('ä', 512) + "k"), "x");

        (answer.Status, answer.Code).ShouldBe((400, "KeyTooLongError"));
    }

    /// <summary>Everything but unreserved characters percent-encoded, dots too where a client would resolve them.</summary>
    private static string Target(string bucket, string key) =>
        $"/{bucket}/" + string.Concat(Encoding.UTF8.GetBytes(key).Select(b => char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'_' or (byte)'~' ? ((char)b).ToString() : $"%{b:X2}"));
}
