using System.CommandLine;
using System.Text.Json;
using Oort.Gateway;
using Oort.S3.Client;

namespace Oort.Cli.Verbs;

/// <summary><c>oort backend add|list|test|drain|resume|remove</c>: outside networks that shards may go to.</summary>
internal static class BackendVerb
{
    /// <summary>Variable of the environment with the token of an IPFS node.</summary>
    private const string TokenVariable = "OORT_BACKEND_TOKEN";

    public static Command Create() => new("backend", "Add, list, test, drain and remove outside networks that shards go to: S3 clouds, IPFS nodes.")
    {
        Add(),
        Verb("list", "Show the networks with what is there, and what does not get on.", (_, _) => (HttpMethod.Get, "networks", null), PrintTable, isNamed: false),
        Test(),
        Verb("drain", "Give a network nothing new, and rebuild what only it holds on disks and nodes.", (_, name) => (HttpMethod.Post, $"networks/{name}/drain", null), PrintTable),
        Verb("resume", "Take back a drain.", (_, name) => (HttpMethod.Post, $"networks/{name}/resume", null), PrintTable),
        Verb("remove", "Forget a network that was drained and holds nothing any more.", (_, name) => (HttpMethod.Delete, $"networks/{name}", null), PrintTable),
    };

    private static Command Add()
    {
        var name = new Argument<string>("NAME") { Description = "What policies will call it: a-z, 0-9 and '-'." };
        var url = new Argument<string>("URL") { Description = "s3://BUCKET[/PREFIX], or the http address of an IPFS node's RPC." };
        var service = new OtherService("target");
        var storageClass = new Option<string>("--class") { Description = "Storage class of the cloud for what is put (default: the bucket's).", HelpName = "CLASS" };
        var sample = new Option<bool>("--sample") { Description = "Read back some blocks instead of all before an item counts: where reading is dear." };
        var gateways = new Option<string[]>("--gateway") { Description = $"Of an IPFS node: trustless gateway that items are read back from. Several: repeat it. The node's token, if it asks for one, is taken from {TokenVariable}.", HelpName = "URL" };
        var operatorName = new Option<string>("--operator") { Description = "Whose it is: shards of a segment are spread over operators.", HelpName = "NAME" };
        var region = new Option<string>("--region") { Description = "Where it is, as policies name it.", HelpName = "NAME" };
        var country = new Option<string>("--country") { Description = "Two capital letters (DE).", HelpName = "CC" };
        var remote = new RemoteFlags();
        var command = new Command("add", "Add a network. Nothing goes there before a placement policy names it: oort placement set POLICY --network NAME=SHARDS.") { name, url, storageClass, sample, gateways, operatorName, region, country };
        service.AddTo(command);
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var where = parsed.GetRequiredValue(url);
            var (kind, settings, secrets) = where.StartsWith("s3:", StringComparison.Ordinal) ? S3(where) : Ipfs(where);
            var request = new NetworkRequest(parsed.GetRequiredValue(name), kind, settings, secrets, parsed.GetValue(operatorName), parsed.GetValue(region), parsed.GetValue(country));
            using var client = remote.Connect(parsed);
            var answer = await client.SendAsync(HttpMethod.Post, "networks", request, cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(answer);
            else PrintTable(answer);
            return ExitCode.Done;

            (string, Dictionary<string, string>, Dictionary<string, string>) S3(string text)
            {
                var (bucket, prefix) = OtherService.Parse(text);
                var (endpoint, itsRegion, addressing, keys) = service.Read(parsed);
                if (keys is null) throw new ConfigurationException("Items cannot be put without keys.");
                Dictionary<string, string> given = new() { ["bucket"] = bucket, ["endpoint"] = endpoint.ToString(), ["region"] = itsRegion };
                if (prefix.Length > 0) given["prefix"] = prefix.TrimEnd('/');
                if (addressing != S3Addressing.Auto) given["addressing"] = addressing == S3Addressing.Path ? "path" : "virtual";
                if (parsed.GetValue(storageClass) is { } wanted) given["class"] = wanted;
                if (parsed.GetValue(sample)) given["read-back"] = "sample";
                Dictionary<string, string> hidden = new() { ["access-key"] = keys.Id, ["secret-key"] = keys.Secret };
                if (keys.SessionToken is { } token) hidden["session-token"] = token;
                return ("s3", given, hidden);
            }

            (string, Dictionary<string, string>, Dictionary<string, string>) Ipfs(string text)
            {
                if (!Uri.TryCreate(text, UriKind.Absolute, out var node) || node.Scheme is not ("http" or "https")) throw new ConfigurationException($"\"{text}\" is neither of the form s3://BUCKET[/PREFIX] nor the http address of an IPFS node.");
                Dictionary<string, string> given = new() { ["node"] = text };
                if (parsed.GetValue(gateways) is { Length: > 0 } readers) given["gateways"] = string.Join(' ', readers);
                return ("ipfs", given, Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } token ? new() { ["token"] = token } : []);
            }
        });
        return command;
    }

    private static Command Test()
    {
        var name = new Argument<string>("NAME") { Description = "Name of the network." };
        var remote = new RemoteFlags();
        var command = new Command("test", "Ask a network whether it is there, lets the account in, and takes items. Costs nothing. Exit code 1: it does not.") { name };
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var answer = await client.SendAsync(HttpMethod.Post, $"networks/{Uri.EscapeDataString(parsed.GetRequiredValue(name))}/test", null, cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(answer);
            else Console.Out.WriteLine(answer.GetProperty("message").GetString());
            return answer.GetProperty("isUsable").GetBoolean() ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static Command Verb(string verb, string help, Func<ParseResult, string, (HttpMethod Method, string Resource, object? Body)> request, Action<JsonElement> print, bool isNamed = true)
    {
        var remote = new RemoteFlags();
        var command = new Command(verb, help);
        var name = new Argument<string>("NAME") { Description = "Name of the network." };
        if (isNamed) command.Arguments.Add(name);
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var (method, resource, body) = request(parsed, isNamed ? Uri.EscapeDataString(parsed.GetRequiredValue(name)) : "");
            var answer = await client.SendAsync(method, resource, body, cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(answer);
            else print(answer);
            return ExitCode.Done;
        });
        return command;
    }

    private static void PrintTable(JsonElement answer)
    {
        var networks = answer.GetProperty("networks").EnumerateArray().ToArray();
        Output.Table(["name", "kind", "role", "location", "copies", "items", "trouble"], networks.Select(network => (IReadOnlyList<string>)
        [
            network.GetProperty("name").ToString(), network.GetProperty("kind").ToString(), network.GetProperty("role").ToString(), network.GetProperty("location").ToString(), Output.Bytes(network.GetProperty("bytes")),
            string.Join(", ", network.GetProperty("items").EnumerateObject().Select(state => $"{state.Value} {state.Name}")),
            string.Join(" ", network.GetProperty("troubles").EnumerateArray().Select(one => one.ToString()).Append(network.GetProperty("fault").ToString()).Where(text => text.Length > 0)),
        ]));
    }
}
