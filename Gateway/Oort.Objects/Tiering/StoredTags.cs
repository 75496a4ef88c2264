using System.Collections.Immutable;
using System.Text.Json;
using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>An object's tags as its row has them: the attribute "tagging", a JSON array of [key, value] pairs in the order given.</summary>
public static class StoredTags
{
    private const string Extension = "tagging";

    public static ImmutableArray<(string Key, string Value)> Of(ObjectAttributes attributes)
    {
        if (!attributes.Extensions.TryGetValue(Extension, out var bytes)) return [];
        var pairs = JsonSerializer.Deserialize<string[][]>(bytes.AsSpan()) ?? [];
        return [.. pairs.Select(pair => (pair[0], pair[1]))];
    }

    /// <summary>Whether two versions have the same tags, in the same order.</summary>
    internal static bool IsSame(ObjectAttributes one, ObjectAttributes other) =>
        one.Extensions.GetValueOrDefault(Extension, []).AsSpan().SequenceEqual(other.Extensions.GetValueOrDefault(Extension, []).AsSpan());

    /// <param name="tags">Checked; none removes the attribute.</param>
    public static ObjectAttributes Set(ObjectAttributes attributes, IReadOnlyCollection<(string Key, string Value)> tags)
    {
        if (tags.Count == 0) return attributes with { Extensions = attributes.Extensions.Remove(Extension) };
        var bytes = JsonSerializer.SerializeToUtf8Bytes(tags.Select(tag => new[] { tag.Key, tag.Value }));
        return attributes with { Extensions = attributes.Extensions.SetItem(Extension, [.. bytes]) };
    }
}
