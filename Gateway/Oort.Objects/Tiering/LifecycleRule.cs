using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Oort.Objects.Tiering;

/// <summary>What a rule does with the versions that its filter takes.</summary>
/// <param name="Id">1 to 255 characters; no two rules of a bucket have the same.</param>
/// <param name="IsEnabled">Whether it is applied.</param>
/// <param name="Transitions">Of current versions; no class twice.</param>
/// <param name="NoncurrentTransitions">Of versions that a newer one, or a delete marker, has taken the place of; no class twice.</param>
/// <param name="Expiration">Of current versions; null: they stay.</param>
/// <param name="NoncurrentExpiration">Of versions that are not current any more; null: they stay.</param>
/// <param name="AbortUploadsAfterDays">Uploads end so many days after they were begun, 1 or more; null: they stay.</param>
public sealed record LifecycleRule(
    string Id,
    bool IsEnabled,
    LifecycleFilter Filter,
    ImmutableArray<LifecycleTransition> Transitions,
    ImmutableArray<NoncurrentTransition> NoncurrentTransitions,
    [property: JsonPropertyName("end")] LifecycleExpiration? Expiration = null,
    [property: JsonPropertyName("noncurrentEnd")] NoncurrentExpiration? NoncurrentExpiration = null,
    int? AbortUploadsAfterDays = null)
{
    /// <summary>Characters of an id (S3 API: LifecycleRule).</summary>
    public const int IdLengthMax = 255;

    /// <summary>Lists that JSON left out are null, and so are entries of them.</summary>
    internal bool IsWhole =>
        !Transitions.IsDefault && !NoncurrentTransitions.IsDefault
        && Transitions.All(one => one is not null) && NoncurrentTransitions.All(one => one is not null) && Filter.Tags.All(tag => tag is not null);

    /// <summary>What is wrong with it, for people; null: nothing.</summary>
    internal string? Problem
    {
        get
        {
            if (Id.Length is 0 or > IdLengthMax) return $"An id has 1 to {IdLengthMax} characters.";
            if (Filter.Problem is { } wrong) return wrong;
            if (Transitions.Length + NoncurrentTransitions.Length == 0 && Expiration is null && NoncurrentExpiration is null && AbortUploadsAfterDays is null) return "It does nothing.";
            if (Transitions.Select(one => one.Problem).Concat(NoncurrentTransitions.Select(one => one.Problem)).FirstOrDefault(problem => problem is not null) is { } step) return step;
            if ((Expiration?.Problem ?? NoncurrentExpiration?.Problem) is { } end) return end;
            if (AbortUploadsAfterDays < 1) return "Uploads end after one day at least.";
            if ((AbortUploadsAfterDays is not null || Expiration?.ExpiredMarkers is not null) && !Filter.IsOfKeys) return "Uploads and delete markers have neither tags nor a size.";
            return Transitions.DistinctBy(one => one.StorageClass).Count() != Transitions.Length || NoncurrentTransitions.DistinctBy(one => one.StorageClass).Count() != NoncurrentTransitions.Length
                ? "A class is moved to twice."
                : null;
        }
    }
}

/// <summary>A move of current versions.</summary>
/// <param name="StorageClass">Where to.</param>
/// <param name="Days">After so many days since the version was written, 0 or more; null: <paramref name="Date"/> says when.</param>
/// <param name="Date">From the midnight (UTC) on with which this day begins; null: <paramref name="Days"/> says when.</param>
public sealed record LifecycleTransition(string StorageClass, int? Days = null, DateOnly? Date = null)
{
    internal string? Problem =>
        !StorageClassOrder.IsTarget(StorageClass) ? $"\"{StorageClass}\" is no class that a rule moves to."
        : Days is null == Date is null ? "A transition has either days or a date."
        : Days < 0 ? "A number of days is negative."
        : null;

    /// <summary>From when on a version that was written at a time is to be moved.</summary>
    /// <param name="dayLength"><see cref="TieringOptions.DayLength"/>.</param>
    public DateTimeOffset DueAt(DateTimeOffset written, TimeSpan dayLength) =>
        Date is { } date ? new(date.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc)) : LifecycleDays.After(written, Days!.Value, dayLength);
}

/// <summary>A move of versions that are not current any more.</summary>
/// <param name="StorageClass">Where to.</param>
/// <param name="Days">After so many days since the version ceased to be the current one, 0 or more.</param>
/// <param name="NewerVersions">So many of a key's noncurrent versions, the newest ones, are left where they are: 1 to 100; null: none.</param>
public sealed record NoncurrentTransition(string StorageClass, int Days, int? NewerVersions = null)
{
    /// <summary>S3 API: NoncurrentVersionTransition.</summary>
    public const int NewerVersionsMax = 100;

    internal string? Problem =>
        !StorageClassOrder.IsTarget(StorageClass) ? $"\"{StorageClass}\" is no class that a rule moves to."
        : Days < 0 ? "A number of days is negative."
        : NewerVersions is < 1 or > NewerVersionsMax ? $"Newer versions are 1 to {NewerVersionsMax}."
        : null;

    /// <summary>From when on a version that ceased to be current at a time is to be moved.</summary>
    /// <param name="dayLength"><see cref="TieringOptions.DayLength"/>.</param>
    public DateTimeOffset DueAt(DateTimeOffset replaced, TimeSpan dayLength) => LifecycleDays.After(replaced, Days, dayLength);
}

/// <summary>The end of current versions: they are deleted, or a delete marker takes their place where the bucket is versioned. A marker that is all that is left of its key ends as well.</summary>
/// <param name="Days">After so many days since the version was written, 1 or more.</param>
/// <param name="Date">From the midnight (UTC) on with which this day begins.</param>
/// <param name="ExpiredMarkers">Whether delete markers that are all that is left of their keys end at once. Of the three exactly one is there.</param>
public sealed record LifecycleExpiration(int? Days = null, DateOnly? Date = null, bool? ExpiredMarkers = null)
{
    internal string? Problem =>
        (Days is null ? 0 : 1) + (Date is null ? 0 : 1) + (ExpiredMarkers is null ? 0 : 1) != 1 ? "An expiration has days, a date, or a word on delete markers."
        : Days < 1 ? "An expiration comes after one day at least."
        : null;

    /// <summary>From when on a version that was written at a time is to end; null: it stays.</summary>
    /// <param name="dayLength"><see cref="TieringOptions.DayLength"/>.</param>
    public DateTimeOffset? DueAt(DateTimeOffset written, TimeSpan dayLength) =>
        Date is { } date ? new(date.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc)) : Days is { } days ? LifecycleDays.After(written, days, dayLength) : null;
}

/// <summary>The end of versions that are not current any more.</summary>
/// <param name="Days">After so many days since the version ceased to be the current one, 1 or more.</param>
/// <param name="NewerVersions">So many of a key's noncurrent versions, the newest ones, stay: 1 to 100; null: none.</param>
public sealed record NoncurrentExpiration(int Days, int? NewerVersions = null)
{
    internal string? Problem =>
        Days < 1 ? "An expiration comes after one day at least."
        : NewerVersions is < 1 or > NoncurrentTransition.NewerVersionsMax ? $"Newer versions are 1 to {NoncurrentTransition.NewerVersionsMax}."
        : null;

    /// <summary>From when on a version that ceased to be current at a time is to end.</summary>
    /// <param name="dayLength"><see cref="TieringOptions.DayLength"/>.</param>
    public DateTimeOffset DueAt(DateTimeOffset replaced, TimeSpan dayLength) => LifecycleDays.After(replaced, Days, dayLength);
}
