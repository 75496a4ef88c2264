using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Oort.Gateway.Audit;
using Oort.Objects.Tests.World;
using Oort.S3;
using Oort.S3.Client.Tests.Support;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Audit;

public sealed class AuditLogTests : IDisposable
{
    private readonly Sink sink = new();
    private readonly RecordedLog log = new();

    public void Dispose()
    {
        log.Dispose();
        sink.Dispose();
    }

    [Fact]
    public async Task Add_ManyAtOnce_EachIsWrittenOnceAndSyncedAtTheEnd()
    {
        await using (var audit = new AuditLog(sink, TimeProvider.System, log))
            await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
            {
                for (var i = 0; i < 500; i++) audit.Add(AuditRequests.Get($"{worker}-{i}"));
            })));
        sink.Keys.Order().ShouldBe(Enumerable.Range(0, 8).SelectMany(worker => Enumerable.Range(0, 500).Select(i => $"{worker}-{i}")).Order());
        (sink.Synced, sink.IsDisposed).ShouldBe((sink.Written.Length, true));
    }

    [Fact]
    public async Task Add_NotLetIn_LeavesNoLine()
    {
        await using (var audit = new AuditLog(sink, TimeProvider.System, log))
        {
            var request = AuditRequests.Get("key");
            request.Http.Features.Set<AuditFacts>(null);
            audit.Add(request);
        }

        sink.Written.ShouldBeEmpty();
    }

    [Fact]
    public async Task Write_DiskFullForAWhile_KeepsTheLinesInOrder()
    {
        sink.Failures = 3;
        await using (var audit = new AuditLog(sink, new HastyTime(), log))
            for (var i = 0; i < 100; i++) audit.Add(AuditRequests.Get(i.ToString("D3", System.Globalization.CultureInfo.InvariantCulture)));
        sink.Keys.ShouldBe(Enumerable.Range(0, 100).Select(i => i.ToString("D3", System.Globalization.CultureInfo.InvariantCulture)));
        (log.Count("cannot be written"), log.Count("written again")).ShouldBe((1, 1));
    }

    [Fact]
    public async Task Admit_NoRoom_WaitsForItAndGoesOn()
    {
        sink.Hold();
        await using var audit = new AuditLog(sink, TimeProvider.System, log);
        await FillAsync(audit);
        var http = new DefaultHttpContext();
        var waiting = audit.AdmitAsync(http, TestContext.Current.CancellationToken);
        waiting.IsCompleted.ShouldBeFalse();
        AuditFacts.Of(http).ShouldBeNull();
        sink.Release();
        await waiting;
        AuditFacts.Of(http).ShouldNotBeNull();
    }

    [Fact]
    public async Task Admit_NoRoomForLong_IsSentAwayAndCounted()
    {
        sink.Hold();
        await using (var audit = new AuditLog(sink, new HastyTime(), log))
        {
            await FillAsync(audit);
            for (var i = 0; i < 3; i++)
            {
                var http = new DefaultHttpContext();
                (await Should.ThrowAsync<S3Exception>(async () => await audit.AdmitAsync(http, TestContext.Current.CancellationToken))).Error.Code.ShouldBe("SlowDown");
                AuditFacts.Of(http).ShouldBeNull("it is to leave no line: there is no room for one");
            }

            sink.Release();
        }

        sink.Lines.Select(line => line.TryGetProperty("turnedAway", out var count) ? count.GetInt32() : 0).Sum().ShouldBe(3);
    }

    [Fact]
    public async Task Admit_ClientGone_EndsAtOnce()
    {
        sink.Hold();
        await using var audit = new AuditLog(sink, TimeProvider.System, log);
        await FillAsync(audit);
        using var gone = new CancellationTokenSource();
        var waiting = audit.AdmitAsync(new DefaultHttpContext(), gone.Token);
        await gone.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(async () => await waiting);
        sink.Release();
    }

    [Fact]
    public async Task Dispose_DiskStaysFull_EndsAndSaysWhatIsLost()
    {
        sink.Failures = int.MaxValue;
        var audit = new AuditLog(sink, new Nodes.ShiftedTime(), log);
        audit.Add(AuditRequests.Get("key"));
        await audit.DisposeAsync();
        log.Count("bytes of lines are lost").ShouldBe(1);
    }

    [Fact]
    public async Task Reopen_BetweenLines_ComesBetweenThem()
    {
        await using (var audit = new AuditLog(sink, TimeProvider.System, log))
        {
            audit.Add(AuditRequests.Get("one"));
            await Sink.UntilAsync(() => sink.Keys.Count == 1);
            audit.Reopen();
            await Sink.UntilAsync(() => sink.Reopened == sink.Written.Length && sink.Reopened > 0);
            audit.Add(AuditRequests.Get("two"));
        }

        sink.Keys.ShouldBe(["one", "two"]);
    }

    private async Task FillAsync(AuditLog audit)
    {
        // The writer holds the first line; what comes now waits.
        audit.Add(AuditRequests.Get("first"));
        await Sink.UntilAsync(() => sink.IsHeld);
        var line = new string('k', 1000);
        for (var i = 0; i < AuditLog.WaitingMax / 1000; i++) audit.Add(AuditRequests.Get(line));
    }

    /// <summary>Memory that fails, or stands still, when it is told to.</summary>
    private sealed class Sink : IAuditSink
    {
        private readonly MemoryStream written = new();
        private readonly ManualResetEventSlim free = new(true);
        private volatile bool isHeld;

        public int Failures { get; set; }

        public int Synced { get; private set; }

        public int Reopened { get; private set; }

        public bool IsDisposed { get; private set; }

        public bool IsHeld => isHeld;

        public byte[] Written
        {
            get
            {
                lock (written) return written.ToArray();
            }
        }

        public IReadOnlyList<JsonElement> Lines => [.. Encoding.UTF8.GetString(Written).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

        public IReadOnlyList<string> Keys => [.. Lines.Where(line => line.TryGetProperty("key", out _)).Select(line => line.GetProperty("key").GetString()!)];

        public void Hold() => free.Reset();

        public void Release() => free.Set();

        public static async Task UntilAsync(Func<bool> holds)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (!holds()) await Task.Delay(5, limit.Token);
        }

        public void Write(ReadOnlySpan<byte> lines)
        {
            isHeld = true;
            free.Wait();
            isHeld = false;
            if (Failures > 0)
            {
                Failures--;
                throw new IOException("No space left on device");
            }

            lock (written) written.Write(lines);
        }

        public void Sync() => Synced = Written.Length;

        public void Reopen() => Reopened = Written.Length;

        public void Dispose()
        {
            IsDisposed = true;
            free.Dispose();
        }
    }
}
