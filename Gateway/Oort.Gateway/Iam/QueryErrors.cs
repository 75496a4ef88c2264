using Oort.S3;

namespace Oort.Gateway.Iam;

/// <summary>The errors of IAM and STS, a line each (IAM API: "Common error types", and those of its operations).</summary>
internal static class QueryErrors
{
    public static S3Error AccessDenied { get; } = new("AccessDenied", 403, "Access denied");
    public static S3Error DeleteConflict { get; } = new("DeleteConflict", 409, "It still has others that belong to it.");
    public static S3Error EntityAlreadyExists { get; } = new("EntityAlreadyExists", 409, "It exists already.");
    public static S3Error ExpiredToken { get; } = new("ExpiredToken", 403, "The security token included in the request is expired");
    public static S3Error ExpiredTokenException { get; } = new("ExpiredTokenException", 400, "The web identity token is expired.");
    public static S3Error IdpCommunicationError { get; } = new("IDPCommunicationError", 400, "The identity provider could not be asked for its keys; try again.");
    public static S3Error IdpRejectedClaim { get; } = new("IDPRejectedClaim", 403, "The identity provider's claims are not those that are needed.");
    public static S3Error InvalidAction { get; } = new("InvalidAction", 400, "There is no such action.");
    public static S3Error InvalidClientTokenId { get; } = new("InvalidClientTokenId", 403, "The security token included in the request is invalid.");
    public static S3Error InvalidIdentityToken { get; } = new("InvalidIdentityToken", 400, "The web identity token is none that can be accepted.");
    public static S3Error InvalidInput { get; } = new("InvalidInput", 400, "The input is invalid.");
    public static S3Error LimitExceeded { get; } = new("LimitExceeded", 409, "There are as many as there may be.");
    public static S3Error MalformedPolicyDocument { get; } = new("MalformedPolicyDocument", 400, "The policy is malformed.");
    public static S3Error MissingAuthenticationToken { get; } = new("MissingAuthenticationToken", 403, "Request is missing Authentication Token");
    public static S3Error NoSuchEntity { get; } = new("NoSuchEntity", 404, "There is none of this name.");
    public static S3Error PackedPolicyTooLarge { get; } = new("PackedPolicyTooLarge", 400, "The session's policies and tags are too long together.");
    public static S3Error RequestExpired { get; } = new("RequestExpired", 400, "The request's time is too far from that of the gateway.");
    public static S3Error Throttling { get; } = new("Throttling", 503, "It cannot be done now; try again.");
    public static S3Error ValidationError { get; } = new("ValidationError", 400, "The input fails to satisfy the constraints.");

    /// <summary>What IAM calls an error that both services have, under another name.</summary>
    public static S3Error Of(S3Error error) => error.Code switch
    {
        "InvalidAccessKeyId" or "InvalidToken" => InvalidClientTokenId,
        "ExpiredToken" => ExpiredToken,
        "RequestTimeTooSkewed" => RequestExpired,
        "SlowDown" or "ServiceUnavailable" => Throttling,
        _ => error,
    };
}
