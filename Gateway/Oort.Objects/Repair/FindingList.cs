using System.Collections.Immutable;

namespace Oort.Objects;

/// <summary>Gathers findings; beyond the limit they are only counted. Thread-safe.</summary>
internal sealed class FindingList
{
    private readonly Lock gate = new();
    private readonly List<Finding> findings = [];

    /// <summary>Findings that were not mended and are more than notes.</summary>
    public long OpenCount { get; private set; }

    public void Add(FindingSeverity severity, string subject, string text, bool repaired = false)
    {
        lock (gate)
        {
            if (severity != FindingSeverity.Note && !repaired) OpenCount++;
            if (findings.Count < ScrubReport.FindingCountMax) findings.Add(new(severity, subject, text, repaired));
        }
    }

    public ImmutableArray<Finding> ToImmutable()
    {
        lock (gate) return [.. findings];
    }
}
