namespace Oort.S3;

/// <summary>Every operation of the S3 API, by its name there: 116 of the model of 2026, and two that have no name in it.</summary>
/// <remarks>The router names one for each well-formed request. The four deprecated names share the address of their successors, which the router gives.</remarks>
public enum S3Operation
{
    /// <summary>The request could not be routed.</summary>
    None = 0,

    /// <summary>DELETE /{Bucket}/{Key}?uploadId</summary>
    AbortMultipartUpload,

    /// <summary>POST /{Bucket}/{Key}?uploadId</summary>
    CompleteMultipartUpload,

    /// <summary>PUT /{Bucket}/{Key} with x-amz-copy-source</summary>
    CopyObject,

    /// <summary>PUT /{Bucket}</summary>
    CreateBucket,

    /// <summary>POST /{Bucket}?metadataConfiguration</summary>
    CreateBucketMetadataConfiguration,

    /// <summary>POST /{Bucket}?metadataTable</summary>
    CreateBucketMetadataTableConfiguration,

    /// <summary>POST /{Bucket}/{Key}?uploads</summary>
    CreateMultipartUpload,

    /// <summary>GET /{Bucket}?session</summary>
    CreateSession,

    /// <summary>DELETE /{Bucket}</summary>
    DeleteBucket,

    /// <summary>DELETE /{Bucket}?analytics</summary>
    DeleteBucketAnalyticsConfiguration,

    /// <summary>DELETE /{Bucket}?cors</summary>
    DeleteBucketCors,

    /// <summary>DELETE /{Bucket}?encryption</summary>
    DeleteBucketEncryption,

    /// <summary>DELETE /{Bucket}?intelligent-tiering</summary>
    DeleteBucketIntelligentTieringConfiguration,

    /// <summary>DELETE /{Bucket}?inventory</summary>
    DeleteBucketInventoryConfiguration,

    /// <summary>DELETE /{Bucket}?lifecycle</summary>
    DeleteBucketLifecycle,

    /// <summary>DELETE /{Bucket}?metadataConfiguration</summary>
    DeleteBucketMetadataConfiguration,

    /// <summary>DELETE /{Bucket}?metadataTable</summary>
    DeleteBucketMetadataTableConfiguration,

    /// <summary>DELETE /{Bucket}?metrics</summary>
    DeleteBucketMetricsConfiguration,

    /// <summary>DELETE /{Bucket}?ownershipControls</summary>
    DeleteBucketOwnershipControls,

    /// <summary>DELETE /{Bucket}?policy</summary>
    DeleteBucketPolicy,

    /// <summary>DELETE /{Bucket}?replication</summary>
    DeleteBucketReplication,

    /// <summary>DELETE /{Bucket}?tagging</summary>
    DeleteBucketTagging,

    /// <summary>DELETE /{Bucket}?website</summary>
    DeleteBucketWebsite,

    /// <summary>DELETE /{Bucket}/{Key}</summary>
    DeleteObject,

    /// <summary>DELETE /{Bucket}/{Key}?annotation&amp;annotationName</summary>
    DeleteObjectAnnotation,

    /// <summary>DELETE /{Bucket}/{Key}?tagging</summary>
    DeleteObjectTagging,

    /// <summary>POST /{Bucket}?delete</summary>
    DeleteObjects,

    /// <summary>DELETE /{Bucket}?publicAccessBlock</summary>
    DeletePublicAccessBlock,

    /// <summary>GET /{Bucket}?abac</summary>
    GetBucketAbac,

    /// <summary>GET /{Bucket}?accelerate</summary>
    GetBucketAccelerateConfiguration,

    /// <summary>GET /{Bucket}?acl</summary>
    GetBucketAcl,

    /// <summary>GET /{Bucket}?analytics</summary>
    GetBucketAnalyticsConfiguration,

    /// <summary>GET /{Bucket}?cors</summary>
    GetBucketCors,

    /// <summary>GET /{Bucket}?encryption</summary>
    GetBucketEncryption,

    /// <summary>GET /{Bucket}?intelligent-tiering</summary>
    GetBucketIntelligentTieringConfiguration,

    /// <summary>GET /{Bucket}?inventory</summary>
    GetBucketInventoryConfiguration,

    /// <summary>Deprecated name of GetBucketLifecycleConfiguration.</summary>
    GetBucketLifecycle,

    /// <summary>GET /{Bucket}?lifecycle</summary>
    GetBucketLifecycleConfiguration,

    /// <summary>GET /{Bucket}?location</summary>
    GetBucketLocation,

    /// <summary>GET /{Bucket}?logging</summary>
    GetBucketLogging,

    /// <summary>GET /{Bucket}?metadataConfiguration</summary>
    GetBucketMetadataConfiguration,

    /// <summary>GET /{Bucket}?metadataTable</summary>
    GetBucketMetadataTableConfiguration,

    /// <summary>GET /{Bucket}?metrics</summary>
    GetBucketMetricsConfiguration,

    /// <summary>Deprecated name of GetBucketNotificationConfiguration.</summary>
    GetBucketNotification,

    /// <summary>GET /{Bucket}?notification</summary>
    GetBucketNotificationConfiguration,

    /// <summary>GET /{Bucket}?ownershipControls</summary>
    GetBucketOwnershipControls,

    /// <summary>GET /{Bucket}?policy</summary>
    GetBucketPolicy,

    /// <summary>GET /{Bucket}?policyStatus</summary>
    GetBucketPolicyStatus,

    /// <summary>GET /{Bucket}?replication</summary>
    GetBucketReplication,

    /// <summary>GET /{Bucket}?requestPayment</summary>
    GetBucketRequestPayment,

    /// <summary>GET /{Bucket}?tagging</summary>
    GetBucketTagging,

    /// <summary>GET /{Bucket}?versioning</summary>
    GetBucketVersioning,

    /// <summary>GET /{Bucket}?website</summary>
    GetBucketWebsite,

    /// <summary>GET /{Bucket}/{Key}</summary>
    GetObject,

    /// <summary>GET /{Bucket}/{Key}?acl</summary>
    GetObjectAcl,

    /// <summary>GET /{Bucket}/{Key}?annotation&amp;annotationName</summary>
    GetObjectAnnotation,

    /// <summary>GET /{Bucket}/{Key}?attributes</summary>
    GetObjectAttributes,

    /// <summary>GET /{Bucket}/{Key}?legal-hold</summary>
    GetObjectLegalHold,

    /// <summary>GET /{Bucket}?object-lock</summary>
    GetObjectLockConfiguration,

    /// <summary>GET /{Bucket}/{Key}?retention</summary>
    GetObjectRetention,

    /// <summary>GET /{Bucket}/{Key}?tagging</summary>
    GetObjectTagging,

    /// <summary>GET /{Bucket}/{Key}?torrent</summary>
    GetObjectTorrent,

    /// <summary>GET /{Bucket}?publicAccessBlock</summary>
    GetPublicAccessBlock,

    /// <summary>HEAD /{Bucket}</summary>
    HeadBucket,

    /// <summary>HEAD /{Bucket}/{Key}</summary>
    HeadObject,

    /// <summary>GET /{Bucket}?analytics</summary>
    ListBucketAnalyticsConfigurations,

    /// <summary>GET /{Bucket}?intelligent-tiering</summary>
    ListBucketIntelligentTieringConfigurations,

    /// <summary>GET /{Bucket}?inventory</summary>
    ListBucketInventoryConfigurations,

    /// <summary>GET /{Bucket}?metrics</summary>
    ListBucketMetricsConfigurations,

    /// <summary>GET /</summary>
    ListBuckets,

    /// <summary>GET /?max-directory-buckets</summary>
    ListDirectoryBuckets,

    /// <summary>GET /{Bucket}?uploads</summary>
    ListMultipartUploads,

    /// <summary>GET /{Bucket}/{Key}?annotation</summary>
    ListObjectAnnotations,

    /// <summary>GET /{Bucket}?versions</summary>
    ListObjectVersions,

    /// <summary>GET /{Bucket}</summary>
    ListObjects,

    /// <summary>GET /{Bucket}?list-type=2</summary>
    ListObjectsV2,

    /// <summary>GET /{Bucket}/{Key}?uploadId</summary>
    ListParts,

    /// <summary>PUT /{Bucket}?abac</summary>
    PutBucketAbac,

    /// <summary>PUT /{Bucket}?accelerate</summary>
    PutBucketAccelerateConfiguration,

    /// <summary>PUT /{Bucket}?acl</summary>
    PutBucketAcl,

    /// <summary>PUT /{Bucket}?analytics</summary>
    PutBucketAnalyticsConfiguration,

    /// <summary>PUT /{Bucket}?cors</summary>
    PutBucketCors,

    /// <summary>PUT /{Bucket}?encryption</summary>
    PutBucketEncryption,

    /// <summary>PUT /{Bucket}?intelligent-tiering</summary>
    PutBucketIntelligentTieringConfiguration,

    /// <summary>PUT /{Bucket}?inventory</summary>
    PutBucketInventoryConfiguration,

    /// <summary>Deprecated name of PutBucketLifecycleConfiguration.</summary>
    PutBucketLifecycle,

    /// <summary>PUT /{Bucket}?lifecycle</summary>
    PutBucketLifecycleConfiguration,

    /// <summary>PUT /{Bucket}?logging</summary>
    PutBucketLogging,

    /// <summary>PUT /{Bucket}?metrics</summary>
    PutBucketMetricsConfiguration,

    /// <summary>Deprecated name of PutBucketNotificationConfiguration.</summary>
    PutBucketNotification,

    /// <summary>PUT /{Bucket}?notification</summary>
    PutBucketNotificationConfiguration,

    /// <summary>PUT /{Bucket}?ownershipControls</summary>
    PutBucketOwnershipControls,

    /// <summary>PUT /{Bucket}?policy</summary>
    PutBucketPolicy,

    /// <summary>PUT /{Bucket}?replication</summary>
    PutBucketReplication,

    /// <summary>PUT /{Bucket}?requestPayment</summary>
    PutBucketRequestPayment,

    /// <summary>PUT /{Bucket}?tagging</summary>
    PutBucketTagging,

    /// <summary>PUT /{Bucket}?versioning</summary>
    PutBucketVersioning,

    /// <summary>PUT /{Bucket}?website</summary>
    PutBucketWebsite,

    /// <summary>PUT /{Bucket}/{Key}</summary>
    PutObject,

    /// <summary>PUT /{Bucket}/{Key}?acl</summary>
    PutObjectAcl,

    /// <summary>PUT /{Bucket}/{Key}?annotation&amp;annotationName</summary>
    PutObjectAnnotation,

    /// <summary>PUT /{Bucket}/{Key}?legal-hold</summary>
    PutObjectLegalHold,

    /// <summary>PUT /{Bucket}?object-lock</summary>
    PutObjectLockConfiguration,

    /// <summary>PUT /{Bucket}/{Key}?retention</summary>
    PutObjectRetention,

    /// <summary>PUT /{Bucket}/{Key}?tagging</summary>
    PutObjectTagging,

    /// <summary>PUT /{Bucket}?publicAccessBlock</summary>
    PutPublicAccessBlock,

    /// <summary>PUT /{Bucket}/{Key}?renameObject</summary>
    RenameObject,

    /// <summary>POST /{Bucket}/{Key}?restore</summary>
    RestoreObject,

    /// <summary>POST /{Bucket}/{Key}?select&amp;select-type=2</summary>
    SelectObjectContent,

    /// <summary>PUT /{Bucket}?metadataAnnotationTable</summary>
    UpdateBucketMetadataAnnotationTableConfiguration,

    /// <summary>PUT /{Bucket}?metadataInventoryTable</summary>
    UpdateBucketMetadataInventoryTableConfiguration,

    /// <summary>PUT /{Bucket}?metadataJournalTable</summary>
    UpdateBucketMetadataJournalTableConfiguration,

    /// <summary>PUT /{Bucket}/{Key}?encryption</summary>
    UpdateObjectEncryption,

    /// <summary>PUT /{Bucket}/{Key}?partNumber&amp;uploadId</summary>
    UploadPart,

    /// <summary>PUT /{Bucket}/{Key}?partNumber&amp;uploadId with x-amz-copy-source</summary>
    UploadPartCopy,

    /// <summary>POST /WriteGetObjectResponse</summary>
    WriteGetObjectResponse,

    /// <summary>A browser's form upload: POST /{Bucket} as multipart/form-data, signed by a policy among its fields.</summary>
    PostObject,

    /// <summary>OPTIONS: a browser asks whether a cross-origin request is allowed.</summary>
    Preflight,
}
