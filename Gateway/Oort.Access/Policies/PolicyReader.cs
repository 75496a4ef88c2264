using System.Collections.Immutable;
using System.Text.Json;

namespace Oort.Access.Policies;

/// <summary>Reads policies: what is no element, operator, key or action of the language is refused here, not passed over when it matters.</summary>
internal static class PolicyReader
{
    private const string VersionOld = "2008-10-17";
    private const string VersionNew = "2012-10-17";

    private static readonly JsonDocumentOptions strict = new() { AllowDuplicateProperties = false, MaxDepth = PolicyLimits.DepthMax };

    /// <param name="bucket">Whose policy it is; null: it is none of a bucket.</param>
    public static PolicyDocument Read(PolicyKind kind, ReadOnlyMemory<byte> utf8, string? bucket)
    {
        var lengthMax = kind == PolicyKind.Bucket ? PolicyLimits.BucketLengthMax : PolicyLimits.IdentityLengthMax;
        if (utf8.Length > lengthMax) throw new PolicyException($"The policy has {utf8.Length} bytes; {lengthMax} are allowed.");
        try
        {
            using var json = JsonDocument.Parse(utf8, strict);
            return Read(kind, json.RootElement, bucket);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The latter: names and texts are read when they are asked for, and only then what is no UTF-8, or half a character in an escape, is found.
            throw new PolicyException($"Policies must be valid JSON: {e.Message}");
        }
    }

    private static PolicyDocument Read(PolicyKind kind, JsonElement root, string? bucket)
    {
        if (root.ValueKind != JsonValueKind.Object) throw new PolicyException("A policy is an object in JSON.");
        Only(root, "The policy", "Version", "Id", "Statement");
        var version = Find(root, "Version") is { } given ? Text(given, "Version") : VersionOld;
        if (version is not (VersionOld or VersionNew)) throw new PolicyException($"There is no version {version} of the policy language; the newest is {VersionNew}.");
        if (Find(root, "Statement") is not { } body) throw new PolicyException("The policy has no Statement.");
        var statements = body.ValueKind == JsonValueKind.Array ? body.EnumerateArray().ToArray() : [body];
        if (statements.Length is 0 or > PolicyLimits.StatementCountMax) throw new PolicyException($"A policy has 1 to {PolicyLimits.StatementCountMax} statements.");
        var read = statements.Select(statement => Statement(kind, statement, version == VersionNew, bucket)).ToImmutableArray();
        return new(kind, Find(root, "Id") is { } id ? Text(id, "Id") : "", read);
    }

    private static PolicyStatement Statement(PolicyKind kind, JsonElement body, bool hasVariables, string? bucket)
    {
        if (body.ValueKind != JsonValueKind.Object) throw new PolicyException("A statement is an object in JSON.");
        Only(body, "A statement", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition");
        var effect = Find(body, "Effect") is { } given ? Text(given, "Effect") : throw new PolicyException("A statement has no Effect.");
        if (effect is not ("Allow" or "Deny")) throw new PolicyException($"The Effect of a statement is Allow or Deny, not \"{effect}\".");
        var (actions, isNotActions) = OneOf(body, "Action", "NotAction") ?? throw new PolicyException("A statement has no Action.");
        var patterns = Texts(actions, "Action");
        foreach (var pattern in patterns) CheckAction(kind, pattern);
        var taken = new ActionSet(patterns, isNotActions);

        var principals = OneOf(body, "Principal", "NotPrincipal");
        // "Everybody" says no more than whom it is attached to; tools that write one policy for both uses leave it in.
        if (kind is PolicyKind.Identity or PolicyKind.Session && principals is { } named && (named.IsNot || !Principals(named.Element).IsEverybody)) throw new PolicyException("A policy of an identity has no Principal: it holds for whom it is attached to.");
        if (kind is PolicyKind.Bucket or PolicyKind.Trust && principals is null) throw new PolicyException("A statement has no Principal.");

        // To let in all but some lets in everybody under another account (IAM User Guide: "NotPrincipal with Allow").
        if (effect == "Allow" && principals is { IsNot: true }) throw new PolicyException("A statement that allows has a Principal: Allow with NotPrincipal is not taken.");

        var resources = OneOf(body, "Resource", "NotResource");
        if (kind == PolicyKind.Trust && resources is not null) throw new PolicyException("A policy about who may assume a role has no Resource: that is the role.");
        if (kind != PolicyKind.Trust && resources is null) throw new PolicyException("A statement has no Resource.");
        var read = resources is { } things ? Texts(things.Element, "Resource").Select(source => ResourcePattern.Parse(source, hasVariables)).ToImmutableArray() : [];
        if (bucket is not null) CheckBucket(bucket, read);

        return new(
            Find(body, "Sid") is { } sid ? Text(sid, "Sid") : "", effect == "Allow", kind is PolicyKind.Bucket or PolicyKind.Trust && principals is { } who ? Principals(who.Element) : null, principals?.IsNot ?? false, taken, read, resources?.IsNot ?? false,
            Find(body, "Condition") is { } conditions ? Conditions(conditions, hasVariables) : []);
    }

    private static void CheckAction(PolicyKind kind, string pattern)
    {
        var colon = pattern.IndexOf(':', StringComparison.Ordinal);
        var isAction = pattern == "*" || (colon > 0 && pattern.Length <= 128 && colon < pattern.Length - 1 && pattern.Where((_, index) => index != colon).All(c => char.IsAsciiLetterOrDigit(c) || c is '*' or '?' or '-'));
        if (!isAction) throw new PolicyException($"\"{pattern}\" is no action.");
        // Of other services an identity may be allowed what it likes: there is nothing of them here.
        var service = colon < 0 ? "" : pattern[..colon].ToLowerInvariant();
        var isOurs = service is "s3" or "iam" or "sts" or "oort";
        if (kind == PolicyKind.Bucket && pattern != "*" && service != "s3") throw new PolicyException($"\"{pattern}\" is no action on buckets.");
        if (kind == PolicyKind.Trust && pattern != "*" && service != "sts") throw new PolicyException($"\"{pattern}\" is no action on roles that are assumed.");
        if (isOurs && !new ActionSet([pattern], isInverted: false).Actions.Any()) throw new PolicyException($"There is no action {pattern}.");
    }

    /// <summary>A bucket's policy speaks of that bucket alone (S3 User Guide: "Bucket policies"). An action that cannot be done to any resource of its statement stays without effect; AWS refuses it.</summary>
    private static void CheckBucket(string bucket, ImmutableArray<ResourcePattern> resources)
    {
        foreach (var resource in resources)
            if (!resource.MayBeBucket(bucket) && !resource.MayBeIn(bucket)) throw new PolicyException($"The resource {resource.Source} is not of bucket {bucket}.");
    }

    private static PrincipalPattern Principals(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.String) return element.GetString() == "*" ? PrincipalPattern.Everybody : throw new PolicyException($"The principal \"{element.GetString()}\" has no kind: {{\"AWS\": …}}.");
        if (element.ValueKind != JsonValueKind.Object) throw new PolicyException("A Principal is \"*\" or an object in JSON.");
        Only(element, "A Principal", "AWS", "CanonicalUser", "Federated", "Service");
        var byKind = element.EnumerateObject().ToDictionary(one => one.Name, one => Texts(one.Value, one.Name), StringComparer.Ordinal);
        return byKind.Count > 0 ? PrincipalPattern.Parse(byKind) : throw new PolicyException("A Principal names nobody.");
    }

    private static ImmutableArray<PolicyCondition> Conditions(JsonElement element, bool hasVariables)
    {
        if (element.ValueKind != JsonValueKind.Object) throw new PolicyException("A Condition is an object in JSON.");
        var conditions = ImmutableArray.CreateBuilder<PolicyCondition>();
        foreach (var line in element.EnumerateObject())
        {
            if (line.Value.ValueKind != JsonValueKind.Object) throw new PolicyException($"The condition {line.Name} is an object in JSON.");
            foreach (var key in line.Value.EnumerateObject()) conditions.Add(PolicyCondition.Parse(line.Name, key.Name, Texts(key.Value, key.Name, isAnything: true), hasVariables));
        }

        return conditions.ToImmutable();
    }

    private static JsonElement? Find(JsonElement element, string name) => element.TryGetProperty(name, out var found) ? found : null;

    /// <summary>The one of two elements that is there; null: neither is.</summary>
    private static (JsonElement Element, bool IsNot)? OneOf(JsonElement element, string name, string inverse) => (Find(element, name), Find(element, inverse)) switch
    {
        (null, null) => null,
        ({ } found, null) => (found, false),
        (null, { } found) => (found, true),
        _ => throw new PolicyException($"A statement has either {name} or {inverse}."),
    };

    private static void Only(JsonElement element, string what, params ReadOnlySpan<string> names)
    {
        foreach (var property in element.EnumerateObject())
            if (!names.Contains(property.Name)) throw new PolicyException($"{what} has no element {property.Name}.");
    }

    private static string Text(JsonElement element, string name) => element.ValueKind == JsonValueKind.String ? element.GetString()! : throw new PolicyException($"{name} is text.");

    /// <summary>One text, or several.</summary>
    /// <param name="isAnything">Numbers and truth values are texts too.</param>
    private static IReadOnlyList<string> Texts(JsonElement element, string name, bool isAnything = false)
    {
        var elements = element.ValueKind == JsonValueKind.Array ? element.EnumerateArray().ToArray() : [element];
        if (elements.Length == 0) throw new PolicyException($"{name} has no values.");
        return [.. elements.Select(one => one.ValueKind switch
        {
            JsonValueKind.String => one.GetString()!,
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False when isAnything => one.GetRawText(),
            _ => throw new PolicyException($"{name} is text, or a list of texts."),
        })];
    }
}
