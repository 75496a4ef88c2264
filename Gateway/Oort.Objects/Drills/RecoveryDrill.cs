using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Metadata.Sqlite;
using Oort.Metadata.Sqlite.Recovery;

namespace Oort.Objects.Drills;

/// <summary>Recovers a sample of the namespace from the stores and the root key, beside the running system, and compares it with what that serves.</summary>
/// <remarks>
/// It reads stores and database, and writes only to a folder of its own, which is deleted at its end and before the next one. What clients change meanwhile is looked at
/// again, and left out where that explains a difference.
/// </remarks>
internal sealed class RecoveryDrill(OpenedSystem parts, Snapshotter snapshotter, RootKey root, Func<IMetadataStore, Keyring, ObjectLayer> read, string dataDirectory, TimeProvider time, ILogger logger)
{
    public const string FolderName = "drill";

    /// <summary>How long the journal may take to hold what was committed before.</summary>
    private static readonly TimeSpan s_journalTimeout = TimeSpan.FromMinutes(1);

    private const int ScratchCacheKibibytes = 8 * 1024;

    private readonly string folder = Path.Combine(dataDirectory, FolderName);
    private readonly DrillFindings findings = new();
    private int compared;
    private int changed;
    private int readObjects;
    private long readBytes;

    /// <summary>Removes what a drill that was cut off has left.</summary>
    public static void CleanUp(string dataDirectory)
    {
        var left = Path.Combine(dataDirectory, FolderName);
        if (Directory.Exists(left)) Directory.Delete(left, recursive: true);
    }

    /// <summary>Runs it: 1. draws the sample; 2. recovers it; 3. compares the rows both ways; 4. reads objects back by the recovered rows.</summary>
    /// <exception cref="MetadataUnavailableException">The journal does not get on: nothing can be said now.</exception>
    public async Task<DrillReport> RunAsync(DrillOptions options, Action<string, long>? progress, CancellationToken cancellationToken)
    {
        var (started, begun) = (time.GetUtcNow(), time.GetTimestamp());
        CleanUp(dataDirectory);
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            // 1.
            var sample = new RebuildSample(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))))
            {
                GenerationMax = parts.Metadata.CommittedGeneration,
            };
            var drawn = new NamespaceSample(parts.Metadata, sample, options.VersionsMax);
            await drawn.DrawAsync(seen => progress?.Invoke("drawing a sample", seen), cancellationToken);
            var acknowledged = parts.Metadata.CommittedGeneration;
            await WaitForJournalAsync(acknowledged, cancellationToken);

            NamespaceRebuild? rebuild = null;
            try
            {
                rebuild = await RecoverAsync(drawn, sample, acknowledged, options, progress, cancellationToken);
            }
            catch (StartRefusedException refusal)
            {
                findings.Add($"Nothing could be recovered: {refusal.Message}");
            }

            return new(
                started, time.GetElapsedTime(begun), rebuild?.Generation ?? 0, rebuild?.SnapshotGeneration ?? 0, rebuild?.Records ?? 0,
                drawn.Seen, drawn.Versions.Count, compared, changed, readObjects, readBytes, findings.ToImmutable());
        }
        finally
        {
            CleanUp(dataDirectory);
        }
    }

    /// <exception cref="StartRefusedException">The stores have no keyring that opens, or neither snapshot nor journal.</exception>
    private async Task<NamespaceRebuild> RecoverAsync(NamespaceSample drawn, RebuildSample sample, ulong acknowledged, DrillOptions options, Action<string, long>? progress, CancellationToken cancellationToken)
    {
        // 2.
        var stores = parts.Stores.Readable();
        var copies = await KeyringReplicas.ReadAsync(stores, logger, cancellationToken);
        using var keyring = KeyringReplicas.Open(copies.Select(copy => copy.Bytes).OfType<byte[]>(), root);
        var path = Path.Combine(folder, DirectoryIdentity.DatabaseFileName);
        using var rebuild = new NamespaceRebuild(stores, keyring, path, time, null, logger) { Sample = sample };
        await RebuildAsync(rebuild, acknowledged, cancellationToken);

        // 3.
        await using var recovered = SqliteMetadataStore.Open(new() { Path = path, HotBytesMax = 0, CacheKibibytes = ScratchCacheKibibytes }, time);
        await recovered.StartAsync(new NoJournal(), recovered.CommittedGeneration);
        var good = await CompareAsync(drawn, recovered, cancellationToken);

        // 4.
        await using var objects = read(recovered, keyring);
        await ReadAsync(good, objects, options, progress, cancellationToken);
        return rebuild;
    }

    private async Task WaitForJournalAsync(ulong generation, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        while (parts.Metadata.JournalledGeneration < generation)
        {
            if (time.GetElapsedTime(begun) > s_journalTimeout) throw new MetadataUnavailableException("The journal did not reach the drill's instant in time.");
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
        }
    }

    private async Task RebuildAsync(NamespaceRebuild rebuild, ulong acknowledged, CancellationToken cancellationToken)
    {
        // Else what is being read could be dropped.
        using (await snapshotter.HoldAsync(cancellationToken)) await rebuild.ReadAsync(cancellationToken);
        // Rows whose data or segments are not of the sample are told here too; those of the sample are compared below.
        rebuild.Finish(acceptLoss: true);
        foreach (var finding in rebuild.Findings) findings.Add(finding.Text);
        if (rebuild.Generation < acknowledged) findings.Add(string.Create(CultureInfo.InvariantCulture, $"Snapshot and journals end at generation {rebuild.Generation}; changes up to {acknowledged} were acknowledged."));
    }

    /// <summary>Compares the rows of the sample in both namespaces.</summary>
    /// <returns>The recovered versions that are as they must be.</returns>
    private async Task<List<SampledVersion>> CompareAsync(NamespaceSample drawn, SqliteMetadataStore recovered, CancellationToken cancellationToken)
    {
        var good = new List<SampledVersion>();
        foreach (var one in drawn.Versions.Values)
        {
            var row = await NamespaceSample.FindAsync(recovered, one.Row, cancellationToken);
            if (row is not null && Same(row, one.Row))
            {
                compared++;
                good.Add(one with { Row = row });
            }
            else if (await IsChangedAsync(one, cancellationToken))
            {
                changed++;
            }
            else
            {
                compared++;
                findings.Add($"{Name(one)} {(row is null ? "was not recovered" : "was recovered with other metadata")}.");
            }
        }

        // What clients have deleted must not come back.
        foreach (var bucket in await recovered.ListBucketsAsync(null, "", "", int.MaxValue, cancellationToken))
        {
            for (var query = new ListVersionsQuery(bucket.Id, "", "", "", null, 1_000); ;)
            {
                var page = await recovered.ListVersionsAsync(query, cancellationToken);
                foreach (var row in page.Versions.Where(row => !drawn.Versions.ContainsKey((row.Bucket, row.Key, row.Id.Generation))))
                    if (await NamespaceSample.FindAsync(parts.Metadata, row, cancellationToken) is null)
                        findings.Add($"s3://{bucket.Name}/{row.Key} ({row.IdText}) was recovered and had been deleted.");
                if (!page.IsTruncated) break;
                query = query with { AfterKey = page.LastKey, AfterVersionId = page.LastVersionId };
            }
        }

        return good;
    }

    private async Task ReadAsync(List<SampledVersion> versions, ObjectLayer objects, DrillOptions options, Action<string, long>? progress, CancellationToken cancellationToken)
    {
        var pacer = new Pacer(options.BytesPerSecond, time);
        foreach (var one in versions.Where(one => one.Row.Size > 0))
        {
            if (readBytes >= options.BytesMax) return;
            var length = Math.Min(one.Row.Size, options.BytesMax - readBytes);
            await pacer.SpendAsync(length, cancellationToken);
            try
            {
                var digest = ObjectEncryption.IsCustomers(one.Row.Attributes)
                    ? await objects.CheckSealedAsync(one.Row, cancellationToken)
                    : await DigestAsync(objects, one.Row, length, cancellationToken);
                // Of one part, an ETag is the MD5 of its bytes.
                if (digest is not null && length == one.Row.Size && one.Row.ETag.Length == 2 * MD5.HashSizeInBytes && digest != one.Row.ETag) findings.Add($"{Name(one)} was read back with other bytes.");
                (readObjects, readBytes) = (readObjects + 1, readBytes + length);
                progress?.Invoke("reading objects back", readObjects);
            }
            catch (Exception failure) when (failure is ObjectUnavailableException or VersionGoneException or BackendException or InvalidDataException)
            {
                if (await IsChangedAsync(one, cancellationToken)) changed++;
                else findings.Add($"{Name(one)} could not be read back: {failure.Message}");
            }
        }
    }

    private static async Task<string> DigestAsync(ObjectLayer objects, VersionRow row, long length, CancellationToken cancellationToken)
    {
        await using var reader = await objects.OpenAsync(row, 0, length, cancellationToken);
        // Not for safety: it is what an ETag is.
#pragma warning disable CA5351
        using var md5 = MD5.Create();
#pragma warning restore CA5351
        await using (var stream = new CryptoStream(Stream.Null, md5, CryptoStreamMode.Write, leaveOpen: true))
        {
            var writer = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
            await reader.CopyToAsync(0, length, writer, cancellationToken);
            await writer.CompleteAsync();
        }

        return Convert.ToHexStringLower(md5.Hash!);
    }

    /// <summary>Whether a version, or where its data lies, is not any more what it was when it was drawn.</summary>
    private async ValueTask<bool> IsChangedAsync(SampledVersion one, CancellationToken cancellationToken)
    {
        var now = await NamespaceSample.FindAsync(parts.Metadata, one.Row, cancellationToken);
        return now is null || !Same(now, one.Row) || Places(await NamespaceSample.LocateAsync(parts.Metadata, now, cancellationToken)) != Places(one.Data);
    }

    /// <summary>Where data lies, as text to compare.</summary>
    private static string Places(IReadOnlyList<DataLocation> data) => string.Join('\n', data.OrderBy(location => location.Data.Id.Value)
        .Select(location => JsonSerializer.Serialize(location.Data) + string.Concat(location.Segments.Values.OrderBy(segment => segment.Id).Select(segment => $" {segment.Id} {segment.PlacementGeneration}"))));

    /// <summary>Which one is a key's newest is not compared: the sample does not have all of a key's versions.</summary>
    private static bool Same(VersionRow a, VersionRow b) => JsonSerializer.Serialize(a with { IsLatest = false }) == JsonSerializer.Serialize(b with { IsLatest = false });

    private static string Name(SampledVersion one) => $"s3://{one.BucketName}/{one.Row.Key} ({one.Row.IdText})";

    /// <summary>Nothing is written to the recovered database, so nothing comes here.</summary>
    private sealed class NoJournal : IJournal
    {
        public ValueTask AppendAsync(JournalEntry entry, CancellationToken cancellationToken) => throw new MetadataUnavailableException("A drill's database takes no changes.");
    }

    /// <summary>The first findings; the rest is counted.</summary>
    private sealed class DrillFindings
    {
        private readonly List<string> first = [];
        private int more;

        public void Add(string text)
        {
            if (first.Count < DrillReport.FindingsMax - 1) first.Add(text);
            else more++;
        }

        public System.Collections.Immutable.ImmutableArray<string> ToImmutable() => more == 0 ? [.. first] : [.. first, $"And {more} more."];
    }
}
