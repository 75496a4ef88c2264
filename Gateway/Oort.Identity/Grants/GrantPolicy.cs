using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Oort.Access.Policies;

namespace Oort.Identity.Grants;

/// <summary>A caveat in the language of policies, so that what decides on all else decides on it.</summary>
internal static class GrantPolicy
{
    private static readonly (GrantVerbs Verb, string[] Actions)[] onObjects =
    [
        (GrantVerbs.Read, ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAttributes", "s3:GetObjectVersionAttributes", "s3:GetObjectTagging", "s3:GetObjectVersionTagging"]),
        (GrantVerbs.Write, ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]),
        (GrantVerbs.Delete, ["s3:DeleteObject"]),
    ];

    private static readonly string[] listings = ["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"];

    /// <summary>Says where the bucket is, and so nothing about keys.</summary>
    private static readonly string[] location = ["s3:GetBucketLocation"];

    public static PolicyDocument Of(GrantCaveat caveat)
    {
        var verbs = caveat.Verbs ?? GrantVerbs.All;
        var bucket = "arn:aws:s3:::" + (caveat.Bucket is null ? "*" : Literal(caveat.Bucket));
        var key = caveat.Key is not null ? Literal(caveat.Key) : Literal(caveat.Prefix ?? "") + "*";
        var statements = new JsonArray();
        string[] actions = [.. onObjects.Where(one => verbs.HasFlag(one.Verb)).SelectMany(one => one.Actions)];
        if (actions.Length > 0) statements.Add(Statement(caveat, actions, $"{bucket}/{key}", null));
        if (verbs.HasFlag(GrantVerbs.List) && caveat.Key is null)
        {
            statements.Add(Statement(caveat, listings, bucket, caveat.Prefix));
            statements.Add(Statement(caveat, location, bucket, null));
        }

        var json = new JsonObject { ["Version"] = "2012-10-17", ["Statement"] = statements };
        return PolicyDocument.Parse(PolicyKind.Session, Encoding.UTF8.GetBytes(json.ToJsonString()));
    }

    private static JsonObject Statement(GrantCaveat caveat, string[] actions, string resource, string? prefix)
    {
        var conditions = new JsonObject();
        if (prefix is not null) conditions["StringLike"] = new JsonObject { ["s3:prefix"] = Literal(prefix) + "*" };
        if (caveat.NotBefore is { } notBefore) conditions["NumericGreaterThanEquals"] = new JsonObject { ["aws:EpochTime"] = Seconds(notBefore) };
        if (caveat.NotAfter is { } notAfter) conditions["NumericLessThan"] = new JsonObject { ["aws:EpochTime"] = Seconds(notAfter) };
        if (caveat.Networks is { } networks) conditions["IpAddress"] = new JsonObject { ["aws:SourceIp"] = new JsonArray([.. networks.Select(network => JsonValue.Create(network.ToString()))]) };
        var statement = new JsonObject { ["Effect"] = "Allow", ["Action"] = new JsonArray([.. actions.Select(action => JsonValue.Create(action))]), ["Resource"] = resource };
        if (conditions.Count > 0) statement["Condition"] = conditions;
        return statement;
    }

    private static string Seconds(DateTimeOffset time) => time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    /// <summary>A text in which nothing is a wildcard or a variable.</summary>
    private static string Literal(string text) => text.Replace("$", "${$}", StringComparison.Ordinal).Replace("*", "${*}", StringComparison.Ordinal).Replace("?", "${?}", StringComparison.Ordinal);
}
