namespace Oort.S3;

/// <summary>What the headers of a request say of access control: the name of a canned list, grants, or nothing. Never both.</summary>
/// <param name="Canned">x-amz-acl as sent; null: it was not.</param>
/// <param name="Grants">Of x-amz-grant-…, in the order of the permissions.</param>
public sealed record AccessListHeaders(string? Canned, IReadOnlyList<AclGrant> Grants)
{
    public const string CannedHeader = "x-amz-acl";

    private static readonly (string Header, AclPermission Permission)[] grantHeaders =
    [
        ("x-amz-grant-read", AclPermission.Read), ("x-amz-grant-write", AclPermission.Write), ("x-amz-grant-read-acp", AclPermission.ReadAcp), ("x-amz-grant-write-acp", AclPermission.WriteAcp), ("x-amz-grant-full-control", AclPermission.FullControl),
    ];

    /// <summary>Whether the request says anything of it; what it says may be wrong.</summary>
    public static bool AreIn(S3Request request)
    {
        if (request.Header(CannedHeader) is { Length: > 0 }) return true;
        foreach (var (header, _) in grantHeaders)
            if (request.Header(header) is { Length: > 0 }) return true;
        return false;
    }

    /// <exception cref="S3Exception">InvalidRequest: both kinds; InvalidArgument: a grant that cannot be read, or too many.</exception>
    public static AccessListHeaders Read(S3Request request)
    {
        var canned = request.Header(CannedHeader) is { Length: > 0 } name ? name : null;
        var grants = new List<AclGrant>();
        foreach (var (header, permission) in grantHeaders)
            if (request.Header(header) is { Length: > 0 } value) ReadGrants(header, value, permission, grants);
        if (canned is not null && grants.Count > 0) throw new S3Exception(S3Errors.InvalidRequest, "Specifying both Canned ACLs and Header Grants is not allowed");
        return new(canned, grants);
    }

    /// <summary>Reads <c>id="…", emailAddress="…", uri="…"</c>; the quotes may be missing.</summary>
    private static void ReadGrants(string header, string value, AclPermission permission, List<AclGrant> grants)
    {
        foreach (var part in value.Split(',', StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? "" : Unquoted(part[(equals + 1)..].Trim());
            AclGranteeKind? kind = (equals < 0 ? "" : part[..equals].Trim().ToLowerInvariant()) switch
            {
                "id" => AclGranteeKind.Account,
                "emailaddress" => AclGranteeKind.Email,
                "uri" => AclGranteeKind.Group,
                _ => null,
            };
            if (kind is null || name.Length == 0) throw new S3Exception(S3Errors.InvalidArgument, "Argument format not recognized", ("ArgumentName", header), ("ArgumentValue", value));
            if (grants.Count == AclNames.GrantCountMax) throw new S3Exception(S3Errors.InvalidArgument, $"A list has at most {AclNames.GrantCountMax} grants", ("ArgumentName", header));
            grants.Add(new(kind.Value, name, permission, header));
        }
    }

    private static string Unquoted(string text) => text is ['"', .., '"'] or ['\'', .., '\''] ? text[1..^1] : text;
}
