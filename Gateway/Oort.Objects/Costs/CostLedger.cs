using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Metadata;

namespace Oort.Objects.Costs;

/// <summary>What money went for.</summary>
public enum CostKind
{
    /// <summary>Items put, and put again when a term ended.</summary>
    Put,

    /// <summary>Their bytes, where these are paid once.</summary>
    Once,

    /// <summary>Keeping them.</summary>
    Stored,

    /// <summary>What Oort asks and reads to know that they are there.</summary>
    Checked,

    /// <summary>Reads for clients.</summary>
    Read,

    /// <summary>What Oort reads for itself: to check, to repair, to move.</summary>
    Repair,

    /// <summary>Items deleted.</summary>
    Deleted,

    /// <summary>What was left of the least duration of items that were deleted.</summary>
    Minimum,

    /// <summary>Part of what keeping took, for bytes in bundles that nobody wants any more, and for bundles made anew beside those whose place they take. Not part of a sum.</summary>
    Waste,

    /// <summary>Part of the above that was spent beyond a budget, since data were at risk. Not part of a sum.</summary>
    Emergency,
}

/// <summary>What a network took in a month for one kind of thing.</summary>
/// <param name="Network">Its name.</param>
/// <param name="Dollars">By the prices that held when it was counted.</param>
/// <param name="Count">Items, reads or questions.</param>
public sealed record CostLine(string Network, CostKind Kind, double Dollars, double Count, double Bytes);

/// <summary>A bucket's part of what a network took in a month for one kind of thing.</summary>
/// <param name="Bucket">Its id.</param>
public sealed record BucketLine(ulong Bucket, string Network, CostKind Kind, double Dollars);

/// <summary>What receipts of a month say was paid, in the network's own unit.</summary>
public sealed record PaidLine(string Network, string Unit, UInt128 Amount);

/// <summary>What was spent in one month, and up to when that is counted: a setting for each month (docs/formats/cost-ledger.md).</summary>
/// <param name="Month">Its first day.</param>
/// <param name="Counted">Up to when each network is counted, by name: what it charges over time is counted from there on.</param>
public sealed record CostLedger(DateOnly Month, ImmutableSortedDictionary<string, DateTimeOffset> Counted, ImmutableArray<CostLine> Lines, ImmutableArray<BucketLine> Buckets, ImmutableArray<PaidLine> Paid)
{
    /// <summary>The first byte of the setting.</summary>
    public const byte Version = 1;

    /// <summary>Where the JSON begins.</summary>
    public const int DocumentOffset = 1;

    /// <summary>Months that are kept: three years.</summary>
    public const int MonthCountMax = 36;

    /// <summary>Lines of a month: as many networks as a cluster may have, and as many that were removed, for each kind.</summary>
    public const int LineCountMax = NetworkCountMax * 10;

    /// <summary>Networks that are told apart, those that were removed among them.</summary>
    public const int NetworkCountMax = 128;

    /// <summary>Lines of buckets in a month: keeps it below 256 KiB. Those of buckets with a budget stay, and otherwise the largest.</summary>
    public const int BucketLineCountMax = 2_048;

    private static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.Strict,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false), new AmountConverter(), new BucketConverter() },
    };

    public static CostLedger Empty(DateOnly month) => new(month, ImmutableSortedDictionary<string, DateTimeOffset>.Empty.WithComparers(StringComparer.Ordinal), [], [], []);

    /// <summary>Name of the setting that holds a month.</summary>
    public static string SettingOf(DateOnly month) => "cost-ledger/" + month.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    public static DateOnly MonthOf(DateTimeOffset time) => new(time.UtcDateTime.Year, time.UtcDateTime.Month, 1);

    /// <summary>Whether it is a part of what other kinds say.</summary>
    public static bool IsPart(CostKind kind) => kind is CostKind.Waste or CostKind.Emergency;

    /// <summary>Dollars of a network, or of all.</summary>
    public double Sum(string? network = null) => Lines.Where(line => !IsPart(line.Kind) && (network is null || line.Network == network)).Sum(line => line.Dollars);

    /// <summary>Dollars of a bucket.</summary>
    public double SumOf(BucketId bucket) => Buckets.Where(line => !IsPart(line.Kind) && line.Bucket == bucket.Value).Sum(line => line.Dollars);

    /// <summary>The month with more in it.</summary>
    /// <param name="kept">Buckets that are told apart, however many there are.</param>
    public CostLedger Add(CostTally tally, IReadOnlyCollection<BucketId> kept)
    {
        var lines = Lines.ToDictionary(line => (line.Network, line.Kind));
        foreach (var line in tally.Lines)
        {
            var before = lines.GetValueOrDefault((line.Network, line.Kind)) ?? new(line.Network, line.Kind, 0, 0, 0);
            lines[(line.Network, line.Kind)] = before with { Dollars = before.Dollars + line.Dollars, Count = before.Count + line.Count, Bytes = before.Bytes + line.Bytes };
        }

        var buckets = Buckets.ToDictionary(line => (line.Bucket, line.Network, line.Kind));
        foreach (var line in tally.Buckets) buckets[(line.Bucket, line.Network, line.Kind)] = line with { Dollars = line.Dollars + (buckets.GetValueOrDefault((line.Bucket, line.Network, line.Kind))?.Dollars ?? 0) };

        var paid = Paid.ToDictionary(line => (line.Network, line.Unit));
        foreach (var line in tally.Paid) paid[(line.Network, line.Unit)] = line with { Amount = line.Amount + (paid.GetValueOrDefault((line.Network, line.Unit))?.Amount ?? 0) };
        return this with
        {
            Counted = Counted.SetItems(tally.Counted).OrderByDescending(pair => pair.Value).Take(NetworkCountMax).ToImmutableSortedDictionary(StringComparer.Ordinal),
            Lines = [.. lines.Values.OrderBy(line => line.Network, StringComparer.Ordinal).ThenBy(line => line.Kind).Take(LineCountMax)],
            Buckets =
            [
                .. buckets.Values.OrderByDescending(line => kept.Contains(new(line.Bucket))).ThenByDescending(line => line.Dollars).Take(BucketLineCountMax)
                    .OrderBy(line => line.Bucket).ThenBy(line => line.Network, StringComparer.Ordinal).ThenBy(line => line.Kind),
            ],
            Paid = [.. paid.Values.OrderBy(line => line.Network, StringComparer.Ordinal).ThenBy(line => line.Unit, StringComparer.Ordinal).Take(LineCountMax)],
        };
    }

    /// <summary>The setting's bytes.</summary>
    public byte[] Encode() => [Version, .. JsonSerializer.SerializeToUtf8Bytes(this, Json)];

    /// <exception cref="InvalidDataException">Damaged, or of a newer program.</exception>
    public static CostLedger Decode(ReadOnlySpan<byte> setting)
    {
        if (setting.IsEmpty || setting[0] != Version) throw new InvalidDataException("What was spent was written by a newer version of this program, or is damaged.");
        try
        {
            var stored = JsonSerializer.Deserialize<CostLedger>(setting[DocumentOffset..], Json) ?? throw new JsonException("It is null.");
            if (stored.Counted is null || stored.Lines.IsDefault || stored.Buckets.IsDefault || stored.Paid.IsDefault) throw new JsonException("A field is missing.");
            if (stored.Month.Day != 1) throw new JsonException("A month begins with its first day.");
            if (stored.Lines.Length > LineCountMax || stored.Paid.Length > LineCountMax || stored.Buckets.Length > BucketLineCountMax || stored.Counted.Count > NetworkCountMax) throw new JsonException("It has too many lines.");
            if (stored.Lines.Any(line => line?.Network is null || !Enum.IsDefined(line.Kind) || !IsAmount(line.Dollars) || !IsAmount(line.Count) || !IsAmount(line.Bytes))) throw new JsonException("A line is none.");
            if (stored.Lines.DistinctBy(line => (line.Network, line.Kind)).Count() != stored.Lines.Length) throw new JsonException("Two lines are of one network and kind.");
            if (stored.Buckets.Any(line => line?.Network is null || !Enum.IsDefined(line.Kind) || !IsAmount(line.Dollars)) || stored.Buckets.DistinctBy(line => (line.Bucket, line.Network, line.Kind)).Count() != stored.Buckets.Length) throw new JsonException("A bucket's line is none, or two are of one bucket, network and kind.");
            if (stored.Paid.Any(line => line?.Network is null || line.Unit is null) || stored.Paid.DistinctBy(line => (line.Network, line.Unit)).Count() != stored.Paid.Length) throw new JsonException("A payment is none, or two are of one network and unit.");
            return stored with { Counted = stored.Counted.WithComparers(StringComparer.Ordinal) };
        }
        catch (Exception failure) when (failure is JsonException or NotSupportedException)
        {
            throw new InvalidDataException($"What was spent cannot be read: {failure.Message}", failure);
        }
    }

    private static bool IsAmount(double value) => value >= 0 && double.IsFinite(value);

    /// <summary>A bucket's id as text: JSON's numbers have 53 bits.</summary>
    private sealed class BucketConverter : JsonConverter<ulong>
    {
        public override ulong Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && ulong.TryParse(reader.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : throw new JsonException("A bucket's id is a number as text.");

        public override void Write(Utf8JsonWriter writer, ulong value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>A number of up to 39 digits, as text: JSON's numbers are too small for some units.</summary>
    private sealed class AmountConverter : JsonConverter<UInt128>
    {
        public override UInt128 Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && UInt128.TryParse(reader.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var amount) ? amount : throw new JsonException("An amount is a number as text.");

        public override void Write(Utf8JsonWriter writer, UInt128 value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
    }
}
