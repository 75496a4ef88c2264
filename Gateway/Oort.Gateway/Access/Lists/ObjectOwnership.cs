using System.Collections.Immutable;
using Oort.Metadata;

namespace Oort.Gateway.Access.Lists;

/// <summary>To whom the objects of a bucket belong, and whether lists (ACLs) count (S3 API: "Controlling ownership of objects and disabling ACLs").</summary>
public enum ObjectOwnership : byte
{
    /// <summary>All to the bucket's owner; no list counts.</summary>
    BucketOwnerEnforced = 0,

    /// <summary>To who wrote it, or to the bucket's owner where it was written with <c>bucket-owner-full-control</c>.</summary>
    BucketOwnerPreferred = 1,

    /// <summary>To who wrote it.</summary>
    ObjectWriter = 2,

    /// <summary>The bucket has no ownership controls: as <see cref="ObjectWriter"/>.</summary>
    None = 3,
}

/// <summary>Reads and writes <see cref="ObjectOwnership"/> as a bucket's setting has it (docs/formats/object-ownership.md).</summary>
internal static class ObjectOwnerships
{
    public const string SettingName = "object-ownership";
    public const byte Version = 1;
    public const int OwnershipOffset = 1;
    private const int Size = 2;

    /// <summary>That of a bucket; without a setting the owner's is enforced, as on every bucket that is made in AWS since 2023.</summary>
    /// <exception cref="MetadataFormatException">The setting is none.</exception>
    public static ObjectOwnership Of(BucketRow bucket) => bucket.Settings.TryGetValue(SettingName, out var setting) ? Decode(setting.AsSpan()) : ObjectOwnership.BucketOwnerEnforced;

    /// <summary>Whether lists count in a bucket; where that cannot be read, they do not.</summary>
    public static bool HasLists(BucketRow bucket) => bucket.Settings.TryGetValue(SettingName, out var setting) && setting is [Version, > (byte)ObjectOwnership.BucketOwnerEnforced and <= (byte)ObjectOwnership.None];

    /// <summary>Whether somebody chose it, rather than leave it at what buckets have.</summary>
    public static bool IsChosen(BucketRow bucket) => bucket.Settings.ContainsKey(SettingName);

    public static BucketRow Set(BucketRow bucket, ObjectOwnership ownership) => bucket with { Settings = bucket.Settings.SetItem(SettingName, Encode(ownership)) };

    public static ImmutableArray<byte> Encode(ObjectOwnership ownership) => [Version, (byte)ownership];

    /// <exception cref="MetadataFormatException">The bytes are none.</exception>
    public static ObjectOwnership Decode(ReadOnlySpan<byte> setting) => setting.Length == Size && setting[0] == Version && setting[OwnershipOffset] <= (byte)ObjectOwnership.None
        ? (ObjectOwnership)setting[OwnershipOffset]
        : throw new MetadataFormatException("The setting \"object-ownership\" of a bucket is none.");
}
