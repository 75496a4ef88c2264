using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Oort.Checksums;

namespace Oort.S3;

/// <summary>A request whose signature is right.</summary>
/// <param name="Payload">How its body is framed and what vouches for it.</param>
/// <param name="Chunks">Verifies signed chunks, where the body has them.</param>
/// <param name="IsPresigned">The signature came in the query.</param>
/// <param name="SignatureVersion">4 or 2.</param>
public sealed record S3Authentication(S3Principal Principal, PayloadForm Payload, ChunkSigner? Chunks, bool IsPresigned, int SignatureVersion = 4);

/// <summary>Decides who signed a request (S3 API: "Authenticating Requests (AWS Signature Version 4)"; Version 2 where that is accepted): in a header or in the query.</summary>
/// <remarks>
/// Nothing is read from the body, but for small bodies of requests without x-amz-content-sha256. When the first canonical request does not verify, a
/// bounded number of others is tried that say the same but were written differently: see <see cref="SignatureVariants"/>. Thread-safe.
/// </remarks>
public sealed partial class S3Authenticator(S3Options options, IS3Credentials credentials, TimeProvider time, ILogger logger)
{
    // A body that must be hashed before its signature can be judged is held in memory; the same limit as for XML documents, which is what such requests carry.
    private const int UnannouncedBodySizeMax = 1024 * 1024;

    // What these say is in the signature anyway (the time, the payload hash), or was added by a proxy or browser and changes nothing.
    private static readonly string[] NeedNotBeSigned = [SignatureClaim.DateHeader, PayloadForm.HashHeader, "x-amz-cf-id", "x-amz-user-agent"];

    private static readonly string[] ownServices = [SigV4.Service];

    private readonly SignatureScopes scopes = new();
    private readonly SigningKeyCache keys = new();

    /// <summary>Verifies a request to S3.</summary>
    /// <inheritdoc cref="AuthenticateAsync(HttpContext, S3Target, PipeReader, IReadOnlyList{string}, CancellationToken)"/>
    public ValueTask<S3Authentication?> AuthenticateAsync(HttpContext http, S3Target target, PipeReader body, CancellationToken cancellationToken) => AuthenticateAsync(http, target, body, ownServices, cancellationToken);

    /// <summary>Verifies a request.</summary>
    /// <param name="body">The raw body; left unread, or read and not consumed.</param>
    /// <param name="services">For which service it may be signed. Other services than S3 have the body in the signature.</param>
    /// <returns>Null for an anonymous request.</returns>
    /// <exception cref="S3Exception">The documented error; SignatureDoesNotMatch with what was signed here.</exception>
    public async ValueTask<S3Authentication?> AuthenticateAsync(HttpContext http, S3Target target, PipeReader body, IReadOnlyList<string> services, CancellationToken cancellationToken)
    {
        var headers = http.Request.Headers;
        // The old signature does not cover bodies, in which other services are told what to do.
        if (services.Contains(SigV4.Service) && SignatureV2Claim.Read(target, headers) is { } old)
            return await AuthenticateAsync(old, target, headers, cancellationToken);
        var claim = SignatureClaim.Read(target, headers, scopes);
        if (claim is null)
            return null;

        if (!services.Contains(claim.Scope.Service))
            throw SignatureClaim.WrongService(claim, services);
        CheckTime(claim);
        CheckRegion(claim);
        CheckCoverage(claim, headers);
        var credential = await FindAsync(claim.Scope.AccessKeyId, claim.Token, cancellationToken);

        var declared = claim.Scope.Service == SigV4.Service ? DeclaredHash(claim, target, headers) : await HashBodyAsync(body, cancellationToken);
        var payload = PayloadForm.Read(claim.Scope.Service == SigV4.Service ? declared : null, headers);
        var key = keys.Get(claim.Scope, credential.SecretKey);
        await VerifyAsync(new SignatureVariants(http, target, claim, options), key, declared, body, cancellationToken);

        keys.Keep(claim.Scope, key);
        if (claim.ScopeText is { } text)
            scopes.Keep(text, claim.Scope);
        var isSigned = payload.Kind is PayloadKind.SignedChunks or PayloadKind.SignedChunksWithTrailer;
        var chunks = isSigned ? new ChunkSigner(key.Hmac, claim.Timestamp, claim.Scope.Text, claim.Signature) : null;
        return new S3Authentication(credential.Principal, payload, chunks, claim.Expires is not null);
    }

    private async ValueTask<S3Credential> FindAsync(string accessKeyId, string? token, CancellationToken cancellationToken)
    {
        return await credentials.FindAsync(accessKeyId, token, cancellationToken)
            ?? throw new S3Exception(S3Errors.InvalidAccessKeyId, null, ("AWSAccessKeyId", accessKeyId));
    }

    private void CheckTime(SignatureClaim claim)
    {
        var now = time.GetUtcNow();
        if (claim.Expires is { } expires)
        {
            if (now > claim.Time + expires || expires == TimeSpan.Zero)
                throw new S3Exception(S3Errors.AccessDenied, "Request has expired", ("X-Amz-Expires", ((long)expires.TotalSeconds).ToString(CultureInfo.InvariantCulture)), ("Expires", Iso(claim.Time + expires)), ("ServerTime", Iso(now)));
            if (claim.Time - now > options.ClockSkewMax)
                throw new S3Exception(S3Errors.AccessDenied, "Request is not valid yet", ("ServerTime", Iso(now)));
            return;
        }

        CheckSkew(claim.Time, claim.Timestamp);
    }

    private void CheckSkew(DateTimeOffset moment, string text)
    {
        var now = time.GetUtcNow();
        if ((now - moment).Duration() > options.ClockSkewMax)
            throw new S3Exception(S3Errors.RequestTimeTooSkewed, null, ("RequestTime", text), ("ServerTime", Iso(now)), ("MaxAllowedSkewMilliseconds", ((long)options.ClockSkewMax.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)));
    }

    private void CheckRegion(SignatureClaim claim)
    {
        if (!options.StrictRegion || claim.Scope.Region == options.Region)
            return;
        var error = claim.Expires is null ? S3Errors.AuthorizationHeaderMalformed : S3Errors.AuthorizationQueryParametersError;
        throw new S3Exception(error, $"The authorization is malformed; the region '{claim.Scope.Region}' is wrong; expecting '{options.Region}'", ("Region", options.Region));
    }

    // A header that changes what S3 does must have been signed, or somebody on the way could add it.
    private static void CheckCoverage(SignatureClaim claim, IHeaderDictionary headers)
    {
        List<string>? unsigned = null;
        if (!claim.Scope.SignedHeaders.Contains("host"))
            (unsigned = []).Add("host");
        foreach (var (header, _) in headers)
        {
            if (!header.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase))
                continue;
            if (!Contains(claim.Scope.SignedHeaders, header) && !Contains(NeedNotBeSigned, header))
                (unsigned ??= []).Add(header.ToLowerInvariant());
        }

        if (unsigned is not null)
            throw new S3Exception(S3Errors.AccessDenied, "There were headers present in the request which were not signed", ("HeadersNotSigned", string.Join(", ", unsigned)));
    }

    private static bool Contains(string[] lowerNames, string name)
    {
        foreach (var lowerName in lowerNames)
        {
            if (string.Equals(lowerName, name, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }

    private static string? DeclaredHash(SignatureClaim claim, S3Target target, IHeaderDictionary headers)
    {
        var header = headers[PayloadForm.HashHeader].ToString();
        if (header.Length > 0)
            return header;
        // Nobody knows the body when a URL is signed, unless it says so.
        return claim.Expires is null ? null : target.Query.Get("X-Amz-Content-Sha256") ?? SigV4.UnsignedPayload;
    }

    private async ValueTask VerifyAsync(SignatureVariants variants, SigningKey key, string? declared, PipeReader body, CancellationToken cancellationToken)
    {
        if (declared is not null)
        {
            // A presigned URL was made without the header that its user may send beside it.
            var isEither = variants.Claim.Expires is not null && declared != SigV4.UnsignedPayload;
            if (!(isEither ? variants.Verify(key, [declared, SigV4.UnsignedPayload]) : variants.Verify(key, [declared])))
                throw Mismatch(variants, declared);
            return;
        }

        if (!options.AcceptMissingPayloadHash)
            throw new S3Exception(S3Errors.InvalidRequest, "Missing required header for this request: x-amz-content-sha256");
        if (variants.Verify(key, [SigV4.EmptyHash, SigV4.UnsignedPayload]))
            return;
        if (variants.Http.Request.ContentLength > UnannouncedBodySizeMax)
            throw new S3Exception(S3Errors.InvalidRequest, $"Missing required header for this request: x-amz-content-sha256 (without it, a body may have at most {UnannouncedBodySizeMax} bytes if the signature covers it)");
        if (variants.Http.Request.ContentLength is null or 0)
            throw Mismatch(variants, SigV4.EmptyHash);
        var hash = await HashBodyAsync(body, cancellationToken);
        if (!variants.Verify(key, [hash]))
            throw Mismatch(variants, hash);
    }

    // Reads the body to its end but consumes nothing: the handler reads the same bytes again.
    private static async ValueTask<string> HashBodyAsync(PipeReader body, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await body.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            var isTooLong = buffer.Length > UnannouncedBodySizeMax;
            string? hash = null;
            if (result.IsCompleted && !isTooLong)
            {
                using var sha = RunningSha256.Create();
                foreach (var segment in buffer)
                    sha.Append(segment.Span);
                var value = new byte[SigV4.Size];
                sha.Finish(value);
                hash = Convert.ToHexStringLower(value);
            }

            body.AdvanceTo(buffer.Start, buffer.End);
            if (isTooLong)
                throw new S3Exception(S3Errors.InvalidRequest, "Missing required header for this request: x-amz-content-sha256");
            if (hash is not null)
                return hash;
        }
    }

    private S3Exception Mismatch(SignatureVariants variants, string payloadHash)
    {
        var claim = variants.Claim;
        using var buffer = new PooledBuffer(1024);
        variants.WriteCanonical(buffer, payloadHash);
        var canonical = Encoding.UTF8.GetString(buffer.Written);
        Span<byte> hash = stackalloc byte[SigV4.Size];
        CanonicalRequest.Hash(buffer.Written, hash);
        var stringToSign = SigV4.StringToSign(claim.Timestamp, claim.Scope.Text, hash);
        LogMismatch(logger, claim.Scope.AccessKeyId, variants.Target.Method, variants.Target.RawPath, string.Join(';', claim.Scope.SignedHeaders), canonical, stringToSign);
        // As S3 answers: the client can lay it beside its own. All of it is derived from its own request, none from the secret.
        return new S3Exception(S3Errors.SignatureDoesNotMatch, null, ("AWSAccessKeyId", claim.Scope.AccessKeyId), ("StringToSign", stringToSign), ("SignatureProvided", Convert.ToHexStringLower(claim.Signature)), ("CanonicalRequest", canonical));
    }

    private static string Iso(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Signature of {AccessKeyId} for {Method} {Path} does not match. Signed headers: {SignedHeaders}. Canonical request here:\n{CanonicalRequest}\nString to sign:\n{StringToSign}")]
    private static partial void LogMismatch(ILogger logger, string accessKeyId, string method, string path, string signedHeaders, string canonicalRequest, string stringToSign);
}
