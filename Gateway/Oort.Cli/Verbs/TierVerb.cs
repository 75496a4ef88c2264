using System.CommandLine;
using System.Text.Json;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort tier list|set|drain|resume|remove</c>: storage classes, and where their objects lie.</summary>
internal static class TierVerb
{
    public static Command Create()
    {
        var policy = new Argument<string>("POLICY") { Description = "Name of a placement policy (oort placement list)." };
        var to = new Option<string>("--to") { Description = "The class that its objects get (default: STANDARD).", HelpName = "CLASS" };
        return new("tier", "Show storage classes, say where their objects lie, and give classes up.")
        {
            Verb("list", "Show the storage classes, and what was moved between them.", [], [], isNamed: false, (_, _) => (HttpMethod.Get, "tiers", null)),
            Verb("set", "Say which placement policy new objects of a class come under. For those that are there: oort bucket migrate.", [policy], [], isNamed: true, (parsed, name) => (HttpMethod.Put, $"tiers/{name}", new TierRequest(parsed.GetRequiredValue(policy)))),
            Verb("drain", "Give a class up: it takes nothing new, and its objects move to another class in the background.", [], [to], isNamed: true, (parsed, name) => (HttpMethod.Post, $"tiers/{name}/drain", new DrainTierRequest(parsed.GetValue(to)))),
            Verb("resume", "Take a class into use again.", [], [], isNamed: true, (_, name) => (HttpMethod.Post, $"tiers/{name}/resume", null)),
            Verb("remove", "Take the placement policy away from a class that is drained.", [], [], isNamed: true, (_, name) => (HttpMethod.Delete, $"tiers/{name}", null)),
        };
    }

    private static Command Verb(string verb, string help, Argument[] arguments, Option[] options, bool isNamed, Func<ParseResult, string, (HttpMethod Method, string Resource, object? Body)> request)
    {
        var remote = new RemoteFlags();
        var command = new Command(verb, help);
        var name = new Argument<string>("CLASS") { Description = "A storage class, such as GLACIER." };
        if (isNamed) command.Arguments.Add(name);
        foreach (var argument in arguments) command.Arguments.Add(argument);
        foreach (var option in options) command.Options.Add(option);
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var (method, resource, body) = request(parsed, isNamed ? Uri.EscapeDataString(parsed.GetRequiredValue(name)) : "");
            var answer = await client.SendAsync(method, resource, body, cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(answer);
            else Print(answer);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(JsonElement answer)
    {
        Output.Table(["class", "read", "policy", "networks", "state"], answer.GetProperty("tiers").EnumerateArray().Select(tier => (IReadOnlyList<string>)
        [
            tier.GetProperty("storageClass").ToString(),
            tier.GetProperty("isArchive").GetBoolean() ? "after a restore" : "at once",
            tier.GetProperty("policy").ToString(),
            string.Join(", ", tier.GetProperty("networks").EnumerateArray()),
            tier.GetProperty("to").ToString() is { Length: > 0 } to ? $"{tier.GetProperty("state")}, to {to}" : tier.GetProperty("state").ToString(),
        ]));
        var activity = answer.GetProperty("activity");
        Console.Out.WriteLine();
        Output.Fields(activity, "moved", "movedBytes", "restored", "restoresWaiting", "expired", "failed");
        if (activity.GetProperty("lastFailure").GetString() is { Length: > 0 } failure) Console.Out.WriteLine(failure);
    }
}
