using System.Collections.Immutable;
using Oort.Identity.Accounts;
using Oort.Identity.Model;
using Oort.Identity.Store;
using Oort.S3;
using static Oort.Gateway.Iam.QueryAnswer;

namespace Oort.Gateway.Iam;

/// <summary>Access keys of users, and of the account's root: to make, see, disable and delete them. A secret is shown when it is made, and never again.</summary>
internal static class KeyActions
{
    public static async ValueTask<IEnumerable<object?>?> CreateAsync(IamCall call)
    {
        var (key, secret) = IdentityChange.NewKey(call.Seal, call.Now);
        var owner = await call.ChangeAsync((change, state) =>
        {
            var user = call.UserOrSelf(state);
            if (KeysOf(state, user).Length >= IamLimits.KeysPerUserMax) throw new S3Exception(QueryErrors.LimitExceeded, $"Cannot exceed quota for AccessKeysPerUser: {IamLimits.KeysPerUserMax}");
            Put(change, state, user, KeysOf(state, user).Add(key));
            return user?.Name ?? state.Account.DisplayName;
        });
        return [X("AccessKey", X("UserName", owner), X("AccessKeyId", key.Id), X("Status", "Active"), X("SecretAccessKey", secret), X("CreateDate", Time(key.Created)))];
    }

    public static ValueTask<IEnumerable<object?>?> ListAsync(IamCall call)
    {
        var state = call.State;
        var user = call.UserOrSelf(state);
        var name = user?.Name ?? state.Account.DisplayName;
        return new(
        [
            X("UserName", name),
            .. call.Page("AccessKeyMetadata", KeysOf(state, user).OrderBy(key => key.Id, StringComparer.Ordinal), key => key.Id, key => X("member", X("UserName", name), X("AccessKeyId", key.Id), X("Status", Status(key)), X("CreateDate", Time(key.Created)))),
        ]);
    }

    public static async ValueTask<IEnumerable<object?>?> UpdateAsync(IamCall call)
    {
        var isActive = call.Form.Required("Status") switch { "Active" => true, "Inactive" => false, _ => throw IamCall.Invalid("Status is Active or Inactive.") };
        await call.ChangeAsync((change, state) =>
        {
            var user = call.UserOrSelf(state);
            var key = Find(call, state, user);
            Put(change, state, user, KeysOf(state, user).Replace(key, key with { IsActive = isActive }));
        });
        return null;
    }

    public static async ValueTask<IEnumerable<object?>?> DeleteAsync(IamCall call)
    {
        await call.ChangeAsync((change, state) =>
        {
            var user = call.UserOrSelf(state);
            Put(change, state, user, KeysOf(state, user).Remove(Find(call, state, user)));
        });
        await call.Store.Uses.ForgetAsync(call.Form.Required("AccessKeyId"), call.CancellationToken);
        return null;
    }

    /// <summary>When a key was last used, to within a quarter of an hour.</summary>
    public static async ValueTask<IEnumerable<object?>?> GetLastUsedAsync(IamCall call)
    {
        var id = call.Form.Required("AccessKeyId");
        if (call.Store.Snapshot.FindKey(id) is not { } holder || holder.Account.Number != call.Account) throw new S3Exception(QueryErrors.NoSuchEntity, $"The Access Key with id {id} cannot be found");
        var used = await call.Store.Uses.FindAsync(id, call.CancellationToken);
        return
        [
            X("UserName", holder.User?.Name ?? holder.Account.DisplayName),
            X("AccessKeyLastUsed", used is { } use ? [X("LastUsedDate", Time(use.At)), X("ServiceName", use.Service), X("Region", use.Region)] : [X("ServiceName", "N/A"), X("Region", "N/A")]),
        ];
    }

    private static ImmutableArray<AccessKey> KeysOf(AccountState state, User? user) => user?.Keys ?? state.Account.Keys;

    private static void Put(IdentityChange change, AccountState state, User? user, ImmutableArray<AccessKey> keys)
    {
        if (user is not null) change.Put(user with { Keys = keys });
        else change.Put(state.Account with { Keys = keys });
    }

    private static AccessKey Find(IamCall call, AccountState state, User? user)
    {
        var id = call.Form.Required("AccessKeyId");
        return KeysOf(state, user).FirstOrDefault(key => key.Id == id) ?? throw new S3Exception(QueryErrors.NoSuchEntity, $"The Access Key with id {id} cannot be found");
    }

    private static string Status(AccessKey key) => key.IsActive ? "Active" : "Inactive";
}
