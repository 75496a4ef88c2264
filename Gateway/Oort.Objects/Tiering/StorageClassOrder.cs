using System.Collections.Immutable;

namespace Oort.Objects.Tiering;

/// <summary>The way down of the storage classes: a rule moves a version only further down (S3 API: "Transitioning objects using Amazon S3 Lifecycle").</summary>
public static class StorageClassOrder
{
    /// <summary>The classes of S3, from the top.</summary>
    public static ImmutableArray<string> All { get; } = ["STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];

    /// <summary>Classes for an operator's own steps between STANDARD and STANDARD_IA, from the top: read at once, and without shortest stays.</summary>
    public static ImmutableArray<string> Own { get; } = ["OWN_1", "OWN_2", "OWN_3", "OWN_4", "OWN_5", "OWN_6", "OWN_7", "OWN_8", "OWN_9"];

    /// <summary>Whether there is a class of a name.</summary>
    public static bool IsKnown(string storageClass) => Rank(storageClass) is not null;

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
        "STANDARD_IA" => 10,
        "INTELLIGENT_TIERING" => 20,
        "ONEZONE_IA" or "GLACIER_IR" => 30,
        "GLACIER" => 40,
        "DEEP_ARCHIVE" => 50,
        _ => Own.IndexOf(storageClass) is >= 0 and var index ? index + 1 : null,
    };
}
