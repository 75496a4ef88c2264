using System.Text.Json;
using System.Text.RegularExpressions;

namespace Oort.Access.Tests.Support;

/// <summary>Decides from the policies' texts, statement by statement, as slowly as the documentation reads; knows the part of the language that <see cref="RandomPolicies"/> writes.</summary>
internal sealed class NaiveEvaluator(FakeContext context)
{
    public bool IsAllowed(Principal who, string action, string resource, string resourceAccount, IReadOnlyList<string> identity, string? boundary, IReadOnlyList<string> session, string? ofBucket, string listed = "no", bool isForeign = false)
    {
        var own = identity.Concat(session).Concat(boundary is null ? [] : [boundary]).SelectMany(Statements).ToList();
        var bucket = ofBucket is null ? [] : Statements(ofBucket).ToList();
        if (own.Concat(bucket).Any(statement => Effect(statement) == "Deny" && Speaks(statement, who, action, resource, out _))) return false;

        var given = bucket.Where(statement => Effect(statement) == "Allow" && !isForeign).Select(statement => Speaks(statement, who, action, resource, out var how) ? how : "no").Append(listed).ToList();
        if (who.Kind == PrincipalKind.Anonymous) return given.Contains("itself");
        var isOwn = who.Account == resourceAccount;
        if (isOwn && given.Contains("itself")) return true;

        var lets = who.Kind == PrincipalKind.Root || identity.Any(Allows) || (isOwn && given.Contains("role"));
        lets = lets && (boundary is null || Allows(boundary)) && session.All(Allows);
        return lets && (isOwn || given.Exists(how => how != "no"));

        bool Allows(string policy) => Statements(policy).Any(statement => Effect(statement) == "Allow" && Speaks(statement, who, action, resource, out _));
    }

    private static IEnumerable<JsonElement> Statements(string policy) => JsonDocument.Parse(policy).RootElement.GetProperty("Statement").EnumerateArray();

    private static string Effect(JsonElement statement) => statement.GetProperty("Effect").GetString()!;

    private bool Speaks(JsonElement statement, Principal who, string action, string resource, out string how)
    {
        how = Who(statement, who);
        return how != "no" && Listed(statement, "Action", "NotAction", pattern => Like(pattern, action, RegexOptions.IgnoreCase)) && Listed(statement, "Resource", "NotResource", pattern => IsResource(pattern, resource)) && Holds(statement);
    }

    private static string Who(JsonElement statement, Principal who)
    {
        if (statement.TryGetProperty("Principal", out var names)) return Named(names, who);
        if (!statement.TryGetProperty("NotPrincipal", out names)) return "itself";
        var how = Named(names, who);
        var isExcepted = Effect(statement) == "Allow" ? how != "no" : how is "itself" or "role";
        return isExcepted ? "no" : "itself";
    }

    private static string Named(JsonElement names, Principal who)
    {
        var all = Values(names.ValueKind == JsonValueKind.Object ? names.GetProperty("AWS") : names).ToList();
        if (all.Contains("*")) return "itself";
        if (who.Kind == PrincipalKind.Anonymous) return "no";
        if (all.Contains(who.Arn) && who.Kind != PrincipalKind.Root) return "itself";
        if (who.Role is not null && all.Contains(who.Role)) return "role";
        if (!all.Contains(who.Account) && !all.Contains($"arn:aws:iam::{who.Account}:root")) return "no";
        return who.Kind == PrincipalKind.Root ? "itself" : "account";
    }

    private static bool Listed(JsonElement statement, string name, string inverse, Func<string, bool> matches) =>
        statement.TryGetProperty(name, out var list) ? Values(list).Any(matches) : !Values(statement.GetProperty(inverse)).Any(matches);

    private bool IsResource(string pattern, string resource)
    {
        if (pattern == "*") return true;
        var (patterns, parts) = (pattern.Split(':', 6), resource.Split(':', 6));
        return patterns.Zip(parts).All(pair => Like(pair.First, pair.Second, RegexOptions.None));
    }

    private bool Holds(JsonElement statement)
    {
        if (!statement.TryGetProperty("Condition", out var conditions)) return true;
        return conditions.EnumerateObject().All(line => line.Value.EnumerateObject().All(key => Holds(line.Name, key.Name, Values(key.Value).ToList())));
    }

    private bool Holds(string op, string key, List<string> values)
    {
        var given = context.Values.TryGetValue(key, out var found) ? found.ToList() : [];
        var quantifier = op.Contains(':', StringComparison.Ordinal) ? op[..op.IndexOf(':', StringComparison.Ordinal)] : "";
        var bare = op[(quantifier.Length > 0 ? quantifier.Length + 1 : 0)..].Replace("IfExists", "", StringComparison.Ordinal);
        if (bare == "Null") return values[0] == "true" == (given.Count == 0);
        var isNot = bare.Contains("Not", StringComparison.Ordinal);
        if (given.Count == 0) return op.EndsWith("IfExists", StringComparison.Ordinal) || quantifier == "ForAllValues" || (quantifier.Length == 0 && isNot);
        bool One(string value) => isNot != values.Exists(wanted => bare.Replace("Not", "", StringComparison.Ordinal) switch
        {
            "StringEquals" => wanted == value,
            "StringLike" => Like(wanted, value, RegexOptions.None),
            "NumericLessThan" => int.Parse(value, null) < int.Parse(wanted, null),
            "Bool" => value == wanted,
            _ => throw new NotSupportedException(bare),
        });
        return quantifier == "ForAllValues" || (quantifier.Length == 0 && isNot) ? given.TrueForAll(One) : given.Exists(One);
    }

    private bool Like(string pattern, string text, RegexOptions options)
    {
        var expression = Regex.Escape(pattern).Replace(@"\*", ".*", StringComparison.Ordinal).Replace(@"\?", ".", StringComparison.Ordinal);
        var isKnown = true;
        expression = Regex.Replace(expression, @"\\\$\\\{(?<key>[^}]*)}", variable =>
        {
            isKnown &= context.Values.TryGetValue(variable.Groups["key"].Value, out var value) && value.Length == 1;
            return isKnown ? Regex.Escape(context.Values[variable.Groups["key"].Value][0]) : "";
        });
        return isKnown && Regex.IsMatch(text, $"^(?:{expression})$", options | RegexOptions.CultureInvariant | RegexOptions.Singleline);
    }

    private static IEnumerable<string> Values(JsonElement element) => element.ValueKind == JsonValueKind.Array ? element.EnumerateArray().Select(one => one.GetString()!) : [element.GetString()!];
}
