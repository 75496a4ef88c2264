using System.Security.Cryptography;
using Oort.S3.Client.Tests.Support;
using Shouldly;

namespace Oort.S3.Client.Tests.Services;

/// <summary>Every operation against a server that checks all of it: signatures, framing, lengths, checksums.</summary>
public sealed class GatewayTests(ServiceFixture service)
{
    private static readonly CancellationToken none = CancellationToken.None;

    public static TheoryData<S3BodyForm, int> Bodies()
    {
        var data = new TheoryData<S3BodyForm, int>();
        foreach (var form in Enum.GetValues<S3BodyForm>())
            foreach (var size in (int[])[0, 1, 65_535, 65_536, 65_537, 131_072, 3_000_001]) data.Add(form, size);
        return data;
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task PutAndGet_OfAnySizeInAnyForm_AreTheSameBytes(S3BodyForm form, int size)
    {
        using var client = service.Client(form);
        var bucket = await service.NewBucketAsync(client);
        var bytes = Bytes.Of(size);
        var stored = await client.PutObjectAsync(bucket, "key", Bytes.Body(bytes), S3PutOptions.None, none);
        stored.ETag.ShouldBe(Convert.ToHexStringLower(MD5.HashData(bytes)));

        var download = await client.GetObjectAsync(bucket, "key", null, null, 0, null, none);
        download.Info.Size.ShouldBe(size);
        download.Info.Checksum.ShouldNotBeNull();
        download.Info.IsETagMd5.ShouldBeTrue();
        (await download.ReadAsync()).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
    }

    [Theory]
    [InlineData("a//b/../c/./")]
    [InlineData("ä ö+ü %20 & ? # = ~!*'()")]
    [InlineData("日本語/\U0001F600")]
    [InlineData(" leading and trailing ")]
    [InlineData("tab\tand\u0001control")]
    public async Task Keys_WithEveryKindOfCharacter_ComeBackFromListings(string key)
    {
        using var client = service.Client();
        var bucket = await service.NewBucketAsync(client);
        await client.PutObjectAsync(bucket, key, Bytes.Body([1]), S3PutOptions.None, none);
        (await ListAsync(client, bucket, "")).ShouldBe([key]);
        (await client.HeadObjectAsync(bucket, key, null, null, none)).Size.ShouldBe(1);
        (await client.DeleteObjectsAsync(bucket, [(key, null)], none)).ShouldBeEmpty();
        (await ListAsync(client, bucket, "")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Attributes_OfEveryKind_ComeBack()
    {
        using var client = service.Client();
        var bucket = await service.NewBucketAsync(client);
        var options = new S3PutOptions
        {
            Headers = new Dictionary<string, string> { ["content-type"] = "text/plain; charset=utf-8", ["cache-control"] = "no-store", ["content-disposition"] = "attachment; filename=\"ä.txt\"", ["content-encoding"] = "x-own" },
            UserMetadata = new Dictionary<string, string> { ["plain"] = "value", ["other"] = "Zürich 日本" },
            Tags = [new("a b", "c=d"), new("ä", "")],
        };
        await client.PutObjectAsync(bucket, "key", Bytes.Body(Bytes.Of(100)), options, none);
        var info = await client.HeadObjectAsync(bucket, "key", null, null, none);
        info.Headers.ShouldBe(options.Headers, ignoreOrder: true);
        info.UserMetadata.ShouldBe(options.UserMetadata, ignoreOrder: true);
        info.TagCount.ShouldBe(2);
        (await client.GetTagsAsync(bucket, "key", null, none)).ShouldBe(options.Tags);

        await client.PutTagsAsync(bucket, "key", null, [new("x", "a=/:@")], none);
        (await client.GetTagsAsync(bucket, "key", null, none)).ShouldBe([new("x", "a=/:@")]);
        await client.PutTagsAsync(bucket, "key", null, [], none);
        (await client.GetTagsAsync(bucket, "key", null, none)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Listing_OfMoreThanAPage_IsCompleteAndInOrder()
    {
        using var client = service.Client();
        var bucket = await service.NewBucketAsync(client);
        var keys = Enumerable.Range(0, 1100).Select(i => $"k{i:D5}").ToArray();
        await Parallel.ForEachAsync(keys, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (key, token) => await client.PutObjectAsync(bucket, key, Bytes.Body([7]), S3PutOptions.None, token));
        (await ListAsync(client, bucket, "")).ShouldBe(keys);
        (await ListAsync(client, bucket, "k0105")).ShouldBe(keys.Where(key => key.StartsWith("k0105", StringComparison.Ordinal)));
        var after = new List<string>();
        await foreach (var item in client.ListObjectsAsync(bucket, "", "k01097", none)) after.Add(item.Key);
        after.ShouldBe(["k01098", "k01099"]);
        var page = await client.ListPageAsync(bucket, "", null, null, "0", 10, none);
        page.CommonPrefixes.ShouldBe(["k0"]);

        var versions = new List<S3VersionItem>();
        await foreach (var version in client.ListObjectVersionsAsync(bucket, "", none)) versions.Add(version);
        versions.Select(version => version.Key).ShouldBe(keys);
        versions.ShouldAllBe(version => version.IsLatest && version.VersionId == "null" && !version.IsDeleteMarker);
        (await client.ListBucketsAsync(none)).Select(b => b.Name).ShouldContain(bucket);
    }

    [Fact]
    public async Task Ranges_AndConditions_AreWhatWasAskedFor()
    {
        using var client = service.Client();
        var bucket = await service.NewBucketAsync(client);
        var bytes = Bytes.Of(200_000);
        var etag = (await client.PutObjectAsync(bucket, "key", Bytes.Body(bytes), S3PutOptions.None, none)).ETag;
        (await (await client.GetObjectAsync(bucket, "key", null, etag, 70_000, 1_000, none)).ReadAsync()).ShouldBe(bytes[70_000..71_000]);
        (await (await client.GetObjectAsync(bucket, "key", null, null, 199_990, null, none)).ReadAsync()).ShouldBe(bytes[199_990..]);
        (await (await client.GetObjectAsync(bucket, "key", null, null, 0, 200_000, none)).ReadAsync()).Length.ShouldBe(200_000);
        (await KindAsync(client.GetObjectAsync(bucket, "key", null, "0123", 0, null, none))).ShouldBe(S3ErrorKind.PreconditionFailed);
        (await KindAsync(client.PutObjectAsync(bucket, "key", Bytes.Body([1]), new() { IfNone = true }, none))).ShouldBe(S3ErrorKind.PreconditionFailed);
        (await KindAsync(client.PutObjectAsync(bucket, "key", Bytes.Body([1]), new() { IfMatch = "0123" }, none))).ShouldBe(S3ErrorKind.PreconditionFailed);
        (await client.PutObjectAsync(bucket, "key", Bytes.Body([1]), new() { IfMatch = etag }, none)).ETag.ShouldNotBe(etag);
    }

    [Fact]
    public async Task Upload_InParts_HasTheirETag_AndTellsTheirSizes()
    {
        using var client = service.Client();
        var bucket = await service.NewBucketAsync(client);
        foreach (int[] sizes in (int[][])[[5_000, 5_000, 123], [5_000, 3_000, 4_000], [700]])
        {
            var upload = await client.CreateUploadAsync(bucket, "key", new() { UserMetadata = new Dictionary<string, string> { ["m"] = "v" } }, none);
            var parts = new List<S3Part>();
            foreach (var (index, size) in sizes.Index())
                parts.Add(new(index + 1, size, await client.UploadPartAsync(bucket, "key", upload, index + 1, Bytes.Body(Bytes.Of(size)), none)));
            (await client.ListPartsAsync(bucket, "key", upload, none)).ShouldBe(parts);
            var stored = await client.CompleteUploadAsync(bucket, "key", upload, parts, S3PutOptions.None, none);
            stored.ETag.ShouldBe($"{Convert.ToHexStringLower(MD5.HashData(Convert.FromHexString(string.Concat(parts.Select(part => part.ETag)))))}-{sizes.Length}");

            var info = await client.HeadObjectAsync(bucket, "key", null, null, none);
            info.ETag.ShouldBe(stored.ETag);
            info.IsETagMd5.ShouldBeFalse();
            info.UserMetadata["m"].ShouldBe("v");
            (await client.FindPartSizesAsync(bucket, "key", null, info, none)).ShouldBe(sizes.Select(size => (long)size));
        }

        var abandoned = await client.CreateUploadAsync(bucket, "other", S3PutOptions.None, none);
        var second = await client.CreateUploadAsync(bucket, "ö th+er", S3PutOptions.None, none);
        (await client.ListUploadsAsync(bucket, "", none)).Select(upload => (upload.Key, upload.UploadId)).ShouldBe([("other", abandoned), ("ö th+er", second)]);
        (await client.ListUploadsAsync(bucket, "ö", none)).ShouldHaveSingleItem().Initiated.ShouldBeGreaterThan(DateTimeOffset.UnixEpoch);
        await client.AbortUploadAsync(bucket, "ö th+er", second, none);
        await client.AbortUploadAsync(bucket, "other", abandoned, none);
        await client.AbortUploadAsync(bucket, "other", abandoned, none);
        (await KindAsync(client.ListPartsAsync(bucket, "other", abandoned, none))).ShouldBe(S3ErrorKind.NotFound);
    }

    [Fact]
    public async Task Copy_WithAndWithoutNewAttributes_IsTheSameBytes()
    {
        using var client = service.Client();
        var bucket = await service.NewBucketAsync(client);
        var options = new S3PutOptions { UserMetadata = new Dictionary<string, string> { ["m"] = "v" } };
        var stored = await client.PutObjectAsync(bucket, "a ä+/b", Bytes.Body(Bytes.Of(1000)), options, none);
        (await client.CopyObjectAsync(bucket, "a ä+/b", null, bucket, "copy", null, none)).ETag.ShouldBe(stored.ETag);
        (await client.HeadObjectAsync(bucket, "copy", null, null, none)).UserMetadata["m"].ShouldBe("v");
        await client.CopyObjectAsync(bucket, "a ä+/b", null, bucket, "copy", new() { UserMetadata = new Dictionary<string, string> { ["n"] = "w" } }, none);
        (await client.HeadObjectAsync(bucket, "copy", null, null, none)).UserMetadata.Keys.ShouldBe(["n"]);
        await client.DeleteObjectAsync(bucket, "copy", null, none);
        await client.DeleteObjectAsync(bucket, "copy", null, none);
    }

    [Fact]
    public async Task Failures_HaveTheKindCodeAndIdOfTheService()
    {
        using var client = service.Client();
        using var stranger = service.Client(secret: "another secret");
        var bucket = await service.NewBucketAsync(client);
        (await KindAsync(client.HeadBucketAsync("no-such-bucket", none))).ShouldBe(S3ErrorKind.NotFound);
        (await KindAsync(client.HeadObjectAsync(bucket, "none", null, null, none))).ShouldBe(S3ErrorKind.NotFound);
        (await KindAsync(stranger.ListBucketsAsync(none))).ShouldBe(S3ErrorKind.Denied);
        (await KindAsync(client.CreateBucketAsync("No Bucket", none))).ShouldBe(S3ErrorKind.Invalid);
        (await KindAsync(client.RestoreObjectAsync(bucket, "none", null, 1, "Standard", none))).ShouldBe(S3ErrorKind.NotFound);

        var failure = await Should.ThrowAsync<S3ClientException>(client.GetObjectAsync(bucket, "none", null, null, 0, null, none));
        failure.Code.ShouldBe("NoSuchKey");
        failure.Status.ShouldBe(System.Net.HttpStatusCode.NotFound);
        failure.RequestId.ShouldNotBeEmpty();
        failure.Message.ShouldContain($"GetObject of s3://{bucket}/none was answered 404 NoSuchKey");
        failure.Message.ShouldContain(failure.RequestId);
    }

    [Fact]
    public async Task Put_WhoseSourceFails_SaysSoAndStoresNothing()
    {
        using var client = service.Client();
        var bucket = await service.NewBucketAsync(client);
        var shortBody = new S3Body(100, _ => ValueTask.FromResult<Stream>(new MemoryStream(new byte[99])));
        await Should.ThrowAsync<S3BodyException>(client.PutObjectAsync(bucket, "key", shortBody, S3PutOptions.None, none));
        (await KindAsync(client.HeadObjectAsync(bucket, "key", null, null, none))).ShouldBe(S3ErrorKind.NotFound);
    }

    private static async Task<S3ErrorKind> KindAsync(Task request) => (await Should.ThrowAsync<S3ClientException>(request)).Kind;

    private static async Task<List<string>> ListAsync(S3Client client, string bucket, string prefix)
    {
        var keys = new List<string>();
        await foreach (var item in client.ListObjectsAsync(bucket, prefix, null, none)) keys.Add(item.Key);
        return keys;
    }
}
