using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Transfer;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Clients;

/// <summary>The AWS SDK for .NET at its default settings: default checksums in trailers, signed chunks, retries.</summary>
public sealed class DotnetSdkTests : IDisposable
{
    private static int s_lastBucket;

    private readonly AmazonS3Client _client;

    public DotnetSdkTests(SharedGateway shared) => _client = S3Clients.Default(shared.Gateway);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_520)]
    [InlineData(3_000_003)]
    public async Task Put_AnySize_ComesBackWithChecksumAndMetadata(int size)
    {
        var bucket = await NewBucketAsync();
        var bytes = TestFiles.Bytes(size, size);
        var put = new PutObjectRequest { BucketName = bucket, Key = "key", InputStream = new MemoryStream(bytes), ContentType = "text/x-test" };
        put.Metadata["colour"] = "blue";
        var stored = await _client.PutObjectAsync(put);
        stored.ETag.Trim('"').ShouldBe(Convert.ToHexStringLower(MD5.HashData(bytes)));
        using var got = await _client.GetObjectAsync(bucket, "key");
        (await ReadAsync(got)).ShouldBe(bytes);
        got.Headers.ContentType.ShouldBe("text/x-test");
        got.Metadata["colour"].ShouldBe("blue");
        (await _client.GetObjectMetadataAsync(bucket, "key")).ContentLength.ShouldBe(size);
    }

    [Fact]
    public async Task Put_StreamThatCannotSeek_IsTaken()
    {
        var bucket = await NewBucketAsync();
        var bytes = TestFiles.Bytes(5, 400_000);
        await using var stream = new OneWayStream(bytes);
        var put = new PutObjectRequest { BucketName = bucket, Key = "key", InputStream = stream };
        put.Headers.ContentLength = bytes.Length;
        await _client.PutObjectAsync(put);
        using var got = await _client.GetObjectAsync(bucket, "key");
        (await ReadAsync(got)).ShouldBe(bytes);
    }

    [Fact]
    public async Task TransferUtility_LargeFile_ComesBackInParts()
    {
        var bucket = await NewBucketAsync();
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder["from"], TestFiles.Bytes(9, 23 * 1024 * 1024 + 9));
        using var transfer = new TransferUtility(_client, new TransferUtilityConfig { MinSizeBeforePartUpload = 8 * 1024 * 1024 });
        await transfer.UploadAsync(new TransferUtilityUploadRequest { BucketName = bucket, Key = "large", FilePath = folder["from"], PartSize = 5 * 1024 * 1024 });
        await transfer.DownloadAsync(folder["to"], bucket, "large");
        (await File.ReadAllBytesAsync(folder["to"])).ShouldBe(await File.ReadAllBytesAsync(folder["from"]));
        var attributes = await _client.GetObjectAttributesAsync(new() { BucketName = bucket, Key = "large", ObjectAttributes = [ObjectAttributes.ObjectParts, ObjectAttributes.ObjectSize, ObjectAttributes.Checksum] });
        attributes.ObjectSize.ShouldBe(23 * 1024 * 1024 + 9);
        attributes.ObjectParts.TotalPartsCount.ShouldBe(5);
        (await _client.ListMultipartUploadsAsync(bucket)).MultipartUploads.ShouldBeNull();
    }

    [Fact]
    public async Task TransferUtility_Directory_ComesBack()
    {
        var bucket = await NewBucketAsync();
        using var folder = new TemporaryFolder();
        TestFiles.WriteTree(folder["from"], seed: 500);
        using var transfer = new TransferUtility(_client);
        await transfer.UploadDirectoryAsync(new() { BucketName = bucket, Directory = folder["from"], KeyPrefix = "some/where", SearchPattern = "*", SearchOption = SearchOption.AllDirectories });
        await transfer.DownloadDirectoryAsync(bucket, "some/where", folder["to"]);
        TestFiles.Differences(folder["from"], folder["to"]).ShouldBeEmpty();
    }

    [Fact]
    public async Task Presigned_GetPutAndHead_NeedNoKeys()
    {
        var bucket = await NewBucketAsync();
        using var http = new HttpClient();
        string Url(HttpVerb verb) => _client.GetPreSignedURL(new() { BucketName = bucket, Key = "a b/+é", Verb = verb, Expires = TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(5), Protocol = Protocol.HTTP });
        using (var put = await http.PutAsync(Url(HttpVerb.PUT), new StringContent("by url"))) put.StatusCode.ShouldBe(HttpStatusCode.OK, await put.Content.ReadAsStringAsync());
        (await http.GetStringAsync(Url(HttpVerb.GET))).ShouldBe("by url");
        using var head = await http.SendAsync(new(HttpMethod.Head, Url(HttpVerb.HEAD)));
        head.Content.Headers.ContentLength.ShouldBe(6);
        using var other = await http.DeleteAsync(Url(HttpVerb.GET));
        other.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task OddKeys_PutListGetDelete_AreTheKeysThatWereSent()
    {
        var bucket = await NewBucketAsync();
        // No slash at the start: see below.
        string[] keys =
        [
            "plain", "a b", "a+b", "a%20b", "a%2Fb", "ä/ö/ü", "😀", "x//y", "./dot", "a/./b", "a/../b", "..", "trailing/", "q?x=1&y", "h#ash", "quote\"'`", "back\\slash",
            "<&>", "tab\there", "~-._", "semi;colon,comma", "star*", "pipe|", "{brace}", "[bracket]", "^caret", "$dollar", "@at", "!bang", "(paren)", "=eq", ":colon", new string('k', 1024),
        ];
        foreach (var key in keys) await _client.PutObjectAsync(new() { BucketName = bucket, Key = key, ContentBody = key });
        var listed = await _client.ListObjectsV2Async(new() { BucketName = bucket });
        listed.S3Objects.Select(o => o.Key).ShouldBe(keys, ignoreOrder: true);
        foreach (var key in keys)
        {
            using var got = await _client.GetObjectAsync(bucket, key);
            System.Text.Encoding.UTF8.GetString(await ReadAsync(got)).ShouldBe(key);
        }

        var deleted = await _client.DeleteObjectsAsync(new() { BucketName = bucket, Objects = [.. keys.Select(k => new KeyVersion { Key = k })] });
        deleted.DeletedObjects.Count.ShouldBe(keys.Length);
        await _client.DeleteBucketAsync(bucket);
    }

    [Fact]
    public async Task LeadingSlash_SentWithoutIt_TouchesNoOtherKey()
    {
        // Of "/lead" this SDK signs "/bucket//lead" and sends "/bucket/lead": another key (docs/s3-compatibility.md).
        var bucket = await NewBucketAsync();
        await _client.PutObjectAsync(new() { BucketName = bucket, Key = "lead", ContentBody = "precious" });
        var refused = await Should.ThrowAsync<AmazonS3Exception>(() => _client.PutObjectAsync(new() { BucketName = bucket, Key = "/lead", ContentBody = "other" }));
        refused.ErrorCode.ShouldBe("SignatureDoesNotMatch");
        using var got = await _client.GetObjectAsync(bucket, "lead");
        (await ReadAsync(got)).ShouldBe("precious"u8.ToArray());
    }

    [Fact]
    public async Task Versions_DeleteAndUndelete_BringTheObjectBack()
    {
        var bucket = await NewBucketAsync();
        await _client.PutBucketVersioningAsync(new() { BucketName = bucket, VersioningConfig = new() { Status = VersionStatus.Enabled } });
        var first = await _client.PutObjectAsync(new() { BucketName = bucket, Key = "k", ContentBody = "1" });
        var second = await _client.PutObjectAsync(new() { BucketName = bucket, Key = "k", ContentBody = "2" });
        first.VersionId.ShouldNotBe(second.VersionId);
        var marker = await _client.DeleteObjectAsync(bucket, "k");
        marker.DeleteMarker.ShouldBe("true");
        (await Should.ThrowAsync<AmazonS3Exception>(() => _client.GetObjectAsync(bucket, "k"))).ErrorCode.ShouldBe("NoSuchKey");
        using (var old = await _client.GetObjectAsync(bucket, "k", first.VersionId)) (await ReadAsync(old)).ShouldBe("1"u8.ToArray());
        await _client.DeleteObjectAsync(bucket, "k", marker.VersionId);
        using var back = await _client.GetObjectAsync(bucket, "k");
        (await ReadAsync(back)).ShouldBe("2"u8.ToArray());
        (await _client.ListVersionsAsync(bucket)).Versions.Select(v => v.VersionId).ShouldBe([second.VersionId, first.VersionId]);
    }

    [Fact]
    public async Task Conditions_OfWritesAndReads_AreDecided()
    {
        var bucket = await NewBucketAsync();
        var put = await _client.PutObjectAsync(new() { BucketName = bucket, Key = "k", ContentBody = "1", IfNoneMatch = "*" });
        (await StatusAsync(() => _client.PutObjectAsync(new() { BucketName = bucket, Key = "k", ContentBody = "2", IfNoneMatch = "*" }))).ShouldBe(HttpStatusCode.PreconditionFailed);
        (await StatusAsync(() => _client.GetObjectAsync(new() { BucketName = bucket, Key = "k", EtagToNotMatch = put.ETag }))).ShouldBe(HttpStatusCode.NotModified);
        (await StatusAsync(() => _client.GetObjectAsync(new() { BucketName = bucket, Key = "k", EtagToMatch = "\"0123\"" }))).ShouldBe(HttpStatusCode.PreconditionFailed);
        await _client.PutObjectAsync(new() { BucketName = bucket, Key = "k", ContentBody = "3", IfMatch = put.ETag });
        (await StatusAsync(() => _client.PutObjectAsync(new() { BucketName = bucket, Key = "k", ContentBody = "4", IfMatch = put.ETag }))).ShouldBe(HttpStatusCode.PreconditionFailed);
    }

    [Fact]
    public async Task Copy_WithinAndOverVersions_HasTheBytes()
    {
        var bucket = await NewBucketAsync();
        var bytes = TestFiles.Bytes(3, 700_000);
        await _client.PutObjectAsync(new() { BucketName = bucket, Key = "from/ä b", InputStream = new MemoryStream(bytes) });
        await _client.CopyObjectAsync(bucket, "from/ä b", bucket, "to/+");
        using var got = await _client.GetObjectAsync(new() { BucketName = bucket, Key = "to/+", ByteRange = new ByteRange(100_000, 199_999) });
        (await ReadAsync(got)).ShouldBe(bytes[100_000..200_000]);
    }

    public void Dispose() => _client.Dispose();

    private async Task<string> NewBucketAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"dotnet-sdk-{Interlocked.Increment(ref s_lastBucket)}");
        await _client.PutBucketAsync(name);
        return name;
    }

    private static async Task<HttpStatusCode> StatusAsync(Func<Task> call) => (await Should.ThrowAsync<AmazonS3Exception>(call)).StatusCode;

    private static async Task<byte[]> ReadAsync(GetObjectResponse response)
    {
        using var body = new MemoryStream();
        await response.ResponseStream.CopyToAsync(body);
        return body.ToArray();
    }

    /// <summary>As a network gives it: no length, no way back.</summary>
    private sealed class OneWayStream(byte[] bytes) : MemoryStream(bytes, writable: false)
    {
        public override bool CanSeek => false;
    }
}
