using System.Globalization;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Requests;

/// <summary>More work than a gateway has memory for, and clients that take their time: what does not fit is sent away soon, and the slow hold nothing but their own share.</summary>
public sealed class OverloadTests : IAsyncLifetime
{
    private const string Bucket = "/overload";
    private const int UploadCount = 200;
    private const int UploadSize = 1_000_000;

    /// <summary>Of an upload that holds its buffers: enough for its first stripe to be begun, not enough to end.</summary>
    private const int SentFirst = 600_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly TemporaryFolder folder = new();
    private GatewayProcess? started;

    private GatewayProcess Gateway => started!;

    public async ValueTask InitializeAsync()
    {
        // The least budget there is, so that a few dozen uploads are more than fit in it.
        started = await GatewayProcess.StartAsync(folder["data"], "--buffer-mib", "32", "--stall-timeout", "3");
        (await RawConnection.AskAsync(Gateway, "PUT", Bucket, RawConnection.Unsigned, [])).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Put_MoreThanTheBudgetHolds_IsStoredOrToldToSlowDown()
    {
        var bytes = TestFiles.Bytes(1, UploadSize);
        var connections = await Task.WhenAll(Enumerable.Range(0, UploadCount).Select(_ => RawConnection.OpenAsync(Gateway)));
        try
        {
            // 1. All begin, and none can end: those that were admitted hold their buffers until somebody has been sent away for want of them.
            var answers = await Task.WhenAll(connections.Select(async (connection, i) =>
            {
                await connection.SendAsync(connection.Head("PUT", $"{Bucket}/{i}", RawConnection.Unsigned, out _, ("content-length", RawConnection.Number(UploadSize))));
                await connection.SendAsync(bytes[..SentFirst]);
                return connection.ReceiveAsync();
            }));
            var first = await Task.WhenAny(answers);
            ShouldBeSlowDown(await first);

            // 2. Then all go on. Whoever is still in line gets in, or is sent away after a second.
            await Task.WhenAll(connections.Select(connection => connection.SendAsync(bytes[SentFirst..])));
            var all = await Task.WhenAll(answers);
            foreach (var answer in all.Where(a => a.Status != 200)) ShouldBeSlowDown(answer);
            all.ShouldContain(a => a.Status == 200);

            // 3. What was answered 200 is there, the rest is not, memory has kept its bounds, and nothing of the budget is lost.
            for (var i = 0; i < UploadCount; i++)
                (await RawConnection.AskAsync(Gateway, "HEAD", $"{Bucket}/{i}", RawConnection.Unsigned, [])).Status.ShouldBe(all[i].Status == 200 ? 200 : 404);
            PeakMebibytes().ShouldBeLessThan(400);
            (await RawConnection.AskAsync(Gateway, "PUT", $"{Bucket}/after", RawConnection.Unsigned, bytes)).Status.ShouldBe(200);
        }
        finally
        {
            foreach (var connection in connections) connection.Dispose();
        }
    }

    [Fact]
    public async Task Put_ByteAfterByte_IsCutOffWhileOthersGoOn()
    {
        using var slow = await RawConnection.OpenAsync(Gateway);
        await slow.SendAsync(slow.Head("PUT", $"{Bucket}/slow", RawConnection.Unsigned, out _, ("content-length", RawConnection.Number(UploadSize))));
        var answer = slow.ReceiveAsync();
        var others = 0;
        while (!answer.IsCompleted)
        {
            await slow.SendAsync([1]);
            (await RawConnection.AskAsync(Gateway, "PUT", $"{Bucket}/other", RawConnection.Unsigned, TestFiles.Bytes(others, 300_000))).Status.ShouldBe(200);
            others++;
            await Task.WhenAny(answer, Task.Delay(TimeSpan.FromMilliseconds(200), TestContext.Current.CancellationToken));
        }

        (await answer).Code.ShouldBe("RequestTimeout");
        (await RawConnection.AskAsync(Gateway, "HEAD", $"{Bucket}/slow", RawConnection.Unsigned, [])).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Get_NobodyReadsTheAnswer_IsCutOffWhileOthersGoOn()
    {
        // More than the sockets' buffers on both sides take in.
        const int Size = 48 << 20;
        var bytes = TestFiles.Bytes(2, Size);
        (await RawConnection.AskAsync(Gateway, "PUT", $"{Bucket}/large", RawConnection.Unsigned, bytes)).Status.ShouldBe(200);
        using var deaf = await RawConnection.OpenAsync(Gateway);
        await deaf.SendAsync(deaf.Head("GET", $"{Bucket}/large", RawConnection.Unsigned, out _));

        using var http = new HttpClient();
        using var limit = new CancellationTokenSource(Patience);
        var page = "";
        while (!page.Contains("oort_s3_requests_total{operation=\"GetObject\",status=\"499\"} 1", StringComparison.Ordinal))
        {
            (await RawConnection.AskAsync(Gateway, "PUT", $"{Bucket}/other", RawConnection.Unsigned, bytes[..300_000])).Status.ShouldBe(200);
            await Task.Delay(TimeSpan.FromMilliseconds(100), limit.Token);
            page = await http.GetStringAsync($"{Gateway.Endpoint}/_oort/metrics", limit.Token);
        }

        (await deaf.CountToEndAsync()).ShouldBeLessThan(Size);
    }

    public async ValueTask DisposeAsync()
    {
        if (started is not null) await started.DisposeAsync();
        folder.Dispose();
    }

    private static void ShouldBeSlowDown(RawConnection.Answer answer)
    {
        answer.Status.ShouldBe(503, answer.Body);
        answer.Code.ShouldBe("SlowDown");
        answer.Headers["retry-after"].ShouldBe(["1"]);
    }

    /// <summary>Largest resident memory of the gateway so far, in MiB (proc(5): VmHWM).</summary>
    private long PeakMebibytes()
    {
        var line = File.ReadLines($"/proc/{RawConnection.Number(Gateway.ProcessId)}/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}
