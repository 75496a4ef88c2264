using System.Security.Cryptography;
using System.Text;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Requests;

/// <summary>Uploads that lie, stop or break: each gets its documented error, with a request id, and leaves nothing behind.</summary>
public sealed class BadUploadTests(SharedGateway shared) : IAsyncLifetime
{
    private const string Bucket = "/bad-uploads";

    public async ValueTask InitializeAsync() => (await RawConnection.AskAsync(shared.Gateway, "PUT", Bucket, RawConnection.Unsigned, [])).Status.ShouldBe(200);

    public static TheoryData<string, string, int, string> Lies => new()
    {
        { "content-md5", Convert.ToBase64String(new byte[16]), 400, "BadDigest" },
        { "content-md5", "x", 400, "InvalidDigest" },
        { "content-md5", Convert.ToBase64String(new byte[15]), 400, "InvalidDigest" },
        { "x-amz-checksum-crc32", "AAAAAA==", 400, "BadDigest" },
        { "x-amz-checksum-crc32c", "AAAAAA==", 400, "BadDigest" },
        { "x-amz-checksum-crc64nvme", "AAAAAAAAAAA=", 400, "BadDigest" },
        { "x-amz-checksum-sha1", Convert.ToBase64String(new byte[20]), 400, "BadDigest" },
        { "x-amz-checksum-sha256", Convert.ToBase64String(new byte[32]), 400, "BadDigest" },
        { "x-amz-checksum-crc32", "AAAAAAAA", 400, "BadDigest" },
        { "x-amz-sdk-checksum-algorithm", "MD4", 400, "InvalidRequest" },
        { "x-amz-meta-a", new string('a', 3072), 400, "MetadataTooLarge" },
        { "x-amz-tagging", "a=1&a=2", 400, "InvalidTag" },
        { "x-amz-storage-class", "COLDEST", 400, "InvalidStorageClass" },
        { "content-length", "6442450944", 400, "EntityTooLarge" },
        { "x-amz-content-sha256", new string('0', 64), 400, "XAmzContentSHA256Mismatch" },
        { "x-amz-content-sha256", "zz", 400, "InvalidArgument" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task Put_HeaderThatIsNotSo_IsRefused(string name, string value, int status, string code)
    {
        var isPayload = name == "x-amz-content-sha256";
        var answer = await RawConnection.AskAsync(shared.Gateway, "PUT", $"{Bucket}/lie", isPayload ? value : RawConnection.Unsigned, "abc"u8.ToArray(), isPayload ? [] : [(name, value)]);
        await ShouldBeRefusedAsync(answer, status, code, "lie");
    }

    [Theory]
    [InlineData("3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", 3, "BadDigest")]
    [InlineData("3\r\nabc\r\n0\r\nx-amz-checksum-crc32:A\r\n\r\n", 3, "BadDigest")]
    [InlineData("3\r\nabc\r\n0\r\n\r\n", 3, "MalformedTrailerError")]
    [InlineData("3\r\nabc\r\n0\r\nx-amz-checksum-crc32c:AAAAAA==\r\n\r\n", 3, "MalformedTrailerError")]
    [InlineData("3\r\nabc\r\n0\r\n\r\n", 2, "IncompleteBody")]
    [InlineData("3\r\nabc\r\n0\r\n\r\n", 9, "IncompleteBody")]
    [InlineData("3\r\nabc\r\n", 3, "IncompleteBody")]
    [InlineData("xyz\r\nabc\r\n0\r\n\r\n", 3, "InvalidChunkSizeError")]
    [InlineData("3\r\nabcd\r\n0\r\n\r\n", 3, "InvalidChunkSizeError")]
    [InlineData("3\r\nabc\r\n0\r\n\r\n", -3, "InvalidArgument")]
    public async Task Put_ChunksOrTrailerThatAreWrong_IsRefused(string body, int decodedLength, string code)
    {
        var answer = await RawConnection.AskAsync(
            shared.Gateway, "PUT", $"{Bucket}/trailer", RawConnection.UnsignedChunks, Encoding.ASCII.GetBytes(body),
            ("content-encoding", "aws-chunked"), ("x-amz-decoded-content-length", RawConnection.Number(decodedLength)), ("x-amz-trailer", "x-amz-checksum-crc32"));
        await ShouldBeRefusedAsync(answer, 400, code, "trailer");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Put_OneForgedChunk_StoresNothing(int forged)
    {
        byte[][] chunks = [.. Enumerable.Range(0, 4).Select(i => TestFiles.Bytes(i, 400_000))];
        using var connection = await RawConnection.OpenAsync(shared.Gateway);
        // Framing has the same length whatever the signature is.
        var length = new RawConnection.Seed(new byte[32], "", "", "").Frame(chunks, static (_, signature) => signature).Length;
        await connection.SendAsync(connection.Head(
            "PUT", $"{Bucket}/forged", RawConnection.SignedChunks, out var seed,
            ("content-encoding", "aws-chunked"), ("x-amz-decoded-content-length", "1600000"), ("content-length", RawConnection.Number(length))));
        await connection.SendAsync(seed.Frame(chunks, (i, signature) => i == forged ? new string('0', 64) : signature));
        await ShouldBeRefusedAsync(await connection.ReceiveAsync(), 403, "SignatureDoesNotMatch", "forged");
    }

    [Theory]
    [InlineData(30)]
    [InlineData(300_000)]
    [InlineData(3_000_000)]
    public async Task Put_ClientVanishes_StoresNothingAndHurtsNobody(int sent)
    {
        using (var connection = await RawConnection.OpenAsync(shared.Gateway))
        {
            await connection.SendAsync(connection.Head("PUT", $"{Bucket}/vanished-{sent}", RawConnection.Unsigned, out _, ("content-length", RawConnection.Number(sent + 5))));
            await connection.SendAsync(new byte[sent]);
        }

        var bytes = TestFiles.Bytes(sent, sent);
        (await RawConnection.AskAsync(shared.Gateway, "PUT", $"{Bucket}/after-{sent}", RawConnection.Unsigned, bytes)).Status.ShouldBe(200);
        await ShouldNotExistAsync($"vanished-{sent}");
    }

    [Fact]
    public async Task Put_LengthUnknown_IsMissingContentLength()
    {
        var answer = await RawConnection.AskAsync(shared.Gateway, "PUT", $"{Bucket}/endless", RawConnection.Unsigned, "3\r\nabc\r\n0\r\n\r\n"u8.ToArray(), ("transfer-encoding", "chunked"));
        await ShouldBeRefusedAsync(answer, 411, "MissingContentLength", "endless");
    }

    [Fact]
    public async Task Put_SameKeyAfterARefusal_KeepsTheOldObject()
    {
        (await RawConnection.AskAsync(shared.Gateway, "PUT", $"{Bucket}/kept", RawConnection.Unsigned, "old"u8.ToArray())).Status.ShouldBe(200);
        var refused = await RawConnection.AskAsync(shared.Gateway, "PUT", $"{Bucket}/kept", Convert.ToHexStringLower(SHA256.HashData("other"u8)), "new"u8.ToArray());
        refused.Code.ShouldBe("XAmzContentSHA256Mismatch");
        (await RawConnection.AskAsync(shared.Gateway, "GET", $"{Bucket}/kept", RawConnection.Unsigned, [])).Body.ShouldBe("old");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task ShouldBeRefusedAsync(RawConnection.Answer answer, int status, string code, string key)
    {
        answer.Code.ShouldBe(code, answer.Body);
        answer.Status.ShouldBe(status);
        answer.Headers["content-type"].ShouldBe(["application/xml"]);
        answer.RequestId.Length.ShouldBe(16);
        answer.RequestIdInBody.ShouldBe(answer.RequestId);
        await ShouldNotExistAsync(key);
    }

    private async Task ShouldNotExistAsync(string key) => (await RawConnection.AskAsync(shared.Gateway, "HEAD", $"{Bucket}/{key}", RawConnection.Unsigned, [])).Status.ShouldBe(404);
}
