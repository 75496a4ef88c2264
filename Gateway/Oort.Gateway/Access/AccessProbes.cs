using System.Text.Json;

namespace Oort.Gateway.Access;

/// <summary>Keys and prefixes by which it shows whether a right is on all of a bucket or on parts of it: one that no policy names, and one of each place that some policy names.</summary>
internal static class AccessProbes
{
    /// <summary>Each is a decision; who has more places is still said to have parts.</summary>
    private const int CountMax = 16;

    private const string Any = "-any-key-";
    private const string S3 = "arn:aws:s3:::";
    private const string PrefixKey = "s3:prefix";

    public static string[] KeysOf(IEnumerable<NamedPolicy> policies, string? userName) => [.. policies.SelectMany(policy => policy.Statements())
        .SelectMany(statement => Texts(statement, "Resource").Concat(Texts(statement, "NotResource")))
        .Select(resource => KeyOf(resource, userName)).OfType<string>().Prepend(Any).Distinct(StringComparer.Ordinal).Take(CountMax)];

    /// <returns>Null: a listing of everything.</returns>
    public static string?[] PrefixesOf(IEnumerable<NamedPolicy> policies, string? userName) => [.. policies.SelectMany(policy => policy.Statements())
        .Where(statement => statement.TryGetProperty("Condition", out var conditions) && conditions.ValueKind == JsonValueKind.Object)
        .SelectMany(statement => statement.GetProperty("Condition").EnumerateObject())
        .SelectMany(condition => condition.Value.EnumerateObject().Where(key => string.Equals(key.Name, PrefixKey, StringComparison.OrdinalIgnoreCase)).SelectMany(key => Texts(key.Value)))
        .Select(text => Fill(text, userName)).OfType<string>().Where(text => text.Length > 0).Cast<string?>().Prepend(null).Distinct(StringComparer.Ordinal).Take(CountMax)];

    private static string? KeyOf(string resource, string? userName)
    {
        if (!resource.StartsWith(S3, StringComparison.Ordinal)) return null;
        var slash = resource.IndexOf('/', S3.Length);
        return slash < 0 || slash == resource.Length - 1 || resource[(slash + 1)..] == "*" ? null : Fill(resource[(slash + 1)..], userName);
    }

    /// <summary>A text that a pattern matches.</summary>
    private static string? Fill(string pattern, string? userName)
    {
        if (userName is not null) pattern = pattern.Replace("${aws:username}", userName, StringComparison.OrdinalIgnoreCase);
        return pattern.Contains("${", StringComparison.Ordinal) ? null : pattern.Replace('*', '-').Replace('?', '-');
    }

    private static IEnumerable<string> Texts(JsonElement statement, string name) => statement.TryGetProperty(name, out var value) ? Texts(value) : [];

    private static IEnumerable<string> Texts(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => [value.GetString()!],
        JsonValueKind.Array => [.. value.EnumerateArray().Where(one => one.ValueKind == JsonValueKind.String).Select(one => one.GetString()!)],
        _ => [],
    };
}
