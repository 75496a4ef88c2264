using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Oort.Identity.Store;

/// <summary>Counts the changes of identities and names the last ones, so that a gateway reads only what others have changed (docs/formats/identities.md).</summary>
/// <param name="Revision">Counts from 1.</param>
/// <param name="Recent">Names of the records of each of the last changes; that of <paramref name="Revision"/> is the last.</param>
internal sealed record IdentityLog(long Revision, ImmutableArray<ImmutableArray<string>> Recent)
{
    /// <summary>Setting that holds it. Every change replaces it: so changes come one after the other.</summary>
    public const string SettingName = "iam-log";

    public const byte Version = 1;

    public const int DocumentOffset = 1;

    /// <summary>A gateway looks every second; one that has missed more reads everything.</summary>
    public const int RecentMax = 64;

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, NumberHandling = JsonNumberHandling.Strict, RespectRequiredConstructorParameters = true };

    public static IdentityLog Empty { get; } = new(0, []);

    /// <summary>With one more change.</summary>
    public IdentityLog Next(ImmutableArray<string> names)
    {
        var recent = Recent.Add(names);
        return new(Revision + 1, recent.Length > RecentMax ? recent.RemoveAt(0) : recent);
    }

    /// <summary>What has changed since a revision; null: too long ago to say.</summary>
    public IReadOnlyCollection<string>? Since(long revision)
    {
        var missed = Revision - revision;
        return missed < 0 || missed > Recent.Length ? null : Recent[^(int)missed..].SelectMany(names => names).ToHashSet(StringComparer.Ordinal);
    }

    public byte[] Encode() => [Version, .. JsonSerializer.SerializeToUtf8Bytes(this, json)];

    /// <exception cref="InvalidDataException">Damaged, or of a newer program.</exception>
    public static IdentityLog Decode(byte[]? setting)
    {
        if (setting is null) return Empty;
        if (setting.Length <= DocumentOffset || setting[0] != Version) throw new InvalidDataException("The log of identities was written by a newer version of this program, or is damaged.");
        try
        {
            var log = JsonSerializer.Deserialize<IdentityLog>(setting.AsSpan(DocumentOffset), json);
            return log is { Revision: > 0 } && !log.Recent.IsDefault && log.Recent.Length <= RecentMax && log.Recent.All(names => !names.IsDefault) ? log : throw new JsonException("It does not hold what it should.");
        }
        catch (JsonException failure)
        {
            throw new InvalidDataException($"The log of identities cannot be read: {failure.Message}", failure);
        }
    }
}
