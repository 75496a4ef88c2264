using System.IO.Pipelines;

namespace Oort.S3;

/// <summary>The answer of GetBucketNotificationConfiguration.</summary>
public static partial class S3Xml
{
    public static async ValueTask WriteAsync(PipeWriter pipe, NotificationConfiguration configuration, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("NotificationConfiguration");
        foreach (var one in configuration.Notifications)
        {
            var (element, target) = one.Kind switch
            {
                ConfiguredTarget.Topic => ("TopicConfiguration", "Topic"),
                ConfiguredTarget.Queue => ("QueueConfiguration", "Queue"),
                _ => ("CloudFunctionConfiguration", "CloudFunction"),
            };
            xml.Start(element);
            xml.Optional("Id", one.Id);
            xml.Element(target, one.Arn);
            foreach (var name in one.Events) xml.Element("Event", name);
            if (one.Prefix is not null || one.Suffix is not null)
            {
                xml.Start("Filter");
                xml.Start("S3Key");
                WriteFilterRule(xml, "Prefix", one.Prefix);
                WriteFilterRule(xml, "Suffix", one.Suffix);
                xml.End("S3Key");
                xml.End("Filter");
            }

            xml.End(element);
            await FlushWhenFullAsync(pipe, cancellationToken);
        }

        xml.End("NotificationConfiguration");
        await FlushAsync(pipe, cancellationToken);
    }

    private static void WriteFilterRule(S3XmlWriter xml, string name, string? value)
    {
        if (value is null) return;
        xml.Start("FilterRule");
        xml.Element("Name", name);
        xml.Element("Value", value);
        xml.End("FilterRule");
    }
}
