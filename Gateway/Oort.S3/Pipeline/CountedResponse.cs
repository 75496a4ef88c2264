using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Oort.S3;

/// <summary>Counts the bytes of an answer's body, knows of those that are written but not sent, and cuts off a client that does not take them.</summary>
/// <remarks>One writer; only the timer runs beside it. The server's own limit is on the average rate since the answer's beginning, and would wait hours for a client that was quick at first.</remarks>
internal sealed class CountedResponse(IHttpResponseBodyFeature inner, HttpContext http, TimeSpan stallMax, TimeProvider time) : PipeWriter, IHttpResponseBodyFeature, IDisposable
{
    private const int Idle = 0;
    private const int Waiting = 1;
    private const int Stalled = 2;

    private Stream? stream;
    private ITimer? timer;
    private int state;

    public long Written { get; private set; }

    /// <summary>The server said that nobody takes bytes any more: the connection is gone.</summary>
    public bool IsClosed { get; private set; }

    public PipeWriter Writer => this;

    public Stream Stream => stream ??= AsStream(leaveOpen: true);

    public override bool CanGetUnflushedBytes => inner.Writer.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.Writer.UnflushedBytes;

    public override void Advance(int bytes)
    {
        Written += bytes;
        inner.Writer.Advance(bytes);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => inner.Writer.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => inner.Writer.GetSpan(sizeHint);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => WatchAsync(inner.Writer.FlushAsync(cancellationToken));

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        Written += source.Length;
        return WatchAsync(inner.Writer.WriteAsync(source, cancellationToken));
    }

    public override void CancelPendingFlush() => inner.Writer.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Writer.Complete(exception);

    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

    public Task CompleteAsync() => inner.CompleteAsync();

    public void DisableBuffering() => inner.DisableBuffering();

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default)
    {
        Written += count ?? 0;
        return inner.SendFileAsync(path, offset, count, cancellationToken);
    }

    public void Dispose() => timer?.Dispose();

    private ValueTask<FlushResult> WatchAsync(ValueTask<FlushResult> flush)
    {
        if (!flush.IsCompletedSuccessfully)
            return AwaitAsync(flush);
        var result = flush.Result;
        IsClosed |= result.IsCompleted || result.IsCanceled;
        return new ValueTask<FlushResult>(result);
    }

    private async ValueTask<FlushResult> AwaitAsync(ValueTask<FlushResult> flush)
    {
        timer ??= time.CreateTimer(static self => ((CountedResponse)self!).OnStall(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Volatile.Write(ref state, Waiting);
        timer.Change(stallMax, Timeout.InfiniteTimeSpan);
        try
        {
            var result = await flush;
            IsClosed |= result.IsCompleted || result.IsCanceled;
            return result;
        }
        finally
        {
            Interlocked.CompareExchange(ref state, Idle, Waiting);
            timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private void OnStall()
    {
        if (Interlocked.CompareExchange(ref state, Stalled, Waiting) == Waiting)
            http.Abort();
    }
}
