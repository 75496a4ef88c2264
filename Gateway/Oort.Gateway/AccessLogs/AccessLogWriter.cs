using System.Diagnostics.Metrics;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Oort.Gateway.Access;
using Oort.Gateway.Access.Lists;
using Oort.Metadata;
using Oort.Objects;
using Oort.Objects.Events;
using Oort.S3;

namespace Oort.Gateway.AccessLogs;

/// <summary>When lines are written to their buckets.</summary>
internal sealed record AccessLogOptions
{
    /// <summary>Age of the oldest line at which what was gathered is written. Default 5 minutes.</summary>
    public TimeSpan AgeMax { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Bytes gathered for one target at which they are written. Default 1 MiB: some 2,000 lines.</summary>
    public int SizeMax { get; init; } = 1 << 20;

    /// <summary>Bytes of all lines that wait; beyond it lines are dropped. Default 16 MiB.</summary>
    public int WaitingMax { get; init; } = 16 << 20;

    /// <summary>How long it is tried to write what could not be written. Default an hour.</summary>
    public TimeSpan PatienceMax { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Pause between two looks. Default 5 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>Gathers a line for each request to a bucket that is logged, and writes them as objects into the buckets that are to have them. Thread-safe.</summary>
/// <remarks>As in AWS this is best effort: no request waits for its line, and lines are lost in a crash, when more than <see cref="AccessLogOptions.WaitingMax"/> wait, and when a target does not take them for <see cref="AccessLogOptions.PatienceMax"/>.</remarks>
internal sealed partial class AccessLogWriter : IAsyncDisposable
{
    private readonly IObjectLayer layer;
    private readonly AccessGate gate;
    private readonly EventQueue? events;
    private readonly AccessLogOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Meter meter = new("Oort.Gateway.AccessLogs");
    private readonly Counter<long> dropped;
    private readonly Counter<long> written;
    private readonly Lock adding = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim flushing = new(1, 1);
    private Dictionary<Target, Gathered> gathered = [];
    private long waiting;
    private Task running = Task.CompletedTask;

    /// <param name="events">Tells of log objects like of any; null: nobody.</param>
    public AccessLogWriter(IObjectLayer layer, AccessGate gate, EventQueue? events, AccessLogOptions options, TimeProvider time, ILogger logger)
    {
        (this.layer, this.gate, this.events, this.options, this.time, this.logger) = (layer, gate, events, options, time, logger);
        dropped = meter.CreateCounter<long>("oort.accesslog.dropped", description: "Lines of access logs that were lost, since too many waited or their target did not take them.");
        written = meter.CreateCounter<long>("oort.accesslog.written", description: "Lines of access logs that were written to their buckets.");
        meter.CreateObservableGauge("oort.accesslog.waiting.bytes", () => Volatile.Read(ref waiting), description: "Bytes of lines that wait to be written.");
    }

    public void Start() => running = Task.Run(RunAsync);

    /// <summary>Takes the line of a request that is over, if its bucket is logged.</summary>
    public void Add(S3Completion request)
    {
        if (request.Http.Features.Get<LoggedBucket>() is not { } logged) return;
        try
        {
            if (LoggingDocument.Of(logged.Row) is not { } document) return;
            var now = time.GetUtcNow();
            var line = LogLine.Write(request, logged.Row, now);
            var day = document.KeyFormat == LogKeyFormat.PartitionedByEvent ? DateOnly.FromDateTime(now.UtcDateTime) : default;
            Add(new(logged.Row.Name, logged.Row.Id, document.Bucket, document.Prefix, document.KeyFormat, day), line, now);
        }
        catch (MetadataFormatException failure)
        {
            dropped.Add(1);
            LogUnreadable(logger, logged.Row.Name, failure.Message);
        }
    }

    /// <summary>Writes what is due, or all.</summary>
    public async Task FlushAsync(bool all, CancellationToken cancellationToken)
    {
        await flushing.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            List<(Target, Gathered)> due;
            lock (adding)
            {
                due = [.. gathered.Where(pair => all || pair.Value.Bytes >= options.SizeMax || now - pair.Value.Since >= options.AgeMax).Select(pair => (pair.Key, pair.Value))];
                foreach (var (target, _) in due) gathered.Remove(target);
            }

            foreach (var (target, lines) in due) await WriteAsync(target, lines, now, cancellationToken);
        }
        finally
        {
            flushing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        await FlushAsync(all: true, CancellationToken.None);
        meter.Dispose();
        flushing.Dispose();
        stopping.Dispose();
    }

    private void Add(Target target, string line, DateTimeOffset now)
    {
        lock (adding)
        {
            if (waiting + line.Length > options.WaitingMax)
            {
                dropped.Add(1);
                return;
            }

            if (!gathered.TryGetValue(target, out var lines)) gathered[target] = lines = new(now);
            lines.Add(line);
            waiting += line.Length;
        }
    }

    private async Task RunAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            await Task.Delay(options.Interval, time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!stopping.IsCancellationRequested) await FlushAsync(all: false, CancellationToken.None);
        }
    }

    private async Task WriteAsync(Target target, Gathered lines, DateTimeOffset now, CancellationToken cancellationToken)
    {
        string? reason;
        var mayBeTriedAgain = false;
        try
        {
            reason = await PutAsync(target, lines, now, cancellationToken);
        }
        catch (Exception failure) when (failure is MetadataUnavailableException or ObjectUnavailableException or OverloadedException or MetadataFormatException)
        {
            (reason, mayBeTriedAgain) = (failure.Message, now - lines.Since < options.PatienceMax);
        }

        if (reason is null)
        {
            written.Add(lines.Count);
        }
        else
        {
            LogNotWritten(logger, target.SourceName, target.BucketName, reason, mayBeTriedAgain ? "they will be tried again" : "they are lost");
            if (mayBeTriedAgain)
            {
                lock (adding)
                {
                    if (gathered.TryGetValue(target, out var newer)) lines.Add(newer);
                    gathered[target] = lines;
                }

                return;
            }

            dropped.Add(lines.Count);
        }

        lock (adding) waiting -= lines.Bytes;
    }

    /// <returns>Null: it is written. Otherwise why it must not be.</returns>
    private async Task<string?> PutAsync(Target target, Gathered lines, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // As they are now: what was allowed when the lines were gathered may not be any more.
        if (await layer.Metadata.FindBucketAsync(target.SourceName, cancellationToken) is not { } source || source.Id != target.Source || LoggingDocument.Of(source) is not { } document) return "The bucket is not logged any more.";
        if (await layer.Metadata.FindBucketAsync(target.BucketName, cancellationToken) is not { } bucket || bucket.OwnerId != source.OwnerId) return "The target is not there, or is somebody else's.";
        var access = gate.AccessOf(bucket);
        var key = KeyOf(target, source, now);
        if (!LogDelivery.IsAllowed(source, bucket, access, key, gate.Accounts, now)) return "The target does not let logs in.";
        var attributes = ObjectAttributes.Empty with { Headers = ObjectAttributes.Empty.Headers.Add("content-type", "text/plain") };
        if (access.Ownership != ObjectOwnership.BucketOwnerEnforced)
        {
            var given = document.Grants is { } grants ? AccessLists.Decode(grants).Grants : [];
            attributes = AccessLists.Set(attributes, AccessList.Of([.. AccessList.PrivateOf(bucket.OwnerId).Grants, .. given]), bucket.OwnerId);
        }

        var body = lines.ToBytes();
        var conditions = events is null ? WriteConditions.None : new() { Announcement = events.Of(ChangeCause.Put, ChangeOrigin.Service) };
        var result = await layer.PutObjectAsync(bucket, key, bucket.OwnerId, "STANDARD", attributes, new(PipeReader.Create(new MemoryStream(body, writable: false)), body.Length, null, null), conditions, cancellationToken);
        return result.Outcome == CommitOutcome.Done ? null : $"It ended with {result.Outcome}.";
    }

    private string KeyOf(Target target, BucketRow source, DateTimeOffset now)
    {
        var unique = Convert.ToHexString(RandomNumberGenerator.GetBytes(8));
        if (target.Format == LogKeyFormat.Simple) return target.Prefix + Time(now.UtcDateTime) + "-" + unique;
        var moment = target.Format == LogKeyFormat.PartitionedByEvent ? target.Day.ToDateTime(TimeOnly.MinValue) : now.UtcDateTime;
        var account = gate.Accounts.FindByCanonicalId(source.OwnerId)?.Number ?? Accounts.NumberOf(source.OwnerId);
        return string.Create(CultureInfo.InvariantCulture, $"{target.Prefix}{account}/{source.Region}/{source.Name}/{moment:yyyy}/{moment:MM}/{moment:dd}/{Time(moment)}-{unique}");
    }

    private static string Time(DateTime moment) => moment.ToString("yyyy-MM-dd-HH-mm-ss", CultureInfo.InvariantCulture);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Lines of the access log of bucket {Source} could not be written to bucket {Target}, {What}: {Reason}")]
    private static partial void LogNotWritten(ILogger logger, string source, string target, string reason, string what);

    [LoggerMessage(Level = LogLevel.Error, Message = "Requests to bucket {Bucket} are not logged: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, string bucket, string reason);

    /// <param name="Day">Of the requests, where objects are for a day each; otherwise none.</param>
    private readonly record struct Target(string SourceName, BucketId Source, string BucketName, string Prefix, LogKeyFormat Format, DateOnly Day);

    /// <summary>Lines of one target, since the first of them.</summary>
    private sealed class Gathered(DateTimeOffset since)
    {
        private readonly List<string> lines = [];

        public DateTimeOffset Since { get; } = since;

        public long Bytes { get; private set; }

        public int Count => lines.Count;

        // A line is ASCII: as many bytes as characters.
        public void Add(string line)
        {
            lines.Add(line);
            Bytes += line.Length;
        }

        public void Add(Gathered newer)
        {
            foreach (var line in newer.lines) Add(line);
        }

        public byte[] ToBytes() => Encoding.ASCII.GetBytes(string.Concat(lines));
    }
}
