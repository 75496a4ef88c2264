using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace Oort.S3;

/// <summary>Counts the bytes of an answer's body, and knows of those that are written but not sent.</summary>
internal sealed class CountedResponse(IHttpResponseBodyFeature inner) : PipeWriter, IHttpResponseBodyFeature
{
    private Stream? stream;

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
        var result = await flush;
        IsClosed |= result.IsCompleted || result.IsCanceled;
        return result;
    }
}
