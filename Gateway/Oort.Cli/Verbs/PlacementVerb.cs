using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Oort.Gateway;
using Oort.Objects.Placement;

namespace Oort.Cli.Verbs;

/// <summary><c>oort placement list|stores|show|set|remove|assign|check</c>: which stores take the shards of what.</summary>
internal static class PlacementVerb
{
    public static Command Create() => new("placement", "Show and set where the shards of objects may go.")
    {
        AdminVerb.Create("list", "Show the policies with what they mean for the present stores, and what they are assigned to.", [], [], (_, _) => (HttpMethod.Get, "placement", null), PrintList),
        AdminVerb.Create("stores", "Show the stores with everything that placement knows of them.", [], [], (_, _) => (HttpMethod.Get, "placement/stores", null), PrintStores),
        AdminVerb.Create("show", "Show one policy.", [Name()], [], (parsed, arguments) => (HttpMethod.Get, "placement/policies/" + Escaped(parsed, arguments[0]), null), Output.Json),
        Set(),
        AdminVerb.Create("remove", "Remove a policy that is not assigned. Segments under it come under the default one.", [Name()], [], (parsed, arguments) => (HttpMethod.Delete, "placement/policies/" + Escaped(parsed, arguments[0]), null), PrintList),
        Assign(),
        Check(),
        Rebalance(),
    };

    private static Argument<string> Name() => new("POLICY") { Description = "Name of the policy." };

    private static Option<long?> Revision() => new("--revision") { Description = "Change nothing unless the policies are still of this revision, which `placement list --json` shows.", HelpName = "N" };

    private static Command Set()
    {
        var flags = new PolicyFlags();
        var force = new Option<bool>("--force") { Description = "Set it although the present stores cannot keep it." };
        var revision = Revision();
        return AdminVerb.Create("set", "Set a policy: from a file, by flags, or both. What is not given keeps its default.", [Name()], [.. flags.All, force, revision], (parsed, arguments) =>
        {
            var name = parsed.GetRequiredValue(arguments[0]);
            return (HttpMethod.Put, "placement/policies/" + Uri.EscapeDataString(name), new PolicyRequest(flags.Read(parsed, name), parsed.GetValue(force), parsed.GetValue(revision)));
        }, PrintReport);
    }

    private static Command Assign()
    {
        var bucket = new Option<string>("--bucket") { Description = "Objects of this bucket; otherwise of all.", HelpName = "NAME" };
        var storageClass = new Option<string>("--class") { Description = "Objects of this storage class; otherwise of all.", HelpName = "CLASS" };
        var none = new Option<bool>("--none") { Description = "Take the assignment away." };
        var revision = Revision();
        var policy = new Argument<string?>("POLICY") { Description = "Name of the policy.", Arity = ArgumentArity.ZeroOrOne };
        var command = AdminVerb.Create("assign", "Say which policy new objects of a bucket, a storage class, or both come under.", [], [bucket, storageClass, none, revision], (parsed, _) =>
        {
            var name = parsed.GetValue(policy);
            if (name is null != parsed.GetValue(none)) throw new ConfigurationException("Give either a policy or --none.");
            return (HttpMethod.Post, "placement/assign", new AssignRequest(parsed.GetValue(bucket), parsed.GetValue(storageClass), name, parsed.GetValue(revision)));
        }, PrintList);
        command.Arguments.Add(policy);
        return command;
    }

    private static Command Check()
    {
        var flags = new PolicyFlags();
        return AdminVerb.Create("check", "Say what a policy would mean with the present stores; change nothing. Without flags: a policy that is set.", [Name()], flags.All, async (client, parsed, arguments, cancellationToken) =>
        {
            var name = parsed.GetRequiredValue(arguments[0]);
            var policy = flags.IsGiven(parsed)
                ? flags.Read(parsed, name)
                : JsonSerializer.Deserialize<PlacementPolicy>((await client.SendAsync(HttpMethod.Get, "placement/policies/" + Uri.EscapeDataString(name), null, cancellationToken)).GetRawText(), PlacementDocument.Json)!;
            return (HttpMethod.Post, "placement/check", new PolicyRequest(policy));
        }, PrintReport);
    }

    private static Command Rebalance()
    {
        var command = new Command("rebalance", "Show, start, pause and resume the moving of shards to where the policies and free space want them.");
        command.Subcommands.Add(AdminVerb.Create("status", "Show how far it is.", [], [], (_, _) => (HttpMethod.Get, "placement/rebalance", null), element => Output.Fields(element)));
        foreach (var (action, help) in new[] { ("start", "Look at all segments soon, whether or not anything has changed."), ("pause", "Move nothing more, until it is resumed."), ("resume", "Go on where it was paused.") })
            command.Subcommands.Add(AdminVerb.Create(action, help, [], [], (_, _) => (HttpMethod.Post, "placement/rebalance", new RebalanceRequest(action)), element => Output.Fields(element)));
        return command;
    }

    private static string Escaped(ParseResult parsed, Argument<string> argument) => Uri.EscapeDataString(parsed.GetRequiredValue(argument));

    private static void PrintList(JsonElement answer)
    {
        var reports = answer.GetProperty("reports").EnumerateArray().ToDictionary(report => report.GetProperty("policy").GetString()!);
        Output.Table(["policy", "geometry", "stores", "usable", "placeable", "when unmet", "unmet"], answer.GetProperty("policies").EnumerateArray().Select(policy =>
        {
            var name = policy.GetProperty("name").GetString()!;
            var report = reports[name];
            return (IReadOnlyList<string>)[name, Text(report, "geometry"), Text(report, "eligible"), Text(report, "usable"), Text(report, "placeable"), Text(policy, "whenUnmet"), string.Join(" ", report.GetProperty("unmet").EnumerateArray())];
        }));
        if (answer.GetProperty("assignments").GetArrayLength() == 0) return;
        Console.Out.WriteLine();
        Output.Table(["bucket", "class", "policy"], answer.GetProperty("assignments").EnumerateArray().Select(one => (IReadOnlyList<string>)[Text(one, "bucket"), Text(one, "storageClass"), Text(one, "policy")]));
    }

    private static void PrintStores(JsonElement answer) => Output.Table(
        ["store", "location", "kind", "state", "operator", "network", "region", "country", "machine", "device", "free", "$/TiB", "ms", "reputation"],
        answer.GetProperty("stores").EnumerateArray().Select(store =>
        {
            var traits = store.GetProperty("traits");
            return (IReadOnlyList<string>)
            [
                Text(store, "id"), Text(store, "location"), Text(traits, "kind"), Text(store, "state"), Text(traits, "operator"), Text(traits, "network"), Text(traits, "region"), Text(traits, "country"), Text(traits, "machine"),
                Text(traits, "device"), Output.Bytes(store.GetProperty("freeBytes")), Text(traits, "pricePerTebibyteMonth"),
                store.GetProperty("latencyMilliseconds").GetDouble().ToString("0.0", CultureInfo.InvariantCulture), store.GetProperty("reputation").GetDouble().ToString("0.000", CultureInfo.InvariantCulture),
            ];
        }));

    private static void PrintReport(JsonElement report)
    {
        Output.Fields(report, "geometry", "eligible", "usable", "placeable", "pricePerTebibyteMonth");
        foreach (var sentence in report.GetProperty("unmet").EnumerateArray()) Console.Out.WriteLine($"{"unmet",-22} {sentence}");
    }

    private static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : "";
}
