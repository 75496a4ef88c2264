namespace Oort.Objects.Tiering;

/// <summary>The way down of the storage classes: a rule moves a version only further down (S3 API: "Transitioning objects using Amazon S3 Lifecycle").</summary>
public static class StorageClassOrder
{
    /// <summary>Whether versions of a class are archived: not readable before they are restored.</summary>
    public static bool IsArchive(string storageClass) => storageClass is "GLACIER" or "DEEP_ARCHIVE";

    /// <summary>Whether a rule may move versions to a class.</summary>
    public static bool IsTarget(string storageClass) => Rank(storageClass) is > 0;

    /// <summary>Whether a rule may move a version of one class to another one. From a class that is not known it moves nothing.</summary>
    public static bool IsDown(string from, string to) => Rank(from) is { } above && Rank(to) is { } below && above < below;

    /// <summary>How far down a class is; null: it is not known.</summary>
    public static int? Rank(string storageClass) => storageClass switch
    {
        "STANDARD" or "REDUCED_REDUNDANCY" => 0,
        "STANDARD_IA" => 1,
        "INTELLIGENT_TIERING" => 2,
        "ONEZONE_IA" => 3,
        "GLACIER_IR" => 4,
        "GLACIER" => 5,
        "DEEP_ARCHIVE" => 6,
        _ => null,
    };
}
