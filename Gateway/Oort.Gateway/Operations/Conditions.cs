using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>Conditional requests: those of reads are decided here, those of writes are handed to the commit (S3 API: "Conditional requests").</summary>
internal static class Conditions
{
    /// <summary>Decides a GET or HEAD.</summary>
    /// <returns>False: answer 304.</returns>
    /// <exception cref="S3Exception">PreconditionFailed.</exception>
    public static bool CheckRead(S3Request request, VersionRow version)
    {
        var conditions = S3Conditions.Parse(request);
        return conditions.EvaluateRead(version.ETag, version.LastModified) switch
        {
            ConditionOutcome.Proceed => true,
            ConditionOutcome.NotModified => false,
            _ => throw Failed(conditions.IfMatch is not null ? "If-Match" : "If-Unmodified-Since"),
        };
    }

    /// <summary>Decides whether a copy may read its source; there, what would be 304 is 412.</summary>
    public static void CheckCopySource(S3Request request, VersionRow source)
    {
        var conditions = S3Conditions.ForCopySource(request);
        switch (conditions.EvaluateRead(source.ETag, source.LastModified))
        {
            case ConditionOutcome.Proceed:
                return;
            case ConditionOutcome.NotModified:
                throw Failed(conditions.IfNoneMatch is not null ? "x-amz-copy-source-If-None-Match" : "x-amz-copy-source-If-Modified-Since");
            default:
                throw Failed(conditions.IfMatch is not null ? "x-amz-copy-source-If-Match" : "x-amz-copy-source-If-Unmodified-Since");
        }
    }

    /// <summary>Decides whether an object may be renamed; there, too, what would be 304 is 412.</summary>
    public static void CheckRenameSource(S3Request request, VersionRow source)
    {
        if (S3Conditions.ForRenameSource(request).EvaluateRead(source.ETag, source.LastModified) != ConditionOutcome.Proceed) throw Failed("x-amz-rename-source-if");
    }

    /// <summary>The conditions of a PUT, copy or CompleteMultipartUpload.</summary>
    public static WriteConditions ForWrite(S3Request request)
    {
        RefuseTimes(request);
        var match = request.Header("If-Match");
        var noneMatch = request.Header("If-None-Match");
        return match is null && noneMatch is null ? WriteConditions.None : new(OneTag(match, "If-Match"), OneTag(noneMatch, "If-None-Match"));
    }

    /// <summary>The conditions of a DELETE.</summary>
    public static WriteConditions ForDelete(S3Request request)
    {
        RefuseTimes(request);
        WriteHeaders.Refuse(request, "If-None-Match");
        return ForDelete(request.Header("If-Match"), request.Header("x-amz-if-match-last-modified-time"), request.Header("x-amz-if-match-size"));
    }

    /// <summary>The conditions of one entry of a DeleteObjects, each as sent or null.</summary>
    public static WriteConditions ForDelete(string? etag, string? lastModified, string? size)
    {
        if (etag is null && lastModified is null && size is null) return WriteConditions.None;
        DateTimeOffset? time = null;
        if (lastModified is not null)
            time = HttpDate.TryParse(lastModified, out var parsed) ? HttpDate.ToSeconds(parsed) : throw Arguments.Invalid("LastModifiedTime", lastModified, "The time cannot be read.");
        long? bytes = null;
        if (size is not null)
            bytes = Arguments.TryParseSize(size, out var number) ? number : throw Arguments.Invalid("Size", size, "The size cannot be read.");
        return new(OneTag(etag, "If-Match"), null, bytes, time);
    }

    /// <summary>An early answer for writes whose conditions are false already, so that a client need not send gigabytes in vain. The commit decides again.</summary>
    public static void CheckWriteEarly(WriteConditions conditions, VersionRow? current)
    {
        if (current is { IsDeleteMarker: true }) current = null;
        if (conditions.IfMatch is { } match)
        {
            if (current is null) throw new S3Exception(S3Errors.NoSuchKey);
            if (match != "*" && match != current.ETag) throw Failed("If-Match");
        }

        if (conditions.IfNoneMatch is { } noneMatch && current is not null && (noneMatch == "*" || noneMatch == current.ETag)) throw Failed("If-None-Match");
    }

    /// <summary>The error for a commit whose conditions were false.</summary>
    public static S3Exception Failed(WriteConditions conditions) => Failed(conditions.IfNoneMatch is not null ? "If-None-Match" : "If-Match");

    private static S3Exception Failed(string condition) => new(S3Errors.PreconditionFailed, null, ("Condition", condition));

    /// <summary>A write's condition names one ETag or "*" (S3 API: PutObject); a list is refused, since only one of it could be decided.</summary>
    private static string? OneTag(string? header, string name)
    {
        if (header is null) return null;
        if (EntityTags.Parse(header) is not { } tags) throw Arguments.Invalid(name, header, "The condition is empty.");
        if (tags.IsAny) return "*";
        return tags.Tags.Count == 1 ? tags.Tags[0] : throw new S3Exception(S3Errors.NotImplemented, "A condition with several entity tags is not implemented.", ("Header", name));
    }

    /// <summary>A write guarded by a time would be unguarded if the header were passed over.</summary>
    private static void RefuseTimes(S3Request request)
    {
        WriteHeaders.Refuse(request, "If-Modified-Since");
        WriteHeaders.Refuse(request, "If-Unmodified-Since");
    }
}
