using System.Collections.Immutable;

namespace Oort.Objects;

/// <summary>How much a recovery drill takes on.</summary>
public sealed record DrillOptions
{
    /// <summary>Versions in the sample at most.</summary>
    public const int VersionsLimit = 100_000;

    /// <summary>Versions that are recovered and compared, chosen at random. Default 1,000; at most <see cref="VersionsLimit"/>: they are in memory.</summary>
    public int VersionsMax { get; init; } = 1_000;

    /// <summary>Bytes of objects that are read back from the stores. Default 256 MiB.</summary>
    public long BytesMax { get; init; } = 256L * 1024 * 1024;

    /// <summary>Bytes a second that are read at most; 0: no limit.</summary>
    public long BytesPerSecond { get; init; }
}

/// <summary>What a recovery drill found.</summary>
/// <param name="Started">When it began.</param>
/// <param name="Generation">The newest change that the stores' snapshot and journals gave.</param>
/// <param name="SnapshotGeneration">The snapshot that it began from; 0 for none.</param>
/// <param name="Records">Journal records that were read.</param>
/// <param name="Versions">Versions that there are, as far as they were listed.</param>
/// <param name="Sampled">Versions in the sample.</param>
/// <param name="Compared">Of these, those that were in both namespaces and were compared.</param>
/// <param name="Changed">Of these, those that clients changed meanwhile.</param>
/// <param name="ReadObjects">Objects of which bytes were read back by the recovered rows.</param>
/// <param name="Findings">What is not as it must be, in sentences; the first <see cref="FindingsMax"/>.</param>
public sealed record DrillReport(
    DateTimeOffset Started,
    TimeSpan Duration,
    ulong Generation,
    ulong SnapshotGeneration,
    long Records,
    long Versions,
    int Sampled,
    int Compared,
    int Changed,
    int ReadObjects,
    long ReadBytes,
    ImmutableArray<string> Findings)
{
    public const int FindingsMax = 100;

    /// <summary>A recovery would give back what was looked at.</summary>
    public bool IsClean => Findings.IsEmpty;
}
