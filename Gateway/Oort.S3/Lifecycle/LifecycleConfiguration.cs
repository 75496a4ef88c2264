namespace Oort.S3;

/// <summary>A bucket's lifecycle as clients write it (S3 API: LifecycleConfiguration).</summary>
/// <param name="Rules">1 to 1,000, in the order given.</param>
public sealed record LifecycleConfiguration(IReadOnlyList<ConfiguredRule> Rules);

/// <summary>One Rule.</summary>
/// <param name="Id">Null: the client leaves it to the service.</param>
/// <param name="IsEnabled">Status.</param>
/// <param name="Expiration">Null: none.</param>
/// <param name="NoncurrentExpiration">NoncurrentVersionExpiration; null: none.</param>
/// <param name="AbortAfterDays">AbortIncompleteMultipartUpload: days after initiation; null: none.</param>
public sealed record ConfiguredRule(
    string? Id,
    bool IsEnabled,
    ConfiguredFilter Filter,
    IReadOnlyList<ConfiguredTransition> Transitions,
    IReadOnlyList<ConfiguredNoncurrentTransition> NoncurrentTransitions,
    ConfiguredExpiration? Expiration = null,
    ConfiguredNoncurrentExpiration? NoncurrentExpiration = null,
    int? AbortAfterDays = null)
{
    /// <summary>Whether it has any action.</summary>
    public bool Acts => Transitions.Count + NoncurrentTransitions.Count > 0 || Expiration is not null || NoncurrentExpiration is not null || AbortAfterDays is not null;
}

/// <summary>Which objects a rule is for.</summary>
/// <param name="Form">How it was written, which is how it is given back.</param>
/// <param name="Prefix">Null: not given, which is not the same as an empty one.</param>
/// <param name="SizeGreaterThan">Bytes; null: not given.</param>
/// <param name="SizeLessThan">Bytes; null: not given.</param>
public sealed record ConfiguredFilter(ConfiguredFilterForm Form, string? Prefix, long? SizeGreaterThan, long? SizeLessThan, IReadOnlyList<S3Tag> Tags);

/// <summary>The forms of a filter.</summary>
public enum ConfiguredFilterForm
{
    /// <summary>Prefix as a child of Rule: the first version of the API.</summary>
    Prefix,

    /// <summary>Filter with one condition or none.</summary>
    Single,

    /// <summary>Filter with And.</summary>
    And,
}

/// <summary>A Transition: either days or a date.</summary>
public sealed record ConfiguredTransition(string StorageClass, int? Days, DateOnly? Date);

/// <summary>A NoncurrentVersionTransition.</summary>
/// <param name="NewerVersions">NewerNoncurrentVersions; null: not given.</param>
public sealed record ConfiguredNoncurrentTransition(string StorageClass, int Days, int? NewerVersions);

/// <summary>An Expiration: days, a date, or what becomes of expired object delete markers.</summary>
/// <param name="ExpiredMarkers">ExpiredObjectDeleteMarker as given; null: not given.</param>
public sealed record ConfiguredExpiration(int? Days, DateOnly? Date, bool? ExpiredMarkers);

/// <summary>A NoncurrentVersionExpiration.</summary>
/// <param name="NewerVersions">NewerNoncurrentVersions; null: not given.</param>
public sealed record ConfiguredNoncurrentExpiration(int Days, int? NewerVersions);
