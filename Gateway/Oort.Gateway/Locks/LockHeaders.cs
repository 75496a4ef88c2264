using Oort.Gateway.Access;
using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Locks;

/// <summary>The headers of object lock: on writes, on answers, and for bypassing.</summary>
internal static class LockHeaders
{
    public const string Mode = "x-amz-object-lock-mode";
    public const string RetainUntil = "x-amz-object-lock-retain-until-date";
    public const string Hold = "x-amz-object-lock-legal-hold";

    /// <summary>Of CreateBucket.</summary>
    public const string Enabled = "x-amz-bucket-object-lock-enabled";

    private const string Bypass = "x-amz-bypass-governance-retention";

    public static bool AskForRetention(S3Request request) => request.Header(Mode) is not null || request.Header(RetainUntil) is not null;

    public static bool AskForHold(S3Request request) => request.Header(Hold) is not null;

    /// <summary>Whether the caller wants retention in governance mode not to hold; that he may is asked for by <see cref="RequiredRights"/>.</summary>
    public static bool Bypasses(S3Request request) => string.Equals(request.Header(Bypass), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether CreateBucket is to make a bucket that locks.</summary>
    /// <exception cref="S3Exception">InvalidArgument: neither true nor false.</exception>
    public static bool AsksForLocks(S3Request request) => request.Header(Enabled)?.ToUpperInvariant() switch
    {
        null or "FALSE" => false,
        "TRUE" => true,
        _ => throw Arguments.Invalid(Enabled, request.Header(Enabled)!, "The value is true or false."),
    };

    /// <summary>The lock that a new version is to have, before its bucket's default.</summary>
    /// <exception cref="S3Exception">InvalidArgument; InvalidRequest: the bucket does not lock.</exception>
    public static ObjectLock Read(S3Request request, BucketRow bucket, DateTimeOffset now)
    {
        var (mode, date, hold) = (request.Header(Mode), request.Header(RetainUntil), request.Header(Hold));
        if (mode is null && date is null && hold is null) return ObjectLock.None;
        EnsureLocks(bucket);
        if (mode is null || date is null)
        {
            if (mode is not null || date is not null) throw Arguments.Invalid(mode is null ? Mode : RetainUntil, "", $"{RetainUntil} and {Mode} must both be supplied");
        }

        var retention = mode is null ? LockTerm.None : new LockTerm(ReadMode(mode), ReadDate(date!, now));
        return new(retention, hold switch
        {
            null => LegalHold.None,
            "ON" => LegalHold.On,
            "OFF" => LegalHold.Off,
            _ => throw Arguments.Invalid(Hold, hold, "Legal Hold must be either of 'ON' or 'OFF'"),
        });
    }

    /// <summary>Shows a version's lock to who may see it: each part is a right of its own (S3 API: HeadObject).</summary>
    public static void Write(OperationContext context, S3Request request, BucketRow bucket, VersionRow version)
    {
        var found = ObjectLock.Of(version.Attributes);
        if (found == ObjectLock.None) return;
        var headers = request.Http.Response.Headers;
        if (found.Retention.Mode != RetentionMode.None && context.Gate.Allows(request, bucket, RequiredRights.ToSeeRetention(bucket.Name, version.Key)))
        {
            headers[Mode] = NameOf(found.Retention.Mode);
            headers[RetainUntil] = ObjectLockReader.FormatDate(found.Retention.Until);
        }

        if (found.Hold != LegalHold.None && context.Gate.Allows(request, bucket, RequiredRights.ToSeeHold(bucket.Name, version.Key))) headers[Hold] = NameOf(found.Hold);
    }

    /// <exception cref="S3Exception">InvalidRequest.</exception>
    public static void EnsureLocks(BucketRow bucket)
    {
        if (!BucketLock.IsOn(bucket)) throw new S3Exception(S3Errors.InvalidRequest, "Bucket is missing Object Lock Configuration");
    }

    public static string NameOf(RetentionMode mode) => mode == RetentionMode.Governance ? ObjectLockReader.Governance : ObjectLockReader.Compliance;

    public static string NameOf(LegalHold hold) => hold == LegalHold.On ? "ON" : "OFF";

    /// <param name="name">Checked.</param>
    public static RetentionMode ModeOf(string name) => name == ObjectLockReader.Governance ? RetentionMode.Governance : RetentionMode.Compliance;

    /// <exception cref="S3Exception">InvalidArgument: a retention that has ended already.</exception>
    public static void EnsureFuture(DateTimeOffset until, DateTimeOffset now)
    {
        if (until <= now) throw Arguments.Invalid(RetainUntil, ObjectLockReader.FormatDate(until), "The retain until date must be in the future!");
    }

    private static RetentionMode ReadMode(string text) => text is ObjectLockReader.Governance or ObjectLockReader.Compliance ? ModeOf(text) : throw Arguments.Invalid(Mode, text, "Unknown wormMode directive.");

    private static DateTimeOffset ReadDate(string text, DateTimeOffset now)
    {
        var until = ObjectLockReader.ParseDate(text) ?? throw Arguments.Invalid(RetainUntil, text, "The retain until date must be provided in ISO 8601 format");
        EnsureFuture(until, now);
        return until;
    }
}
