using Oort.Identity.Model;
using Oort.Identity.Store;

namespace Oort.Gateway.Iam;

/// <summary>A kind of thing that has policies: what IAM says alike of users, groups and roles.</summary>
/// <param name="Kind">As the names of actions have it.</param>
/// <param name="Find">The one that a request names.</param>
/// <param name="With">It, with other policies.</param>
internal sealed record Holder(string Kind, Func<IamCall, AccountState, Entity> Find, Func<Entity, Permissions> Permissions, Func<Entity, Permissions, Entity> With)
{
    public static Holder User { get; } = new("User", (call, state) => call.User(state), entity => ((User)entity).Permissions, (entity, permissions) => ((User)entity) with { Permissions = permissions });

    public static Holder Group { get; } = new("Group", (call, state) => call.Group(state), entity => ((Group)entity).Permissions, (entity, permissions) => ((Group)entity) with { Permissions = permissions });

    public static Holder Role { get; } = new("Role", (call, state) => call.Role(state), entity => ((Role)entity).Permissions, (entity, permissions) => ((Role)entity) with { Permissions = permissions });

    public static IEnumerable<Holder> All => [User, Group, Role];

    /// <summary>All of this kind in an account.</summary>
    public IEnumerable<Entity> In(AccountState state) => Kind switch { "User" => state.Users.Values, "Group" => state.Groups.Values, _ => state.Roles.Values };
}
