using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Shouldly;

namespace Oort.S3.Tests;

public sealed class RequestBodyReaderTests
{
    private static readonly S3Options Options = new() { BodyStallMax = TimeSpan.FromSeconds(30), BodyRateMin = 1000 };
    private readonly FakeTime time = new(DateTimeOffset.UnixEpoch);
    private readonly Pipe pipe = new();

    [Fact]
    public async Task Read_NothingComesInTime_IsRequestTimeout()
    {
        using var reader = new RequestBodyReader(pipe.Reader, Options, time);
        var read = reader.ReadAsync(TestContext.Current.CancellationToken).AsTask();
        time.Advance(TimeSpan.FromSeconds(29));
        read.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(1));
        (await Should.ThrowAsync<S3Exception>(() => read)).Error.ShouldBe(S3Errors.RequestTimeout);
    }

    [Fact]
    public async Task Read_ConsumerIsSlow_IsNotTheClientsFault()
    {
        using var reader = new RequestBodyReader(pipe.Reader, Options, time);
        await pipe.Writer.WriteAsync(new byte[10], TestContext.Current.CancellationToken);
        var result = await reader.ReadAsync(TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromHours(1));
        reader.AdvanceTo(result.Buffer.End);
        var read = reader.ReadAsync(TestContext.Current.CancellationToken).AsTask();
        await pipe.Writer.WriteAsync(new byte[5], TestContext.Current.CancellationToken);
        (await read).Buffer.Length.ShouldBe(5);
        reader.Received.ShouldBe(15);
        time.Pending.ShouldBe(0);
    }

    [Fact]
    public async Task Read_ClientTrickles_IsRequestTimeoutOnceTheRateCounts()
    {
        using var reader = new RequestBodyReader(pipe.Reader, Options, time);
        // 29 s each for one byte: never a stall, always too slow.
        await TrickleAsync(reader, 1, TimeSpan.FromSeconds(29));
        var error = await Should.ThrowAsync<S3Exception>(() => TrickleAsync(reader, 1, TimeSpan.FromSeconds(29)));
        error.Error.ShouldBe(S3Errors.RequestTimeout);
    }

    [Fact]
    public async Task Read_ClientIsJustFastEnough_GoesOn()
    {
        using var reader = new RequestBodyReader(pipe.Reader, Options, time);
        for (var i = 0; i < 5; i++)
            await TrickleAsync(reader, 20_000, TimeSpan.FromSeconds(20));
        reader.Received.ShouldBe(100_000);
    }

    [Fact]
    public async Task Read_UnconsumedBytes_AreCountedOnce()
    {
        using var reader = new RequestBodyReader(pipe.Reader, Options, time);
        for (var i = 1; i <= 3; i++)
        {
            await pipe.Writer.WriteAsync(new byte[100], TestContext.Current.CancellationToken);
            var result = await reader.ReadAsync(TestContext.Current.CancellationToken);
            reader.AdvanceTo(result.Buffer.GetPosition(10), result.Buffer.End);
            reader.Received.ShouldBe(100 * i);
        }
    }

    [Theory]
    [InlineData(StatusCodes.Status413PayloadTooLarge, "EntityTooLarge")]
    [InlineData(StatusCodes.Status408RequestTimeout, "RequestTimeout")]
    [InlineData(StatusCodes.Status400BadRequest, "IncompleteBody")]
    public async Task Read_ServerRefuses_IsTranslated(int status, string code)
    {
        using var reader = new RequestBodyReader(pipe.Reader, Options, time);
        await pipe.Writer.CompleteAsync(new BadHttpRequestException("", status));
        (await Should.ThrowAsync<S3Exception>(async () => await reader.ReadAsync(TestContext.Current.CancellationToken))).Error.Code.ShouldBe(code);
    }

    [Fact]
    public async Task Read_ConnectionReset_IsClientDisconnected()
    {
        using var reader = new RequestBodyReader(pipe.Reader, Options, time);
        await pipe.Writer.CompleteAsync(new IOException("reset"));
        await Should.ThrowAsync<ClientDisconnectedException>(async () => await reader.ReadAsync(TestContext.Current.CancellationToken));
    }

    private async Task TrickleAsync(RequestBodyReader reader, int bytes, TimeSpan after)
    {
        var read = reader.ReadAsync(TestContext.Current.CancellationToken).AsTask();
        time.Advance(after);
        await pipe.Writer.WriteAsync(new byte[bytes], TestContext.Current.CancellationToken);
        var result = await read;
        reader.AdvanceTo(result.Buffer.End);
    }
}
