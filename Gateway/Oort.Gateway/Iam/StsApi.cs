using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Access;
using Oort.Access.Policies;
using Oort.Gateway.Access;
using Oort.Identity.Model;
using Oort.Identity.Sessions;
using Oort.Identity.Store;
using Oort.Identity.WebIdentity;
using Oort.S3;
using static Oort.Gateway.Iam.QueryAnswer;

namespace Oort.Gateway.Iam;

/// <summary>Temporary credentials (STS API). Thread-safe.</summary>
internal sealed partial class StsApi(IdentityStore store, ISecretSeal seal, WebIdentityVerifier tokens, string region, TimeProvider time, ILogger<StsApi> logger)
{
    private const string Space = "https://sts.amazonaws.com/doc/2011-06-15/";

    private const int SecondsMin = 900;
    private const int UserSecondsMax = 129_600;
    private const int UserSecondsDefault = 43_200;
    private const int RootSecondsMax = 3_600;

    /// <summary>Of a session that begins out of another one.</summary>
    private const int ChainedSecondsMax = 3_600;
    private const int PolicyArnsMax = 10;
    private const int TagsMax = 50;

    /// <summary>Characters of the policies and tags that a session carries in its token with every request (STS API: AssumeRole, "Policy").</summary>
    private const int PackedLengthMax = 4_096;

    private static readonly AccessAction assumeRole = AccessActions.Get("sts:AssumeRole");
    private static readonly AccessAction assumeRoleWithWallet = AccessActions.Get("sts:AssumeRoleWithWallet");
    private static readonly AccessAction assumeRoleWithWebIdentity = AccessActions.Get("sts:AssumeRoleWithWebIdentity");
    private static readonly AccessAction getSessionToken = AccessActions.Get("sts:GetSessionToken");
    private static readonly AccessAction tagSession = AccessActions.Get("sts:TagSession");
    private static readonly AccessAction setSourceIdentity = AccessActions.Get("sts:SetSourceIdentity");

    public static bool IsAction(string name) => name is "AssumeRole" or "GetSessionToken" or "GetCallerIdentity" or "AssumeRoleWithWebIdentity";

    public async ValueTask HandleAsync(S3Request request, QueryForm form, CancellationToken cancellationToken)
    {
        // Who has a token of somebody else needs no keys.
        if (form.Action == "AssumeRoleWithWebIdentity")
        {
            await WriteAsync(request, Space, form.Action, await AssumeRoleWithWebIdentityAsync(request, form, cancellationToken), cancellationToken);
            return;
        }

        var caller = Caller.Of(request);
        if (caller.Principal.Kind == PrincipalKind.Anonymous) throw new S3Exception(QueryErrors.MissingAuthenticationToken);
        IEnumerable<object?> answer = form.Action switch
        {
            "GetCallerIdentity" => [X("Arn", caller.Principal.Arn), X("UserId", caller.UserId), X("Account", caller.Principal.Account)],
            "GetSessionToken" => GetSessionToken(request, form, caller),
            "AssumeRole" => AssumeRole(request, form, caller),
            _ => throw new S3Exception(QueryErrors.InvalidAction, $"Could not find operation {form.Action}"),
        };
        await WriteAsync(request, Space, form.Action, answer, cancellationToken);
    }

    private IEnumerable<object?> GetSessionToken(S3Request request, QueryForm form, Caller caller)
    {
        if (caller.Session is not null) throw Denied(request, caller, "Cannot call GetSessionToken with session credentials");
        // A session does not carry a grant's limits: it would be wider.
        if (!caller.Own.Grants.IsEmpty) throw Denied(request, caller, "Cannot call GetSessionToken with a grant");
        var (most, usual) = caller.IsRoot ? (RootSecondsMax, RootSecondsMax) : (UserSecondsMax, UserSecondsDefault);
        var seconds = form.Number("DurationSeconds", SecondsMin, most) ?? usual;
        // It needs no permission, but may be forbidden.
        var facts = new CallerFacts(request.Http, caller, caller.Principal.Account, region, time.GetUtcNow(), StsFacts.OfSession(form, [], seconds));
        if (caller.Decide(getSessionToken, Arn.OfIam(caller.Principal.Account, "root"), caller.Principal.Account, facts).Verdict == AccessVerdict.Denied) throw Denied(request, caller, "The caller's policies forbid sts:GetSessionToken.");

        var now = Now();
        var session = new Session(
            Names.NewSessionKeyId(), Names.NewSecret(), caller.IsRoot ? SessionKind.Root : SessionKind.User, caller.Principal.Account, caller.IsRoot ? "" : caller.UserId, caller.UserName?.ToLowerInvariant() ?? "", "", now, now.AddSeconds(seconds));
        return [Show(session)];
    }

    private IEnumerable<object?> AssumeRole(S3Request request, QueryForm form, Caller caller)
    {
        var arn = form.Required("RoleArn");
        // Whether there is such a role is nobody's business who may not have it.
        if (Find(arn) is not { } role) throw Denied(request, caller, $"User: {caller.Principal.Arn} is not authorized to perform: sts:AssumeRole on resource: {arn}");
        if (caller.IsRoot) throw Denied(request, caller, "Roles may not be assumed by root accounts.");
        var wish = SessionWish.Read(form, role, caller.Session is null ? role.SessionSecondsMax : Math.Min(ChainedSecondsMax, role.SessionSecondsMax));
        EnsureTrusted(request, caller, role, wish, assumeRole, StsFacts.OfSession(form, wish.Tags, wish.Seconds), $"User: {caller.Principal.Arn} is not authorized to perform: sts:AssumeRole on resource: {arn}");
        return Begin(role, wish, null);
    }

    private async ValueTask<IEnumerable<object?>> AssumeRoleWithWebIdentityAsync(S3Request request, QueryForm form, CancellationToken cancellationToken)
    {
        var (arn, token) = (form.Required("RoleArn"), form.Required("WebIdentityToken"));
        // Only an account that has registered the provider, and has such a role, makes the gateway ask it for keys.
        if (WebIdentityVerifier.IssuerOf(token) is not { } issuer) throw new S3Exception(QueryErrors.InvalidIdentityToken);
        var refused = $"Not authorized to perform sts:AssumeRoleWithWebIdentity on resource: {arn}";
        if (Find(arn) is not { } role || store.Snapshot.Find(role.Account)?.Providers.Values.FirstOrDefault(one => one.Url == issuer) is not { } registered) throw Denied(request, Caller.Anonymous, refused);
        var provider = new WebIdentityProvider(registered.Url, registered.ClientIds);
        var answer = await tokens.VerifyAsync(token, provider, cancellationToken);
        if (answer.Claims is not { } claims)
        {
            LogDenied(logger, request.RequestId, $"a user of {issuer}", answer.Reason);
            throw new S3Exception(ErrorOf(answer.Error), answer.Reason);
        }

        var wish = SessionWish.Read(form, role, role.SessionSecondsMax) with { Tags = claims.Tags.ToImmutableSortedDictionary(StringComparer.Ordinal) };
        var facts = StsFacts.OfSession(form, wish.Tags, wish.Seconds);
        StsFacts.AddClaims(facts, provider, claims);
        var caller = Caller.Federated(registered.Arn, claims.Subject);
        EnsureTrusted(request, caller, role, wish, assumeRoleWithWebIdentity, facts, refused);
        return [.. Begin(role, wish, registered.Arn), X("SubjectFromWebIdentityToken", claims.Subject), X("Audience", claims.Audience), X("Provider", registered.Arn)];
    }

    /// <summary>Begins a session for whoever has signed with the key of an address.</summary>
    /// <param name="form">RoleArn, and what AssumeRole knows besides.</param>
    /// <param name="address">0x and 40 small hexadecimal digits.</param>
    /// <exception cref="S3Exception">AccessDenied, ValidationError.</exception>
    public Session AssumeRoleWithWallet(S3Request request, QueryForm form, string address, ulong chainId)
    {
        var arn = form.Required("RoleArn");
        var refused = $"Not authorized to perform sts:AssumeRoleWithWallet on resource: {arn}";
        if (Find(arn) is not { } role) throw Denied(request, Caller.Anonymous, refused);
        var wish = SessionWish.Read(form, role, role.SessionSecondsMax);
        var facts = StsFacts.OfSession(form, wish.Tags, wish.Seconds);
        StsFacts.Add(facts, "ethereum:address", address);
        StsFacts.Add(facts, "ethereum:chain-id", chainId.ToString(System.Globalization.CultureInfo.InvariantCulture));
        EnsureTrusted(request, Caller.Federated(Principal.WalletProvider, address), role, wish, assumeRoleWithWallet, facts, refused);
        return BeginSession(role, wish, Principal.WalletProvider);
    }

    private void EnsureTrusted(S3Request request, Caller caller, Role role, SessionWish wish, AccessAction assume, Dictionary<string, ConditionValue> more, string refused)
    {
        var facts = new CallerFacts(request.Http, caller, role.Account, region, time.GetUtcNow(), more);
        foreach (var action in wish.Actions(assume, tagSession, setSourceIdentity))
            if (!AccessEvaluator.DecideTrust(new(caller.Principal, action, Parsed(role), role.Account, facts), caller.Own with { Resource = role.Trust.Trust }).IsAllowed) throw Denied(request, caller, refused);
    }

    private static S3Error ErrorOf(WebIdentityError error) => error switch
    {
        WebIdentityError.ExpiredToken => QueryErrors.ExpiredTokenException,
        WebIdentityError.RejectedClaim => QueryErrors.IdpRejectedClaim,
        WebIdentityError.ProviderUnreachable => QueryErrors.IdpCommunicationError,
        _ => QueryErrors.InvalidIdentityToken,
    };

    /// <summary>Begins a session of a role that may be assumed.</summary>
    /// <param name="provider">Who vouched; null: the caller had keys.</param>
    private IEnumerable<object?> Begin(Role role, SessionWish wish, string? provider)
    {
        var session = BeginSession(role, wish, provider);
        return
        [
            Show(session), X("AssumedRoleUser", X("AssumedRoleId", $"{role.Id}:{wish.Name}"), X("Arn", ArnOf(role, wish.Name))), X("PackedPolicySize", (wish.PackedLength * 100 + PackedLengthMax - 1) / PackedLengthMax), Optional("SourceIdentity", wish.SourceIdentity),
        ];
    }

    private static string ArnOf(Role role, string session) => Principal.Session(role.Account, "", role.FullName, session).Arn;

    private Session BeginSession(Role role, SessionWish wish, string? provider)
    {
        var now = Now();
        var session = new Session(Names.NewSessionKeyId(), Names.NewSecret(), SessionKind.Role, role.Account, role.Id, role.Name.ToLowerInvariant(), wish.Name, now, now.AddSeconds(wish.Seconds))
        {
            Policies = wish.Policies,
            PolicyArns = wish.PolicyArns,
            Tags = wish.Tags,
            SourceIdentity = wish.SourceIdentity,
            Provider = provider,
        };
        LogBegun(logger, ArnOf(role, wish.Name), session.KeyId, session.Expires);
        return session;
    }

    private Role? Find(string text) =>
        Arn.TryParse(text, out var arn) && arn.Resource.StartsWith("role/", StringComparison.Ordinal) && store.Snapshot.Find(arn.Account)?.FindRole(arn.Resource[(arn.Resource.LastIndexOf('/') + 1)..]) is { } role && role.Arn == text ? role : null;

    private static Arn Parsed(Role role) => Arn.OfIam(role.Account, "role/" + role.FullName);

    private System.Xml.Linq.XElement Show(Session session) => X(
        "Credentials", X("AccessKeyId", session.KeyId), X("SecretAccessKey", session.Secret), X("SessionToken", session.ToToken(seal)), X("Expiration", Time(session.Expires)));

    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());

    private S3Exception Denied(S3Request request, Caller caller, string message)
    {
        LogDenied(logger, request.RequestId, caller.ToString(), message);
        return new(QueryErrors.AccessDenied, message);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "A session of {Arn} has begun, with access key {AccessKeyId}, until {Expires}.")]
    private static partial void LogBegun(ILogger logger, string arn, string accessKeyId, DateTimeOffset expires);

    [LoggerMessage(Level = LogLevel.Information, Message = "Request {Id}: {Principal} gets no session: {Reason}")]
    private static partial void LogDenied(ILogger logger, string id, string principal, string reason);

    /// <summary>How somebody wants his session of a role.</summary>
    private sealed record SessionWish(string Name, int Seconds, ImmutableArray<PolicySource> Policies, ImmutableArray<string> PolicyArns, ImmutableSortedDictionary<string, string> Tags, string? SourceIdentity)
    {
        public int PackedLength => Policies.Sum(policy => policy.Text.Length) + PolicyArns.Sum(arn => arn.Length) + Tags.Sum(tag => tag.Key.Length + tag.Value.Length);

        /// <summary>What must be allowed for it.</summary>
        public IEnumerable<AccessAction> Actions(AccessAction assume, AccessAction tag, AccessAction setSource)
        {
            yield return assume;
            if (!Tags.IsEmpty) yield return tag;
            if (SourceIdentity is not null) yield return setSource;
        }

        /// <exception cref="S3Exception">ValidationError, MalformedPolicyDocument, PackedPolicyTooLarge.</exception>
        public static SessionWish Read(QueryForm form, Role role, int secondsMax)
        {
            var name = form.Required("RoleSessionName");
            if (name.Length < 2 || !Names.IsName(name, Names.SessionLengthMax)) throw IamCall.Invalid("RoleSessionName has 2 to 64 letters, digits or _+=,.@-.");
            var source = form.Find("SourceIdentity");
            if (source is not null && (source.Length < 2 || !Names.IsName(source, Names.SessionLengthMax))) throw IamCall.Invalid("SourceIdentity has 2 to 64 letters, digits or _+=,.@-.");
            var arns = form.Structures("PolicyArns").Select(prefix => form.Required(prefix + "arn")).ToImmutableArray();
            if (arns.Length > PolicyArnsMax) throw IamCall.Invalid($"There may be {PolicyArnsMax} PolicyArns.");
            var tags = form.Structures("Tags").ToImmutableSortedDictionary(prefix => form.Required(prefix + "Key"), prefix => form.Find(prefix + "Value") ?? "", StringComparer.Ordinal);
            if (tags.Count > TagsMax) throw IamCall.Invalid($"There may be {TagsMax} tags.");
            var seconds = form.Number("DurationSeconds", SecondsMin, Math.Max(SecondsMin, secondsMax)) ?? Math.Min(Role.SessionSecondsDefault, secondsMax);
            var wish = new SessionWish(name, seconds, form.Find("Policy") is { Length: > 0 } policy ? [Policy(policy)] : [], arns, tags, source);
            if (wish.PackedLength > PackedLengthMax) throw new S3Exception(QueryErrors.PackedPolicyTooLarge);
            return wish;
        }

        private static PolicySource Policy(string text)
        {
            try
            {
                var source = new PolicySource(text);
                if (source.Identity.Keys.FirstOrDefault(key => !RequestFacts.Knows(key) && !StsFacts.Knows(key)) is { } unknown) throw new S3Exception(QueryErrors.MalformedPolicyDocument, $"The condition key {unknown.Name} is not evaluated here yet.");
                return source;
            }
            catch (PolicyException failure)
            {
                throw new S3Exception(QueryErrors.MalformedPolicyDocument, failure.Message);
            }
        }
    }
}
