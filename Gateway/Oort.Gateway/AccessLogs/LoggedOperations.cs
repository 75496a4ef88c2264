using System.Collections.Frozen;
using Oort.S3;

namespace Oort.Gateway.AccessLogs;

/// <summary>Operations as access logs call them: REST, the method, and what it is about (S3 User Guide: "Amazon S3 server access log format", Operation).</summary>
internal static class LoggedOperations
{
    private static readonly FrozenDictionary<S3Operation, string> names = new Dictionary<S3Operation, string>
    {
        [S3Operation.CopyObject] = "REST.COPY.OBJECT",
        [S3Operation.UploadPartCopy] = "REST.COPY.PART",
        [S3Operation.DeleteObjects] = "REST.POST.MULTI_OBJECT_DELETE",
        [S3Operation.CreateMultipartUpload] = "REST.POST.UPLOADS",
        [S3Operation.ListMultipartUploads] = "REST.GET.UPLOADS",
        [S3Operation.UploadPart] = "REST.PUT.PART",
        [S3Operation.CompleteMultipartUpload] = "REST.POST.UPLOAD",
        [S3Operation.AbortMultipartUpload] = "REST.DELETE.UPLOAD",
        [S3Operation.ListParts] = "REST.GET.UPLOAD",
        [S3Operation.ListObjectVersions] = "REST.GET.BUCKETVERSIONS",
        [S3Operation.GetObjectAttributes] = "REST.GET.OBJECT_ATTRIBUTES",
        [S3Operation.RestoreObject] = "REST.POST.RESTORE",
        [S3Operation.GetObjectTagging] = "REST.GET.OBJECT_TAGGING",
        [S3Operation.PutObjectTagging] = "REST.PUT.OBJECT_TAGGING",
        [S3Operation.DeleteObjectTagging] = "REST.DELETE.OBJECT_TAGGING",
        [S3Operation.GetObjectAcl] = "REST.GET.ACL",
        [S3Operation.PutObjectAcl] = "REST.PUT.ACL",
        [S3Operation.GetBucketAcl] = "REST.GET.ACL",
        [S3Operation.PutBucketAcl] = "REST.PUT.ACL",
        [S3Operation.GetBucketLocation] = "REST.GET.LOCATION",
        [S3Operation.GetBucketLogging] = "REST.GET.LOGGING_STATUS",
        [S3Operation.PutBucketLogging] = "REST.PUT.LOGGING_STATUS",
        [S3Operation.GetBucketVersioning] = "REST.GET.VERSIONING",
        [S3Operation.PutBucketVersioning] = "REST.PUT.VERSIONING",
        [S3Operation.GetBucketPolicy] = "REST.GET.BUCKETPOLICY",
        [S3Operation.PutBucketPolicy] = "REST.PUT.BUCKETPOLICY",
        [S3Operation.DeleteBucketPolicy] = "REST.DELETE.BUCKETPOLICY",
        [S3Operation.GetBucketPolicyStatus] = "REST.GET.POLICY_STATUS",
        [S3Operation.GetPublicAccessBlock] = "REST.GET.PUBLIC_ACCESS_BLOCK",
        [S3Operation.PutPublicAccessBlock] = "REST.PUT.PUBLIC_ACCESS_BLOCK",
        [S3Operation.DeletePublicAccessBlock] = "REST.DELETE.PUBLIC_ACCESS_BLOCK",
        [S3Operation.GetBucketLifecycleConfiguration] = "REST.GET.LIFECYCLE",
        [S3Operation.PutBucketLifecycleConfiguration] = "REST.PUT.LIFECYCLE",
        [S3Operation.DeleteBucketLifecycle] = "REST.DELETE.LIFECYCLE",
        [S3Operation.GetBucketNotificationConfiguration] = "REST.GET.NOTIFICATION",
        [S3Operation.PutBucketNotificationConfiguration] = "REST.PUT.NOTIFICATION",
        [S3Operation.GetBucketOwnershipControls] = "REST.GET.OWNERSHIP_CONTROLS",
        [S3Operation.PutBucketOwnershipControls] = "REST.PUT.OWNERSHIP_CONTROLS",
        [S3Operation.DeleteBucketOwnershipControls] = "REST.DELETE.OWNERSHIP_CONTROLS",
        [S3Operation.GetBucketTagging] = "REST.GET.TAGGING",
        [S3Operation.GetBucketCors] = "REST.GET.CORS",
        [S3Operation.GetBucketWebsite] = "REST.GET.WEBSITE",
        [S3Operation.GetBucketReplication] = "REST.GET.REPLICATION",
        [S3Operation.GetBucketEncryption] = "REST.GET.ENCRYPTION",
        [S3Operation.GetBucketRequestPayment] = "REST.GET.REQUEST_PAYMENT",
        [S3Operation.GetBucketAccelerateConfiguration] = "REST.GET.ACCELERATE",
    }.ToFrozenDictionary();

    /// <param name="hasKey">Whether it is about an object, where the operation is not listed above.</param>
    public static string NameOf(S3Operation operation, string method, bool hasKey) =>
        names.GetValueOrDefault(operation) ?? $"REST.{(method is "GET" or "PUT" or "POST" or "DELETE" or "HEAD" or "OPTIONS" ? method : "OTHER")}.{(hasKey ? "OBJECT" : "BUCKET")}";
}
