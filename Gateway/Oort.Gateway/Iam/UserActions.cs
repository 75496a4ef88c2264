using System.Xml.Linq;
using Oort.Identity.Model;
using Oort.Identity.Store;
using Oort.S3;
using static Oort.Gateway.Iam.QueryAnswer;

namespace Oort.Gateway.Iam;

/// <summary>Users: to create, see, rename, tag and delete them.</summary>
internal static class UserActions
{
    public static async ValueTask<IEnumerable<object?>?> CreateAsync(IamCall call)
    {
        var (name, path, tags) = (call.NewName("UserName", Names.UserLengthMax), call.NewPath(), call.Tags(Empty));
        var made = await call.ChangeAsync((change, state) =>
        {
            if (state.FindUser(name) is not null) throw IamCall.Exists("User", name);
            if (state.Users.Count >= IamLimits.UsersMax) throw new S3Exception(QueryErrors.LimitExceeded, $"An account has at most {IamLimits.UsersMax} users.");
            var user = new User(call.Account, Names.NewId("AIDA"), path, name, call.Now) { Tags = tags };
            if (call.Form.Has("PermissionsBoundary")) user = user with { Permissions = user.Permissions with { Boundary = call.Managed(state, "PermissionsBoundary").Arn } };
            change.Put(user);
            return user;
        });
        return [Show(made, isWhole: true)];
    }

    public static ValueTask<IEnumerable<object?>?> GetAsync(IamCall call) => new([call.UserOrSelf(call.State) is { } user ? Show(user, isWhole: true) : ShowRoot(call)]);

    public static ValueTask<IEnumerable<object?>?> ListAsync(IamCall call) => new(call.Page("Users", call.State.Users, user => Show(user, isWhole: false)));

    public static async ValueTask<IEnumerable<object?>?> UpdateAsync(IamCall call)
    {
        var name = call.Form.Has("NewUserName") ? call.NewName("NewUserName", Names.UserLengthMax) : null;
        var path = call.Form.Has("NewPath") ? call.NewPath("NewPath") : null;
        await call.ChangeAsync((change, state) =>
        {
            var user = call.User(state);
            if (name is not null && state.FindUser(name) is { } other && other.Id != user.Id) throw IamCall.Exists("User", name);
            change.Replace(user, user with { Name = name ?? user.Name, Path = path ?? user.Path });
        });
        return null;
    }

    public static async ValueTask<IEnumerable<object?>?> DeleteAsync(IamCall call)
    {
        await call.ChangeAsync((change, state) =>
        {
            var user = call.User(state);
            if (!user.Keys.IsEmpty) throw new S3Exception(QueryErrors.DeleteConflict, "Cannot delete entity, must delete access keys first.");
            if (!user.Permissions.Inline.IsEmpty) throw new S3Exception(QueryErrors.DeleteConflict, "Cannot delete entity, must delete policies first.");
            if (!user.Permissions.Attached.IsEmpty) throw new S3Exception(QueryErrors.DeleteConflict, "Cannot delete entity, must detach all policies first.");
            // Being in a group gives nobody anything to lose: it ends with the user (in AWS it holds him back).
            change.Remove(user);
        });
        return null;
    }

    public static async ValueTask<IEnumerable<object?>?> TagAsync(IamCall call)
    {
        await call.ChangeAsync((change, state) =>
        {
            var user = call.User(state);
            change.Put(user with { Tags = call.Tags(user.Tags) });
        });
        return null;
    }

    public static async ValueTask<IEnumerable<object?>?> UntagAsync(IamCall call)
    {
        var keys = call.Form.List("TagKeys");
        await call.ChangeAsync((change, state) =>
        {
            var user = call.User(state);
            change.Put(user with { Tags = user.Tags.RemoveRange(keys) });
        });
        return null;
    }

    public static ValueTask<IEnumerable<object?>?> ListTagsAsync(IamCall call) => new([Tags(call.User(call.State).Tags), X("IsTruncated", false)]);

    /// <param name="isWhole">With what listings leave out.</param>
    public static XElement Show(User user, bool isWhole) => X(
        "User", X("Path", user.Path), X("UserName", user.Name), X("UserId", user.Id), X("Arn", user.Arn), X("CreateDate", Time(user.Created)),
        isWhole && user.Permissions.Boundary is { } arn ? X("PermissionsBoundary", X("PermissionsBoundaryType", "Policy"), X("PermissionsBoundaryArn", arn)) : null,
        isWhole && !user.Tags.IsEmpty ? Tags(user.Tags) : null);

    private static XElement ShowRoot(IamCall call) => X(
        "User", X("Path", "/"), X("UserName", call.State.Account.DisplayName), X("UserId", call.Account), X("Arn", call.State.Account.RootArn), X("CreateDate", Time(call.State.Account.Created)));

    private static System.Collections.Immutable.ImmutableSortedDictionary<string, string> Empty => System.Collections.Immutable.ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
}
