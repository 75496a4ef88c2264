using System.Collections.Frozen;
using Oort.Access;
using Oort.Access.Policies;
using Oort.Identity.Store;

namespace Oort.Gateway.Iam;

/// <summary>Carries out an action.</summary>
/// <returns>The content of its result; null: it has none.</returns>
internal delegate ValueTask<IEnumerable<object?>?> IamHandler(IamCall call);

/// <summary>One action: what must be allowed on what, and how it is carried out.</summary>
/// <param name="Right">What its caller must be allowed.</param>
/// <param name="Resource">ARN of what it is done to.</param>
internal sealed record IamAction(AccessAction Right, Func<IamCall, string> Resource, IamHandler Handler);

/// <summary>The actions of IAM that there are, a line each.</summary>
internal static class IamActions
{
    private static readonly FrozenDictionary<string, IamAction> all = Lines().ToFrozenDictionary(line => line.Name, line => new IamAction(AccessActions.Get("iam:" + line.Name), line.Resource, line.Handler), StringComparer.Ordinal);

    /// <summary>Names of all of them.</summary>
    public static IEnumerable<string> Names => all.Keys;

    public static IamAction? Find(string name) => all.GetValueOrDefault(name);

    private static IEnumerable<(string Name, Func<IamCall, string> Resource, IamHandler Handler)> Lines()
    {
        Func<IamCall, string> user = call => call.Form.Has("UserName") ? Of(call, "user", "UserName", state => state.FindUser(call.Form.Required("UserName"))?.Arn) : Self(call);
        Func<IamCall, string> newUser = call => New(call, "user", "UserName");
        Func<IamCall, string> group = call => Of(call, "group", "GroupName", state => state.FindGroup(call.Form.Required("GroupName"))?.Arn);
        Func<IamCall, string> role = call => Of(call, "role", "RoleName", state => state.FindRole(call.Form.Required("RoleName"))?.Arn);
        Func<IamCall, string> policy = call => call.Form.Required("PolicyArn");
        Func<IamCall, string> provider = call => call.Form.Required("OpenIDConnectProviderArn");
        Func<IamCall, string> newProvider = call => call.Form.Required("Url") is var url && url.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme ? ArnOf(call, "oidc-provider/" + url[(scheme + 3)..]) : ArnOf(call, "oidc-provider/" + url);
        Func<IamCall, string> anything = call => ArnOf(call, "*");

        yield return ("CreateUser", newUser, UserActions.CreateAsync);
        yield return ("GetUser", user, UserActions.GetAsync);
        yield return ("ListUsers", call => Below(call, "user"), UserActions.ListAsync);
        yield return ("UpdateUser", user, UserActions.UpdateAsync);
        yield return ("DeleteUser", user, UserActions.DeleteAsync);
        yield return ("TagUser", user, UserActions.TagAsync);
        yield return ("UntagUser", user, UserActions.UntagAsync);
        yield return ("ListUserTags", user, UserActions.ListTagsAsync);

        yield return ("CreateAccessKey", user, KeyActions.CreateAsync);
        yield return ("ListAccessKeys", user, KeyActions.ListAsync);
        yield return ("UpdateAccessKey", user, KeyActions.UpdateAsync);
        yield return ("DeleteAccessKey", user, KeyActions.DeleteAsync);
        yield return ("GetAccessKeyLastUsed", anything, KeyActions.GetLastUsedAsync);

        yield return ("CreateGroup", call => New(call, "group", "GroupName"), GroupActions.CreateAsync);
        yield return ("GetGroup", group, GroupActions.GetAsync);
        yield return ("ListGroups", call => Below(call, "group"), GroupActions.ListAsync);
        yield return ("ListGroupsForUser", user, GroupActions.ListOfUserAsync);
        yield return ("UpdateGroup", group, GroupActions.UpdateAsync);
        yield return ("DeleteGroup", group, GroupActions.DeleteAsync);
        yield return ("AddUserToGroup", group, GroupActions.AddUserAsync);
        yield return ("RemoveUserFromGroup", group, GroupActions.RemoveUserAsync);

        yield return ("CreateRole", call => New(call, "role", "RoleName"), RoleActions.CreateAsync);
        yield return ("GetRole", role, RoleActions.GetAsync);
        yield return ("ListRoles", call => Below(call, "role"), RoleActions.ListAsync);
        yield return ("UpdateRole", role, RoleActions.UpdateAsync);
        yield return ("UpdateRoleDescription", role, RoleActions.UpdateDescriptionAsync);
        yield return ("UpdateAssumeRolePolicy", role, RoleActions.UpdateTrustAsync);
        yield return ("DeleteRole", role, RoleActions.DeleteAsync);
        yield return ("TagRole", role, RoleActions.TagAsync);
        yield return ("UntagRole", role, RoleActions.UntagAsync);
        yield return ("ListRoleTags", role, RoleActions.ListTagsAsync);

        foreach (var holder in Holder.All)
        {
            var resource = holder.Kind switch { "User" => user, "Group" => group, _ => role };
            yield return ($"Put{holder.Kind}Policy", resource, call => AttachedActions.PutInlineAsync(call, holder));
            yield return ($"Get{holder.Kind}Policy", resource, call => AttachedActions.GetInlineAsync(call, holder));
            yield return ($"Delete{holder.Kind}Policy", resource, call => AttachedActions.DeleteInlineAsync(call, holder));
            yield return ($"List{holder.Kind}Policies", resource, call => AttachedActions.ListInlineAsync(call, holder));
            yield return ($"Attach{holder.Kind}Policy", resource, call => AttachedActions.AttachAsync(call, holder));
            yield return ($"Detach{holder.Kind}Policy", resource, call => AttachedActions.DetachAsync(call, holder));
            yield return ($"ListAttached{holder.Kind}Policies", resource, call => AttachedActions.ListAttachedAsync(call, holder));
            if (holder == Holder.Group) continue;
            yield return ($"Put{holder.Kind}PermissionsBoundary", resource, call => AttachedActions.PutBoundaryAsync(call, holder));
            yield return ($"Delete{holder.Kind}PermissionsBoundary", resource, call => AttachedActions.DeleteBoundaryAsync(call, holder));
        }

        yield return ("CreatePolicy", call => New(call, "policy", "PolicyName"), PolicyActions.CreateAsync);
        yield return ("GetPolicy", policy, PolicyActions.GetAsync);
        yield return ("ListPolicies", anything, PolicyActions.ListAsync);
        yield return ("DeletePolicy", policy, PolicyActions.DeleteAsync);
        yield return ("CreatePolicyVersion", policy, PolicyActions.CreateVersionAsync);
        yield return ("GetPolicyVersion", policy, PolicyActions.GetVersionAsync);
        yield return ("ListPolicyVersions", policy, PolicyActions.ListVersionsAsync);
        yield return ("DeletePolicyVersion", policy, PolicyActions.DeleteVersionAsync);
        yield return ("SetDefaultPolicyVersion", policy, PolicyActions.SetDefaultVersionAsync);
        yield return ("ListEntitiesForPolicy", policy, PolicyActions.ListEntitiesAsync);
        yield return ("TagPolicy", policy, PolicyActions.TagAsync);
        yield return ("UntagPolicy", policy, PolicyActions.UntagAsync);
        yield return ("ListPolicyTags", policy, PolicyActions.ListTagsAsync);

        yield return ("CreateOpenIDConnectProvider", newProvider, ProviderActions.CreateAsync);
        yield return ("GetOpenIDConnectProvider", provider, ProviderActions.GetAsync);
        yield return ("ListOpenIDConnectProviders", anything, ProviderActions.ListAsync);
        yield return ("DeleteOpenIDConnectProvider", provider, ProviderActions.DeleteAsync);
        yield return ("AddClientIDToOpenIDConnectProvider", provider, ProviderActions.AddClientAsync);
        yield return ("RemoveClientIDFromOpenIDConnectProvider", provider, ProviderActions.RemoveClientAsync);
        yield return ("UpdateOpenIDConnectProviderThumbprint", provider, ProviderActions.UpdateThumbprintsAsync);

        yield return ("SimulatePrincipalPolicy", call => call.Form.Required("PolicySourceArn"), SimulationActions.SimulatePrincipalAsync);
        yield return ("SimulateCustomPolicy", anything, SimulationActions.SimulateCustomAsync);

        yield return ("GetAccountSummary", anything, AccountActions.SummarizeAsync);
        yield return ("ListAccountAliases", anything, AccountActions.ListAliasesAsync);
        yield return ("CreateAccountAlias", anything, AccountActions.CreateAliasAsync);
        yield return ("DeleteAccountAlias", anything, AccountActions.DeleteAliasAsync);
    }

    private static string ArnOf(IamCall call, string resource) => Arn.OfIam(call.Account, resource).ToString();

    /// <summary>What is there by that name; or what would be, without a path.</summary>
    private static string Of(IamCall call, string kind, string field, Func<AccountState, string?> find) => find(call.State) ?? ArnOf(call, $"{kind}/{call.Form.Required(field)}");

    private static string New(IamCall call, string kind, string field) => ArnOf(call, $"{kind}{call.NewPath()}{call.Form.Required(field)}");

    private static string Below(IamCall call, string kind) => ArnOf(call, kind + (call.Form.Find("PathPrefix") ?? "/"));

    /// <summary>The caller himself, as policies speak of what he does to his own keys.</summary>
    private static string Self(IamCall call) => call.Caller.UserName is { } name && call.State.FindUser(name) is { } self ? self.Arn : call.State.Account.RootArn;
}
