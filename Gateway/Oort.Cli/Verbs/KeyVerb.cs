using System.CommandLine;
using System.Text.Json;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort key reset</c>: new root credentials for a gateway that is stopped. <c>list</c>, <c>rotate</c>, <c>destroy</c>, <c>shred</c>: the keys of the data.</summary>
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
        return new Command("key", "Manage the gateway's keys.") { reset, List("list"), List("status"), Rotate(), Destroy(), Shred() };
    }

    /// <summary>Two names for the same: who rotates asks for the status, who looks asks for a list.</summary>
    private static Command List(string name) => Verb(name, "Show the key-encryption keys and how far a rotation is.", _ => (HttpMethod.Get, "keys", null));

    private static Command Rotate()
    {
        var destroyAfter = new Option<double?>("--destroy-after") { Description = "Destroy the versions before it after so many days, as soon as nothing uses them.", HelpName = "DAYS" };
        return Verb("rotate", "Make a new key-encryption key; all data keys are wrapped anew under it in the background.", parsed => (HttpMethod.Post, "keys/rotate", new { destroyAfterDays = parsed.GetValue(destroyAfter) }), destroyAfter);
    }

    private static Command Destroy()
    {
        var version = new Argument<int>("VERSION") { Description = "As oort key list shows it." };
        return Verb("destroy", "Destroy an old key-encryption key as soon as nothing uses it any more. What only it could open is lost, copies of the database from before included.", parsed => (HttpMethod.Post, $"keys/{parsed.GetRequiredValue(version)}/destroy", null), version);
    }

    private static Command Shred()
    {
        var remote = new RemoteFlags();
        var command = new Command("shred", "Rewrite journals and snapshots now, so that the keys of deleted objects are gone from them.");
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var result = await RemoteJob.RunAsync(client, "shred", new { }, remote.IsJson(parsed), cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(result);
            else Output.Fields(result);
            return result.GetProperty("heldBack").GetString() is { Length: > 0 } ? ExitCode.Failed : ExitCode.Done;
        });
        return command;
    }

    private static Command Verb(string name, string help, Func<ParseResult, (HttpMethod Method, string Resource, object? Body)> request, params Symbol[] symbols)
    {
        var remote = new RemoteFlags();
        var command = new Command(name, help);
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument) command.Arguments.Add(argument);
            else command.Options.Add((Option)symbol);
        }

        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var (method, resource, body) = request(parsed);
            var answer = await client.SendAsync(method, resource, body, cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(answer);
            else Print(answer);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(JsonElement answer)
    {
        Output.Table(["version", "created", "state"], answer.GetProperty("keys").EnumerateArray().Select(key => (IReadOnlyList<string>)
            [key.GetProperty("version").ToString(), key.GetProperty("created").ToString(), key.GetProperty("state").ToString()]));
        Output.Fields(answer, "rewrapping", "looked", "rewrapped", "stuck", "waiting");
        foreach (var store in answer.GetProperty("outdatedCopies").EnumerateArray()) Console.Out.WriteLine($"The keyring on {store} is not the present one, or it is away.");
    }
}
