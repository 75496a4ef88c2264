using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Oort.Objects.Tiering;

/// <summary>What a storage class that is given up is at.</summary>
public enum TierRole
{
    /// <summary>It takes nothing new, and what it has moves to another class.</summary>
    Draining,

    /// <summary>Nothing was found in it any more. It takes nothing new; what still comes of writes that had begun before moves on as well.</summary>
    Drained,
}

/// <summary>A storage class that is given up.</summary>
/// <param name="StorageClass">Which; never STANDARD.</param>
/// <param name="To">The class that its versions get; it is not given up itself.</param>
/// <param name="Since">When that was asked for, in milliseconds.</param>
public sealed record DrainedTier(string StorageClass, string To, TierRole Role, DateTimeOffset Since);

/// <summary>The storage classes that are given up: one setting of the cluster (docs/formats/tiers.md). All others are in use.</summary>
public sealed record TierDocument(ImmutableArray<DrainedTier> Drained)
{
    public const string SettingName = "tiers";

    /// <summary>The first byte of the setting.</summary>
    public const byte Version = 1;

    /// <summary>Where the JSON begins.</summary>
    public const int DocumentOffset = 1;

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        NumberHandling = JsonNumberHandling.Strict,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false), new MillisecondsConverter() },
    };

    public static TierDocument Empty { get; } = new([]);

    /// <summary>What a class's versions move to; null: it is in use.</summary>
    public DrainedTier? Find(string storageClass) => Drained.FirstOrDefault(tier => tier.StorageClass == storageClass);

    /// <exception cref="TierException">It breaks a rule; says which.</exception>
    public TierDocument Checked()
    {
        foreach (var tier in Drained)
        {
            if (!StorageClassOrder.IsTarget(tier.StorageClass)) throw new TierException($"\"{tier.StorageClass}\" is no storage class that can be given up.");
            if (StorageClassOrder.Rank(tier.To) is null || tier.To == tier.StorageClass) throw new TierException($"\"{tier.To}\" is no storage class that {tier.StorageClass} can move to.");
            if (Find(tier.To) is not null) throw new TierException($"{tier.To} is given up itself.");
            if (!Enum.IsDefined(tier.Role)) throw new TierException($"{tier.StorageClass} has a role that is not known.");
        }

        return Drained.DistinctBy(tier => tier.StorageClass).Count() == Drained.Length ? this : throw new TierException("A storage class is given up twice.");
    }

    /// <summary>The setting's bytes.</summary>
    public byte[] Encode() => [Version, .. JsonSerializer.SerializeToUtf8Bytes(this, json)];

    /// <exception cref="TierException">Damaged, or of a newer program.</exception>
    public static TierDocument Decode(ReadOnlySpan<byte> setting)
    {
        if (setting.IsEmpty || setting[0] != Version) throw new TierException("The list of tiers was written by a newer version of this program, or is damaged.");
        try
        {
            var stored = JsonSerializer.Deserialize<TierDocument>(setting[DocumentOffset..], json) ?? throw new JsonException("It is null.");
            if (stored.Drained.IsDefault || stored.Drained.Any(tier => tier is null)) throw new JsonException("A list or an entry of it is missing.");
            return stored.Checked();
        }
        catch (Exception failure) when (failure is JsonException or NotSupportedException)
        {
            throw new TierException($"The list of tiers cannot be read: {failure.Message}");
        }
    }
}

/// <summary>A change of storage classes that cannot be made; the message says why.</summary>
public sealed class TierException(string message) : Exception(message);
