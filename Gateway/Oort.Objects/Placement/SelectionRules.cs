namespace Oort.Objects.Placement;

/// <summary>What a set of stores for one segment must keep, beside the caps.</summary>
/// <param name="ShardCount">k + m.</param>
/// <param name="UnvettedMax">Unvetted stores at most.</param>
/// <param name="CountriesMin">Countries at least: a set that is not complete yet leaves room for those that are missing.</param>
internal readonly record struct SelectionRules(int ShardCount, int UnvettedMax, int CountriesMin)
{
    /// <summary>Takes stores in order, each that breaks nothing, until all shards have one.</summary>
    /// <param name="caps">By kind of domain.</param>
    /// <returns>How many were taken.</returns>
    public int Take(CandidateTable table, ReadOnlySpan<int> order, ReadOnlySpan<int> caps, Span<int> picked)
    {
        var (count, unvetted, countries) = (0, 0, 0);
        foreach (var candidate in order)
        {
            if (count == ShardCount) break;
            var isUnvetted = !table.Candidates[candidate].IsVetted;
            if (isUnvetted && unvetted >= UnvettedMax) continue;
            var isNewCountry = CountriesMin > 0 && table.HasCountry(candidate) && Held(table, DomainKind.Country, table.DomainOf(DomainKind.Country, candidate), picked[..count]) == 0;
            if (ShardCount - (count + 1) < CountriesMin - countries - (isNewCountry ? 1 : 0)) continue;
            if (!Fits(table, candidate, caps, picked[..count])) continue;
            picked[count++] = candidate;
            unvetted += isUnvetted ? 1 : 0;
            countries += isNewCountry ? 1 : 0;
        }

        return count;
    }

    /// <summary>What a set breaks under the policy's own caps.</summary>
    public PlacementShortfall Broken(CandidateTable table, ReadOnlySpan<int> set)
    {
        var (broken, unvetted) = (PlacementShortfall.None, 0);
        var countries = new HashSet<int>();
        for (var i = 0; i < set.Length; i++)
        {
            unvetted += table.Candidates[set[i]].IsVetted ? 0 : 1;
            if (table.HasCountry(set[i])) countries.Add(table.DomainOf(DomainKind.Country, set[i]));
            if (!Fits(table, set[i], table.HardCaps.AsSpan(), set[..i])) broken |= PlacementShortfall.Caps;
        }

        if (unvetted > UnvettedMax) broken |= PlacementShortfall.Unvetted;
        return ShardCount - set.Length < CountriesMin - countries.Count ? broken | PlacementShortfall.Countries : broken;
    }

    /// <summary>Whether one more shard fits beside those that are placed.</summary>
    public static bool Fits(CandidateTable table, int candidate, ReadOnlySpan<int> caps, ReadOnlySpan<int> placed)
    {
        for (var kind = 0; kind < caps.Length; kind++)
        {
            // A set is smaller than 255: counting through it costs less than keeping counts of thousands of domains.
            if (caps[kind] > placed.Length) continue;
            if (Held(table, (DomainKind)kind, table.DomainOf((DomainKind)kind, candidate), placed) >= caps[kind]) return false;
        }

        return true;
    }

    private static int Held(CandidateTable table, DomainKind kind, int domain, ReadOnlySpan<int> placed)
    {
        var held = 0;
        foreach (var other in placed) held += table.DomainOf(kind, other) == domain ? 1 : 0;
        return held;
    }
}
