using System.Collections.Frozen;
using Oort.Access.Policies;
using Oort.Gateway.Locks;
using Oort.S3;

namespace Oort.Gateway.Access;

/// <summary>Which actions each operation is (Service Authorization Reference: Amazon S3; S3 API: "Permissions" of each operation). Sources of copies, the keys of DeleteObjects and new tags are asked for by the operations themselves, which read them.</summary>
internal static class RequiredRights
{
    private static readonly FrozenDictionary<S3Operation, Func<S3Request, RequiredRight[]>> table = new Dictionary<S3Operation, Func<S3Request, RequiredRight[]>>
    {
        [S3Operation.ListBuckets] = Right("s3:ListAllMyBuckets", static _ => "*"),
        [S3Operation.CreateBucket] = Create,
        [S3Operation.HeadBucket] = Bucket("s3:ListBucket"),
        [S3Operation.DeleteBucket] = Bucket("s3:DeleteBucket"),
        [S3Operation.GetBucketLocation] = Bucket("s3:GetBucketLocation"),
        [S3Operation.GetBucketVersioning] = Bucket("s3:GetBucketVersioning"),
        [S3Operation.PutBucketVersioning] = Bucket("s3:PutBucketVersioning"),
        [S3Operation.GetBucketLifecycle] = Bucket("s3:GetLifecycleConfiguration"),
        [S3Operation.GetBucketLifecycleConfiguration] = Bucket("s3:GetLifecycleConfiguration"),
        [S3Operation.PutBucketLifecycle] = Bucket("s3:PutLifecycleConfiguration"),
        [S3Operation.PutBucketLifecycleConfiguration] = Bucket("s3:PutLifecycleConfiguration"),
        [S3Operation.DeleteBucketLifecycle] = Bucket("s3:PutLifecycleConfiguration"),
        [S3Operation.GetBucketPolicy] = Bucket("s3:GetBucketPolicy"),
        [S3Operation.PutBucketPolicy] = Bucket("s3:PutBucketPolicy"),
        [S3Operation.DeleteBucketPolicy] = Bucket("s3:DeleteBucketPolicy"),
        [S3Operation.GetBucketPolicyStatus] = Bucket("s3:GetBucketPolicyStatus"),
        [S3Operation.GetPublicAccessBlock] = Bucket("s3:GetBucketPublicAccessBlock"),
        [S3Operation.PutPublicAccessBlock] = Bucket("s3:PutBucketPublicAccessBlock"),
        [S3Operation.DeletePublicAccessBlock] = Bucket("s3:PutBucketPublicAccessBlock"),
        [S3Operation.GetBucketAcl] = Bucket("s3:GetBucketAcl"),
        [S3Operation.PutBucketAcl] = Bucket("s3:PutBucketAcl"),
        [S3Operation.GetBucketTagging] = Bucket("s3:GetBucketTagging"),
        [S3Operation.PutBucketRequestPayment] = Bucket("s3:PutBucketRequestPayment"),
        [S3Operation.PutBucketAccelerateConfiguration] = Bucket("s3:PutAccelerateConfiguration"),
        [S3Operation.PutBucketAnalyticsConfiguration] = Bucket("s3:PutAnalyticsConfiguration"),
        [S3Operation.DeleteBucketAnalyticsConfiguration] = Bucket("s3:PutAnalyticsConfiguration"),
        [S3Operation.PutBucketIntelligentTieringConfiguration] = Bucket("s3:PutIntelligentTieringConfiguration"),
        [S3Operation.DeleteBucketIntelligentTieringConfiguration] = Bucket("s3:PutIntelligentTieringConfiguration"),
        [S3Operation.PutBucketInventoryConfiguration] = Bucket("s3:PutInventoryConfiguration"),
        [S3Operation.DeleteBucketInventoryConfiguration] = Bucket("s3:PutInventoryConfiguration"),
        [S3Operation.PutBucketMetricsConfiguration] = Bucket("s3:PutMetricsConfiguration"),
        [S3Operation.DeleteBucketMetricsConfiguration] = Bucket("s3:PutMetricsConfiguration"),
        [S3Operation.PutBucketTagging] = Bucket("s3:PutBucketTagging"),
        [S3Operation.DeleteBucketTagging] = Bucket("s3:PutBucketTagging"),
        [S3Operation.GetBucketCors] = Bucket("s3:GetBucketCORS"),
        [S3Operation.PutBucketCors] = Bucket("s3:PutBucketCORS"),
        [S3Operation.DeleteBucketCors] = Bucket("s3:PutBucketCORS"),
        [S3Operation.Preflight] = static _ => [],
        [S3Operation.GetObjectLockConfiguration] = Bucket("s3:GetBucketObjectLockConfiguration"),
        [S3Operation.PutObjectLockConfiguration] = Bucket("s3:PutBucketObjectLockConfiguration"),
        [S3Operation.GetObjectRetention] = Object("s3:GetObjectRetention"),
        [S3Operation.PutObjectRetention] = static _ => [],
        [S3Operation.GetObjectLegalHold] = Object("s3:GetObjectLegalHold"),
        [S3Operation.PutObjectLegalHold] = static _ => [],
        [S3Operation.GetBucketWebsite] = Bucket("s3:GetBucketWebsite"),
        [S3Operation.PutBucketWebsite] = Bucket("s3:PutBucketWebsite"),
        [S3Operation.DeleteBucketWebsite] = Bucket("s3:DeleteBucketWebsite"),
        [S3Operation.GetBucketReplication] = Bucket("s3:GetReplicationConfiguration"),
        [S3Operation.GetBucketEncryption] = Bucket("s3:GetEncryptionConfiguration"),
        [S3Operation.PutBucketEncryption] = Bucket("s3:PutEncryptionConfiguration"),
        [S3Operation.DeleteBucketEncryption] = Bucket("s3:PutEncryptionConfiguration"),
        [S3Operation.GetBucketOwnershipControls] = Bucket("s3:GetBucketOwnershipControls"),
        [S3Operation.PutBucketOwnershipControls] = Bucket("s3:PutBucketOwnershipControls"),
        [S3Operation.DeleteBucketOwnershipControls] = Bucket("s3:PutBucketOwnershipControls"),
        [S3Operation.GetBucketRequestPayment] = Bucket("s3:GetBucketRequestPayment"),
        [S3Operation.GetBucketLogging] = Bucket("s3:GetBucketLogging"),
        [S3Operation.PutBucketLogging] = Bucket("s3:PutBucketLogging"),
        [S3Operation.GetBucketNotification] = Bucket("s3:GetBucketNotification"),
        [S3Operation.GetBucketNotificationConfiguration] = Bucket("s3:GetBucketNotification"),
        [S3Operation.PutBucketNotification] = Bucket("s3:PutBucketNotification"),
        [S3Operation.PutBucketNotificationConfiguration] = Bucket("s3:PutBucketNotification"),
        [S3Operation.GetBucketAccelerateConfiguration] = Bucket("s3:GetAccelerateConfiguration"),
        [S3Operation.GetBucketAnalyticsConfiguration] = Bucket("s3:GetAnalyticsConfiguration"),
        [S3Operation.ListBucketAnalyticsConfigurations] = Bucket("s3:GetAnalyticsConfiguration"),
        [S3Operation.GetBucketIntelligentTieringConfiguration] = Bucket("s3:GetIntelligentTieringConfiguration"),
        [S3Operation.ListBucketIntelligentTieringConfigurations] = Bucket("s3:GetIntelligentTieringConfiguration"),
        [S3Operation.GetBucketInventoryConfiguration] = Bucket("s3:GetInventoryConfiguration"),
        [S3Operation.ListBucketInventoryConfigurations] = Bucket("s3:GetInventoryConfiguration"),
        [S3Operation.GetBucketMetricsConfiguration] = Bucket("s3:GetMetricsConfiguration"),
        [S3Operation.ListBucketMetricsConfigurations] = Bucket("s3:GetMetricsConfiguration"),

        [S3Operation.ListObjects] = Bucket("s3:ListBucket"),
        [S3Operation.ListObjectsV2] = Bucket("s3:ListBucket"),
        [S3Operation.ListObjectVersions] = Bucket("s3:ListBucketVersions"),
        [S3Operation.ListMultipartUploads] = Bucket("s3:ListBucketMultipartUploads"),

        [S3Operation.GetObject] = Version("s3:GetObject", "s3:GetObjectVersion"),
        [S3Operation.HeadObject] = Version("s3:GetObject", "s3:GetObjectVersion"),
        [S3Operation.GetObjectAttributes] = Both(Version("s3:GetObject", "s3:GetObjectVersion"), Version("s3:GetObjectAttributes", "s3:GetObjectVersionAttributes")),
        [S3Operation.GetObjectAcl] = Version("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
        [S3Operation.PutObjectAcl] = Version("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
        [S3Operation.GetObjectTagging] = Version("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
        [S3Operation.PutObjectTagging] = static _ => [],
        [S3Operation.DeleteObjectTagging] = Version("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
        [S3Operation.DeleteObject] = Delete,
        [S3Operation.DeleteObjects] = static _ => [],
        [S3Operation.RestoreObject] = Object("s3:RestoreObject"),
        [S3Operation.PutObject] = Write,
        [S3Operation.PostObject] = Write,
        [S3Operation.CopyObject] = Write,
        [S3Operation.CreateMultipartUpload] = Write,
        [S3Operation.RenameObject] = Object("s3:PutObject"),
        [S3Operation.UploadPart] = Object("s3:PutObject"),
        [S3Operation.UploadPartCopy] = Object("s3:PutObject"),
        [S3Operation.CompleteMultipartUpload] = Object("s3:PutObject"),
        [S3Operation.AbortMultipartUpload] = Object("s3:AbortMultipartUpload"),
        [S3Operation.ListParts] = Object("s3:ListMultipartUploadParts"),
    }.ToFrozenDictionary();

    private static readonly AccessAction createBucket = AccessActions.Get("s3:CreateBucket");
    private static readonly AccessAction putBucketAcl = AccessActions.Get("s3:PutBucketAcl");
    private static readonly AccessAction putObject = AccessActions.Get("s3:PutObject");
    private static readonly AccessAction putTags = AccessActions.Get("s3:PutObjectTagging");
    private static readonly AccessAction putVersionTags = AccessActions.Get("s3:PutObjectVersionTagging");
    private static readonly AccessAction putBucketTags = AccessActions.Get("s3:PutBucketTagging");
    private static readonly AccessAction putBucketLock = AccessActions.Get("s3:PutBucketObjectLockConfiguration");
    private static readonly AccessAction putVersioning = AccessActions.Get("s3:PutBucketVersioning");
    private static readonly AccessAction putRetention = AccessActions.Get("s3:PutObjectRetention");
    private static readonly AccessAction putHold = AccessActions.Get("s3:PutObjectLegalHold");
    private static readonly AccessAction getRetention = AccessActions.Get("s3:GetObjectRetention");
    private static readonly AccessAction getHold = AccessActions.Get("s3:GetObjectLegalHold");
    private static readonly AccessAction bypass = AccessActions.Get("s3:BypassGovernanceRetention");
    private static readonly AccessAction putAcl = AccessActions.Get("s3:PutObjectAcl");
    private static readonly AccessAction deleteObject = AccessActions.Get("s3:DeleteObject");
    private static readonly AccessAction deleteVersion = AccessActions.Get("s3:DeleteObjectVersion");
    private static readonly AccessAction getObject = AccessActions.Get("s3:GetObject");
    private static readonly AccessAction getVersion = AccessActions.Get("s3:GetObjectVersion");

    /// <summary>To be told that a key is not there.</summary>
    public static AccessAction List { get; } = AccessActions.Get("s3:ListBucket");

    /// <summary>Operations that have a line here; no other is carried out for anybody.</summary>
    public static IEnumerable<S3Operation> Operations => table.Keys;

    /// <summary>All that must be allowed; null: the operation has no line.</summary>
    public static RequiredRight[]? Of(S3Request request) => table.TryGetValue(request.Operation, out var rights) ? rights(request) : null;

    public static RequiredRight ToDelete(string bucket, string key, string? versionId) => new(versionId is null ? deleteObject : deleteVersion, $"{bucket}/{key}");

    public static RequiredRight ToTag(string bucket, string key, string? versionId) => new(versionId is null ? putTags : putVersionTags, $"{bucket}/{key}");

    public static RequiredRight ToRead(string bucket, string key, string? versionId) => new(versionId is null ? getObject : getVersion, $"{bucket}/{key}");

    public static RequiredRight ToTagBucket(string bucket) => new(putBucketTags, bucket);

    public static RequiredRight ToRetain(string bucket, string key) => new(putRetention, $"{bucket}/{key}");

    public static RequiredRight ToHold(string bucket, string key) => new(putHold, $"{bucket}/{key}");

    public static RequiredRight ToSeeRetention(string bucket, string key) => new(getRetention, $"{bucket}/{key}");

    public static RequiredRight ToSeeHold(string bucket, string key) => new(getHold, $"{bucket}/{key}");

    /// <summary>To end a retention in governance mode before its time.</summary>
    public static RequiredRight ToBypass(string bucket, string key) => new(bypass, $"{bucket}/{key}");

    private static RequiredRight[] Delete(S3Request request)
    {
        var delete = ToDelete(request.Bucket!, request.Key!, request.Query("versionId"));
        return delete.Action == deleteVersion && LockHeaders.Bypasses(request) ? [delete, ToBypass(request.Bucket!, request.Key!)] : [delete];
    }

    private static RequiredRight[] Write(S3Request request)
    {
        var path = PathOf(request);
        var rights = new List<RequiredRight>(1) { new(putObject, path) };
        if (request.Header("x-amz-tagging") is { Length: > 0 }) rights.Add(new(putTags, path));
        if (AccessListHeaders.AreIn(request)) rights.Add(new(putAcl, path));
        if (LockHeaders.AskForRetention(request)) rights.Add(new(putRetention, path));
        if (LockHeaders.AskForHold(request)) rights.Add(new(putHold, path));
        return [.. rights];
    }

    private static RequiredRight[] Create(S3Request request)
    {
        var rights = new List<RequiredRight>(1) { new(createBucket, request.Bucket!) };
        if (AccessListHeaders.AreIn(request)) rights.Add(new(putBucketAcl, request.Bucket!));
        if (LockHeaders.AsksForLocks(request)) rights.AddRange([new(putBucketLock, request.Bucket!), new(putVersioning, request.Bucket!)]);
        // To choose the ownership of one's own new bucket takes no right of its own here; AWS asks for s3:PutBucketOwnershipControls. Policies can forbid it by the key s3:x-amz-object-ownership.
        return [.. rights];
    }

    private static Func<S3Request, RequiredRight[]> Bucket(string action) => Right(action, static request => request.Bucket!);

    private static Func<S3Request, RequiredRight[]> Object(string action) => Right(action, PathOf);

    /// <summary>One action on the current version, another on one that is named.</summary>
    private static Func<S3Request, RequiredRight[]> Version(string current, string named)
    {
        var (ofCurrent, ofNamed) = (AccessActions.Get(current), AccessActions.Get(named));
        return request => [new(request.Query("versionId") is null ? ofCurrent : ofNamed, PathOf(request))];
    }

    private static Func<S3Request, RequiredRight[]> Both(Func<S3Request, RequiredRight[]> one, Func<S3Request, RequiredRight[]> other) => request => [.. one(request), .. other(request)];

    private static Func<S3Request, RequiredRight[]> Right(string action, Func<S3Request, string> path)
    {
        var found = AccessActions.Get(action);
        return request => [new(found, path(request))];
    }

    private static string PathOf(S3Request request) => $"{request.Bucket}/{request.Key}";
}
