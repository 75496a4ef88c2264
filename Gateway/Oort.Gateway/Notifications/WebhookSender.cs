using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Oort.Identity.WebIdentity;

namespace Oort.Gateway.Notifications;

/// <summary>Posts events to webhooks, signed (docs/notifications.md). Thread-safe.</summary>
internal sealed class WebhookSender : IDisposable
{
    public const string TimestampHeader = "X-Oort-Timestamp";
    public const string SignatureHeader = "X-Oort-Signature";
    public const string EventHeader = "X-Oort-Event-Id";

    // What a receiver says of itself goes into the list of given-up events: no more of it.
    private const int ReasonLengthMax = 200;

    private readonly NotificationOptions options;
    private readonly TimeProvider time;
    private readonly HttpClient http;

    public WebhookSender(NotificationOptions options, TimeProvider time)
    {
        (this.options, this.time) = (options, time);
        http = new(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = options.Timeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxConnectionsPerServer = options.ParallelMax,
            ActivityHeadersPropagator = null,
            ConnectCallback = ConnectAsync,
        })
        { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Sends one event.</summary>
    /// <param name="id">Stays the same when it is sent again.</param>
    /// <returns>Null: it was taken (2xx). Otherwise why not.</returns>
    public async Task<string?> SendAsync(WebhookTarget target, string id, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Post, target.Url) { Content = new ReadOnlyMemoryContent(message) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "Oort/" + AdminApi.Version);
        request.Headers.TryAddWithoutValidation(EventHeader, id);
        request.Headers.TryAddWithoutValidation(TimestampHeader, timestamp);
        request.Headers.TryAddWithoutValidation(SignatureHeader, "v1=" + Sign(target.Secret, timestamp, message.Span));
        using var late = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return answer.IsSuccessStatusCode ? null : string.Create(CultureInfo.InvariantCulture, $"It answered {(int)answer.StatusCode}.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return string.Create(CultureInfo.InvariantCulture, $"It did not answer within {options.Timeout.TotalSeconds} seconds.");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            var reason = failure.InnerException is WebhookRefusedException refused ? refused.Message : failure.Message;
            return reason.Length <= ReasonLengthMax ? reason : reason[..ReasonLengthMax];
        }
    }

    /// <summary>HMAC-SHA256 of the timestamp, a dot and the body, in lower-case hex.</summary>
    public static string Sign(string secret, string timestamp, ReadOnlySpan<byte> message)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hash.AppendData(Encoding.ASCII.GetBytes(timestamp + "."));
        hash.AppendData(message);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Dispose() => http.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken) =>
        await PublicAddress.ConnectAsync(context.DnsEndPoint, options.AllowsLocal, cancellationToken)
        ?? throw new WebhookRefusedException($"{context.DnsEndPoint.Host} leads to no address of the Internet; --allow-local-webhooks would let it be taken.");

    private sealed class WebhookRefusedException(string message) : IOException(message);
}
