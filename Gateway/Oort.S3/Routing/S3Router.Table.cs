namespace Oort.S3;

/// <summary>The sub-resources and what each method does with them.</summary>
public static partial class S3Router
{
    /// <param name="List">What GET does without <paramref name="ItemParameter"/>, where that differs.</param>
    private readonly record struct Resource(
        S3Operation Get = S3Operation.None,
        S3Operation Put = S3Operation.None,
        S3Operation Post = S3Operation.None,
        S3Operation Delete = S3Operation.None,
        S3Operation List = S3Operation.None,
        string? ItemParameter = null);

    private static readonly Dictionary<string, Resource> BucketResources = new(StringComparer.Ordinal)
    {
        ["abac"] = new(Get: S3Operation.GetBucketAbac, Put: S3Operation.PutBucketAbac),
        ["accelerate"] = new(Get: S3Operation.GetBucketAccelerateConfiguration, Put: S3Operation.PutBucketAccelerateConfiguration),
        ["acl"] = new(Get: S3Operation.GetBucketAcl, Put: S3Operation.PutBucketAcl),
        ["analytics"] = new(Get: S3Operation.GetBucketAnalyticsConfiguration, Put: S3Operation.PutBucketAnalyticsConfiguration, Delete: S3Operation.DeleteBucketAnalyticsConfiguration, List: S3Operation.ListBucketAnalyticsConfigurations, ItemParameter: "id"),
        ["cors"] = new(Get: S3Operation.GetBucketCors, Put: S3Operation.PutBucketCors, Delete: S3Operation.DeleteBucketCors),
        ["delete"] = new(Post: S3Operation.DeleteObjects),
        ["encryption"] = new(Get: S3Operation.GetBucketEncryption, Put: S3Operation.PutBucketEncryption, Delete: S3Operation.DeleteBucketEncryption),
        ["intelligent-tiering"] = new(Get: S3Operation.GetBucketIntelligentTieringConfiguration, Put: S3Operation.PutBucketIntelligentTieringConfiguration, Delete: S3Operation.DeleteBucketIntelligentTieringConfiguration, List: S3Operation.ListBucketIntelligentTieringConfigurations, ItemParameter: "id"),
        ["inventory"] = new(Get: S3Operation.GetBucketInventoryConfiguration, Put: S3Operation.PutBucketInventoryConfiguration, Delete: S3Operation.DeleteBucketInventoryConfiguration, List: S3Operation.ListBucketInventoryConfigurations, ItemParameter: "id"),
        ["lifecycle"] = new(Get: S3Operation.GetBucketLifecycleConfiguration, Put: S3Operation.PutBucketLifecycleConfiguration, Delete: S3Operation.DeleteBucketLifecycle),
        ["location"] = new(Get: S3Operation.GetBucketLocation),
        ["logging"] = new(Get: S3Operation.GetBucketLogging, Put: S3Operation.PutBucketLogging),
        ["metadataAnnotationTable"] = new(Put: S3Operation.UpdateBucketMetadataAnnotationTableConfiguration),
        ["metadataConfiguration"] = new(Get: S3Operation.GetBucketMetadataConfiguration, Post: S3Operation.CreateBucketMetadataConfiguration, Delete: S3Operation.DeleteBucketMetadataConfiguration),
        ["metadataInventoryTable"] = new(Put: S3Operation.UpdateBucketMetadataInventoryTableConfiguration),
        ["metadataJournalTable"] = new(Put: S3Operation.UpdateBucketMetadataJournalTableConfiguration),
        ["metadataTable"] = new(Get: S3Operation.GetBucketMetadataTableConfiguration, Post: S3Operation.CreateBucketMetadataTableConfiguration, Delete: S3Operation.DeleteBucketMetadataTableConfiguration),
        ["metrics"] = new(Get: S3Operation.GetBucketMetricsConfiguration, Put: S3Operation.PutBucketMetricsConfiguration, Delete: S3Operation.DeleteBucketMetricsConfiguration, List: S3Operation.ListBucketMetricsConfigurations, ItemParameter: "id"),
        ["notification"] = new(Get: S3Operation.GetBucketNotificationConfiguration, Put: S3Operation.PutBucketNotificationConfiguration),
        ["object-lock"] = new(Get: S3Operation.GetObjectLockConfiguration, Put: S3Operation.PutObjectLockConfiguration),
        ["ownershipControls"] = new(Get: S3Operation.GetBucketOwnershipControls, Put: S3Operation.PutBucketOwnershipControls, Delete: S3Operation.DeleteBucketOwnershipControls),
        ["policy"] = new(Get: S3Operation.GetBucketPolicy, Put: S3Operation.PutBucketPolicy, Delete: S3Operation.DeleteBucketPolicy),
        ["policyStatus"] = new(Get: S3Operation.GetBucketPolicyStatus),
        ["publicAccessBlock"] = new(Get: S3Operation.GetPublicAccessBlock, Put: S3Operation.PutPublicAccessBlock, Delete: S3Operation.DeletePublicAccessBlock),
        ["replication"] = new(Get: S3Operation.GetBucketReplication, Put: S3Operation.PutBucketReplication, Delete: S3Operation.DeleteBucketReplication),
        ["requestPayment"] = new(Get: S3Operation.GetBucketRequestPayment, Put: S3Operation.PutBucketRequestPayment),
        ["session"] = new(Get: S3Operation.CreateSession),
        ["tagging"] = new(Get: S3Operation.GetBucketTagging, Put: S3Operation.PutBucketTagging, Delete: S3Operation.DeleteBucketTagging),
        ["uploads"] = new(Get: S3Operation.ListMultipartUploads),
        ["versioning"] = new(Get: S3Operation.GetBucketVersioning, Put: S3Operation.PutBucketVersioning),
        ["versions"] = new(Get: S3Operation.ListObjectVersions),
        ["website"] = new(Get: S3Operation.GetBucketWebsite, Put: S3Operation.PutBucketWebsite, Delete: S3Operation.DeleteBucketWebsite),
    };

    private static readonly Dictionary<string, Resource> ObjectResources = new(StringComparer.Ordinal)
    {
        ["acl"] = new(Get: S3Operation.GetObjectAcl, Put: S3Operation.PutObjectAcl),
        ["annotation"] = new(Get: S3Operation.GetObjectAnnotation, Put: S3Operation.PutObjectAnnotation, Delete: S3Operation.DeleteObjectAnnotation, List: S3Operation.ListObjectAnnotations, ItemParameter: "annotationName"),
        ["attributes"] = new(Get: S3Operation.GetObjectAttributes),
        ["encryption"] = new(Put: S3Operation.UpdateObjectEncryption),
        ["legal-hold"] = new(Get: S3Operation.GetObjectLegalHold, Put: S3Operation.PutObjectLegalHold),
        ["renameObject"] = new(Put: S3Operation.RenameObject),
        ["restore"] = new(Post: S3Operation.RestoreObject),
        ["retention"] = new(Get: S3Operation.GetObjectRetention, Put: S3Operation.PutObjectRetention),
        ["select"] = new(Post: S3Operation.SelectObjectContent),
        ["tagging"] = new(Get: S3Operation.GetObjectTagging, Put: S3Operation.PutObjectTagging, Delete: S3Operation.DeleteObjectTagging),
        ["torrent"] = new(Get: S3Operation.GetObjectTorrent),
        // Whose methods also depend on partNumber and headers: RouteUpload.
        ["uploadId"] = default,
        ["uploads"] = new(Post: S3Operation.CreateMultipartUpload),
    };
}
