using System.Collections.Frozen;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>The storage classes that objects of a general purpose bucket may have (S3 API: PutObject, "x-amz-storage-class").</summary>
internal static class StorageClasses
{
    public const string Standard = "STANDARD";

    private static readonly FrozenSet<string> known = new[]
    {
        Standard, "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR",
    }.ToFrozenSet(StringComparer.Ordinal);

    public static bool IsKnown(string name) => known.Contains(name);

    /// <summary>The class that a write asks for.</summary>
    /// <exception cref="S3Exception">InvalidStorageClass.</exception>
    public static string Read(S3Request request)
    {
        var name = request.Header("x-amz-storage-class");
        if (name is null) return Standard;
        if (known.Contains(name)) return name;
        throw new S3Exception(S3Errors.InvalidStorageClass, null, ("StorageClassRequested", name));
    }
}
