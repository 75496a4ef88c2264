using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Oort.S3;

/// <summary>Signature Version 2.</summary>
public sealed partial class S3Authenticator
{
    private async ValueTask<S3Authentication> AuthenticateAsync(SignatureV2Claim claim, S3Target target, IHeaderDictionary headers, CancellationToken cancellationToken)
    {
        if (!options.AcceptSignatureV2)
            throw SignatureClaim.NotSupported();
        if (!claim.IsQuery)
            CheckSkew(claim.Time, headers.TryGetValue(SignatureClaim.DateHeader, out var own) ? own.ToString() : claim.Date);
        else if (time.GetUtcNow() > claim.Time)
            throw new S3Exception(S3Errors.AccessDenied, "Request has expired", ("Expires", Iso(claim.Time)), ("ServerTime", Iso(time.GetUtcNow())));

        var credential = await FindAsync(claim.AccessKeyId, claim.Token, cancellationToken);
        Verify(claim, target, headers, credential.SecretKey);

        // Only what is signed may choose what is done.
        if (target.Query.FirstOrDefault(parameter => !SigV2.Covers(parameter.Name) && S3Router.IsResource(target, parameter.Name)).Name is { } uncovered)
            throw new S3Exception(S3Errors.InvalidRequest, $"Signature Version 2 does not cover the query parameter {uncovered}. Please use AWS4-HMAC-SHA256.");
        var payload = PayloadForm.Read(SigV2.Find(target.Query, headers, PayloadForm.HashHeader, claim.IsQuery), headers);
        if (payload.Kind is PayloadKind.SignedChunks or PayloadKind.SignedChunksWithTrailer)
            throw new S3Exception(S3Errors.InvalidRequest, "Signed chunks need a request that is signed by Signature Version 4. Please use AWS4-HMAC-SHA256.");
        return new S3Authentication(credential.Principal, payload, null, claim.IsQuery, SignatureVersion: 2);
    }

    private static bool IsSigned(SignatureV2Claim claim, string secret, string stringToSign)
    {
        Span<byte> signature = stackalloc byte[SigV2.Size];
        SigV2.Sign(secret, stringToSign, signature);
        return CryptographicOperations.FixedTimeEquals(signature, claim.Signature);
    }

    private void Verify(SignatureV2Claim claim, S3Target target, IHeaderDictionary headers, string secret)
    {
        var stringToSign = SigV2.StringToSign(target, headers, claim.Date, claim.IsQuery);
        if (IsSigned(claim, secret, stringToSign))
            return;
        // For a bucket in path style, SDKs sign what they would sign in virtual-hosted style, where its path is "/".
        var isBucket = target.HostBucket is null && target.RawPath.LastIndexOf('/') == 0 && target.RawPath.Length > 1;
        if (isBucket && IsSigned(claim, secret, SigV2.StringToSign(target, headers, claim.Date, claim.IsQuery, target.RawPath + "/")))
            return;
        var names = string.Join(';', SigV2.SignedHeaders(target.Query, headers, claim.IsQuery).Select(static header => header.Key));
        LogMismatch(logger, claim.AccessKeyId, target.Method, target.RawPath, names, "(Signature Version 2 has none)", stringToSign);
        throw new S3Exception(S3Errors.SignatureDoesNotMatch, null, ("AWSAccessKeyId", claim.AccessKeyId), ("StringToSign", stringToSign), ("SignatureProvided", Convert.ToBase64String(claim.Signature)));
    }
}
