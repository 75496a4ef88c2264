using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Oort.S3;

/// <summary>The raw body as the server receives it, with an end to waiting: a client that stalls or trickles gets RequestTimeout, one that went away is told by its own exception.</summary>
/// <remarks>Passes the server's own buffers through. One reader; only the timer runs beside it. The server completes the body, so <see cref="Complete"/> only stops the timer and ends a read that is under way.</remarks>
internal sealed class RequestBodyReader(PipeReader inner, S3Options options, TimeProvider time) : PipeReader, IDisposable
{
    private const int Idle = 0;
    private const int Waiting = 1;
    private const int Stalled = 2;

    private ReadOnlySequence<byte> buffer;
    private bool isReading;
    private ITimer? timer;
    private int state;
    private TimeSpan waited;
    private long unconsumed;

    /// <summary>Bytes that arrived so far.</summary>
    public long Received { get; private set; }

    /// <summary>Something was asked for, so a client that waits for 100 Continue has got it.</summary>
    public bool WasRead { get; private set; }

    /// <summary>The whole body has arrived.</summary>
    public bool IsComplete { get; private set; }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        TryRead(out var result) ? new ValueTask<ReadResult>(result) : WaitAsync(cancellationToken);

    public override bool TryRead(out ReadResult result)
    {
        WasRead = true;
        try
        {
            if (!inner.TryRead(out result))
                return false;
        }
        catch (Exception e) when (Translate(e) is { } translated)
        {
            throw translated;
        }

        Take(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        unconsumed = buffer.Slice(consumed).Length;
        isReading = false;
        buffer = default;
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => Dispose();

    public void Dispose()
    {
        timer?.Dispose();
        // A reader that failed in the middle of a buffer still holds it, and the server, which wants to read the rest, could not and would reset the connection.
        if (isReading)
            AdvanceTo(buffer.End);
    }

    /// <summary>Reads and forgets what is left, so that a client that is still sending comes to read its answer.</summary>
    /// <param name="sizeMax">Bytes after which it is given up.</param>
    /// <returns>True when the body ended within that.</returns>
    public async ValueTask<bool> DrainAsync(long sizeMax, CancellationToken cancellationToken)
    {
        if (isReading)
            AdvanceTo(buffer.End);
        var drained = 0L;
        while (!IsComplete && drained <= sizeMax)
        {
            var result = await ReadAsync(cancellationToken);
            drained += result.Buffer.Length;
            AdvanceTo(result.Buffer.End);
            if (result.IsCanceled)
                return false;
        }

        return IsComplete;
    }

    private async ValueTask<ReadResult> WaitAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        timer ??= time.CreateTimer(static self => ((RequestBodyReader)self!).OnStall(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Volatile.Write(ref state, Waiting);
        timer.Change(options.BodyStallMax, Timeout.InfiniteTimeSpan);
        ReadResult result;
        try
        {
            result = await inner.ReadAsync(cancellationToken);
        }
        catch (Exception e) when (Translate(e) is { } translated)
        {
            throw translated;
        }
        finally
        {
            timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        Take(result);
        waited += time.GetElapsedTime(started);
        // When the timer came first, a cancellation is under way even if data came with it.
        if (Interlocked.CompareExchange(ref state, Idle, Waiting) == Stalled || IsTooSlow())
            throw new S3Exception(S3Errors.RequestTimeout);
        return result;
    }

    private void OnStall()
    {
        if (Interlocked.CompareExchange(ref state, Stalled, Waiting) == Waiting)
            inner.CancelPendingRead();
    }

    private bool IsTooSlow() => !IsComplete && waited > options.BodyStallMax && Received < waited.TotalSeconds * options.BodyRateMin;

    private void Take(in ReadResult result)
    {
        buffer = result.Buffer;
        isReading = true;
        Received += buffer.Length - unconsumed;
        unconsumed = buffer.Length;
        IsComplete |= result.IsCompleted;
    }

    private static Exception? Translate(Exception exception) => exception switch
    {
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => new S3Exception(S3Errors.EntityTooLarge),
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } => new S3Exception(S3Errors.RequestTimeout),
        // The connection's sending side ended, or its own chunked framing is broken.
        BadHttpRequestException => new S3Exception(S3Errors.IncompleteBody),
        IOException => new ClientDisconnectedException(exception),
        _ => null,
    };
}
