using System.Text.Json.Serialization;

namespace Oort.Node;

/// <summary>What a node's owner gives of the machine, the file caps.json (docs/formats/node-files.md §2). What is null was never said.</summary>
internal sealed record OwnersCaps
{
    public const int VersionKnown = 1;

    public int Version { get; init; } = VersionKnown;

    /// <summary>0: no cap.</summary>
    public long? SpaceBytes { get; init; }

    /// <summary>0: no cap.</summary>
    public long? BandwidthBytesPerSecond { get; init; }

    /// <summary>"22-07"; "00-24": all.</summary>
    public string? Hours { get; init; }

    public bool? IdlePriority { get; init; }

    /// <summary>0: it does not scrub.</summary>
    public long? ScrubBytesPerSecond { get; init; }

    public long? ScrubPauseSeconds { get; init; }

    public bool IsValid() => Version == VersionKnown && SpaceBytes is (null or 0 or >= NodeOptions.SpaceBytesMin) && BandwidthBytesPerSecond is (null or 0 or >= NodeOptions.BandwidthMin)
        && ScrubBytesPerSecond is null or >= 0 && ScrubPauseSeconds is null or > 0 && (Hours is null || DailyHours.TryParse(Hours, out _));

    /// <summary>What is said now goes before what was said.</summary>
    public OwnersCaps With(NodeOptions said) => this with
    {
        SpaceBytes = said.SpaceBytes ?? SpaceBytes,
        BandwidthBytesPerSecond = said.BandwidthBytesPerSecond ?? BandwidthBytesPerSecond,
        Hours = said.Hours?.ToString() ?? Hours,
        IdlePriority = said.IdlePriority ?? IdlePriority,
        ScrubBytesPerSecond = said.ScrubBytesPerSecond ?? ScrubBytesPerSecond,
        ScrubPauseSeconds = said.ScrubPause is { } pause ? (long)Math.Ceiling(pause.TotalSeconds) : ScrubPauseSeconds,
    };

    /// <summary>Options under these caps; null where there is none.</summary>
    public NodeOptions Apply(NodeOptions options) => options with
    {
        SpaceBytes = SpaceBytes is 0 ? null : SpaceBytes,
        BandwidthBytesPerSecond = BandwidthBytesPerSecond is 0 ? null : BandwidthBytesPerSecond,
        Hours = Hours is not null && DailyHours.TryParse(Hours, out var hours) && hours != DailyHours.All ? hours : null,
        IdlePriority = IdlePriority ?? false,
        ScrubBytesPerSecond = ScrubBytesPerSecond,
        ScrubPause = ScrubPauseSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
    };
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, NumberHandling = JsonNumberHandling.Strict, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OwnersCaps))]
internal sealed partial class OwnersCapsJson : JsonSerializerContext;
