using System.Buffers;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Oort.Checksums;

namespace Oort.S3.Client;

/// <summary>Signs requests with Signature Version 4, by the same arithmetic with which the gateway verifies them.</summary>
internal static class RequestSigner
{
    /// <summary>What proxies may change is not signed; what decides who, what and how is.</summary>
    private static bool IsSigned(string name) =>
        name.StartsWith("x-amz-", StringComparison.Ordinal) || name is "host" or "content-md5" or "content-type";

    /// <summary>Signs.</summary>
    /// <returns>What chunk signatures continue from, where the body has them.</returns>
    /// <param name="headers">All headers by lower-case name, host among them; Authorization is added.</param>
    /// <param name="payloadHash">Value of x-amz-content-sha256.</param>
    public static ChunkSigner? Sign(HttpMethod method, in S3Address address, IHeaderDictionary headers, string payloadHash, AccessKeys keys, string region, DateTimeOffset now)
    {
        var timestamp = SigV4.FormatTimestamp(now);
        headers["x-amz-date"] = timestamp;
        headers[PayloadForm.HashHeader] = payloadHash;
        if (keys.SessionToken is { } token) headers["x-amz-security-token"] = token;
        string[] signed = [.. headers.Keys.Where(IsSigned).Order(StringComparer.Ordinal)];

        var canonical = new ArrayBufferWriter<byte>(512);
        CanonicalRequest.Write(canonical, method.Method, address.CanonicalPath, CanonicalRequest.Query(S3Query.Parse(address.RawQuery), null), headers, signed, null, payloadHash);
        Span<byte> hash = stackalloc byte[SigV4.Size];
        CanonicalRequest.Hash(canonical.WrittenSpan, hash);

        var date = timestamp[..8];
        var scope = SigV4.Scope(date, region);
        var key = SigV4.DeriveKey(keys.Secret, date, region);
        try
        {
            Span<byte> signature = stackalloc byte[SigV4.Size];
            SigV4.Sign(key, SigV4.StringToSign(timestamp, scope, hash), signature);
            headers["authorization"] = $"{SigV4.Algorithm} Credential={keys.Id}/{scope},SignedHeaders={string.Join(';', signed)},Signature={Convert.ToHexStringLower(signature)}";
            return payloadHash.StartsWith("STREAMING-AWS4", StringComparison.Ordinal) ? new ChunkSigner(HmacSha256.Create(key), timestamp, scope, signature) : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
