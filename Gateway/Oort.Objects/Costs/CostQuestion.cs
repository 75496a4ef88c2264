namespace Oort.Objects.Costs;

/// <summary>What a quote is asked for: data that are written at the beginning, kept, and not changed.</summary>
/// <param name="Bytes">Plaintext of all objects together.</param>
/// <param name="Objects">How many; all are of the mean size.</param>
/// <param name="Months">How long they are kept, in months of <see cref="Month"/>.</param>
public sealed record CostQuestion(long Bytes, long Objects, double Months)
{
    /// <summary>A calendar month in the mean: 365.25 ÷ 12 days.</summary>
    public static TimeSpan Month { get; } = TimeSpan.FromDays(365.25 / 12);

    public const long BytesMax = 1L << 60;

    public const long ObjectsMax = 1_000_000_000_000;

    /// <summary>A hundred years.</summary>
    public const double MonthsMax = 1200;

    public const int TogetherMax = 100_000;

    /// <summary>Objects that are written at the same time: so many small ones share a pack. Default 1, as of a lone client, which is the dearest where items have fees.</summary>
    public int Together { get; init; } = 1;

    /// <summary>How long they are kept.</summary>
    public TimeSpan Duration => Months * Month;

    /// <exception cref="ArgumentException">A number is none that could be; says which.</exception>
    public CostQuestion Checked()
    {
        if (Bytes is < 1 or > BytesMax) throw new ArgumentException("The size lies between 1 byte and 1 EiB.");
        if (Objects is < 1 or > ObjectsMax) throw new ArgumentException($"There are between 1 and {ObjectsMax} objects.");
        if (Months is not (> 0 and <= MonthsMax)) throw new ArgumentException($"The months are a number above 0, at most {MonthsMax}.");
        return Together is < 1 or > TogetherMax ? throw new ArgumentException($"Between 1 and {TogetherMax} objects are written together.") : this;
    }
}
