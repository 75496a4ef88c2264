using System.Collections.Immutable;
using System.Text;
using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>How a filter was written, so that its owner is shown it as he wrote it.</summary>
public enum FilterForm
{
    /// <summary>A prefix in the rule itself: the older form.</summary>
    Prefix,

    /// <summary>A filter with one condition, or none.</summary>
    Single,

    /// <summary>A filter of several conditions.</summary>
    And,
}

/// <summary>A tag that an object must have.</summary>
public sealed record LifecycleTag(string Key, string Value);

/// <summary>Which versions a rule takes: those that all conditions hold for.</summary>
/// <param name="Prefix">With which the key begins; null: any key, and the owner is shown no prefix.</param>
/// <param name="SizeAbove">It has more bytes than these; null: any.</param>
/// <param name="SizeBelow">It has fewer bytes than these; null: any.</param>
/// <param name="Tags">That the version has, all of them.</param>
public sealed record LifecycleFilter(FilterForm Form, string? Prefix = null, long? SizeAbove = null, long? SizeBelow = null, ImmutableArray<LifecycleTag> Tags = default)
{
    /// <summary>Tags of one filter: as many as an object has.</summary>
    public const int TagCountMax = 10;

    /// <summary>Characters of a tag's key and value (S3 API: "Categorizing your storage using tags").</summary>
    public const int TagKeyLengthMax = 128;

    /// <inheritdoc cref="TagKeyLengthMax"/>
    public const int TagValueLengthMax = 256;

    public ImmutableArray<LifecycleTag> Tags { get; init; } = Tags.IsDefault ? [] : Tags;

    /// <summary>Whether the key alone decides.</summary>
    internal bool IsOfKeys => SizeAbove is null && SizeBelow is null && Tags.IsEmpty;

    /// <summary>Whether it takes keys like one, as far as the key decides.</summary>
    public bool TakesKey(string key) => Prefix is null || key.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Whether it takes a version. A delete marker, which has neither size nor tags, is taken by filters that ask for none.</summary>
    public bool Takes(VersionRow version)
    {
        if (!TakesKey(version.Key)) return false;
        if (version.IsDeleteMarker) return IsOfKeys;
        if (version.Size <= (SizeAbove ?? -1) || version.Size >= (SizeBelow ?? long.MaxValue)) return false;
        if (Tags.IsEmpty) return true;
        var tags = StoredTags.Of(version.Attributes);
        return Tags.All(tag => tags.Contains((tag.Key, tag.Value)));
    }

    internal string? Problem
    {
        get
        {
            if (!Enum.IsDefined(Form)) return "The form of its filter is not known.";
            if (Prefix is not null && Encoding.UTF8.GetByteCount(Prefix) > MetadataLimits.KeyBytesMax) return $"A prefix has at most {MetadataLimits.KeyBytesMax} bytes.";
            if (Tags.Length > TagCountMax || Tags.DistinctBy(tag => tag.Key).Count() != Tags.Length) return $"A filter has at most {TagCountMax} tags, and no key twice.";
            if (Tags.Any(tag => tag.Key.Length is 0 or > TagKeyLengthMax || tag.Value.Length > TagValueLengthMax)) return "A tag is too long, or has no key.";
            if (SizeAbove is < 0 || SizeBelow is < 1 || SizeAbove >= SizeBelow) return "No size is within its bounds.";
            var conditions = (Prefix is null ? 0 : 1) + Tags.Length + (SizeAbove is null ? 0 : 1) + (SizeBelow is null ? 0 : 1);
            return Form switch
            {
                FilterForm.Prefix when Prefix is null || conditions > 1 => "The older form has a prefix and nothing else.",
                FilterForm.Single when conditions > 1 => "The form of its filter has one condition.",
                FilterForm.And when conditions < 1 => "A filter of several conditions has none.",
                _ => null,
            };
        }
    }
}
