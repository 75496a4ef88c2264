using System.Security.Cryptography;
using System.Text;
using Oort.Gateway;
using Oort.S3;

namespace Oort.Cli;

/// <summary>Signs what verbs send with Signature Version 4 (AWS: "Signing API requests").</summary>
internal static class SignedRequest
{
    private const string Region = "us-east-1";

    /// <param name="content">The body; empty: there is none.</param>
    /// <param name="service">"s3", or "iam".</param>
    public static void Sign(HttpRequestMessage request, byte[] content, string accessKey, Secret secretKey, TimeProvider time, string service)
    {
        var stamp = SigV4.FormatTimestamp(time.GetUtcNow());
        var scope = SigV4.Scope(stamp[..8], Region, service);
        var hash = Convert.ToHexStringLower(SHA256.HashData(content));
        var uri = request.RequestUri!;
        var query = string.Join('&', uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        var canonical = $"{request.Method}\n{uri.AbsolutePath}\n{query}\nhost:{uri.Authority}\nx-amz-content-sha256:{hash}\nx-amz-date:{stamp}\n\nhost;x-amz-content-sha256;x-amz-date\n{hash}";
        Span<byte> signature = stackalloc byte[SigV4.Size];
        SigV4.Sign(SigV4.DeriveKey(secretKey.Reveal(), stamp[..8], Region, service), SigV4.StringToSign(stamp, scope, SHA256.HashData(Encoding.UTF8.GetBytes(canonical))), signature);
        request.Headers.Add("x-amz-date", stamp);
        request.Headers.Add("x-amz-content-sha256", hash);
        request.Headers.TryAddWithoutValidation("Authorization", $"{SigV4.Algorithm} Credential={accessKey}/{scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={Convert.ToHexStringLower(signature)}");
    }
}
