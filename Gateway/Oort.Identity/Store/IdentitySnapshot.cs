using System.Collections.Concurrent;
using System.Collections.Immutable;
using Oort.Access;
using Oort.Access.Policies;
using Oort.Identity.Accounts;
using Oort.Identity.Model;

namespace Oort.Identity.Store;

/// <summary>Whom an access key belongs to.</summary>
/// <param name="User">Null: the account's root.</param>
public sealed record KeyHolder(Account Account, User? User, AccessKey Key);

/// <summary>All identities at one instant. Immutable; thread-safe.</summary>
public sealed class IdentitySnapshot : IAccountDirectory
{
    /// <summary>Stands for a policy that cannot be found or read: in doubt nothing is allowed.</summary>
    private static readonly PolicyDocument nothing = PolicyDocument.Parse(PolicyKind.Identity, """{"Version":"2012-10-17","Statement":[{"Sid":"A policy that belongs here cannot be read","Effect":"Deny","Action":"*","Resource":"*"}]}"""u8.ToArray());

    private readonly ImmutableSortedDictionary<string, AccountState> accounts;
    private readonly ImmutableDictionary<string, string> numberByCanonicalId;
    private readonly ImmutableDictionary<string, string> numberByEmail;
    private readonly ImmutableDictionary<string, (string Account, string? User)> keys;
    private readonly ConcurrentDictionary<string, AccessPolicies> policies = new(StringComparer.Ordinal);

    private IdentitySnapshot(ImmutableSortedDictionary<string, AccountState> accounts, ImmutableDictionary<string, string> numberByCanonicalId, ImmutableDictionary<string, string> numberByEmail, ImmutableDictionary<string, (string, string?)> keys) =>
        (this.accounts, this.numberByCanonicalId, this.numberByEmail, this.keys) = (accounts, numberByCanonicalId, numberByEmail, keys);

    internal static IdentitySnapshot Empty { get; } = new(
        ImmutableSortedDictionary.Create<string, AccountState>(StringComparer.Ordinal), ImmutableDictionary.Create<string, string>(StringComparer.Ordinal), ImmutableDictionary.Create<string, string>(StringComparer.Ordinal),
        ImmutableDictionary.Create<string, (string, string?)>(StringComparer.Ordinal));

    /// <summary>In the order of their numbers.</summary>
    public IEnumerable<AccountState> Accounts => accounts.Values;

    public AccountState? Find(string number) => accounts.GetValueOrDefault(number);

    public Account? FindByCanonicalId(string canonicalId) => numberByCanonicalId.TryGetValue(canonicalId, out var number) ? accounts[number].Account : null;

    public Account? FindByNumber(string number) => Find(number)?.Account;

    public Account? FindByEmail(string email) => numberByEmail.TryGetValue(Names.Fold(email), out var number) ? accounts[number].Account : null;

    /// <returns>Null: nobody has such a key.</returns>
    public KeyHolder? FindKey(string accessKeyId)
    {
        if (!keys.TryGetValue(accessKeyId, out var place)) return null;
        var state = accounts[place.Account];
        var user = place.User is null ? null : state.Users[place.User];
        return (user?.Keys ?? state.Account.Keys).FirstOrDefault(key => key.Id == accessKeyId) is { } key ? new(state.Account, user, key) : null;
    }

    /// <summary>What a user may do by his own policies and those of his groups.</summary>
    public AccessPolicies PoliciesOf(User user) => policies.GetOrAdd(user.Id, static (_, given) => given.Snapshot.Collect(given.User), (Snapshot: this, User: user));

    /// <summary>What sessions of a role may do.</summary>
    public AccessPolicies PoliciesOf(Role role) => policies.GetOrAdd(role.Id, static (_, given) => given.Snapshot.Collect(given.Role), (Snapshot: this, Role: role));

    /// <summary>The policies of a set, and of what is attached to it; in the place of one that cannot be read one that denies everything.</summary>
    /// <returns>Each with the name that people know it by.</returns>
    public IEnumerable<(string Name, PolicyDocument Document)> Resolve(string account, Permissions permissions)
    {
        foreach (var (name, source) in permissions.Inline) yield return (name, Parse(source));
        foreach (var arn in permissions.Attached) yield return (arn, Find(account)?.FindPolicy(arn) is { } found ? Parse(found.Source) : nothing);
    }

    /// <summary>The snapshot with one record replaced, or removed.</summary>
    /// <param name="record">Null: it goes.</param>
    internal IdentitySnapshot With(string name, object? record) => name.Split('/', 4) switch
    {
        ["iam", "account", var number] => WithAccount(number, (Account?)record),
        ["iam", var kind, var number, var folded] => WithEntity(kind, number, folded, (Entity?)record),
        _ => this,
    };

    private AccessPolicies Collect(User user)
    {
        var found = Resolve(user.Account, user.Permissions).Select(one => one.Document).ToList();
        var state = Find(user.Account);
        foreach (var id in user.Groups)
        {
            if (state?.GroupsById.GetValueOrDefault(id) is { } group) found.AddRange(Resolve(user.Account, group.Permissions).Select(one => one.Document));
            else found.Add(nothing);
        }

        return new() { Identity = [.. found], Boundary = Bound(user.Account, user.Permissions) };
    }

    private AccessPolicies Collect(Role role) => new() { Identity = [.. Resolve(role.Account, role.Permissions).Select(one => one.Document)], Boundary = Bound(role.Account, role.Permissions) };

    private PolicyDocument? Bound(string account, Permissions permissions) => permissions.Boundary is not { } arn ? null : Find(account)?.FindPolicy(arn) is { } policy ? Parse(policy.Source) : nothing;

    private static PolicyDocument Parse(PolicySource source)
    {
        try
        {
            return source.Identity;
        }
        catch (PolicyException)
        {
            return nothing;
        }
    }

    private IdentitySnapshot WithAccount(string number, Account? account)
    {
        var before = Find(number);
        var (nextAccounts, byCanonicalId, byEmail, nextKeys) = (accounts, numberByCanonicalId, numberByEmail, keys);
        if (before is not null)
        {
            byCanonicalId = byCanonicalId.Remove(before.Account.CanonicalId);
            if (before.Account.Email is { } email) byEmail = byEmail.Remove(Names.Fold(email));
            nextKeys = nextKeys.RemoveRange(before.Account.Keys.Select(key => key.Id));
        }

        if (account is null) return new(nextAccounts.Remove(number), byCanonicalId, byEmail, nextKeys);
        if (account.Email is { } address) byEmail = byEmail.SetItem(Names.Fold(address), number);
        return new(
            nextAccounts.SetItem(number, before is null ? new(account) : before with { Account = account }), byCanonicalId.SetItem(account.CanonicalId, number), byEmail,
            nextKeys.SetItems(account.Keys.Select(key => KeyValuePair.Create(key.Id, (number, (string?)null)))));
    }

    private IdentitySnapshot WithEntity(string kind, string number, string folded, Entity? entity)
    {
        // What belongs to an account that is gone, or is not read yet, is nobody's.
        if (Find(number) is not { } state) return this;
        var nextKeys = keys;
        switch (kind)
        {
            case "user":
                if (state.Users.TryGetValue(folded, out var before)) nextKeys = nextKeys.RemoveRange(before.Keys.Select(key => key.Id));
                if (entity is User user) nextKeys = nextKeys.SetItems(user.Keys.Select(key => KeyValuePair.Create(key.Id, (number, (string?)folded))));
                state = state with { Users = With(state.Users, folded, (User?)entity) };
                break;
            case "group":
                var byId = state.Groups.TryGetValue(folded, out var old) ? state.GroupsById.Remove(old.Id) : state.GroupsById;
                state = state with { Groups = With(state.Groups, folded, (Group?)entity), GroupsById = entity is Group group ? byId.SetItem(group.Id, group) : byId };
                break;
            case "role": state = state with { Roles = With(state.Roles, folded, (Role?)entity) }; break;
            case "policy": state = state with { Policies = With(state.Policies, folded, (ManagedPolicy?)entity) }; break;
            case "oidc": state = state with { Providers = With(state.Providers, folded, (OidcProvider?)entity) }; break;
        }

        return new(accounts.SetItem(number, state), numberByCanonicalId, numberByEmail, nextKeys);
    }

    private static ImmutableSortedDictionary<string, T> With<T>(ImmutableSortedDictionary<string, T> all, string name, T? one) where T : Entity => one is null ? all.Remove(name) : all.SetItem(name, one);
}
