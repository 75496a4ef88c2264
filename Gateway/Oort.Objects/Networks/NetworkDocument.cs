using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Oort.Backends;
using Oort.Objects.Placement;

namespace Oort.Objects.Networks;

/// <summary>All networks of a cluster: one setting, so that they change together (docs/formats/network-list.md).</summary>
/// <param name="Revision">Counts the changes.</param>
/// <param name="Networks">By name.</param>
public sealed record NetworkDocument(long Revision, ImmutableArray<NetworkDefinition> Networks)
{
    /// <summary>Name of the setting that holds it.</summary>
    public const string SettingName = "networks";

    /// <summary>The first byte of the setting.</summary>
    public const byte Version = 1;

    /// <summary>Where the JSON begins.</summary>
    public const int DocumentOffset = 1;

    /// <summary>Networks of a cluster: each is opened at every gateway.</summary>
    public const int NetworkCountMax = 64;

    /// <summary>Settings of one network.</summary>
    public const int SettingCountMax = 64;

    /// <summary>Characters of one setting.</summary>
    public const int SettingLengthMax = 4096;

    /// <summary>Bytes of a network's sealed secrets: the file of an Arweave wallet is the longest.</summary>
    public const int SecretSizeMax = 8192;

    public static NetworkDocument Empty { get; } = new(0, []);

    private static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.Strict,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false), new StoreIdConverter() },
    };

    /// <exception cref="NetworkException">It breaks a rule; says which.</exception>
    public NetworkDocument Checked()
    {
        if (Revision < 0) throw new NetworkException("The revision is negative.");
        if (Networks.Length > NetworkCountMax) throw new NetworkException($"There are more than {NetworkCountMax} networks.");
        foreach (var network in Networks)
        {
            if (!PolicyRules.IsName(network.Name)) throw new NetworkException($"The name \"{network.Name}\" must have 1 to {PolicyRules.NameLengthMax} characters of a-z, 0-9 and '-', and begin with a letter.");
            if (!PolicyRules.IsName(network.Kind)) throw new NetworkException($"\"{network.Kind}\" is no kind of network.");
            if (network.Id == StoreId.None) throw new NetworkException($"Network {network.Name} has no id.");
            if (!Enum.IsDefined(network.Role)) throw new NetworkException($"Network {network.Name} has no role that is known.");
            var texts = network.Settings.Values.Concat(network.Settings.Keys).Concat([network.Operator, network.Region, network.Country]);
            if (network.Settings.Count > SettingCountMax || texts.Any(text => text is null || text.Length > SettingLengthMax))
                throw new NetworkException($"Network {network.Name} has more than {SettingCountMax} settings, or one that is longer than {SettingLengthMax} characters.");
            if (network.Secret.Length > SecretSizeMax) throw new NetworkException($"The secrets of network {network.Name} have more than {SecretSizeMax} bytes when they are sealed.");
            if (network.Country.Length > 0 && (network.Country.Length != 2 || !network.Country.All(char.IsAsciiLetterUpper))) throw new NetworkException($"\"{network.Country}\" is no country: two capital letters such as DE (ISO 3166-1).");
        }

        if (Networks.DistinctBy(network => network.Name).Count() != Networks.Length || Networks.DistinctBy(network => network.Id).Count() != Networks.Length) throw new NetworkException("Two networks have one name or id.");
        return this;
    }

    /// <summary>The setting's bytes.</summary>
    public byte[] Encode() => [Version, .. JsonSerializer.SerializeToUtf8Bytes(this, Json)];

    /// <exception cref="NetworkException">Damaged, or of a newer program.</exception>
    public static NetworkDocument Decode(ReadOnlySpan<byte> setting)
    {
        if (setting.IsEmpty || setting[0] != Version) throw new NetworkException("The list of networks was written by a newer version of this program, or is damaged.");
        try
        {
            var stored = JsonSerializer.Deserialize<NetworkDocument>(setting[DocumentOffset..], Json) ?? throw new JsonException("It is null.");
            if (stored.Networks.IsDefault || stored.Networks.Any(network => network?.Name is null || network.Kind is null)) throw new JsonException("A network is missing.");
            return stored.Checked();
        }
        catch (Exception failure) when (failure is JsonException or NotSupportedException)
        {
            throw new NetworkException($"The list of networks cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>A store's id as 32 hexadecimal digits.</summary>
    private sealed class StoreIdConverter : JsonConverter<StoreId>
    {
        public override StoreId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetString() is { Length: 2 * StoreId.Size } text && text.All(char.IsAsciiHexDigitLower) ? StoreId.Parse(text) : throw new JsonException("A network's id is 32 hexadecimal digits.");

        public override void Write(Utf8JsonWriter writer, StoreId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
