using System.CommandLine;
using Oort.Gateway;
using Oort.Identity.Grants;
using Oort.S3.Client;

namespace Oort.Cli.Verbs;

/// <summary>Which credentials a verb works with that asks no gateway.</summary>
internal sealed class KeyFlags
{
    private readonly Option<string> _profile = new("--profile") { Description = "Profile of ~/.aws whose keys are meant.", HelpName = "NAME" };
    private readonly Option<string> _data = new("--data") { Description = "Data directory whose root credentials are meant (default, without a profile: OORT_ACCESS_KEY, OORT_SECRET_KEY and OORT_SESSION_TOKEN; else AWS_ACCESS_KEY_ID and so on; else ./oort-data).", HelpName = "DIR" };

    public void AddTo(Command command)
    {
        command.Options.Add(_profile);
        command.Options.Add(_data);
    }

    /// <exception cref="ConfigurationException">There are none.</exception>
    /// <exception cref="AwsProfileException">The profile does not give keys.</exception>
    public GrantCredential Read(ParseResult parsed)
    {
        var (name, given) = (parsed.GetValue(_profile), parsed.GetValue(_data));
        if (name is not null && given is not null) throw new ConfigurationException("Name a profile or a data directory, not both.");
        if (name is not null) return AwsProfile.Load(name, Environment.GetEnvironmentVariable).Keys is { } keys ? new(keys.Id, keys.Secret, keys.SessionToken) : throw new ConfigurationException($"The profile \"{name}\" has no keys.");
        if (given is null && FromEnvironment() is { } found) return found;
        var directory = given ?? Environment.GetEnvironmentVariable("OORT_DATA") ?? new GatewayOptions().DataDirectory;
        return RootCredentials.Load(directory) is { } root
            ? new(root.AccessKey, root.SecretKey, null)
            : throw new ConfigurationException($"No credentials: name a profile with --profile, set OORT_ACCESS_KEY and OORT_SECRET_KEY (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), or name the gateway's data directory with --data ({Path.GetFullPath(directory)} has none).");
    }

    private static GrantCredential? FromEnvironment()
    {
        if (Variable("OORT_ACCESS_KEY") is { } access && Variable("OORT_SECRET_KEY") is { } secret) return new(access, secret, Variable("OORT_SESSION_TOKEN"));
        return Variable("AWS_ACCESS_KEY_ID") is { } id && Variable("AWS_SECRET_ACCESS_KEY") is { } key ? new(id, key, Variable("AWS_SESSION_TOKEN")) : null;
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
