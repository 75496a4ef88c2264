namespace Oort.S3.Client;

/// <summary>A client of any S3 service: what replication, migration and S3 clouds as stores are built on.</summary>
/// <remarks>
/// Thread-safe; connections are kept and shared. No body is ever held in memory. Every method throws <see cref="S3ClientException"/> when the service does not do it, after as many
/// attempts as <see cref="S3ClientOptions"/> say, and <see cref="OperationCanceledException"/> when the caller cancels. Source of all operations: the Amazon S3 API reference.
/// </remarks>
public sealed partial class S3Client : IDisposable
{
    /// <summary>Bytes of an answer in XML: a page of 1,000 keys of 1,024 bytes, all escaped, with everything around them.</summary>
    private const int AnswerSizeMax = 8 * 1024 * 1024;

    private static readonly TimeSpan connectionLifetime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan connectionIdleMax = TimeSpan.FromSeconds(50);

    /// <summary>Kibibytes of an answer's headers: 2 KiB of user metadata, escaped, and the rest.</summary>
    private const int AnswerHeadersMax = 32;

    private readonly HttpMessageInvoker http;
    private readonly S3Sender sender;

    /// <param name="keys">Null: requests are not signed (public buckets).</param>
    /// <param name="jitter">For the delays of retries.</param>
    public S3Client(S3ClientOptions options, AccessKeys? keys, TimeProvider time, Random jitter)
    {
        if (!options.Endpoint.IsAbsoluteUri || options.Endpoint.Scheme is not ("http" or "https") || options.Endpoint.UserInfo.Length > 0 || options.Endpoint.Query.Length > 0)
            throw new ArgumentException("An endpoint is an http or https URL without user and query.", nameof(options));
        Options = options;
        http = new HttpMessageInvoker(Handler(options));
        sender = new S3Sender(options, keys, http, time, jitter);
    }

    public S3ClientOptions Options { get; }

    public void Dispose() => http.Dispose();

    private static SocketsHttpHandler Handler(S3ClientOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            // A redirect would send a signature to whom it was not made for; regions are learnt from S3's own headers.
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = System.Net.DecompressionMethods.None,
            ConnectTimeout = options.ConnectTimeout,
            MaxConnectionsPerServer = options.ConnectionCountMax,
            MaxResponseHeadersLength = AnswerHeadersMax,
            PooledConnectionLifetime = connectionLifetime,
            PooledConnectionIdleTimeout = connectionIdleMax,
            ActivityHeadersPropagator = null,
        };
        if (options.Authorities is { } authorities) handler.SslOptions.CertificateChainPolicy = S3ClientOptions.Trusting(authorities);
        if (options.AllowsLocalAddresses) return handler;
        // A proxy would connect in our place, and look at no address.
        handler.UseProxy = false;
        handler.ConnectCallback = AddressGuard.ConnectAsync;
        return handler;
    }

    /// <summary>Sends and passes over the body.</summary>
    /// <returns>A header's value.</returns>
    private async Task<string?> SendEmptyAsync(S3Call call, string header, CancellationToken cancellationToken)
    {
        using var exchange = await sender.SendAsync(call, cancellationToken);
        return exchange.Header(header);
    }

    /// <summary>Sends and reads an answer in XML whole. One that breaks off is asked for again.</summary>
    private async Task<byte[]> SendDocumentAsync(S3Call call, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var exchange = await sender.SendAsync(call, cancellationToken);
            S3ClientException failure;
            try
            {
                var document = await exchange.ReadAsync(AnswerSizeMax);
                // Complete and copy have begun their answer with 200 before they knew (S3 API: CompleteMultipartUpload, CopyObject).
                if (AnswerReader.Root(document) != "Error") return document;
                var (code, message, _) = ErrorDocument.Read(document);
                failure = new(S3ErrorKinds.Of(code, 500), $"{call.Operation} of {call.Resource} was answered {code}: {message}") { Code = code, Status = exchange.Response.StatusCode };
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                failure = new(S3ErrorKind.Transient, $"{call.Operation} of {call.Resource}: the answer broke off: {e.Message}", e);
            }

            if (!failure.IsWorthRetrying || attempt >= Options.AttemptCountMax) throw failure;
            await sender.DelayAsync(attempt, null, cancellationToken);
        }
    }
}
