namespace Oort.Access;

/// <summary>What a <see cref="Principal"/> is.</summary>
public enum PrincipalKind
{
    /// <summary>Who has not said who he is.</summary>
    Anonymous,

    /// <summary>An account's own root: it may do everything in its account.</summary>
    Root,

    User,

    /// <summary>Who has taken a role, for a while.</summary>
    AssumedRole,

    /// <summary>Whom somebody else vouches for, and who has not taken a role yet.</summary>
    Federated,

    /// <summary>A service that acts on its own: it may do what a resource's policy gives it by name, and nothing else.</summary>
    Service,
}

/// <summary>Who makes a request.</summary>
/// <param name="Account">12 digits; empty for an anonymous one.</param>
/// <param name="Arn">Of the user, the account's root, the session, or of who vouches for a federated one; a service's name.</param>
/// <param name="Role">Of the role that an assumed one has.</param>
/// <param name="CanonicalId">The account's id in ACLs: 64 hexadecimal digits.</param>
public sealed record Principal(PrincipalKind Kind, string Account, string Arn, string? Role, string CanonicalId)
{
    /// <summary>Vouches for whoever signs with the key of an Ethereum address.</summary>
    public const string WalletProvider = "ethereum";

    public static Principal Anonymous { get; } = new(PrincipalKind.Anonymous, "", "", null, "");

    public static Principal Root(string account, string canonicalId) => new(PrincipalKind.Root, account, Access.Arn.OfIam(account, "root").ToString(), null, canonicalId);

    /// <param name="name">With its path.</param>
    public static Principal User(string account, string canonicalId, string name) => new(PrincipalKind.User, account, Access.Arn.OfIam(account, "user/" + name).ToString(), null, canonicalId);

    /// <param name="role">With its path.</param>
    public static Principal Session(string account, string canonicalId, string role, string session) =>
        new(PrincipalKind.AssumedRole, account, new Arn("aws", "sts", "", account, $"assumed-role/{role[(role.LastIndexOf('/') + 1)..]}/{session}").ToString(), Access.Arn.OfIam(account, "role/" + role).ToString(), canonicalId);

    /// <param name="name">As policies name it, such as logging.s3.amazonaws.com.</param>
    public static Principal Service(string name) => new(PrincipalKind.Service, "", name, null, "");

    /// <param name="provider">ARN of who vouches.</param>
    public static Principal Federated(string provider) => new(PrincipalKind.Federated, "", provider, null, "");
}
