using System.Collections.Immutable;
using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>Which class a version is to have by the lifecycle of its bucket and by what is given up.</summary>
/// <remarks>Versions are shown to it key by key, the newest first: when one ceased to be current is when the one above it was written.</remarks>
/// <param name="lifecycle">Null: the bucket has none.</param>
internal sealed class TransitionRules(LifecycleDocument? lifecycle, TierDocument tiers, TimeSpan dayLength)
{
    private string key = "";
    private DateTimeOffset newerWritten;
    private int newerNoncurrent;

    /// <summary>Shows it the next version of a listing.</summary>
    /// <returns>The class that it is to have now, perhaps its own.</returns>
    public string Next(VersionRow version, DateTimeOffset now)
    {
        var isFirst = version.IsLatest || version.Key != key;
        if (isFirst) (key, newerNoncurrent) = (version.Key, 0);
        var replaced = isFirst ? (DateTimeOffset?)null : newerWritten;
        var target = version.IsDeleteMarker ? version.StorageClass : Target(version, replaced, now);
        if (!isFirst && !version.IsDeleteMarker) newerNoncurrent++;
        newerWritten = version.LastModified;
        return target;
    }

    /// <summary>Prefixes that together have every key which a rule may take, none within another. The empty one: all.</summary>
    public static ImmutableArray<string> Prefixes(LifecycleDocument lifecycle)
    {
        var prefixes = new List<string>();
        foreach (var prefix in lifecycle.Rules.Where(rule => rule.IsEnabled).Select(rule => rule.Filter.Prefix ?? "").Distinct().Order(StringComparer.Ordinal))
            if (prefixes.Count == 0 || !prefix.StartsWith(prefixes[^1], StringComparison.Ordinal)) prefixes.Add(prefix);
        return [.. prefixes];
    }

    /// <summary>The lowest class that a rule is due to move it to (S3 API: where rules conflict, the cheaper class is taken); then where that goes, if it is given up.</summary>
    private string Target(VersionRow version, DateTimeOffset? replaced, DateTimeOffset now)
    {
        var target = version.StorageClass;
        foreach (var rule in lifecycle?.Rules ?? [])
        {
            if (!rule.IsEnabled || !rule.Filter.Takes(version)) continue;
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

        return tiers.Find(target)?.To ?? target;

        void Lower(LifecycleRule rule, string storageClass)
        {
            if (StorageClassOrder.IsDown(target, storageClass) && version.Size >= lifecycle!.SizeMin(rule, storageClass) && tiers.Find(storageClass) is null) target = storageClass;
        }
    }
}
