using System.Collections.Immutable;
using System.Globalization;
using Oort.Objects.Placement;

namespace Oort.Objects.Durability;

/// <summary>What a durability is computed from. Every value can be given; the defaults are guesses on the careful side, and are printed with every result.</summary>
public sealed record DurabilityAssumptions
{
    /// <summary>Losses a year of a store, by its kind. Disks: drive failures of 1 to 2 % a year (Backblaze's drive statistics), and as much again for mistakes. Nodes: machines that others run and may switch off, a fifth each year.</summary>
    public ImmutableSortedDictionary<string, double> AnnualLossByKind { get; init; } = ImmutableSortedDictionary<string, double>.Empty.WithComparers(StringComparer.Ordinal).Add("disk", 0.04).Add("memory", 1).Add("node", 0.2);

    /// <summary>Losses a year of a store of a kind that is not named.</summary>
    public double AnnualLossOtherwise { get; init; } = 0.2;

    /// <summary>Losses a year of a whole domain, of those that hold more than one shard of a segment: fire, theft, bankruptcy, an operator's mistake. Not countries: they are placed for law, not for loss.</summary>
    public ImmutableSortedDictionary<DomainKind, double> AnnualLossByDomain { get; init; } = ImmutableSortedDictionary<DomainKind, double>.Empty
        .Add(DomainKind.Device, 0.04).Add(DomainKind.Machine, 0.02).Add(DomainKind.Operator, 0.02).Add(DomainKind.Region, 0.001);

    /// <summary>From the loss of a store to the end of the repair; null: worked out from the live system (patience, pause between scans, bytes of the fullest store at the repair's budget).</summary>
    public TimeSpan? Window { get; init; }

    /// <summary>Losses a year of a store.</summary>
    public double AnnualLossOf(string kind) => AnnualLossByKind.GetValueOrDefault(kind, AnnualLossOtherwise);

    /// <summary>Sentences for people.</summary>
    public IEnumerable<string> Sentences(TimeSpan window)
    {
        var text = CultureInfo.InvariantCulture;
        yield return string.Create(text, $"Stores are lost independently of each other at a constant rate: {string.Join(", ", AnnualLossByKind.Select(pair => string.Create(text, $"{pair.Key} {pair.Value * 100:0.###} %")))}, others {AnnualLossOtherwise * 100:0.###} % a year.");
        yield return string.Create(text, $"Whole domains that hold two or more shards of a segment are lost together: {string.Join(", ", AnnualLossByDomain.Select(pair => string.Create(text, $"{PolicyRules.Word(pair.Key)} {pair.Value * 100:0.###} %")))} a year. Stores that do not say what they are in count as in one.");
        yield return string.Create(text, $"From a loss to the end of its repair it takes {(window.TotalDays >= 1 ? $"{window.TotalDays:0.##} days" : $"{window.TotalHours:0.##} hours")}.");
        yield return "Mistakes of software and people that reach all stores, and the loss of the recovery phrase, are not in it.";
    }

    /// <exception cref="ArgumentException">A rate or the window is no number that could be one.</exception>
    public DurabilityAssumptions Checked()
    {
        foreach (var rate in AnnualLossByKind.Values.Concat(AnnualLossByDomain.Values).Append(AnnualLossOtherwise))
            if (rate is not (>= 0 and <= 100)) throw new ArgumentException("An annual loss is a rate between 0 and 100 a year; 0.2 is 20 %.");
        return Window is { } window && (window < TimeSpan.FromSeconds(1) || window > TimeSpan.FromDays(3650)) ? throw new ArgumentException("The window lies between a second and ten years.") : this;
    }
}
