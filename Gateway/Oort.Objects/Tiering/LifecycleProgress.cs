using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>How far the lifecycle of a bucket is carried out: a setting of the cluster for each bucket (docs/formats/lifecycle-progress.md).</summary>
/// <param name="Rules">What it goes by: 64 hexadecimal digits; with other rules all begins anew.</param>
/// <param name="Stamp">Of the revisits that belong to it; where they have another one, or none, all begins anew.</param>
/// <param name="Day">The beginning of the day up to which all was looked at, in milliseconds; null: nothing was.</param>
/// <param name="Target">The day that is being looked at; null: none.</param>
/// <param name="At">Of that, all up to this time was looked at; null: nothing was.</param>
/// <param name="Generation">With <paramref name="At"/>: and of that time, up to this generation.</param>
internal sealed record LifecycleProgress(string Rules, ulong Stamp, DateTimeOffset? Day = null, DateTimeOffset? Target = null, DateTimeOffset? At = null, ulong? Generation = null)
{
    /// <summary>The first byte of the setting.</summary>
    public const byte Version = 1;

    /// <summary>Where the JSON begins.</summary>
    public const int DocumentOffset = 1;

    private const int RulesLength = 64;

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.Strict,
        IgnoreReadOnlyProperties = true,
        Converters = { new MillisecondsConverter() },
    };

    public AgePlace Place => At is { } at ? new(at, Generation ?? 0) : AgePlace.Start;

    public byte[] Encode() => [Version, .. JsonSerializer.SerializeToUtf8Bytes(this, json)];

    /// <summary>What is stored; null: nothing that can be used, so that all begins anew.</summary>
    public static LifecycleProgress? Decode(ReadOnlySpan<byte> setting)
    {
        if (setting.IsEmpty || setting[0] != Version) return null;
        try
        {
            var read = JsonSerializer.Deserialize<LifecycleProgress>(setting[DocumentOffset..], json);
            return read is { Rules.Length: RulesLength } && read.Stamp <= long.MaxValue && (read.Generation ?? 0) <= long.MaxValue && read.At is null == read.Generation is null && (read.At is null || read.Target is not null) ? read : null;
        }
        catch (Exception failure) when (failure is JsonException or NotSupportedException)
        {
            return null;
        }
    }
}
