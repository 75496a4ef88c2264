using Oort.Metadata.Writing;

namespace Oort.Metadata.Deciding;

/// <summary>Decides whether a change may take more room, by the quotas of the bucket and of its owner as they are in the commit.</summary>
internal static class QuotaChecks
{
    /// <param name="growth">What the change adds, less what it replaces.</param>
    public static CommitOutcome Check(WriteSession session, BucketRow bucket, Usage growth)
    {
        if (growth is { Objects: <= 0, Bytes: <= 0 }) return CommitOutcome.Done;
        var holds = (!bucket.Settings.TryGetValue(Quota.BucketSetting, out var record) || Quota.Read(record.AsSpan()).Allows(session.UsageOf(bucket.Id), growth))
            && (session.FindAccountQuota(bucket.OwnerId) is not { } quota || quota.Allows(session.UsageOf(bucket.OwnerId), growth));
        return holds ? CommitOutcome.Done : CommitOutcome.QuotaExceeded;
    }
}
