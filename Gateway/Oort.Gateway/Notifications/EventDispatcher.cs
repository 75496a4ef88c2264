using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Oort.Metadata;
using Oort.Objects;
using Oort.Objects.Events;

namespace Oort.Gateway.Notifications;

/// <summary>Sends queued events to their targets: each at least once, those of one key in the order of their changes. One gateway of a cluster does it at a time.</summary>
/// <remarks>
/// A loop of one thread of control: 1. Look at what is queued: the oldest of each target. 2. Begin to send what is due and has no older event of its key before it. 3. Wait for an answer, for something new, or for what becomes due.
/// 4. What was sent, or is given up, goes from the queue, in one commit. A crash before 4. makes it be sent again.
/// </remarks>
internal sealed partial class EventDispatcher : IAsyncDisposable
{
    private const string LeaseName = "notifications";

    private static readonly TimeSpan faultPause = TimeSpan.FromSeconds(1);

    private readonly IMetadataStore metadata;
    private readonly EventQueue queue;
    private readonly WebhookTargets targets;
    private readonly DeadLetters letters;
    private readonly Func<WebhookTarget, string, ReadOnlyMemory<byte>, CancellationToken, Task<string?>> send;
    private readonly NotificationOptions options;
    private readonly LeasedRound leased;
    private readonly TimeProvider time;
    private readonly Random random;
    private readonly ILogger logger;
    private readonly Meter meter = new("Oort.Gateway.Notifications");
    private readonly Counter<long> sent;
    private readonly Counter<long> failed;
    private readonly Counter<long> givenUp;
    private readonly CancellationTokenSource stopping = new();
    private readonly Dictionary<string, TargetLane> lanes = new(StringComparer.Ordinal);
    private ImmutableDictionary<string, string> failures = ImmutableDictionary<string, string>.Empty;
    private Task running = Task.CompletedTask;

    /// <param name="send">To a target an id and a message; null: it was taken, otherwise why not.</param>
    /// <param name="holder">This gateway, for the lease.</param>
    public EventDispatcher(
        IMetadataStore metadata,
        EventQueue queue,
        WebhookTargets targets,
        DeadLetters letters,
        Func<WebhookTarget, string, ReadOnlyMemory<byte>, CancellationToken, Task<string?>> send,
        NotificationOptions options,
        string holder,
        TimeProvider time,
        Random random,
        ILogger logger)
    {
        (this.metadata, this.queue, this.targets, this.letters, this.send, this.options, this.time, this.random, this.logger) = (metadata, queue, targets, letters, send, options, time, random, logger);
        leased = new(metadata, holder, time);
        sent = meter.CreateCounter<long>("oort.notification.sent", description: "Events that a webhook has taken.");
        failed = meter.CreateCounter<long>("oort.notification.failed", description: "Attempts to send an event that failed.");
        givenUp = meter.CreateCounter<long>("oort.notification.dead", description: "Events that were given up.");
        meter.CreateObservableGauge("oort.notification.waiting", () => queue.Counts.Select(pair => new Measurement<long>(pair.Value, new KeyValuePair<string, object?>("target", pair.Key))), description: "Events that wait for their webhook, as far as this gateway has counted.");
        meter.CreateObservableCounter("oort.notification.dropped", () => queue.Dropped.Select(pair => new Measurement<long>(pair.Value, new KeyValuePair<string, object?>("target", pair.Key))), description: "Events that were not queued, as too many waited.");
    }

    /// <summary>Of each target to which the last attempt failed, why.</summary>
    public IReadOnlyDictionary<string, string> Failures => failures;

    public void Start() => running = Task.Run(RunAsync);

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        meter.Dispose();
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        var stop = stopping.Token;
        while (!stop.IsCancellationRequested)
        {
            var pause = options.LeasePause;
            try
            {
                await leased.RunAsync(LeaseName, LeadAsync, stop);
                await RecountAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (MetadataUnavailableException failure)
            {
                LogUnavailable(logger, failure.Message);
                pause = faultPause;
            }
            catch (Exception unforeseen)
            {
                LogBroken(logger, unforeseen);
                pause = faultPause;
            }

            await Task.Delay(pause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LeadAsync(CancellationToken stop)
    {
        lanes.Clear();
        using var sending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var answers = Channel.CreateUnbounded<(TargetLane Lane, WaitingEvent Event, string? Failure)>(new() { SingleReader = true });
        var pause = options.PollMin;
        try
        {
            while (true)
            {
                // 1.
                var changed = queue.Changed;
                await LookAsync(stop);
                bool mustLook;
                do
                {
                    // 2.
                    foreach (var lane in lanes.Values) Begin(lane, answers.Writer, sending.Token);

                    // 3.
                    using var awake = CancellationTokenSource.CreateLinkedTokenSource(stop);
                    var answered = answers.Reader.WaitToReadAsync(awake.Token).AsTask();
                    var woken = await Task.WhenAny(answered, changed, Task.Delay(Until(pause), time, awake.Token));
                    await awake.CancelAsync();
                    stop.ThrowIfCancellationRequested();
                    pause = woken == changed ? options.PollMin : woken == answered ? pause : Double(pause);

                    // 4.
                    mustLook = woken != answered || changed.IsCompleted;
                    await SettleAsync(answers.Reader, stop);
                    mustLook |= lanes.Values.Any(lane => lane.IsCut && lane.Window.Count <= options.WindowMax / 2);
                }
                while (!mustLook);
            }
        }
        finally
        {
            await sending.CancelAsync();
            await Task.WhenAll(lanes.Values.SelectMany(lane => lane.UnderWay));
        }
    }

    /// <summary>Step 1.</summary>
    private async Task LookAsync(CancellationToken stop)
    {
        var declared = (await targets.ListAsync(stop)).ToDictionary(target => target.Name, StringComparer.Ordinal);
        foreach (var name in await QueuedTargetsAsync(stop))
        {
            if (!lanes.TryGetValue(name, out var lane)) lanes[name] = lane = new(name) { DeadCount = await letters.CountAsync(name, stop) };
        }

        foreach (var lane in lanes.Values)
        {
            lane.Target = declared.GetValueOrDefault(lane.Name);
            var page = await metadata.ListSettingsAsync(EventQueue.Prefix + lane.Name + "/", "", options.WindowMax, stop);
            foreach (var (name, value) in page)
                if (!lane.Window.ContainsKey(name)) lane.Window.Add(name, WaitingEvent.Read(name, value, time.GetUtcNow()));
            var wasCut = lane.IsCut;
            lane.IsCut = page.Length == options.WindowMax;
            if (!lane.IsCut) queue.SetCount(lane.Name, page.Length);
            else if (!wasCut) queue.SetCount(lane.Name, await CountAsync(lane.Name, stop));
        }
    }

    /// <summary>Step 2.</summary>
    private void Begin(TargetLane lane, ChannelWriter<(TargetLane, WaitingEvent, string?)> answers, CancellationToken stop)
    {
        var now = time.GetUtcNow();
        var held = new HashSet<string>(StringComparer.Ordinal);
        lane.UnderWay.RemoveAll(task => task.IsCompleted);
        foreach (var one in lane.Window.Values)
        {
            if (lane.UnderWay.Count >= options.ParallelMax) return;
            if (one.IsOver) continue;
            if (one.IsUnderWay || one.NotBefore > now || held.Contains(one.Subject))
            {
                held.Add(one.Subject);
                continue;
            }

            held.Add(one.Subject);
            one.IsUnderWay = true;
            lane.UnderWay.Add(SendAsync(lane, one, answers, stop));
        }
    }

    private async Task SendAsync(TargetLane lane, WaitingEvent one, ChannelWriter<(TargetLane, WaitingEvent, string?)> answers, CancellationToken stop)
    {
        // The loop must not wait for the first part of a sending either.
        await Task.Yield();
        var failure = one.Fault ?? (lane.Target is null ? NoTarget : null);
        try
        {
            failure ??= await send(lane.Target!, one.Id, one.Message, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception unforeseen)
        {
            LogUnforeseen(logger, unforeseen, lane.Name);
            failure = unforeseen.Message;
        }

        answers.TryWrite((lane, one, failure));
    }

    /// <summary>Step 4.</summary>
    private async Task SettleAsync(ChannelReader<(TargetLane Lane, WaitingEvent Event, string? Failure)> answers, CancellationToken stop)
    {
        var now = time.GetUtcNow();
        var over = new List<(TargetLane Lane, WaitingEvent Event)>();
        var changes = new List<(string Name, byte[]? Value)>();
        while (over.Count < MetadataLimits.SettingsInCommitMax / 4 && answers.TryRead(out var answer))
        {
            var (lane, one, failure) = answer;
            one.IsUnderWay = false;
            if (failure is null)
            {
                sent.Add(1);
                failures = failures.Remove(lane.Name);
            }
            else
            {
                failures = failures.SetItem(lane.Name, failure);
                failed.Add(1);
                one.Attempts++;
                one.LastFailure = failure;
                if (one.Attempts == 1) LogFailed(logger, lane.Name, one.Id, failure);
                if (one.Fault is null && lane.Target is not null && one.Attempts < options.AttemptCountMax && now - one.Queued < options.AgeMax)
                {
                    one.NotBefore = now + Pause(one.Attempts);
                    continue;
                }

                await GiveUpAsync(lane, one, changes, now, stop);
            }

            one.IsOver = true;
            over.Add((lane, one));
            changes.Add((one.Name, null));
        }

        if (over.Count == 0) return;

        // What is no longer queued, since somebody has taken it away, is gone already; what was given up comes with it.
        await metadata.ReplaceSettingsAsync(Guard, null, null, changes, stop);
        foreach (var (lane, one) in over) lane.Window.Remove(one.Name);
        foreach (var lane in over.GroupBy(one => one.Lane)) queue.Remove(lane.Key.Name, lane.Count());
    }

    private async Task GiveUpAsync(TargetLane lane, WaitingEvent one, List<(string Name, byte[]? Value)> changes, DateTimeOffset now, CancellationToken stop)
    {
        givenUp.Add(1);
        LogGivenUp(logger, lane.Name, one.Id, one.Attempts, one.LastFailure);
        if (lane.DeadCount >= options.DeadMax && await letters.OldestAsync(lane.Name, stop) is { } oldest) changes.Add((oldest, null));
        else lane.DeadCount++;
        changes.Add(DeadLetters.Of(one, one.LastFailure, now));
    }

    /// <summary>The targets for which anything is queued, whether they are declared or not.</summary>
    private async Task<List<string>> QueuedTargetsAsync(CancellationToken stop)
    {
        var found = new List<string>();
        for (var after = ""; ;)
        {
            var next = await metadata.ListSettingsAsync(EventQueue.Prefix, after, 1, stop);
            if (next.IsEmpty) return found;
            var name = next[0].Name[EventQueue.Prefix.Length..];
            found.Add(name[..name.IndexOf('/', StringComparison.Ordinal)]);

            // "0" follows "/": behind all of this target.
            after = EventQueue.Prefix + found[^1] + "0";
        }
    }

    private async Task<long> CountAsync(string target, CancellationToken stop)
    {
        var count = 0L;
        for (var after = ""; ;)
        {
            var page = await metadata.ListSettingsAsync(EventQueue.Prefix + target + "/", after, options.WindowMax, stop);
            count += page.Length;
            if (page.Length < options.WindowMax) return count;
            after = page[^1].Name;
        }
    }

    /// <summary>A gateway that does not send does not see events go: before its count says that the queue is full, it counts.</summary>
    private async Task RecountAsync(CancellationToken stop)
    {
        foreach (var (target, count) in queue.Counts)
            if (count > queue.CountMax / 2) queue.SetCount(target, await CountAsync(target, stop));
    }

    /// <summary>How long to wait at most: to the next look, or until something becomes due.</summary>
    private TimeSpan Until(TimeSpan pause)
    {
        var now = time.GetUtcNow();
        foreach (var one in lanes.Values.Where(lane => lane.UnderWay.Count < options.ParallelMax).SelectMany(lane => lane.Window.Values))
            if (one is { IsOver: false, IsUnderWay: false } && one.NotBefore > now && one.NotBefore - now < pause) pause = one.NotBefore - now;
        return pause;
    }

    private TimeSpan Pause(int attempts)
    {
        var whole = options.RetryDelayMin * Math.Pow(2, Math.Min(attempts - 1, 30));
        if (whole > options.RetryDelayMax) whole = options.RetryDelayMax;
        return whole * (1 - random.NextDouble() / 2);
    }

    private TimeSpan Double(TimeSpan pause) => pause * 2 < options.PollMax ? pause * 2 : options.PollMax;

    private const string NoTarget = "There is no such target any more.";

    /// <summary>A setting that nobody sets: the commit that takes events away has no condition.</summary>
    private const string Guard = "event";

    [LoggerMessage(Level = LogLevel.Warning, Message = "Event {Id} was not taken by the webhook {Target}, and will be sent again: {Reason}")]
    private static partial void LogFailed(ILogger logger, string target, string id, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Event {Id} for the webhook {Target} was given up after {Attempts} attempts: {Reason} `oort notification dead list {Target}` shows it.")]
    private static partial void LogGivenUp(ILogger logger, string target, string id, int attempts, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Sending to the webhook {Target} ended in a way that was not foreseen.")]
    private static partial void LogUnforeseen(ILogger logger, Exception failure, string target);

    [LoggerMessage(Level = LogLevel.Error, Message = "Sending events ended in a way that was not foreseen, and begins anew.")]
    private static partial void LogBroken(ILogger logger, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Events cannot be read or taken away now; trying again: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string reason);
}

/// <summary>What waits for one target, as far as it has been looked at.</summary>
internal sealed class TargetLane(string name)
{
    public string Name { get; } = name;

    /// <summary>Null: it is not declared (any more).</summary>
    public WebhookTarget? Target { get; set; }

    /// <summary>The oldest events by name, which is the order of their changes.</summary>
    public SortedDictionary<string, WaitingEvent> Window { get; } = new(StringComparer.Ordinal);

    public List<Task> UnderWay { get; } = [];

    /// <summary>Whether there may be more than was looked at.</summary>
    public bool IsCut { get; set; }

    public int DeadCount { get; set; }
}
