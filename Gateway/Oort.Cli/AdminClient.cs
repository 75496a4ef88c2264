using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Oort.Gateway;
using Oort.S3;

namespace Oort.Cli;

/// <summary>The gateway refused an admin request, or could not be reached; the message is for the operator.</summary>
internal sealed class AdminException(string message) : Exception(message);

/// <summary>A client of <c>/_oort/admin/v1</c> that signs with Signature Version 4 (AWS: "Signing API requests").</summary>
internal sealed class AdminClient(Uri endpoint, string accessKey, Secret secretKey, TimeProvider time, X509Certificate2Collection? authorities) : IDisposable
{
    private const string BasePath = "/_oort/admin/v1/";

    // A check of every shard answers at its end.
    private readonly HttpClient _http = CaFile.Connect(authorities, Timeout.InfiniteTimeSpan);

    /// <summary>Sends a request and reads the JSON answer.</summary>
    /// <exception cref="AdminException">Not reached, or refused; says why.</exception>
    public async Task<JsonElement> SendAsync(HttpMethod method, string resource, object? body, CancellationToken cancellationToken, JsonSerializerOptions? options = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(endpoint, BasePath + resource));
        var content = body is null ? [] : JsonSerializer.SerializeToUtf8Bytes(body, options ?? JsonSerializerOptions.Web);
        if (body is not null) request.Content = new ByteArrayContent(content) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        SignedRequest.Sign(request, content, accessKey, secretKey, time, SigV4.Service);
        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            if (response.IsSuccessStatusCode) return JsonSerializer.Deserialize<JsonElement>(text);
            throw new AdminException(Explain(response, text));
        }
        catch (HttpRequestException e)
        {
            if (e.HttpRequestError == HttpRequestError.SecureConnectionError) throw Distrusted(endpoint, e);
            throw new AdminException($"No gateway answers at {endpoint} ({e.Message}); start one with `oort serve`, or name it with --endpoint URL.");
        }
    }

    /// <summary>Asks for something that is not JSON, and writes it down as it comes.</summary>
    /// <returns>A header of the answer; empty where it has none.</returns>
    /// <exception cref="AdminException">Not reached, refused, or broken off; says why.</exception>
    public async Task<string> DownloadAsync(string resource, string header, Stream target, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(endpoint, BasePath + resource));
        SignedRequest.Sign(request, [], accessKey, secretKey, time, SigV4.Service);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!response.IsSuccessStatusCode) throw new AdminException(Explain(response, await response.Content.ReadAsStringAsync(cancellationToken)));
            await response.Content.CopyToAsync(target, cancellationToken);
            return response.Headers.TryGetValues(header, out var values) ? values.First() : "";
        }
        catch (HttpRequestException e)
        {
            throw new AdminException($"The gateway at {endpoint} did not answer to the end ({e.Message}); start one with `oort serve`, or name it with --endpoint URL.");
        }
    }

    /// <summary>The certificate is not to be trusted, or it is no TLS.</summary>
    public static AdminException Distrusted(Uri endpoint, HttpRequestException e) =>
        new($"No secure connection to {endpoint} ({(e.InnerException ?? e).Message}); name the authority of its certificate with --ca-file FILE, and the gateway as its certificate does.");

    /// <summary>Why a gateway refused something, in its own words.</summary>
    public static string Explain(HttpResponseMessage response, string text)
    {
        try
        {
            var message = JsonSerializer.Deserialize<JsonElement>(text);
            if (message.ValueKind == JsonValueKind.Object && message.TryGetProperty("message", out var said)) return said.GetString() ?? text;
        }
        catch (JsonException)
        {
            // Signature errors come as S3's XML, and those of IAM too; anything else is a proxy's or another server's, whose words are shown as they are.
            var start = text.IndexOf("<Message>", StringComparison.Ordinal);
            var end = text.IndexOf("</Message>", StringComparison.Ordinal);
            if (start >= 0 && end > start) return System.Net.WebUtility.HtmlDecode(text[(start + "<Message>".Length)..end]);
        }

        return $"{(int)response.StatusCode} {response.ReasonPhrase}: {(text.Length > 500 ? text[..500] : text)}";
    }

    public void Dispose() => _http.Dispose();
}
