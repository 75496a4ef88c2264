namespace Oort.S3;

/// <summary>What a grant gives (S3 API: "What permissions can I grant?").</summary>
public enum AclPermission : byte
{
    None = 0,
    Read = 1,
    Write = 2,
    ReadAcp = 3,
    WriteAcp = 4,
    FullControl = 5,
}

/// <summary>How a grant names to whom it gives.</summary>
public enum AclGranteeKind
{
    /// <summary>By an account's canonical id.</summary>
    Account,

    /// <summary>By an account's e-mail address.</summary>
    Email,

    /// <summary>By a group's URI.</summary>
    Group,
}

/// <summary>One line of an access control list as a client sends it.</summary>
/// <param name="Name">Id, address or URI; not looked up.</param>
/// <param name="Source">The header that it stood in; null: the body.</param>
public readonly record struct AclGrant(AclGranteeKind Kind, string Name, AclPermission Permission, string? Source = null);

/// <summary>Body of PutBucketAcl and PutObjectAcl.</summary>
public sealed record AccessListDocument(string OwnerId, IReadOnlyList<AclGrant> Grants);

/// <summary>One line of a list as it is shown.</summary>
/// <param name="Account">The account; null: a group.</param>
/// <param name="GroupUri">The group; null: an account.</param>
public readonly record struct ShownGrant(S3Owner? Account, string? GroupUri, AclPermission Permission);

/// <summary>What is the same in every list.</summary>
public static class AclNames
{
    /// <summary>S3's limit for the grants of one list.</summary>
    public const int GrantCountMax = 100;

    public const string AllUsers = "http://acs.amazonaws.com/groups/global/AllUsers";
    public const string AuthenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
    public const string LogDelivery = "http://acs.amazonaws.com/groups/s3/LogDelivery";

    public static string NameOf(AclPermission permission) => permission switch
    {
        AclPermission.Read => "READ",
        AclPermission.Write => "WRITE",
        AclPermission.ReadAcp => "READ_ACP",
        AclPermission.WriteAcp => "WRITE_ACP",
        AclPermission.FullControl => "FULL_CONTROL",
        _ => throw new ArgumentOutOfRangeException(nameof(permission)),
    };

    /// <returns><see cref="AclPermission.None"/>: there is none of this name.</returns>
    public static AclPermission Parse(string name) => name switch
    {
        "READ" => AclPermission.Read,
        "WRITE" => AclPermission.Write,
        "READ_ACP" => AclPermission.ReadAcp,
        "WRITE_ACP" => AclPermission.WriteAcp,
        "FULL_CONTROL" => AclPermission.FullControl,
        _ => AclPermission.None,
    };
}
