using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Oort.Objects.Costs;

/// <summary>What may be spent in a month, in US dollars: one setting of the cluster (docs/formats/budgets.md).</summary>
/// <param name="Revision">Counts the changes.</param>
/// <param name="Total">On all networks together; null: no limit.</param>
/// <param name="Networks">On one network, by its name.</param>
/// <param name="Buckets">For one bucket, by its name.</param>
/// <param name="EmergencyFactor">How many times as much may be spent where data are at risk.</param>
public sealed record BudgetDocument(long Revision, double? Total, ImmutableSortedDictionary<string, double> Networks, ImmutableSortedDictionary<string, double> Buckets, double EmergencyFactor)
{
    /// <summary>Name of the setting that holds it.</summary>
    public const string SettingName = "budgets";

    /// <summary>The first byte of the setting.</summary>
    public const byte Version = 1;

    /// <summary>Where the JSON begins.</summary>
    public const int DocumentOffset = 1;

    public const double EmergencyFactorDefault = 2;

    public const double EmergencyFactorMax = 100;

    /// <summary>As many networks as there may be, and as many that come or have gone.</summary>
    public const int NetworkCountMax = 128;

    /// <summary>Each is looked for by name again and again, and its lines in the ledger of costs are never left out.</summary>
    public const int BucketCountMax = 32;

    private const int BucketNameLengthMax = 63;

    /// <summary>A billion dollars.</summary>
    public const double AmountMax = 1e9;

    public static BudgetDocument Empty { get; } = new(0, null, None, None, EmergencyFactorDefault);

    private static ImmutableSortedDictionary<string, double> None => ImmutableSortedDictionary<string, double>.Empty.WithComparers(StringComparer.Ordinal);

    private static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.Strict,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <exception cref="ArgumentException">It breaks a rule; says which.</exception>
    public BudgetDocument Checked()
    {
        if (Revision < 0) throw new ArgumentException("The revision is negative.");
        if (Networks.Count > NetworkCountMax || Buckets.Count > BucketCountMax) throw new ArgumentException($"There are more than {NetworkCountMax} budgets of networks, or {BucketCountMax} of buckets.");
        if (Networks.Keys.FirstOrDefault(name => !Placement.PolicyRules.IsName(name)) is { } wrong) throw new ArgumentException($"\"{wrong}\" is no name of a network.");
        if (Buckets.Keys.FirstOrDefault(name => name.Length is < 3 or > BucketNameLengthMax || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-')) is { } bad) throw new ArgumentException($"\"{bad}\" is no name of a bucket.");
        foreach (var amount in Networks.Values.Concat(Buckets.Values).Concat(Total is { } total ? [total] : []))
            if (amount is not (>= 0 and <= AmountMax)) throw new ArgumentException("A budget is a number of dollars a month, at least 0.");
        return EmergencyFactor is >= 1 and <= EmergencyFactorMax ? this : throw new ArgumentException($"The emergency factor lies between 1 and {EmergencyFactorMax}.");
    }

    /// <summary>The setting's bytes.</summary>
    public byte[] Encode() => [Version, .. JsonSerializer.SerializeToUtf8Bytes(this, Json)];

    /// <exception cref="InvalidDataException">Damaged, or of a newer program.</exception>
    public static BudgetDocument Decode(ReadOnlySpan<byte> setting)
    {
        if (setting.IsEmpty || setting[0] != Version) throw new InvalidDataException("The budgets were written by a newer version of this program, or are damaged.");
        try
        {
            var stored = JsonSerializer.Deserialize<BudgetDocument>(setting[DocumentOffset..], Json) ?? throw new JsonException("It is null.");
            if (stored.Networks is null || stored.Buckets is null) throw new JsonException("The networks or buckets are missing.");
            return (stored with { Networks = stored.Networks.WithComparers(StringComparer.Ordinal), Buckets = stored.Buckets.WithComparers(StringComparer.Ordinal) }).Checked();
        }
        catch (Exception failure) when (failure is JsonException or NotSupportedException or ArgumentException)
        {
            throw new InvalidDataException($"The budgets cannot be read: {failure.Message}", failure);
        }
    }
}
