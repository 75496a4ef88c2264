using System.CommandLine;
using System.Text.Json;
using Oort.Gateway;
using Oort.S3.Client;

namespace Oort.Cli.Verbs;

/// <summary><c>oort backend add|list|test|drain|resume|remove</c>: outside networks that shards may go to.</summary>
internal static class BackendVerb
{
    private const int SecretFileSizeMax = 16 * 1024;

    public static Command Create() => new("backend", "Add, list, test, drain and remove outside networks that shards go to: S3 clouds, IPFS, pinning services, Crust, Arweave, Filecoin.")
    {
        Add(),
        AdminVerb.Create("list", "Show the networks with what is there, and what does not get on.", [], [], (_, _) => (HttpMethod.Get, "networks", null), PrintTable),
        Test(),
        AdminVerb.Create("drain", "Give a network nothing new, and rebuild what only it holds on disks and nodes.", [Name()], [], (parsed, given) => (HttpMethod.Post, Resource(parsed, given) + "/drain", null), PrintTable),
        AdminVerb.Create("resume", "Take back a drain.", [Name()], [], (parsed, given) => (HttpMethod.Post, Resource(parsed, given) + "/resume", null), PrintTable),
        AdminVerb.Create("remove", "Forget a network that was drained and holds nothing any more.", [Name()], [], (parsed, given) => (HttpMethod.Delete, Resource(parsed, given), null), PrintTable),
    };

    private static Command Add()
    {
        var name = new Argument<string>("NAME") { Description = "What policies will call it: a-z, 0-9 and '-'." };
        var what = new Argument<string>("KIND") { Description = "s3://BUCKET[/PREFIX], or one of ipfs, ipfs-pinning, crust, arweave, filecoin, icp (read only)." };
        var service = new OtherService("target");
        var storageClass = new Option<string>("--class") { Description = "S3: storage class of what is put (default: the bucket's).", HelpName = "CLASS" };
        var set = new Option<string[]>("--set") { Description = "A setting of its kind (docs/networks.md), such as node=http://127.0.0.1:5001. Several: repeat it.", HelpName = "NAME=VALUE" };
        var secret = new Option<string[]>("--secret") { Description = "A secret setting, from a file. It is sealed at the gateway and never shown.", HelpName = "NAME=FILE" };
        var operatorName = new Option<string>("--operator") { Description = "Whose it is: shards of a segment are spread over operators.", HelpName = "NAME" };
        var region = new Option<string>("--region") { Description = "Where it is, as policies name it.", HelpName = "NAME" };
        var country = new Option<string>("--country") { Description = "Two capital letters (DE).", HelpName = "CC" };
        var remote = new RemoteFlags();
        var command = new Command("add", "Add a network. Nothing goes there before a placement policy names it: oort placement set POLICY --network NAME=SHARDS.") { name, what, storageClass, set, secret, operatorName, region, country };
        service.AddTo(command);
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var kind = parsed.GetRequiredValue(what);
            var settings = (parsed.GetValue(set) ?? []).Select(text => Pair(text, "--set")).ToDictionary(StringComparer.Ordinal);
            var secrets = (parsed.GetValue(secret) ?? []).Select(text => Pair(text, "--secret")).ToDictionary(pair => pair.Key, pair => ReadSecret(pair.Value), StringComparer.Ordinal);
            if (kind.StartsWith("s3:", StringComparison.Ordinal))
            {
                AddS3(parsed, kind, service, settings, secrets);
                if (parsed.GetValue(storageClass) is { } wanted) settings["class"] = wanted;
                kind = "s3";
            }

            var request = new NetworkRequest(parsed.GetRequiredValue(name), kind, settings, secrets, parsed.GetValue(operatorName), parsed.GetValue(region), parsed.GetValue(country));
            using var client = remote.Connect(parsed);
            var answer = await client.SendAsync(HttpMethod.Post, "networks", request, cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(answer);
            else PrintTable(answer);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Bucket, place and keys of an S3 cloud, as imports name them.</summary>
    private static void AddS3(ParseResult parsed, string url, OtherService service, Dictionary<string, string> settings, Dictionary<string, string> secrets)
    {
        var (bucket, prefix) = OtherService.Parse(url);
        var (endpoint, region, addressing, keys) = service.Read(parsed);
        if (keys is null) throw new ConfigurationException("Items cannot be put without keys.");
        (settings["bucket"], settings["endpoint"], settings["region"]) = (bucket, endpoint.ToString(), region);
        if (prefix.Length > 0) settings["prefix"] = prefix.TrimEnd('/');
        if (addressing != S3Addressing.Auto) settings["addressing"] = addressing == S3Addressing.Path ? "path" : "virtual";
        (secrets["access-key"], secrets["secret-key"]) = (keys.Id, keys.Secret);
        if (keys.SessionToken is { } token) secrets["session-token"] = token;
    }

    private static KeyValuePair<string, string> Pair(string text, string flag) =>
        text.IndexOf('=', StringComparison.Ordinal) is > 0 and var at ? new(text[..at], text[(at + 1)..]) : throw new ConfigurationException($"{flag}: \"{text}\" is not of the form NAME=VALUE.");

    private static string ReadSecret(string file)
    {
        try
        {
            if (new FileInfo(file).Length > SecretFileSizeMax) throw new ConfigurationException($"{file} is too large for a secret.");
            return File.ReadAllText(file).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The secret cannot be read: {e.Message}");
        }
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

    private static Argument<string> Name() => new("NAME") { Description = "Name of the network." };

    private static string Resource(ParseResult parsed, Argument<string>[] given) => "networks/" + Uri.EscapeDataString(parsed.GetRequiredValue(given[0]));

    private static void PrintTable(JsonElement answer)
    {
        var networks = answer.GetProperty("networks").EnumerateArray().ToArray();
        Output.Table(["name", "kind", "role", "location", "copies", "items", "waiting", "account", "trouble"], networks.Select(network => (IReadOnlyList<string>)
        [
            network.GetProperty("name").ToString(), network.GetProperty("kind").ToString(), network.GetProperty("role").ToString(), network.GetProperty("location").ToString(), Output.Bytes(network.GetProperty("bytes")),
            string.Join(", ", network.GetProperty("items").EnumerateObject().Select(state => $"{state.Value} {state.Name}")),
            network.GetProperty("waitingShards").GetInt32() is > 0 and var waiting ? $"{waiting} shards, {Output.Bytes(network.GetProperty("waitingBytes"))}" : "",
            Account(network),
            string.Join(" ", network.GetProperty("troubles").EnumerateArray().Select(one => one.ToString()).Append(network.GetProperty("fault").ToString()).Where(text => text.Length > 0)),
        ]));
    }

    private static string Account(JsonElement network) => network.TryGetProperty("account", out var account) && account.ValueKind == JsonValueKind.Object
        ? $"{account.GetProperty("balance")} {account.GetProperty("unit")}{(account.TryGetProperty("lastsUntil", out var until) && until.ValueKind == JsonValueKind.String ? $" until {until.GetDateTimeOffset():yyyy-MM-dd}" : "")}"
        : "";
}
