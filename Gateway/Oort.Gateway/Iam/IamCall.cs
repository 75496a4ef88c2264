using System.Collections.Immutable;
using System.Xml.Linq;
using Oort.Access.Policies;
using Oort.Gateway.Access;
using Oort.Identity.Model;
using Oort.Identity.Store;
using Oort.S3;
using static Oort.Gateway.Iam.QueryAnswer;

namespace Oort.Gateway.Iam;

/// <summary>One request to IAM: what is asked, by whom, and what it is carried out with.</summary>
internal sealed class IamCall(QueryForm form, Caller caller, IdentityStore store, ISecretSeal seal, DateTimeOffset now, CancellationToken cancellationToken)
{
    private const int PageSizeDefault = 100;
    private const int PageSizeMax = 1_000;
    private const int TagCountMax = 50;
    private const int TagKeyLengthMax = 128;
    private const int TagValueLengthMax = 256;

    public QueryForm Form => form;

    public Caller Caller => caller;

    public ISecretSeal Seal => seal;

    public IdentityStore Store => store;

    /// <summary>Now, in whole seconds, as answers show it.</summary>
    public DateTimeOffset Now { get; } = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());

    /// <summary>Number of the account that the request is about: the caller's.</summary>
    public string Account => caller.Principal.Account;

    /// <summary>The account as it is.</summary>
    public AccountState State => StateOf(store.Snapshot);

    public CancellationToken CancellationToken => cancellationToken;

    public ValueTask<T> ChangeAsync<T>(Func<IdentityChange, AccountState, T> change) => store.ChangeAsync(made => change(made, StateOf(made.Snapshot)), cancellationToken);

    public ValueTask ChangeAsync(Action<IdentityChange, AccountState> change) => new(store.ChangeAsync(
        made =>
        {
            change(made, StateOf(made.Snapshot));
            return true;
        },
        cancellationToken).AsTask());

    /// <summary>A name of a new thing.</summary>
    public string NewName(string field, int lengthMax) => form.Required(field) is var name && Names.IsName(name, lengthMax) ? name : throw Invalid($"{field} has 1 to {lengthMax} letters, digits or _+=,.@-.");

    /// <summary>The path that is given, or the root's.</summary>
    public string NewPath(string field = "Path") => form.Find(field) is not { } path ? "/" : Names.IsPath(path) ? path : throw Invalid($"{field} begins and ends with a slash and has at most {Names.PathLengthMax} printable characters.");

    public User User(AccountState state, string field = "UserName") => state.FindUser(form.Required(field)) ?? throw NotFound("user", form.Required(field));

    public Group Group(AccountState state) => state.FindGroup(form.Required("GroupName")) ?? throw NotFound("group", form.Required("GroupName"));

    public Role Role(AccountState state) => state.FindRole(form.Required("RoleName")) ?? throw NotFound("role", form.Required("RoleName"));

    /// <summary>The user that is named, or the caller; null: it is the account's root.</summary>
    public User? UserOrSelf(AccountState state)
    {
        if (form.Has("UserName")) return User(state);
        return caller.IsRoot ? null : caller.UserName is { } self ? state.FindUser(self) ?? throw NotFound("user", self) : throw Invalid("Must specify userName when calling with non-User credentials");
    }

    /// <summary>A policy of an identity, checked.</summary>
    public PolicySource Policy(string field = "PolicyDocument") => Checked(form.Required(field), static source => source.Identity);

    /// <summary>A policy about who may assume a role, checked; the users and roles that it names must exist.</summary>
    public PolicySource Trust(string field)
    {
        var source = Checked(form.Required(field), static source => source.Trust);
        foreach (var named in source.Trust.NamedPrincipals)
            if (!IsThere(named)) throw new S3Exception(QueryErrors.MalformedPolicyDocument, $"Invalid principal in policy: {named} does not exist.");
        return source;
    }

    /// <summary>An attached policy that must exist.</summary>
    public ManagedPolicy Managed(AccountState state, string field = "PolicyArn") => state.FindPolicy(form.Required(field)) ?? throw new S3Exception(QueryErrors.NoSuchEntity, $"Policy {form.Required(field)} does not exist.");

    public ImmutableSortedDictionary<string, string> Tags(ImmutableSortedDictionary<string, string> before)
    {
        var tags = before.ToBuilder();
        foreach (var prefix in form.Structures("Tags"))
        {
            var (key, value) = (form.Required(prefix + "Key"), form.Find(prefix + "Value") ?? "");
            if (key.Length > TagKeyLengthMax || value.Length > TagValueLengthMax || (key + value).Any(char.IsControl)) throw Invalid("The key of a tag has 1 to 128 characters, its value at most 256.");
            tags[key] = value;
        }

        return tags.Count <= TagCountMax ? tags.ToImmutable() : throw new S3Exception(QueryErrors.LimitExceeded, $"There may be {TagCountMax} tags.");
    }

    public string? Text(string field, int lengthMax) => form.Find(field) is not { } text ? null : text.Length <= lengthMax && !text.Any(c => char.IsControl(c) && c is not ('\t' or '\n' or '\r')) ? text : throw Invalid($"{field} has at most {lengthMax} characters.");

    /// <summary>A page of what has a path and a name.</summary>
    public IEnumerable<object?> Page<T>(string listName, IEnumerable<KeyValuePair<string, T>> all, Func<T, XElement> show) where T : Entity
    {
        var prefix = form.Find("PathPrefix") ?? "/";
        return Page(listName, all.Where(one => one.Value.Path.StartsWith(prefix, StringComparison.Ordinal)), one => one.Key, one => show(one.Value));
    }

    /// <summary>A page of a list that is in the order of its keys.</summary>
    public IEnumerable<object?> Page<T>(string listName, IEnumerable<T> all, Func<T, string> key, Func<T, XElement> show)
    {
        var marker = form.Find("Marker") ?? "";
        var limit = form.Number("MaxItems", 1, PageSizeMax) ?? PageSizeDefault;
        var found = all.Where(one => string.CompareOrdinal(key(one), marker) > 0).Take(limit + 1).ToList();
        var isTruncated = found.Count > limit;
        return [List(listName, found.Take(limit).Select(show)), X("IsTruncated", isTruncated), isTruncated ? X("Marker", key(found[limit - 1])) : null];
    }

    public static S3Exception Invalid(string message) => new(QueryErrors.ValidationError, message);

    public static S3Exception NotFound(string kind, string name) => new(QueryErrors.NoSuchEntity, $"The {kind} with name {name} cannot be found.");

    public static S3Exception Exists(string kind, string name) => new(QueryErrors.EntityAlreadyExists, $"A {kind} with name {name} already exists.");

    private AccountState StateOf(IdentitySnapshot snapshot) => snapshot.Find(Account) ?? throw new S3Exception(QueryErrors.InvalidClientTokenId);

    private bool IsThere(string principal)
    {
        if (!Oort.Access.Arn.TryParse(principal, out var arn)) return store.Snapshot.Find(principal) is not null;
        if (store.Snapshot.Find(arn.Account) is not { } state) return false;
        var name = arn.Resource[(arn.Resource.LastIndexOf('/') + 1)..];
        return arn.Resource.StartsWith("user/", StringComparison.Ordinal) ? state.FindUser(name)?.Arn == principal : !arn.Resource.StartsWith("role/", StringComparison.Ordinal) || state.FindRole(name)?.Arn == principal;
    }

    private static PolicySource Checked(string text, Func<PolicySource, PolicyDocument> read)
    {
        try
        {
            var source = new PolicySource(text);
            if (read(source).Keys.FirstOrDefault(key => !RequestFacts.Knows(key) && !StsFacts.Knows(key)) is { } unknown) throw new S3Exception(QueryErrors.MalformedPolicyDocument, $"The condition key {unknown.Name} is not evaluated here yet.");
            return source;
        }
        catch (PolicyException failure)
        {
            throw new S3Exception(QueryErrors.MalformedPolicyDocument, failure.Message);
        }
    }
}
