using System.Globalization;
using Oort.Backends;

namespace Oort.Objects.Placement;

/// <summary>What a policy must be like, whatever the stores are. Each rule that is broken is one sentence for whoever wrote it.</summary>
public static class PolicyRules
{
    /// <summary>Characters of a name: it stands in every segment's row.</summary>
    public const int NameLengthMax = 32;

    /// <summary>Names in one list: as many countries as there are.</summary>
    public const int ListLengthMax = 256;

    /// <summary>Characters of a region or kind.</summary>
    public const int WordLengthMax = 64;

    /// <summary>The largest exponent of a preference: above it all goes to a single store.</summary>
    public const double PreferenceMax = 10;

    /// <summary>Sentences about what is wrong; none when it can be stored.</summary>
    public static IEnumerable<string> Problems(PlacementPolicy policy)
    {
        if (!IsName(policy.Name)) yield return $"The name \"{policy.Name}\" must have 1 to {NameLengthMax} characters of a-z, 0-9 and '-', and begin with a letter.";
        var geometry = policy.FixedGeometry;
        if (geometry is null && policy.Geometry != PlacementPolicy.AutoGeometry) yield return $"The geometry \"{policy.Geometry}\" is neither \"auto\" nor data+parity shards such as 8+4, together at most 255.";
        foreach (var (kind, cap) in policy.Caps)
        {
            if (!Enum.IsDefined(kind)) yield return $"There is no kind of domain {kind}.";
            if (cap < 1) yield return $"The cap of {Word(kind)} must be at least 1; to leave one out, avoid it.";
        }

        foreach (var problem in ListProblems("kinds", policy.Kinds).Concat(ListProblems("regions.use", policy.Regions.Use)).Concat(ListProblems("regions.avoid", policy.Regions.Avoid))) yield return problem;
        foreach (var country in policy.Countries.Use.Concat(policy.Countries.Avoid).Where(country => country.Length != 2 || !country.All(char.IsAsciiLetterUpper)))
            yield return $"\"{country}\" is no country: two capital letters such as DE (ISO 3166-1).";
        foreach (var id in policy.StoreFilter is { } named ? named.Use.Concat(named.Avoid).Where(id => id.Length != 2 * StoreId.Size || !id.All(char.IsAsciiHexDigitLower)) : [])
            yield return $"\"{id}\" is no id of a store: 32 lower-case hexadecimal digits, as oort disk list shows them.";
        foreach (var problem in policy.StoreFilter is { } stores ? ListProblems("stores.use", stores.Use).Concat(ListProblems("stores.avoid", stores.Avoid)) : []) yield return problem;
        foreach (var both in policy.StoreFilter is { } filter ? filter.Use.Intersect(filter.Avoid) : []) yield return $"Store {both} is to be used and to be avoided.";
        foreach (var both in policy.Countries.Use.Intersect(policy.Countries.Avoid).Concat(policy.Regions.Use.Intersect(policy.Regions.Avoid)))
            yield return $"{both} is to be used and to be avoided.";
        if (policy.CountriesMin is < 0 or > byte.MaxValue) yield return "countriesMin must lie between 0 and 255.";
        if (geometry is { } fixedOne && policy.CountriesMin > fixedOne.TotalShards) yield return Text($"A segment of {fixedOne} has {fixedOne.TotalShards} shards, which cannot lie in {policy.CountriesMin} countries.");
        if (!policy.Countries.Use.IsEmpty && policy.CountriesMin > policy.Countries.Use.Length) yield return Text($"{policy.CountriesMin} countries are asked for and {policy.Countries.Use.Length} may be used.");
        if (policy.RepairBelow is { } threshold && (threshold < 1 || (geometry is { } known && (threshold < known.DataShards || threshold >= known.TotalShards))))
            yield return Text($"repairBelow {threshold} must lie between the data shards, with which a segment is just readable, and one less than all shards.");
        if (policy.UnvettedPercent is not (>= 0 and <= 100)) yield return "unvettedPercent must lie between 0 and 100.";
        if (policy.Budget is { } budget && !(budget >= 0 && double.IsFinite(budget))) yield return "The budget must be a number of dollars, at least 0.";
        if (policy.Prefer.Latency is not (>= 0 and <= PreferenceMax) || policy.Prefer.Price is not (>= 0 and <= PreferenceMax)) yield return Text($"Preferences must lie between 0 and {PreferenceMax}.");
        foreach (var share in policy.NetworkShares ?? [])
        {
            if (share is null || !IsName(share.Network ?? "")) yield return $"\"{share?.Network}\" is no name of a network.";
            else if (share.Shards < 1) yield return $"At least 1 shard goes to network {share.Network}, or it is left out.";
        }

        if (policy.Networks.Select(share => share?.Network).Distinct().Count() != policy.Networks.Length) yield return "A network is named twice.";
        if (geometry is { } cut && policy.Networks.Sum(share => (long)(share?.Shards ?? 0)) > cut.TotalShards) yield return Text($"A segment of {cut} has {cut.TotalShards} shards, and more are to go to networks.");
        if (!Enum.IsDefined(policy.WhenUnmet)) yield return "whenUnmet is neither \"degrade\" nor \"refuse\".";
    }

    /// <summary>Whether it can name a policy.</summary>
    public static bool IsName(string name) =>
        name.Length is >= 1 and <= NameLengthMax && char.IsAsciiLetterLower(name[0]) && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    /// <summary>The kind of domain as people and JSON write it.</summary>
    internal static string Word(DomainKind kind) => kind.ToString().ToLowerInvariant();

    private static IEnumerable<string> ListProblems(string list, IReadOnlyCollection<string> words)
    {
        if (words.Count > ListLengthMax) yield return $"{list} has more than {ListLengthMax} entries.";
        if (words.Any(word => word.Length is 0 or > WordLengthMax)) yield return $"{list} has an entry that is empty or longer than {WordLengthMax} characters.";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
