using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>What the rules of a bucket want of a version now.</summary>
/// <param name="Target">The class that it is to have, perhaps its own.</param>
/// <param name="Ends">Whether it is to be deleted: for good, or under a delete marker where it is the current one of a versioned bucket.</param>
internal readonly record struct LifecycleVerdict(string Target, bool Ends);

/// <summary>Judges versions by the lifecycle of their bucket and by which classes are given up (docs/formats/lifecycle.md §4).</summary>
internal sealed class LifecycleJudge(LifecycleDocument lifecycle, TierDocument tiers, TimeSpan dayLength)
{
    private readonly LifecycleRule[] rules = [.. lifecycle.Rules.Where(rule => rule.IsEnabled)];

    /// <summary>Noncurrent versions of one key of which rules leave the newest ones, at most; 0: no rule does.</summary>
    public int NewerVersionsMax { get; } = lifecycle.Rules.Where(rule => rule.IsEnabled)
        .SelectMany(rule => rule.NoncurrentTransitions.Select(one => one.NewerVersions ?? 0).Append(rule.NoncurrentExpiration?.NewerVersions ?? 0)).DefaultIfEmpty().Max();

    /// <param name="replaced">When it ceased to be current: when the version above it was written; null: it is current.</param>
    /// <param name="newerNoncurrent">Noncurrent versions of its key above it; of more than <see cref="NewerVersionsMax"/> it does not matter how many.</param>
    /// <param name="isAlone">Whether it is all that is left of its key.</param>
    public LifecycleVerdict Judge(VersionRow version, DateTimeOffset? replaced, int newerNoncurrent, bool isAlone, DateTimeOffset now) =>
        new(version.IsDeleteMarker ? version.StorageClass : Target(version, replaced, newerNoncurrent, now), Ends(version, replaced, newerNoncurrent, isAlone, now));

    /// <summary>Whether an upload is to end.</summary>
    public bool Ends(UploadRow upload, DateTimeOffset now) =>
        Array.Exists(rules, rule => rule.AbortUploadsAfterDays is { } days && rule.Filter.TakesKey(upload.Key) && LifecycleDays.After(upload.Initiated, days, dayLength) <= now);

    private bool Ends(VersionRow version, DateTimeOffset? replaced, int newerNoncurrent, bool isAlone, DateTimeOffset now)
    {
        foreach (var rule in rules)
        {
            if (replaced is { } since)
            {
                if (rule.NoncurrentExpiration is { } noncurrent && newerNoncurrent >= (noncurrent.NewerVersions ?? 0) && noncurrent.DueAt(since, dayLength) <= now && rule.Filter.Takes(version)) return true;
            }
            else if (rule.Expiration is { } expiration && (!version.IsDeleteMarker || isAlone))
            {
                var isDue = expiration.DueAt(version.LastModified, dayLength) <= now || (version.IsDeleteMarker && expiration.ExpiredMarkers == true);
                if (isDue && rule.Filter.Takes(version)) return true;
            }
        }

        return false;
    }

    /// <summary>The lowest class that a rule is due to move it to (S3 API: where rules conflict, the cheaper class is taken), of those that are not given up.</summary>
    private string Target(VersionRow version, DateTimeOffset? replaced, int newerNoncurrent, DateTimeOffset now)
    {
        var target = version.StorageClass;
        foreach (var rule in rules)
        {
            if (rule.Transitions.Length + rule.NoncurrentTransitions.Length == 0 || !rule.Filter.Takes(version)) continue;
            if (replaced is null)
            {
                foreach (var transition in rule.Transitions)
                    if (transition.DueAt(version.LastModified, dayLength) <= now) Lower(rule, transition.StorageClass);
            }
            else
            {
                foreach (var transition in rule.NoncurrentTransitions)
                    if (newerNoncurrent >= (transition.NewerVersions ?? 0) && transition.DueAt(replaced.Value, dayLength) <= now) Lower(rule, transition.StorageClass);
            }
        }

        return target;

        void Lower(LifecycleRule rule, string storageClass)
        {
            if (StorageClassOrder.IsDown(target, storageClass) && version.Size >= lifecycle.SizeMin(rule, storageClass) && tiers.Find(storageClass) is null) target = storageClass;
        }
    }
}
