using System.CommandLine;
using System.Text.Json;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort key reset</c>: new root credentials for a gateway that is stopped.</summary>
internal static class KeyVerb
{
    public static Command Create()
    {
        var flags = new GatewayFlags("data");
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var reset = new Command("reset", "Make a new access key and secret for the root user. The gateway must be stopped; the old pair stops working.") { json };
        flags.AddTo(reset);
        reset.SetAction(parsed =>
        {
            var options = flags.Read(parsed);
            if (options.AccessKey is not null) throw new ConfigurationException("OORT_ACCESS_KEY and OORT_SECRET_KEY preset the root user; change them there, or unset them first.");
            if (!Directory.Exists(options.DataDirectory)) throw new ConfigurationException($"{Path.GetFullPath(options.DataDirectory)} is not there; name the gateway's data directory with --data DIR.");
            using var directory = DataDirectory.Open(options.DataDirectory);
            var made = RootCredentials.Reset(directory.FullPath);
            Console.Out.WriteLine(parsed.GetValue(json)
                ? JsonSerializer.Serialize(new { accessKey = made.AccessKey, secretKey = made.SecretKey }, JsonSerializerOptions.Web)
                : $"Access key: {made.AccessKey}\nSecret key: {made.SecretKey}   (shown only now)");
            return ExitCode.Done;
        });
        return new Command("key", "Manage the gateway's keys.") { reset };
    }
}
