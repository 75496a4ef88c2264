using System.Collections.Immutable;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Oort.Gateway.Iam;
using Oort.Identity.Accounts;
using Oort.Identity.Model;
using Oort.Identity.Store;
using Oort.Metadata;

namespace Oort.Gateway;

/// <summary>A key of an account's root in the admin API.</summary>
public sealed record RootKeyModel(string AccessKey, DateTimeOffset Created, bool IsActive);

/// <summary>An account in the admin API.</summary>
/// <param name="Created">Null: it has been there from the first.</param>
/// <param name="IsOperators">Whether it is the account of those who run the gateway.</param>
/// <param name="Keys">Of its root, besides those that the gateway's configuration gives.</param>
public sealed record AccountModel(
    string Number, string CanonicalId, string Name, string? Email, DateTimeOffset? Created, bool IsSuspended, bool IsOperators, int Users, int Groups, int Roles, int Policies, ImmutableArray<RootKeyModel> Keys);

/// <summary>Answer of <c>GET accounts</c>.</summary>
public sealed record AccountsModel(ImmutableArray<AccountModel> Accounts);

/// <summary>Body of <c>POST accounts</c>.</summary>
/// <param name="Number">12 digits; null: one is made.</param>
public sealed record NewAccountRequest(string? Name, string? Email = null, string? Number = null);

/// <summary>Body of <c>PATCH accounts/{account}</c>: what is null stays as it is.</summary>
/// <param name="Email">Empty: it has none any more.</param>
public sealed record AccountRequest(string? Name = null, string? Email = null, bool? Suspended = null);

/// <summary>Body of <c>POST accounts/{account}/end-sessions</c>; with neither, those of the account's root.</summary>
public sealed record EndSessionsRequest(string? User = null, string? Role = null);

/// <summary>An account with a key of its root that was just made: the secret is shown this once.</summary>
public sealed record NewAccountKeyModel(AccountModel Account, string AccessKey, string SecretKey)
{
    public override string ToString() => $"{Account.Number} {AccessKey} ***";
}

/// <summary>The part of the admin API about accounts, the tenants of the gateway.</summary>
internal sealed class AccountAdmin(IdentityStore store, ISecretSeal seal, IMetadataStore metadata, TimeProvider time)
{
    /// <summary>All of them are in memory, and in one answer.</summary>
    private const int CountMax = 10_000;

    private const int NameLengthMax = 256;

    /// <summary>RFC 5321 §4.5.3.1.3, without the brackets.</summary>
    private const int EmailLengthMax = 254;

    private const int CanonicalIdLength = 64;

    public AccountsModel List() => new([.. store.Snapshot.Accounts.Select(Show)]);

    public AccountModel Show(string number) => Show(Find(store.Snapshot, number));

    public async ValueTask<NewAccountKeyModel> CreateAsync(NewAccountRequest request, CancellationToken cancellationToken)
    {
        var (name, email) = (Name(request.Name), Email(request.Email));
        if (request.Number is { } wanted && !Names.IsAccountNumber(wanted)) throw Invalid($"\"{wanted}\" is no number of an account: that is 12 digits.");
        var (key, secret) = IdentityChange.NewKey(seal, Now);
        var made = await store.ChangeAsync(
            change =>
            {
                if (change.Snapshot.Accounts.Skip(CountMax - 1).Any()) throw Refused($"There are {CountMax} accounts, and there may be no more.");
                var number = request.Number ?? NewNumber(change.Snapshot);
                if (change.Snapshot.Find(number) is not null) throw Refused($"Account {number} is there already.");
                EnsureFree(change.Snapshot, email, number);
                // Random, and not made from the number: what an account of this number had long ago is not the new one's.
                var account = new Account(number, RandomNumberGenerator.GetHexString(CanonicalIdLength, lowercase: true), name, email) { Created = Now, Keys = [key] };
                change.Put(account);
                return account;
            },
            cancellationToken);
        return new(Show(made.Number), key.Id, secret);
    }

    public ValueTask<AccountModel> ChangeAsync(string number, AccountRequest request, CancellationToken cancellationToken) => ChangeAsync(
        number,
        (snapshot, account) =>
        {
            if (request.Suspended == true && account.Number == store.OperatorNumber) throw Refused("The account of those who run the gateway cannot be suspended: nobody could resume it.");
            var email = request.Email is null ? account.Email : Email(request.Email);
            EnsureFree(snapshot, email, number);
            return account with { DisplayName = request.Name is null ? account.DisplayName : Name(request.Name), Email = email, IsSuspended = request.Suspended ?? account.IsSuspended };
        },
        cancellationToken);

    /// <summary>Makes a further key of the account's root.</summary>
    public async ValueTask<NewAccountKeyModel> AddKeyAsync(string number, CancellationToken cancellationToken)
    {
        var (key, secret) = IdentityChange.NewKey(seal, Now);
        var account = await ChangeAsync(
            number,
            (_, account) => account.Keys.Length < IamLimits.KeysPerUserMax
                ? account with { Keys = account.Keys.Add(key) }
                : throw Refused($"The root of account {number} has {IamLimits.KeysPerUserMax} keys, and can have no more; `oort account key remove {number} KEY` takes one away."),
            cancellationToken);
        return new(account, key.Id, secret);
    }

    public async ValueTask<AccountModel> RemoveKeyAsync(string number, string keyId, CancellationToken cancellationToken)
    {
        var changed = await ChangeAsync(
            number,
            (_, account) => account with { Keys = account.Keys.FirstOrDefault(key => key.Id == keyId) is { } key ? account.Keys.Remove(key) : throw NotFound($"The root of account {number} has no key {keyId}; `oort account show {number}` shows those that it has.") },
            cancellationToken);
        await store.Uses.ForgetAsync(keyId, cancellationToken);
        return changed;
    }

    /// <summary>Ends every session that somebody has: what is signed with them is refused from now on.</summary>
    public async ValueTask<AccountModel> EndSessionsAsync(string number, EndSessionsRequest request, CancellationToken cancellationToken)
    {
        if (request is { User: not null, Role: not null }) throw Invalid("A user or a role, not both.");
        var now = time.GetUtcNow();
        await store.ChangeAsync(
            change =>
            {
                var state = Find(change.Snapshot, number);
                if (request.User is { } user) change.Put((state.FindUser(user) ?? throw NotFound($"Account {number} has no user {user}.")) with { SessionsFrom = now });
                else if (request.Role is { } role) change.Put((state.FindRole(role) ?? throw NotFound($"Account {number} has no role {role}.")) with { SessionsFrom = now });
                else change.Put(state.Account with { SessionsFrom = now });
                return true;
            },
            cancellationToken);
        return Show(number);
    }

    /// <summary>Removes an account that owns nothing any more.</summary>
    /// <remarks>It is suspended before: so nobody makes a bucket between the look at its buckets and the end of it.</remarks>
    public async ValueTask<AccountsModel> DeleteAsync(string number, CancellationToken cancellationToken)
    {
        var account = Find(store.Snapshot, number).Account;
        EnsureDeletable(Find(store.Snapshot, number));
        if (await metadata.ListBucketsAsync(account.CanonicalId, "", "", 1, cancellationToken) is [var bucket, ..]) throw Refused($"Account {number} still owns buckets, such as {bucket.Name}; delete them first.");
        await store.ChangeAsync(
            change =>
            {
                var state = Find(change.Snapshot, number);
                EnsureDeletable(state);
                change.Remove(state.Account);
                return true;
            },
            cancellationToken);
        foreach (var key in account.Keys) await store.Uses.ForgetAsync(key.Id, cancellationToken);
        return List();
    }

    private DateTimeOffset Now => DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());

    private async ValueTask<AccountModel> ChangeAsync(string number, Func<IdentitySnapshot, Account, Account> make, CancellationToken cancellationToken)
    {
        await store.ChangeAsync(
            change =>
            {
                change.Put(make(change.Snapshot, Find(change.Snapshot, number).Account));
                return true;
            },
            cancellationToken);
        return Show(number);
    }

    private void EnsureDeletable(AccountState state)
    {
        var number = state.Account.Number;
        if (number == store.OperatorNumber) throw Refused("The account of those who run the gateway cannot be deleted.");
        if (!state.Account.IsSuspended) throw Refused($"Account {number} is in use; suspend it first (`oort account suspend {number}`), so that nothing new is made while it goes.");
        (string Kind, int Count)[] rest = [("users", state.Users.Count), ("groups", state.Groups.Count), ("roles", state.Roles.Count), ("policies", state.Policies.Count), ("identity providers", state.Providers.Count)];
        var left = rest.Where(one => one.Count > 0).Select(one => $"{one.Count} {one.Kind}").ToArray();
        if (left.Length > 0) throw Refused($"Account {number} still has {string.Join(", ", left)}; resume it and delete them first.");
    }

    private AccountModel Show(AccountState state)
    {
        var account = state.Account;
        return new(
            account.Number, account.CanonicalId, account.DisplayName, account.Email, account.Created == default ? null : account.Created, account.IsSuspended, account.Number == store.OperatorNumber, state.Users.Count, state.Groups.Count,
            state.Roles.Count, state.Policies.Count, [.. account.Keys.Select(key => new RootKeyModel(key.Id, key.Created, key.IsActive))]);
    }

    private static string NewNumber(IdentitySnapshot snapshot)
    {
        while (true)
        {
            var number = RandomNumberGenerator.GetString("0123456789", Names.AccountNumberLength);
            if (snapshot.Find(number) is null) return number;
        }
    }

    private static string Name(string? name) => name is { Length: > 0 and <= NameLengthMax } && !name.Any(char.IsControl) ? name : throw Invalid($"\"name\" has 1 to {NameLengthMax} characters, none of them a control character.");

    /// <returns>Null: none.</returns>
    private static string? Email(string? email) => string.IsNullOrEmpty(email) ? null
        : email.Length <= EmailLengthMax && email.IndexOf('@', StringComparison.Ordinal) is > 0 and var at && at < email.Length - 1 && email.All(c => c is > ' ' and < '\x7f') ? email
        : throw Invalid($"\"{email}\" is no e-mail address.");

    private static void EnsureFree(IdentitySnapshot snapshot, string? email, string number)
    {
        if (email is not null && snapshot.FindByEmail(email) is { } other && other.Number != number) throw Refused($"The e-mail address {email} belongs to account {other.Number}: lists name accounts by it.");
    }

    private static AccountState Find(IdentitySnapshot snapshot, string number) => snapshot.Find(number) ?? throw NotFound($"There is no account {number}; `oort account list` shows those there are.");

    private static AdminRequestException Invalid(string message) => new(StatusCodes.Status400BadRequest, "InvalidArgument", message);

    private static AdminRequestException Refused(string message) => new(StatusCodes.Status409Conflict, "AccountChangeRefused", message);

    private static AdminRequestException NotFound(string message) => new(StatusCodes.Status404NotFound, "NotFound", message);
}
