using System.Collections.Immutable;
using Oort.Access.Policies;

namespace Oort.Access.Tests.Support;

/// <summary>Values by the full name of their key, in any case.</summary>
internal sealed class FakeContext : AccessContext
{
    private readonly Dictionary<string, ImmutableArray<string>> values = new(StringComparer.OrdinalIgnoreCase);

    public FakeContext(params (string Key, string Value)[] values)
    {
        foreach (var group in values.GroupBy(one => one.Key, StringComparer.OrdinalIgnoreCase)) this.values.Add(group.Key, [.. group.Select(one => one.Value)]);
    }

    public IReadOnlyDictionary<string, ImmutableArray<string>> Values => values;

    public override bool TryFind(ConditionKey key, string name, out ConditionValue value)
    {
        var isThere = values.TryGetValue(key.IsFamily ? $"{key.Name}/{name}" : key.Name, out var found);
        value = !isThere ? default : found.Length == 1 ? new(found[0]) : new(found);
        return isThere;
    }
}
