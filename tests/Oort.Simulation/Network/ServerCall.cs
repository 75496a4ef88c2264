using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Oort.Simulation.Network;

/// <summary>A request as the server sees it: what Kestrel would give to the node's handlers.</summary>
internal sealed class ServerCall : IHttpRequestLifetimeFeature, IHttpResponseBodyFeature, IHttpResponseFeature, IConnectionItemsFeature, ITlsConnectionFeature, IDisposable
{
    private readonly Exchange exchange;
    private readonly Pipe body = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly Pipe answer = new(new PipeOptions(readerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));
    private readonly CancellationTokenSource aborted = new();
    private bool isBodyOver;
    private bool isDisposed;

    public ServerCall(Exchange exchange, HttpRequestMessage request, X509Certificate2 certificate)
    {
        this.exchange = exchange;
        ClientCertificate = certificate;
        RequestAborted = aborted.Token;
        Method = request.Method.Method;
        Target = request.RequestUri!.PathAndQuery;
        var features = new FeatureCollection();
        var path = request.RequestUri.AbsolutePath;
        var headers = new HeaderDictionary();
        foreach (var (name, values) in request.Headers) headers[name] = values.ToArray();
        if (request.Content is { } content)
        {
            foreach (var (name, values) in content.Headers) headers[name] = values.ToArray();
            headers.ContentLength = content.Headers.ContentLength;
        }

        features.Set<IHttpRequestFeature>(new HttpRequestFeature { Method = Method, Path = Uri.UnescapeDataString(path), QueryString = request.RequestUri.Query, RawTarget = Target, Protocol = "HTTP/1.1", Scheme = "https", Headers = headers, Body = body.Reader.AsStream() });
        features.Set<IHttpResponseFeature>(this);
        features.Set<IHttpResponseBodyFeature>(this);
        features.Set<IHttpRequestLifetimeFeature>(this);
        features.Set<IConnectionItemsFeature>(this);
        features.Set<ITlsConnectionFeature>(this);
        Http = new DefaultHttpContext(features);
    }

    public HttpContext Http { get; }

    public string Method { get; }

    public string Target { get; }

    /// <summary>Changes an answer before it is sent: (method, target, status, headers, content). Null: it is sent as it comes.</summary>
    public Func<ServerCall, byte[], byte[]?>? Forge { get; set; }

    /// <summary>Waits between the end of the work and the sending of the answer.</summary>
    public Func<Task> FinishAsync { get; set; } = () => Task.CompletedTask;

    public CancellationToken RequestAborted { get; set; }

    public X509Certificate2? ClientCertificate { get; set; }

    public IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    public int StatusCode { get; set; } = 200;

    public string? ReasonPhrase { get; set; }

    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    public bool HasStarted { get; private set; }

    public Stream Body { get => Stream; set => throw new NotSupportedException(); }

    public Stream Stream => answer.Writer.AsStream();

    public PipeWriter Writer => answer.Writer;

    /// <summary>Runs the server's handler and sends what it answers.</summary>
    public async Task RunAsync(Func<HttpContext, Task> handle)
    {
        var pumping = PumpAsync();
        await handle(Http);
        await answer.Writer.CompleteAsync();
        await pumping;
        Dispose();
    }

    public void Dispose()
    {
        isDisposed = true;
        aborted.Dispose();
    }

    public void TakeBody(byte[] part)
    {
        if (isBodyOver) return;
        body.Writer.Write(part);
        body.Writer.FlushAsync(CancellationToken.None).AsTask().ThrowIfPending();
    }

    public void EndBody()
    {
        if (isBodyOver) return;
        isBodyOver = true;
        body.Writer.Complete();
    }

    /// <summary>From either side: the connection is gone.</summary>
    public void Abort()
    {
        if (!isBodyOver)
        {
            isBodyOver = true;
            body.Writer.Complete(new IOException("The connection was reset."));
        }

        if (isDisposed || aborted.IsCancellationRequested) return;
        aborted.Cancel();
        exchange.BreakFromServer();
    }

    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(ClientCertificate);

    public void OnStarting(Func<object, Task> callback, object state) => throw new NotSupportedException();

    public void OnCompleted(Func<object, Task> callback, object state) => throw new NotSupportedException();

    public Task StartAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task CompleteAsync() => throw new NotSupportedException();

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public void DisableBuffering()
    {
        // Nothing is held back.
    }

    private async Task PumpAsync()
    {
        if (Forge is not null)
        {
            await PumpForgedAsync(Forge);
            return;
        }

        while (true)
        {
            var read = await answer.Reader.ReadAsync(CancellationToken.None);
            await BeginAsync();
            foreach (var segment in read.Buffer) await exchange.SendAsync(segment);
            answer.Reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) break;
        }

        exchange.SendEnd();
    }

    private async Task PumpForgedAsync(Func<ServerCall, byte[], byte[]?> forge)
    {
        using var whole = new MemoryStream();
        await answer.Reader.CopyToAsync(whole, CancellationToken.None);
        if (forge(this, whole.ToArray()) is not { } content)
        {
            Abort();
            return;
        }

        if (Method != "HEAD") Headers.ContentLength = content.Length;
        await BeginAsync();
        await exchange.SendAsync(content);
        exchange.SendEnd();
    }

    private async Task BeginAsync()
    {
        if (HasStarted) return;
        HasStarted = true;
        await FinishAsync();
        exchange.SendHeaders(StatusCode, [.. Headers.SelectMany(header => header.Value.Select(value => KeyValuePair.Create(header.Key, value ?? "")))]);
    }
}
