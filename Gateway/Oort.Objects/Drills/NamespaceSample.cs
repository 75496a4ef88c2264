using System.Text;
using Oort.Metadata;
using Oort.Metadata.Sqlite.Recovery;

namespace Oort.Objects.Drills;

/// <summary>A version of the live namespace, with where its data lay.</summary>
internal sealed record SampledVersion(string BucketName, VersionRow Row, IReadOnlyList<DataLocation> Data);

/// <summary>Draws versions from the live namespace, uniformly: those with the smallest hashes of all.</summary>
/// <remarks>Reads every version's listing once, a page at a time. Memory: as many versions as are drawn.</remarks>
internal sealed class NamespaceSample(IMetadataStore metadata, RebuildSample sample, int versionsMax)
{
    private const int PageSize = 1_000;
    private const int LocateCount = 500;

    /// <summary>Extents of all versions drawn at most, some 100 bytes each. What would go beyond is not drawn: a large object may have 65,536.</summary>
    private const int ExtentsMax = 200_000;

    /// <summary>Versions by key of row: bucket, key, generation.</summary>
    public Dictionary<(BucketId Bucket, string Key, ulong Generation), SampledVersion> Versions { get; } = [];

    /// <summary>Versions seen.</summary>
    public long Seen { get; private set; }

    /// <summary>Draws, and completes the sample: 1. the smallest hashes; 2. their rows, data and segments.</summary>
    public async Task DrawAsync(Action<long>? progress, CancellationToken cancellationToken)
    {
        // 1.
        var drawn = new PriorityQueue<(string BucketName, VersionRow Row), ulong>(Comparer<ulong>.Create((a, b) => b.CompareTo(a)));
        var after = "";
        while (true)
        {
            var buckets = await metadata.ListBucketsAsync(null, "", after, PageSize, cancellationToken);
            foreach (var bucket in buckets) await DrawAsync(bucket, drawn, progress, cancellationToken);
            if (buckets.Length < PageSize) break;
            after = buckets[^1].Name;
        }

        if (drawn.Count == versionsMax && drawn.TryPeek(out _, out var largest)) sample.HashMax = largest;

        // 2.
        var extents = 0;
        foreach (var (bucketName, listed) in drawn.UnorderedItems.Select(item => item.Element))
        {
            if (await FindAsync(metadata, listed, cancellationToken) is not { } row || extents + row.Extents.Length > ExtentsMax) continue;
            extents += row.Extents.Length;
            var data = await LocateAsync(metadata, row, cancellationToken);
            Versions[(row.Bucket, row.Key, row.Id.Generation)] = new(bucketName, row, data);
            foreach (var location in data)
            {
                sample.Data.Add(location.Data.Id);
                sample.Segments.UnionWith(location.Segments.Keys);
            }
        }
    }

    /// <summary>A version as it is now; null when it is gone or another one is in its place.</summary>
    public static async ValueTask<VersionRow?> FindAsync(IMetadataStore metadata, VersionRow version, CancellationToken cancellationToken) =>
        await metadata.FindVersionAsync(version.Bucket, version.Key, version.IdText, cancellationToken) is { } row && row.Id.Generation == version.Id.Generation ? row : null;

    public static async ValueTask<IReadOnlyList<DataLocation>> LocateAsync(IMetadataStore metadata, VersionRow row, CancellationToken cancellationToken)
    {
        var found = new List<DataLocation>();
        foreach (var ids in row.Extents.Select(extent => extent.Data).Distinct().Chunk(LocateCount)) found.AddRange(await metadata.LocateAsync([.. ids], cancellationToken));
        return found;
    }

    private async Task DrawAsync(BucketRow bucket, PriorityQueue<(string, VersionRow), ulong> drawn, Action<long>? progress, CancellationToken cancellationToken)
    {
        var query = new ListVersionsQuery(bucket.Id, "", "", "", null, PageSize);
        while (true)
        {
            var page = await metadata.ListVersionsAsync(query, cancellationToken);
            foreach (var row in page.Versions.Where(row => row.Id.Generation <= sample.GenerationMax))
            {
                Seen++;
                var hash = sample.HashOf(bucket.Id, Encoding.UTF8.GetBytes(row.Key), row.Id.Generation);
                if (drawn.Count < versionsMax) drawn.Enqueue((bucket.Name, row), hash);
                else if (drawn.TryPeek(out _, out var largest) && hash < largest) drawn.EnqueueDequeue((bucket.Name, row), hash);
            }

            progress?.Invoke(Seen);
            if (!page.IsTruncated) return;
            query = query with { AfterKey = page.LastKey, AfterVersionId = page.LastVersionId };
        }
    }
}
