using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Placement;

namespace Oort.Objects.Durability;

/// <summary>Answers what would be left if a store, an operator, a region, … were gone, page by page of the tables.</summary>
/// <remarks>Memory: one page and the names that are shown.</remarks>
internal sealed class LossQuestion(IMetadataStore metadata, StoreSet stores, DomainName lost)
{
    private const int PageSize = 1_000;

    /// <summary>Segments and objects that are named.</summary>
    private const int NamedMax = 1_000;

    private readonly HashSet<StoreId> gone = [.. stores.Slots.Where(slot => lost.Has(slot.Id, slot.Endpoint.Location, slot.Traits)).Select(slot => slot.Id)];

    private enum Fate
    {
        Untouched,
        Readable,
        BelowThreshold,
        Lost,
        UnreadableNow,
    }

    /// <param name="withObjects">Also walks all versions, which takes a look-up for each.</param>
    /// <param name="progress">Segments and versions looked at, of those there were at the beginning.</param>
    public async ValueTask<WhatIfReport> RunAsync(bool withObjects, Action<long, long>? progress, CancellationToken cancellationToken)
    {
        var totals = await metadata.GetTotalsAsync(cancellationToken);
        var total = totals.Segments + (withObjects ? totals.Versions : 0);
        var (segments, bytes, objects) = (new long[5], new long[5], new long[5]);
        var named = ImmutableArray.CreateBuilder<string>();
        var atRisk = ImmutableArray.CreateBuilder<ObjectAtRisk>();
        var done = 0L;
        for (var after = default(SegmentId); ;)
        {
            var page = await metadata.ListSegmentsAsync(after, PageSize, notFullOnly: false, store: null, cancellationToken);
            foreach (var row in page)
            {
                var fate = FateOf(row);
                segments[(int)fate]++;
                bytes[(int)fate] += row.PayloadLength;
                if (fate == Fate.Lost && named.Count < NamedMax) named.Add(row.Id.ToString());
            }

            progress?.Invoke(done += page.Length, Math.Max(done, total));
            if (page.Length < PageSize) break;
            after = page[^1].Id;
        }

        if (withObjects)
        {
            await foreach (var (bucket, version) in VersionsAsync(cancellationToken))
            {
                var fate = await FateOfAsync(version, cancellationToken);
                objects[(int)fate]++;
                if (fate is Fate.Lost or Fate.BelowThreshold && atRisk.Count < NamedMax)
                    atRisk.Add(new(bucket, version.Key, version.IdText, fate == Fate.Lost ? "lost" : "belowThreshold"));
                if (++done % PageSize == 0) progress?.Invoke(done, Math.Max(done, total));
            }
        }

        return new(
            lost.ToString(),
            [.. stores.Slots.Where(slot => gone.Contains(slot.Id)).Select(slot => slot.Endpoint.Location)],
            ToCounts(segments), ToCounts(bytes), named.ToImmutable(),
            withObjects ? ToCounts(objects) : null, atRisk.ToImmutable(), CanWrite());
    }

    /// <summary>Whether any store is meant.</summary>
    public bool IsKnown => gone.Count > 0;

    private static LossCounts ToCounts(long[] counts) => new(counts[0], counts[1], counts[2], counts[3], counts[4]);

    private Fate FateOf(SegmentRow row)
    {
        var readable = row.Shards.Where(id => stores.Find(id) is not null).ToList();
        if (readable.Count < row.Geometry.DataShards) return Fate.UnreadableNow;
        var left = readable.Where(id => !gone.Contains(id)).ToList();
        if (left.Count < row.Geometry.DataShards) return Fate.Lost;
        if (!row.Shards.Any(gone.Contains)) return Fate.Untouched;
        return left.Count(stores.IsHealthy) <= stores.Placement.Of(row.Policy).Rules.RepairThreshold(row.Geometry) ? Fate.BelowThreshold : Fate.Readable;
    }

    /// <summary>The worst of its segments.</summary>
    private async ValueTask<Fate> FateOfAsync(VersionRow version, CancellationToken cancellationToken)
    {
        var worst = Fate.Untouched;
        foreach (var data in version.Body.Select(extent => extent.Data).Distinct().Chunk(PageSize))
        {
            foreach (var location in await metadata.LocateAsync([.. data], cancellationToken))
                foreach (var segment in location.Segments.Values)
                    worst = (Fate)Math.Max((int)worst, (int)FateOf(segment));
        }

        return worst;
    }

    private async IAsyncEnumerable<(string Bucket, VersionRow Version)> VersionsAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var afterBucket = ""; ;)
        {
            var buckets = await metadata.ListBucketsAsync(null, "", afterBucket, PageSize, cancellationToken);
            foreach (var bucket in buckets)
            {
                var (afterKey, afterVersion) = ("", (string?)null);
                while (true)
                {
                    var page = await metadata.ListVersionsAsync(new(bucket.Id, "", "", afterKey, afterVersion, PageSize), cancellationToken);
                    foreach (var listed in page.Versions.Where(version => !version.IsDeleteMarker))
                    {
                        // What was deleted meanwhile is at no risk.
                        if (await metadata.FindVersionAsync(bucket.Id, listed.Key, listed.IdText, cancellationToken) is { } version) yield return (bucket.Name, version);
                    }

                    if (!page.IsTruncated || page.Versions.IsEmpty) break;
                    (afterKey, afterVersion) = (page.LastKey, page.LastVersionId);
                }
            }

            if (buckets.Length < PageSize) yield break;
            afterBucket = buckets[^1].Name;
        }
    }

    /// <summary>With the default policy; stores that take writes now.</summary>
    private bool CanWrite()
    {
        var geometry = stores.Geometry;
        return stores.Slots.Count(slot => PolicyPlacer.IsEligible(slot) && slot.TakesWrites && !gone.Contains(slot.Id)) >= geometry.WriteQuorum;
    }
}
