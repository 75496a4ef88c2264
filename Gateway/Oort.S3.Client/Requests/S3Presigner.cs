using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Oort.S3.Client;

/// <summary>Makes URLs that carry their signature (S3 API: "Authenticating Requests: Using Query Parameters").</summary>
public static class S3Presigner
{
    /// <summary>A signature in a URL is good for a week at most.</summary>
    public static readonly TimeSpan ExpiresMax = TimeSpan.FromDays(7);

    /// <summary>A URL by which anybody may get an object, as if the holder of the keys did.</summary>
    /// <param name="expires">From now on, 1 s to <see cref="ExpiresMax"/>; fractions of a second are cut off.</param>
    /// <exception cref="ArgumentOutOfRangeException">It expires too late, or at once.</exception>
    public static Uri Get(S3ClientOptions options, AccessKeys keys, string bucket, string key, TimeSpan expires, DateTimeOffset now)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(expires, ExpiresMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(expires, TimeSpan.FromSeconds(1));
        var timestamp = SigV4.FormatTimestamp(now);
        var date = timestamp[..8];
        var scope = SigV4.Scope(date, options.Region);
        var call = new S3Call(HttpMethod.Get, "GetObject", bucket, key)
            .With("X-Amz-Algorithm", SigV4.Algorithm).With("X-Amz-Credential", $"{keys.Id}/{scope}").With("X-Amz-Date", timestamp).With("X-Amz-Expires", ((long)expires.TotalSeconds).ToString(CultureInfo.InvariantCulture))
            .WithOptional("X-Amz-Security-Token", keys.SessionToken).With("X-Amz-SignedHeaders", "host");
        var address = S3Address.Of(options, call, options.Region);

        var canonical = new ArrayBufferWriter<byte>(1024);
        var headers = new HeaderDictionary { ["host"] = address.Target.Authority };
        CanonicalRequest.Write(canonical, "GET", address.CanonicalPath, CanonicalRequest.Query(S3Query.Parse(address.RawQuery), null), headers, ["host"], null, SigV4.UnsignedPayload);
        Span<byte> hash = stackalloc byte[SigV4.Size];
        CanonicalRequest.Hash(canonical.WrittenSpan, hash);
        var signingKey = SigV4.DeriveKey(keys.Secret, date, options.Region);
        try
        {
            Span<byte> signature = stackalloc byte[SigV4.Size];
            SigV4.Sign(signingKey, SigV4.StringToSign(timestamp, scope, hash), signature);
            return S3Address.Of(options, call.With("X-Amz-Signature", Convert.ToHexStringLower(signature)), options.Region).Target;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(signingKey);
        }
    }
}
