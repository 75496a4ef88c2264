using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Oort.Identity.WebIdentity;

/// <summary>Fetches what providers publish about themselves (OpenID Connect Discovery 1.0 §4). Thread-safe.</summary>
/// <remarks>A provider's URL is a tenant's word. So the address that is connected to is looked at, not the name: the name is resolved once, for the check and the connection; no proxy connects in our place; redirects stay with the host that was asked.</remarks>
internal sealed class ProviderClient : IDisposable
{
    /// <summary>Bytes of one answer. Real ones have a few thousand.</summary>
    public const int AnswerSizeMax = 1024 * 1024;

    private const int RedirectCountMax = 3;

    /// <summary>So that another address behind a name is seen.</summary>
    private static readonly TimeSpan connectionLifetime = TimeSpan.FromMinutes(1);

    private readonly WebIdentityOptions options;
    private readonly TimeProvider time;
    private readonly HttpClient http;

    public ProviderClient(WebIdentityOptions options, TimeProvider time)
    {
        (this.options, this.time) = (options, time);
        http = new(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = options.Timeout,
            PooledConnectionLifetime = connectionLifetime,
            MaxConnectionsPerServer = 4,
            ActivityHeadersPropagator = null,
            ConnectCallback = ConnectAsync,
        })
        { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The keys that a provider signs with now.</summary>
    /// <exception cref="ProviderException">They cannot be had.</exception>
    public async Task<ProviderKeySet> FetchAsync(string issuer, CancellationToken cancellationToken)
    {
        if (!WebIdentityProvider.IsIssuer(issuer, options.AllowsHttp) || !Uri.TryCreate(issuer.TrimEnd('/') + "/.well-known/openid-configuration", UriKind.Absolute, out var home)) throw ProviderException.Refused($"\"{issuer}\" is no URL of a provider.");
        var address = Read(await GetAsync(home, cancellationToken), home, configuration =>
        {
            if (configuration.Text("issuer") != issuer) throw new FormatException("is another issuer's");
            return configuration.Text("jwks_uri") is { } text && Uri.TryCreate(text, UriKind.Absolute, out var found) && IsTaken(found, home) ? found : throw new FormatException("has no \"jwks_uri\" that can be asked");
        });
        return Read(await GetAsync(address, cancellationToken), address, ProviderKeySet.Read);
    }

    public void Dispose() => http.Dispose();

    /// <summary>Nothing that began with https goes on without.</summary>
    private static bool IsTaken(Uri uri, Uri from) => uri.UserInfo.Length == 0 && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && from.Scheme == Uri.UriSchemeHttp));

    private static T Read<T>(byte[] answer, Uri uri, Func<JsonElement, T> read)
    {
        try
        {
            using var json = StrictJson.ReadObject(answer);
            return read(json.RootElement);
        }
        catch (FormatException e)
        {
            throw ProviderException.Refused($"What {uri} answers {e.Message}.", e);
        }
    }

    private async Task<byte[]> GetAsync(Uri uri, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.Timeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await GetRedirectedAsync(uri, linked.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw ProviderException.Unreachable($"{uri} has not answered within {options.Timeout.TotalSeconds} s.", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidOperationException or UriFormatException)
        {
            if (e.InnerException is ProviderException refused) throw refused;
            throw ProviderException.Unreachable($"{uri} cannot be reached: {e.Message}", e);
        }
    }

    private async Task<byte[]> GetRedirectedAsync(Uri uri, CancellationToken cancellationToken)
    {
        for (var redirectCount = 0; ; redirectCount++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            request.Headers.Accept.ParseAdd("application/json");
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode == HttpStatusCode.OK) return await BodyAsync(uri, response, cancellationToken);
            if (response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect)) throw Failed(uri, response.StatusCode);
            if (redirectCount == RedirectCountMax) throw ProviderException.Refused($"{uri} redirects more than {RedirectCountMax} times.");
            if (response.Headers.Location is not { } location || !Uri.TryCreate(uri, location, out var next) || next.UserInfo.Length > 0 || next.GetLeftPart(UriPartial.Authority) != uri.GetLeftPart(UriPartial.Authority)) throw ProviderException.Refused($"{uri} redirects elsewhere.");
            uri = next;
        }
    }

    /// <summary>A server that is down says 5xx, or that there is too much to do; all else is its answer.</summary>
    private static ProviderException Failed(Uri uri, HttpStatusCode status) => (int)status >= 500 || status is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout
        ? ProviderException.Unreachable($"{uri} answers {(int)status}.")
        : ProviderException.Refused($"{uri} answers {(int)status}.");

    private static async Task<byte[]> BodyAsync(Uri uri, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await stream.ReadAsync(buffer, cancellationToken) is > 0 and var count)
        {
            if (body.Length + count > AnswerSizeMax) throw ProviderException.Refused($"What {uri} answers has more than {AnswerSizeMax} bytes.");
            body.Write(buffer, 0, count);
        }

        return body.ToArray();
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        return await PublicAddress.ConnectAsync(context.DnsEndPoint, IsAllowed(host, port), cancellationToken)
            ?? throw ProviderException.Refused($"{host} leads to no address of the Internet, and the operator has not allowed it.");
    }

    private bool IsAllowed(string host, int port) => options.AllowedHosts.Any(allowed => allowed.Equals(host, StringComparison.OrdinalIgnoreCase) || allowed.Equals($"{host}:{port}", StringComparison.OrdinalIgnoreCase) || allowed.Equals($"[{host}]:{port}", StringComparison.OrdinalIgnoreCase) || allowed == $"[{host}]");
}
