using System.CommandLine;
using System.Text.Json;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort notification list|add|remove|dead</c>: webhooks that buckets may send events to, and events that they have not taken.</summary>
internal static class NotificationVerb
{
    public static Command Create()
    {
        var url = new Argument<string>("URL") { Description = "Where events are posted to: https://…, or http://…." };
        var secret = new Option<string>("--secret-file") { Description = "File with the secret that signs what is sent (default: one is made and shown).", HelpName = "FILE" };
        return new("notification", "Declare webhooks that buckets may send events to, and look after events that they have not taken.")
        {
            AdminVerb.Create("list", "Show the webhooks, and what waits for them.", [], [], (_, _) => (HttpMethod.Get, "notifications", null), Print),
            AdminVerb.Create("add", "Declare a webhook, or give one another URL and secret.", [Name(), url], [secret], (parsed, given) => (HttpMethod.Put, Resource(parsed, given), new WebhookRequest(parsed.GetRequiredValue(url), Secret(parsed.GetValue(secret)))), PrintAdded),
            AdminVerb.Create("remove", "Take a webhook away. Events that wait for it are given up.", [Name()], [], (parsed, given) => (HttpMethod.Delete, Resource(parsed, given), null), Print),
            Dead(),
        };
    }

    private static Command Dead()
    {
        var after = new Option<string>("--after") { Description = "Go on after this event.", HelpName = "ID" };
        return new("dead", "Events that were given up since a webhook did not take them.")
        {
            AdminVerb.Create("list", "Show some of them, oldest first.", [Name()], [after], (parsed, given) => (HttpMethod.Get, Resource(parsed, given) + "/dead" + (parsed.GetValue(after) is { } id ? "?after=" + Uri.EscapeDataString(id) : ""), null), PrintDead),
            Change("retry", "Send one of them again, or all."),
            Change("drop", "Forget one of them, or all."),
        };
    }

    private static Command Change(string name, string help)
    {
        var id = new Option<string>("--id") { Description = "Only this event (otherwise: all of the webhook).", HelpName = "ID" };
        return AdminVerb.Create(name, help, [Name()], [id], (parsed, given) => (HttpMethod.Post, $"{Resource(parsed, given)}/dead/{name}", new DeadLetterRequest(parsed.GetValue(id))), answer => Output.Fields(answer, "count"));
    }

    private static Argument<string> Name() => new("NAME") { Description = "The webhook: letters, digits, \"-\" and \"_\"." };

    private static string Resource(ParseResult parsed, Argument<string>[] given) => "notifications/" + Uri.EscapeDataString(parsed.GetRequiredValue(given[0]));

    private static string? Secret(string? file)
    {
        if (file is null) return null;
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"--secret-file: {file} cannot be read: {e.Message}");
        }
    }

    private static void Print(JsonElement answer) => Output.Table(
        ["name", "arn", "url", "waiting", "dead", "dropped", "last failure"],
        answer.GetProperty("webhooks").EnumerateArray().Select(one => (IReadOnlyList<string>)
        [
            one.GetProperty("name").ToString(), one.GetProperty("arn").ToString(), one.GetProperty("url").ToString(),
            one.GetProperty("waiting").ToString(), one.GetProperty("dead").ToString(), one.GetProperty("dropped").ToString(), one.GetProperty("lastFailure").ToString(),
        ]));

    private static void PrintAdded(JsonElement answer)
    {
        Output.Fields(answer, "name", "arn", "url", "secret");
        Console.Error.WriteLine("oort: the secret is not shown again; what is posted is signed with it (docs/notifications.md).");
    }

    private static void PrintDead(JsonElement answer)
    {
        Output.Table(["id", "given up", "attempts", "reason"], answer.GetProperty("events").EnumerateArray().Select(one => (IReadOnlyList<string>)
        [
            one.GetProperty("id").ToString(), one.GetProperty("givenUp").ToString(), one.GetProperty("attempts").ToString(), one.GetProperty("reason").ToString(),
        ]));
        if (answer.GetProperty("next").GetString() is { } last) Console.Error.WriteLine($"oort: there are more; --after {last} shows them.");
    }
}
