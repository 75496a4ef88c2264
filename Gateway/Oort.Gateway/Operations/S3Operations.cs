using System.Collections.Frozen;
using Oort.Gateway.Access;
using Oort.Gateway.Errors;
using Oort.Gateway.Locks;
using Oort.Gateway.Settings;
using Oort.Objects;
using Oort.Objects.Tiering;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>Every S3 operation that this gateway carries out, by name. The others are answered NotImplemented by the pipeline.</summary>
internal static class S3Operations
{
    private delegate ValueTask Operation(OperationContext context, S3Request request, CancellationToken cancellationToken);

    private static readonly FrozenDictionary<S3Operation, Operation> table = Table().ToFrozenDictionary();

    /// <summary>Binds the operations to what they work on.</summary>
    /// <param name="layer">The stored objects.</param>
    /// <param name="options">Region and limits.</param>
    /// <param name="time">For times of buckets and uploads, and for keeping slow answers alive.</param>
    /// <param name="tiering">Who brings versions back from archives.</param>
    /// <param name="gate">Who may do what; the pipeline asks it first.</param>
    /// <param name="imports">Where what has not come yet is found; null: no bucket is being imported.</param>
    /// <param name="notifications">To whom buckets may tell of changes; null: to nobody.</param>
    public static IReadOnlyDictionary<S3Operation, S3Handler> Create(IObjectLayer layer, GatewayS3Options options, TimeProvider time, ITiering tiering, AccessGate gate, Imports.ImportService? imports = null, Notifications.NotificationService? notifications = null)
    {
        var context = new OperationContext(layer, options, time, tiering, gate, imports) { Notifications = notifications };
        IReadOnlyDictionary<S3Operation, S3Handler> handlers = table.ToFrozenDictionary(pair => pair.Key, pair => Bind(pair.Value, context));
        if (imports is not null) handlers = Imports.ImportedReads.Wrap(handlers, context, imports);
        return handlers.ToFrozenDictionary(pair => pair.Key, pair => Discreet(pair.Value, gate));
    }

    private static S3Handler Bind(Operation operation, OperationContext context) => (request, cancellationToken) => operation(context, request, cancellationToken);

    /// <summary>Who may not list a bucket is not told that a key is not there.</summary>
    private static S3Handler Discreet(S3Handler inner, AccessGate gate) => async (request, cancellationToken) =>
    {
        try
        {
            await inner(request, cancellationToken);
        }
        catch (S3Exception missing) when (missing.Error == S3Errors.NoSuchKey || missing.Error == S3Errors.NoSuchVersion)
        {
            if (!await gate.MayListAsync(request, cancellationToken)) throw new S3Exception(S3Errors.AccessDenied);
            throw;
        }
    };

    private static Dictionary<S3Operation, Operation> Table()
    {
        var operations = new Dictionary<S3Operation, Operation>
        {
            [S3Operation.ListBuckets] = Buckets.ListAsync,
            [S3Operation.CreateBucket] = CreateBucket.HandleAsync,
            [S3Operation.HeadBucket] = Buckets.HeadAsync,
            [S3Operation.DeleteBucket] = Buckets.DeleteAsync,
            [S3Operation.GetBucketLocation] = Buckets.GetLocationAsync,
            [S3Operation.GetBucketVersioning] = BucketVersioning.GetAsync,
            [S3Operation.PutBucketVersioning] = BucketVersioning.PutAsync,
            [S3Operation.GetBucketLifecycleConfiguration] = BucketLifecycle.GetAsync,
            [S3Operation.GetBucketLifecycle] = BucketLifecycle.GetAsync,
            [S3Operation.PutBucketLifecycleConfiguration] = BucketLifecycle.PutAsync,
            [S3Operation.PutBucketLifecycle] = BucketLifecycle.PutAsync,
            [S3Operation.DeleteBucketLifecycle] = BucketLifecycle.DeleteAsync,
            [S3Operation.GetBucketEncryption] = BucketEncryptions.GetAsync,
            [S3Operation.PutBucketEncryption] = BucketEncryptions.PutAsync,
            [S3Operation.DeleteBucketEncryption] = BucketEncryptions.DeleteAsync,
            [S3Operation.GetBucketLogging] = BucketLogging.GetAsync,
            [S3Operation.PutBucketLogging] = BucketLogging.PutAsync,
            [S3Operation.GetBucketNotification] = BucketNotifications.GetAsync,
            [S3Operation.GetBucketNotificationConfiguration] = BucketNotifications.GetAsync,
            [S3Operation.PutBucketNotification] = BucketNotifications.PutAsync,
            [S3Operation.PutBucketNotificationConfiguration] = BucketNotifications.PutAsync,
            [S3Operation.GetBucketPolicy] = BucketPolicies.GetAsync,
            [S3Operation.PutBucketPolicy] = BucketPolicies.PutAsync,
            [S3Operation.DeleteBucketPolicy] = BucketPolicies.DeleteAsync,
            [S3Operation.GetBucketPolicyStatus] = BucketPolicies.GetStatusAsync,
            [S3Operation.GetBucketCors] = BucketCors.GetAsync,
            [S3Operation.PutBucketCors] = BucketCors.PutAsync,
            [S3Operation.DeleteBucketCors] = BucketCors.DeleteAsync,
            [S3Operation.GetBucketWebsite] = BucketWebsite.GetAsync,
            [S3Operation.PutBucketWebsite] = BucketWebsite.PutAsync,
            [S3Operation.DeleteBucketWebsite] = BucketWebsite.DeleteAsync,
            [S3Operation.Preflight] = BucketCors.PreflightAsync,
            [S3Operation.GetPublicAccessBlock] = BucketPublicAccess.GetAsync,
            [S3Operation.PutPublicAccessBlock] = BucketPublicAccess.PutAsync,
            [S3Operation.DeletePublicAccessBlock] = BucketPublicAccess.DeleteAsync,

            [S3Operation.PutObject] = PutObject.HandleAsync,
            [S3Operation.PostObject] = PostObject.HandleAsync,
            [S3Operation.CopyObject] = CopyObject.HandleAsync,
            [S3Operation.GetObject] = GetObject.HandleGetAsync,
            [S3Operation.HeadObject] = GetObject.HandleHeadAsync,
            [S3Operation.GetObjectAttributes] = GetObjectAttributes.HandleAsync,
            [S3Operation.DeleteObject] = DeleteObject.HandleAsync,
            [S3Operation.DeleteObjects] = DeleteObjects.HandleAsync,
            [S3Operation.RestoreObject] = RestoreObject.HandleAsync,
            [S3Operation.RenameObject] = RenameObject.HandleAsync,
            [S3Operation.GetObjectTagging] = ObjectTagging.GetAsync,
            [S3Operation.PutObjectTagging] = ObjectTagging.PutAsync,
            [S3Operation.DeleteObjectTagging] = ObjectTagging.DeleteAsync,

            [S3Operation.GetBucketRequestPayment] = BucketPayment.GetAsync,
            [S3Operation.PutBucketRequestPayment] = BucketPayment.PutAsync,
            [S3Operation.GetBucketAccelerateConfiguration] = BucketAcceleration.GetAsync,
            [S3Operation.PutBucketAccelerateConfiguration] = BucketAcceleration.PutAsync,
            [S3Operation.GetBucketAnalyticsConfiguration] = ListedConfigurations.Analytics.GetAsync,
            [S3Operation.PutBucketAnalyticsConfiguration] = ListedConfigurations.Analytics.PutAsync,
            [S3Operation.DeleteBucketAnalyticsConfiguration] = ListedConfigurations.Analytics.DeleteAsync,
            [S3Operation.ListBucketAnalyticsConfigurations] = ListedConfigurations.Analytics.ListAsync,
            [S3Operation.GetBucketIntelligentTieringConfiguration] = ListedConfigurations.IntelligentTiering.GetAsync,
            [S3Operation.PutBucketIntelligentTieringConfiguration] = ListedConfigurations.IntelligentTiering.PutAsync,
            [S3Operation.DeleteBucketIntelligentTieringConfiguration] = ListedConfigurations.IntelligentTiering.DeleteAsync,
            [S3Operation.ListBucketIntelligentTieringConfigurations] = ListedConfigurations.IntelligentTiering.ListAsync,
            [S3Operation.GetBucketInventoryConfiguration] = ListedConfigurations.Inventory.GetAsync,
            [S3Operation.PutBucketInventoryConfiguration] = ListedConfigurations.Inventory.PutAsync,
            [S3Operation.DeleteBucketInventoryConfiguration] = ListedConfigurations.Inventory.DeleteAsync,
            [S3Operation.ListBucketInventoryConfigurations] = ListedConfigurations.Inventory.ListAsync,
            [S3Operation.GetBucketMetricsConfiguration] = ListedConfigurations.Metrics.GetAsync,
            [S3Operation.PutBucketMetricsConfiguration] = ListedConfigurations.Metrics.PutAsync,
            [S3Operation.DeleteBucketMetricsConfiguration] = ListedConfigurations.Metrics.DeleteAsync,
            [S3Operation.ListBucketMetricsConfigurations] = ListedConfigurations.Metrics.ListAsync,
            [S3Operation.GetBucketTagging] = BucketTags.GetAsync,
            [S3Operation.PutBucketTagging] = BucketTags.PutAsync,
            [S3Operation.DeleteBucketTagging] = BucketTags.DeleteAsync,
            [S3Operation.GetObjectLockConfiguration] = BucketLocks.GetAsync,
            [S3Operation.PutObjectLockConfiguration] = BucketLocks.PutAsync,
            [S3Operation.GetObjectRetention] = VersionLocks.GetRetentionAsync,
            [S3Operation.PutObjectRetention] = VersionLocks.PutRetentionAsync,
            [S3Operation.GetObjectLegalHold] = VersionLocks.GetHoldAsync,
            [S3Operation.PutObjectLegalHold] = VersionLocks.PutHoldAsync,

            [S3Operation.ListObjects] = ListObjects.HandleV1Async,
            [S3Operation.ListObjectsV2] = ListObjects.HandleV2Async,
            [S3Operation.ListObjectVersions] = ListObjectVersions.HandleAsync,

            [S3Operation.CreateMultipartUpload] = MultipartUploads.CreateAsync,
            [S3Operation.UploadPart] = UploadPart.HandleAsync,
            [S3Operation.UploadPartCopy] = UploadPart.HandleCopyAsync,
            [S3Operation.CompleteMultipartUpload] = CompleteMultipartUpload.HandleAsync,
            [S3Operation.AbortMultipartUpload] = MultipartUploads.AbortAsync,
            [S3Operation.ListParts] = MultipartListings.ListPartsAsync,
            [S3Operation.ListMultipartUploads] = MultipartListings.ListUploadsAsync,

            [S3Operation.GetBucketAcl] = BucketLists.GetAsync,
            [S3Operation.PutBucketAcl] = BucketLists.PutAsync,
            [S3Operation.GetBucketOwnershipControls] = BucketOwnership.GetAsync,
            [S3Operation.PutBucketOwnershipControls] = BucketOwnership.PutAsync,
            [S3Operation.DeleteBucketOwnershipControls] = BucketOwnership.DeleteAsync,
            [S3Operation.GetObjectAcl] = ObjectLists.GetAsync,
            [S3Operation.PutObjectAcl] = ObjectLists.PutAsync,
        };
        foreach (var operation in BucketConfigurations.Operations) operations.Add(operation, BucketConfigurations.HandleAsync);
        return operations;
    }
}
