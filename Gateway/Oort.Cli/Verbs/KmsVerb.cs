using System.CommandLine;
using System.Text.Json;

namespace Oort.Cli.Verbs;

/// <summary><c>oort kms</c>: keys with names, which clients ask for by <c>aws:kms</c>.</summary>
internal static class KmsVerb
{
    public static Command Create() => new("kms", "Manage keys with names (SSE-KMS).")
    {
        Verb("list", "Show the keys with names.", null, hasName: false),
        Verb("create", "Make a key with a name.", "create", hasName: true),
        Verb("rotate", "Make a new version of a key; what is written from now on is under it, and what lies under the others stays readable.", "rotate", hasName: true),
        Verb("destroy", "Destroy a key with all its versions, now: objects under it can never be read again.", "destroy", hasName: true),
    };

    private static Command Verb(string name, string help, string? action, bool hasName)
    {
        var remote = new RemoteFlags();
        var key = new Argument<string>("NAME") { Description = "Name of the key." };
        var yes = Confirmation.Option();
        var command = new Command(name, help);
        if (hasName) command.Arguments.Add(key);
        if (name == "destroy") command.Options.Add(yes);
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (name == "destroy") Confirmation.Ask(parsed.GetValue(yes), $"Destroy the key \"{parsed.GetRequiredValue(key)}\"? Objects under it can never be read again.");
            using var client = remote.Connect(parsed);
            var answer = action is null
                ? await client.SendAsync(HttpMethod.Get, "kms", null, cancellationToken)
                : await client.SendAsync(HttpMethod.Post, $"kms/{action}", new { name = parsed.GetRequiredValue(key) }, cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(answer);
            else Print(answer);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(JsonElement answer) =>
        Output.Table(["name", "version", "created", "rotated"], answer.GetProperty("keys").EnumerateArray().Select(key => (IReadOnlyList<string>)
            [key.GetProperty("name").GetString()!, key.GetProperty("version").ToString(), key.GetProperty("created").ToString(), key.GetProperty("rotated").ToString()]));
}
