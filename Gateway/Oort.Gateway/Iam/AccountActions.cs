using static Oort.Gateway.Iam.QueryAnswer;

namespace Oort.Gateway.Iam;

/// <summary>What there is in an account, and what there may be.</summary>
internal static class AccountActions
{
    public static ValueTask<IEnumerable<object?>?> SummarizeAsync(IamCall call)
    {
        var state = call.State;
        (string Key, int Value)[] summary =
        [
            ("AccessKeysPerUserQuota", IamLimits.KeysPerUserMax), ("AccountAccessKeysPresent", state.Account.Keys.IsEmpty ? 0 : 1), ("AttachedPoliciesPerGroupQuota", IamLimits.AttachedMax),
            ("AttachedPoliciesPerRoleQuota", IamLimits.AttachedMax), ("AttachedPoliciesPerUserQuota", IamLimits.AttachedMax), ("Groups", state.Groups.Count), ("GroupsPerUserQuota", IamLimits.GroupsPerUserMax), ("GroupsQuota", IamLimits.GroupsMax),
            ("Policies", state.Policies.Count), ("PoliciesQuota", IamLimits.PoliciesMax), ("Providers", state.Providers.Count), ("Roles", state.Roles.Count), ("RolesQuota", IamLimits.RolesMax), ("Users", state.Users.Count),
            ("UsersQuota", IamLimits.UsersMax), ("VersionsPerPolicyQuota", Oort.Identity.Model.ManagedPolicy.VersionCountMax),
        ];
        return new([X("SummaryMap", [.. summary.Select(one => X("entry", X("key", one.Key), X("value", one.Value)))])]);
    }

    public static ValueTask<IEnumerable<object?>?> ListAliasesAsync(IamCall call) => new([Texts("AccountAliases", call.State.Account.Alias is { } alias ? [alias] : []), X("IsTruncated", false)]);

    public static async ValueTask<IEnumerable<object?>?> CreateAliasAsync(IamCall call)
    {
        var alias = call.Form.Required("AccountAlias");
        if (alias.Length is < 3 or > 63 || !alias.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')) throw IamCall.Invalid("An alias has 3 to 63 small letters, digits or dashes.");
        await call.ChangeAsync((change, state) =>
        {
            if (change.Snapshot.Accounts.Any(other => other.Account.Alias == alias && other != state)) throw IamCall.Exists("account alias", alias);
            change.Put(state.Account with { Alias = alias });
        });
        return null;
    }

    public static async ValueTask<IEnumerable<object?>?> DeleteAliasAsync(IamCall call)
    {
        await call.ChangeAsync((change, state) => change.Put(state.Account with { Alias = state.Account.Alias == call.Form.Required("AccountAlias") ? null : throw IamCall.NotFound("account alias", call.Form.Required("AccountAlias")) }));
        return null;
    }
}
