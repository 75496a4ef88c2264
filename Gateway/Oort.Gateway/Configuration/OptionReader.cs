using System.Text.Json;

namespace Oort.Gateway;

/// <summary>A configuration that cannot be used; the message names the key, where it was read, and what it takes.</summary>
public sealed class ConfigurationException(string message) : Exception(message);

/// <summary>Reads the options: defaults, then oort.json, then the environment, then flags; each later source replaces a whole option.</summary>
public static class OptionReader
{
    /// <summary>File read when none is named, from the working directory.</summary>
    public const string DefaultFile = "oort.json";

    /// <summary>A configuration file larger than this is not one.</summary>
    private const int FileSizeMax = 1024 * 1024;

    /// <param name="file">Path of the configuration file; null: <see cref="DefaultFile"/> if it is there.</param>
    /// <param name="environment">A variable's value, or null.</param>
    /// <param name="flags">Values by option name, as given on the command line.</param>
    /// <exception cref="ConfigurationException">Unknown key, bad value, or options that contradict each other.</exception>
    public static GatewayOptions Read(string? file, Func<string, string?> environment, IReadOnlyDictionary<string, IReadOnlyList<string>> flags)
    {
        var options = new GatewayOptions();
        if (file is not null || File.Exists(DefaultFile)) options = ApplyFile(options, file ?? DefaultFile);
        foreach (var definition in OptionDefinition.All)
        {
            if (environment(definition.EnvironmentName) is { } text)
                options = Apply(options, definition, definition.IsList ? text.Split(',', StringSplitOptions.RemoveEmptyEntries) : [text], definition.EnvironmentName);
            if (flags.TryGetValue(definition.Name, out var values))
                options = Apply(options, definition, values, "--" + definition.Name);
        }

        return Validate(options);
    }

    private static GatewayOptions ApplyFile(GatewayOptions options, string path)
    {
        try
        {
            if (new FileInfo(path).Length > FileSizeMax) throw new ConfigurationException($"{path} is larger than 1 MiB.");
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new ConfigurationException($"{path}: it must hold one JSON object.");
            foreach (var property in document.RootElement.EnumerateObject())
            {
                var definition = OptionDefinition.All.FirstOrDefault(d => d.Name == property.Name)
                    ?? throw new ConfigurationException($"{path}: there is no option \"{property.Name}\"; there are {string.Join(", ", OptionDefinition.All.Select(d => d.Name))}.");
                options = Apply(options, definition, Values(property, path), $"{path}: \"{property.Name}\"");
            }

            return options;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new ConfigurationException($"{path} cannot be read: {e.Message}");
        }
    }

    private static IReadOnlyList<string> Values(JsonProperty property, string path) => property.Value.ValueKind switch
    {
        JsonValueKind.Array => [.. property.Value.EnumerateArray().Select(e => Scalar(e, property.Name, path))],
        _ => [Scalar(property.Value, property.Name, path)],
    };

    private static string Scalar(JsonElement element, string name, string path) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString()!,
        JsonValueKind.Number => element.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => throw new ConfigurationException($"{path}: \"{name}\" takes text, a number, true, false, or a list of them."),
    };

    private static GatewayOptions Apply(GatewayOptions options, OptionDefinition definition, IReadOnlyList<string> values, string source)
    {
        if (values.Count == 0 || (!definition.IsList && values.Count > 1))
            throw new ConfigurationException($"{source}: it takes {(definition.IsList ? "at least one value" : "one value")}.");
        try
        {
            return definition.Apply(options, values);
        }
        catch (FormatException e)
        {
            var shown = definition.IsSecret ? "***" : string.Join(",", values);
            throw new ConfigurationException($"{source}: \"{shown}\" cannot be used: {e.Message}.");
        }
    }

    private static GatewayOptions Validate(GatewayOptions options)
    {
        if ((options.AccessKey is null) != (options.SecretKey is null))
            throw new ConfigurationException("OORT_ACCESS_KEY and OORT_SECRET_KEY are given together or not at all.");
        if ((options.TlsCertificateFile is null) != (options.TlsKeyFile is null))
            throw new ConfigurationException(options.TlsKeyFile is null ? "--tls-cert needs the certificate's private key, too; name it with --tls-key FILE." : "--tls-key needs the certificate, too; name it with --tls-cert FILE.");
        if (options is { Hsts: true, TlsCertificateFile: null })
            throw new ConfigurationException("--hsts tells browsers to come by TLS only, so it needs --tls-cert and --tls-key; behind a proxy that ends TLS, the proxy says it.");
        if (options.AdminListen is { Port: > 0 } admin && admin.Equals(options.Listen))
            throw new ConfigurationException($"--admin-listen: {admin} is where S3 is served; choose another port, or leave it out.");
        if (options.WebsiteDomains.Intersect(options.Domains).FirstOrDefault() is { } both)
            throw new ConfigurationException($"--website-domain: {both} is a --domain, too, where BUCKET.{both} is the S3 address of a bucket; give websites a domain of their own.");
        if (options.AuditLog is null or "-" && (options.AuditLogBytes != new GatewayOptions().AuditLogBytes || options.AuditLogFiles != new GatewayOptions().AuditLogFiles))
            throw new ConfigurationException("--audit-log-size and --audit-log-files say how the files of --audit-log FILE are kept; give it too.");
        if (options.CacheDirectory is null && (options.CachesOwnDisks || options.CacheBytes != new GatewayOptions().CacheBytes))
            throw new ConfigurationException("--cache-size and --cache-own-disks say how --cache-dir is used; give it too.");
        var twice = options.Disks.GroupBy(Path.GetFullPath).FirstOrDefault(g => g.Count() > 1);
        if (twice is not null) throw new ConfigurationException($"--disk: {twice.Key} is given twice.");
        return options;
    }
}
