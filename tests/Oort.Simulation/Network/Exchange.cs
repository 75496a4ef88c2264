using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Network;

/// <summary>One request and its answer, on a connection that may break in the middle of either.</summary>
internal sealed class Exchange(Simulator simulator, Link link, INodeServer server, HttpRequestMessage request, System.Security.Cryptography.X509Certificates.X509Certificate2 certificate) : IDisposable
{
    /// <summary>Bytes that travel together: a TCP stream is cut anywhere.</summary>
    private const int SegmentSize = 32 * 1024;

    private const int HeaderSize = 300;

    private readonly Wire up = link.Up();
    private readonly Wire down = link.Down();
    private readonly Pipe received = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly TaskCompletionSource<HttpResponseMessage> answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerCall? call;
    private bool isOver;

    /// <summary>Sends the request and gives the answer when its headers have come.</summary>
    public async Task<HttpResponseMessage> RunAsync(CancellationToken cancellationToken)
    {
        link.Add(this);
        using var registration = cancellationToken.UnsafeRegister(static state => ((Exchange)state!).GiveUp(), this);
        call = new ServerCall(this, request, certificate);
        up.Send(HeaderSize, () => server.Serve(call));
        var sending = SendBodyAsync();
        try
        {
            var response = await answered.Task;
            _ = sending;
            return response;
        }
        catch (OperationCanceledException)
        {
            throw new TaskCanceledException("The request was given up.", null, cancellationToken);
        }
    }

    public void Dispose() => call?.Dispose();

    public void Heal()
    {
        up.Heal();
        down.Heal();
    }

    /// <summary>Nothing that is on the way arrives, and nobody is told.</summary>
    public void Lose()
    {
        up.Cut();
        down.Cut();
        call?.Abort();
    }

    /// <summary>Both sides learn that the connection is gone.</summary>
    public void Break(string reason)
    {
        if (!End()) return;
        answered.TrySetException(new HttpRequestException(reason));
        received.Writer.Complete(new IOException(reason));
        call?.Abort();
    }

    /// <summary>The server side cuts it: the client sees it after the way back.</summary>
    public void BreakFromServer() => down.Send(0, () => Break("the peer closed the connection"));

    public void SendHeaders(int status, IReadOnlyList<KeyValuePair<string, string>> headers) => down.Send(HeaderSize, () =>
    {
        var response = new HttpResponseMessage((HttpStatusCode)status) { RequestMessage = request, Content = new StreamContent(received.Reader.AsStream()) };
        foreach (var (name, value) in headers)
        {
            if (!response.Headers.TryAddWithoutValidation(name, value)) response.Content.Headers.TryAddWithoutValidation(name, value);
        }

        answered.TrySetResult(response);
    });

    /// <summary>Sends bytes of the answer; returns when more may be sent.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> content)
    {
        for (; !content.IsEmpty && !isOver; content = content[Math.Min(SegmentSize, content.Length)..])
        {
            var part = content[..Math.Min(SegmentSize, content.Length)].ToArray();
            var wait = down.Send(part.Length, () => Take(part));
            if (wait > TimeSpan.FromMilliseconds(1)) await simulator.DelayAsync(wait);
        }
    }

    /// <summary>The answer is complete.</summary>
    public void SendEnd() => down.Send(0, () =>
    {
        if (End()) received.Writer.Complete();
    });

    private Task PauseAsync(TimeSpan wait) => simulator.DelayAsync(wait);

    private void Take(byte[] part)
    {
        if (isOver) return;
        received.Writer.Write(part);
        received.Writer.FlushAsync(CancellationToken.None).AsTask().ThrowIfPending();
    }

    private async Task SendBodyAsync()
    {
        if (request.Content is not { } content)
        {
            up.Send(0, call!.EndBody);
            return;
        }

        try
        {
            await using var body = new BodyStream(this);
            await content.CopyToAsync(body, CancellationToken.None);
            up.Send(0, call!.EndBody);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The answer, or its absence, says why.
        }
    }

    private void GiveUp()
    {
        answered.TrySetCanceled();
        if (!End()) return;
        received.Writer.Complete(new IOException("The request was given up."));
        link.IsConnected = false;
        simulator.After(link.Delay(), call!.Abort);
    }

    private bool End()
    {
        if (isOver) return false;
        isOver = true;
        link.Remove(this);
        up.Cut();
        down.Cut();
        return true;
    }

    private sealed class BodyStream(Exchange exchange) : Stream
    {
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (; !buffer.IsEmpty; buffer = buffer[Math.Min(SegmentSize, buffer.Length)..])
            {
                if (exchange.isOver) throw new IOException("The connection is gone.");
                var part = buffer[..Math.Min(SegmentSize, buffer.Length)].ToArray();
                var wait = exchange.up.Send(part.Length, () => exchange.call!.TakeBody(part));
                if (wait > TimeSpan.FromMilliseconds(1)) await exchange.PauseAsync(wait);
            }
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
        public override void Flush()
        {
            // Nothing is held back.
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

/// <summary>A machine that answers requests.</summary>
internal interface INodeServer
{
    /// <summary>The headers of a request have arrived.</summary>
    void Serve(ServerCall call);
}
