using System.Collections.Immutable;

namespace Oort.Metadata.Sqlite.Recovery;

/// <summary>Problems found, up to a limit: a broken database has as many as it has rows.</summary>
internal sealed class ProblemList(int limit)
{
    private readonly ImmutableArray<MetadataProblem>.Builder found = ImmutableArray.CreateBuilder<MetadataProblem>();

    public bool IsFull => found.Count >= limit;

    public void Add(MetadataProblemKind kind, string detail)
    {
        if (!IsFull) found.Add(new(kind, detail));
    }

    public ImmutableArray<MetadataProblem> ToImmutable() => found.ToImmutable();
}
