using System.Collections.Immutable;
using Oort.S3;

namespace Oort.Gateway.Settings;

/// <summary>A kind of configurations of which a bucket can have many, each with an id (S3 API: the type of each name).</summary>
/// <param name="Name">In the names of settings.</param>
/// <param name="Result">Root of the list of them.</param>
internal sealed record ConfigurationKind(string Name, string Result, ConfigurationShape Shape)
{
    /// <summary>Conditions of a filter: as many tags as an object can have.</summary>
    private const int TagCountMax = S3Headers.TagCountMax;

    /// <summary>Fields and tiers that there are, with room for those to come.</summary>
    private const int FieldCountMax = 64;

    private static readonly ConfigurationShape tag = ConfigurationShape.All("Tag", ConfigurationShape.OfText("Key", text => text.Length is > 0 and <= S3Headers.TagKeyLengthMax), ConfigurationShape.OfText("Value", S3Headers.TagValueLengthMax));
    private static readonly ConfigurationShape prefix = ConfigurationShape.OfText("Prefix");
    private static readonly ConfigurationShape accessPoint = ConfigurationShape.OfText("AccessPointArn");
    private static readonly ConfigurationShape id = ConfigurationShape.OfText("Id", IsId);
    private static readonly ConfigurationShape filter = ConfigurationShape.Choice("Filter", prefix, tag, ConfigurationShape.All("And", prefix.Optional(), tag.Times(0, TagCountMax))).Optional();

    public static ConfigurationKind Analytics { get; } = new("analytics", "ListBucketAnalyticsConfigurationResult", ConfigurationShape.All(
        "AnalyticsConfiguration",
        id,
        filter,
        ConfigurationShape.All("StorageClassAnalysis", ConfigurationShape.All(
            "DataExport",
            ConfigurationShape.OneOf("OutputSchemaVersion", "V_1"),
            ConfigurationShape.All("Destination", ConfigurationShape.All(
                "S3BucketDestination", ConfigurationShape.OneOf("Format", "CSV"), ConfigurationShape.OfText("BucketAccountId").Optional(), ConfigurationShape.OfText("Bucket", IsArn), prefix.Optional()))).Optional())));

    public static ConfigurationKind Metrics { get; } = new("metrics", "ListMetricsConfigurationsResult", ConfigurationShape.All(
        "MetricsConfiguration",
        id,
        ConfigurationShape.Choice("Filter", prefix, tag, accessPoint, ConfigurationShape.All("And", prefix.Optional(), tag.Times(0, TagCountMax), accessPoint.Optional())).Optional()));

    public static ConfigurationKind IntelligentTiering { get; } = new("intelligent-tiering", "ListBucketIntelligentTieringConfigurationsOutput", ConfigurationShape.All(
        "IntelligentTieringConfiguration",
        id,
        filter,
        ConfigurationShape.OneOf("Status", "Enabled", "Disabled"),
        ConfigurationShape.All("Tiering", ConfigurationShape.OfNumber("Days", 90, 730), ConfigurationShape.OneOf("AccessTier", "ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS")).Times(1, 2)));

    public static ConfigurationKind Inventory { get; } = new("inventory", "ListInventoryConfigurationsResult", ConfigurationShape.All(
        "InventoryConfiguration",
        id,
        ConfigurationShape.OneOf("IsEnabled", "true", "false"),
        ConfigurationShape.All("Filter", prefix).Optional(),
        ConfigurationShape.OneOf("IncludedObjectVersions", "All", "Current"),
        ConfigurationShape.All("Schedule", ConfigurationShape.OneOf("Frequency", "Daily", "Weekly")),
        ConfigurationShape.All("OptionalFields", ConfigurationShape.OneOf(
            "Field", "Size", "LastModifiedDate", "StorageClass", "ETag", "IsMultipartUploaded", "ReplicationStatus", "EncryptionStatus", "ObjectLockRetainUntilDate", "ObjectLockMode", "ObjectLockLegalHoldStatus",
            "IntelligentTieringAccessTier", "BucketKeyStatus", "ChecksumAlgorithm", "ObjectAccessControlList", "ObjectOwner", "LifecycleExpirationDate").Times(0, FieldCountMax)).Optional(),
        ConfigurationShape.All("Destination", ConfigurationShape.All(
            "S3BucketDestination",
            ConfigurationShape.OfText("AccountId").Optional(),
            ConfigurationShape.OfText("Bucket", IsArn),
            ConfigurationShape.OneOf("Format", "CSV", "ORC", "Parquet"),
            prefix.Optional(),
            ConfigurationShape.Choice("Encryption", ConfigurationShape.All("SSE-S3"), ConfigurationShape.All("SSE-KMS", ConfigurationShape.OfText("KeyId"))).Optional()))));

    public static ImmutableArray<ConfigurationKind> Kinds { get; } = [Analytics, Metrics, IntelligentTiering, Inventory];

    /// <summary>Whether a text names a configuration (S3 API: 64 characters of these at most).</summary>
    public static bool IsId(string text) => text.Length is > 0 and <= 64 && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    private static bool IsArn(string text) => text.StartsWith("arn:", StringComparison.Ordinal) && text.Length <= 1024;
}
