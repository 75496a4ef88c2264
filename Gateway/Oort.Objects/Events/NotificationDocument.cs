using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Metadata;

namespace Oort.Objects.Events;

/// <summary>A notification configuration cannot be read, or must not be stored.</summary>
public sealed class NotificationFormatException(string message) : Exception(message);

/// <summary>Which events of a bucket are told to whom: one setting of the bucket (docs/formats/notification.md).</summary>
/// <param name="Rules">1 to 100, in the order given.</param>
public sealed record NotificationDocument(ImmutableArray<NotificationRule> Rules)
{
    /// <summary>Name of the bucket's setting that holds it.</summary>
    public const string SettingName = "notification";

    /// <summary>The first byte of the setting.</summary>
    public const byte Version = 1;

    /// <summary>Where the JSON begins.</summary>
    public const int DocumentOffset = 1;

    /// <summary>S3 has as many (Amazon S3 quotas: "event notifications"), and an event that fits all of them stays one small commit.</summary>
    public const int RuleCountMax = MetadataLimits.AnnouncedSettingsMax;

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    private static readonly KeptSettings<NotificationDocument> kept = new(SettingName, Decode);

    /// <summary>What a bucket tells; null where it tells nothing.</summary>
    /// <exception cref="NotificationFormatException">Damaged, or of a newer program.</exception>
    public static NotificationDocument? Of(BucketRow bucket) => kept.Of(bucket);

    /// <exception cref="NotificationFormatException">It breaks a rule of the format; says which.</exception>
    public NotificationDocument Checked()
    {
        if (Rules.IsDefaultOrEmpty || Rules.Length > RuleCountMax) throw new NotificationFormatException($"A notification configuration has 1 to {RuleCountMax} rules.");
        foreach (var rule in Rules)
            if (rule.Problem is { } problem) throw new NotificationFormatException($"Rule \"{rule.Id}\": {problem}");
        if (Rules.DistinctBy(rule => rule.Id).Count() != Rules.Length) throw new NotificationFormatException("Two rules have one id.");
        return this;
    }

    /// <summary>The setting's bytes.</summary>
    public byte[] Encode() => [Version, .. JsonSerializer.SerializeToUtf8Bytes(this, json)];

    /// <exception cref="NotificationFormatException">Damaged, or of a newer program.</exception>
    public static NotificationDocument Decode(ReadOnlySpan<byte> setting)
    {
        if (setting.IsEmpty || setting[0] != Version) throw new NotificationFormatException("The notification configuration was written by a newer version of this program, or is damaged.");
        try
        {
            var stored = JsonSerializer.Deserialize<NotificationDocument>(setting[DocumentOffset..], json) ?? throw new JsonException("It is null.");
            if (stored.Rules.IsDefault || stored.Rules.Any(rule => rule is null || !rule.IsWhole)) throw new JsonException("A list or an entry of it is missing.");
            return stored.Checked();
        }
        catch (Exception failure) when (failure is JsonException or NotSupportedException)
        {
            throw new NotificationFormatException($"The notification configuration cannot be read: {failure.Message}");
        }
    }
}
