using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Oort.Backends;
using Oort.Backends.Ipfs;
using Oort.Backends.S3;
using Oort.Objects.Networks;
using Oort.S3.Client;

namespace Oort.Gateway.Networks;

/// <summary>Opens the outside networks that this program speaks to, by the settings that an operator gave (docs/networks.md, "Adding a network").</summary>
public sealed class NetworkFactory(TimeProvider time, Random jitter) : INetworkFactory
{
    /// <summary>The kinds that there are, with their settings; those after the semicolon are secret. What ends in '?' may be left out.</summary>
    private static readonly Dictionary<string, string[]> kinds = new(StringComparer.Ordinal)
    {
        ["s3"] = ["bucket", "endpoint", "region?", "prefix?", "class?", "addressing?", "read-back?", "access-key", "secret-key", "session-token?"],
        ["ipfs"] = ["node", "gateways?", "token?"],
    };

    public INetworkBackend Open(NetworkDefinition definition, ReadOnlySpan<byte> secret)
    {
        if (!kinds.TryGetValue(definition.Kind, out var known)) throw new NetworkException($"There is no kind of network \"{definition.Kind}\"; there are {string.Join(", ", kinds.Keys)}.");
        var values = new Dictionary<string, string>(definition.Settings, StringComparer.Ordinal);
        foreach (var (name, value) in Secrets(secret)) values[name] = value;
        foreach (var name in values.Keys.Where(name => !known.Contains(name) && !known.Contains(name + "?"))) throw new NetworkException($"A network of kind {definition.Kind} has no setting \"{name}\"; it has {string.Join(", ", known)}.");
        foreach (var name in known.Where(name => !name.EndsWith('?') && values.GetValueOrDefault(name, "").Length == 0)) throw new NetworkException($"Setting \"{name}\" of network {definition.Name} is missing.");
        try
        {
            return definition.Kind == "s3" ? OpenS3(values) : OpenIpfs(values);
        }
        catch (Exception failure) when (failure is ArgumentException or ValidationException)
        {
            throw new NetworkException($"Network {definition.Name} cannot be used as it is set: {failure.Message}", failure);
        }
    }

    /// <summary>Secrets by name as they are sealed.</summary>
    public static byte[] Encode(IReadOnlyDictionary<string, string> secrets) => secrets.Count == 0 ? [] : JsonSerializer.SerializeToUtf8Bytes(secrets);

    private static Dictionary<string, string> Secrets(ReadOnlySpan<byte> secret)
    {
        try
        {
            return secret.IsEmpty ? [] : JsonSerializer.Deserialize<Dictionary<string, string>>(secret) ?? [];
        }
        catch (JsonException failure)
        {
            throw new NetworkException("Its secrets are not as this program writes them. Remove the network and add it again.", failure);
        }
    }

    private S3NetworkBackend OpenS3(Dictionary<string, string> values)
    {
        var options = new S3NetworkOptions
        {
            Client = new()
            {
                Endpoint = Url(values["endpoint"]),
                Region = values.GetValueOrDefault("region", "us-east-1"),
                Addressing = values.GetValueOrDefault("addressing", "auto") switch
                {
                    "auto" => S3Addressing.Auto,
                    "path" => S3Addressing.Path,
                    "virtual" => S3Addressing.VirtualHost,
                    var other => throw new ArgumentException($"addressing is auto, path or virtual, not \"{other}\"."),
                },
            },
            Keys = new(values["access-key"], values["secret-key"], values.GetValueOrDefault("session-token")),
            Bucket = values["bucket"],
            StorageClass = values.GetValueOrDefault("class"),
            ReadBack = values.GetValueOrDefault("read-back", "full") switch
            {
                "full" => S3ReadBack.Full,
                "sample" => S3ReadBack.Sample,
                var other => throw new ArgumentException($"read-back is full or sample, not \"{other}\"."),
            },
        };
        if (values.TryGetValue("prefix", out var prefix) && prefix.Length > 0) options = options with { Prefix = prefix };
        return new(options, time, time, jitter);
    }

    private IpfsBackend OpenIpfs(Dictionary<string, string> values) => new(
        new()
        {
            Node = Url(values["node"]),
            Credentials = values.TryGetValue("token", out var token) ? IpfsCredentials.Bearer(token) : null,
            Gateways = [.. values.GetValueOrDefault("gateways", "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(url => new IpfsGateway(Url(url)))],
        },
        time);

    private static Uri Url(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url! : throw new ArgumentException($"\"{text}\" is not a URL such as https://s3.example.org.");
}
