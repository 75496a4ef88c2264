using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Oort.Gateway;
using Oort.Identity.Grants;

namespace Oort.Cli.Verbs;

/// <summary><c>oort grant</c>: makes narrower credentials from those at hand. No gateway is asked.</summary>
internal static class GrantVerb
{
    private static readonly Dictionary<string, GrantVerbs> verbs = new(StringComparer.Ordinal) { ["read"] = GrantVerbs.Read, ["write"] = GrantVerbs.Write, ["delete"] = GrantVerbs.Delete, ["list"] = GrantVerbs.List };

    public static Command Create()
    {
        var keys = new KeyFlags();
        var bucket = new Option<string>("--bucket") { Description = "The only bucket.", HelpName = "NAME" };
        var prefix = new Option<string>("--prefix") { Description = "What keys must begin with.", HelpName = "TEXT" };
        var key = new Option<string>("--key") { Description = "The only key.", HelpName = "KEY" };
        var allow = new Option<string>("--allow") { Description = "What may be done: read, write, delete, list, with commas between (default: all that the wider credentials may, of these).", HelpName = "VERBS" };
        var expires = new Option<string>("--expires") { Description = "From now on for so long, such as 30m, 24h, 7d (default: as long as the wider ones).", HelpName = "TIME" };
        var from = new Option<string[]>("--from") { Description = "Networks that requests may come from, such as 192.0.2.0/24; several times for several.", HelpName = "CIDR" };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var env = new Option<bool>("--env") { Description = "Print lines for a shell: eval \"$(oort grant … --env)\"." };
        var command = new Command("grant", "Make narrower credentials from those at hand, without asking the gateway.") { bucket, prefix, key, allow, expires, from, json, env };
        keys.AddTo(command);
        command.SetAction(parsed =>
        {
            var end = parsed.GetValue(expires) is { } span ? DateTimeOffset.FromUnixTimeSeconds((TimeProvider.System.GetUtcNow() + Span(span)).ToUnixTimeSeconds()) : (DateTimeOffset?)null;
            var caveat = new GrantCaveat
            {
                Bucket = parsed.GetValue(bucket),
                Prefix = parsed.GetValue(prefix),
                Key = parsed.GetValue(key),
                Verbs = parsed.GetValue(allow) is { } names ? Verbs(names) : null,
                NotAfter = end,
                Networks = parsed.GetValue(from) is { Length: > 0 } networks ? [.. networks.Select(Network)] : null,
            };
            if (parsed.GetValue(json) && parsed.GetValue(env)) throw new ConfigurationException("Take --json or --env, not both.");
            Print(Narrow(keys.Read(parsed), caveat), parsed.GetValue(json), parsed.GetValue(env));
            return ExitCode.Done;
        });
        return command;
    }

    /// <exception cref="ConfigurationException">They cannot be narrowed so.</exception>
    public static GrantCredential Narrow(GrantCredential wider, GrantCaveat caveat)
    {
        try
        {
            return Grant.Narrow(wider, caveat);
        }
        catch (GrantException e)
        {
            throw new ConfigurationException(e.Message);
        }
    }

    /// <exception cref="ConfigurationException">It is none, or none at all.</exception>
    public static TimeSpan Span(string text) => Duration.TryParse(text) is { } span && span > TimeSpan.Zero ? span : throw new ConfigurationException($"--expires: \"{text}\" is not a time such as 30m, 24h or 7d.");

    /// <exception cref="ConfigurationException">It is none.</exception>
    public static IPNetwork Network(string text) => IPNetwork.TryParse(text, out var network) ? network : throw new ConfigurationException($"--from: \"{text}\" is not a network such as 192.0.2.0/24.");

    private static GrantVerbs Verbs(string names) => names.Split(',', StringSplitOptions.TrimEntries).Aggregate(GrantVerbs.None, (sum, name) => sum | (verbs.TryGetValue(name, out var verb) ? verb : throw new ConfigurationException($"--allow: \"{name}\" is none of read, write, delete and list.")));

    private static void Print(GrantCredential credential, bool isJson, bool isForShell)
    {
        var notAfter = Grant.Parse(credential.SessionToken!)!.NotAfter;
        var end = notAfter == DateTimeOffset.MaxValue ? null : notAfter.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        if (isForShell)
        {
            foreach (var (name, value) in ((string, string)[])[("AWS_ACCESS_KEY_ID", credential.AccessKeyId), ("AWS_SECRET_ACCESS_KEY", credential.SecretKey), ("AWS_SESSION_TOKEN", credential.SessionToken!)])
                Console.Out.WriteLine($"export {name}='{value.Replace("'", "'\\''", StringComparison.Ordinal)}'");
            return;
        }

        var answer = JsonSerializer.SerializeToElement(new { credential.AccessKeyId, credential.SecretKey, credential.SessionToken, Expires = end }, JsonSerializerOptions.Web);
        if (isJson) Output.Json(answer);
        else Output.Fields(answer);
    }
}
