using System.Collections.Immutable;
using System.Globalization;
using Oort.Access.Policies;
using Oort.Identity.WebIdentity;

namespace Oort.Gateway.Iam;

/// <summary>What conditions of policies may ask of requests to IAM and STS, besides what all are asked.</summary>
internal static class StsFacts
{
    private static readonly string[] known =
        ["aws:RequestTag", "aws:TagKeys", "ethereum:address", "ethereum:chain-id", "iam:PermissionsBoundary", "iam:PolicyARN", "oidc:amr", "oidc:aud", "oidc:azp", "oidc:email", "oidc:oaud", "oidc:sub", "sts:DurationSeconds", "sts:ExternalId", "sts:RoleSessionName", "sts:SourceIdentity"];

    public static bool Knows(ConditionKey key) => known.Contains(key.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Tags and ARNs of a request to IAM.</summary>
    public static Dictionary<string, ConditionValue> OfTags(QueryForm form)
    {
        var facts = new Dictionary<string, ConditionValue>(StringComparer.OrdinalIgnoreCase);
        AddTags(facts, form.Structures("Tags").Select(prefix => KeyValuePair.Create(form.Required(prefix + "Key"), form.Find(prefix + "Value") ?? "")));
        Add(facts, "iam:PolicyARN", form.Find("PolicyArn"));
        Add(facts, "iam:PermissionsBoundary", form.Find("PermissionsBoundary"));
        return facts;
    }

    /// <summary>Of a request for a session.</summary>
    public static Dictionary<string, ConditionValue> OfSession(QueryForm form, IEnumerable<KeyValuePair<string, string>> tags, int seconds)
    {
        var facts = new Dictionary<string, ConditionValue>(StringComparer.OrdinalIgnoreCase);
        AddTags(facts, tags);
        Add(facts, "sts:ExternalId", form.Find("ExternalId"));
        Add(facts, "sts:RoleSessionName", form.Find("RoleSessionName"));
        Add(facts, "sts:SourceIdentity", form.Find("SourceIdentity"));
        Add(facts, "sts:DurationSeconds", seconds.ToString(CultureInfo.InvariantCulture));
        return facts;
    }

    /// <summary>Adds what a token of a provider says.</summary>
    public static void AddClaims(Dictionary<string, ConditionValue> facts, WebIdentityProvider provider, WebIdentityClaims claims)
    {
        foreach (var claim in (string[])["amr", "aud", "azp", "email", "oaud", "sub"])
            if (claims.Find(claim) is { } value) facts[$"oidc:{claim}/{provider.Name}"] = value;
        facts["aws:FederatedProvider"] = new(provider.Issuer);
    }

    public static void Add(Dictionary<string, ConditionValue> facts, string name, string? value)
    {
        if (value is { Length: > 0 }) facts[name] = new(value);
    }

    private static void AddTags(Dictionary<string, ConditionValue> facts, IEnumerable<KeyValuePair<string, string>> tags)
    {
        var all = tags.ToList();
        foreach (var (key, value) in all) facts[$"aws:RequestTag/{key}"] = new(value);
        if (all.Count > 0) facts["aws:TagKeys"] = new([.. all.Select(tag => tag.Key).ToImmutableArray()]);
    }
}
