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
            AdminVerb.Create("list", "Show the storage classes, and what was moved between them.", [], [], (_, _) => (HttpMethod.Get, "tiers", null), Print),
            AdminVerb.Create("set", "Say which placement policy new objects of a class come under. For those that are there: oort bucket migrate.", [Class(), policy], [], (parsed, given) => (HttpMethod.Put, Resource(parsed, given), new TierRequest(parsed.GetRequiredValue(policy))), Print),
            AdminVerb.Create("drain", "Give a class up: it takes nothing new, and its objects move to another class in the background.", [Class()], [to], (parsed, given) => (HttpMethod.Post, Resource(parsed, given) + "/drain", new DrainTierRequest(parsed.GetValue(to))), Print),
            AdminVerb.Create("resume", "Take a class into use again.", [Class()], [], (parsed, given) => (HttpMethod.Post, Resource(parsed, given) + "/resume", null), Print),
            AdminVerb.Create("remove", "Take the placement policy away from a class that is drained.", [Class()], [], (parsed, given) => (HttpMethod.Delete, Resource(parsed, given), null), Print),
        };
    }

    private static Argument<string> Class() => new("CLASS") { Description = "A storage class, such as GLACIER." };

    private static string Resource(ParseResult parsed, Argument<string>[] given) => "tiers/" + Uri.EscapeDataString(parsed.GetRequiredValue(given[0]));

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
