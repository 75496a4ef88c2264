namespace Oort.S3;

/// <summary>A bucket's notifications as clients write them (S3 API: NotificationConfiguration).</summary>
/// <param name="Notifications">In the order given; none: nothing is told any more.</param>
public sealed record NotificationConfiguration(IReadOnlyList<ConfiguredNotification> Notifications);

/// <summary>Of which of S3's kinds a target is written to be.</summary>
public enum ConfiguredTarget
{
    Topic,
    Queue,
    Function,
}

/// <summary>A TopicConfiguration, QueueConfiguration or CloudFunctionConfiguration.</summary>
/// <param name="Id">Null: the client leaves it to the service.</param>
/// <param name="Arn">Of the target, as written.</param>
/// <param name="Events">At least one, as written.</param>
/// <param name="Prefix">Null: not given.</param>
/// <param name="Suffix">Null: not given.</param>
public sealed record ConfiguredNotification(ConfiguredTarget Kind, string? Id, string Arn, IReadOnlyList<string> Events, string? Prefix, string? Suffix);
