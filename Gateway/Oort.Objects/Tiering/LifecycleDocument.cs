using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>A lifecycle cannot be read, or must not be stored.</summary>
public sealed class LifecycleFormatException(string message) : Exception(message);

/// <summary>What becomes of objects below <see cref="LifecycleDocument.SmallSize"/> whose rule says nothing of sizes (S3 API: "x-amz-transition-default-minimum-object-size").</summary>
public enum SmallObjects
{
    /// <summary>They stay in their class (all_storage_classes_128K).</summary>
    Stay,

    /// <summary>They move to archives, and to no other class (varies_by_storage_class).</summary>
    ArchiveOnly,
}

/// <summary>A bucket's lifecycle: one setting of the bucket, so that its rules change together (docs/formats/lifecycle.md).</summary>
/// <param name="SmallObjects">Of rules that say nothing of sizes.</param>
/// <param name="Rules">1 to 1,000, in the order given.</param>
public sealed record LifecycleDocument(SmallObjects SmallObjects, ImmutableArray<LifecycleRule> Rules)
{
    /// <summary>Name of the bucket's setting that holds it.</summary>
    public const string SettingName = "lifecycle";

    /// <summary>The first byte of the setting.</summary>
    public const byte Version = 1;

    /// <summary>Where the JSON begins.</summary>
    public const int DocumentOffset = 1;

    /// <summary>S3 API: PutBucketLifecycleConfiguration.</summary>
    public const int RuleCountMax = 1000;

    /// <summary>Bytes below which an object is small: 128 KiB.</summary>
    public const long SmallSize = 128 * 1024;

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.Strict,
        IgnoreReadOnlyProperties = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>The lifecycle of a bucket; null where it has none.</summary>
    /// <exception cref="LifecycleFormatException">Damaged, or of a newer program.</exception>
    public static LifecycleDocument? Of(BucketRow bucket) => bucket.Settings.TryGetValue(SettingName, out var setting) ? Decode(setting.AsSpan()) : null;

    /// <summary>Bytes that an object must have at least for a rule to move it to a class; the rule's own filter comes on top.</summary>
    /// <remarks>Classes of the operator's own take any size. A filter by size is what the bucket's owner wants, and nothing is added to it (S3 API: PutBucketLifecycleConfiguration).</remarks>
    public long SizeMin(LifecycleRule rule, string storageClass) =>
        rule.Filter is { SizeAbove: null, SizeBelow: null } && !StorageClassOrder.Own.Contains(storageClass) && (SmallObjects == SmallObjects.Stay || !StorageClassOrder.IsArchive(storageClass)) ? SmallSize : 0;

    /// <exception cref="LifecycleFormatException">It breaks a rule of the format; says which.</exception>
    public LifecycleDocument Checked()
    {
        if (!Enum.IsDefined(SmallObjects)) throw new LifecycleFormatException("What becomes of small objects is not known.");
        if (Rules.IsDefaultOrEmpty || Rules.Length > RuleCountMax) throw new LifecycleFormatException($"A lifecycle has 1 to {RuleCountMax} rules.");
        foreach (var rule in Rules)
            if (rule.Problem is { } problem) throw new LifecycleFormatException($"Rule \"{rule.Id}\": {problem}");
        if (Rules.DistinctBy(rule => rule.Id).Count() != Rules.Length) throw new LifecycleFormatException("Two rules have one id.");
        return this;
    }

    /// <summary>The setting's bytes.</summary>
    public byte[] Encode() => [Version, .. JsonSerializer.SerializeToUtf8Bytes(this, json)];

    /// <exception cref="LifecycleFormatException">Damaged, or of a newer program.</exception>
    public static LifecycleDocument Decode(ReadOnlySpan<byte> setting)
    {
        if (setting.IsEmpty || setting[0] != Version) throw new LifecycleFormatException("The lifecycle was written by a newer version of this program, or is damaged.");
        try
        {
            var stored = JsonSerializer.Deserialize<LifecycleDocument>(setting[DocumentOffset..], json) ?? throw new JsonException("It is null.");
            if (stored.Rules.IsDefault || stored.Rules.Any(rule => rule is null || !rule.IsWhole)) throw new JsonException("A list or an entry of it is missing.");
            return stored.Checked();
        }
        catch (Exception failure) when (failure is JsonException or NotSupportedException)
        {
            throw new LifecycleFormatException($"The lifecycle cannot be read: {failure.Message}");
        }
    }
}
