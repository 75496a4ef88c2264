using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects;

/// <summary>A store that shards may be placed on.</summary>
internal readonly record struct PlacementCandidate(IStore Store, string FailureDomain);

/// <summary>Decides which store takes which shard. Pure: the same input gives the same places.</summary>
internal static class ShardPlacement
{
    /// <summary>Places the shards of a new segment.</summary>
    /// <param name="candidates">Stores that take writes now, in a fixed order.</param>
    /// <param name="turn">Advances by one from segment to segment, so that every store comes first equally often and parity is spread like data.</param>
    /// <returns>One place a shard; null where there are fewer candidates than shards.</returns>
    /// <remarks>Greedy: each shard takes the first store, from the turn on, whose failure domain holds the fewest shards of the segment so far.</remarks>
    public static ImmutableArray<IStore?> Place(ReadOnlySpan<PlacementCandidate> candidates, int shardCount, ulong turn)
    {
        var places = new IStore?[shardCount];
        var taken = new bool[candidates.Length];
        var perDomain = new Dictionary<string, int>(StringComparer.Ordinal);
        var first = candidates.IsEmpty ? 0 : (int)(turn % (ulong)candidates.Length);
        for (var shard = 0; shard < Math.Min(shardCount, candidates.Length); shard++)
        {
            var best = Best(candidates, taken, perDomain, first);
            taken[best] = true;
            perDomain[candidates[best].FailureDomain] = perDomain.GetValueOrDefault(candidates[best].FailureDomain) + 1;
            places[shard] = candidates[best].Store;
        }

        return [.. places];
    }

    /// <summary>Where one missing shard of a segment goes: the candidate whose domain holds the fewest of the segment's other shards; null when there is none.</summary>
    /// <param name="candidates">Stores that take writes now and hold no shard of the segment.</param>
    /// <param name="occupied">Failure domains of the segment's good shards, one entry a shard.</param>
    public static IStore? PlaceOne(ReadOnlySpan<PlacementCandidate> candidates, IEnumerable<string> occupied, ulong turn)
    {
        if (candidates.IsEmpty) return null;
        var perDomain = occupied.GroupBy(domain => domain, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
        return candidates[Best(candidates, new bool[candidates.Length], perDomain, (int)(turn % (ulong)candidates.Length))].Store;
    }

    private static int Best(ReadOnlySpan<PlacementCandidate> candidates, bool[] taken, Dictionary<string, int> perDomain, int first)
    {
        var best = -1;
        var fewest = int.MaxValue;
        for (var step = 0; step < candidates.Length; step++)
        {
            var index = (first + step) % candidates.Length;
            if (taken[index]) continue;
            var held = perDomain.GetValueOrDefault(candidates[index].FailureDomain);
            if (held >= fewest) continue;
            (best, fewest) = (index, held);
        }

        return best;
    }
}
