using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Networks;

/// <summary>Works out whose data shards are of, from the data ids in their segments.</summary>
internal static class ItemBuckets
{
    private const int PageSize = 1_000;

    /// <param name="shards">With their lengths.</param>
    /// <returns>At most <see cref="MetadataLimits.ItemBucketCountMax"/> buckets, those of most bytes first. Data that are not known to be of any are left out.</returns>
    public static async ValueTask<ImmutableArray<BucketBytes>> OfAsync(IMetadataStore metadata, IEnumerable<(ShardId Shard, long Length)> shards, CancellationToken cancellationToken)
    {
        var bytes = new Dictionary<BucketId, double>();
        foreach (var segment in shards.GroupBy(one => one.Shard.Segment))
        {
            var (parts, live) = (new Dictionary<BucketId, long>(), 0L);
            for (DataId? after = null; ;)
            {
                var page = await metadata.ListDataInSegmentAsync(segment.Key, after, PageSize, cancellationToken);
                foreach (var data in page)
                {
                    var length = data.Runs.Where(run => run.Segment == segment.Key).Sum(run => run.Length);
                    live += length;
                    if (data.Bucket is { } bucket) parts[bucket] = parts.GetValueOrDefault(bucket) + length;
                }

                if (page.Length < PageSize) break;
                after = page[^1].Id;
            }

            // Of a pack with holes, those whose data are in it yet pay for all of it.
            foreach (var (bucket, length) in parts) bytes[bucket] = bytes.GetValueOrDefault(bucket) + (double)length / live * segment.Sum(one => one.Length);
        }

        return [.. bytes.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key.Value).Take(MetadataLimits.ItemBucketCountMax).Select(pair => new BucketBytes(pair.Key, (long)pair.Value))];
    }
}
