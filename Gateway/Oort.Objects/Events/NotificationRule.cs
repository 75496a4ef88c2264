using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Oort.Objects.Events;

/// <summary>Under which name a client wrote a rule, which is the one under which it is given back.</summary>
public enum NotificationForm
{
    Topic,
    Queue,
    Function,
}

/// <summary>Which events of a bucket go to which target.</summary>
/// <param name="Id">At most 255 characters; events say it.</param>
/// <param name="Target">Name of the target.</param>
/// <param name="Events">As the client wrote them; at least one, each known (<see cref="EventNames"/>).</param>
/// <param name="Prefix">Of the key; null: not given.</param>
/// <param name="Suffix">Of the key; null: not given.</param>
public sealed record NotificationRule(string Id, NotificationForm Form, string Target, ImmutableArray<string> Events, string? Prefix = null, string? Suffix = null)
{
    /// <summary>S3 API: PutBucketNotificationConfiguration.</summary>
    public const int IdLengthMax = 255;

    private const string ArnStart = "arn:oort:sqs::";
    private const string ArnEnd = ":webhook";

    /// <summary>The target as clients name it.</summary>
    [JsonIgnore]
    public string Arn => ArnOf(Target);

    [JsonIgnore]
    internal bool IsWhole => Id is not null && Target is not null && !Events.IsDefault && Events.All(name => name is not null);

    /// <summary>Why it must not be stored; null: it may be.</summary>
    [JsonIgnore]
    internal string? Problem =>
        Id.Length is 0 or > IdLengthMax ? "its id is empty or too long."
        : !Enum.IsDefined(Form) ? "its form is not known."
        : !IsTargetName(Target) ? "its target has no name that a target can have."
        : Events.IsEmpty ? "it names no event."
        : Events.FirstOrDefault(name => !EventNames.IsKnown(name)) is { } unknown ? $"the event {unknown} is not known."
        : Prefix?.Length > MaxKey || Suffix?.Length > MaxKey ? "its filter is longer than a key."
        : null;

    // Characters of a key, which has at most as many as bytes.
    private const int MaxKey = Metadata.MetadataLimits.KeyBytesMax;

    public static string ArnOf(string target) => ArnStart + target + ArnEnd;

    /// <summary>The target that an ARN names; null: it is none of ours.</summary>
    public static string? TargetOf(string arn)
    {
        if (!arn.StartsWith(ArnStart, StringComparison.Ordinal) || !arn.EndsWith(ArnEnd, StringComparison.Ordinal) || arn.Length <= ArnStart.Length + ArnEnd.Length) return null;
        var name = arn[ArnStart.Length..^ArnEnd.Length];
        return IsTargetName(name) ? name : null;
    }

    /// <summary>1 to 64 letters, digits, "-" and "_".</summary>
    public static bool IsTargetName(string name) => name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    /// <summary>Whether an event of a key goes to the target.</summary>
    public bool Fits(string name, string key) =>
        key.StartsWith(Prefix ?? "", StringComparison.Ordinal) && key.EndsWith(Suffix ?? "", StringComparison.Ordinal) && Events.Any(mine => EventNames.Covers(mine, name));

    /// <summary>Whether one event of one key could fit both (S3 User Guide: "Configuring event notifications using object key name filtering").</summary>
    public bool Overlaps(NotificationRule other) =>
        Touch(Prefix, other.Prefix, static (one, two) => one.StartsWith(two, StringComparison.Ordinal)) && Touch(Suffix, other.Suffix, static (one, two) => one.EndsWith(two, StringComparison.Ordinal))
        && Events.Any(mine => other.Events.Any(its => EventNames.Overlap(mine, its)));

    private static bool Touch(string? one, string? other, Func<string, string, bool> holds) => holds(one ?? "", other ?? "") || holds(other ?? "", one ?? "");
}
