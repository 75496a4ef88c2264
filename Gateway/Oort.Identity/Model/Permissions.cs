using System.Collections.Immutable;

namespace Oort.Identity.Model;

/// <summary>The policies of a user, a group or a role.</summary>
public sealed record Permissions
{
    public static Permissions None { get; } = new();

    /// <summary>Its own, by name.</summary>
    public ImmutableSortedDictionary<string, PolicySource> Inline { get; init; } = ImmutableSortedDictionary.Create<string, PolicySource>(StringComparer.Ordinal);

    /// <summary>ARNs of managed ones, in order.</summary>
    public ImmutableSortedSet<string> Attached { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>ARN of the managed policy that bounds the others; null: none does. Groups have none.</summary>
    public string? Boundary { get; init; }
}
