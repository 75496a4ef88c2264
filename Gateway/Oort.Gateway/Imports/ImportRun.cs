using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Oort.Metadata;
using Oort.Objects;
using Oort.S3;
using Oort.S3.Client;

namespace Oort.Gateway.Imports;

/// <summary>One bucket's import while this process knows of it: the source's client, what is being fetched, and the copying in the background.</summary>
internal sealed partial class ImportRun : IAsyncDisposable
{
    /// <summary>Keys between two notes of progress: what a restart looks at again.</summary>
    private const int PageSize = 500;

    /// <summary>Rounds in which a key may fail while the source as a whole answers.</summary>
    private const int RoundCountMax = 4;

    /// <summary>Fetches at once for requests; further ones wait. Each has a connection and the buffers of one PUT.</summary>
    private const int FetchCountMax = 16;

    private static readonly TimeSpan waitMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan waitMax = TimeSpan.FromMinutes(5);

    private readonly IObjectLayer layer;
    private readonly BucketRow bucket;
    private readonly S3Client source;
    private readonly ObjectImporter importer;
    private readonly ObjectImporter askedImporter;
    private readonly Pacer pacer;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly CancellationTokenSource stop = new();
    private readonly CancellationTokenSource stopCopying;
    private readonly ConcurrentDictionary<string, Lazy<Task<(ImportOutcome Outcome, long Size)>>> fetches = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim fetchSlots = new(FetchCountMax);
    private readonly Lock progressLock = new();
    private ImportProgress progress = ImportProgress.None;
    private Task background = Task.CompletedTask;
    private volatile bool isCopying;

    /// <param name="setting">The settings' bytes, by which a change is noticed.</param>
    /// <param name="source">For the background, which has patience.</param>
    /// <param name="asked">For requests, which wait.</param>
    public ImportRun(IObjectLayer layer, BucketRow bucket, ImportSettings settings, ReadOnlyMemory<byte> setting, S3Client source, S3Client asked, TimeProvider time, ILogger logger)
    {
        (this.layer, this.bucket, this.time, this.logger) = (layer, bucket, time, logger);
        (Settings, Setting, this.source, Source) = (settings, setting, source, asked);
        importer = new(layer, source, settings, time);
        askedImporter = new(layer, asked, settings, time);
        pacer = new(settings.BytesPerSecond, time);
        stopCopying = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
    }

    public ImportSettings Settings { get; }

    public ReadOnlyMemory<byte> Setting { get; }

    /// <summary>The source, for requests.</summary>
    public S3Client Source { get; }

    /// <summary>This gateway copies now. At most one of those on a database does.</summary>
    public bool IsCopying => isCopying;

    public ImportProgress Progress
    {
        get { lock (progressLock) return progress; }
    }

    /// <summary>Reads how far this pass is, wherever it was copied until now. What was noted of another pass says nothing.</summary>
    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        var known = await ReadProgressAsync(layer.Metadata, bucket.Id, cancellationToken);
        var isOfThisPass = known is not null && (known.Pass is null || known.Pass == Settings.Started);
        lock (progressLock) progress = (isOfThisPass ? known! : ImportProgress.None) with { Waiting = null, Pass = Settings.Started };
    }

    public static async Task<ImportProgress?> ReadProgressAsync(IMetadataStore metadata, BucketId bucket, CancellationToken cancellationToken) =>
        await metadata.GetSettingAsync(ImportProgress.SettingName(bucket), cancellationToken) is { } bytes ? JsonSerializer.Deserialize<ImportProgress>(bytes, AdminJson.Options) : null;

    /// <summary>Begins to copy in the background, unless it does.</summary>
    /// <param name="alone">Runs the work where no other gateway does the same, from where that one was; ends without it otherwise.</param>
    /// <param name="finished">Called when every key was seen.</param>
    public void Begin(Func<Func<CancellationToken, Task>, CancellationToken, Task> alone, Func<CancellationToken, Task> finished)
    {
        if (background.IsCompleted && !stopCopying.IsCancellationRequested) background = Task.Run(() => CopyAloneAsync(alone, finished));
    }

    /// <summary>Ends the copying; objects that are asked for are fetched still.</summary>
    public async Task EndCopyingAsync()
    {
        await stopCopying.CancelAsync();
        await background;
    }

    /// <summary>Brings one object that was asked for; several who ask for it share one copy. It goes on when the caller does not wait.</summary>
    public async Task<ImportOutcome> FetchAsync(string key, CancellationToken cancellationToken)
    {
        var fetch = fetches.GetOrAdd(key, _ => new(() => Task.Run(() => FetchOnceAsync(key))));
        return (await fetch.Value.WaitAsync(cancellationToken)).Outcome;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await background;
        // Fetches end by the same token; their callers are told.
        await Task.WhenAll(fetches.Values.Where(fetch => fetch.IsValueCreated).Select(fetch => fetch.Value.ContinueWith(_ => { }, TaskScheduler.Default)));
        source.Dispose();
        Source.Dispose();
        stopCopying.Dispose();
        stop.Dispose();
        fetchSlots.Dispose();
    }

    private async Task<(ImportOutcome Outcome, long Size)> FetchOnceAsync(string key)
    {
        try
        {
            await fetchSlots.WaitAsync(stop.Token);
            try
            {
                // Somebody waits for it: the background's limit is not for him.
                var result = await askedImporter.CopyAsync(bucket, key, null, Pacer.None, stop.Token);
                Count(result.Outcome, result.Size);
                return result;
            }
            finally
            {
                fetchSlots.Release();
            }
        }
        finally
        {
            fetches.TryRemove(key, out _);
        }
    }

    private async Task CopyAloneAsync(Func<Func<CancellationToken, Task>, CancellationToken, Task> alone, Func<CancellationToken, Task> finished)
    {
        try
        {
            await alone(
                async token =>
                {
                    await LoadAsync(token);
                    isCopying = true;
                    await CopyAllAsync(finished, token);
                },
                stopCopying.Token);
        }
        catch (OperationCanceledException) when (stopCopying.IsCancellationRequested)
        {
            // It was told to.
        }
        catch (Exception e)
        {
            // Another gateway may have gone on with it, or the metadata cannot be reached: it is looked for again.
            LogWaits(e, bucket.Name);
        }
        finally
        {
            isCopying = false;
        }
    }

    private async Task CopyAllAsync(Func<CancellationToken, Task> finished, CancellationToken cancellationToken)
    {
        for (var failures = 0; ;)
        {
            try
            {
                await CopyPassAsync(cancellationToken);
                await SaveAsync(cancellationToken);
                await finished(cancellationToken);
                LogCopied(bucket.Name, Progress.Copied, Progress.Failed);
                return;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // The listing failed, or nothing can be recorded here: neither is one key's matter, so it waits and goes on from the last note.
                failures++;
                LogWaits(e, bucket.Name);
                await WaitAsync(e.Message, failures, cancellationToken);
            }
        }
    }

    private async Task CopyPassAsync(CancellationToken cancellationToken)
    {
        var page = new List<S3Item>(PageSize);
        await foreach (var item in source.ListObjectsAsync(Settings.Bucket, Settings.Prefix, Progress.After.Length > 0 ? Progress.After : null, cancellationToken))
        {
            page.Add(item);
            if (page.Count < PageSize) continue;
            await CopyPageAsync(page, cancellationToken);
            page.Clear();
        }

        if (page.Count > 0) await CopyPageAsync(page, cancellationToken);
    }

    /// <summary>Rounds over a page until each key is dealt with; what fails for a reason that may pass is tried again when the source as a whole answers.</summary>
    private async Task CopyPageAsync(List<S3Item> page, CancellationToken cancellationToken)
    {
        var todo = new ConcurrentQueue<S3Item>(page);
        for (var round = 1; !todo.IsEmpty; round++)
        {
            var again = new ConcurrentQueue<S3Item>();
            await Parallel.ForEachAsync(todo, new ParallelOptions { MaxDegreeOfParallelism = Settings.Concurrency, CancellationToken = cancellationToken }, async (item, token) =>
            {
                if (!await CopyItemAsync(item, isLast: round >= RoundCountMax, token)) again.Enqueue(item);
            });
            todo = again;
            if (!todo.IsEmpty) await UntilSourceAnswersAsync(cancellationToken);
        }

        lock (progressLock) progress = progress with { After = page[^1].Key, Waiting = null };
        await SaveAsync(cancellationToken);
    }

    /// <returns>False: it is to be tried again.</returns>
    private async Task<bool> CopyItemAsync(S3Item item, bool isLast, CancellationToken cancellationToken)
    {
        try
        {
            var (outcome, size) = await importer.CopyAsync(bucket, item.Key, item.ETag, pacer, cancellationToken);
            Count(outcome, size);
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            var isLocal = e is ObjectUnavailableException or MetadataUnavailableException or OverloadedException;
            var mayPass = isLocal || e is S3ClientException { Kind: S3ErrorKind.Transient or S3ErrorKind.Throttled } or S3ClientException { Kind: S3ErrorKind.PreconditionFailed } or S3ClientException { Kind: S3ErrorKind.Corrupt } or BodyMismatchException or IOException;
            if (e is S3Exception { Error.Code: "NoSuchBucket" }) throw;
            if (isLocal || (mayPass && !isLast))
            {
                lock (progressLock) progress = progress with { Waiting = e.Message };
                return false;
            }

            Fail(item.Key, e);
            return true;
        }
    }

    private async Task UntilSourceAnswersAsync(CancellationToken cancellationToken)
    {
        for (var failures = 1; ; failures++)
        {
            var why = Progress.Waiting ?? "";
            await WaitAsync(why, failures, cancellationToken);
            try
            {
                await source.ListPageAsync(Settings.Bucket, Settings.Prefix, null, null, null, 1, cancellationToken);
                return;
            }
            catch (S3ClientException e)
            {
                LogWaits(e, bucket.Name);
            }
        }
    }

    private Task WaitAsync(string why, int failures, CancellationToken cancellationToken)
    {
        lock (progressLock) progress = progress with { Waiting = why };
        var delay = waitMin * Math.Pow(2, Math.Min(failures, 20));
        return Task.Delay(delay < waitMax ? delay : waitMax, time, cancellationToken);
    }

    private void Count(ImportOutcome outcome, long size)
    {
        lock (progressLock)
        {
            progress = outcome switch
            {
                ImportOutcome.Copied => progress with { Copied = progress.Copied + 1, Bytes = progress.Bytes + size },
                ImportOutcome.CopiedUnverified => progress with { Copied = progress.Copied + 1, Unverified = progress.Unverified + 1, Bytes = progress.Bytes + size },
                ImportOutcome.Present => progress with { Present = progress.Present + 1 },
                ImportOutcome.Kept => progress with { Kept = progress.Kept + 1 },
                _ => progress,
            };
        }
    }

    private void Fail(string key, Exception e)
    {
        LogFailed(e, bucket.Name, key);
        lock (progressLock)
        {
            var failures = progress.Failures.Count < ImportProgress.FailureCountMax ? [.. progress.Failures, new ImportFailure(key, e.Message)] : progress.Failures;
            progress = progress with { Failed = progress.Failed + 1, Failures = failures };
        }
    }

    private async Task SaveAsync(CancellationToken cancellationToken) =>
        await layer.Metadata.PutSettingAsync(ImportProgress.SettingName(bucket.Id), JsonSerializer.SerializeToUtf8Bytes(Progress, AdminJson.Options), cancellationToken);

    [LoggerMessage(LogLevel.Information, "The import of bucket {Bucket} has seen every key: {Copied} copied, {Failed} failed.")]
    private partial void LogCopied(string bucket, long copied, long failed);

    [LoggerMessage(LogLevel.Warning, "The import of bucket {Bucket} waits.")]
    private partial void LogWaits(Exception exception, string bucket);

    [LoggerMessage(LogLevel.Warning, "The import of bucket {Bucket} could not copy {Key}.")]
    private partial void LogFailed(Exception exception, string bucket, string key);
}
