using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;
using Oort.Backends;

namespace Oort.Objects.Placement;

/// <summary>What is done when the stores that are there cannot keep a policy.</summary>
public enum UnmetAction
{
    /// <summary>The segment is placed all the same, as near to the policy as it gets; status, metrics and the log say so, and rebalancing moves it when it can.</summary>
    Degrade,

    /// <summary>Nothing is placed against the policy. A segment that gets at least its write quorum is acknowledged as "quorum" and completed when that is possible; below it the PUT is refused.</summary>
    Refuse,
}

/// <summary>Names that may or may not be used.</summary>
/// <param name="Use">Only these; empty: all. A store that does not say what it is in is not used.</param>
/// <param name="Avoid">None of these. A store that does not say what it is in is not used either.</param>
public sealed record PlaceFilter(ImmutableArray<string> Use, ImmutableArray<string> Avoid)
{
    public static PlaceFilter Any { get; } = new([], []);

    public ImmutableArray<string> Use { get; init; } = Use.IsDefault ? [] : Use;

    public ImmutableArray<string> Avoid { get; init; } = Avoid.IsDefault ? [] : Avoid;

    [JsonIgnore]
    public bool IsAny => Use.IsEmpty && Avoid.IsEmpty;

    public bool Allows(string name) => IsAny || (name.Length > 0 && (Use.IsEmpty || Use.Contains(name)) && !Avoid.Contains(name));
}

/// <summary>How strongly a property draws shards: the exponent of its factor in a store's weight.</summary>
/// <param name="Latency">0: it does not matter; 1, the default: a store of 50 ms gets half of what one without delay gets.</param>
/// <param name="Price">0: it does not matter; 1, the default: a store of the mean price gets half of what a free one gets.</param>
public sealed record PlacePreference(double Latency = 1, double Price = 1);

/// <summary>Shards of each segment that go to an outside network once they are written.</summary>
/// <param name="Network">Its name.</param>
/// <param name="Shards">How many; at least 1.</param>
public sealed record NetworkShare(string Network, int Shards);

/// <summary>Where the segments of a bucket or a storage class may go, and how they are cut (docs/formats/placement-policy.md).</summary>
public sealed record PlacementPolicy
{
    /// <summary>The name of the policy that holds where nothing else was assigned; segments under it carry the empty name.</summary>
    public const string DefaultName = "default";

    /// <summary>Geometry by the number of stores.</summary>
    public const string AutoGeometry = "auto";

    public static PlacementPolicy Default { get; } = new() { Name = DefaultName };

    public required string Name { get; init; }

    /// <summary>"auto", or "k+m" for new segments; those that are there keep theirs.</summary>
    public string Geometry { get; init; } = AutoGeometry;

    /// <summary>Kinds of store; empty: any.</summary>
    public ImmutableArray<string> Kinds { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Shards of a segment at most in one domain of a kind, each at least 1.</summary>
    public ImmutableSortedDictionary<DomainKind, int> Caps { get; init => field = value ?? ImmutableSortedDictionary<DomainKind, int>.Empty; } = ImmutableSortedDictionary<DomainKind, int>.Empty;

    public PlaceFilter Regions { get; init => field = value ?? PlaceFilter.Any; } = PlaceFilter.Any;

    public PlaceFilter Countries { get; init => field = value ?? PlaceFilter.Any; } = PlaceFilter.Any;

    /// <summary>Countries that a segment's shards lie in at least; 0: does not matter.</summary>
    public int CountriesMin { get; init; }

    /// <summary>Repair begins when as many healthy shards are left, or fewer; null: as soon as one is missing.</summary>
    public int? RepairBelow { get; init; }

    /// <summary>Percent of new shards that go to stores which are not vetted yet, at most.</summary>
    public double UnvettedPercent { get; init; } = 5;

    /// <summary>US dollars that 2^40 bytes of objects may cost in 30 days, parity included; null: does not matter. No store is used that costs more than k/n of it.</summary>
    public double? Budget { get; init; }

    public PlacePreference Prefer { get; init => field = value ?? new(); } = new();

    public UnmetAction WhenUnmet { get; init; }

    /// <summary>Outside networks that shards go to, the last shard to the first of them; null: none. All shards are on hot stores until those that go are sealed.</summary>
    [JsonPropertyName("networks")]
    public NetworkShare[]? NetworkShares { get; init; }

    /// <summary>Stores by id, 32 lower-case hexadecimal digits: a class that has disks of its own names them, and the others avoid these; null: any.</summary>
    [JsonPropertyName("stores")]
    public PlaceFilter? StoreFilter { get; init; }

    /// <summary>The same, empty where there are none.</summary>
    [JsonIgnore]
    public ImmutableArray<NetworkShare> Networks => [.. NetworkShares ?? []];

    /// <summary>The name as segments carry it.</summary>
    [JsonIgnore]
    public string StoredName => Name == DefaultName ? "" : Name;

    /// <summary>The geometry that it fixes; null for "auto".</summary>
    [JsonIgnore]
    public Geometry? FixedGeometry => TryParseGeometry(Geometry, out var geometry) ? geometry : null;

    /// <summary>Shards that one domain of a kind may hold.</summary>
    public int CapOf(DomainKind kind) => Caps.GetValueOrDefault(kind, int.MaxValue);

    /// <summary>Whether shards under this policy may lie on a store at all. Never relaxed.</summary>
    /// <param name="geometry">Of the segment, for the budget.</param>
    public bool Allows(StoreId id, StoreTraits traits, Geometry geometry) =>
        StoreFilter?.Allows(id.ToString()) != false
        && (Kinds.IsEmpty || Kinds.Contains(traits.Kind))
        && Regions.Allows(traits.Region)
        && Countries.Allows(traits.Country)
        && (Budget is not { } budget || traits.PricePerTebibyteMonth * geometry.TotalShards <= budget * geometry.DataShards);

    /// <summary>Healthy shards at or below which a segment is repaired.</summary>
    public int RepairThreshold(Geometry geometry) => Math.Clamp(RepairBelow ?? geometry.TotalShards - 1, geometry.DataShards, Math.Max(geometry.DataShards, geometry.TotalShards - 1));

    /// <summary>Reads "k+m".</summary>
    public static bool TryParseGeometry(string text, out Geometry geometry)
    {
        geometry = default;
        var parts = text.Split('+');
        if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var k) || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var m)) return false;
        if (k < 1 || k > byte.MaxValue || m > byte.MaxValue || k + m > byte.MaxValue) return false;
        geometry = new(k, m);
        return true;
    }
}
