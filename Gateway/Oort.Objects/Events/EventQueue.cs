using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Metadata;

namespace Oort.Objects.Events;

/// <summary>The events that wait for their targets: a setting each, put in the commit of the change (docs/formats/event.md). Thread-safe.</summary>
/// <remarks>
/// Nobody who changes something waits for a target. When about <see cref="CountMax"/> events wait for one, further events for it are not told and counted instead (<see cref="Dropped"/>), until some have gone.
/// The count is this gateway's own, and is put right whenever somebody has counted (<see cref="SetCount"/>).
/// </remarks>
public sealed partial class EventQueue(ILogger<EventQueue> logger) : IChangeEvents
{
    /// <summary>What names of settings of events begin with: then the target, "/", the generation and the place among the events of that change.</summary>
    public const string Prefix = "event/";

    /// <summary>Events that wait for one target: about 100 MB, and an hour of a target that is away at thirty changes a second.</summary>
    public const int DefaultCountMax = 100_000;

    private readonly ConcurrentDictionary<string, long> counts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> dropped = new(StringComparer.Ordinal);
    private volatile TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Events that may wait for one target.</summary>
    public int CountMax { get; init; } = DefaultCountMax;

    /// <summary>Events that were not told since the start, as too many waited for their target; by target.</summary>
    public IReadOnlyDictionary<string, long> Dropped => dropped;

    /// <summary>Ends when something was queued after it was taken. A hint: it may come before the event can be read.</summary>
    public Task Changed => changed.Task;

    public ChangeAnnouncement Of(ChangeCause cause, ChangeOrigin origin) => (in DecidedChange change) => Tell(cause, origin, change);

    /// <summary>Says how many events wait for a target.</summary>
    public void SetCount(string target, long count) => counts[target] = count;

    /// <summary>Says that events have gone.</summary>
    public void Remove(string target, int count) => counts.AddOrUpdate(target, 0, (_, waiting) => Math.Max(0, waiting - count));

    /// <summary>Events that wait, as far as this gateway has counted; by target.</summary>
    public IReadOnlyDictionary<string, long> Counts => counts;

    public long CountOf(string target) => counts.GetValueOrDefault(target);

    /// <summary>The setting of the event that a configuration is tried with.</summary>
    /// <param name="place">Unlike that of any other.</param>
    public (string Name, byte[] Value) Test(string target, ulong generation, int place, BucketRow bucket, ChangeOrigin origin, DateTimeOffset now)
    {
        Wake();
        return (NameOf(target, generation, place), EventRecord.WriteTest(bucket, origin, now));
    }

    /// <summary>Name of an event's setting. In the order of names, events of one target are in the order of their changes.</summary>
    public static string NameOf(string target, ulong generation, int place) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{target}/{generation:x16}-{place:x8}");

    /// <summary>What is sent of a stored event.</summary>
    /// <exception cref="FormatException">It is of a newer program, or damaged.</exception>
    public static ReadOnlyMemory<byte> MessageOf(byte[] value) => value is [EventRecord.Version, ..] ? value.AsMemory(1) : throw new FormatException("The event was written by a newer version of this program, or is damaged.");

    /// <summary>Lets whoever sends events look.</summary>
    public void Wake() => Interlocked.Exchange(ref changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    private (string Name, byte[] Value)[] Tell(ChangeCause cause, ChangeOrigin origin, in DecidedChange change)
    {
        if (!change.Bucket.Settings.ContainsKey(NotificationDocument.SettingName)) return [];
        NotificationDocument document;
        try
        {
            document = NotificationDocument.Of(change.Bucket)!;
        }
        catch (NotificationFormatException failure)
        {
            // The change itself must go on: who wrote the setting is a newer program, which tells it when it is back.
            LogUnreadable(logger, change.Bucket.Name, failure.Message);
            return [];
        }

        var name = EventRecord.NameOf(cause, change);
        List<(string, byte[])>? told = null;
        foreach (var rule in document.Rules)
        {
            if (!rule.Fits("s3:" + name, change.Version.Key)) continue;
            if (CountOf(rule.Target) >= CountMax)
            {
                if (dropped.AddOrUpdate(rule.Target, 1, (_, count) => count + 1) == 1) LogFull(logger, rule.Target, CountMax);
                continue;
            }

            counts.AddOrUpdate(rule.Target, 1, (_, count) => count + 1);
            (told ??= []).Add((NameOf(rule.Target, change.Generation, told.Count), EventRecord.Write(name, rule, cause, origin, change)));
        }

        if (told is null) return [];
        Wake();
        return [.. told];
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Bucket {Bucket} tells nobody of its changes: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, string bucket, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} events wait for the target {Target}; further ones for it are not told until some have gone. `oort notification list` shows how many were not.")]
    private static partial void LogFull(ILogger logger, string target, int count);
}
