using System.Globalization;
using System.Xml.Linq;

namespace Oort.Cli.Verbs;

/// <summary>A key as <c>oort user</c> shows it.</summary>
/// <param name="LastUsed">Null: never.</param>
internal sealed record UserKey(string AccessKey, bool IsActive, DateTimeOffset Created, DateTimeOffset? LastUsed, string? Service);

/// <summary>A user as <c>oort user</c> shows him.</summary>
/// <param name="Policies">Names of his own, and ARNs of those that are attached.</param>
internal sealed record UserEntry(string Name, string Arn, IReadOnlyList<string> Groups, IReadOnlyList<string> Policies, string? Boundary, IReadOnlyList<UserKey> Keys);

/// <summary>Users with all that belongs to them, gathered from IAM.</summary>
internal static class UserDirectory
{
    public static async Task<object> ListAsync(IamClient client, CancellationToken stop)
    {
        var users = new List<UserEntry>();
        foreach (var user in await client.ListAsync("ListUsers", "Users", stop)) users.Add(await ShowAsync(client, user.Element("UserName")!.Value, stop));
        return new { users };
    }

    public static async Task<UserEntry> ShowAsync(IamClient client, string name, CancellationToken stop)
    {
        var user = (await client.SendAsync("GetUser", stop, ("UserName", name))).Element("User")!;
        var groups = await client.ListAsync("ListGroupsForUser", "Groups", stop, ("UserName", name));
        var inline = await client.ListAsync("ListUserPolicies", "PolicyNames", stop, ("UserName", name));
        var attached = await client.ListAsync("ListAttachedUserPolicies", "AttachedPolicies", stop, ("UserName", name));
        return new(
            user.Element("UserName")!.Value, user.Element("Arn")!.Value, [.. groups.Select(group => group.Element("GroupName")!.Value)], [.. inline.Select(one => one.Value), .. attached.Select(one => one.Element("PolicyArn")!.Value)],
            user.Element("PermissionsBoundary")?.Element("PermissionsBoundaryArn")?.Value, await KeysAsync(client, name, stop));
    }

    public static async Task<List<UserKey>> KeysAsync(IamClient client, string name, CancellationToken stop)
    {
        var keys = new List<UserKey>();
        foreach (var key in await client.ListAsync("ListAccessKeys", "AccessKeyMetadata", stop, ("UserName", name)))
        {
            var id = key.Element("AccessKeyId")!.Value;
            var used = (await client.SendAsync("GetAccessKeyLastUsed", stop, ("AccessKeyId", id))).Element("AccessKeyLastUsed");
            keys.Add(new(id, key.Element("Status")!.Value == "Active", Time(key.Element("CreateDate")!), used?.Element("LastUsedDate") is { } date ? Time(date) : null, used?.Element("LastUsedDate") is null ? null : used.Element("ServiceName")?.Value));
        }

        return keys;
    }

    /// <summary>Deletes a user with all that belongs to him; keys first, so that he is out at once, also when it breaks off.</summary>
    public static async Task DeleteAsync(IamClient client, string name, CancellationToken stop)
    {
        foreach (var key in await client.ListAsync("ListAccessKeys", "AccessKeyMetadata", stop, ("UserName", name))) await client.SendAsync("DeleteAccessKey", stop, ("UserName", name), ("AccessKeyId", key.Element("AccessKeyId")!.Value));
        foreach (var group in await client.ListAsync("ListGroupsForUser", "Groups", stop, ("UserName", name))) await client.SendAsync("RemoveUserFromGroup", stop, ("UserName", name), ("GroupName", group.Element("GroupName")!.Value));
        foreach (var policy in await client.ListAsync("ListUserPolicies", "PolicyNames", stop, ("UserName", name))) await client.SendAsync("DeleteUserPolicy", stop, ("UserName", name), ("PolicyName", policy.Value));
        foreach (var policy in await client.ListAsync("ListAttachedUserPolicies", "AttachedPolicies", stop, ("UserName", name))) await client.SendAsync("DetachUserPolicy", stop, ("UserName", name), ("PolicyArn", policy.Element("PolicyArn")!.Value));
        await client.SendAsync("DeleteUser", stop, ("UserName", name));
    }

    private static DateTimeOffset Time(XElement element) => DateTimeOffset.Parse(element.Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
