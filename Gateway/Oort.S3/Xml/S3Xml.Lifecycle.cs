using System.IO.Pipelines;

namespace Oort.S3;

/// <summary>The answer of GetBucketLifecycleConfiguration.</summary>
public static partial class S3Xml
{
    public static async ValueTask WriteAsync(PipeWriter pipe, LifecycleConfiguration configuration, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("LifecycleConfiguration");
        foreach (var rule in configuration.Rules)
        {
            xml.Start("Rule");
            xml.Optional("ID", rule.Id);
            WriteFilter(xml, rule.Filter);
            xml.Element("Status", rule.IsEnabled ? "Enabled" : "Disabled");
            WriteExpirations(xml, rule);
            foreach (var transition in rule.Transitions)
            {
                xml.Start("Transition");
                if (transition.Days is { } days) xml.Element("Days", days);
                if (transition.Date is { } date) xml.Element("Date", new DateTimeOffset(date.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero));
                xml.Element("StorageClass", transition.StorageClass);
                xml.End("Transition");
            }

            foreach (var transition in rule.NoncurrentTransitions)
            {
                xml.Start("NoncurrentVersionTransition");
                xml.Element("NoncurrentDays", transition.Days);
                if (transition.NewerVersions is { } newer) xml.Element("NewerNoncurrentVersions", newer);
                xml.Element("StorageClass", transition.StorageClass);
                xml.End("NoncurrentVersionTransition");
            }

            xml.End("Rule");
            await FlushWhenFullAsync(pipe, cancellationToken);
        }

        xml.End("LifecycleConfiguration");
        await FlushAsync(pipe, cancellationToken);
    }

    private static void WriteExpirations(S3XmlWriter xml, ConfiguredRule rule)
    {
        if (rule.Expiration is { } expiration)
        {
            xml.Start("Expiration");
            if (expiration.Days is { } days) xml.Element("Days", days);
            if (expiration.Date is { } date) xml.Element("Date", new DateTimeOffset(date.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero));
            if (expiration.ExpiredMarkers is { } markers) xml.Element("ExpiredObjectDeleteMarker", markers ? "true" : "false");
            xml.End("Expiration");
        }

        if (rule.NoncurrentExpiration is { } noncurrent)
        {
            xml.Start("NoncurrentVersionExpiration");
            xml.Element("NoncurrentDays", noncurrent.Days);
            if (noncurrent.NewerVersions is { } newer) xml.Element("NewerNoncurrentVersions", newer);
            xml.End("NoncurrentVersionExpiration");
        }

        if (rule.AbortAfterDays is not { } after) return;
        xml.Start("AbortIncompleteMultipartUpload");
        xml.Element("DaysAfterInitiation", after);
        xml.End("AbortIncompleteMultipartUpload");
    }

    private static void WriteFilter(S3XmlWriter xml, ConfiguredFilter filter)
    {
        if (filter.Form == ConfiguredFilterForm.Prefix)
        {
            xml.Element("Prefix", filter.Prefix ?? "");
            return;
        }

        xml.Start("Filter");
        if (filter.Form == ConfiguredFilterForm.And) xml.Start("And");
        xml.Optional("Prefix", filter.Prefix);
        foreach (var tag in filter.Tags) WriteTag(xml, tag);
        if (filter.SizeGreaterThan is { } above) xml.Element("ObjectSizeGreaterThan", above);
        if (filter.SizeLessThan is { } below) xml.Element("ObjectSizeLessThan", below);
        if (filter.Form == ConfiguredFilterForm.And) xml.End("And");
        xml.End("Filter");
    }
}
