using System.Globalization;
using System.Net;
using System.Text;

namespace Oort.Backends.Arweave.Sending;

/// <summary>A whole answer.</summary>
/// <param name="Status">Of any kind.</param>
internal sealed record HttpAnswer(int Status, byte[] Body)
{
    /// <summary>The body where it is text for people: its first printable characters.</summary>
    public string Text
    {
        get
        {
            var text = Encoding.UTF8.GetString(Body.AsSpan(0, Math.Min(Body.Length, 200)));
            return string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)).Trim();
        }
    }
}

/// <summary>Sends one request and reads its bounded answer. Nothing is repeated here: the item's steps are.</summary>
/// <remarks>Thread-safe. Redirects are not followed: what was signed for one host is sent to no other.</remarks>
internal sealed class ArweaveHttp : IDisposable
{
    /// <summary>Kibibytes of an answer's headers.</summary>
    private const int HeadersMax = 32;

    private static readonly TimeSpan connectionLifetime = TimeSpan.FromMinutes(10);

    private readonly HttpMessageInvoker http;
    private readonly TimeSpan patience;
    private readonly TimeProvider time;

    public ArweaveHttp(TimeSpan connectTimeout, TimeSpan stallTimeout, int connectionCountMax, TimeProvider time)
    {
        patience = stallTimeout;
        this.time = time;
        http = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = connectTimeout,
            MaxConnectionsPerServer = connectionCountMax,
            MaxResponseHeadersLength = HeadersMax,
            PooledConnectionLifetime = connectionLifetime,
            ActivityHeadersPropagator = null,
        });
    }

    public void Dispose() => http.Dispose();

    /// <summary>Sends, and reads the answer whole.</summary>
    /// <param name="what">For people: what was asked.</param>
    /// <param name="content">Of the watch that guards it to the body; null: none.</param>
    /// <param name="sizeMax">Bytes; a longer answer is none of this protocol.</param>
    /// <exception cref="BackendException">Transient: there was no answer, or it broke off. Or what the body's own source threw.</exception>
    public async Task<HttpAnswer> SendAsync(string what, HttpMethod method, Uri address, Func<StallWatch, HttpContent>? content, int sizeMax, CancellationToken cancellationToken)
    {
        return await RunAsync(what, method, address, content, null, ReadAsync, cancellationToken);

        async Task<HttpAnswer> ReadAsync(HttpResponseMessage response, StallWatch watch)
        {
            await using var stream = await response.Content.ReadAsStreamAsync(watch.Token);
            var body = new byte[Math.Min(sizeMax, 16 * 1024)];
            for (var count = 0; ;)
            {
                watch.Restart();
                var read = await stream.ReadAsync(body.AsMemory(count), watch.Token);
                count += read;
                if (read == 0) return new((int)response.StatusCode, body[..count]);
                if (count < body.Length) continue;
                if (count == sizeMax) throw new BackendException(BackendErrorKind.Transient, $"{what}: {address.Authority} answered more than {sizeMax} bytes, which is no answer to this.");
                Array.Resize(ref body, Math.Min(sizeMax, 2 * body.Length));
            }
        }
    }

    public Task<HttpAnswer> GetAsync(string what, Uri address, int sizeMax, CancellationToken cancellationToken) => SendAsync(what, HttpMethod.Get, address, null, sizeMax, cancellationToken);

    /// <summary>Sends a GET and hands the begun answer on.</summary>
    /// <param name="range">Value of the Range header; null: none.</param>
    /// <param name="read">Reads the body; restarts the watch with each byte.</param>
    public Task<T> ReadAsync<T>(string what, Uri address, string? range, Func<HttpResponseMessage, StallWatch, Task<T>> read, CancellationToken cancellationToken) =>
        RunAsync(what, HttpMethod.Get, address, null, range, read, cancellationToken);

    private async Task<T> RunAsync<T>(
        string what, HttpMethod method, Uri address, Func<StallWatch, HttpContent>? content, string? range, Func<HttpResponseMessage, StallWatch, Task<T>> read, CancellationToken cancellationToken)
    {
        using var watch = new StallWatch(patience, time, cancellationToken);
        using var request = new HttpRequestMessage(method, address) { Version = HttpVersion.Version11, Content = content?.Invoke(watch) };
        if (range is not null) request.Headers.TryAddWithoutValidation("Range", range);
        try
        {
            using var response = await http.SendAsync(request, watch.Token);
            return await read(response, watch);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if ((request.Content as ItemContent)?.SourceFailure is BackendException failure) throw failure;
            var problem = watch.HasStalled ? string.Create(CultureInfo.InvariantCulture, $"nothing moved for {watch.Patience.TotalSeconds} s") : e.Message;
            throw new BackendException(BackendErrorKind.Transient, $"{what}: no answer from {address.Authority}: {problem}", e);
        }
    }
}
