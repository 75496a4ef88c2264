using System.CommandLine;
using System.Text.Json;
using Oort.Objects.Placement;

namespace Oort.Cli.Verbs;

/// <summary>A verb that is one request of the admin API: what it answers is printed, as it is with <c>--json</c>.</summary>
internal static class AdminVerb
{
    /// <param name="request">Method, resource and body, from what was given.</param>
    /// <param name="print">For people.</param>
    public static Command Create(string name, string help, Argument<string>[] arguments, Option[] options, Func<ParseResult, Argument<string>[], (HttpMethod, string, object?)> request, Action<JsonElement> print) =>
        Create(name, help, arguments, options, (_, parsed, given, _) => Task.FromResult(request(parsed, given)), print);

    /// <param name="request">The same, where something has to be asked first.</param>
    /// <param name="print">For people.</param>
    public static Command Create(string name, string help, Argument<string>[] arguments, Option[] options, Func<AdminClient, ParseResult, Argument<string>[], CancellationToken, Task<(HttpMethod, string, object?)>> request, Action<JsonElement> print)
    {
        var remote = new RemoteFlags();
        var command = new Command(name, help);
        foreach (var argument in arguments) command.Arguments.Add(argument);
        foreach (var option in options) command.Options.Add(option);
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var (method, resource, body) = await request(client, parsed, arguments, cancellationToken);
            var answer = await client.SendAsync(method, resource, body, cancellationToken, PlacementDocument.Json);
            if (remote.IsJson(parsed)) Output.Json(answer);
            else print(answer);
            return ExitCode.Done;
        });
        return command;
    }
}
