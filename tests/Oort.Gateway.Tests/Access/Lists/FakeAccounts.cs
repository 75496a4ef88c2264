using System.Collections.Immutable;
using System.Text;
using Oort.Access;
using Oort.Access.Policies;
using Oort.Gateway.Access;
using Oort.Identity.Accounts;
using Oort.S3;

namespace Oort.Gateway.Tests.Access.Lists;

/// <summary>Three accounts, each with the key of its root and keys of users; the first has the key of <see cref="Operations.GatewayHost"/>.</summary>
internal sealed class FakeAccounts : IAccountDirectory, IS3Credentials
{
    public static Account Main { get; } = Make("1", "Main", "main@example.com");
    public static Account Other { get; } = Make("2", "Other", "Other@example.com");
    public static Account Third { get; } = Make("3", "Third", null);

    private static readonly Account[] all = [Main, Other, Third];

    public static string KeyOf(Account account) => account == Main ? Operations.GatewayHost.AccessKey : "KEYOF" + account.DisplayName.ToUpperInvariant();

    public Account? FindByCanonicalId(string canonicalId) => Array.Find(all, account => account.CanonicalId == canonicalId);

    public Account? FindByNumber(string number) => Array.Find(all, account => account.Number == number);

    public Account? FindByEmail(string email) => Array.Find(all, account => string.Equals(account.Email, email, StringComparison.OrdinalIgnoreCase));

    public ValueTask<S3Credential?> FindAsync(string accessKeyId, string? sessionToken, CancellationToken cancellationToken) =>
        new(Array.Find(all, account => accessKeyId.StartsWith(KeyOf(account), StringComparison.Ordinal)) is { } found ? new S3Credential(CallerOf(found, accessKeyId), Operations.GatewayHost.SecretKey) : null);

    /// <param name="actions">What the user's own policy allows; null: he has none.</param>
    public static string UserKeyOf(Account account, string? actions) => $"{KeyOf(account)}-user-{actions}";

    private static Caller CallerOf(Account account, string key)
    {
        if (key.Split("-user-") is not [_, var actions]) return Caller.RootOf(key, account.Number, account.CanonicalId, "key of " + account.DisplayName);
        ImmutableArray<PolicyDocument> policies = actions.Length == 0 ? [] : [PolicyDocument.Parse(PolicyKind.Identity, Encoding.UTF8.GetBytes($$"""{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"{{actions}}","Resource":"*"} }"""))];
        return new(key, account.CanonicalId, "a user", Principal.User(account.Number, account.CanonicalId, "ann"), "AIDA", "ann", new() { Identity = policies }, null);
    }

    private static Account Make(string digit, string name, string? email)
    {
        var id = new string(digit[0], 64);
        return new(Accounts.NumberOf(id), id, name, email);
    }
}
