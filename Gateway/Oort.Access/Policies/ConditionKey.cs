namespace Oort.Access.Policies;

/// <summary>What a condition or a variable asks of a request.</summary>
/// <param name="Name">As it is documented; matched without regard to case.</param>
/// <param name="IsFamily">The name is followed by one of the caller's, such as the key of a tag.</param>
public sealed record ConditionKey(string Name, bool IsFamily)
{
    internal int Index { get; init; }
}
