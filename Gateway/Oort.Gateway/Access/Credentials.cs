using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Oort.Access;
using Oort.Access.Policies;
using Oort.Identity.Grants;
using Oort.Identity.Model;
using Oort.Identity.Sessions;
using Oort.Identity.Store;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Access;

/// <summary>Finds out whose a key is: that of the gateway's root, of an account's root, of a user, or of a session. Thread-safe.</summary>
internal sealed class Credentials(RootCredentials root, IdentityStore identities, ISecretSeal seal, TimeProvider time) : IS3Credentials
{
    /// <summary>Sessions that were in use last; each is some kilobytes. Opening a token anew costs some 20 µs.</summary>
    private const int SessionCountMax = 4_096;

    /// <summary>Grants that came last. They are kept before anybody knows whether their signature is right, and one takes up to 18 KB.</summary>
    private const int GrantCountMax = 256;

    /// <summary>Opened secrets; when more are in use, they are opened anew.</summary>
    private const int SecretCountMax = 16_384;

    /// <summary>How often strangers' keys may make this gateway ask whether another has made them.</summary>
    private static readonly TimeSpan refreshInterval = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<string, Session> sessions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Grant> grants = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<AccessKey, string> secrets = new(ReferenceEqualityComparer.Instance);
    private long refreshed;

    public async ValueTask<S3Credential?> FindAsync(string accessKeyId, string? sessionToken, CancellationToken cancellationToken)
    {
        if (sessionToken is not null && Grant.IsGrant(sessionToken)) return await FindGrantAsync(accessKeyId, sessionToken, cancellationToken);
        if (sessionToken is not null) return await FindSessionAsync(accessKeyId, sessionToken, cancellationToken);
        if (string.Equals(accessKeyId, root.AccessKey, StringComparison.Ordinal)) return new(OfRoot(accessKeyId, identities.OperatorNumber, null), root.SecretKey);
        var holder = identities.Snapshot.FindKey(accessKeyId);
        if (holder is null && await RefreshAsync(cancellationToken)) holder = identities.Snapshot.FindKey(accessKeyId);
        if (holder is not { Key.IsActive: true, Account.IsSuspended: false } || SecretOf(holder.Key) is not { } secret) return null;
        return new(holder.User is { } user ? OfUser(accessKeyId, user, null, []) : OfRoot(accessKeyId, holder.Account.Number, null), secret);
    }

    /// <summary>Whoever has a key or a role by that ARN, as he would be if he signed; for those who ask what he may do.</summary>
    /// <returns>Null: there is nobody.</returns>
    public Caller? FindByArn(string text)
    {
        if (!Arn.TryParse(text, out var arn) || arn.Service != "iam" || identities.Snapshot.Find(arn.Account) is not { } account) return null;
        var name = arn.Resource[(arn.Resource.LastIndexOf('/') + 1)..];
        return arn.Resource switch
        {
            "root" => OfRoot("-", arn.Account, null),
            _ when arn.Resource.StartsWith("user/", StringComparison.Ordinal) => account.FindUser(name) is { } user && user.Arn == text ? OfUser("-", user, null, []) : null,
            _ when arn.Resource.StartsWith("role/", StringComparison.Ordinal) => account.FindRole(name) is { } role && role.Arn == text ? OfRole("-", role, "session", null, []) : null,
            _ => null,
        };
    }

    /// <summary>A grant is what it was made from, under each of its limits, and signs with a secret of its own.</summary>
    private async ValueTask<S3Credential?> FindGrantAsync(string accessKeyId, string token, CancellationToken cancellationToken)
    {
        if (!grants.TryGetValue(token, out var grant))
        {
            grant = Grant.Parse(token) ?? throw new S3Exception(S3Errors.InvalidToken);
            if (grants.Count >= GrantCountMax) grants.Clear();
            grants[token] = grant;
        }

        if (time.GetUtcNow() >= grant.NotAfter) throw new S3Exception(S3Errors.ExpiredToken);
        if (await FindAsync(accessKeyId, grant.SessionToken, cancellationToken) is not { Principal: Caller caller } credential) return null;
        return new(caller with { Own = caller.Own with { Grants = grant.ToPolicies() } }, grant.DeriveSecret(credential.SecretKey));
    }

    private async ValueTask<S3Credential?> FindSessionAsync(string accessKeyId, string token, CancellationToken cancellationToken)
    {
        if (!TryOpen(token, out var session) || session.KeyId != accessKeyId) throw new S3Exception(S3Errors.InvalidToken);
        if (time.GetUtcNow() >= session.Expires) throw new S3Exception(S3Errors.ExpiredToken);
        var caller = CallerOf(session);
        if (caller is null && await RefreshAsync(cancellationToken)) caller = CallerOf(session);
        // Who had it is gone, or all his sessions were ended: the token is good for nothing any more.
        return caller is null ? throw new S3Exception(S3Errors.InvalidToken) : new(caller, session.Secret);
    }

    private Caller? CallerOf(Session session)
    {
        if (identities.Snapshot.Find(session.Account) is not { Account.IsSuspended: false } account) return null;
        var limits = Limits(session, account);
        return session.Kind switch
        {
            SessionKind.Root => session.Issued < account.Account.SessionsFrom ? null : OfRoot(session.KeyId, session.Account, session),
            SessionKind.User => account.Users.GetValueOrDefault(session.HolderName) is { } user && user.Id == session.Holder && !(session.Issued < user.SessionsFrom) ? OfUser(session.KeyId, user, session, limits) : null,
            _ => account.Roles.GetValueOrDefault(session.HolderName) is { } role && role.Id == session.Holder && !(session.Issued < role.SessionsFrom) ? OfRole(session.KeyId, role, session.Name, session, limits) : null,
        };
    }

    /// <summary>One of the policies that are named must allow, and the one that was given with the session too: as in AWS, they count as one.</summary>
    private static ImmutableArray<PolicyDocument> Limits(Session session, AccountState account)
    {
        if (session.Policies.IsEmpty && session.PolicyArns.IsEmpty) return [];
        var sources = session.Policies.AddRange(session.PolicyArns.Select(arn => account.FindPolicy(arn)?.Source).OfType<PolicySource>());
        return [PolicyDocument.Union([.. sources.Select(source => source.Identity)])];
    }

    private Caller OfRoot(string accessKeyId, string number, Session? session)
    {
        var account = identities.Snapshot.FindByNumber(number) ?? throw new S3Exception(S3Errors.InvalidAccessKeyId);
        return Caller.RootOf(accessKeyId, number, account.CanonicalId, account.DisplayName, session);
    }

    private Caller OfUser(string accessKeyId, User user, Session? session, ImmutableArray<PolicyDocument> limits)
    {
        var account = identities.Snapshot.FindByNumber(user.Account)!;
        var own = identities.Snapshot.PoliciesOf(user);
        return new(accessKeyId, account.CanonicalId, account.DisplayName, Principal.User(user.Account, account.CanonicalId, user.FullName), user.Id, user.Name, limits.IsEmpty ? own : own with { Session = limits }, session) { Tags = user.Tags };
    }

    private Caller OfRole(string accessKeyId, Role role, string name, Session? session, ImmutableArray<PolicyDocument> limits)
    {
        var account = identities.Snapshot.FindByNumber(role.Account)!;
        var own = identities.Snapshot.PoliciesOf(role);
        var principal = Principal.Session(role.Account, account.CanonicalId, role.FullName, name);
        return new(accessKeyId, account.CanonicalId, account.DisplayName, principal, $"{role.Id}:{name}", null, limits.IsEmpty ? own : own with { Session = limits }, session) { Tags = session is null ? role.Tags : role.Tags.SetItems(session.Tags) };
    }

    private string? SecretOf(AccessKey key)
    {
        if (secrets.TryGetValue(key, out var known)) return known;
        if (identities.SecretOf(key) is not { } secret) return null;
        if (secrets.Count >= SecretCountMax) secrets.Clear();
        secrets[key] = secret;
        return secret;
    }

    private bool TryOpen(string token, [NotNullWhen(true)] out Session? session)
    {
        if (sessions.TryGetValue(token, out session)) return true;
        session = Session.Parse(token, seal);
        if (session is null) return false;
        if (sessions.Count >= SessionCountMax) sessions.Clear();
        sessions[token] = session;
        return true;
    }

    /// <summary>Asks for what other gateways have made, now and then.</summary>
    private async ValueTask<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        var last = Interlocked.Read(ref refreshed);
        if (last != 0 && time.GetElapsedTime(last) < refreshInterval) return false;
        if (Interlocked.CompareExchange(ref refreshed, time.GetTimestamp(), last) != last) return false;
        await identities.RefreshAsync(cancellationToken);
        return true;
    }
}
