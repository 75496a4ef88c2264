using System.IO.Pipelines;

namespace Oort.S3;

/// <summary>The answer of GetBucketLogging.</summary>
public static partial class S3Xml
{
    /// <param name="enabled">Null: the bucket logs nothing.</param>
    public static async ValueTask WriteLoggingAsync(PipeWriter pipe, (string Bucket, string Prefix, LogKeyFormat Format)? enabled, IEnumerable<ShownGrant> grants, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("BucketLoggingStatus");
        if (enabled is var (bucket, prefix, format))
        {
            xml.Start("LoggingEnabled");
            xml.Element("TargetBucket", bucket);
            var isFirst = true;
            foreach (var grant in grants)
            {
                if (isFirst) xml.Start("TargetGrants");
                isFirst = false;
                WriteGrant(xml, grant);
            }

            if (!isFirst) xml.End("TargetGrants");
            xml.Element("TargetPrefix", prefix);
            xml.Start("TargetObjectKeyFormat");
            if (format == LogKeyFormat.Simple)
            {
                xml.Element("SimplePrefix", "");
            }
            else
            {
                xml.Start("PartitionedPrefix");
                xml.Element("PartitionDateSource", format == LogKeyFormat.PartitionedByEvent ? "EventTime" : "DeliveryTime");
                xml.End("PartitionedPrefix");
            }

            xml.End("TargetObjectKeyFormat");
            xml.End("LoggingEnabled");
        }

        xml.End("BucketLoggingStatus");
        await FlushAsync(pipe, cancellationToken);
    }
}
