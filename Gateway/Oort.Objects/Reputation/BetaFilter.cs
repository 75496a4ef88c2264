namespace Oort.Objects.Reputation;

/// <summary>How much of a store's recent past was good: each audit weighs 1, and a little less with every audit after it.</summary>
/// <param name="Good">Weight of the audits that were passed.</param>
/// <param name="Bad">Weight of those that were failed.</param>
/// <remarks>A beta distribution's two counts with forgetting (Jøsang, Ismail: "The beta reputation system", 2002).</remarks>
public readonly record struct BetaFilter(double Good, double Bad)
{
    /// <summary>As after endless good audits: a new store is not judged by its very first one.</summary>
    /// <param name="memory">Between 0 and 1: what is left of an audit's weight after the next one. The filter remembers about 1 / (1 − memory) audits.</param>
    public static BetaFilter Clean(double memory) => new(1 / (1 - memory), 0);

    /// <summary>Between 0 and 1.</summary>
    public double Score => Good / (Good + Bad);

    public BetaFilter After(bool isGood, double memory) => new(Good * memory + (isGood ? 1 : 0), Bad * memory + (isGood ? 0 : 1));
}
