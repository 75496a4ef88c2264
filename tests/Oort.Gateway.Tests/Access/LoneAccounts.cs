using Oort.Identity.Accounts;

namespace Oort.Gateway.Tests;

/// <summary>No accounts that anybody has made: each is who its key says.</summary>
internal sealed class LoneAccounts : IAccountDirectory
{
    public static LoneAccounts Instance { get; } = new();

    public Account? FindByCanonicalId(string canonicalId) => null;

    public Account? FindByNumber(string number) => null;

    public Account? FindByEmail(string email) => null;
}
