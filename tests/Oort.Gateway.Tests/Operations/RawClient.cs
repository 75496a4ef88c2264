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
public sealed class RawClient(Uri endpoint, string accessKey, string secretKey) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

    /// <param name="target">Path and query, percent-encoded as it goes out.</param>
    public async Task<RawAnswer> SendAsync(string method, string target, byte[]? body = null, params (string Name, string Value)[] headers)
    {
        // Uri would resolve dot segments and decode what is encoded.
        var address = new Uri(endpoint.GetLeftPart(UriPartial.Authority) + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(new(method), address);
        if (body is { Length: > 0 } || (body is not null && method is "PUT" or "POST")) request.Content = new ByteArrayContent(body);
        foreach (var (name, value) in Sign(method, target, headers))
        {
            if (!request.Headers.TryAddWithoutValidation(name, value)) request.Content!.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await http.SendAsync(request);
        return new(
            (int)response.StatusCode,
            response.Headers.Concat(response.Content.Headers).Concat(response.TrailingHeaders)
                .ToDictionary(header => header.Key, header => string.Join(',', header.Value), StringComparer.OrdinalIgnoreCase),
            await response.Content.ReadAsByteArrayAsync());
    }

    public Task<RawAnswer> SendAsync(string method, string target, string body, params (string Name, string Value)[] headers) =>
        SendAsync(method, target, Encoding.UTF8.GetBytes(body), headers);

    /// <summary>The headers of a signed request, Authorization among them.</summary>
    public IReadOnlyList<(string Name, string Value)> Sign(string method, string target, params (string Name, string Value)[] headers)
    {
        var now = TimeProvider.System.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var scope = $"{now[..8]}/us-east-1/s3/aws4_request";
        var all = new List<(string Name, string Value)>(headers) { ("x-amz-date", now) };
        if (!headers.Any(header => header.Name == "x-amz-content-sha256")) all.Add(("x-amz-content-sha256", "UNSIGNED-PAYLOAD"));
        var signed = all.Append(("host", endpoint.Authority)).Select(header => (Name: header.Item1.ToLowerInvariant(), Value: header.Item2.Trim())).OrderBy(header => header.Name, StringComparer.Ordinal).ToList();
        var names = string.Join(';', signed.Select(header => header.Name));
        var mark = target.IndexOf('?', StringComparison.Ordinal);
        var (path, query) = mark < 0 ? (target, "") : (target[..mark], target[(mark + 1)..]);
        var canonicalQuery = string.Join('&', query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Contains('=', StringComparison.Ordinal) ? pair : pair + "=").Order(StringComparer.Ordinal));
        var hash = signed.First(header => header.Name == "x-amz-content-sha256").Value;
        var canonical = $"{method}\n{path}\n{canonicalQuery}\n{string.Concat(signed.Select(header => $"{header.Name}:{header.Value}\n"))}\n{names}\n{hash}";
        var toSign = $"AWS4-HMAC-SHA256\n{now}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var key = Encoding.UTF8.GetBytes("AWS4" + secretKey);
        foreach (var step in scope.Split('/')) key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(step));
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
        all.Add(("Authorization", $"AWS4-HMAC-SHA256 Credential={accessKey}/{scope},SignedHeaders={names},Signature={signature}"));
        return all;
    }

    public void Dispose() => http.Dispose();
}
