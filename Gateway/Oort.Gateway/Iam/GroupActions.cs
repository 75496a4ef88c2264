using System.Xml.Linq;
using Oort.Identity.Model;
using Oort.S3;
using static Oort.Gateway.Iam.QueryAnswer;

namespace Oort.Gateway.Iam;

/// <summary>Groups and who is in them.</summary>
internal static class GroupActions
{
    public static async ValueTask<IEnumerable<object?>?> CreateAsync(IamCall call)
    {
        var (name, path) = (call.NewName("GroupName", Names.GroupLengthMax), call.NewPath());
        var made = await call.ChangeAsync((change, state) =>
        {
            if (state.FindGroup(name) is not null) throw IamCall.Exists("Group", name);
            if (state.Groups.Count >= IamLimits.GroupsMax) throw new S3Exception(QueryErrors.LimitExceeded, $"An account has at most {IamLimits.GroupsMax} groups.");
            var group = new Group(call.Account, Names.NewId("AGPA"), path, name, call.Now);
            change.Put(group);
            return group;
        });
        return [Show(made)];
    }

    public static ValueTask<IEnumerable<object?>?> GetAsync(IamCall call)
    {
        var state = call.State;
        var group = call.Group(state);
        return new([Show(group), .. call.Page("Users", state.Users.Where(one => one.Value.Groups.Contains(group.Id)), one => one.Key, one => UserActions.Show(one.Value, isWhole: false))]);
    }

    public static ValueTask<IEnumerable<object?>?> ListAsync(IamCall call) => new(call.Page("Groups", call.State.Groups, Show));

    public static ValueTask<IEnumerable<object?>?> ListOfUserAsync(IamCall call)
    {
        var state = call.State;
        var user = call.User(state);
        return new(call.Page("Groups", state.Groups.Where(one => user.Groups.Contains(one.Value.Id)), one => one.Key, one => Show(one.Value)));
    }

    public static async ValueTask<IEnumerable<object?>?> UpdateAsync(IamCall call)
    {
        var name = call.Form.Has("NewGroupName") ? call.NewName("NewGroupName", Names.GroupLengthMax) : null;
        var path = call.Form.Has("NewPath") ? call.NewPath("NewPath") : null;
        await call.ChangeAsync((change, state) =>
        {
            var group = call.Group(state);
            if (name is not null && state.FindGroup(name) is { } other && other.Id != group.Id) throw IamCall.Exists("Group", name);
            change.Replace(group, group with { Name = name ?? group.Name, Path = path ?? group.Path });
        });
        return null;
    }

    public static async ValueTask<IEnumerable<object?>?> DeleteAsync(IamCall call)
    {
        await call.ChangeAsync((change, state) =>
        {
            var group = call.Group(state);
            if (state.UsersIn(group).Any()) throw new S3Exception(QueryErrors.DeleteConflict, "Cannot delete entity, must remove users from group first.");
            if (!group.Permissions.Inline.IsEmpty) throw new S3Exception(QueryErrors.DeleteConflict, "Cannot delete entity, must delete policies first.");
            if (!group.Permissions.Attached.IsEmpty) throw new S3Exception(QueryErrors.DeleteConflict, "Cannot delete entity, must detach all policies first.");
            change.Remove(group);
        });
        return null;
    }

    public static async ValueTask<IEnumerable<object?>?> AddUserAsync(IamCall call)
    {
        await call.ChangeAsync((change, state) =>
        {
            var (user, group) = (call.User(state), call.Group(state));
            if (user.Groups.Count >= IamLimits.GroupsPerUserMax && !user.Groups.Contains(group.Id)) throw new S3Exception(QueryErrors.LimitExceeded, $"A user is in at most {IamLimits.GroupsPerUserMax} groups.");
            if (!user.Groups.Contains(group.Id)) change.Put(user with { Groups = user.Groups.Add(group.Id) });
        });
        return null;
    }

    public static async ValueTask<IEnumerable<object?>?> RemoveUserAsync(IamCall call)
    {
        await call.ChangeAsync((change, state) =>
        {
            var (user, group) = (call.User(state), call.Group(state));
            if (user.Groups.Contains(group.Id)) change.Put(user with { Groups = user.Groups.Remove(group.Id) });
        });
        return null;
    }

    private static XElement Show(Group group) => X("Group", X("Path", group.Path), X("GroupName", group.Name), X("GroupId", group.Id), X("Arn", group.Arn), X("CreateDate", Time(group.Created)));
}
