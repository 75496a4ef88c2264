using System.Collections.Immutable;

namespace Oort.Access.Policies;

/// <summary>How directly a policy names a principal.</summary>
internal enum PrincipalMatch
{
    None,

    /// <summary>By its account: the account may pass on what it is given, so that the principal's own policies decide.</summary>
    Account,

    /// <summary>As the role that a session has: the session's limits hold.</summary>
    Role,

    /// <summary>Itself, or as anybody.</summary>
    Direct,
}

/// <summary>The principals that a statement names (IAM User Guide: "AWS JSON policy elements: Principal").</summary>
internal sealed class PrincipalPattern
{
    private const int AccountLength = 12;

    private readonly bool isEverybody;
    private readonly ImmutableHashSet<string> arns;
    private readonly ImmutableHashSet<string> accounts;
    private readonly ImmutableHashSet<string> canonicalIds;
    private readonly ImmutableHashSet<string> providers;
    private readonly ImmutableHashSet<string> services;

    private PrincipalPattern(bool isEverybody, IEnumerable<string> arns, IEnumerable<string> accounts, IEnumerable<string> canonicalIds, IEnumerable<string> providers, IEnumerable<string> services) =>
        (this.isEverybody, this.arns, this.accounts, this.canonicalIds, this.providers, this.services) = (isEverybody, [.. arns], [.. accounts], [.. canonicalIds], [.. providers], [.. services]);

    public static PrincipalPattern Everybody { get; } = new(true, [], [], [], [], []);

    public bool IsEverybody => isEverybody;

    /// <summary>Those named that exist or do not: whoever puts the policy looks.</summary>
    public IEnumerable<string> Arns => arns;

    public IEnumerable<string> CanonicalIds => canonicalIds;

    public IEnumerable<string> Accounts => accounts;

    /// <param name="byKind">AWS, CanonicalUser, Federated, Service, each with its values.</param>
    /// <exception cref="PolicyException">One is none.</exception>
    public static PrincipalPattern Parse(IReadOnlyDictionary<string, IReadOnlyList<string>> byKind)
    {
        var (isEverybody, arns, accounts, canonical, providers, services) = (false, new List<string>(), new List<string>(), new List<string>(), new List<string>(), new List<string>());
        foreach (var (kind, values) in byKind)
            foreach (var value in values)
            {
                switch (kind)
                {
                    case "AWS" when value == "*":
                        isEverybody = true;
                        break;
                    case "AWS" when IsAccount(value):
                        accounts.Add(value);
                        break;
                    case "AWS" when Arn.TryParse(value, out var arn) && arn is { Partition: "aws", Service: "iam", Region: "", Resource: "root" } && IsName(arn.Account):
                        accounts.Add(arn.Account);
                        break;
                    case "AWS" when Arn.TryParse(value, out var arn) && IsUserOrRole(arn):
                        arns.Add(value);
                        break;
                    case "CanonicalUser" when value.Length == 64 && value.All(char.IsAsciiHexDigitLower):
                        canonical.Add(value);
                        break;
                    case "Federated" when value == Principal.WalletProvider || (Arn.TryParse(value, out var arn) && arn is { Partition: "aws", Service: "iam", Region: "" } && IsAccount(arn.Account) && arn.Resource.StartsWith("oidc-provider/", StringComparison.Ordinal)):
                        providers.Add(value);
                        break;
                    case "Service" when value.EndsWith(".amazonaws.com", StringComparison.Ordinal):
                        services.Add(value);
                        break;
                    default:
                        throw new PolicyException($"{kind} \"{value}\" is no principal: that is *, an account's 12 digits, or the ARN of an account's root, a user, a role or a session, without wildcards.");
                }
            }

        return new(isEverybody, arns, accounts, canonical, providers, services);
    }

    public PrincipalMatch Match(Principal principal)
    {
        // Whom somebody else vouches for is let in where that somebody is named.
        if (principal.Kind == PrincipalKind.Federated) return providers.Contains(principal.Arn) ? PrincipalMatch.Direct : PrincipalMatch.None;
        // A service is let in where it is named; what is said of everybody holds for it too where it denies, which any match does.
        if (principal.Kind == PrincipalKind.Service) return services.Contains(principal.Arn) ? PrincipalMatch.Direct : isEverybody ? PrincipalMatch.Account : PrincipalMatch.None;
        if (isEverybody) return PrincipalMatch.Direct;
        if (principal.Kind == PrincipalKind.Anonymous) return PrincipalMatch.None;
        if (arns.Contains(principal.Arn)) return PrincipalMatch.Direct;
        if (principal.Role is { } role && arns.Contains(role)) return PrincipalMatch.Role;
        if (!accounts.Contains(principal.Account) && !canonicalIds.Contains(principal.CanonicalId)) return PrincipalMatch.None;
        return principal.Kind == PrincipalKind.Root ? PrincipalMatch.Direct : PrincipalMatch.Account;
    }

    private static bool IsAccount(string text) => text.Length == AccountLength && text.All(char.IsAsciiDigit);

    /// <summary>Accounts of others than AWS may have names; nobody here has one, so that nobody is meant.</summary>
    private static bool IsName(string text) => text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    /// <summary>Of one account; one without a number is seeded for users outside of accounts, as Ceph's gateway has them.</summary>
    private static bool IsMember(string account) => account.Length == 0 || IsAccount(account);

    private static bool IsUserOrRole(in Arn arn)
    {
        if (arn.Partition != "aws" || arn.Region.Length > 0 || !IsMember(arn.Account) || arn.Resource.AsSpan().ContainsAny('*', '?')) return false;
        return arn.Service switch
        {
            "iam" => arn.Resource.StartsWith("user/", StringComparison.Ordinal) || arn.Resource.StartsWith("role/", StringComparison.Ordinal),
            "sts" => arn.Resource.StartsWith("assumed-role/", StringComparison.Ordinal),
            _ => false,
        };
    }
}
