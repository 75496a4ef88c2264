using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Oort.S3;

namespace Oort.Gateway;

/// <summary>Signature Version 4 for the admin API: as for S3, but the body must be covered by the signature.</summary>
internal sealed class AdminAuthentication(S3Authenticator authenticator, S3Options options)
{
    /// <summary>No admin request has a larger body.</summary>
    private const int BodySizeMax = 64 * 1024;

    /// <summary>Verifies a request and leaves its verified body in <see cref="HttpRequest.Body"/>.</summary>
    /// <exception cref="S3Exception">Not signed, or wrongly.</exception>
    public async ValueTask VerifyAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var target = S3Target.Read(http, options);
        var authentication = await authenticator.AuthenticateAsync(http, target, http.Request.BodyReader, cancellationToken)
            ?? throw new S3Exception(S3Errors.AccessDenied, "The admin API takes signed requests only.");
        var length = http.Request.ContentLength ?? 0;
        if (length > BodySizeMax) throw new S3Exception(S3Errors.EntityTooLarge);
        if (authentication.Payload.Hash is not { } hash) throw new S3Exception(S3Errors.AccessDenied, "The admin API takes requests whose signature covers the body only.");
        var body = new byte[length];
        await http.Request.Body.ReadExactlyAsync(body, cancellationToken);
        if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(body), hash)) throw new S3Exception(S3Errors.XAmzContentSha256Mismatch);
        http.Request.Body = new MemoryStream(body, writable: false);
    }
}
