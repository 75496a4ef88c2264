using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Oort.Gateway.Tests.Operations;

namespace Oort.Gateway.Tests.Forms;

/// <summary>A form as a browser sends it, written and signed by code that shares nothing with the gateway's.</summary>
internal sealed class UploadForm
{
    private const string Boundary = "----form-17";

    private static readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    private readonly List<(string Name, string Value)> fields = [];

    public byte[] File { get; init; } = "content"u8.ToArray();

    public string FileName { get; init; } = "file.txt";

    /// <summary>Fields that the page has after its file.</summary>
    public string After { get; init; } = "";

    /// <summary>What is sent after the last boundary.</summary>
    public string End { get; init; } = "\r\n";

    public UploadForm Add(string name, string value)
    {
        fields.Add((name, value));
        return this;
    }

    /// <summary>Adds a policy with a condition for each field that is there, and more; by Signature Version 4.</summary>
    public UploadForm Sign(string bucket, string accessKey, string secret, params object[] more) => Sign4(Policy(Conditions(bucket, accessKey, more)), accessKey, secret);

    /// <summary>Signs a policy as it is.</summary>
    public UploadForm Sign4(string policy, string accessKey, string secret)
    {
        var text = Convert.ToBase64String(Encoding.UTF8.GetBytes(policy));
        var (moment, scope) = Scope();
        var key = scope.Split('/').Aggregate(Encoding.UTF8.GetBytes("AWS4" + secret), (one, step) => HMACSHA256.HashData(one, Encoding.UTF8.GetBytes(step)));
        return Add("x-amz-algorithm", "AWS4-HMAC-SHA256").Add("x-amz-credential", $"{accessKey}/{scope}").Add("x-amz-date", moment).Add("policy", text)
            .Add("x-amz-signature", Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text))));
    }

    public UploadForm Sign2(string policy, string accessKey, string secret)
    {
        var text = Convert.ToBase64String(Encoding.UTF8.GetBytes(policy));
#pragma warning disable CA5350 // The protocol's.
        var signature = HMACSHA1.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(text));
#pragma warning restore CA5350
        return Add("AWSAccessKeyId", accessKey).Add("policy", text).Add("signature", Convert.ToBase64String(signature));
    }

    public static string Policy(IEnumerable<object> conditions, int minutes = 10) =>
        JsonSerializer.Serialize(new { expiration = TimeProvider.System.GetUtcNow().AddMinutes(minutes).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), conditions });

    /// <summary>A condition for each field that is there, and for those of the signature.</summary>
    public IEnumerable<object> Conditions(string bucket, string accessKey, params object[] more)
    {
        var (moment, scope) = Scope();
        return [.. fields.Select(field => new[] { "eq", "$" + field.Name, field.Value }), new[] { "eq", "$bucket", bucket }, new[] { "starts-with", "$x-amz-algorithm", "AWS4" }, new[] { "eq", "$x-amz-credential", $"{accessKey}/{scope}" }, new[] { "starts-with", "$x-amz-date", moment[..8] }, .. more];
    }

    public byte[] ToBytes()
    {
        var body = new MemoryStream();
        foreach (var (name, value) in fields) body.Write(Encoding.UTF8.GetBytes($"--{Boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
        body.Write(Encoding.UTF8.GetBytes($"--{Boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{FileName}\"\r\nContent-Type: text/html\r\n\r\n"));
        body.Write(File);
        body.Write(Encoding.UTF8.GetBytes($"\r\n--{Boundary}{(After.Length > 0 ? $"\r\n{After}\r\n--{Boundary}" : "")}--{End}"));
        return body.ToArray();
    }

    /// <summary>A field after the file.</summary>
    public static string Field(string name, string value) => $"Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}";

    public Task<RawAnswer> PostAsync(Uri endpoint, string target) => PostAsync(endpoint, target, ToBytes());

    public static async Task<RawAnswer> PostAsync(Uri endpoint, string target, byte[] body, string contentType = "multipart/form-data; boundary=" + Boundary, bool isChunked = false, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(endpoint, target));
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        request.Headers.TransferEncodingChunked = isChunked ? true : null;
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await http.SendAsync(request);
        var found = answer.Headers.Concat(answer.Content.Headers).ToDictionary(header => header.Key, header => string.Join(',', header.Value), StringComparer.OrdinalIgnoreCase);
        return new((int)answer.StatusCode, found, await answer.Content.ReadAsByteArrayAsync());
    }

    private static (string Moment, string Scope) Scope()
    {
        var moment = TimeProvider.System.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        return (moment, $"{moment[..8]}/us-east-1/s3/aws4_request");
    }
}
