using System.Security.Cryptography;
using System.Text;

namespace Oort.S3;

/// <summary>Forms, whose policy is signed by whoever lets others post.</summary>
public sealed partial class S3Authenticator
{
    /// <summary>Whose form it is, and holds it to its policy.</summary>
    /// <returns>Null: an anonymous one. Version: of the signature.</returns>
    /// <exception cref="S3Exception">The documented error.</exception>
    internal async ValueTask<(S3Principal Principal, int Version)?> AuthenticateAsync(PostForm form, string bucket, CancellationToken cancellationToken)
    {
        if (form.Get("policy") is null && PostForm.PolicyFields.All(field => form.Get(field) is null) && form.Get("x-amz-credential") is null) return null;
        var policy = form.Require("policy");
        var isVersion4 = form.Get("x-amz-algorithm") is not null || form.Get("x-amz-signature") is not null || form.Get("x-amz-credential") is not null;
        var principal = isVersion4 ? await AuthenticateVersion4Async(form, policy, cancellationToken) : await AuthenticateVersion2Async(form, policy, cancellationToken);
        PostPolicy.Parse(policy).Check(form, bucket, time.GetUtcNow());
        return (principal, isVersion4 ? 4 : 2);
    }

    private async ValueTask<S3Principal> AuthenticateVersion4Async(PostForm form, string policy, CancellationToken cancellationToken)
    {
        if (form.Require("x-amz-algorithm") is not SigV4.Algorithm) throw new S3Exception(S3Errors.InvalidArgument, "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"", ("ArgumentName", "x-amz-algorithm"));
        var scope = SignatureClaim.ParseScope(form.Require("x-amz-credential"), detail => new(S3Errors.InvalidArgument, detail, ("ArgumentName", "x-amz-credential")));
        var timestamp = form.Require("x-amz-date");
        if (!SigV4.TryParseTimestamp(timestamp, out _) || !timestamp.StartsWith(scope.Date, StringComparison.Ordinal))
            throw new S3Exception(S3Errors.InvalidArgument, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\", and of the credential's day", ("ArgumentName", "x-amz-date"));
        if (scope.Service != SigV4.Service) throw new S3Exception(S3Errors.InvalidArgument, $"incorrect service \"{scope.Service}\". This endpoint belongs to \"{SigV4.Service}\".", ("ArgumentName", "x-amz-credential"));
        if (options.StrictRegion && scope.Region != options.Region) throw new S3Exception(S3Errors.AuthorizationQueryParametersError, $"the region '{scope.Region}' is wrong; expecting '{options.Region}'", ("Region", options.Region));

        var signature = form.Require("x-amz-signature");
        var credential = await FindAsync(scope.AccessKeyId, form.Get("x-amz-security-token"), cancellationToken);
        var key = keys.Get(scope, credential.SecretKey);
        if (!IsSigned(key, policy, signature)) throw Mismatch(scope.AccessKeyId, policy, signature);
        keys.Keep(scope, key);
        return credential.Principal;
    }

    private async ValueTask<S3Principal> AuthenticateVersion2Async(PostForm form, string policy, CancellationToken cancellationToken)
    {
        if (!options.AcceptSignatureV2) throw SignatureClaim.NotSupported();
        var accessKey = form.Require("AWSAccessKeyId");
        var signature = form.Require("Signature");
        var credential = await FindAsync(accessKey, form.Get("x-amz-security-token"), cancellationToken);
        var expected = new byte[SigV2.Size];
        SigV2.Sign(credential.SecretKey, policy, expected);
        var given = new byte[SigV2.Size];
        var isRead = Convert.TryFromBase64String(signature, given, out var count) && count == given.Length;
        return isRead && CryptographicOperations.FixedTimeEquals(given, expected) ? credential.Principal : throw Mismatch(accessKey, policy, signature);
    }

    private static bool IsSigned(SigningKey key, string policy, string signature)
    {
        Span<byte> expected = stackalloc byte[SigV4.Size];
        key.Hmac.Compute(Encoding.UTF8.GetBytes(policy), expected);
        var given = new byte[SigV4.Size];
        var isRead = signature.Length == SigV4.Size * 2 && Convert.FromHexString(signature, given, out _, out _) == System.Buffers.OperationStatus.Done;
        return isRead && CryptographicOperations.FixedTimeEquals(given, expected);
    }

    private static S3Exception Mismatch(string accessKey, string policy, string signature) =>
        new(S3Errors.SignatureDoesNotMatch, null, ("AWSAccessKeyId", accessKey), ("StringToSign", policy), ("SignatureProvided", signature.Length <= 128 ? signature : signature[..128]));
}
