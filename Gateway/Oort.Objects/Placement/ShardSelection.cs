using System.Buffers;

namespace Oort.Objects.Placement;

/// <summary>Which stores take the shards of one new segment. Pure: the same table, segment and usable stores give the same choice.</summary>
/// <remarks>
/// 1. Every usable store draws a number from segment and store that is exponentially distributed with its weight as rate; in ascending order this is a draw without
/// replacement in proportion to the weights (Efraimidis, Spirakis: "Weighted random sampling with a reservoir", 2006). 2. Down that order, each store is taken that
/// breaks no cap: first of the even spread, then of the policy alone. 3. If that does not reach what single caps allow, all combinations are searched, within a limit. 4. What
/// then has no place stays without one, or, where the policy says so, the rules are relaxed one after the other, and the result says which were broken.
/// </remarks>
internal static class ShardSelection
{
    /// <summary>Up to this many stores all are sorted; of more, only those with the smallest numbers.</summary>
    private const int SortAllMax = 256;

    /// <summary>Numbers that are kept on the stack.</summary>
    private const int StackMax = 64;

    /// <summary>Chooses stores.</summary>
    /// <param name="usable">By candidate: whether it takes writes now.</param>
    /// <param name="seed">Of the segment.</param>
    /// <param name="turn">Advances by one from segment to segment, so that parity is spread like data.</param>
    /// <param name="chosen">One candidate's index a shard; −1 where there is none, always at the end.</param>
    public static PlacementShortfall Choose(CandidateTable table, ReadOnlySpan<bool> usable, ulong seed, ulong turn, Span<int> chosen)
    {
        chosen.Fill(-1);
        var usableCount = usable.Count(true);
        if (usableCount <= chosen.Length && table.HasOnlyVetted && table.Policy is { Caps.IsEmpty: true, CountriesMin: 0 })
        {
            TakeAll(usable, usableCount, turn, chosen);
            return usableCount < chosen.Length ? PlacementShortfall.Stores : PlacementShortfall.None;
        }

        double[]? rentedKeys = null;
        int[]? rentedOrder = null;
        try
        {
            // 1.
            var keys = usableCount <= StackMax ? stackalloc double[StackMax] : rentedKeys = ArrayPool<double>.Shared.Rent(usableCount);
            var order = usableCount <= StackMax ? stackalloc int[StackMax] : rentedOrder = ArrayPool<int>.Shared.Rent(usableCount);
            keys = keys[..usableCount];
            order = order[..usableCount];
            Draw(table, usable, seed, keys, order);
            var firstCount = usableCount <= SortAllMax ? usableCount : Math.Min(usableCount, Math.Max(SortAllMax / 2, 4 * chosen.Length));
            SmallestFirst(keys, order, firstCount);

            Span<int> picked = stackalloc int[byte.MaxValue];
            var (count, shortfall) = Pick(table, usable, seed, keys, order, firstCount, chosen.Length, picked[..chosen.Length]);
            for (var i = 0; i < count; i++) chosen[i] = picked[(int)(((uint)i + turn) % (uint)count)];
            return shortfall;
        }
        finally
        {
            if (rentedKeys is not null) ArrayPool<double>.Shared.Return(rentedKeys);
            if (rentedOrder is not null) ArrayPool<int>.Shared.Return(rentedOrder);
        }
    }

    private static void TakeAll(ReadOnlySpan<bool> usable, int usableCount, ulong turn, Span<int> chosen)
    {
        var first = usableCount == 0 ? 0 : (int)(turn % (ulong)usableCount);
        var number = 0;
        for (var candidate = 0; candidate < usable.Length; candidate++)
        {
            if (!usable[candidate]) continue;
            chosen[(number - first + usableCount) % usableCount] = candidate;
            number++;
        }
    }

    private static void Draw(CandidateTable table, ReadOnlySpan<bool> usable, ulong seed, Span<double> keys, Span<int> order)
    {
        var at = 0;
        for (var candidate = 0; candidate < usable.Length; candidate++)
        {
            if (!usable[candidate]) continue;
            keys[at] = -Math.Log(Hashing.Unit(Hashing.Mix(seed ^ table.Seeds[candidate]))) / table.Candidates[candidate].Weight;
            order[at++] = candidate;
        }
    }

    /// <summary>Brings the smallest keys to the front, in order; the rest stays unordered. A heap of the smallest so far: most of the others are looked at once.</summary>
    private static void SmallestFirst(Span<double> keys, Span<int> order, int count)
    {
        if (count < keys.Length)
        {
            for (var root = count / 2 - 1; root >= 0; root--) Sink(keys, order, root, count);
            for (var i = count; i < keys.Length; i++)
            {
                if (keys[i] >= keys[0]) continue;
                (keys[0], keys[i]) = (keys[i], keys[0]);
                (order[0], order[i]) = (order[i], order[0]);
                Sink(keys, order, 0, count);
            }
        }

        keys[..count].Sort(order[..count]);
    }

    private static void Sink(Span<double> keys, Span<int> order, int at, int count)
    {
        while (true)
        {
            var child = 2 * at + 1;
            if (child >= count) return;
            if (child + 1 < count && keys[child + 1] > keys[child]) child++;
            if (keys[at] >= keys[child]) return;
            (keys[at], keys[child]) = (keys[child], keys[at]);
            (order[at], order[child]) = (order[child], order[at]);
            at = child;
        }
    }

    private static (int Count, PlacementShortfall Shortfall) Pick(CandidateTable table, ReadOnlySpan<bool> usable, ulong seed, Span<double> keys, Span<int> order, int firstCount, int shardCount, Span<int> picked)
    {
        var policy = table.Policy;
        var unvettedMax = UnvettedMax(policy, seed, shardCount);
        var goal = Math.Min(Math.Min(shardCount, order.Length), Math.Min(table.Ceiling, table.Proven.GetValueOrDefault(unvettedMax, int.MaxValue)));
        if (!table.HasOnlyVetted) goal = Math.Min(goal, VettedCount(table, order) + unvettedMax);
        if (policy.CountriesMin > table.CountryCount) goal = Math.Min(goal, shardCount - (policy.CountriesMin - table.CountryCount));
        var rules = new SelectionRules(shardCount, unvettedMax, policy.CountriesMin);

        // 2.
        var count = table.HasSpread ? rules.Take(table, order[..firstCount], table.SoftCaps.AsSpan(), picked) : 0;
        if (count < goal) count = rules.Take(table, order[..firstCount], table.HardCaps.AsSpan(), picked);
        if (count < goal && firstCount < order.Length)
        {
            keys.Sort(order);
            if (table.HasSpread) count = rules.Take(table, order, table.SoftCaps.AsSpan(), picked);
            if (count < goal) count = rules.Take(table, order, table.HardCaps.AsSpan(), picked);
        }

        // 3.
        if (count < goal)
        {
            var search = new SelectionSearch(table, rules, goal);
            var found = search.Run(order);
            if (found.Count > count)
            {
                found.CopyTo(picked);
                count = found.Count;
            }

            if (count < goal) table.Proven[unvettedMax] = count;
        }

        if (count == shardCount) return (count, PlacementShortfall.None);
        if (count == order.Length) return (count, PlacementShortfall.Stores);

        // 4.
        var shortfall = order.Length < shardCount ? PlacementShortfall.Stores : PlacementShortfall.None;
        if (policy.WhenUnmet == UnmetAction.Refuse) return (count, shortfall | Missing(table, order, unvettedMax, shardCount));
        if (firstCount < order.Length) keys.Sort(order);
        return Relax(table, order, rules, picked);
    }

    /// <summary>Gives up the unvetted share, then the countries, then raises all caps together until everything has a place; then looks what was really broken.</summary>
    private static (int, PlacementShortfall) Relax(CandidateTable table, ReadOnlySpan<int> order, SelectionRules rules, Span<int> picked)
    {
        var goal = Math.Min(rules.ShardCount, order.Length);
        Span<int> caps = stackalloc int[table.HardCaps.Length];
        table.HardCaps.AsSpan().CopyTo(caps);
        var relaxed = rules with { UnvettedMax = rules.ShardCount };
        var count = relaxed.Take(table, order, caps, picked);
        if (count < goal) count = (relaxed = relaxed with { CountriesMin = 0 }).Take(table, order, caps, picked);
        for (var more = 0; count < goal && more < rules.ShardCount; more++)
        {
            foreach (ref var cap in caps)
                if (cap < int.MaxValue) cap++;
            count = (relaxed with { CountriesMin = rules.CountriesMin }).Take(table, order, caps, picked);
            if (count < goal) count = relaxed.Take(table, order, caps, picked);
        }

        return (count, rules.Broken(table, picked[..count]) | (order.Length < rules.ShardCount ? PlacementShortfall.Stores : PlacementShortfall.None));
    }

    /// <summary>Why shards stayed without a place.</summary>
    private static PlacementShortfall Missing(CandidateTable table, ReadOnlySpan<int> order, int unvettedMax, int shardCount)
    {
        var missing = PlacementShortfall.None;
        if (!table.HasOnlyVetted && VettedCount(table, order) + unvettedMax < shardCount) missing |= PlacementShortfall.Unvetted;
        if (table.CountryCount < table.Policy.CountriesMin) missing |= PlacementShortfall.Countries;
        return table.Ceiling < shardCount || missing == PlacementShortfall.None ? missing | PlacementShortfall.Caps : missing;
    }

    /// <summary>Unvetted stores that this segment may use. Over many segments the mean is the policy's share, and never more.</summary>
    private static int UnvettedMax(PlacementPolicy policy, ulong seed, int shardCount) =>
        Math.Min(shardCount, (int)(shardCount * policy.UnvettedPercent / 100 + Hashing.Unit(Hashing.Mix(~seed))));

    private static int VettedCount(CandidateTable table, ReadOnlySpan<int> order)
    {
        var count = 0;
        foreach (var candidate in order) count += table.Candidates[candidate].IsVetted ? 1 : 0;
        return count;
    }
}
