using System.Collections.Frozen;

namespace Oort.S3.Client;

/// <summary>The table from a service's code, or its status where the code is not known, to a kind (S3 API: "Error responses").</summary>
internal static class S3ErrorKinds
{
    private static readonly FrozenDictionary<string, S3ErrorKind> byCode = new Dictionary<string, S3ErrorKind>(StringComparer.Ordinal)
    {
        ["SlowDown"] = S3ErrorKind.Throttled,
        ["SlowDownRead"] = S3ErrorKind.Throttled,
        ["SlowDownWrite"] = S3ErrorKind.Throttled,
        ["Throttling"] = S3ErrorKind.Throttled,
        ["ThrottlingException"] = S3ErrorKind.Throttled,
        ["RequestLimitExceeded"] = S3ErrorKind.Throttled,
        ["RequestThrottled"] = S3ErrorKind.Throttled,
        ["TooManyRequests"] = S3ErrorKind.Throttled,
        ["BandwidthLimitExceeded"] = S3ErrorKind.Throttled,
        ["InternalError"] = S3ErrorKind.Transient,
        ["ServiceUnavailable"] = S3ErrorKind.Transient,
        ["RequestTimeout"] = S3ErrorKind.Transient,
        ["IncompleteBody"] = S3ErrorKind.Transient,
        // The bytes were damaged on their way.
        ["BadDigest"] = S3ErrorKind.Transient,
        ["XAmzContentSHA256Mismatch"] = S3ErrorKind.Transient,
        ["XAmzContentChecksumMismatch"] = S3ErrorKind.Transient,
        ["OperationAborted"] = S3ErrorKind.Transient,
        ["ConditionalRequestConflict"] = S3ErrorKind.Transient,
        ["NoSuchBucket"] = S3ErrorKind.NotFound,
        ["NoSuchKey"] = S3ErrorKind.NotFound,
        ["NoSuchVersion"] = S3ErrorKind.NotFound,
        ["NoSuchUpload"] = S3ErrorKind.NotFound,
        ["NotFound"] = S3ErrorKind.NotFound,
        ["AccessDenied"] = S3ErrorKind.Denied,
        ["AllAccessDisabled"] = S3ErrorKind.Denied,
        ["AccountProblem"] = S3ErrorKind.Denied,
        ["ExpiredToken"] = S3ErrorKind.Denied,
        ["InvalidAccessKeyId"] = S3ErrorKind.Denied,
        ["InvalidToken"] = S3ErrorKind.Denied,
        ["SignatureDoesNotMatch"] = S3ErrorKind.Denied,
        ["RequestTimeTooSkewed"] = S3ErrorKind.Denied,
        ["PreconditionFailed"] = S3ErrorKind.PreconditionFailed,
        ["NotModified"] = S3ErrorKind.PreconditionFailed,
        ["BucketAlreadyExists"] = S3ErrorKind.Conflict,
        ["BucketAlreadyOwnedByYou"] = S3ErrorKind.Conflict,
        ["BucketNotEmpty"] = S3ErrorKind.Conflict,
        ["RestoreAlreadyInProgress"] = S3ErrorKind.Conflict,
        // 403, but it is the object's state and not a right that is missing.
        ["InvalidObjectState"] = S3ErrorKind.Conflict,
        ["ObjectAlreadyInActiveTierError"] = S3ErrorKind.Conflict,
        ["NotImplemented"] = S3ErrorKind.NotSupported,
        ["MethodNotAllowed"] = S3ErrorKind.NotSupported,
        ["UnsupportedOperation"] = S3ErrorKind.NotSupported,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static S3ErrorKind Of(string code, int status)
    {
        if (byCode.TryGetValue(code, out var kind)) return kind;
        return status switch
        {
            304 or 412 => S3ErrorKind.PreconditionFailed,
            401 or 403 => S3ErrorKind.Denied,
            404 => S3ErrorKind.NotFound,
            405 or 501 => S3ErrorKind.NotSupported,
            408 => S3ErrorKind.Transient,
            409 => S3ErrorKind.Conflict,
            429 => S3ErrorKind.Throttled,
            503 => S3ErrorKind.Throttled,
            >= 500 => S3ErrorKind.Transient,
            >= 400 => S3ErrorKind.Invalid,
            // Redirects that could not be followed, and whatever else is no S3 answer.
            _ => S3ErrorKind.BadAnswer,
        };
    }
}
