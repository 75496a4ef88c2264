using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Access.Policies;
using Oort.Gateway.Access;
using Oort.Identity.Accounts;
using Oort.Identity.Model;
using Oort.Identity.Store;

namespace Oort.Gateway.Iam;

/// <summary>Accounts, users and keys that are to be there when the gateway starts (docs/access.md, "Unattended installs"): what is missing is made, what is there stays as it is.</summary>
internal sealed class UserSeeds
{
    private const int FileSizeMax = 4 * 1024 * 1024;

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, RespectNullableAnnotations = true };

    private readonly string file;
    private readonly SeedFile content;

    private UserSeeds(string file, SeedFile content) => (this.file, this.content) = (file, content);

    /// <exception cref="ConfigurationException">The file cannot be used; one sentence that says why.</exception>
    public static UserSeeds Read(string file)
    {
        try
        {
            if (new FileInfo(file).Length > FileSizeMax) throw new ConfigurationException($"{file} is larger than 4 MiB.");
            return new(file, JsonSerializer.Deserialize<SeedFile>(File.ReadAllBytes(file), json) ?? throw new JsonException("it is null."));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new ConfigurationException($"{file}, which --users names, cannot be read: {failure.Message}");
        }
    }

    /// <param name="rootKey">Access key of the gateway's root, which nobody else may have.</param>
    /// <exception cref="ConfigurationException">Something in the file is none, or somebody else's; nothing of it has been made.</exception>
    public async Task ApplyAsync(IdentityStore store, ISecretSeal seal, string rootKey, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        // One commit an account keeps each below what a commit takes; an account that is half there is completed at the next start.
        foreach (var seed in content.Accounts)
        {
            await store.ChangeAsync(
                change =>
                {
                    Apply(change, seed, seal, rootKey, now);
                    return true;
                },
                cancellationToken);
        }
    }

    private void Apply(IdentityChange change, SeedAccount seed, ISecretSeal seal, string rootKey, DateTimeOffset now)
    {
        if (seed.Id is null && seed.Number is null) throw Wrong("an account has neither id nor number.");
        var number = seed.Number ?? Access.Accounts.NumberOf(seed.Id!);
        if (number.Length > 0 && !Names.IsAccountNumber(number)) throw Wrong($"\"{number}\" is no number of an account: that is 12 digits.");
        var id = seed.Id ?? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(number)));
        var state = change.Snapshot.Find(number);
        if (state is not null && seed.Id is not null && state.Account.CanonicalId != id) throw Wrong($"account {number} is there with another id, {state.Account.CanonicalId}.");
        if (state is null && change.Snapshot.FindByCanonicalId(id) is { } other) throw Wrong($"the id {id} belongs to account {other.Number}.");
        var account = state?.Account ?? new Account(number, id, seed.Name ?? id, seed.Email) { Created = now };
        if (account.Email is { } email && change.Snapshot.FindByEmail(email) is { } namesake && namesake.Number != number) throw Wrong($"the e-mail address {email} belongs to account {namesake.Number}.");
        var keys = Keys(change, account.Keys, seed.Keys, holder => holder.User is null && holder.Account.Number == number, seal, rootKey, now);
        if (state is null || keys.Length != account.Keys.Length) change.Put(account with { Keys = keys });

        foreach (var group in seed.Groups)
            if (change.Snapshot.Find(number)!.FindGroup(Name(group.Name, Names.GroupLengthMax)) is null) change.Put(new Group(number, group.Id ?? Names.NewId("AGPA"), Path(group.Path), group.Name, now) { Permissions = Permissions(group) });
        foreach (var role in seed.Roles)
            if (change.Snapshot.Find(number)!.FindRole(Name(role.Name, Names.RoleLengthMax)) is null) change.Put(new Role(number, role.Id ?? Names.NewId("AROA"), Path(role.Path), role.Name, now) { Permissions = Permissions(role), Trust = Policy(role.Trust, source => source.Trust) });
        foreach (var user in seed.Users) Apply(change, number, user, seal, rootKey, now);
    }

    private void Apply(IdentityChange change, string number, SeedUser seed, ISecretSeal seal, string rootKey, DateTimeOffset now)
    {
        var state = change.Snapshot.Find(number)!;
        var user = state.FindUser(Name(seed.Name, Names.UserLengthMax));
        var keys = Keys(change, user?.Keys ?? [], seed.Keys, holder => holder.User is { } holding && holding.Id == user?.Id, seal, rootKey, now);
        if (user is not null)
        {
            if (keys.Length != user.Keys.Length) change.Put(user with { Keys = keys });
            return;
        }

        var groups = seed.Groups.Select(group => state.FindGroup(group)?.Id ?? throw Wrong($"user {seed.Name} is in group {group}, which is not there.")).ToImmutableSortedSet(StringComparer.Ordinal);
        change.Put(new User(number, seed.Id ?? Names.NewId("AIDA"), Path(seed.Path), seed.Name, now) { Keys = keys, Groups = groups, Permissions = Permissions(seed) });
    }

    private ImmutableArray<AccessKey> Keys(IdentityChange change, ImmutableArray<AccessKey> before, IReadOnlyList<SeedKey> seeds, Func<KeyHolder, bool> isHis, ISecretSeal seal, string rootKey, DateTimeOffset now)
    {
        var keys = before;
        foreach (var seed in seeds)
        {
            if (!Names.IsKeyId(seed.AccessKey) || !Names.IsSecret(seed.SecretKey)) throw Wrong($"access key \"{seed.AccessKey}\" or its secret is none: 3 to 128 characters, and 8 to 128.");
            if (seed.AccessKey == rootKey) throw Wrong($"access key {seed.AccessKey} is that of the gateway's root.");
            if (change.Snapshot.FindKey(seed.AccessKey) is { } holder)
            {
                if (!isHis(holder)) throw Wrong($"access key {seed.AccessKey} belongs to {holder.User?.Arn ?? holder.Account.RootArn}.");
                continue;
            }

            keys = keys.Add(IdentityChange.KeyOf(seal, seed.AccessKey, seed.SecretKey, now));
        }

        return keys;
    }

    private Permissions Permissions(SeedHolder seed) => seed.Policies.Values.Sum(policy => policy.GetRawText().Length) > IamLimits.InlineLengthMax ? throw Wrong($"the policies of {seed.Name} have more than {IamLimits.InlineLengthMax} characters together.") : new()
    {
        Attached = seed.AttachedPolicies.Select(arn => BuiltInPolicies.Find(arn) is not null ? arn : throw Wrong($"{arn} is no policy that every account has; write its text under \"policies\".")).ToImmutableSortedSet(StringComparer.Ordinal),
        Inline = seed.Policies.ToImmutableSortedDictionary(one => Name(one.Key, Names.PolicyLengthMax), one => Policy(one.Value, source => source.Identity), StringComparer.Ordinal),
    };

    private PolicySource Policy(JsonElement text, Func<PolicySource, PolicyDocument> read)
    {
        var source = new PolicySource(text.GetRawText());
        try
        {
            _ = read(source);
            return source;
        }
        catch (PolicyException failure)
        {
            throw Wrong(failure.Message);
        }
    }

    private string Name(string name, int lengthMax) => Names.IsName(name, lengthMax) ? name : throw Wrong($"\"{name}\" is no name: 1 to {lengthMax} letters, digits or _+=,.@-.");

    private string Path(string path) => Names.IsPath(path) ? path : throw Wrong($"\"{path}\" is no path: it begins and ends with a slash.");

    private ConfigurationException Wrong(string reason) => new($"{file}, which --users names: {reason}");

    private sealed record SeedFile(IReadOnlyList<SeedAccount> Accounts);

    private sealed record SeedKey(string AccessKey, string SecretKey)
    {
        public override string ToString() => $"{AccessKey} ***";
    }

    private sealed record SeedAccount(string? Id, string? Number, string? Name, string? Email)
    {
        public IReadOnlyList<SeedKey> Keys { get; init; } = [];

        public IReadOnlyList<SeedUser> Users { get; init; } = [];

        public IReadOnlyList<SeedHolder> Groups { get; init; } = [];

        public IReadOnlyList<SeedRole> Roles { get; init; } = [];
    }

    private record SeedHolder(string Name)
    {
        public string? Id { get; init; }

        public string Path { get; init; } = "/";

        public IReadOnlyList<string> AttachedPolicies { get; init; } = [];

        public ImmutableDictionary<string, JsonElement> Policies { get; init; } = ImmutableDictionary<string, JsonElement>.Empty;
    }

    private sealed record SeedUser(string Name) : SeedHolder(Name)
    {
        public IReadOnlyList<SeedKey> Keys { get; init; } = [];

        public IReadOnlyList<string> Groups { get; init; } = [];
    }

    private sealed record SeedRole(string Name, JsonElement Trust) : SeedHolder(Name);
}
