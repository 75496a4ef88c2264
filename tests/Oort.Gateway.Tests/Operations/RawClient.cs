using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;

namespace Oort.Gateway.Tests.Operations;

/// <summary>What came back: status, headers by name, body, and the error's code where the body is one.</summary>
public sealed record RawAnswer(int Status, Dictionary<string, string> Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>"" when the body is no error document.</summary>
    public string Code => Element("Code");

    public string Element(string name) => Body.Length == 0 || Body[0] != '<' ? "" : XDocument.Parse(Text).Descendants().FirstOrDefault(element => element.Name.LocalName == name)?.Value ?? "";

    public string Header(string name) => Headers.GetValueOrDefault(name, "");
}

/// <summary>Sends what SDKs cannot: any method, target, headers and body, signed with Signature V4 and UNSIGNED-PAYLOAD by code that shares nothing with the gateway's.</summary>
/// <param name="service">For which service requests are signed.</param>
/// <param name="token">Of a session; null: the key is no temporary one.</param>
public sealed class RawClient(Uri endpoint, string accessKey, string secretKey, string service = "s3", string? token = null) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

    /// <param name="target">Path and query, percent-encoded as it goes out.</param>
    public async Task<RawAnswer> SendAsync(string method, string target, byte[]? body = null, params (string Name, string Value)[] headers)
    {
        using var request = Request(method, target, body, Sign(method, target, headers));
        return await ReadAsync(request);
    }

    /// <summary>Posts a form, as IAM and STS are asked.</summary>
    public Task<RawAnswer> PostFormAsync(params (string Name, string Value)[] fields)
    {
        var body = Encoding.UTF8.GetBytes(string.Join('&', fields.Select(field => $"{Uri.EscapeDataString(field.Name)}={Uri.EscapeDataString(field.Value)}")));
        return SendAsync("POST", "/", body, ("content-type", "application/x-www-form-urlencoded; charset=utf-8"), ("x-amz-content-sha256", Convert.ToHexStringLower(SHA256.HashData(body))));
    }

    public Task<RawAnswer> SendAsync(string method, string target, string body, params (string Name, string Value)[] headers) =>
        SendAsync(method, target, Encoding.UTF8.GetBytes(body), headers);

    /// <summary>Returns as soon as the headers of the answer are there.</summary>
    public async Task<HttpResponseMessage> StartAsync(string method, string target, params (string Name, string Value)[] headers)
    {
        using var request = Request(method, target, [], Sign(method, target, headers));
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>PUTs a body in chunks that are each signed (SigV4 API: "Signature calculations … multiple chunks").</summary>
    /// <param name="chunks">The last one empty.</param>
    /// <param name="badChunk">Index of the one whose signature is wrong, or −1.</param>
    public async Task<RawAnswer> SendChunkedAsync(string target, byte[][] chunks, int badChunk, string form)
    {
        var length = chunks.Sum(chunk => chunk.Length).ToString(CultureInfo.InvariantCulture);
        var signed = Sign("PUT", target, ("x-amz-content-sha256", form), ("x-amz-decoded-content-length", length), ("content-encoding", "aws-chunked"));
        var (date, scope) = Scope(signed.First(header => header.Name == "x-amz-date").Value);
        var previous = signed[^1].Value[^64..];
        var empty = Convert.ToHexStringLower(SHA256.HashData([]));
        var body = new MemoryStream();
        for (var i = 0; i < chunks.Length; i++)
        {
            var toSign = $"AWS4-HMAC-SHA256-PAYLOAD\n{date}\n{scope}\n{previous}\n{empty}\n{Convert.ToHexStringLower(SHA256.HashData(chunks[i]))}";
            previous = Convert.ToHexStringLower(HMACSHA256.HashData(SigningKey(scope), Encoding.UTF8.GetBytes(toSign)));
            var sent = i == badChunk ? new string('0', 64) : previous;
            body.Write(Encoding.ASCII.GetBytes($"{chunks[i].Length:x};chunk-signature={sent}\r\n"));
            body.Write(chunks[i]);
            body.Write("\r\n"u8);
        }

        using var request = Request("PUT", target, body.ToArray(), signed);
        return await ReadAsync(request);
    }

    /// <summary>The headers of a signed request, Authorization the last of them.</summary>
    public IReadOnlyList<(string Name, string Value)> Sign(string method, string target, params (string Name, string Value)[] headers)
    {
        var (date, scope) = Scope(TimeProvider.System.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture));
        var all = new List<(string Name, string Value)>(headers) { ("x-amz-date", date) };
        if (token is not null) all.Add(("x-amz-security-token", token));
        if (!headers.Any(header => header.Name == "x-amz-content-sha256")) all.Add(("x-amz-content-sha256", "UNSIGNED-PAYLOAD"));

        // Hop-by-hop headers are not the client's to sign.
        var signed = all.Append(("host", endpoint.Authority))
            .Select(header => (Name: header.Item1.ToLowerInvariant(), Value: header.Item2.Trim()))
            .Where(header => header.Name is not ("transfer-encoding" or "expect" or "content-length"))
            .OrderBy(header => header.Name, StringComparer.Ordinal).ToList();
        var names = string.Join(';', signed.Select(header => header.Name));
        var mark = target.IndexOf('?', StringComparison.Ordinal);
        var (path, query) = mark < 0 ? (target, "") : (target[..mark], target[(mark + 1)..]);
        var pairs = query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Contains('=', StringComparison.Ordinal) ? pair : pair + "=");
        var hash = signed.First(header => header.Name == "x-amz-content-sha256").Value;
        var canonical = $"{method}\n{path}\n{string.Join('&', pairs.Order(StringComparer.Ordinal))}\n{string.Concat(signed.Select(header => $"{header.Name}:{header.Value}\n"))}\n{names}\n{hash}";
        var toSign = $"AWS4-HMAC-SHA256\n{date}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(SigningKey(scope), Encoding.UTF8.GetBytes(toSign)));
        all.Add(("Authorization", $"AWS4-HMAC-SHA256 Credential={accessKey}/{scope},SignedHeaders={names},Signature={signature}"));
        return all;
    }

    private (string Date, string Scope) Scope(string date) => (date, $"{date[..8]}/us-east-1/{service}/aws4_request");

    private byte[] SigningKey(string scope) =>
        scope.Split('/').Aggregate(Encoding.UTF8.GetBytes("AWS4" + secretKey), (key, step) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(step)));

    private HttpRequestMessage Request(string method, string target, byte[]? body, IEnumerable<(string Name, string Value)> headers)
    {
        // Uri would resolve dot segments and decode what is encoded.
        var address = new Uri(endpoint.GetLeftPart(UriPartial.Authority) + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var request = new HttpRequestMessage(new(method), address);
        if (body is { Length: > 0 } || (body is not null && method is "PUT" or "POST")) request.Content = new ByteArrayContent(body!);
        foreach (var (name, value) in headers)
            if (!request.Headers.TryAddWithoutValidation(name, value)) request.Content!.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    private async Task<RawAnswer> ReadAsync(HttpRequestMessage request)
    {
        using var response = await http.SendAsync(request);
        return new(
            (int)response.StatusCode,
            response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(',', header.Value), StringComparer.OrdinalIgnoreCase),
            await response.Content.ReadAsByteArrayAsync());
    }

    public void Dispose() => http.Dispose();
}
