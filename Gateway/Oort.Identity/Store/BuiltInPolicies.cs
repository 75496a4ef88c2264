using System.Collections.Frozen;
using Oort.Identity.Model;

namespace Oort.Identity.Store;

/// <summary>Managed policies that every account has, under the names that those of AWS have (IAM User Guide: "AWS managed policies").</summary>
public static class BuiltInPolicies
{
    private const string Account = "aws";

    private static readonly FrozenDictionary<string, ManagedPolicy> byArn = ((IEnumerable<(string Name, string Description, string Actions)>)
    [
        ("AdministratorAccess", "Everything.", "\"*\""),
        ("AmazonS3FullAccess", "Everything in S3.", "\"s3:*\""),
        ("AmazonS3ReadOnlyAccess", "Read and list everything in S3.", "[\"s3:Get*\",\"s3:List*\"]"),
        ("IAMFullAccess", "Everything with users, groups, roles, keys and policies.", "\"iam:*\""),
        ("IAMReadOnlyAccess", "See users, groups, roles, keys and policies.", "[\"iam:Get*\",\"iam:List*\",\"iam:Simulate*\"]"),
        ("ReadOnlyAccess", "Read and list everything.", "[\"s3:Get*\",\"s3:List*\",\"iam:Get*\",\"iam:List*\"]"),
    ]).Select(one => Make(one.Name, one.Description, one.Actions)).ToFrozenDictionary(policy => policy.Arn, StringComparer.Ordinal);

    public static IEnumerable<ManagedPolicy> All => byArn.Values.OrderBy(policy => policy.Name, StringComparer.Ordinal);

    public static ManagedPolicy? Find(string arn) => byArn.GetValueOrDefault(arn);

    private static ManagedPolicy Make(string name, string description, string actions)
    {
        var since = DateTimeOffset.UnixEpoch;
        var source = new PolicySource($$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":{{actions}},"Resource":"*"}]}""");
        return new(Account, "ANPA" + name.ToUpperInvariant(), "/", name, since) { Description = description, Updated = since, DefaultVersion = "v1", Versions = [new("v1", source, since)] };
    }
}
