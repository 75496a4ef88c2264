using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using Oort.Gateway;
using Oort.S3.Client;

namespace Oort.Cli.Verbs;

/// <summary>How a verb reaches a running gateway, and in which form it prints.</summary>
internal sealed class RemoteFlags
{
    private const string EndpointDefault = "http://127.0.0.1:9000";

    private readonly Option<string> _endpoint = new("--endpoint") { Description = $"The gateway's URL (default OORT_ENDPOINT, else {EndpointDefault}).", HelpName = "URL" };
    private readonly Option<string> _data = new("--data") { Description = "Data directory whose root credentials sign, when OORT_ACCESS_KEY and OORT_SECRET_KEY are not set (default ./oort-data).", HelpName = "DIR" };
    private readonly Option<string> _caFile = CaFileOption();
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };

    public void AddTo(Command command)
    {
        command.Options.Add(_endpoint);
        command.Options.Add(_data);
        command.Options.Add(_caFile);
        command.Options.Add(_json);
    }

    public static Option<string> CaFileOption() => new("--ca-file") { Description = "PEM file of the authorities that vouch for the gateway's certificate (default OORT_CA_FILE, else the system's).", HelpName = "FILE" };

    /// <returns>Null: those of the system.</returns>
    /// <exception cref="ConfigurationException">The file cannot be used.</exception>
    public static X509Certificate2Collection? Authorities(ParseResult parsed, Option<string> caFile) =>
        (parsed.GetValue(caFile) ?? Environment.GetEnvironmentVariable("OORT_CA_FILE")) is { Length: > 0 } file ? CaFile.Read(file) : null;

    public bool IsJson(ParseResult parsed) => parsed.GetValue(_json);

    /// <summary>The data directory that is meant.</summary>
    public string DataDirectory(ParseResult parsed) =>
        parsed.GetValue(_data) ?? Environment.GetEnvironmentVariable("OORT_DATA") ?? new GatewayOptions().DataDirectory;

    /// <summary>The gateway's URL.</summary>
    /// <exception cref="ConfigurationException">It is none.</exception>
    public Uri Endpoint(ParseResult parsed) => Endpoint(parsed.GetValue(_endpoint));

    /// <param name="given">Null: the environment's, or the default.</param>
    /// <exception cref="ConfigurationException">It is none.</exception>
    public static Uri Endpoint(string? given)
    {
        var text = given ?? Environment.GetEnvironmentVariable("OORT_ENDPOINT") ?? EndpointDefault;
        return Uri.TryCreate(text, UriKind.Absolute, out var endpoint) && endpoint.Scheme is "http" or "https"
            ? endpoint!
            : throw new ConfigurationException($"--endpoint: \"{text}\" is not a URL such as {EndpointDefault}.");
    }

    /// <summary>A signed client of the admin API.</summary>
    /// <exception cref="ConfigurationException">No credentials, or a bad URL.</exception>
    public AdminClient Connect(ParseResult parsed)
    {
        var (endpoint, access, secret) = Target(parsed);
        return new AdminClient(endpoint, access, secret, TimeProvider.System, Authorities(parsed, _caFile));
    }

    /// <summary>A client of the gateway's IAM.</summary>
    /// <exception cref="ConfigurationException">No credentials, or a bad URL.</exception>
    public IamClient ConnectIam(ParseResult parsed)
    {
        var (endpoint, access, secret) = Target(parsed);
        return new IamClient(endpoint, access, secret, TimeProvider.System, Authorities(parsed, _caFile));
    }

    /// <summary>A client of the gateway's S3.</summary>
    /// <exception cref="ConfigurationException">No credentials, or a bad URL.</exception>
    public S3Client ConnectS3(ParseResult parsed, int connectionCount)
    {
        var (endpoint, access, secret) = Target(parsed);
        return new S3Client(new() { Endpoint = endpoint, Addressing = S3Addressing.Path, ConnectionCountMax = connectionCount, Authorities = Authorities(parsed, _caFile) }, new(access, secret.Reveal()), TimeProvider.System, new Random());
    }

    private (Uri Endpoint, string AccessKey, Secret SecretKey) Target(ParseResult parsed)
    {
        var endpoint = Endpoint(parsed);
        var access = Environment.GetEnvironmentVariable("OORT_ACCESS_KEY");
        var secret = Environment.GetEnvironmentVariable("OORT_SECRET_KEY");
        if (access is { Length: > 0 } && secret is { Length: > 0 }) return (endpoint, access, new Secret(secret));
        var directory = DataDirectory(parsed);
        var root = RootCredentials.Load(directory)
            ?? throw new ConfigurationException($"No credentials: set OORT_ACCESS_KEY and OORT_SECRET_KEY, or name the gateway's data directory with --data ({Path.GetFullPath(directory)} has none).");
        return (endpoint, root.AccessKey, new Secret(root.SecretKey));
    }
}
