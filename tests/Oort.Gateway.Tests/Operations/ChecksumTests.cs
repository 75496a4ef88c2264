using System.Security.Cryptography;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using Oort.Checksums;
using Shouldly;
using Xunit;
using ChecksumAlgorithm = Oort.Checksums.ChecksumAlgorithm;

namespace Oort.Gateway.Tests.Operations;

public sealed class ChecksumTests(TestGateway gateway)
{
    private static readonly (string Header, ChecksumAlgorithm Algorithm)[] all =
    [
        ("crc32", ChecksumAlgorithm.Crc32), ("crc32c", ChecksumAlgorithm.Crc32C), ("crc64nvme", ChecksumAlgorithm.Crc64Nvme), ("sha1", ChecksumAlgorithm.Sha1), ("sha256", ChecksumAlgorithm.Sha256),
        ("sha512", ChecksumAlgorithm.Sha512), ("md5", ChecksumAlgorithm.Md5), ("xxhash64", ChecksumAlgorithm.XxHash64), ("xxhash3", ChecksumAlgorithm.XxHash3), ("xxhash128", ChecksumAlgorithm.XxHash128),
    ];

    [Fact]
    public async Task Put_WithChecksumHeader_IsVerifiedStoredAndReturned()
    {
        var bucket = await gateway.NewBucketAsync();
        foreach (var (name, algorithm) in all)
        {
            var value = Value(algorithm, "body"u8);
            var put = await gateway.Raw.SendAsync("PUT", $"/{bucket}/{name}", "body", ($"x-amz-checksum-{name}", value), ("x-amz-sdk-checksum-algorithm", name.ToUpperInvariant()));
            (put.Status, put.Header($"x-amz-checksum-{name}"), put.Header("x-amz-checksum-type")).ShouldBe((200, value, "FULL_OBJECT"));

            var got = await gateway.Raw.SendAsync("GET", $"/{bucket}/{name}", [], ("x-amz-checksum-mode", "ENABLED"));
            (got.Header($"x-amz-checksum-{name}"), got.Header("x-amz-checksum-type")).ShouldBe((value, "FULL_OBJECT"));
            (await gateway.Raw.SendAsync("GET", $"/{bucket}/{name}")).Headers.ShouldNotContainKey($"x-amz-checksum-{name}");
            (await gateway.Raw.SendAsync("GET", $"/{bucket}/{name}", [], ("x-amz-checksum-mode", "ENABLED"), ("Range", "bytes=0-1"))).Headers.ShouldNotContainKey($"x-amz-checksum-{name}");
        }
    }

    [Fact]
    public async Task Put_WrongChecksum_IsBadDigestAndStoresNothing()
    {
        var bucket = await gateway.NewBucketAsync();
        foreach (var (name, algorithm) in all)
        {
            foreach (var size in new[] { 4, 1_000_000 })
            {
                var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}/{name}", new byte[size], ($"x-amz-checksum-{name}", Value(algorithm, "other"u8)));
                (answer.Status, answer.Code).ShouldBe((400, "BadDigest"));
            }
        }

        (await gateway.Client.ListObjectsV2Async(new() { BucketName = bucket })).KeyCount.ShouldBe(0);
    }

    [Fact]
    public async Task Put_WithoutChecksum_GetsCrc64Nvme()
    {
        var bucket = await gateway.NewBucketAsync();

        var put = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "body");

        put.Header("x-amz-checksum-crc64nvme").ShouldBe(Value(ChecksumAlgorithm.Crc64Nvme, "body"u8));
    }

    [Fact]
    public async Task Put_TwoChecksums_IsInvalidRequest()
    {
        var bucket = await gateway.NewBucketAsync();

        var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "body", ("x-amz-checksum-crc32", Value(ChecksumAlgorithm.Crc32, "body"u8)), ("x-amz-checksum-sha1", Value(ChecksumAlgorithm.Sha1, "body"u8)));

        (answer.Status, answer.Code).ShouldBe((400, "InvalidRequest"));
    }

    [Fact]
    public async Task Put_BySdkWithEachAlgorithmItHas_RoundTrips()
    {
        var bucket = await gateway.NewBucketAsync();
        var body = TestGateway.Bytes(300_000);
        foreach (var algorithm in new[] { Amazon.S3.ChecksumAlgorithm.CRC32, Amazon.S3.ChecksumAlgorithm.SHA1, Amazon.S3.ChecksumAlgorithm.SHA256 })
        {
            await gateway.Client.PutObjectAsync(new() { BucketName = bucket, Key = algorithm.Value, InputStream = new MemoryStream(body), ChecksumAlgorithm = algorithm });

            using var got = await gateway.Client.GetObjectAsync(new() { BucketName = bucket, Key = algorithm.Value, ChecksumMode = ChecksumMode.ENABLED });
            (await got.ReadAsync()).ShouldBeBytes(body);
        }
    }

    [Theory]
    [InlineData("crc32", "COMPOSITE")]
    [InlineData("crc32", "FULL_OBJECT")]
    [InlineData("crc32c", "COMPOSITE")]
    [InlineData("crc32c", "FULL_OBJECT")]
    [InlineData("crc64nvme", "FULL_OBJECT")]
    [InlineData("sha1", "COMPOSITE")]
    [InlineData("sha256", "COMPOSITE")]
    [InlineData("sha512", "COMPOSITE")]
    [InlineData("md5", "COMPOSITE")]
    [InlineData("xxhash64", "COMPOSITE")]
    [InlineData("xxhash3", "COMPOSITE")]
    [InlineData("xxhash128", "COMPOSITE")]
    public async Task Multipart_ChecksumOfEachKind_IsThatOfTheObject(string name, string type)
    {
        var bucket = await gateway.NewBucketAsync();
        var algorithm = all.First(entry => entry.Header == name).Algorithm;
        byte[][] parts = [TestGateway.Bytes(TestGateway.PartSizeMin), TestGateway.Bytes(9)];
        var created = await gateway.Raw.SendAsync("POST", $"/{bucket}/key?uploads", [], ("x-amz-checksum-algorithm", name.ToUpperInvariant()), ("x-amz-checksum-type", type));
        (created.Header("x-amz-checksum-algorithm"), created.Header("x-amz-checksum-type")).ShouldBe((name.ToUpperInvariant(), type));
        var id = created.Element("UploadId");
        var list = "";
        for (var i = 0; i < parts.Length; i++)
        {
            var value = Value(algorithm, parts[i]);
            var part = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key?partNumber={i + 1}&uploadId={id}", parts[i], ($"x-amz-checksum-{name}", value));
            part.Header($"x-amz-checksum-{name}").ShouldBe(value);
            list += $"<Part><PartNumber>{i + 1}</PartNumber><ETag>{part.Header("ETag")}</ETag><Checksum{name.ToUpperInvariant()}>{value}</Checksum{name.ToUpperInvariant()}></Part>";
        }

        byte[] bytes = [.. parts[0], .. parts[1]];
        var expected = type == "FULL_OBJECT"
            ? Value(algorithm, bytes)
            : Value(algorithm, [.. Convert.FromBase64String(Value(algorithm, parts[0])), .. Convert.FromBase64String(Value(algorithm, parts[1]))]) + "-2";
        var body = $"<CompleteMultipartUpload>{list}</CompleteMultipartUpload>";
        var wrong = await gateway.Raw.SendAsync("POST", $"/{bucket}/key?uploadId={id}", body, ($"x-amz-checksum-{name}", Value(algorithm, "x"u8)));
        wrong.Code.ShouldBe("BadDigest");
        var otherType = await gateway.Raw.SendAsync("POST", $"/{bucket}/key?uploadId={id}", body, ("x-amz-checksum-type", type == "COMPOSITE" ? "FULL_OBJECT" : "COMPOSITE"));
        otherType.Code.ShouldBe("InvalidRequest");

        var done = await gateway.Raw.SendAsync("POST", $"/{bucket}/key?uploadId={id}", body, ($"x-amz-checksum-{name}", expected), ("x-amz-checksum-type", type));

        (done.Status, done.Element($"Checksum{name.ToUpperInvariant()}"), done.Element("ChecksumType")).ShouldBe((200, expected, type));
        var head = await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key", [], ("x-amz-checksum-mode", "ENABLED"));
        (head.Header($"x-amz-checksum-{name}"), head.Header("x-amz-checksum-type")).ShouldBe((expected, type));
        var second = await gateway.Raw.SendAsync("GET", $"/{bucket}/key?partNumber=2", [], ("x-amz-checksum-mode", "ENABLED"));
        second.Header($"x-amz-checksum-{name}").ShouldBe(Value(algorithm, parts[1]));
        var listed = await gateway.Raw.SendAsync("GET", $"/{bucket}");
        (listed.Element("ChecksumAlgorithm"), listed.Element("ChecksumType")).ShouldBe((name.ToUpperInvariant(), type));
    }

    [Theory]
    [InlineData("CRC64NVME", "COMPOSITE")]
    [InlineData("SHA1", "FULL_OBJECT")]
    [InlineData("SHA256", "FULL_OBJECT")]
    [InlineData("SHA512", "FULL_OBJECT")]
    [InlineData("MD5", "FULL_OBJECT")]
    [InlineData("XXHASH64", "FULL_OBJECT")]
    [InlineData("XXHASH3", "FULL_OBJECT")]
    [InlineData("XXHASH128", "FULL_OBJECT")]
    [InlineData("", "FULL_OBJECT")]
    [InlineData("CRC16", "")]
    [InlineData("CRC32", "HALF")]
    public async Task CreateMultipart_ImpossibleKind_IsInvalidRequest(string algorithm, string type)
    {
        List<(string, string)> headers = [];
        if (algorithm.Length > 0) headers.Add(("x-amz-checksum-algorithm", algorithm));
        if (type.Length > 0) headers.Add(("x-amz-checksum-type", type));

        var answer = await gateway.Raw.SendAsync("POST", $"/{await gateway.NewBucketAsync()}/key?uploads", [], [.. headers]);

        (answer.Status, answer.Code).ShouldBe((400, "InvalidRequest"));
    }

    [Fact]
    public async Task UploadPart_OtherAlgorithmThanTheUpload_IsInvalidRequest()
    {
        var bucket = await gateway.NewBucketAsync();
        var id = (await gateway.Raw.SendAsync("POST", $"/{bucket}/key?uploads", [], ("x-amz-checksum-algorithm", "SHA256"))).Element("UploadId");

        var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key?partNumber=1&uploadId={id}", "x", ("x-amz-checksum-sha1", Value(ChecksumAlgorithm.Sha1, "x"u8)));

        (answer.Status, answer.Code).ShouldBe((400, "InvalidRequest"));
    }

    [Fact]
    public async Task GetObjectAttributes_Multipart_ShowsAllThatWasAskedFor()
    {
        var bucket = await gateway.NewBucketAsync();
        var upload = await gateway.Client.InitiateMultipartUploadAsync(new InitiateMultipartUploadRequest { BucketName = bucket, Key = "key", ChecksumAlgorithm = Amazon.S3.ChecksumAlgorithm.SHA256 });
        var parts = new List<PartETag>();
        foreach (var (number, size) in new[] { (1, TestGateway.PartSizeMin), (2, TestGateway.PartSizeMin + 1), (3, 5) })
        {
            var part = await gateway.Client.UploadPartAsync(new()
            {
                BucketName = bucket,
                Key = "key",
                UploadId = upload.UploadId,
                PartNumber = number,
                InputStream = new MemoryStream(TestGateway.Bytes(size)),
                ChecksumAlgorithm = Amazon.S3.ChecksumAlgorithm.SHA256,
            });
            parts.Add(new() { PartNumber = number, ETag = part.ETag, ChecksumSHA256 = part.ChecksumSHA256 });
        }

        var done = await gateway.Client.CompleteMultipartUploadAsync(new() { BucketName = bucket, Key = "key", UploadId = upload.UploadId, PartETags = parts });

        List<ObjectAttributes> wanted = [ObjectAttributes.ETag, ObjectAttributes.Checksum, ObjectAttributes.ObjectParts, ObjectAttributes.StorageClass, ObjectAttributes.ObjectSize];
        var shown = await gateway.Client.GetObjectAttributesAsync(new() { BucketName = bucket, Key = "key", ObjectAttributes = wanted });
        shown.ETag.ShouldBe(done.ETag.Trim('"'));
        shown.Checksum.ChecksumSHA256.ShouldBe(done.ChecksumSHA256);
        shown.ObjectSize.ShouldBe((2 * TestGateway.PartSizeMin) + 6);
        shown.StorageClass.Value.ShouldBe("STANDARD");
        shown.ObjectParts.TotalPartsCount.ShouldBe(3);
        shown.ObjectParts.Parts.Select(part => (part.PartNumber, part.Size)).ShouldBe([(1, TestGateway.PartSizeMin), (2, TestGateway.PartSizeMin + 1), (3, 5)]);
        shown.ObjectParts.Parts[2].ChecksumSHA256.ShouldBe(Convert.ToBase64String(SHA256.HashData(TestGateway.Bytes(5))));

        var page = await gateway.Client.GetObjectAttributesAsync(new() { BucketName = bucket, Key = "key", ObjectAttributes = [ObjectAttributes.ObjectParts], MaxParts = 1, PartNumberMarker = 1 });
        (page.ObjectParts.IsTruncated, page.ObjectParts.NextPartNumberMarker, page.ObjectParts.PartNumberMarker, page.ObjectParts.MaxParts).ShouldBe((true, 2, 1, 1));
        page.ObjectParts.Parts.ShouldHaveSingleItem().PartNumber.ShouldBe(2);
        page.ETag.ShouldBeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("ETag,Colour")]
    public async Task GetObjectAttributes_BadNames_IsInvalidArgument(string names)
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "x");

        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key?attributes", [], ("x-amz-object-attributes", names))).Code.ShouldBe("InvalidArgument");
    }

    private static string Value(ChecksumAlgorithm algorithm, ReadOnlySpan<byte> bytes)
    {
        using var running = new RunningChecksum(algorithm);
        running.Append(bytes);
        return Convert.ToBase64String(running.Finish());
    }
}
