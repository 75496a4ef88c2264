namespace Oort.Objects.Placement;

/// <summary>Looks for a set of stores that keeps all rules where taking them in order has failed, by trying how many to take of each group of like stores.</summary>
/// <remarks>
/// Domains of several kinds that cross each other (operators in several countries, countries with several operators) make this a hard problem, so there is a limit: when it is
/// reached, the best that was found counts. Two kinds and some tens of groups stay far below it.
/// </remarks>
internal sealed class SelectionSearch(CandidateTable table, SelectionRules rules, int goal)
{
    /// <summary>Steps of one search: some milliseconds.</summary>
    private const int StepsMax = 50_000;

    private readonly List<List<int>> groups = [];
    private readonly int[][] held = [.. Domains.All.Select(_ => new int[table.Count])];
    private readonly Stack<(int Group, int Count)> taken = new();
    private List<int> best = [];
    private int[] following = [];
    private int steps;

    /// <summary>The largest set that was found.</summary>
    /// <param name="order">Usable candidates, those that should come first in front: of like ones the first are taken.</param>
    public List<int> Run(ReadOnlySpan<int> order)
    {
        var byKind = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        foreach (var candidate in order)
        {
            var signature = Signature(candidate);
            if (!byKind.TryGetValue(signature, out var group)) groups.Add(byKind[signature] = group = []);
            if (group.Count < rules.ShardCount) group.Add(candidate);
        }

        following = new int[groups.Count + 1];
        for (var i = groups.Count - 1; i >= 0; i--) following[i] = following[i + 1] + groups[i].Count;
        Visit(0, 0, 0, 0);
        return best;
    }

    private string Signature(int candidate)
    {
        var kinds = Domains.All.Where(kind => table.HardCaps[(int)kind] < rules.ShardCount || (kind == DomainKind.Country && rules.CountriesMin > 0));
        return string.Join(',', kinds.Select(kind => table.DomainOf(kind, candidate)).Append(table.Candidates[candidate].IsVetted ? 0 : 1));
    }

    private void Visit(int index, int count, int unvetted, int countries)
    {
        var room = rules.ShardCount - Math.Max(0, rules.CountriesMin - countries);
        if (count > best.Count && count <= room) best = [.. taken.Reverse().SelectMany(part => groups[part.Group].Take(part.Count))];
        if (best.Count >= goal || index == groups.Count || ++steps > StepsMax || Math.Min(rules.ShardCount, count + following[index]) <= best.Count) return;

        var group = groups[index];
        var isUnvetted = !table.Candidates[group[0]].IsVetted;
        var most = Math.Min(group.Count, rules.ShardCount - count);
        if (isUnvetted) most = Math.Min(most, rules.UnvettedMax - unvetted);
        foreach (var kind in Domains.All)
            if (table.HardCaps[(int)kind] < int.MaxValue) most = Math.Min(most, table.HardCaps[(int)kind] - held[(int)kind][table.DomainOf(kind, group[0])]);
        for (var take = Math.Max(0, most); take >= 0; take--)
        {
            var isNewCountry = take > 0 && table.HasCountry(group[0]) && held[(int)DomainKind.Country][table.DomainOf(DomainKind.Country, group[0])] == 0;
            Hold(group[0], take);
            if (take > 0) taken.Push((index, take));
            Visit(index + 1, count + take, unvetted + (isUnvetted ? take : 0), countries + (isNewCountry ? 1 : 0));
            if (take > 0) taken.Pop();
            Hold(group[0], -take);
            if (best.Count >= goal || steps > StepsMax) return;
        }
    }

    private void Hold(int candidate, int count)
    {
        foreach (var kind in Domains.All) held[(int)kind][table.DomainOf(kind, candidate)] += count;
    }
}
