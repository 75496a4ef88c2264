using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Oort.Metadata;
using Oort.Objects;
using Oort.S3.Client;

namespace Oort.Gateway.Imports;

/// <summary>The imports of all buckets: begun, gone on with after a restart, paused and ended; and the way to what has not come yet.</summary>
/// <remarks>What lasts is in the metadata (<see cref="ImportSettings"/>, <see cref="ImportProgress"/>); a run is only what this process makes of it, and is made anew when the settings differ.</remarks>
public sealed partial class ImportService : IAsyncDisposable
{
    /// <summary>Buckets of one page while imports are looked for.</summary>
    private const int BucketPageSize = 1000;

    /// <summary>Attempts at the source while a client waits: about a second, and then it is told to come again.</summary>
    private const int AskedAttemptCountMax = 3;

    /// <summary>Pause between two looks for imports that nobody copies, or that were changed through another gateway.</summary>
    private static readonly TimeSpan lookInterval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan lookIntervalMax = TimeSpan.FromMinutes(1);

    private readonly IObjectSystem system;
    private readonly bool allowsLocalEndpoints;
    private readonly TimeProvider time;
    private readonly ILogger<ImportService> logger;
    private readonly ConcurrentDictionary<BucketId, ImportRun> runs = new();
    private readonly ConcurrentQueue<ImportRun> replaced = new();
    private readonly SemaphoreSlim change = new(1, 1);
    private readonly CancellationTokenSource stop = new();
    private Task looking = Task.CompletedTask;

    /// <param name="allowsLocalEndpoints">Whether sources may be on this machine or its link.</param>
    public ImportService(IObjectSystem system, bool allowsLocalEndpoints, TimeProvider time, ILogger<ImportService> logger)
    {
        (this.system, this.allowsLocalEndpoints, this.time, this.logger) = (system, allowsLocalEndpoints, time, logger);
    }

    private string Gateway => system.Gateway.ToString();

    /// <summary>From now on goes on with what is under way and copied by no gateway: after a start, or when another gateway has died.</summary>
    public void Resume() => looking = Task.Run(LookOnAsync);

    /// <summary>Begins an import, or a further pass of one that has the same source.</summary>
    /// <param name="keys">Null: requests to the source are not signed.</param>
    /// <exception cref="S3ClientException">The source cannot be listed with these keys.</exception>
    /// <exception cref="AdminRequestException">The bucket is being imported from elsewhere, or is gone.</exception>
    public async Task BeginAsync(BucketRow bucket, ImportSettings settings, AccessKeys? keys, CancellationToken cancellationToken)
    {
        settings = settings with { Gateway = Gateway, Started = time.GetUtcNow(), AccessKey = keys?.Id ?? "", SealedSecret = keys is null ? [] : Seal(bucket, keys) };
        using (var source = Connect(bucket, settings)) await source.ListPageAsync(settings.Bucket, settings.Prefix, null, null, null, 1, cancellationToken);

        await ChangeAsync(bucket, old =>
        {
            if (old is not null && (old.Endpoint != settings.Endpoint || old.Bucket != settings.Bucket || old.Prefix != settings.Prefix))
                throw new AdminRequestException(409, "ImportExists", $"Bucket {bucket.Name} is being imported from {old.Endpoint} s3://{old.Bucket}/{old.Prefix}; end that first: oort import end {bucket.Name}");
            return settings;
        }, startsAnew: true, cancellationToken);
    }

    /// <summary>Pauses or goes on.</summary>
    public Task SetStateAsync(BucketRow bucket, ImportState state, CancellationToken cancellationToken) =>
        ChangeAsync(bucket, old => (old ?? throw NoImport(bucket)) with { State = state, Gateway = Gateway }, startsAnew: false, cancellationToken);

    /// <summary>Ends an import: nothing is copied or fetched any more, and the source's keys are forgotten. What has come stays.</summary>
    public Task EndAsync(BucketRow bucket, CancellationToken cancellationToken) =>
        ChangeAsync(bucket, old => old is null ? throw NoImport(bucket) : null, startsAnew: true, cancellationToken);

    /// <summary>All imports, by bucket.</summary>
    public async Task<List<(BucketRow Bucket, ImportSettings Settings, ImportProgress Progress)>> ListAsync(CancellationToken cancellationToken)
    {
        var imports = new List<(BucketRow, ImportSettings, ImportProgress)>();
        foreach (var bucket in await ListBucketsAsync(cancellationToken)) imports.Add((bucket, ImportSettings.Of(bucket)!, await ProgressAsync(bucket, cancellationToken)));
        return imports;
    }

    /// <summary>How far an import is.</summary>
    public async Task<ImportProgress> ProgressAsync(BucketRow bucket, CancellationToken cancellationToken) =>
        runs.TryGetValue(bucket.Id, out var run) && run.IsCopying ? run.Progress : await ImportRun.ReadProgressAsync(system.Metadata, bucket.Id, cancellationToken) ?? ImportProgress.None;

    /// <summary>The run of a bucket that is being imported; null for any other.</summary>
    internal ImportRun? Find(BucketRow bucket)
    {
        if (!bucket.Settings.TryGetValue(ImportSettings.Name, out var setting)) return null;
        if (runs.TryGetValue(bucket.Id, out var run) && run.Setting.Span.SequenceEqual(setting.AsSpan())) return run;
        var settings = ImportSettings.Of(bucket)!;
        var made = new ImportRun(system.Objects, bucket, settings, setting.AsMemory(), Connect(bucket, settings), Connect(bucket, settings, AskedAttemptCountMax), time, logger);
        var current = runs.AddOrUpdate(bucket.Id, made, (_, old) => old.Setting.Span.SequenceEqual(made.Setting.Span) ? old : made);
        // Requests may still use the one before, or lose the race with another: both are ended with the service.
        if (!ReferenceEquals(current, made)) replaced.Enqueue(made);
        else if (run is not null) replaced.Enqueue(run);
        return current;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await looking;
        foreach (var run in runs.Values.Concat(replaced).Distinct()) await run.DisposeAsync();
        change.Dispose();
        stop.Dispose();
    }

    /// <summary>1. The run that there is ends. 2. The settings change. 3. What is to be copied is copied by a new run.</summary>
    private async Task ChangeAsync(BucketRow bucket, Func<ImportSettings?, ImportSettings?> next, bool startsAnew, CancellationToken cancellationToken)
    {
        await change.WaitAsync(cancellationToken);
        try
        {
            bucket = await system.Metadata.FindBucketAsync(bucket.Name, cancellationToken) ?? throw new AdminRequestException(404, "NotFound", $"There is no bucket {bucket.Name}.");
            var settings = next(ImportSettings.Of(bucket));

            // 1.
            if (runs.TryRemove(bucket.Id, out var old)) await old.DisposeAsync();

            // 2. A bucket without versioning could not remember what was deleted in it.
            if (startsAnew) await system.Metadata.PutSettingAsync(ImportProgress.SettingName(bucket.Id), null, cancellationToken);
            Errors.InnerErrors.ThrowUnlessDone(await system.Metadata.UpdateBucketAsync(
                bucket.Id,
                row => settings is null
                    ? row with { Settings = row.Settings.Remove(ImportSettings.Name) }
                    : settings.PutInto(row) with { Versioning = row.Versioning == VersioningState.Unversioned ? VersioningState.Suspended : row.Versioning },
                cancellationToken));

            // 3.
            if (settings?.State == ImportState.Copying && await system.Metadata.FindBucketAsync(bucket.Name, cancellationToken) is { } changed) Copy(changed);
        }
        finally
        {
            change.Release();
        }
    }

    /// <summary>Begins to copy a bucket here, if no other gateway does.</summary>
    private void Copy(BucketRow bucket)
    {
        if (Find(bucket) is { } run) run.Begin((work, token) => system.RunAloneAsync(ImportProgress.SettingName(bucket.Id), work, token), token => MarkCopiedAsync(bucket, run.Settings, token));
    }

    private async Task MarkCopiedAsync(BucketRow bucket, ImportSettings copied, CancellationToken cancellationToken) =>
        await system.Metadata.UpdateBucketAsync(
            bucket.Id,
            row => ImportSettings.Of(row) is { State: ImportState.Copying } settings && settings.Started == copied.Started ? (settings with { State = ImportState.Copied }).PutInto(row) : row,
            cancellationToken);

    /// <summary>1. What was changed through another gateway is no longer copied as before. 2. What is to be copied is, here or elsewhere.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        await change.WaitAsync(cancellationToken);
        try
        {
            var imports = (await ListBucketsAsync(cancellationToken)).ToDictionary(bucket => bucket.Id);

            // 1.
            foreach (var (id, run) in runs)
            {
                // Requests may still use it: it is ended with the service.
                if ((!imports.TryGetValue(id, out var bucket) || !run.Setting.Span.SequenceEqual(bucket.Settings[ImportSettings.Name].AsSpan())) && runs.TryRemove(KeyValuePair.Create(id, run))) replaced.Enqueue(run);
            }

            foreach (var run in replaced) await run.EndCopyingAsync();

            // 2.
            foreach (var bucket in imports.Values)
                if (ImportSettings.Of(bucket) is { State: ImportState.Copying }) Copy(bucket);
        }
        finally
        {
            change.Release();
        }
    }

    private async Task LookOnAsync()
    {
        for (var delay = TimeSpan.Zero; ;)
        {
            try
            {
                await Task.Delay(delay, time, stop.Token);
                await LookAsync(stop.Token);
                delay = lookInterval;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogNotLooked(e);
                delay = delay == TimeSpan.Zero ? lookInterval : delay * 2 < lookIntervalMax ? delay * 2 : lookIntervalMax;
            }
        }
    }

    /// <summary>Buckets that are being imported.</summary>
    private async Task<List<BucketRow>> ListBucketsAsync(CancellationToken cancellationToken)
    {
        var imports = new List<BucketRow>();
        for (var after = ""; ;)
        {
            var page = await system.Metadata.ListBucketsAsync(null, "", after, BucketPageSize, cancellationToken);
            imports.AddRange(page.Where(bucket => bucket.Settings.ContainsKey(ImportSettings.Name)));
            if (page.Length < BucketPageSize) return imports;
            after = page[^1].Name;
        }
    }

    private S3Client Connect(BucketRow bucket, ImportSettings settings, int? attemptCountMax = null)
    {
        var options = new S3ClientOptions
        {
            Endpoint = settings.Endpoint,
            Region = settings.Region,
            Addressing = settings.Addressing,
            AllowsLocalAddresses = allowsLocalEndpoints,
            ConnectionCountMax = settings.Concurrency + 32,
        };
        if (attemptCountMax is { } most) options = options with { AttemptCountMax = most };
        // Not for security: spreads retries.
        return new S3Client(options, Open(bucket, settings), time, new Random());
    }

    private byte[] Seal(BucketRow bucket, AccessKeys keys) => system.SealSecret(Context(bucket), JsonSerializer.SerializeToUtf8Bytes(new[] { keys.Secret, keys.SessionToken }));

    private AccessKeys? Open(BucketRow bucket, ImportSettings settings)
    {
        if (settings.AccessKey.Length == 0) return null;
        var bytes = system.OpenSecret(Context(bucket), settings.SealedSecret)
            ?? throw new AdminRequestException(500, "InternalError", $"The keys of the source of bucket {bucket.Name} cannot be opened; begin its import again.");
        var secrets = JsonSerializer.Deserialize<string?[]>(bytes)!;
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(bytes);
        return new(settings.AccessKey, secrets[0]!, secrets[1]);
    }

    private static byte[] Context(BucketRow bucket) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"import/{bucket.Id}"));

    private static AdminRequestException NoImport(BucketRow bucket) => new(404, "NotFound", $"Bucket {bucket.Name} is not being imported.");

    [LoggerMessage(LogLevel.Warning, "Imports that nobody copies could not be looked for; that is tried again.")]
    private partial void LogNotLooked(Exception exception);
}
