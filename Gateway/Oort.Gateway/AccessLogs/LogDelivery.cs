using Oort.Access;
using Oort.Access.Policies;
using Oort.Gateway.Access;
using Oort.Gateway.Access.Lists;
using Oort.Identity.Accounts;
using Oort.Metadata;

namespace Oort.Gateway.AccessLogs;

/// <summary>Whether logs of one bucket may be written to another: the target's policy lets the logging service in, or its list the log delivery group (S3 User Guide: "Permissions for log delivery").</summary>
internal static class LogDelivery
{
    private static readonly AccessAction putObject = AccessActions.Get("s3:PutObject");

    private const string Service = "logging.s3.amazonaws.com";

    /// <summary>A list gives it by these two together.</summary>
    private static readonly S3.AclPermission[] listed = [S3.AclPermission.Write, S3.AclPermission.ReadAcp];

    /// <param name="key">Of the log object; or, where none is there yet, the prefix.</param>
    public static bool IsAllowed(BucketRow source, BucketRow target, BucketAccess access, string key, IAccountDirectory accounts, DateTimeOffset now)
    {
        if (access.Fault is not null) return false;
        var number = NumberOf(accounts, target.OwnerId);
        var facts = new Facts(source, NumberOf(accounts, source.OwnerId), number, now);
        var request = new AccessRequest(Principal.Service(Service), putObject, Arn.OfS3($"{target.Name}/{key}"), number, facts);
        var decision = AccessEvaluator.Decide(request, new() { Resource = access.Policy });
        if (decision.Verdict == AccessVerdict.Denied) return false;
        return decision.IsAllowed || (access.Ownership != ObjectOwnership.BucketOwnerEnforced && listed.All(permission => access.List.Grants.Any(grant => grant.Grantee == Grantee.LogDelivery && grant.Gives(permission))));
    }

    private static string NumberOf(IAccountDirectory accounts, string canonicalId) => accounts.FindByCanonicalId(canonicalId)?.Number ?? Accounts.NumberOf(canonicalId);

    /// <summary>What conditions may ask of the service.</summary>
    private sealed class Facts(BucketRow source, string sourceAccount, string targetAccount, DateTimeOffset now) : AccessContext
    {
        // S3's own canonical ids have 64 characters; accounts that were brought along under a name are known by it, too.
        private const int CanonicalIdLength = 64;

        public override bool TryFind(ConditionKey key, string name, out ConditionValue value)
        {
            string[]? found = key.Name switch
            {
                "aws:SourceArn" => ["arn:aws:s3:::" + source.Name],
                "aws:SourceAccount" => source.OwnerId.Length == CanonicalIdLength ? [sourceAccount] : [sourceAccount, source.OwnerId],
                "aws:PrincipalIsAWSService" => ["true"],
                "aws:PrincipalServiceName" => [Service],
                "aws:ResourceAccount" or "s3:ResourceAccount" => [targetAccount],
                "aws:SecureTransport" => ["true"],
                "aws:CurrentTime" => [now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture)],
                "aws:EpochTime" => [now.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture)],
                _ => null,
            };
            value = found is null ? default : new([.. found]);
            return found is not null;
        }
    }
}
