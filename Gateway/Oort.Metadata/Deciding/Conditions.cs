namespace Oort.Metadata.Deciding;

/// <summary>Decides the conditions of a write on the version that is current in its transaction (S3 API: conditional writes and deletes).</summary>
internal static class Conditions
{
    /// <param name="current">The key's newest version, or the one that is named; a delete marker counts as "not there".</param>
    public static CommitOutcome Check(VersionRow? current, WriteConditions conditions)
    {
        if (conditions.IfNoVersion && current is not null) return CommitOutcome.PreconditionFailed;
        if (current is { IsDeleteMarker: true }) current = null;
        var needsCurrent = conditions.IfMatch is not null || conditions.IfSize is not null || conditions.IfLastModified is not null;
        if (current is null) return needsCurrent ? CommitOutcome.NoSuchKey : CommitOutcome.Done;
        var holds = (conditions.IfMatch is not { } match || Matches(current, match))
            && (conditions.IfNoneMatch is not { } noneMatch || !Matches(current, noneMatch))
            && (conditions.IfSize is not { } size || size == current.Size)
            && (conditions.IfLastModified is not { } time || time.ToUnixTimeSeconds() == current.LastModified.ToUnixTimeSeconds());
        return holds ? CommitOutcome.Done : CommitOutcome.PreconditionFailed;
    }

    private static bool Matches(VersionRow current, string etag) => etag == "*" || etag == current.ETag;
}
