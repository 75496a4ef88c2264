using System.Text;
using System.Text.Json;
using Oort.Access;
using Oort.Access.Policies;
using Oort.Identity.Model;
using Oort.Identity.Store;
using Oort.Metadata;

namespace Oort.Gateway.Access;

/// <summary>A policy with the name that people know it by.</summary>
/// <param name="Kind">Such as "inline policy of group writers".</param>
/// <param name="Name">Of an inline policy its name, of a managed one its ARN, of a bucket's policy the bucket.</param>
/// <param name="Text">As its author wrote it; null: it cannot be read, and denies everything.</param>
internal sealed record NamedPolicy(string Kind, string Name, AccessReason Reason, PolicyDocument Document, string? Text)
{
    /// <summary>Those of somebody, in the order in which he has them.</summary>
    public static IReadOnlyList<NamedPolicy> Of(Caller caller, IdentitySnapshot snapshot)
    {
        if (snapshot.Find(caller.Principal.Account) is not { } state) return [];
        var permissions = new List<(string Whose, Permissions Permissions)>();
        if (caller.UserName is { } name && state.FindUser(name) is { } user)
            permissions = [("", user.Permissions), .. user.Groups.Select(id => state.GroupsById.GetValueOrDefault(id) is { } group ? ($" of group {group.Name}", group.Permissions) : (" of a group that is gone", Permissions.None))];
        else if (caller.Principal.Role is { } arn && state.FindRole(arn[(arn.LastIndexOf('/') + 1)..]) is { } role) permissions = [("", role.Permissions)];

        // In the order in which the caller's policies were put together.
        var sources = permissions.SelectMany(one => one.Permissions.Inline.Select(inline => ("inline policy" + one.Whose, inline.Key, (string?)inline.Value.Text))
            .Concat(one.Permissions.Attached.Select(attached => ("managed policy" + one.Whose, attached, state.FindPolicy(attached)?.Source.Text)))
            .Concat(one is { Whose: " of a group that is gone" } ? [("policies" + one.Whose, "", null)] : [])).ToArray();
        var named = caller.Own.Identity.Select((document, index) => index < sources.Length ? new NamedPolicy(sources[index].Item1, sources[index].Item2, AccessReason.Identity, document, sources[index].Item3) : new("policy", "", AccessReason.Identity, document, null)).ToList();
        if (caller.Own.Boundary is { } boundary && permissions is [var first, ..]) named.Add(new("boundary", first.Permissions.Boundary ?? "", AccessReason.Boundary, boundary, first.Permissions.Boundary is { } bound ? state.FindPolicy(bound)?.Source.Text : null));
        return named;
    }

    /// <summary>That of a bucket.</summary>
    public static NamedPolicy Of(BucketRow bucket, PolicyDocument document) => new("bucket policy", bucket.Name, AccessReason.Resource, document, Encoding.UTF8.GetString(BucketPolicy.TextOf(bucket).Span));

    /// <summary>A statement as its author wrote it; null: it cannot be read.</summary>
    public JsonElement? Statement(int index) => Statements().ElementAtOrDefault(index) is { ValueKind: JsonValueKind.Object } found ? found : null;

    /// <summary>All statements as they were written.</summary>
    public IEnumerable<JsonElement> Statements()
    {
        if (Text is null) return [];
        // It was parsed when it was put, and when it was read: it is JSON with statements.
        var body = JsonSerializer.Deserialize<JsonElement>(Text).GetProperty("Statement");
        return body.ValueKind == JsonValueKind.Array ? [.. body.EnumerateArray()] : [body];
    }
}
