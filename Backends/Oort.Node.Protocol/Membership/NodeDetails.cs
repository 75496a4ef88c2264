using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Oort.Node.Protocol;

/// <summary>Whose a node is, where it is reached and what it costs, as it says itself when it joins (docs/formats/node-membership.md §7).</summary>
public sealed record NodeDetails
{
    /// <summary>HOST:PORT under which gateways reach it.</summary>
    public required string Address { get; init; }

    /// <summary>Who runs it; null: not said.</summary>
    public string? Operator { get; init; }

    /// <summary>Two capital letters (ISO 3166-1 alpha-2).</summary>
    public string? Country { get; init; }

    public string? Region { get; init; }

    /// <summary>The network that it is reached through.</summary>
    public string? Network { get; init; }

    /// <summary>US dollars to keep 2^40 bytes for 30 days.</summary>
    public double? PricePerTebibyteMonth { get; init; }

    /// <summary>The owner's cap, in bytes; null: all there is.</summary>
    public long? SpaceBytes { get; init; }

    /// <summary>Version of the program, for people.</summary>
    public string? Version { get; init; }

    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, MembershipJson.Default.NodeDetails);

    public static bool TryRead(ReadOnlySpan<byte> json, [NotNullWhen(true)] out NodeDetails? details)
    {
        details = null;
        if (json.Length > MembershipLimits.MessageSizeMax) return false;
        try
        {
            details = JsonSerializer.Deserialize(json, MembershipJson.Default.NodeDetails);
        }
        catch (JsonException)
        {
            return false;
        }

        return details is { } read && read.Fault() is null;
    }

    /// <summary>What is wrong with them, in a sentence; null when nothing is.</summary>
    public string? Fault()
    {
        if (!IsAddress(Address)) return "The address must be HOST:PORT such as node1.example.org:9100.";
        if (!IsName(Operator) || !IsName(Region) || !IsName(Network)) return $"Operator, region and network take at most {MembershipLimits.NameLengthMax} characters, and none that cannot be printed.";
        if (Country is not null && !IsCountry(Country)) return "The country takes two capital letters, as in ISO 3166-1.";
        if (PricePerTebibyteMonth is { } price && !(price is >= 0 and <= 1_000_000)) return "The price is in US dollars for a TiB and month, from 0 to 1000000.";
        if (SpaceBytes < 0) return "The space is not negative.";
        return IsName(Version) ? null : "The version is too long.";
    }

    /// <summary>Whether a text is HOST:PORT; IPv6 addresses stand in brackets.</summary>
    public static bool IsAddress(string? text)
    {
        if (text is not { Length: > 0 and <= MembershipLimits.AddressLengthMax }) return false;
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), System.Globalization.NumberStyles.None, null, out var port) || port is < 1 or > 65535) return false;
        var host = text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']')) return Uri.CheckHostName(host[1..^1]) == UriHostNameType.IPv6;
        return Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4;
    }

    internal static bool IsName(string? text) => text is null || (text.Length <= MembershipLimits.NameLengthMax && !text.Any(char.IsControl));

    private static bool IsCountry(string text) => text.Length == 2 && text.All(char.IsAsciiLetterUpper);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, NumberHandling = JsonNumberHandling.Strict, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeDetails))]
[JsonSerializable(typeof(NodeReport))]
internal sealed partial class MembershipJson : JsonSerializerContext;
