using System.CommandLine;
using Oort.Gateway;
using Oort.S3.Client;

namespace Oort.Cli.Verbs;

/// <summary>Flags that name a bucket of another S3 service: where it is, and with whose keys it is reached.</summary>
internal sealed class OtherService
{
    private static readonly Uri aws = new("https://s3.amazonaws.com");

    private readonly string _side;
    private readonly Option<string> _endpoint;
    private readonly Option<string> _region;
    private readonly Option<string> _profile;
    private readonly Option<string> _addressing;
    private readonly Option<bool> _anonymous;

    /// <param name="side">"source" or "target": the flags' first word.</param>
    public OtherService(string side)
    {
        _side = side;
        _endpoint = new($"--{side}-endpoint") { Description = "Its URL (default: the profile's, else AWS).", HelpName = "URL" };
        _region = new($"--{side}-region") { Description = "Its region (default: the profile's, else us-east-1).", HelpName = "NAME" };
        _profile = new($"--{side}-profile") { Description = "Profile of ~/.aws with its keys (default: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, else the profile \"default\").", HelpName = "NAME" };
        _addressing = new($"--{side}-addressing") { Description = "auto, path or virtual (default auto).", HelpName = "STYLE" };
        _anonymous = new($"--{side}-anonymous") { Description = "Send no signature: for buckets that anybody may read." };
    }

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_endpoint, _region, _profile, _addressing, _anonymous]) command.Options.Add(option);
    }

    /// <summary>Endpoint, region, addressing and keys (null: none).</summary>
    /// <exception cref="ConfigurationException">A flag that cannot be used, or no keys.</exception>
    /// <exception cref="AwsProfileException">The profile does not give keys.</exception>
    public (Uri Endpoint, string Region, S3Addressing Addressing, AccessKeys? Keys) Read(ParseResult parsed)
    {
        var profile = AwsProfile.Load(parsed.GetValue(_profile), Environment.GetEnvironmentVariable);
        var endpoint = profile.Endpoint ?? aws;
        if (parsed.GetValue(_endpoint) is { } text && (!Uri.TryCreate(text, UriKind.Absolute, out endpoint!) || endpoint.Scheme is not ("http" or "https")))
            throw new ConfigurationException($"--{_side}-endpoint: \"{text}\" is not a URL such as https://s3.example.org.");
        var addressing = parsed.GetValue(_addressing) switch
        {
            null => profile.Addressing,
            "auto" => S3Addressing.Auto,
            "path" => S3Addressing.Path,
            "virtual" => S3Addressing.VirtualHost,
            var other => throw new ConfigurationException($"--{_side}-addressing: it takes auto, path or virtual, not \"{other}\"."),
        };
        var isAnonymous = parsed.GetValue(_anonymous);
        if (!isAnonymous && profile.Keys is null)
            throw new ConfigurationException($"There are no keys for the {_side}: name a profile with --{_side}-profile, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or say --{_side}-anonymous.");
        return (endpoint, parsed.GetValue(_region) ?? profile.Region ?? "us-east-1", addressing, isAnonymous ? null : profile.Keys);
    }

    /// <summary>s3://BUCKET[/PREFIX] in two.</summary>
    /// <exception cref="ConfigurationException">It is not of that form.</exception>
    public static (string Bucket, string Prefix) Parse(string url)
    {
        const string scheme = "s3://";
        if (!url.StartsWith(scheme, StringComparison.Ordinal) || url.Length == scheme.Length || url[scheme.Length] == '/')
            throw new ConfigurationException($"\"{url}\" is not of the form s3://BUCKET[/PREFIX].");
        var slash = url.IndexOf('/', scheme.Length);
        return slash < 0 ? (url[scheme.Length..], "") : (url[scheme.Length..slash], url[(slash + 1)..]);
    }
}
