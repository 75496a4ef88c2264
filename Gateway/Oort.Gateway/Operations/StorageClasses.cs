using Oort.Objects.Tiering;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>The storage classes that objects of a general purpose bucket may have (S3 API: PutObject, "x-amz-storage-class"), and those of the operator.</summary>
internal static class StorageClasses
{
    public const string Standard = "STANDARD";

    public static bool IsKnown(string name) => StorageClassOrder.IsKnown(name);

    /// <summary>The class that a write asks for.</summary>
    /// <exception cref="S3Exception">InvalidStorageClass: there is none of that name, or it is given up.</exception>
    public static string Read(S3Request request, ITiering tiering)
    {
        var name = request.Header("x-amz-storage-class");
        if (name is null) return Standard;
        if (!IsKnown(name)) throw new S3Exception(S3Errors.InvalidStorageClass, null, ("StorageClassRequested", name));
        if (tiering.Tiers.Find(name) is { } given) throw new S3Exception(S3Errors.InvalidStorageClass, $"The storage class {name} is being given up here and takes no new objects; use {given.To}.", ("StorageClassRequested", name));
        return name;
    }
}
