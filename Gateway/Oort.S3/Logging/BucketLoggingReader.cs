namespace Oort.S3;

/// <summary>How the keys of log objects are made (S3 API: TargetObjectKeyFormat).</summary>
public enum LogKeyFormat
{
    /// <summary>Prefix, time and a unique part.</summary>
    Simple,

    /// <summary>Account, region, bucket and day before that; the day of the requests.</summary>
    PartitionedByEvent,

    /// <summary>The same; the day of the delivery.</summary>
    PartitionedByDelivery,
}

/// <summary>A bucket's logging as clients write it (S3 API: LoggingEnabled).</summary>
/// <param name="Grants">TargetGrants: READ, WRITE or FULL_CONTROL.</param>
public sealed record BucketLoggingDocument(string TargetBucket, string TargetPrefix, LogKeyFormat KeyFormat, IReadOnlyList<AclGrant> Grants);

/// <summary>Reads the body of PutBucketLogging.</summary>
public static class BucketLoggingReader
{
    /// <returns>Null: logging is to end.</returns>
    /// <exception cref="S3Exception">MalformedXML, InvalidArgument.</exception>
    public static BucketLoggingDocument? Parse(byte[] body) => S3XmlReader.Parse<BucketLoggingDocument?>(body, "BucketLoggingStatus", xml =>
    {
        BucketLoggingDocument? read = null;
        xml.Children(name =>
        {
            if (name != "LoggingEnabled") throw S3XmlReader.Unknown(name);
            S3XmlReader.Once(ref read, Read(xml), name);
        });
        return read;
    });

    private static BucketLoggingDocument Read(S3XmlReader xml)
    {
        string? bucket = null, prefix = null;
        List<AclGrant>? grants = null;
        LogKeyFormat? format = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "TargetBucket": S3XmlReader.Once(ref bucket, xml.Text(), name); break;
                case "TargetPrefix": S3XmlReader.Once(ref prefix, xml.Text(), name); break;
                case "TargetGrants": S3XmlReader.Once(ref grants, AccessListReader.ReadGrants(xml), name); break;
                case "TargetObjectKeyFormat" when format is null: format = ReadFormat(xml); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        if (bucket is null) throw S3XmlReader.Malformed("LoggingEnabled has a TargetBucket.");
        if (prefix is null) throw S3XmlReader.Malformed("LoggingEnabled has a TargetPrefix.");
        if (grants?.Exists(grant => grant.Permission is AclPermission.ReadAcp or AclPermission.WriteAcp) == true) throw S3XmlReader.Malformed("A Permission of TargetGrants is READ, WRITE or FULL_CONTROL.");
        S3Documents.CheckText(prefix);
        return new(bucket, prefix, format ?? LogKeyFormat.Simple, grants ?? []);
    }

    private static LogKeyFormat ReadFormat(S3XmlReader xml)
    {
        LogKeyFormat? format = null;
        xml.Children(name =>
        {
            if (format is not null) throw S3XmlReader.Malformed("A TargetObjectKeyFormat has one format.");
            switch (name)
            {
                case "SimplePrefix":
                    xml.Children(inner => throw S3XmlReader.Unknown(inner));
                    format = LogKeyFormat.Simple;
                    break;
                case "PartitionedPrefix":
                    format = ReadSource(xml);
                    break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        return format ?? throw S3XmlReader.Malformed("A TargetObjectKeyFormat has a format.");
    }

    private static LogKeyFormat ReadSource(S3XmlReader xml)
    {
        string? source = null;
        xml.Children(name =>
        {
            if (name != "PartitionDateSource") throw S3XmlReader.Unknown(name);
            S3XmlReader.Once(ref source, xml.Text().Trim(), name);
        });
        return source switch
        {
            "EventTime" => LogKeyFormat.PartitionedByEvent,
            "DeliveryTime" or null => LogKeyFormat.PartitionedByDelivery,
            _ => throw S3XmlReader.Malformed("A PartitionDateSource is EventTime or DeliveryTime."),
        };
    }
}
