using System.Collections.Immutable;

namespace Oort.Objects.Tiering;

/// <summary>The way down of the storage classes: a rule moves a version only further down (S3 API: "Transitioning objects using Amazon S3 Lifecycle").</summary>
public static class StorageClassOrder
{
    /// <summary>All classes that an object can have, from the top.</summary>
    public static ImmutableArray<string> All { get; } = ["STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];

    /// <summary>Whether versions of a class are archived: not readable before they are restored.</summary>
    public static bool IsArchive(string storageClass) => storageClass is "GLACIER" or "DEEP_ARCHIVE";

    /// <summary>Whether a rule may move versions to a class.</summary>
    public static bool IsTarget(string storageClass) => Rank(storageClass) > 0;

    /// <summary>Whether a rule may move a version of one class to another one. From a class that is not known it moves nothing.</summary>
    public static bool IsDown(string from, string to) => Rank(from) is { } above && Rank(to) is { } below && above < below;

    /// <summary>How far down a class is; null: it is not known. Of two that are equally far down, neither leads to the other.</summary>
    public static int? Rank(string storageClass) => storageClass switch
    {
        "STANDARD" or "REDUCED_REDUNDANCY" => 0,
        "STANDARD_IA" => 1,
        "INTELLIGENT_TIERING" => 2,
        "ONEZONE_IA" or "GLACIER_IR" => 3,
        "GLACIER" => 4,
        "DEEP_ARCHIVE" => 5,
        _ => null,
    };
}
