namespace Oort.S3;

/// <summary>Reads the body of PutBucketNotificationConfiguration.</summary>
public static class NotificationReader
{
    /// <summary>Amazon S3 quotas: "event notifications".</summary>
    public const int NotificationCountMax = 100;

    // Events of one notification to be read: more than there are, so that none is named without being known.
    private const int EventCountMax = 64;

    /// <exception cref="S3Exception">MalformedXML; InvalidArgument: a filter that says a thing twice; NotImplemented: EventBridge.</exception>
    public static NotificationConfiguration Parse(byte[] body) => S3XmlReader.Parse(body, "NotificationConfiguration", xml =>
    {
        var read = new List<ConfiguredNotification>();
        xml.Children(name =>
        {
            if (name == "EventBridgeConfiguration") throw new S3Exception(S3Errors.NotImplemented, "Events cannot be sent to Amazon EventBridge; name a webhook of this service as a queue.");
            if (read.Count == NotificationCountMax) throw S3XmlReader.Malformed($"A notification configuration has at most {NotificationCountMax} entries.");
            read.Add(name switch
            {
                "TopicConfiguration" => Read(xml, ConfiguredTarget.Topic, "Topic"),
                "QueueConfiguration" => Read(xml, ConfiguredTarget.Queue, "Queue"),
                "CloudFunctionConfiguration" => Read(xml, ConfiguredTarget.Function, "CloudFunction"),
                _ => throw S3XmlReader.Unknown(name),
            });
        });
        return new NotificationConfiguration(read);
    });

    private static ConfiguredNotification Read(S3XmlReader xml, ConfiguredTarget kind, string target)
    {
        string? id = null, arn = null;
        (string? Prefix, string? Suffix)? filter = null;
        var events = new List<string>();
        xml.Children(name =>
        {
            if (name == target)
            {
                S3XmlReader.Once(ref arn, xml.Text().Trim(), name);
                return;
            }

            switch (name)
            {
                case "Id": S3XmlReader.Once(ref id, xml.Text(), name); break;
                case "Event":
                    if (events.Count == EventCountMax) throw S3XmlReader.Malformed("A notification has too many events.");
                    events.Add(xml.Text().Trim());
                    break;
                case "Filter":
                    if (filter is not null) throw S3XmlReader.Malformed("The element Filter is there twice.");
                    filter = ReadFilter(xml);
                    break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        if (arn is null) throw S3XmlReader.Malformed($"A notification has a {target}.");
        if (events.Count == 0) throw S3XmlReader.Malformed("A notification has at least one Event.");
        S3Documents.CheckText(id);
        S3Documents.CheckText(filter?.Prefix);
        S3Documents.CheckText(filter?.Suffix);
        return new(kind, id, arn, events, filter?.Prefix, filter?.Suffix);
    }

    private static (string? Prefix, string? Suffix) ReadFilter(S3XmlReader xml)
    {
        string? prefix = null, suffix = null;
        xml.Children(name =>
        {
            if (name != "S3Key") throw S3XmlReader.Unknown(name);
            xml.Children(inner =>
            {
                if (inner != "FilterRule") throw S3XmlReader.Unknown(inner);
                var (rule, value) = ReadRule(xml);
                if (rule.Equals("prefix", StringComparison.OrdinalIgnoreCase)) Set(ref prefix, value, "prefix");
                else if (rule.Equals("suffix", StringComparison.OrdinalIgnoreCase)) Set(ref suffix, value, "suffix");
                else throw new S3Exception(S3Errors.InvalidArgument, "filter rule name must be either prefix or suffix", ("ArgumentName", "FilterRule.Name"), ("ArgumentValue", rule));
            });
        });
        return (prefix, suffix);
    }

    private static (string Name, string Value) ReadRule(S3XmlReader xml)
    {
        string? rule = null, value = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "Name": S3XmlReader.Once(ref rule, xml.Text().Trim(), name); break;
                case "Value": S3XmlReader.Once(ref value, xml.Text(), name); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        return (rule ?? throw S3XmlReader.Malformed("A FilterRule has a Name."), value ?? "");
    }

    private static void Set(ref string? place, string value, string name) =>
        place = place is null ? value : throw new S3Exception(S3Errors.InvalidArgument, $"Cannot specify more than one {name} rule in a filter.", ("ArgumentName", "FilterRule.Name"), ("ArgumentValue", name));
}
