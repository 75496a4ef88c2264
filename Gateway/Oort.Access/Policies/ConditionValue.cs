using System.Collections.Immutable;

namespace Oort.Access.Policies;

/// <summary>What a request has for a <see cref="ConditionKey"/>: one text, or several.</summary>
public readonly struct ConditionValue
{
    private readonly string? one;
    private readonly ImmutableArray<string> many;

    public ConditionValue(string value) => one = value;

    public ConditionValue(ImmutableArray<string> values) => many = values;

    public int Count => one is not null ? 1 : many.IsDefault ? 0 : many.Length;

    public string this[int index] => one is not null && index == 0 ? one : many[index];

    /// <summary>The only one; null: there are several, or none.</summary>
    public string? Single => one ?? (Count == 1 ? many[0] : null);
}
