using System.Collections.Immutable;
using Oort.Identity.Accounts;
using Oort.Identity.Model;

namespace Oort.Identity.Store;

/// <summary>An account with all that belongs to it. Dictionaries are in the order of names, whatever the case of their letters.</summary>
public sealed record AccountState(Account Account)
{
    private static readonly StringComparer order = StringComparer.Ordinal;

    public ImmutableSortedDictionary<string, User> Users { get; init; } = ImmutableSortedDictionary.Create<string, User>(order);

    public ImmutableSortedDictionary<string, Group> Groups { get; init; } = ImmutableSortedDictionary.Create<string, Group>(order);

    public ImmutableSortedDictionary<string, Role> Roles { get; init; } = ImmutableSortedDictionary.Create<string, Role>(order);

    public ImmutableSortedDictionary<string, ManagedPolicy> Policies { get; init; } = ImmutableSortedDictionary.Create<string, ManagedPolicy>(order);

    public ImmutableSortedDictionary<string, OidcProvider> Providers { get; init; } = ImmutableSortedDictionary.Create<string, OidcProvider>(order);

    /// <summary>The groups by id.</summary>
    public ImmutableDictionary<string, Group> GroupsById { get; init; } = ImmutableDictionary.Create<string, Group>(order);

    public User? FindUser(string name) => Users.GetValueOrDefault(Names.Fold(name));

    public Group? FindGroup(string name) => Groups.GetValueOrDefault(Names.Fold(name));

    public Role? FindRole(string name) => Roles.GetValueOrDefault(Names.Fold(name));

    public OidcProvider? FindProvider(string name) => Providers.GetValueOrDefault(Names.Fold(name));

    /// <summary>One of the account's own, or one that every account has (<see cref="BuiltInPolicies"/>).</summary>
    public ManagedPolicy? FindPolicy(string arn) => BuiltInPolicies.Find(arn) ?? (Access.Arn.TryParse(arn, out var parsed) && parsed.Account == Account.Number && parsed.Resource.StartsWith("policy/", StringComparison.Ordinal)
        && Policies.TryGetValue(Names.Fold(parsed.Resource[(parsed.Resource.LastIndexOf('/') + 1)..]), out var policy) && policy.Arn == arn ? policy : null);

    public IEnumerable<User> UsersIn(Group group) => Users.Values.Where(user => user.Groups.Contains(group.Id));
}
