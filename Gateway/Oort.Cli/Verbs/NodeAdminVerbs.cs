using System.CommandLine;
using System.Text.Json;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort node invite|list|show|pause|resume|drain|remove|replace</c>: the cluster's side, through a running gateway.</summary>
internal static class NodeAdminVerbs
{
    public static IEnumerable<Command> Create() =>
    [
        Invite(),
        Verb("list", "Show the storage nodes of the cluster.", _ => (HttpMethod.Get, "nodes"), PrintTable, takesNode: false),
        Verb("show", "Show one node, with what happened to it.", node => (HttpMethod.Get, $"nodes/{node}"), PrintNode),
        Verb("pause", "Give a node no new data until it is resumed; what it has stays there and is read.", node => (HttpMethod.Post, $"nodes/{node}/pause"), PrintNode),
        Verb("resume", "Give a paused node new data again.", node => (HttpMethod.Post, $"nodes/{node}/resume"), PrintNode),
        Verb("drain", "Move everything off a node, then remove it.", node => (HttpMethod.Post, $"nodes/{node}/drain"), PrintNode),
        Verb("remove", "Give up a node that is gone for good; what it had is rebuilt on others. One that is there is drained instead.", node => (HttpMethod.Post, $"nodes/{node}/remove"), PrintNode),
        Verb("replace", "Begin a new store on a node whose disk is empty for good, and refill it.", node => (HttpMethod.Post, $"nodes/{node}/replace"), PrintNode),
    ];

    private static Command Invite()
    {
        var urls = new Option<string[]>("--url") { Description = "Where the node finds a gateway; may be repeated (default: the gateway's public URL, else --endpoint).", HelpName = "URL" };
        var expires = new Option<string>("--expires") { Description = "How long the token can be used, such as 30m, 24h or 7d (default 24h; 1m to 30d).", HelpName = "TIME" };
        var owner = new Option<string>("--operator") { Description = "Who runs the node; goes before what the node says itself, as all that follow.", HelpName = "NAME" };
        var country = new Option<string>("--country") { Description = "Two letters (ISO 3166-1).", HelpName = "CC" };
        var region = new Option<string>("--region") { Description = "A place, such as eu-west.", HelpName = "NAME" };
        var network = new Option<string>("--network") { Description = "The network that it is reached through (default: its address range).", HelpName = "NAME" };
        var price = new Option<double?>("--price") { Description = "US dollars for a TiB and month.", HelpName = "USD" };
        var vetting = new Option<bool>("--vetting") { Description = "Of an operator who is not known: the node gets a small share of new data only, until it has passed 100 audits." };
        var remote = new RemoteFlags();
        var command = new Command("invite", "Make a token with which one machine can join the cluster as a storage node. It is shown this once.") { urls, expires, owner, country, region, network, price, vetting };
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var given = parsed.GetValue(urls) is { Length: > 0 } said ? said : null;
            var request = new InviteRequest(given is null ? null : [.. given], Seconds(parsed.GetValue(expires)), parsed.GetValue(owner), parsed.GetValue(country)?.ToUpperInvariant(), parsed.GetValue(region), parsed.GetValue(network), parsed.GetValue(price), parsed.GetValue(vetting));
            var answer = await InviteAsync(client, request, remote.Endpoint(parsed), cancellationToken);
            if (remote.IsJson(parsed))
            {
                Output.Json(answer);
                return ExitCode.Done;
            }

            Console.Out.WriteLine(answer.GetProperty("token").GetString());
            await Console.Error.WriteLineAsync($"Good for one node until {answer.GetProperty("expires")}. On the machine that joins:");
            await Console.Error.WriteLineAsync("  oort node join TOKEN --data DIR --advertise HOST:9100 --space 500GiB");
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Without a URL the gateway puts in its public one; where it has none, the one by which it was reached just now is as good a guess as any.</summary>
    private static async Task<JsonElement> InviteAsync(AdminClient client, InviteRequest request, Uri endpoint, CancellationToken cancellationToken)
    {
        if (request.Urls is null && !(await client.SendAsync(HttpMethod.Get, "nodes", null, cancellationToken)).GetProperty("hasPublicUrl").GetBoolean())
            request = request with { Urls = [endpoint.AbsoluteUri] };
        return await client.SendAsync(HttpMethod.Post, "nodes/invite", request, cancellationToken);
    }

    private static long? Seconds(string? text) =>
        text is null ? null : (long?)Duration.TryParse(text)?.TotalSeconds ?? throw new ConfigurationException($"--expires: \"{text}\" is not a time such as 30m, 24h or 7d.");

    private static Command Verb(string name, string help, Func<string, (HttpMethod Method, string Resource)> request, Action<JsonElement> print, bool takesNode = true)
    {
        var node = new Argument<string>("NODE") { Description = "The node's id, or its first 8 digits or more." };
        var remote = new RemoteFlags();
        var command = new Command(name, help);
        if (takesNode) command.Arguments.Add(node);
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var (method, resource) = request(takesNode ? Uri.EscapeDataString(parsed.GetRequiredValue(node)) : "");
            var answer = await client.SendAsync(method, resource, null, cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(answer);
            else print(answer);
            return ExitCode.Done;
        });
        return command;
    }

    private static void PrintTable(JsonElement answer) => Output.Table(
        ["node", "address", "state", "health", "standing", "score", "operator", "country", "free", "size", "latency", "trouble"],
        answer.GetProperty("nodes").EnumerateArray().Select(node => (IReadOnlyList<string>)
        [
            node.GetProperty("id").GetString()![..16], node.GetProperty("address").ToString(), node.GetProperty("state").ToString(), node.GetProperty("isSilent").GetBoolean() ? Silent(node) : node.GetProperty("health").ToString(),
            node.GetProperty("standing").ToString(), Score(node.GetProperty("reputation")),
            node.GetProperty("operator").ToString(), node.GetProperty("country").ToString(), Output.Bytes(node.GetProperty("freeBytes")), Output.Bytes(node.GetProperty("capacityBytes")),
            node.GetProperty("latencyMilliseconds").GetDouble().ToString("0.0 ms", System.Globalization.CultureInfo.InvariantCulture), Trouble(node),
        ]));

    private static void PrintNode(JsonElement node)
    {
        Output.Fields(node);
        if (node.GetProperty("audits") is { ValueKind: JsonValueKind.Object } audits) PrintAudits(audits);
        foreach (var happened in node.GetProperty("events").EnumerateArray()) Console.Out.WriteLine($"{happened.GetProperty("at").GetDateTimeOffset():yyyy-MM-dd HH:mm:ss}Z   {happened.GetProperty("text")}");
    }

    private static void PrintAudits(JsonElement audits)
    {
        Console.Out.WriteLine($"{"audits",-22} {audits.GetProperty("count")} since {audits.GetProperty("since").GetDateTimeOffset():yyyy-MM-dd}, {audits.GetProperty("owed")} answers owed");
        Console.Out.WriteLine($"{"scores",-22} fast {Score(audits.GetProperty("fast"))} (0.6 or more), slow {Score(audits.GetProperty("slow"))} (0.96), answers {Score(audits.GetProperty("patience"))} (0.6), presence {Score(audits.GetProperty("online"))} (0.6)");
        foreach (var happened in audits.GetProperty("events").EnumerateArray().Reverse())
        {
            var (shard, evidence) = (happened.GetProperty("shard").GetString(), happened.GetProperty("evidence").GetString());
            Console.Out.WriteLine($"{happened.GetProperty("at").GetDateTimeOffset():yyyy-MM-dd HH:mm:ss}Z   {happened.GetProperty("explanation")}{(shard is { Length: > 0 } ? $" Shard {shard}." : "")}{(evidence is { Length: > 0 } ? $" Evidence: {evidence}" : "")}");
        }
    }

    private static string Score(JsonElement score) => score.GetDouble().ToString("0.000", System.Globalization.CultureInfo.InvariantCulture);

    private static string Silent(JsonElement node) => node.GetProperty("health").GetString() is { Length: > 0 } health ? $"{health}, silent" : "silent";

    private static string Trouble(JsonElement node) => node.GetProperty("trouble").GetString() is { Length: > 0 } trouble ? trouble : node.GetProperty("reason").ToString();
}
