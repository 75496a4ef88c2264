using System.Net;
using Oort.S3.Client;

namespace Oort.Backends.S3;

/// <summary>The table from what a cloud answers to what it means for an item.</summary>
internal static class S3Failures
{
    private static readonly HashSet<string> fundsCodes = new(StringComparer.Ordinal) { "AccountProblem", "PaymentRequired", "NotSignedUp", "InsufficientFunds" };

    private static readonly HashSet<string> spaceCodes = new(StringComparer.Ordinal)
    {
        "QuotaExceeded", "InsufficientStorage", "InsufficientCapacity", "StorageCapExceeded", "CapExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "EntityTooLargeForQuota",
    };

    /// <summary>What a call threw, as the contract has it; whatever else it threw stays.</summary>
    public static async ValueTask<T> GuardAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (S3ClientException e)
        {
            throw Of(e);
        }
        catch (S3BodyException e) when (e.InnerException is BackendException source)
        {
            throw new BackendException(source.Kind, source.Message, e);
        }
        catch (S3BodyException e)
        {
            throw new BackendException(BackendErrorKind.Transient, e.Message, e);
        }
    }

    public static BackendException Of(S3ClientException failure)
    {
        var kind = KindOf(failure);
        return new(kind, $"{failure.Message.TrimEnd('.')}. {Advice(kind, failure)}", failure);
    }

    public static BackendErrorKind KindOf(S3ClientException failure)
    {
        if (failure.Status == HttpStatusCode.PaymentRequired || fundsCodes.Contains(failure.Code)) return BackendErrorKind.Funds;
        if (failure.Status == HttpStatusCode.InsufficientStorage || spaceCodes.Contains(failure.Code)) return BackendErrorKind.Full;
        return (failure.Kind, failure.Code) switch
        {
            (S3ErrorKind.Conflict, "InvalidObjectState") => BackendErrorKind.Archived,
            // Not the item is missing but what it would be in: somebody has to mend the configuration, and nothing is lost yet.
            (S3ErrorKind.NotFound, "NoSuchBucket") => BackendErrorKind.Unauthorized,
            (S3ErrorKind.NotFound, _) => BackendErrorKind.NotFound,
            (S3ErrorKind.Throttled, _) => BackendErrorKind.Throttled,
            (S3ErrorKind.Denied or S3ErrorKind.Refused, _) => BackendErrorKind.Unauthorized,
            (S3ErrorKind.Corrupt, _) => BackendErrorKind.Corrupt,
            (S3ErrorKind.PreconditionFailed or S3ErrorKind.NotSupported or S3ErrorKind.Invalid, _) => BackendErrorKind.Permanent,
            // An answer that is not S3's is a proxy's or a portal's, and passes with it.
            _ => BackendErrorKind.Transient,
        };
    }

    private static string Advice(BackendErrorKind kind, S3ClientException failure) => kind switch
    {
        BackendErrorKind.Funds => "Pay the cloud's bill; it is tried again by itself.",
        BackendErrorKind.Full => "Raise the quota or free space; it is tried again by itself.",
        BackendErrorKind.Unauthorized when failure.Code == "NoSuchBucket" => "Create the bucket, or correct its name or the endpoint.",
        BackendErrorKind.Unauthorized => "Check the access keys and what they may do.",
        BackendErrorKind.Archived => "It must be restored first.",
        BackendErrorKind.NotFound => "The cloud does not have it.",
        BackendErrorKind.Corrupt => "What came is not what was put.",
        BackendErrorKind.Permanent => "The cloud will not take it so; check the options, its storage class among them.",
        _ => "It is tried again by itself.",
    };
}
