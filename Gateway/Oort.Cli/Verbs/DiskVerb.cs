using System.CommandLine;
using System.Text.Json;

namespace Oort.Cli.Verbs;

/// <summary><c>oort disk list|add|replace|drain</c>.</summary>
internal static class DiskVerb
{
    public static Command Create() => new("disk", "List, add, replace and drain the gateway's disks.")
    {
        Verb("list", "Show the disks with their state and what they hold.", [], (_, _) => (HttpMethod.Get, "disks", null)),
        Verb("add", "Take a new, empty directory as a further disk. Put it into the configuration too, for the next start.",
            [new("PATH") { Description = "Directory on the gateway's machine." }],
            (parsed, arguments) => (HttpMethod.Post, "disks", new { path = Path.GetFullPath(parsed.GetRequiredValue(arguments[0])) })),
        Verb("replace", "Give up a disk that is lost and refill a new, empty one in its place.",
            [new("DISK") { Description = "Id or path of the disk that is given up." }, new("PATH") { Description = "Directory of the new one; may be the old path." }],
            (parsed, arguments) => (HttpMethod.Post, $"disks/{Uri.EscapeDataString(Disk(parsed.GetRequiredValue(arguments[0])))}/replace", new { path = Path.GetFullPath(parsed.GetRequiredValue(arguments[1])) })),
        Verb("drain", "Move everything off a disk, then remove it.",
            [new("DISK") { Description = "Id or path." }],
            (parsed, arguments) => (HttpMethod.Post, $"disks/{Uri.EscapeDataString(Disk(parsed.GetRequiredValue(arguments[0])))}/drain", null)),
    };

    public static void PrintTable(JsonElement disks) => Output.Table(
        ["disk", "path", "state", "health", "free", "size", "reason"],
        disks.EnumerateArray().Select(d => (IReadOnlyList<string>)
        [
            d.GetProperty("id").ToString(), d.GetProperty("path").ToString(), d.GetProperty("state").ToString(), d.GetProperty("health").ToString(),
            Output.Bytes(d.GetProperty("freeBytes")), Output.Bytes(d.GetProperty("capacityBytes")), d.GetProperty("reason").ToString(),
        ]));

    /// <summary>An id as it is; a path in full, since the gateway has another working directory.</summary>
    private static string Disk(string name) => name.Length == 32 && name.All(char.IsAsciiHexDigitLower) ? name : Path.GetFullPath(name);

    private static Command Verb(string name, string help, Argument<string>[] arguments, Func<ParseResult, Argument<string>[], (HttpMethod Method, string Resource, object? Body)> request)
    {
        var remote = new RemoteFlags();
        var command = new Command(name, help);
        foreach (var argument in arguments) command.Arguments.Add(argument);
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var (method, resource, body) = request(parsed, arguments);
            var answer = await client.SendAsync(method, resource, body, cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(answer);
            else PrintTable(answer.GetProperty("disks"));
            return ExitCode.Done;
        });
        return command;
    }
}
