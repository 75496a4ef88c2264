using System.Globalization;
using System.Text.Json;
using Oort.Objects.Networks;

namespace Oort.Gateway.Networks;

/// <summary>Settings of a network and its secrets by name, as an operator gave them, with what its kind knows of them.</summary>
internal sealed class NetworkSettings
{
    private readonly Dictionary<string, string> values;
    private readonly string network;

    /// <param name="known">The kind's settings, secret or not.</param>
    /// <exception cref="NetworkException">There is one that the kind does not know, or the secrets cannot be read.</exception>
    public NetworkSettings(NetworkDefinition definition, ReadOnlySpan<byte> secret, IReadOnlyCollection<string> known)
    {
        network = definition.Name;
        values = new(definition.Settings, StringComparer.Ordinal);
        foreach (var (name, value) in Decode(secret)) values[name] = value;
        if (values.Keys.FirstOrDefault(name => !known.Contains(name)) is { } unknown) throw new NetworkException($"A network of kind {definition.Kind} has no setting \"{unknown}\"; it has {string.Join(", ", known)}.");
    }

    /// <summary>Secrets by name as they are sealed.</summary>
    public static byte[] Encode(IReadOnlyDictionary<string, string> secrets) => secrets.Count == 0 ? [] : JsonSerializer.SerializeToUtf8Bytes(secrets);

    /// <summary>Null where it was not given.</summary>
    public string? Find(string name) => values.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;

    /// <exception cref="NetworkException">It was not given.</exception>
    public string Text(string name) => Find(name) ?? throw new NetworkException($"Setting \"{name}\" of network {network} is missing.");

    public Uri Url(string name) => ToUrl(Text(name), name);

    public Uri? FindUrl(string name) => Find(name) is { } text ? ToUrl(text, name) : null;

    /// <summary>Several, with spaces between.</summary>
    public IReadOnlyList<Uri> Urls(string name) => [.. (Find(name) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => ToUrl(text, name))];

    public long Number(string name) => long.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new NetworkException($"Setting \"{name}\" of network {network} is a number.");

    public long? FindNumber(string name) => Find(name) is null ? null : Number(name);

    /// <summary>A pause of whole seconds, from one to a day's.</summary>
    public TimeSpan? FindSeconds(string name) => FindNumber(name) switch
    {
        null => null,
        >= 1 and <= 86_400 and var seconds => TimeSpan.FromSeconds(seconds),
        _ => throw new NetworkException($"Setting \"{name}\" of network {network} is a number from 1 to 86400."),
    };

    /// <summary>A number that need not be whole; what a kind's options do not take is refused by them.</summary>
    public double Decimal(string name) => double.TryParse(Text(name), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
        ? number
        : throw new NetworkException($"Setting \"{name}\" of network {network} is a number such as 0.5.");

    /// <summary>A day, as of its beginning in UTC.</summary>
    public DateTimeOffset Date(string name) => DateTimeOffset.TryParseExact(Text(name), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var day)
        ? day
        : throw new NetworkException($"Setting \"{name}\" of network {network} is a day such as 2026-11-01.");

    /// <summary>One of several words; the first where it was not given.</summary>
    public T Choice<T>(string name, params (string Word, T Value)[] choices)
    {
        if (Find(name) is not { } given) return choices[0].Value;
        foreach (var (word, value) in choices)
            if (word == given) return value;
        throw new NetworkException($"Setting \"{name}\" of network {network} is one of {string.Join(", ", choices.Select(choice => choice.Word))}, not \"{given}\".");
    }

    private Uri ToUrl(string text, string name) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url! : throw new NetworkException($"Setting \"{name}\" of network {network}: \"{text}\" is not a URL such as https://s3.example.org.");

    private static Dictionary<string, string> Decode(ReadOnlySpan<byte> secret)
    {
        try
        {
            return secret.IsEmpty ? [] : JsonSerializer.Deserialize<Dictionary<string, string>>(secret) ?? [];
        }
        catch (JsonException)
        {
            throw new NetworkException("Its secrets are not as this program writes them. Remove the network and add it again.");
        }
    }
}
