using System.Buffers;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Oort.S3;

namespace Oort.Gateway.Audit;

/// <summary>Who did what, from where, with which result: a line for each request that was let in, in the order in which they ended. Thread-safe.</summary>
/// <remarks>
/// 1. A request is let in while less than <see cref="WaitingMax"/> waits to be written; otherwise it waits, and after <see cref="Patience"/> is sent away with SlowDown, before anything of it is looked at: nothing is carried out that no line would tell of. Each that was let in gets its line, so that what waits is bounded by that
/// limit and one line for each connection. 2. One writer takes all lines that wait at once. What it cannot write it keeps, and tries again every second. 3. What was written is synced within a second, and at the end.
/// </remarks>
internal sealed partial class AuditLog : IAsyncDisposable
{
    /// <summary>Bytes that may wait: some 10,000 lines, a second of a busy gateway.</summary>
    public const int WaitingMax = 4 * 1024 * 1024;

    /// <summary>Below every client's timeout, and long enough for a disk that hiccups.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SyncDelay = TimeSpan.FromSeconds(1);

    // How long an end waits for a disk that takes no lines.
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(5);

    private readonly IAuditSink sink;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Meter meter = new("Oort.Gateway.Audit");
    private readonly Lock adding = new();
    private readonly SemaphoreSlim arrived = new(0, 1);
    private readonly CancellationTokenSource stopping = new();
    private readonly Task writer;
    private ArrayBufferWriter<byte> pending = new();
    private ArrayBufferWriter<byte> taken = new();
    private TaskCompletionSource room = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long waiting;
    private long lines;
    private long failures;
    private long turnedAway;
    private long turnedAwayEver;
    private long? unsynced;
    private volatile bool isFailing;
    private volatile bool mustReopen;

    /// <param name="sink">Ready to be written to; disposed with this.</param>
    public AuditLog(IAuditSink sink, TimeProvider time, ILogger logger)
    {
        (this.sink, this.time, this.logger) = (sink, time, logger);
        meter.CreateObservableGauge("oort.audit.works", () => isFailing ? 0 : 1, description: "0 while lines of the audit log cannot be written; absent without one.");
        meter.CreateObservableGauge("oort.audit.waiting.bytes", () => Volatile.Read(ref waiting), description: "Bytes of lines that wait to be written.");
        meter.CreateObservableCounter("oort.audit.lines", () => Volatile.Read(ref lines), description: "Lines written.");
        meter.CreateObservableCounter("oort.audit.failed", () => Volatile.Read(ref failures), description: "Attempts to write or sync that failed.");
        meter.CreateObservableCounter("oort.audit.turnedaway", () => Volatile.Read(ref turnedAwayEver), description: "Requests that were sent away since there was no room for their lines.");
        writer = Task.Run(RunAsync);
    }

    /// <returns>Null: there is none.</returns>
    /// <exception cref="ConfigurationException">It cannot be written.</exception>
    public static AuditLog? Open(GatewayOptions options, TimeProvider time, ILogger logger)
    {
        if (options.AuditLog is not { } path) return null;
        if (path == "-") return new(new AuditStream(Console.OpenStandardOutput()), time, logger);
        var file = new AuditFile(path, options.AuditLogBytes, options.AuditLogFiles);
        try
        {
            file.Open();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ConfigurationException($"--audit-log: {path} cannot be written ({e.Message.TrimEnd('.')}); name a file in a folder that this process may write to, or - for standard output.");
        }

        return new(file, time, logger);
    }

    /// <summary>Lets a request in once there is room for its line.</summary>
    /// <exception cref="S3Exception">SlowDown.</exception>
    public ValueTask AdmitAsync(HttpContext http, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref waiting) >= WaitingMax) return WaitAsync(http, cancellationToken);
        http.Features.Set(new AuditFacts());
        return ValueTask.CompletedTask;
    }

    /// <summary>Takes the line of a request that is over, if it was let in.</summary>
    public void Add(S3Completion request)
    {
        if (AuditFacts.Of(request.Http) is not { } facts) return;
        Add(buffer => AuditLine.Write(buffer, request, facts, time.GetUtcNow()));
    }

    /// <summary>The file was moved away; the next line goes into a new one.</summary>
    public void Reopen()
    {
        mustReopen = true;
        Wake();
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        Wake();
        await writer;
        sink.Dispose();
        meter.Dispose();
        arrived.Dispose();
        stopping.Dispose();
    }

    private void Add(Action<IBufferWriter<byte>> write)
    {
        lock (adding)
        {
            var before = pending.WrittenCount;
            write(pending);
            Volatile.Write(ref waiting, waiting + pending.WrittenCount - before);
            lines++;
        }

        Wake();
    }

    private void Wake()
    {
        // One that is there already is enough.
        lock (arrived)
        {
            if (arrived.CurrentCount == 0) arrived.Release();
        }
    }

    private async ValueTask WaitAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        while (true)
        {
            Task free;
            lock (adding)
            {
                if (waiting < WaitingMax) break;
                free = room.Task;
            }

            var left = Patience - time.GetElapsedTime(begun);
            try
            {
                if (left <= TimeSpan.Zero) throw new TimeoutException();
                await free.WaitAsync(left, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                lock (adding) turnedAway++;
                Interlocked.Increment(ref turnedAwayEver);
                throw new S3Exception(S3Errors.SlowDown);
            }
        }

        http.Features.Set(new AuditFacts());
    }

    private async Task RunAsync()
    {
        long? ending = null;
        while (true)
        {
            if (IsIdle && !stopping.IsCancellationRequested) await arrived.WaitAsync(unsynced is { } since ? Left(since) : Timeout.InfiniteTimeSpan);
            var isDone = Attempt();
            if (!stopping.IsCancellationRequested)
            {
                if (!isDone) await Task.Delay(RetryDelay, time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            if (isDone && IsIdle) return;
            ending ??= time.GetTimestamp();
            if (time.GetElapsedTime(ending.Value) >= EndPatience)
            {
                LogLost(logger, Volatile.Read(ref waiting));
                return;
            }

            await Task.Delay(RetryDelay / 10, time);
        }
    }

    private bool IsIdle
    {
        get
        {
            lock (adding) return pending.WrittenCount == 0 && taken.WrittenCount == 0 && turnedAway == 0 && !mustReopen;
        }
    }

    private TimeSpan Left(long since)
    {
        var left = SyncDelay - time.GetElapsedTime(since);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    // 2.
    private bool Attempt()
    {
        try
        {
            WriteAll();
            // 3.
            if (unsynced is { } since && (stopping.IsCancellationRequested || Left(since) == TimeSpan.Zero))
            {
                sink.Sync();
                unsynced = null;
            }

            if (isFailing) LogWorks(logger);
            isFailing = false;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Interlocked.Increment(ref failures);
            if (!isFailing) LogFails(logger, e.Message);
            isFailing = true;
            return false;
        }
    }

    private void WriteAll()
    {
        if (mustReopen)
        {
            sink.Sync();
            sink.Reopen();
            mustReopen = false;
        }

        if (taken.WrittenCount == 0)
        {
            lock (adding)
            {
                if (turnedAway > 0 && waiting < WaitingMax)
                {
                    var before = pending.WrittenCount;
                    AuditLine.WriteTurnedAway(pending, turnedAway, time.GetUtcNow());
                    waiting += pending.WrittenCount - before;
                    turnedAway = 0;
                }

                (pending, taken) = (taken, pending);
            }
        }

        if (taken.WrittenCount == 0) return;
        sink.Write(taken.WrittenSpan);
        unsynced ??= time.GetTimestamp();
        lock (adding)
        {
            waiting -= taken.WrittenCount;
            room.TrySetResult();
            room = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        // A crowd's buffer is not kept for ever.
        if (taken.Capacity > WaitingMax) taken = new();
        else taken.ResetWrittenCount();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The audit log cannot be written: {Reason} Its lines wait; when no more of them can, requests are answered SlowDown.")]
    private static partial void LogFails(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The audit log is written again.")]
    private static partial void LogWorks(ILogger logger);

    [LoggerMessage(Level = LogLevel.Error, Message = "The audit log could not be written before the end: {Bytes} bytes of lines are lost.")]
    private static partial void LogLost(ILogger logger, long bytes);
}
