using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Oort.Access.Policies;

/// <summary>The condition keys that policies may name (IAM User Guide: "AWS global condition context keys"; Service Authorization Reference: "Actions, resources, and condition keys for Amazon S3", IAM, STS). A policy with another is refused: it would never hold, or always.</summary>
public static class ConditionKeys
{
    private static readonly string[] names =
    [
        "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast", "aws:CurrentTime", "aws:EpochTime", "aws:FederatedProvider", "aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent", "aws:PrincipalAccount", "aws:PrincipalArn",
        "aws:PrincipalIsAWSService", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalServiceName", "aws:PrincipalTag/", "aws:PrincipalType", "aws:Referer", "aws:RequestTag/", "aws:RequestedRegion", "aws:ResourceAccount",
        "aws:ResourceOrgID", "aws:ResourceOrgPaths", "aws:ResourceTag/", "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn", "aws:SourceIdentity", "aws:SourceIp", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:SourceVpc", "aws:SourceVpce",
        "aws:TagKeys", "aws:TokenIssueTime", "aws:UserAgent", "aws:ViaAWSService", "aws:VpcSourceIp", "aws:userid", "aws:username",
        "ethereum:address", "ethereum:chain-id",
        "iam:PassedToService", "iam:PermissionsBoundary", "iam:PolicyARN", "iam:ResourceTag/",
        "oidc:amr/", "oidc:aud/", "oidc:azp/", "oidc:email/", "oidc:oaud/", "oidc:sub/",
        "s3:AccessGrantsInstanceArn", "s3:AccessPointNetworkOrigin", "s3:BucketTag/", "s3:DataAccessPointAccount", "s3:DataAccessPointArn", "s3:ExistingObjectTag/", "s3:InventoryAccessibleOptionalFields", "s3:LocationConstraint",
        "s3:ObjectCreationOperation", "s3:RequestObjectTag/", "s3:RequestObjectTagKeys", "s3:ResourceAccount", "s3:TlsVersion", "s3:VersionId", "s3:authType", "s3:delimiter", "s3:if-match", "s3:if-none-match", "s3:max-keys",
        "s3:object-lock-legal-hold", "s3:object-lock-mode", "s3:object-lock-remaining-retention-days", "s3:object-lock-retain-until-date", "s3:prefix", "s3:signatureAge", "s3:signatureversion", "s3:versionid", "s3:x-amz-acl", "s3:x-amz-content-sha256",
        "s3:x-amz-copy-source", "s3:x-amz-grant-full-control", "s3:x-amz-grant-read", "s3:x-amz-grant-read-acp", "s3:x-amz-grant-write", "s3:x-amz-grant-write-acp", "s3:x-amz-metadata-directive", "s3:x-amz-object-ownership",
        "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:x-amz-server-side-encryption-customer-algorithm", "s3:x-amz-storage-class", "s3:x-amz-website-redirect-location",
        "sts:DurationSeconds", "sts:ExternalId", "sts:RoleSessionName", "sts:SourceIdentity", "sts:TransitiveTagKeys", "sts:authentication",
    ];

    /// <summary>What tokens of providers (OpenID Connect) are asked for: policies write the provider in front, <c>accounts.example.com/realm:sub</c>.</summary>
    private const string ClaimFamily = "oidc:";

    /// <summary>All of them, in no order that means something.</summary>
    public static ImmutableArray<ConditionKey> All { get; } = [.. names.DistinctBy(name => name.ToUpperInvariant()).Select((name, index) => new ConditionKey(name.TrimEnd('/'), name[^1] == '/') { Index = index })];

    private static readonly FrozenDictionary<string, ConditionKey> byName = All.ToFrozenDictionary(key => key.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The family of the tags that an object has already.</summary>
    public static ConditionKey ExistingObjectTag { get; } = Get("s3:ExistingObjectTag");

    /// <exception cref="ArgumentException">There is none.</exception>
    public static ConditionKey Get(string name) => byName.TryGetValue(name, out var key) ? key : throw new ArgumentException($"There is no condition key {name}.", nameof(name));

    /// <summary>Finds the key that a policy names.</summary>
    /// <param name="name">What follows the name of a family; else empty.</param>
    internal static bool TryFind(string text, out ConditionKey key, out string name)
    {
        name = "";
        if (byName.TryGetValue(text, out key!)) return !key.IsFamily;
        var colon = text.LastIndexOf(':');
        if (colon > 0 && text.AsSpan(0, colon).ContainsAny('.', ':', '/') && !text.StartsWith(ClaimFamily, StringComparison.OrdinalIgnoreCase) && byName.TryGetValue(ClaimFamily + text[(colon + 1)..], out key!))
        {
            name = text[..colon];
            return true;
        }

        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !byName.TryGetValue(text[..slash], out key!) || !key.IsFamily) return false;
        name = text[(slash + 1)..];
        return name.Length > 0;
    }
}
