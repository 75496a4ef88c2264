using System.Collections.Immutable;
using System.Xml.Linq;
using Oort.Identity.Model;
using Oort.S3;
using static Oort.Gateway.Iam.QueryAnswer;

namespace Oort.Gateway.Iam;

/// <summary>Roles: to create, see, change, tag and delete them, and to end their sessions.</summary>
internal static class RoleActions
{
    private const int DescriptionLengthMax = 1_000;
    private const int SessionSecondsMin = 3_600;
    private const int SessionSecondsMax = 43_200;

    public static async ValueTask<IEnumerable<object?>?> CreateAsync(IamCall call)
    {
        var (name, path, trust) = (call.NewName("RoleName", Names.RoleLengthMax), call.NewPath(), call.Trust("AssumeRolePolicyDocument"));
        var tags = call.Tags(ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal));
        var (description, seconds) = (call.Text("Description", DescriptionLengthMax), call.Form.Number("MaxSessionDuration", SessionSecondsMin, SessionSecondsMax));
        var made = await call.ChangeAsync((change, state) =>
        {
            if (state.FindRole(name) is not null) throw IamCall.Exists("Role", name);
            if (state.Roles.Count >= IamLimits.RolesMax) throw new S3Exception(QueryErrors.LimitExceeded, $"An account has at most {IamLimits.RolesMax} roles.");
            var role = new Role(call.Account, Names.NewId("AROA"), path, name, call.Now) { Trust = trust, Tags = tags, Description = description, SessionSecondsMax = seconds ?? Role.SessionSecondsDefault };
            if (call.Form.Has("PermissionsBoundary")) role = role with { Permissions = role.Permissions with { Boundary = call.Managed(state, "PermissionsBoundary").Arn } };
            change.Put(role);
            return role;
        });
        return [Show(made, isWhole: true)];
    }

    public static ValueTask<IEnumerable<object?>?> GetAsync(IamCall call) => new([Show(call.Role(call.State), isWhole: true)]);

    public static ValueTask<IEnumerable<object?>?> ListAsync(IamCall call) => new(call.Page("Roles", call.State.Roles, role => Show(role, isWhole: false)));

    public static async ValueTask<IEnumerable<object?>?> UpdateAsync(IamCall call)
    {
        var (description, seconds) = (call.Text("Description", DescriptionLengthMax), call.Form.Number("MaxSessionDuration", SessionSecondsMin, SessionSecondsMax));
        await call.ChangeAsync((change, state) =>
        {
            var role = call.Role(state);
            change.Put(role with { Description = description ?? role.Description, SessionSecondsMax = seconds ?? role.SessionSecondsMax });
        });
        return [];
    }

    public static async ValueTask<IEnumerable<object?>?> UpdateDescriptionAsync(IamCall call)
    {
        var description = call.Text("Description", DescriptionLengthMax) ?? "";
        var changed = await call.ChangeAsync((change, state) =>
        {
            var role = call.Role(state) with { Description = description };
            change.Put(role);
            return role;
        });
        return [Show(changed, isWhole: true)];
    }

    public static async ValueTask<IEnumerable<object?>?> UpdateTrustAsync(IamCall call)
    {
        var trust = call.Trust("PolicyDocument");
        await call.ChangeAsync((change, state) => change.Put(call.Role(state) with { Trust = trust }));
        return null;
    }

    public static async ValueTask<IEnumerable<object?>?> DeleteAsync(IamCall call)
    {
        await call.ChangeAsync((change, state) =>
        {
            var role = call.Role(state);
            if (!role.Permissions.Inline.IsEmpty) throw new S3Exception(QueryErrors.DeleteConflict, "Cannot delete entity, must delete policies first.");
            if (!role.Permissions.Attached.IsEmpty) throw new S3Exception(QueryErrors.DeleteConflict, "Cannot delete entity, must detach all policies first.");
            change.Remove(role);
        });
        return null;
    }

    public static async ValueTask<IEnumerable<object?>?> TagAsync(IamCall call)
    {
        await call.ChangeAsync((change, state) =>
        {
            var role = call.Role(state);
            change.Put(role with { Tags = call.Tags(role.Tags) });
        });
        return null;
    }

    public static async ValueTask<IEnumerable<object?>?> UntagAsync(IamCall call)
    {
        var keys = call.Form.List("TagKeys");
        await call.ChangeAsync((change, state) =>
        {
            var role = call.Role(state);
            change.Put(role with { Tags = role.Tags.RemoveRange(keys) });
        });
        return null;
    }

    public static ValueTask<IEnumerable<object?>?> ListTagsAsync(IamCall call) => new([Tags(call.Role(call.State).Tags), X("IsTruncated", false)]);

    private static XElement Show(Role role, bool isWhole) => X(
        "Role", X("Path", role.Path), X("RoleName", role.Name), X("RoleId", role.Id), X("Arn", role.Arn), X("CreateDate", Time(role.Created)), X("AssumeRolePolicyDocument", Uri.EscapeDataString(role.Trust.Text)),
        Optional("Description", role.Description), X("MaxSessionDuration", role.SessionSecondsMax),
        isWhole && role.Permissions.Boundary is { } arn ? X("PermissionsBoundary", X("PermissionsBoundaryType", "Policy"), X("PermissionsBoundaryArn", arn)) : null,
        isWhole && !role.Tags.IsEmpty ? Tags(role.Tags) : null);
}
