using System.Security.Cryptography;
using System.Text;
using Oort.Checksums;
using Oort.S3.Client.Tests.Support;
using Oort.S3.Tests;
using Shouldly;

namespace Oort.S3.Client.Tests.Sending;

/// <summary>Bodies that break off, change, lie about their length or are damaged.</summary>
public sealed class BodyFailureTests
{
    private static readonly byte[] bytes = Bytes.Of(10_000);
    private static readonly CancellationToken none = CancellationToken.None;

    [Fact]
    public async Task Get_ThatIsCutTwice_GoesOnFromTheNextByteOfTheSameObject()
    {
        await using var server = new HostileServer((_, request) =>
        {
            var from = request.Header("range").Length == 0 ? 0 : int.Parse(request.Header("range")["bytes=".Length..].Split('-')[0]);
            var until = Math.Min(from + 4_000, bytes.Length);
            var headers = $"ETag: \"tag\"\r\nContent-Length: {bytes.Length - from}" + (from > 0 ? $"\r\nContent-Range: bytes {from}-{bytes.Length - 1}/{bytes.Length}" : "");
            return HostileServer.Answer(from > 0 ? 206 : 200, headers, bytes[from..until]);
        });
        using var client = server.Client();
        (await (await client.GetObjectAsync("bucket", "key", null, null, 0, null, none)).ReadAsync()).ShouldBe(bytes);
        server.Seen.Select(request => request.Header("range")).ShouldBe(["", "bytes=4000-9999", "bytes=8000-9999"]);
        server.Seen.Select(request => request.Header("if-match")).ShouldBe(["", "\"tag\"", "\"tag\""]);
    }

    [Fact]
    public async Task Get_OfAnObjectThatIsReplacedAfterTheCut_Fails()
    {
        await using var server = new HostileServer((index, _) => index == 0
            ? HostileServer.Answer(200, "ETag: \"old\"\r\nContent-Length: 10000", bytes[..5_000])
            : HostileServer.Answer(412, "", "<Error><Code>PreconditionFailed</Code></Error>"));
        using var client = server.Client();
        (await KindAsync(ReadAsync(client))).ShouldBe(S3ErrorKind.PreconditionFailed);
    }

    [Fact]
    public async Task Get_ThatIsCutForEver_FailsAfterSomeAttempts()
    {
        await using var server = new HostileServer((index, _) => index == 0
            ? HostileServer.Answer(200, "ETag: \"tag\"\r\nContent-Length: 10000", bytes[..100])
            : HostileServer.Answer(206, "ETag: \"tag\"\r\nContent-Length: 9900\r\nContent-Range: bytes 100-9999/10000", ""));
        using var client = server.Client();
        (await KindAsync(ReadAsync(client))).ShouldBe(S3ErrorKind.Transient);
        server.Seen.Count.ShouldBe(6);
    }

    [Fact]
    public async Task Get_ThatIsCutAndHasNoETag_DoesNotGoOn()
    {
        await using var server = new HostileServer((_, _) => HostileServer.Answer(200, "Content-Length: 10000", bytes[..100]));
        using var client = server.Client();
        (await KindAsync(ReadAsync(client))).ShouldBe(S3ErrorKind.Transient);
        server.Seen.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("bytes 0-9/10000")]
    [InlineData("bytes 101-110/10000")]
    [InlineData("bytes 100-108/10000")]
    [InlineData("bytes 100-109/*")]
    [InlineData("")]
    public async Task Get_OfARangeThatIsAnsweredWithAnother_Fails(string contentRange)
    {
        await using var server = new HostileServer((_, _) => HostileServer.Answer(contentRange.Length > 0 ? 206 : 200, contentRange.Length > 0 ? $"ETag: \"t\"\r\nContent-Range: {contentRange}" : "ETag: \"t\"", bytes[..10]));
        using var client = server.Client();
        (await KindAsync(client.GetObjectAsync("bucket", "key", null, null, 100, 10, none))).ShouldBe(S3ErrorKind.BadAnswer);
    }

    [Theory]
    [InlineData(ChecksumAlgorithm.Crc32)]
    [InlineData(ChecksumAlgorithm.Crc32C)]
    [InlineData(ChecksumAlgorithm.Crc64Nvme)]
    [InlineData(ChecksumAlgorithm.Sha1)]
    [InlineData(ChecksumAlgorithm.Sha256)]
    public async Task Get_WhoseBytesHaveAnotherChecksum_IsCorrupt(ChecksumAlgorithm algorithm)
    {
        using var running = new RunningChecksum(algorithm);
        running.Append(bytes);
        var header = $"ETag: \"t\"\r\n{ChecksumNames.Header(algorithm)}: {Convert.ToBase64String(running.Finish())}";
        var bad = bytes.ToArray();
        bad[5_000] ^= 1;
        await using var server = new HostileServer((index, _) => HostileServer.Answer(200, header, index == 0 ? bytes : bad));
        using var client = server.Client();
        (await (await client.GetObjectAsync("bucket", "key", null, null, 0, null, none)).ReadAsync()).ShouldBe(bytes);
        (await KindAsync(ReadAsync(client))).ShouldBe(S3ErrorKind.Corrupt);
    }

    [Fact]
    public async Task Get_WithTheChecksumOfPartChecksums_IsNotHeldAgainstIt()
    {
        var composite = Convert.ToBase64String(SHA256.HashData("parts"u8));
        await using var server = new HostileServer((index, _) => HostileServer.Answer(200, index == 0 ? $"x-amz-checksum-sha256: {composite}-3" : $"x-amz-checksum-type: COMPOSITE\r\nx-amz-checksum-sha256: {composite}", bytes));
        using var client = server.Client();
        await ReadAsync(client);
        await ReadAsync(client);
    }

    [Fact]
    public async Task Get_WithoutALength_Fails()
    {
        await using var server = new HostileServer((_, _) => Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\nx\r\n0\r\n\r\n"));
        using var client = server.Client();
        (await KindAsync(client.GetObjectAsync("bucket", "key", null, null, 0, null, none))).ShouldBe(S3ErrorKind.BadAnswer);
    }

    [Fact]
    public async Task Get_ThatStandsStill_IsGivenUpWhenItsTimeIsOver()
    {
        var time = new FakeTime(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var server = new HostileServer((_, _) => null);
        using var client = server.Client(options => options with { AttemptCountMax = 1, StallTimeout = TimeSpan.FromSeconds(60) }, time);
        var get = client.GetObjectAsync("bucket", "key", null, null, 0, null, none);
        await server.Silent.Task;
        get.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(61));
        var failure = await Should.ThrowAsync<S3ClientException>(get);
        failure.Kind.ShouldBe(S3ErrorKind.Transient);
        failure.Message.ShouldContain("nothing moved for 60 seconds");
    }

    [Fact]
    public async Task Get_ThatTheCallerCancels_IsCancelled()
    {
        await using var server = new HostileServer((_, _) => null);
        using var client = server.Client();
        using var cancel = new CancellationTokenSource();
        var get = client.GetObjectAsync("bucket", "key", null, null, 0, null, cancel.Token);
        await server.Silent.Task;
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(get);
    }

    [Fact]
    public async Task Put_WithABodyThatCanBeReadOnce_IsNotTriedAgain()
    {
        await using var server = new HostileServer((_, _) => HostileServer.Answer(503, "", ""));
        using var client = server.Client();
        var body = new S3Body(3, _ => ValueTask.FromResult<Stream>(new MemoryStream([1, 2, 3]))) { IsRepeatable = false };
        (await KindAsync(client.PutObjectAsync("bucket", "key", body, S3PutOptions.None, none))).ShouldBe(S3ErrorKind.Throttled);
        server.Seen.Count.ShouldBe(1);
    }

    private static async Task ReadAsync(S3Client client) => await (await client.GetObjectAsync("bucket", "key", null, null, 0, null, none)).ReadAsync();

    private static async Task<S3ErrorKind> KindAsync(Task request) => (await Should.ThrowAsync<S3ClientException>(request)).Kind;
}
