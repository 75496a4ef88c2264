namespace Oort.S3.Client;

/// <summary>What the files and variables that all S3 tools share say of a service ("Configuration and credential file settings" of the AWS SDKs).</summary>
/// <param name="Keys">Null: none, so requests are not signed.</param>
/// <param name="Region">Null where it is not said.</param>
/// <param name="Endpoint">Null where it is not said.</param>
public sealed record AwsProfile(AccessKeys? Keys, string? Region, Uri? Endpoint, S3Addressing Addressing)
{
    /// <summary>A file that is larger is not a person's configuration.</summary>
    private const long FileSizeMax = 1024 * 1024;

    /// <summary>Settings that stand for keys that somebody else hands out; to pass over them would be to use other keys than the user means.</summary>
    private static readonly string[] unsupported = ["credential_process", "role_arn", "sso_session", "sso_account_id", "sso_start_url", "web_identity_token_file", "login_session"];

    /// <summary>Reads a profile as the SDKs do: a named one (or AWS_PROFILE) from the files; without a name the variables first, then the profile "default".</summary>
    /// <param name="name">Null: none was asked for.</param>
    /// <param name="environment">Value of a variable, or null.</param>
    /// <exception cref="AwsProfileException">No such profile, or one whose keys this program cannot get; says what to do.</exception>
    public static AwsProfile Load(string? name, Func<string, string?> environment)
    {
        var isNamed = name is not null;
        name ??= Value(environment, "AWS_PROFILE");
        var wanted = name ?? "default";
        var home = Value(environment, "HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var credentials = Read(Value(environment, "AWS_SHARED_CREDENTIALS_FILE") ?? Path.Combine(home, ".aws", "credentials"));
        var config = Read(Value(environment, "AWS_CONFIG_FILE") ?? Path.Combine(home, ".aws", "config"));

        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        var exists = Merge(config, wanted == "default" ? "default" : "profile " + wanted, settings);
        if (wanted == "default") exists |= Merge(config, "profile default", settings);
        exists |= Merge(credentials, wanted, settings);
        if (name is not null && !exists) throw new AwsProfileException($"There is no profile \"{name}\" in the AWS credentials and config files.");

        // Variables win over the profile that nobody asked for, and lose against one that was named on the command line.
        var keys = isNamed ? null : FromEnvironment(environment);
        keys ??= FromSettings(wanted, settings);
        return new(
            keys,
            (isNamed ? null : Value(environment, "AWS_REGION") ?? Value(environment, "AWS_DEFAULT_REGION")) ?? settings.GetValueOrDefault("region"),
            ParseEndpoint((isNamed ? null : Value(environment, "AWS_ENDPOINT_URL_S3") ?? Value(environment, "AWS_ENDPOINT_URL"))
                ?? settings.GetValueOrDefault("s3.endpoint_url") ?? settings.GetValueOrDefault("endpoint_url")),
            settings.GetValueOrDefault("s3.addressing_style") switch { "path" => S3Addressing.Path, "virtual" => S3Addressing.VirtualHost, _ => S3Addressing.Auto });
    }

    private static AccessKeys? FromEnvironment(Func<string, string?> environment) =>
        Value(environment, "AWS_ACCESS_KEY_ID") is { } id && Value(environment, "AWS_SECRET_ACCESS_KEY") is { } secret
            ? new(id, secret, Value(environment, "AWS_SESSION_TOKEN"))
            : null;

    private static AccessKeys? FromSettings(string profile, Dictionary<string, string> settings)
    {
        if (settings.GetValueOrDefault("aws_access_key_id") is { Length: > 0 } id)
        {
            return settings.GetValueOrDefault("aws_secret_access_key") is { Length: > 0 } secret
                ? new(id, secret, settings.GetValueOrDefault("aws_session_token"))
                : throw new AwsProfileException($"The profile \"{profile}\" has aws_access_key_id and no aws_secret_access_key.");
        }

        return Array.Find(unsupported, settings.ContainsKey) is { } setting
            ? throw new AwsProfileException($"The profile \"{profile}\" gets its keys by {setting}, which is not supported; put them into the environment: eval \"$(aws configure export-credentials --profile {profile} --format env)\".")
            : null;
    }

    private static Uri? ParseEndpoint(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        return Uri.TryCreate(text, UriKind.Absolute, out var endpoint) && endpoint.Scheme is "http" or "https"
            ? endpoint
            : throw new AwsProfileException($"The endpoint \"{text}\" of the AWS configuration is not an http or https URL.");
    }

    private static string? Value(Func<string, string?> environment, string name) => environment(name) is { Length: > 0 } value ? value : null;

    private static bool Merge(Dictionary<string, Dictionary<string, string>> file, string section, Dictionary<string, string> into)
    {
        if (!file.TryGetValue(section, out var settings)) return false;
        foreach (var (name, value) in settings) into[name] = value;
        return true;
    }

    private static Dictionary<string, Dictionary<string, string>> Read(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists) return [];
            if (file.Length > FileSizeMax) throw new AwsProfileException($"{path} is too large to be an AWS configuration.");
            return Parse(File.ReadLines(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AwsProfileException($"{path} cannot be read: {e.Message}");
        }
    }

    /// <summary>Sections of "name = value" lines. An indented line belongs to the setting before it: "s3 =" and "  addressing_style = path" give "s3.addressing_style".</summary>
    internal static Dictionary<string, Dictionary<string, string>> Parse(IEnumerable<string> lines)
    {
        var sections = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        Dictionary<string, string>? section = null;
        var outer = "";
        foreach (var line in lines)
        {
            var text = line.Trim();
            if (text.Length == 0 || text[0] is '#' or ';') continue;
            if (text[0] == '[')
            {
                var end = text.IndexOf(']', StringComparison.Ordinal);
                var words = end < 0 ? [] : text[1..end].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
                var name = string.Join(' ', words);
                if (!sections.TryGetValue(name, out section)) sections[name] = section = new(StringComparer.Ordinal);
                outer = "";
                continue;
            }

            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (section is null || equals <= 0) continue;
            var key = text[..equals].TrimEnd().ToLowerInvariant();
            var value = WithoutRemark(text[(equals + 1)..].Trim());
            var isNested = char.IsWhiteSpace(line[0]) && outer.Length > 0;
            if (isNested) key = $"{outer}.{key}";
            else outer = key;
            section[key] = value;
        }

        return sections;
    }

    private static string WithoutRemark(string value)
    {
        var mark = value.IndexOf(" #", StringComparison.Ordinal);
        return mark < 0 ? value : value[..mark].TrimEnd();
    }
}

/// <summary>The shared AWS files do not say what is needed; the message is for the user.</summary>
public sealed class AwsProfileException(string message) : Exception(message);
