using System.Net;
using System.Net.Http.Headers;

namespace Oort.Backends.Ipfs;

/// <summary>One server and how it is spoken to: every exchange is bounded in time and size, and each failure is a <see cref="BackendException"/> without a secret in it.</summary>
/// <remarks>Thread-safe. Nothing is repeated here: the steps of an item are, and reads go to the next place.</remarks>
internal sealed class HttpPlace : IDisposable
{
    private const int AnswerHeadersMax = 32;

    /// <summary>Letters of another's text that a message takes over.</summary>
    private const int QuoteSizeMax = 300;

    /// <summary>Bodies from which on the server is asked before they are sent, so that a refusal does not cost the transfer.</summary>
    private const int ConsentSize = 1 << 20;

    private static readonly TimeSpan connectionLifetime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan connectionIdleMax = TimeSpan.FromSeconds(50);

    private readonly HttpMessageInvoker http;
    private readonly string root;
    private readonly IpfsCredentials? credentials;
    private readonly IpfsOptions limits;
    private readonly TimeProvider time;

    /// <param name="limits">Only its times and counts are looked at.</param>
    public HttpPlace(Uri address, IpfsCredentials? credentials, IpfsOptions limits, TimeProvider time)
    {
        root = address.AbsoluteUri.TrimEnd('/');
        Name = address.GetLeftPart(UriPartial.Path).TrimEnd('/');
        this.credentials = credentials;
        this.limits = limits;
        this.time = time;
        http = new(new SocketsHttpHandler
        {
            // A redirect would send the credentials to whom they are not for.
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = limits.ConnectTimeout,
            MaxConnectionsPerServer = limits.ConnectionCountMax,
            MaxResponseHeadersLength = AnswerHeadersMax,
            PooledConnectionLifetime = connectionLifetime,
            PooledConnectionIdleTimeout = connectionIdleMax,
            ActivityHeadersPropagator = null,
        });
    }

    /// <summary>Its address, for messages.</summary>
    public string Name { get; }

    public void Dispose() => http.Dispose();

    /// <summary>Sends a request; the answer may be of any status, its body unread.</summary>
    /// <param name="call">What it is, for messages.</param>
    /// <param name="target">Path and query, behind the address.</param>
    /// <exception cref="BackendException">Transient: no answer came.</exception>
    public async Task<HttpReply> SendAsync(HttpMethod method, string call, string target, HttpContent? content, string? accept, CancellationToken cancellationToken)
    {
        var guard = new ExchangeGuard(limits.StallTimeout, limits.RequestTimeout, time, cancellationToken);
        try
        {
            using var request = new HttpRequestMessage(method, root + target) { Version = HttpVersion.Version11, Content = content };
            if (credentials is not null) request.Headers.Authorization = new AuthenticationHeaderValue(credentials.Scheme, credentials.Value);
            if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);
            if (content?.Headers.ContentLength is null or >= ConsentSize && content is not null) request.Headers.ExpectContinue = true;
            if (content is IGuardedContent guarded) guarded.Guard = guard;
            return new(this, call, await http.SendAsync(request, guard.Token), guard);
        }
        catch (Exception e)
        {
            // What the body's own source failed with comes out as it is, or inside what the connection makes of it.
            var failure = e as BackendException ?? e.InnerException as BackendException ?? Failure(call, e, guard);
            guard.Dispose();
            if (failure is null || ReferenceEquals(failure, e)) throw;
            throw failure;
        }
    }

    /// <summary>What an exception of the connection means; null: something else, to be thrown on.</summary>
    public BackendException? Failure(string call, Exception exception, ExchangeGuard guard)
    {
        if (exception is not (HttpRequestException or IOException or OperationCanceledException) || guard.Caller.IsCancellationRequested) return null;
        return new(BackendErrorKind.Transient, $"{call} at {Name} did not end: {Quote(guard.Reason ?? exception.Message)}.", exception);
    }

    /// <summary>Another's text as a message may have it: printable, short, without the secret that it might have sent back.</summary>
    public string Quote(string text)
    {
        if (credentials is not null) text = text.Replace(credentials.Value, "***", StringComparison.Ordinal);
        var kept = text.AsSpan(0, Math.Min(text.Length, QuoteSizeMax)).ToArray();
        for (var i = 0; i < kept.Length; i++) if (char.IsControl(kept[i]) || char.IsSurrogate(kept[i])) kept[i] = ' ';
        return new string(kept).Trim().TrimEnd('.');
    }
}

/// <summary>A body that says when something of it was taken.</summary>
internal interface IGuardedContent
{
    ExchangeGuard? Guard { set; }
}
