using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Transfer;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

public sealed class MultipartTests(TestGateway gateway)
{
    private const int Size = TestGateway.PartSizeMin;

    [Fact]
    public async Task Complete_ThreeParts_IsTheirConcatenation()
    {
        var bucket = await gateway.NewBucketAsync();
        byte[][] parts = [TestGateway.Bytes(Size), TestGateway.Bytes(Size + 1), TestGateway.Bytes(7)];

        var (etag, _) = await UploadAsync(bucket, "key", parts, ("x-amz-meta-a", "1"), ("Content-Type", "text/css"), ("x-amz-tagging", "t=1"));

        var md5 = MD5.HashData([.. parts.SelectMany(part => MD5.HashData(part))]);
        etag.ShouldBe($"\"{Convert.ToHexStringLower(md5)}-3\"");
        var got = await gateway.Raw.SendAsync("GET", $"/{bucket}/key");
        got.Body.ShouldBeBytes(parts.SelectMany(part => part).ToArray());
        (got.Header("ETag"), got.Header("x-amz-meta-a"), got.Header("Content-Type"), got.Header("x-amz-tagging-count")).ShouldBe((etag, "1", "text/css", "1"));
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?uploads")).Element("Upload").ShouldBeEmpty();
    }

    [Fact]
    public async Task Get_ByPartNumber_IsThatPart()
    {
        var bucket = await gateway.NewBucketAsync();
        byte[][] parts = [TestGateway.Bytes(Size), TestGateway.Bytes(Size + 1), TestGateway.Bytes(7)];
        var (etag, _) = await UploadAsync(bucket, "key", parts);

        for (var i = 0; i < parts.Length; i++)
        {
            var got = await gateway.Raw.SendAsync("GET", $"/{bucket}/key?partNumber={i + 1}");

            (got.Status, got.Header("x-amz-mp-parts-count"), got.Header("ETag")).ShouldBe((206, "3", etag));
            got.Body.ShouldBeBytes(parts[i]);
            var offset = parts.Take(i).Sum(part => part.Length);
            got.Header("Content-Range").ShouldBe($"bytes {offset}-{offset + parts[i].Length - 1}/{parts.Sum(part => part.Length)}");
            (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key?partNumber={i + 1}")).Header("Content-Length").ShouldBe(parts[i].Length.ToString(CultureInfo.InvariantCulture));
        }

        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key?partNumber=4")).Code.ShouldBe("InvalidPart");
    }

    [Fact]
    public async Task Complete_BySdkTransfer_RoundTrips()
    {
        var bucket = await gateway.NewBucketAsync();
        var body = TestGateway.Bytes(12_000_000);
        using var transfer = new TransferUtility(gateway.Client, new TransferUtilityConfig { MinSizeBeforePartUpload = 5 << 20 });
        await transfer.UploadAsync(new TransferUtilityUploadRequest { BucketName = bucket, Key = "key", InputStream = new MemoryStream(body), PartSize = 5 << 20 });

        using var got = await gateway.Client.GetObjectAsync(bucket, "key");
        got.ETag.ShouldEndWith("-3\"");
        (await got.ReadAsync()).ShouldBeBytes(body);
    }

    [Fact]
    public async Task UploadPart_Again_ReplacesIt()
    {
        var bucket = await gateway.NewBucketAsync();
        var id = await CreateAsync(bucket, "key");
        await PartAsync(bucket, "key", id, 1, TestGateway.Bytes(5));
        var second = await PartAsync(bucket, "key", id, 1, TestGateway.Bytes(6));

        (await CompleteAsync(bucket, "key", id, (1, second))).Status.ShouldBe(200);

        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Body.ShouldBeBytes(TestGateway.Bytes(6));
    }

    [Fact]
    public async Task Complete_SomeOfTheParts_DropsTheOthers()
    {
        var bucket = await gateway.NewBucketAsync();
        var id = await CreateAsync(bucket, "key");
        var tags = new List<string>();
        for (var i = 1; i <= 3; i++) tags.Add(await PartAsync(bucket, "key", id, i * 10, TestGateway.Bytes(Size + i)));

        (await CompleteAsync(bucket, "key", id, (10, tags[0]), (30, tags[2]))).Status.ShouldBe(200);

        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Body.ShouldBeBytes([.. TestGateway.Bytes(Size + 1), .. TestGateway.Bytes(Size + 3)]);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key?partNumber=30")).Body.ShouldBeBytes(TestGateway.Bytes(Size + 3));
    }

    [Fact]
    public async Task Complete_BadLists_AreRefusedAndTheUploadStays()
    {
        var bucket = await gateway.NewBucketAsync();
        var id = await CreateAsync(bucket, "key");
        var small = await PartAsync(bucket, "key", id, 1, TestGateway.Bytes(Size - 1));
        var large = await PartAsync(bucket, "key", id, 2, TestGateway.Bytes(Size));

        (await CompleteAsync(bucket, "key", id, (2, large), (1, small))).Code.ShouldBe("InvalidPartOrder");
        (await CompleteAsync(bucket, "key", id, (1, large), (2, large))).Code.ShouldBe("InvalidPart");
        (await CompleteAsync(bucket, "key", id, (1, small), (3, large))).Code.ShouldBe("InvalidPart");
        (await CompleteAsync(bucket, "key", id, (1, small), (2, large))).Code.ShouldBe("EntityTooSmall");
        (await CompleteAsync(bucket, "key", id)).Code.ShouldBe("MalformedXML");
        (await gateway.Raw.SendAsync("POST", $"/{bucket}/key?uploadId={id}", "<Complete")).Code.ShouldBe("MalformedXML");
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key")).Status.ShouldBe(404);

        (await CompleteAsync(bucket, "key", id, (2, large))).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Complete_Repeated_IsAnsweredTheSame()
    {
        var bucket = await gateway.NewVersionedBucketAsync();
        var id = await CreateAsync(bucket, "key");
        var tag = await PartAsync(bucket, "key", id, 1, TestGateway.Bytes(5));
        var first = await CompleteAsync(bucket, "key", id, (1, tag));

        var again = await CompleteAsync(bucket, "key", id, (1, tag));

        (again.Status, again.Header("x-amz-version-id"), again.Element("ETag")).ShouldBe((200, first.Header("x-amz-version-id"), first.Element("ETag")));
        (await gateway.Client.ListVersionsAsync(bucket)).Versions.Count.ShouldBe(1);
        (await CompleteAsync(bucket, "key", id, (1, "\"0123456789abcdef0123456789abcdef\""))).Code.ShouldBe("NoSuchUpload");
        await gateway.PutAsync(bucket, "key", "newer");
        (await CompleteAsync(bucket, "key", id, (1, tag))).Code.ShouldBe("NoSuchUpload");
    }

    [Fact]
    public async Task Complete_ManyAtOnce_MakeOneVersion()
    {
        // Often, since the one that commits must do so between two reads of another for the case that matters.
        for (var round = 0; round < 10; round++)
        {
            var bucket = await gateway.NewVersionedBucketAsync();
            var id = await CreateAsync(bucket, "key");
            var tag = await PartAsync(bucket, "key", id, 1, TestGateway.Bytes(5));

            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => CompleteAsync(bucket, "key", id, (1, tag))));

            answers.ShouldAllBe(answer => answer.Status == 200);
            answers.Select(answer => answer.Header("x-amz-version-id")).Distinct().Count().ShouldBe(1);
            (await gateway.Client.ListVersionsAsync(bucket)).Versions.Count.ShouldBe(1);
        }
    }

    [Fact]
    public async Task Complete_IfNoneMatch_HasOneWinnerAmongUploads()
    {
        var bucket = await gateway.NewBucketAsync();
        var uploads = new List<(string Id, string Tag)>();
        for (var i = 0; i < 10; i++)
        {
            var id = await CreateAsync(bucket, "key");
            uploads.Add((id, await PartAsync(bucket, "key", id, 1, TestGateway.Bytes(i + 1))));
        }

        var answers = await Task.WhenAll(uploads.Select(upload => CompleteAsync(bucket, "key", upload.Id, [("If-None-Match", "*")], (1, upload.Tag))));

        answers.Count(answer => answer.Status == 200).ShouldBe(1);
        answers.Count(answer => answer.Code == "PreconditionFailed").ShouldBe(9);
    }

    [Fact]
    public async Task Complete_IfMatch_IsDecided()
    {
        var bucket = await gateway.NewBucketAsync();
        var id = await CreateAsync(bucket, "key");
        var tag = await PartAsync(bucket, "key", id, 1, TestGateway.Bytes(5));

        (await CompleteAsync(bucket, "key", id, [("If-Match", "\"x\"")], (1, tag))).Code.ShouldBe("NoSuchKey");
        var old = (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "old")).Header("ETag");
        (await CompleteAsync(bucket, "key", id, [("If-Match", "\"x\"")], (1, tag))).Code.ShouldBe("PreconditionFailed");
        (await CompleteAsync(bucket, "key", id, [("If-Match", old)], (1, tag))).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Complete_ObjectSize_IsCompared()
    {
        var bucket = await gateway.NewBucketAsync();
        var id = await CreateAsync(bucket, "key");
        var tag = await PartAsync(bucket, "key", id, 1, TestGateway.Bytes(5));

        (await CompleteAsync(bucket, "key", id, [("x-amz-mp-object-size", "6")], (1, tag))).Code.ShouldBe("InvalidRequest");
        (await CompleteAsync(bucket, "key", id, [("x-amz-mp-object-size", "five")], (1, tag))).Code.ShouldBe("InvalidArgument");
        (await CompleteAsync(bucket, "key", id, [("x-amz-mp-object-size", "5")], (1, tag))).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Abort_Upload_IsGone()
    {
        var bucket = await gateway.NewBucketAsync();
        var id = await CreateAsync(bucket, "key");
        var tag = await PartAsync(bucket, "key", id, 1, TestGateway.Bytes(5));

        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}/key?uploadId={id}")).Status.ShouldBe(204);

        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}/key?uploadId={id}")).Code.ShouldBe("NoSuchUpload");
        (await CompleteAsync(bucket, "key", id, (1, tag))).Code.ShouldBe("NoSuchUpload");
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key?uploadId={id}")).Code.ShouldBe("NoSuchUpload");
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key?uploadId={id}&partNumber=1", "x")).Code.ShouldBe("NoSuchUpload");
    }

    [Theory]
    [InlineData("0")]
    [InlineData("10001")]
    [InlineData("x")]
    public async Task UploadPart_BadNumber_IsInvalidArgument(string number)
    {
        var bucket = await gateway.NewBucketAsync();
        var id = await CreateAsync(bucket, "key");

        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key?partNumber={number}&uploadId={id}", "x")).Code.ShouldBe("InvalidArgument");
    }

    [Fact]
    public async Task UploadPart_OfAnotherKey_IsNoSuchUpload()
    {
        var bucket = await gateway.NewBucketAsync();
        var id = await CreateAsync(bucket, "key");

        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/other?partNumber=1&uploadId={id}", "x")).Code.ShouldBe("NoSuchUpload");
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key?partNumber=1&uploadId=nonsense", "x")).Code.ShouldBe("NoSuchUpload");
    }

    [Fact]
    public async Task UploadPartCopy_WholeAndRange_AreThoseBytes()
    {
        var bucket = await gateway.NewBucketAsync();
        var source = TestGateway.Bytes(400_000);
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/source", source);
        var id = await CreateAsync(bucket, "key");

        var whole = await CopyPartAsync(bucket, id, 1);
        var range = await CopyPartAsync(bucket, id, 2, ("x-amz-copy-source-range", "bytes=70000-70009"));

        whole.Element("ETag").ShouldBe($"\"{Convert.ToHexStringLower(MD5.HashData(source))}\"");
        range.Element("ETag").ShouldBe($"\"{Convert.ToHexStringLower(MD5.HashData(source.AsSpan(70_000, 10)))}\"");
        (await CompleteAsync(bucket, "key", id, (1, whole.Element("ETag")), (2, range.Element("ETag")))).Status.ShouldBe(200);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Body.ShouldBeBytes([.. source, .. source.AsSpan(70_000, 10)]);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key?partNumber=2")).Body.ShouldBeBytes(source[70_000..70_010]);
    }

    [Theory]
    [InlineData("bytes=0-10", "InvalidRange")]
    [InlineData("bytes=10-20", "InvalidRange")]
    [InlineData("bytes=0-", "InvalidArgument")]
    [InlineData("bytes=-5", "InvalidArgument")]
    [InlineData("bytes=5-2", "InvalidArgument")]
    public async Task UploadPartCopy_BadRange_IsRefused(string range, string code)
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.Raw.SendAsync("PUT", $"/{bucket}/source", "0123456789");
        var id = await CreateAsync(bucket, "key");

        (await CopyPartAsync(bucket, id, 1, ("x-amz-copy-source-range", range))).Code.ShouldBe(code);
    }

    [Fact]
    public async Task ListParts_InPages_ShowsEachOnce()
    {
        var bucket = await gateway.NewBucketAsync();
        var id = await CreateAsync(bucket, "key");
        var tags = new Dictionary<int, string>();
        foreach (var number in new[] { 3, 1, 10, 7, 5 }) tags[number] = await PartAsync(bucket, "key", id, number, TestGateway.Bytes(number));

        var found = new List<(int, string, long)>();
        var request = new ListPartsRequest { BucketName = bucket, Key = "key", UploadId = id, MaxParts = 2 };
        ListPartsResponse page;
        do
        {
            page = await gateway.Client.ListPartsAsync(request);
            found.AddRange(page.Parts.Select(part => (part.PartNumber!.Value, part.ETag, part.Size!.Value)));
            request.PartNumberMarker = page.NextPartNumberMarker?.ToString(CultureInfo.InvariantCulture);
        }
        while (page.IsTruncated == true);

        found.ShouldBe(tags.OrderBy(tag => tag.Key).Select(tag => (tag.Key, tag.Value, (long)tag.Key)));
        (page.StorageClass, page.Owner.Id, page.UploadId).ShouldBe(("STANDARD", page.Initiator.Id, id));
    }

    [Fact]
    public async Task ListUploads_PrefixDelimiterAndPages_AreHonoured()
    {
        var bucket = await gateway.NewBucketAsync();
        var ids = new List<(string, string)>();
        foreach (var key in new[] { "a", "a", "dir/b", "dir/c", "e" }) ids.Add((key, await CreateAsync(bucket, key)));

        var rolled = await gateway.Client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = bucket, Delimiter = "/" });
        rolled.MultipartUploads.Select(upload => upload.Key).ShouldBe(["a", "a", "e"]);
        rolled.CommonPrefixes.ShouldBe(["dir/"]);
        (await gateway.Client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = bucket, Prefix = "dir/" })).MultipartUploads.Select(upload => upload.Key).ShouldBe(["dir/b", "dir/c"]);

        var found = new List<(string, string)>();
        var request = new ListMultipartUploadsRequest { BucketName = bucket, MaxUploads = 2 };
        ListMultipartUploadsResponse page;
        do
        {
            page = await gateway.Client.ListMultipartUploadsAsync(request);
            found.AddRange(page.MultipartUploads.Select(upload => (upload.Key, upload.UploadId)));
            (request.KeyMarker, request.UploadIdMarker) = (page.NextKeyMarker, page.NextUploadIdMarker);
        }
        while (page.IsTruncated == true);

        found.Order().ShouldBe(ids.Order());
        found.Select(upload => upload.Item1).ShouldBe(ids.Select(upload => upload.Item1));
    }

    [Fact]
    public async Task DeleteBucket_WithAnUploadInProgress_TakesItAlong()
    {
        var bucket = await gateway.NewBucketAsync();
        var id = await CreateAsync(bucket, "key");
        await gateway.Client.DeleteBucketAsync(bucket);
        await gateway.Client.PutBucketAsync(bucket);

        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key?uploadId={id}")).Code.ShouldBe("NoSuchUpload");
    }

    private async Task<(string ETag, string Id)> UploadAsync(string bucket, string key, byte[][] parts, params (string, string)[] headers)
    {
        var id = await CreateAsync(bucket, key, headers);
        var tags = new List<(int, string)>();
        for (var i = 0; i < parts.Length; i++) tags.Add((i + 1, await PartAsync(bucket, key, id, i + 1, parts[i])));
        var done = await CompleteAsync(bucket, key, id, [.. tags]);
        done.Status.ShouldBe(200);
        done.Header("x-oort-durability").ShouldBe("full");
        done.Element("Location").ShouldBe($"{gateway.Endpoint}{bucket}/{key}");
        return (done.Element("ETag"), id);
    }

    private async Task<string> CreateAsync(string bucket, string key, params (string, string)[] headers) =>
        (await gateway.Raw.SendAsync("POST", $"/{bucket}/{key}?uploads", [], headers)).Element("UploadId");

    private async Task<string> PartAsync(string bucket, string key, string id, int number, byte[] body)
    {
        var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}/{key}?partNumber={number}&uploadId={id}", body);
        answer.Status.ShouldBe(200);
        return answer.Header("ETag");
    }

    private Task<RawAnswer> CopyPartAsync(string bucket, string id, int number, params (string, string)[] headers) =>
        gateway.Raw.SendAsync("PUT", $"/{bucket}/key?partNumber={number}&uploadId={id}", [], [("x-amz-copy-source", $"{bucket}/source"), .. headers]);

    private Task<RawAnswer> CompleteAsync(string bucket, string key, string id, params (int Number, string Tag)[] parts) => CompleteAsync(bucket, key, id, [], parts);

    private Task<RawAnswer> CompleteAsync(string bucket, string key, string id, (string, string)[] headers, params (int Number, string Tag)[] parts)
    {
        var list = string.Concat(parts.Select(part => $"<Part><PartNumber>{part.Number}</PartNumber><ETag>{part.Tag}</ETag></Part>"));
        return gateway.Raw.SendAsync("POST", $"/{bucket}/{key}?uploadId={id}", $"<CompleteMultipartUpload>{list}</CompleteMultipartUpload>", headers);
    }
}
