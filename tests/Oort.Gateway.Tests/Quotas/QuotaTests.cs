using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Quotas;

/// <summary>What clients meet when a quota has no room; what is decided is tested with the metadata engines.</summary>
public sealed class QuotaTests(TestGateway gateway)
{
    private const int Large = 2_000_000;

    private IMetadataStore Metadata => gateway.Layer.Metadata;

    private async Task<string> NewBucketAsync(Quota quota, bool isVersioned = false)
    {
        var name = isVersioned ? await gateway.NewVersionedBucketAsync() : await gateway.NewBucketAsync();
        await SetAsync(name, quota.ToRecord());
        return name;
    }

    private async Task SetAsync(string name, byte[] record)
    {
        var bucket = await Metadata.FindBucketAsync(name, CancellationToken.None);
        (await Metadata.UpdateBucketAsync(bucket!.Id, row => row with { Settings = row.Settings.SetItem(Quota.BucketSetting, [.. record]) }, CancellationToken.None)).ShouldBe(CommitOutcome.Done);
    }

    private static async Task<string> RefusedAsync(Func<Task> request)
    {
        var error = await Should.ThrowAsync<AmazonS3Exception>(request);
        (error.ErrorCode, error.StatusCode).ShouldBe(("QuotaExceeded", HttpStatusCode.Forbidden));
        return error.Message;
    }

    [Fact]
    public async Task Put_BeyondTheBytes_IsRefusedWithTheQuotaAndDeletesMakeRoom()
    {
        var bucket = await NewBucketAsync(new(10, null));
        await gateway.PutAsync(bucket, "a", "1234567");
        (await RefusedAsync(() => gateway.PutAsync(bucket, "b", "1234"))).ShouldBe($"The quota of the bucket {bucket} is 10 bytes, of which 7 are used.");
        await gateway.PutAsync(bucket, "a", "1234567890");
        await gateway.Client.DeleteObjectAsync(bucket, "a");
        await gateway.PutAsync(bucket, "b", "1234");
        (await gateway.Client.ListObjectsV2Async(new() { BucketName = bucket })).S3Objects.Select(entry => entry.Key).ShouldBe(["b"]);
    }

    [Fact]
    public async Task Put_BeyondTheObjects_SaysWhatCounts()
    {
        var bucket = await NewBucketAsync(new(null, 2), isVersioned: true);
        await gateway.PutAsync(bucket, "a", "1");
        await gateway.PutAsync(bucket, "a", "2");
        (await RefusedAsync(() => gateway.PutAsync(bucket, "a", "3"))).ShouldBe($"The quota of the bucket {bucket} is 2 objects, of which 2 are there. Each version and each delete marker is one.");
        (await gateway.Client.DeleteObjectAsync(bucket, "a")).DeleteMarker.ShouldBe("true");
    }

    [Fact]
    public async Task Put_QuotaThatCannotBeRead_IsRefusedAndSaysSo()
    {
        var bucket = await NewBucketAsync(new(1, 1));
        await SetAsync(bucket, [2]);
        (await RefusedAsync(() => gateway.PutAsync(bucket, "a", ""))).ShouldContain("cannot be read");
    }

    [Fact]
    public async Task Copy_BeyondTheQuota_IsRefused()
    {
        var source = await gateway.NewBucketAsync();
        await gateway.PutAsync(source, "a", "12345678901");
        var bucket = await NewBucketAsync(new(10, null));
        (await RefusedAsync(() => gateway.Client.CopyObjectAsync(source, "a", bucket, "a"))).ShouldContain("is 10 bytes, of which 0 are used");
        await gateway.Client.CopyObjectAsync(source, "a", source, "b");
    }

    [Fact]
    public async Task Upload_BeyondTheQuota_IsRefusedAtThePartAndTheCompletion()
    {
        var bucket = await NewBucketAsync(new(TestGateway.PartSizeMin + 10, 1));
        var source = await gateway.NewBucketAsync();
        await gateway.PutAsync(source, "a", "12345678901");
        var upload = (await gateway.Client.InitiateMultipartUploadAsync(bucket, "k")).UploadId;
        var first = await PartAsync(bucket, upload, 1, TestGateway.PartSizeMin);
        await RefusedAsync(() => PartAsync(bucket, upload, 2, 11));
        await RefusedAsync(() => gateway.Client.CopyPartAsync(new() { SourceBucket = source, SourceKey = "a", DestinationBucket = bucket, DestinationKey = "k", UploadId = upload, PartNumber = 2 }));
        await gateway.PutAsync(bucket, "other", "1");
        (await RefusedAsync(() => gateway.Client.CompleteMultipartUploadAsync(new() { BucketName = bucket, Key = "k", UploadId = upload, PartETags = [new(1, first.ETag)] }))).ShouldContain("is 1 objects");
        await gateway.Client.DeleteObjectAsync(bucket, "other");
        await gateway.Client.CompleteMultipartUploadAsync(new() { BucketName = bucket, Key = "k", UploadId = upload, PartETags = [new(1, first.ETag)] });
    }

    /// <summary>No 100 Continue, so the client keeps its bytes.</summary>
    [Fact]
    public async Task Put_LargerThanWhatIsLeft_IsRefusedBeforeTheBodyIsSent()
    {
        var bucket = await NewBucketAsync(new(Large - 1, null));
        (await AskAsync($"/{bucket}/key", Large)).ShouldStartWith("HTTP/1.1 403 ");
        (await AskAsync($"/{bucket}/key", Large - 1)).ShouldStartWith("HTTP/1.1 100 ");

        await gateway.Client.PutObjectAsync(new() { BucketName = bucket, Key = "key", InputStream = new MemoryStream(new byte[Large - 1]) });
        (await AskAsync($"/{bucket}/other", Large - 1)).ShouldStartWith("HTTP/1.1 403 ");
        (await AskAsync($"/{bucket}/key", Large - 1)).ShouldStartWith("HTTP/1.1 100 "); // It would take the place of the one that is there.

        var upload = (await gateway.Client.InitiateMultipartUploadAsync(bucket, "parts")).UploadId;
        (await AskAsync($"/{bucket}/parts?partNumber=1&uploadId={upload}", Large)).ShouldStartWith("HTTP/1.1 403 ");
        await gateway.Client.DeleteObjectAsync(bucket, "key");
        await PartAsync(bucket, upload, 2, Large - 1, "parts");
        (await AskAsync($"/{bucket}/parts?partNumber=1&uploadId={upload}", Large - 1)).ShouldStartWith("HTTP/1.1 403 ");
        (await AskAsync($"/{bucket}/parts?partNumber=2&uploadId={upload}", Large - 1)).ShouldStartWith("HTTP/1.1 100 ");
    }

    private async Task<UploadPartResponse> PartAsync(string bucket, string upload, int number, int size, string key = "k") => await gateway.Client.UploadPartAsync(
        new() { BucketName = bucket, Key = key, UploadId = upload, PartNumber = number, InputStream = new MemoryStream(new byte[size]) });

    /// <summary>The first line of the answer to a request that waits for leave to send its body; it never does.</summary>
    private async Task<string> AskAsync(string path, long length)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(gateway.Endpoint.Host, gateway.Endpoint.Port);
        var stream = client.GetStream();
        var head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"PUT {path} HTTP/1.1\r\nHost: {gateway.Endpoint.Authority}\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n");
        foreach (var (name, value) in gateway.Raw.Sign("PUT", path)) head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{head}\r\n"));
        using var reader = new StreamReader(stream);
        return await reader.ReadLineAsync() ?? "";
    }
}
