using Oort.Metadata;
using Oort.Objects;
using Oort.S3;

namespace Oort.Gateway.Errors;

/// <summary>The one table from what happens inside to what S3 says of it. What is in no row is a bug: InternalError, its cause in the log.</summary>
public static class InnerErrors
{
    /// <summary>The error for a commit that did not happen.</summary>
    /// <exception cref="ArgumentException">Done, which is none.</exception>
    public static S3Error Of(CommitOutcome outcome) => outcome switch
    {
        CommitOutcome.NoSuchBucket => S3Errors.NoSuchBucket,
        CommitOutcome.NoSuchKey => S3Errors.NoSuchKey,
        CommitOutcome.NoSuchVersion => S3Errors.NoSuchVersion,
        CommitOutcome.NoSuchUpload => S3Errors.NoSuchUpload,
        CommitOutcome.PreconditionFailed => S3Errors.PreconditionFailed,
        CommitOutcome.Conflict => S3Errors.ConditionalRequestConflict,
        CommitOutcome.BucketNotEmpty => S3Errors.BucketNotEmpty,
        CommitOutcome.BucketExists => S3Errors.BucketAlreadyExists,

        // The bytes that were referred to were collected meanwhile; another attempt reads what is there then.
        CommitOutcome.DataGone => S3Errors.SlowDown,
        CommitOutcome.TooManyExtents => S3Errors.InvalidRequest,
        CommitOutcome.QuotaExceeded => S3Errors.QuotaExceeded,

        CommitOutcome.Locked => S3Errors.AccessDenied with { Message = "Access Denied because object protected by object lock." },
        CommitOutcome.BucketLocked => S3Errors.InvalidBucketState,

        // This process lost its epoch and will end; another attempt may meet its successor.
        CommitOutcome.Fenced => S3Errors.ServiceUnavailable,
        _ => throw new ArgumentException($"{outcome} is no error.", nameof(outcome)),
    };

    /// <summary>The error for a body that is not what was announced.</summary>
    public static S3Error Of(BodyMismatch mismatch) => mismatch switch
    {
        BodyMismatch.Length => S3Errors.IncompleteBody,
        BodyMismatch.Md5 => S3Errors.BadDigest,
        BodyMismatch.Checksum => S3Errors.BadDigest,
        BodyMismatch.Trailer => S3Errors.MalformedTrailerError,
        _ => throw new ArgumentException($"{mismatch} is no mismatch.", nameof(mismatch)),
    };

    /// <summary>The error for a failure of a lower layer; null when it has none of its own and is InternalError.</summary>
    public static S3Error? Of(Exception failure) => failure switch
    {
        S3Exception s3 => s3.Error,
        BodyMismatchException mismatch => Of(mismatch.What),
        // The code is what clients retry on; the message is for the person who reads it, and slowing down would not help him.
        ObjectUnavailableException => S3Errors.SlowDown with { Message = "Too few of the stores can be used now. Try again later; the operator sees why with `oort status`." },
        OverloadedException => S3Errors.SlowDown,
        MetadataUnavailableException => S3Errors.SlowDown with { Message = "Changes cannot be recorded now. Try again later; the operator sees why with `oort status`." },

        // It was looked for again as often as is reasonable, and was replaced each time.
        VersionGoneException => S3Errors.SlowDown,
        _ => null,
    };

    /// <summary>Throws unless the commit happened.</summary>
    public static void ThrowUnlessDone(CommitOutcome outcome)
    {
        if (outcome != CommitOutcome.Done) throw new S3Exception(Of(outcome));
    }
}
