using System.Collections.Immutable;
using Oort.Access.Policies;
using Oort.Metadata;

namespace Oort.Gateway.Access;

/// <summary>The policy of a bucket as its setting <see cref="SettingName"/> has it: the text as its owner wrote it (docs/formats/bucket-policy.md).</summary>
internal static class BucketPolicy
{
    public const string SettingName = "policy";
    public const byte Version = 1;

    public static ImmutableArray<byte> Encode(ReadOnlySpan<byte> json) => [Version, .. json];

    /// <summary>The policy's text; empty: the bucket has none.</summary>
    /// <exception cref="MetadataFormatException">The setting is none.</exception>
    public static ReadOnlyMemory<byte> TextOf(BucketRow bucket)
    {
        if (!bucket.Settings.TryGetValue(SettingName, out var setting)) return default;
        return setting is [Version, _, ..] && setting.Length <= 1 + PolicyLimits.BucketLengthMax ? setting.AsMemory()[1..] : throw new MetadataFormatException("The setting \"policy\" of a bucket is none.");
    }
}
