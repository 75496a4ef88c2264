using System.Collections.Immutable;
using Oort.Metadata;

namespace Oort.Gateway.Access;

/// <summary>What keeps a bucket from becoming public by mistake (S3 API: PublicAccessBlockConfiguration), as a setting of its own has it (docs/formats/public-access-block.md).</summary>
[Flags]
internal enum PublicAccessBlock : byte
{
    None = 0,

    /// <summary>Lists (ACLs) that let everybody in are refused.</summary>
    BlockPublicAcls = 1,

    /// <summary>Those that are there count for nothing.</summary>
    IgnorePublicAcls = 2,

    /// <summary>Policies that let everybody in are refused.</summary>
    BlockPublicPolicy = 4,

    /// <summary>Those that are there let in the owner's account alone.</summary>
    RestrictPublicBuckets = 8,

    /// <summary>The owner has taken the configuration away: there is none, and nothing is blocked.</summary>
    Removed = 16,

    All = BlockPublicAcls | IgnorePublicAcls | BlockPublicPolicy | RestrictPublicBuckets,
}

/// <summary>Reads and writes <see cref="PublicAccessBlock"/> as a bucket's setting.</summary>
internal static class PublicAccessBlocks
{
    public const string SettingName = "public-access-block";
    public const byte Version = 1;
    public const int FlagsOffset = 1;
    private const int Size = 2;

    /// <summary>That of a bucket; without a setting everything is blocked, as on every bucket that is made in AWS since 2023.</summary>
    /// <exception cref="MetadataFormatException">The setting is none.</exception>
    public static PublicAccessBlock Of(BucketRow bucket) => bucket.Settings.TryGetValue(SettingName, out var setting) ? Decode(setting.AsSpan()) : PublicAccessBlock.All;

    public static ImmutableArray<byte> Encode(PublicAccessBlock block) => [Version, (byte)block];

    /// <exception cref="MetadataFormatException">The bytes are none.</exception>
    public static PublicAccessBlock Decode(ReadOnlySpan<byte> setting) => setting.Length == Size && setting[0] == Version && setting[FlagsOffset] <= (byte)PublicAccessBlock.Removed
        ? (PublicAccessBlock)setting[FlagsOffset]
        : throw new MetadataFormatException("The setting \"public-access-block\" of a bucket is none.");
}
