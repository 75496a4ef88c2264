using System.Collections.Immutable;
using Oort.Objects.Tiering;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>A lifecycle as clients write it and as it is stored: the same, in the words of each side.</summary>
internal static class LifecycleForms
{
    /// <param name="newId">Makes ids of rules that have none.</param>
    public static LifecycleDocument ToDocument(LifecycleConfiguration configuration, SmallObjects small, Func<string> newId) =>
        new(small, [.. configuration.Rules.Select(rule => ToRule(rule, string.IsNullOrEmpty(rule.Id) ? newId() : rule.Id))]);

    public static LifecycleConfiguration ToConfiguration(LifecycleDocument lifecycle) => new([.. lifecycle.Rules.Select(ToConfigured)]);

    private static LifecycleRule ToRule(ConfiguredRule rule, string id)
    {
        var filter = rule.Filter;
        ImmutableArray<LifecycleTag> tags = [.. filter.Tags.Select(tag => new LifecycleTag(tag.Key, tag.Value))];
        return new(
            id,
            rule.IsEnabled,
            new(ToForm(filter.Form), filter.Prefix, filter.SizeGreaterThan, filter.SizeLessThan, tags),
            [.. rule.Transitions.Select(one => new LifecycleTransition(one.StorageClass, one.Days, one.Date))],
            [.. rule.NoncurrentTransitions.Select(one => new NoncurrentTransition(one.StorageClass, one.Days, one.NewerVersions))],
            rule.Expiration is { } expiration ? new(expiration.Days, expiration.Date, expiration.ExpiredMarkers) : null,
            rule.NoncurrentExpiration is { } noncurrent ? new(noncurrent.Days, noncurrent.NewerVersions) : null,
            rule.AbortAfterDays);
    }

    private static ConfiguredRule ToConfigured(LifecycleRule rule)
    {
        var filter = rule.Filter;
        var tags = filter.Tags.Select(tag => new S3Tag(tag.Key, tag.Value)).ToList();
        return new(
            rule.Id,
            rule.IsEnabled,
            new(ToConfigured(filter.Form), filter.Prefix, filter.SizeAbove, filter.SizeBelow, tags),
            [.. rule.Transitions.Select(one => new ConfiguredTransition(one.StorageClass, one.Days, one.Date))],
            [.. rule.NoncurrentTransitions.Select(one => new ConfiguredNoncurrentTransition(one.StorageClass, one.Days, one.NewerVersions))],
            rule.Expiration is { } expiration ? new(expiration.Days, expiration.Date, expiration.ExpiredMarkers) : null,
            rule.NoncurrentExpiration is { } noncurrent ? new(noncurrent.Days, noncurrent.NewerVersions) : null,
            rule.AbortUploadsAfterDays);
    }

    private static FilterForm ToForm(ConfiguredFilterForm form) => form switch
    {
        ConfiguredFilterForm.Prefix => FilterForm.Prefix,
        ConfiguredFilterForm.And => FilterForm.And,
        _ => FilterForm.Single,
    };

    private static ConfiguredFilterForm ToConfigured(FilterForm form) => form switch
    {
        FilterForm.Prefix => ConfiguredFilterForm.Prefix,
        FilterForm.And => ConfiguredFilterForm.And,
        _ => ConfiguredFilterForm.Single,
    };
}
