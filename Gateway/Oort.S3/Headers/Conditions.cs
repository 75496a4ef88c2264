namespace Oort.S3;

/// <summary>A list of entity tags, or "*" (RFC 9110 §13.1.1, §13.1.2).</summary>
public sealed class EntityTags
{
    // S3 documents one tag; a list is what HTTP has. More than this many is nobody's need.
    private const int CountMax = 100;

    private readonly string[] tags;

    private EntityTags(string[] tags, bool isAny) => (this.tags, IsAny) = (tags, isAny);

    /// <summary>"*": matches whenever there is an object.</summary>
    public bool IsAny { get; }

    /// <summary>The tags without quotes and without W/.</summary>
    public IReadOnlyList<string> Tags => tags;

    /// <summary>Whether an object with this tag (without quotes) is named.</summary>
    public bool Matches(string etag) => IsAny || Array.IndexOf(tags, etag) >= 0;

    /// <summary>Reads a header; tags without quotes are accepted, as S3 does.</summary>
    /// <returns>Null for null or an empty header.</returns>
    /// <exception cref="S3Exception">InvalidRequest: too many tags.</exception>
    public static EntityTags? Parse(string? header)
    {
        if (string.IsNullOrWhiteSpace(header))
            return null;
        var parts = header.Split(',', CountMax + 1, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length > CountMax)
            throw new S3Exception(S3Errors.InvalidRequest, "Too many entity tags.");
        if (Array.IndexOf(parts, "*") >= 0)
            return new EntityTags([], isAny: true);
        for (var i = 0; i < parts.Length; i++)
        {
            var tag = parts[i];
            if (tag.StartsWith("W/", StringComparison.Ordinal))
                tag = tag[2..];
            parts[i] = tag.Trim('"');
        }

        return new EntityTags(parts, isAny: false);
    }
}

/// <summary>How the conditions of a read came out.</summary>
public enum ConditionOutcome
{
    Proceed = 0,

    /// <summary>304, with ETag and Last-Modified and no body.</summary>
    NotModified,

    /// <summary>412 PreconditionFailed.</summary>
    PreconditionFailed,
}

/// <summary>The four conditions that a request may carry, for its target or (<see cref="ForCopySource"/>) for what it copies.</summary>
/// <remarks>Dates that cannot be read are ignored (RFC 9110 §13.1.3).</remarks>
public sealed record S3Conditions(EntityTags? IfMatch, EntityTags? IfNoneMatch, DateTimeOffset? IfModifiedSince, DateTimeOffset? IfUnmodifiedSince)
{
    public bool IsEmpty => this is { IfMatch: null, IfNoneMatch: null, IfModifiedSince: null, IfUnmodifiedSince: null };

    public static S3Conditions Parse(S3Request request) => Parse(request, "");

    /// <summary>Reads x-amz-copy-source-if-….</summary>
    public static S3Conditions ForCopySource(S3Request request) => Parse(request, "x-amz-copy-source-");

    /// <summary>Reads x-amz-rename-source-if-….</summary>
    public static S3Conditions ForRenameSource(S3Request request) => Parse(request, "x-amz-rename-source-");

    /// <summary>Decides a read of an existing object, in the order of RFC 9110 §13.2.2: a tag condition that holds makes the date condition beside it not count.</summary>
    /// <param name="etag">Without quotes.</param>
    public ConditionOutcome EvaluateRead(string etag, DateTimeOffset lastModified)
    {
        var modified = HttpDate.ToSeconds(lastModified);
        if (IfMatch is not null)
        {
            if (!IfMatch.Matches(etag))
                return ConditionOutcome.PreconditionFailed;
        }
        else if (IfUnmodifiedSince is { } unmodified && modified > unmodified)
        {
            return ConditionOutcome.PreconditionFailed;
        }

        if (IfNoneMatch is not null)
            return IfNoneMatch.Matches(etag) ? ConditionOutcome.NotModified : ConditionOutcome.Proceed;
        return IfModifiedSince is { } since && modified <= since ? ConditionOutcome.NotModified : ConditionOutcome.Proceed;
    }

    private static S3Conditions Parse(S3Request request, string prefix) => new(
        EntityTags.Parse(request.Header(prefix + "if-match")),
        EntityTags.Parse(request.Header(prefix + "if-none-match")),
        HttpDate.TryParse(request.Header(prefix + "if-modified-since"), out var since) ? since : null,
        HttpDate.TryParse(request.Header(prefix + "if-unmodified-since"), out var unmodified) ? unmodified : null);
}
