using Microsoft.Extensions.Logging.Abstractions;
using Oort.Gateway.Access;
using Oort.Gateway.Operations;
using Oort.Gateway.Tests.Iam;
using Oort.Gateway.Tests.Operations;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Access;

/// <summary>Every operation, by a caller without any right, with just the rights that it needs, and with all others.</summary>
public sealed partial class AccessMatrixTests(TestGateway gateway, IdentityGateway identities)
{
    private const string Tags = "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>";
    private const string Ownership = "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>";
    private const string Keys = "<Delete><Object><Key>key</Key></Object></Delete>";

    /// <summary>Names of the API that the router gives up for their successors.</summary>
    private static readonly S3Operation[] deprecated = [S3Operation.GetBucketLifecycle, S3Operation.PutBucketLifecycle, S3Operation.GetBucketNotification, S3Operation.PutBucketNotification];

    /// <summary>Operation, method, what follows the bucket's name, body, header, and the actions that it is; no action: nobody without an account can be allowed it.</summary>
    private static readonly (S3Operation Operation, string Method, string Target, string? Body, string? Header, string[] Actions)[] rows =
    [
        (S3Operation.ListBuckets, "GET", "", null, null, []),
        (S3Operation.CreateBucket, "PUT", "-new", null, null, []),
        (S3Operation.HeadBucket, "HEAD", "", null, null, ["ListBucket"]),
        (S3Operation.DeleteBucket, "DELETE", "", null, null, ["DeleteBucket"]),
        (S3Operation.GetBucketLocation, "GET", "?location", null, null, ["GetBucketLocation"]),
        (S3Operation.GetBucketVersioning, "GET", "?versioning", null, null, ["GetBucketVersioning"]),
        (S3Operation.PutBucketVersioning, "PUT", "?versioning", "", null, ["PutBucketVersioning"]),
        (S3Operation.GetBucketLifecycleConfiguration, "GET", "?lifecycle", null, null, ["GetLifecycleConfiguration"]),
        (S3Operation.PutBucketLifecycleConfiguration, "PUT", "?lifecycle", "", null, ["PutLifecycleConfiguration"]),
        (S3Operation.DeleteBucketLifecycle, "DELETE", "?lifecycle", null, null, ["PutLifecycleConfiguration"]),
        (S3Operation.GetBucketPolicy, "GET", "?policy", null, null, ["GetBucketPolicy"]),
        (S3Operation.PutBucketPolicy, "PUT", "?policy", "", null, ["PutBucketPolicy"]),
        (S3Operation.DeleteBucketPolicy, "DELETE", "?policy", null, null, ["DeleteBucketPolicy"]),
        (S3Operation.GetBucketPolicyStatus, "GET", "?policyStatus", null, null, ["GetBucketPolicyStatus"]),
        (S3Operation.GetPublicAccessBlock, "GET", "?publicAccessBlock", null, null, ["GetBucketPublicAccessBlock"]),
        (S3Operation.PutPublicAccessBlock, "PUT", "?publicAccessBlock", "", null, ["PutBucketPublicAccessBlock"]),
        (S3Operation.DeletePublicAccessBlock, "DELETE", "?publicAccessBlock", null, null, ["PutBucketPublicAccessBlock"]),
        (S3Operation.GetBucketAcl, "GET", "?acl", null, null, ["GetBucketAcl"]),
        (S3Operation.PutBucketAcl, "PUT", "?acl", "", "x-amz-acl: private", ["PutBucketAcl"]),
        (S3Operation.GetBucketTagging, "GET", "?tagging", null, null, ["GetBucketTagging"]),
        (S3Operation.PutBucketRequestPayment, "PUT", "?requestPayment", "<x/>", null, ["PutBucketRequestPayment"]),
        (S3Operation.PutBucketAccelerateConfiguration, "PUT", "?accelerate", "<x/>", null, ["PutAccelerateConfiguration"]),
        (S3Operation.PutBucketAnalyticsConfiguration, "PUT", "?analytics&id=x", "<x/>", null, ["PutAnalyticsConfiguration"]),
        (S3Operation.DeleteBucketAnalyticsConfiguration, "DELETE", "?analytics&id=x", null, null, ["PutAnalyticsConfiguration"]),
        (S3Operation.PutBucketIntelligentTieringConfiguration, "PUT", "?intelligent-tiering&id=x", "<x/>", null, ["PutIntelligentTieringConfiguration"]),
        (S3Operation.DeleteBucketIntelligentTieringConfiguration, "DELETE", "?intelligent-tiering&id=x", null, null, ["PutIntelligentTieringConfiguration"]),
        (S3Operation.PutBucketInventoryConfiguration, "PUT", "?inventory&id=x", "<x/>", null, ["PutInventoryConfiguration"]),
        (S3Operation.DeleteBucketInventoryConfiguration, "DELETE", "?inventory&id=x", null, null, ["PutInventoryConfiguration"]),
        (S3Operation.PutBucketMetricsConfiguration, "PUT", "?metrics&id=x", "<x/>", null, ["PutMetricsConfiguration"]),
        (S3Operation.DeleteBucketMetricsConfiguration, "DELETE", "?metrics&id=x", null, null, ["PutMetricsConfiguration"]),
        (S3Operation.PutBucketTagging, "PUT", "?tagging", Tags, null, ["PutBucketTagging"]),
        (S3Operation.DeleteBucketTagging, "DELETE", "?tagging", null, null, ["PutBucketTagging"]),
        (S3Operation.GetBucketCors, "GET", "?cors", null, null, ["GetBucketCORS"]),
        (S3Operation.PutBucketCors, "PUT", "?cors", "", null, ["PutBucketCORS"]),
        (S3Operation.DeleteBucketCors, "DELETE", "?cors", null, null, ["PutBucketCORS"]),
        (S3Operation.GetObjectLockConfiguration, "GET", "?object-lock", null, null, ["GetBucketObjectLockConfiguration"]),
        (S3Operation.PutObjectLockConfiguration, "PUT", "?object-lock", "", null, ["PutBucketObjectLockConfiguration"]),
        (S3Operation.GetObjectRetention, "GET", "/key?retention", null, null, ["GetObjectRetention"]),
        (S3Operation.PutObjectRetention, "PUT", "/key?retention", "<Retention/>", null, ["PutObjectRetention"]),
        (S3Operation.PutObjectRetention, "PUT", "/key?retention", "<Retention/>", "x-amz-bypass-governance-retention: true", ["PutObjectRetention", "BypassGovernanceRetention"]),
        (S3Operation.GetObjectLegalHold, "GET", "/key?legal-hold", null, null, ["GetObjectLegalHold"]),
        (S3Operation.PutObjectLegalHold, "PUT", "/key?legal-hold", "<LegalHold><Status>ON</Status></LegalHold>", null, ["PutObjectLegalHold"]),
        (S3Operation.DeleteObject, "DELETE", "/key?versionId=null", null, "x-amz-bypass-governance-retention: true", ["DeleteObjectVersion", "BypassGovernanceRetention"]),
        (S3Operation.PutObject, "PUT", "/key", "text", "x-amz-object-lock-mode: GOVERNANCE", ["PutObject", "PutObjectRetention"]),
        (S3Operation.PutObject, "PUT", "/key", "text", "x-amz-object-lock-legal-hold: ON", ["PutObject", "PutObjectLegalHold"]),
        (S3Operation.GetBucketWebsite, "GET", "?website", null, null, ["GetBucketWebsite"]),
        (S3Operation.PutBucketWebsite, "PUT", "?website", "", null, ["PutBucketWebsite"]),
        (S3Operation.DeleteBucketWebsite, "DELETE", "?website", null, null, ["DeleteBucketWebsite"]),
        (S3Operation.GetBucketReplication, "GET", "?replication", null, null, ["GetReplicationConfiguration"]),
        (S3Operation.GetBucketEncryption, "GET", "?encryption", null, null, ["GetEncryptionConfiguration"]),
        (S3Operation.PutBucketEncryption, "PUT", "?encryption", "", null, ["PutEncryptionConfiguration"]),
        (S3Operation.DeleteBucketEncryption, "DELETE", "?encryption", null, null, ["PutEncryptionConfiguration"]),
        (S3Operation.GetBucketOwnershipControls, "GET", "?ownershipControls", null, null, ["GetBucketOwnershipControls"]),
        (S3Operation.PutBucketOwnershipControls, "PUT", "?ownershipControls", Ownership, null, ["PutBucketOwnershipControls"]),
        (S3Operation.DeleteBucketOwnershipControls, "DELETE", "?ownershipControls", null, null, ["PutBucketOwnershipControls"]),
        (S3Operation.GetBucketRequestPayment, "GET", "?requestPayment", null, null, ["GetBucketRequestPayment"]),
        (S3Operation.GetBucketLogging, "GET", "?logging", null, null, ["GetBucketLogging"]),
        (S3Operation.PutBucketLogging, "PUT", "?logging", "", null, ["PutBucketLogging"]),
        (S3Operation.GetBucketNotificationConfiguration, "GET", "?notification", null, null, ["GetBucketNotification"]),
        (S3Operation.PutBucketNotificationConfiguration, "PUT", "?notification", "", null, ["PutBucketNotification"]),
        (S3Operation.GetBucketAccelerateConfiguration, "GET", "?accelerate", null, null, ["GetAccelerateConfiguration"]),
        (S3Operation.GetBucketAnalyticsConfiguration, "GET", "?analytics&id=x", null, null, ["GetAnalyticsConfiguration"]),
        (S3Operation.ListBucketAnalyticsConfigurations, "GET", "?analytics", null, null, ["GetAnalyticsConfiguration"]),
        (S3Operation.GetBucketIntelligentTieringConfiguration, "GET", "?intelligent-tiering&id=x", null, null, ["GetIntelligentTieringConfiguration"]),
        (S3Operation.ListBucketIntelligentTieringConfigurations, "GET", "?intelligent-tiering", null, null, ["GetIntelligentTieringConfiguration"]),
        (S3Operation.GetBucketInventoryConfiguration, "GET", "?inventory&id=x", null, null, ["GetInventoryConfiguration"]),
        (S3Operation.ListBucketInventoryConfigurations, "GET", "?inventory", null, null, ["GetInventoryConfiguration"]),
        (S3Operation.GetBucketMetricsConfiguration, "GET", "?metrics&id=x", null, null, ["GetMetricsConfiguration"]),
        (S3Operation.ListBucketMetricsConfigurations, "GET", "?metrics", null, null, ["GetMetricsConfiguration"]),
        (S3Operation.ListObjects, "GET", "", null, null, ["ListBucket"]),
        (S3Operation.ListObjectsV2, "GET", "?list-type=2", null, null, ["ListBucket"]),
        (S3Operation.ListObjectVersions, "GET", "?versions", null, null, ["ListBucketVersions"]),
        (S3Operation.ListMultipartUploads, "GET", "?uploads", null, null, ["ListBucketMultipartUploads"]),
        (S3Operation.GetObject, "GET", "/key", null, null, ["GetObject"]),
        (S3Operation.GetObject, "GET", "/key?versionId=null", null, null, ["GetObjectVersion"]),
        (S3Operation.HeadObject, "HEAD", "/key", null, null, ["GetObject"]),
        (S3Operation.HeadObject, "HEAD", "/key?versionId=null", null, null, ["GetObjectVersion"]),
        (S3Operation.GetObjectAttributes, "GET", "/key?attributes", null, "x-amz-object-attributes: ETag", ["GetObject", "GetObjectAttributes"]),
        (S3Operation.GetObjectAttributes, "GET", "/key?attributes&versionId=null", null, "x-amz-object-attributes: ETag", ["GetObjectVersion", "GetObjectVersionAttributes"]),
        (S3Operation.GetObjectAcl, "GET", "/key?acl", null, null, ["GetObjectAcl"]),
        (S3Operation.GetObjectAcl, "GET", "/key?acl&versionId=null", null, null, ["GetObjectVersionAcl"]),
        (S3Operation.PutObjectAcl, "PUT", "/key?acl", "", "x-amz-acl: private", ["PutObjectAcl"]),
        (S3Operation.PutObjectAcl, "PUT", "/key?acl&versionId=null", "", "x-amz-acl: private", ["PutObjectVersionAcl"]),
        (S3Operation.GetObjectTagging, "GET", "/key?tagging", null, null, ["GetObjectTagging"]),
        (S3Operation.GetObjectTagging, "GET", "/key?tagging&versionId=null", null, null, ["GetObjectVersionTagging"]),
        (S3Operation.PutObjectTagging, "PUT", "/key?tagging", Tags, null, ["PutObjectTagging"]),
        (S3Operation.PutObjectTagging, "PUT", "/key?tagging&versionId=null", Tags, null, ["PutObjectVersionTagging"]),
        (S3Operation.DeleteObjectTagging, "DELETE", "/key?tagging", null, null, ["DeleteObjectTagging"]),
        (S3Operation.DeleteObjectTagging, "DELETE", "/key?tagging&versionId=null", null, null, ["DeleteObjectVersionTagging"]),
        (S3Operation.DeleteObject, "DELETE", "/key", null, null, ["DeleteObject"]),
        (S3Operation.DeleteObject, "DELETE", "/key?versionId=null", null, null, ["DeleteObjectVersion"]),
        (S3Operation.DeleteObjects, "POST", "?delete", Keys, "x-amz-checksum-crc32: +0FcTQ==", ["DeleteObject"]),
        (S3Operation.RenameObject, "PUT", "/new?renameObject", null, "x-amz-rename-source: {bucket}/key", ["PutObject", "GetObject", "DeleteObject"]),
        (S3Operation.RestoreObject, "POST", "/key?restore", "<RestoreRequest><Days>1</Days></RestoreRequest>", null, ["RestoreObject"]),
        (S3Operation.PutObject, "PUT", "/key", "text", null, ["PutObject"]),
        (S3Operation.PutObject, "PUT", "/key", "text", "x-amz-tagging: k=v", ["PutObject", "PutObjectTagging"]),
        (S3Operation.PutObject, "PUT", "/key", "text", "x-amz-acl: private", ["PutObject", "PutObjectAcl"]),
        (S3Operation.PutObject, "PUT", "/key", "text", "x-amz-grant-read: id=x", ["PutObject", "PutObjectAcl"]),
        (S3Operation.CreateMultipartUpload, "POST", "/key?uploads", "", "x-amz-acl: private", ["PutObject", "PutObjectAcl"]),
        (S3Operation.CopyObject, "PUT", "/copy", null, "x-amz-copy-source: {bucket}/key", ["PutObject", "GetObject"]),
        (S3Operation.CopyObject, "PUT", "/copy", null, "x-amz-copy-source: {bucket}/key?versionId=null", ["PutObject", "GetObjectVersion"]),
        (S3Operation.CreateMultipartUpload, "POST", "/key?uploads", "", null, ["PutObject"]),
        (S3Operation.CreateMultipartUpload, "POST", "/key?uploads", "", "x-amz-tagging: k=v", ["PutObject", "PutObjectTagging"]),
        (S3Operation.UploadPart, "PUT", "/key?partNumber=1&uploadId=x", "text", null, ["PutObject"]),
        (S3Operation.UploadPartCopy, "PUT", "/key?partNumber=1&uploadId={upload}", null, "x-amz-copy-source: {bucket}/key", ["PutObject", "GetObject"]),
        (S3Operation.CompleteMultipartUpload, "POST", "/key?uploadId=x", "", null, ["PutObject"]),
        (S3Operation.AbortMultipartUpload, "DELETE", "/key?uploadId=x", null, null, ["AbortMultipartUpload"]),
        (S3Operation.ListParts, "GET", "/key?uploadId=x", null, null, ["ListMultipartUploadParts"]),
    ];

    /// <summary>Anybody may ask a preflight; what it is answered is the CORS configuration's matter. Forms are signed in another way: theirs are tried by FormTests.</summary>
    private static readonly S3Operation[] open = [S3Operation.Preflight, S3Operation.PostObject];

    public static TheoryData<int> Rows => [.. Enumerable.Range(0, rows.Length)];

    [Fact]
    public void EveryOperation_ThatIsCarriedOut_HasItsRow()
    {
        var handled = S3Operations.Create(null!, new(), TimeProvider.System, new IdleTiering(), new(null!, LoneAccounts.Instance, new(), TimeProvider.System, NullLogger<AccessGate>.Instance)).Keys.ToHashSet();
        RequiredRights.Operations.ShouldBe(handled, ignoreOrder: true);
        rows.Select(row => row.Operation).Concat(deprecated).Concat(open).Distinct().ShouldBe(handled, ignoreOrder: true);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Operation_ByAnAnonymousCaller_NeedsItsActionsAndNoOthers(int number)
    {
        var (operation, method, rest, body, header, actions) = rows[number];
        (await IsLetInAsync(null)).ShouldBeFalse($"{operation} without a policy");
        if (actions.Length == 0)
        {
            (await IsLetInAsync("\"Action\":\"s3:*\"")).ShouldBeFalse($"{operation} is of no bucket");
            return;
        }

        (await IsLetInAsync($"\"Action\":[{Quoted(actions)}]")).ShouldBeTrue($"{operation} with {string.Join(", ", actions)}");
        foreach (var missing in actions)
            (await IsLetInAsync($"\"NotAction\":[{Quoted([missing])}]")).ShouldBeFalse($"{operation} with all but {missing}");

        async Task<bool> IsLetInAsync(string? allowed)
        {
            var bucket = await gateway.NewBucketAsync();
            await gateway.Client.PutObjectAsync(new() { BucketName = bucket, Key = "key", ContentBody = "content" });
            var upload = (await gateway.Client.InitiateMultipartUploadAsync(bucket, "key")).UploadId;
            if (allowed is not null)
            {
                (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?publicAccessBlock")).Status.ShouldBe(204);
                var policy = $$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",{{allowed}},"Resource":["arn:aws:s3:::{{bucket}}","arn:aws:s3:::{{bucket}}/*"]}]}""";
                (await gateway.Raw.SendAsync("PUT", $"/{bucket}?policy", policy)).Status.ShouldBe(204);
            }

            var target = operation == S3Operation.ListBuckets ? "/" : "/" + bucket + rest.Replace("{upload}", upload, StringComparison.Ordinal);
            (string, string)[] headers = header is null ? [] : [(header[..header.IndexOf(':', StringComparison.Ordinal)], header[(header.IndexOf(':', StringComparison.Ordinal) + 2)..].Replace("{bucket}", bucket, StringComparison.Ordinal))];
            var answer = await AnonymousClient.SendAsync(gateway, method, target, body, headers);
            var isDenied = answer.Text.Contains("AccessDenied", StringComparison.Ordinal) || (method == "HEAD" && answer.Status == 403);
            answer.Status.ShouldBeLessThan(500, answer.Text);
            return !isDenied;
        }
    }

    private static string Quoted(string[] actions) => string.Join(',', actions.Select(action => $"\"s3:{action}\""));
}
