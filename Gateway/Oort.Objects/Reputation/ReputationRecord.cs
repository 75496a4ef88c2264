using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Backends;

namespace Oort.Objects.Reputation;

/// <summary>A stored reputation cannot be read.</summary>
public sealed class ReputationFormatException(string message) : Exception(message);

/// <summary>A store's reputation as a setting of the namespace (docs/formats/reputation.md).</summary>
internal static class ReputationRecord
{
    /// <summary>The first byte of the setting.</summary>
    public const byte Version = 1;

    /// <summary>Where the JSON begins.</summary>
    public const int DocumentOffset = 1;

    private const string NamePrefix = "reputation/";

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        NumberHandling = JsonNumberHandling.Strict,
        IgnoreReadOnlyProperties = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    public static string SettingName(StoreId store) => NamePrefix + store;

    public static byte[] Encode(StoreReputation reputation) => [Version, .. JsonSerializer.SerializeToUtf8Bytes(reputation, json)];

    /// <exception cref="ReputationFormatException">Damaged, or of a newer program.</exception>
    public static StoreReputation Decode(ReadOnlySpan<byte> setting)
    {
        if (setting.IsEmpty || setting[0] != Version) throw new ReputationFormatException("The reputation was written by a newer version of this program, or is damaged.");
        StoreReputation read;
        try
        {
            read = JsonSerializer.Deserialize<StoreReputation>(setting[DocumentOffset..], json) ?? throw new JsonException("It is null.");
        }
        catch (Exception failure) when (failure is JsonException or NotSupportedException)
        {
            throw new ReputationFormatException($"The reputation cannot be read: {failure.Message}");
        }

        var isValid = !read.Online.IsDefault && !read.Pending.IsDefault && !read.Events.IsDefault
            && read.Online.Length <= ReputationRules.OnlineWindowCount && read.Pending.Length <= ReputationRules.PendingCountMax && read.Events.Length <= ReputationRules.EventCountMax
            && IsFilter(read.Fast) && IsFilter(read.Slow) && IsFilter(read.Patience) && read.AuditCount >= 0 && Enum.IsDefined(read.Standing)
            && read.Online.All(window => window.Seen >= 0 && window.Seen <= window.Asked)
            && read.Pending.All(pending => pending is not null && !pending.Timeouts.IsDefault && pending.Timeouts.Length is >= 1 and <= ReputationRules.TimeoutsToFail)
            && read.Events.All(one => one is not null);
        return isValid ? read : throw new ReputationFormatException("The reputation has a value that no reputation has.");
    }

    private static bool IsFilter(BetaFilter filter) => double.IsFinite(filter.Good) && double.IsFinite(filter.Bad) && filter.Good >= 0 && filter.Bad >= 0 && filter.Good + filter.Bad > 0;
}
