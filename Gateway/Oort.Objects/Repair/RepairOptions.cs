namespace Oort.Objects;

/// <summary>How hard repair and scrub work.</summary>
public sealed record RepairOptions
{
    /// <summary>Bytes that repair reads in a second at most. Default 400 MiB; 0: no limit.</summary>
    public long RepairBytesPerSecond { get; init; } = 400L * 1024 * 1024;

    /// <summary>Bytes that the background scrub reads in a second at most. Default 16 MiB: a terabyte in 18 hours.</summary>
    public long ScrubBytesPerSecond { get; init; } = 16L * 1024 * 1024;

    /// <summary>How often segments that are not full are looked for. Default 1 minute.</summary>
    public TimeSpan ScanInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>From the end of one background scrub to the beginning of the next. Default 1 day.</summary>
    public TimeSpan ScrubInterval { get; init; } = TimeSpan.FromDays(1);
}
