using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Oort.Metadata;
using Oort.Objects.Tiering;

namespace Oort.Objects.Events;

/// <summary>An event as it is stored and sent: S3's own message (S3 User Guide: "Event message structure"; docs/formats/event.md).</summary>
internal static class EventRecord
{
    /// <summary>The first byte of a stored event; what is sent follows.</summary>
    public const byte Version = 1;

    // Of an event with a key of ordinary length.
    private const int SizeGuess = 1024;

    private const string TimeForm = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>Without "s3:".</summary>
    public static string NameOf(ChangeCause cause, in DecidedChange change) => cause switch
    {
        ChangeCause.Put => "ObjectCreated:Put",
        ChangeCause.Post => "ObjectCreated:Post",
        ChangeCause.Copy => "ObjectCreated:Copy",
        ChangeCause.CompleteMultipartUpload => "ObjectCreated:CompleteMultipartUpload",
        ChangeCause.Delete => change.IsRemoved ? "ObjectRemoved:Delete" : "ObjectRemoved:DeleteMarkerCreated",
        ChangeCause.PutTags => "ObjectTagging:Put",
        ChangeCause.DeleteTags => "ObjectTagging:Delete",
        ChangeCause.PutAcl => "ObjectAcl:Put",
        ChangeCause.RestoreRequested => "ObjectRestore:Post",
        ChangeCause.RestoreCompleted => "ObjectRestore:Completed",
        ChangeCause.RestoreExpired => "ObjectRestore:Delete",
        ChangeCause.LifecycleExpiration => change.IsRemoved ? "LifecycleExpiration:Delete" : "LifecycleExpiration:DeleteMarkerCreated",
        ChangeCause.LifecycleTransition => "LifecycleTransition",
        _ => throw new ArgumentOutOfRangeException(nameof(cause)),
    };

    /// <summary>What is stored of an event for one rule.</summary>
    /// <param name="name">Without "s3:".</param>
    public static byte[] Write(string name, NotificationRule rule, ChangeCause cause, ChangeOrigin origin, in DecidedChange change)
    {
        var buffer = Begin(out var json);
        json.WriteStartArray("Records");
        json.WriteStartObject();
        json.WriteString("eventVersion", cause <= ChangeCause.Delete || cause is ChangeCause.RestoreRequested or ChangeCause.RestoreCompleted ? "2.1" : "2.3");
        json.WriteString("eventSource", "aws:s3");
        json.WriteString("awsRegion", change.Bucket.Region);
        json.WriteString("eventTime", Text(change.Time));
        json.WriteString("eventName", name);
        WritePrincipal(json, "userIdentity", origin.PrincipalId);
        json.WriteStartObject("requestParameters");
        json.WriteString("sourceIPAddress", origin.SourceAddress);
        json.WriteEndObject();
        json.WriteStartObject("responseElements");
        json.WriteString("x-amz-request-id", origin.RequestId);
        json.WriteString("x-amz-id-2", origin.HostId);
        json.WriteEndObject();
        json.WriteStartObject("s3");
        json.WriteString("s3SchemaVersion", "1.0");
        json.WriteString("configurationId", rule.Id);
        json.WriteStartObject("bucket");
        json.WriteString("name", change.Bucket.Name);
        WritePrincipal(json, "ownerIdentity", change.Bucket.OwnerId);
        json.WriteString("arn", "arn:aws:s3:::" + change.Bucket.Name);
        json.WriteEndObject();
        WriteObject(json, change);
        json.WriteEndObject();
        if (cause == ChangeCause.RestoreCompleted) WriteRestore(json, change.Version);
        json.WriteEndObject();
        json.WriteEndArray();
        return End(json, buffer);
    }

    /// <summary>What is stored of the event that a configuration is tried with.</summary>
    public static byte[] WriteTest(BucketRow bucket, ChangeOrigin origin, DateTimeOffset now)
    {
        var buffer = Begin(out var json);
        json.WriteString("Service", "Amazon S3");
        json.WriteString("Event", "s3:TestEvent");
        json.WriteString("Time", Text(now));
        json.WriteString("Bucket", bucket.Name);
        json.WriteString("RequestId", origin.RequestId);
        json.WriteString("HostId", origin.HostId);
        return End(json, buffer);
    }

    private static void WriteObject(Utf8JsonWriter json, in DecidedChange change)
    {
        var version = change.Version;
        json.WriteStartObject("object");
        json.WriteString("key", WebUtility.UrlEncode(version.Key).Replace("%2F", "/", StringComparison.Ordinal));
        if (!change.IsRemoved && !version.IsDeleteMarker)
        {
            json.WriteNumber("size", version.Size);
            json.WriteString("eTag", version.ETag);
        }

        if (change.Bucket.Versioning != VersioningState.Unversioned) json.WriteString("versionId", version.IdText);
        json.WriteString("sequencer", change.Generation.ToString("X16", CultureInfo.InvariantCulture));
        json.WriteEndObject();
    }

    private static void WriteRestore(Utf8JsonWriter json, VersionRow version)
    {
        json.WriteStartObject("glacierEventData");
        json.WriteStartObject("restoreEventData");
        if (RestoreState.Of(version)?.Expires is { } expires) json.WriteString("lifecycleRestorationExpiryTime", Text(expires));
        json.WriteString("lifecycleRestoreStorageClass", version.StorageClass);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WritePrincipal(Utf8JsonWriter json, string name, string id)
    {
        json.WriteStartObject(name);
        json.WriteString("principalId", id);
        json.WriteEndObject();
    }

    private static ArrayBufferWriter<byte> Begin(out Utf8JsonWriter json)
    {
        var buffer = new ArrayBufferWriter<byte>(SizeGuess);
        buffer.GetSpan(1)[0] = Version;
        buffer.Advance(1);
        json = new(buffer);
        json.WriteStartObject();
        return buffer;
    }

    private static byte[] End(Utf8JsonWriter json, ArrayBufferWriter<byte> buffer)
    {
        json.WriteEndObject();
        json.Dispose();
        return buffer.WrittenSpan.ToArray();
    }

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString(TimeForm, CultureInfo.InvariantCulture);
}
