using System.CommandLine;
using System.Text.Json;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort object show s3://BUCKET/KEY</c>: where each shard of an object lies.</summary>
internal static class ObjectVerb
{
    public static Command Create()
    {
        var remote = new RemoteFlags();
        var url = new Argument<string>("URL") { Description = "s3://BUCKET/KEY" };
        var version = new Option<string>("--version-id") { Description = "Version id (default: the current version).", HelpName = "ID" };
        var show = new Command("show", "Show where each shard of an object lies, its state and sizes.") { url, version };
        remote.AddTo(show);
        show.SetAction(async (parsed, cancellationToken) =>
        {
            var (bucket, key) = Parse(parsed.GetRequiredValue(url));
            var resource = $"objects?bucket={Uri.EscapeDataString(bucket)}&key={Uri.EscapeDataString(key)}";
            if (parsed.GetValue(version) is { } id) resource += $"&versionId={Uri.EscapeDataString(id)}";
            using var client = remote.Connect(parsed);
            var answer = await client.SendAsync(HttpMethod.Get, resource, null, cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(answer);
            else Print(answer);
            return ExitCode.Done;
        });
        return new Command("object", "Look at stored objects.") { show, Erased() };
    }

    /// <summary><c>oort object erased ID</c>: what became of the keys of deleted data.</summary>
    private static Command Erased()
    {
        var remote = new RemoteFlags();
        var id = new Argument<string>("ID") { Description = "A data id (oort object show tells those of an object while it is there), or with --version the id of a deleted version." };
        var isVersion = new Option<bool>("--version") { Description = "ID is a version id." };
        var command = new Command("erased", "Show whether the keys of deleted data are gone from everywhere.") { id, isVersion };
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var answer = await client.SendAsync(HttpMethod.Get, $"erased?{(parsed.GetValue(isVersion) ? "versionId" : "data")}={Uri.EscapeDataString(parsed.GetRequiredValue(id))}", null, cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(answer);
            else Print(answer.GetProperty("state"), answer.GetProperty("data"));
            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(JsonElement state, JsonElement data)
    {
        Console.Out.WriteLine(state.GetString());
        Output.Table(["data", "state", "generation", "since"], data.EnumerateArray().Select(one => (IReadOnlyList<string>)
            [one.GetProperty("data").ToString(), one.GetProperty("state").ToString(), one.GetProperty("generation").ToString(), one.GetProperty("at").ToString()]));
    }

    private static (string Bucket, string Key) Parse(string url)
    {
        const string scheme = "s3://";
        var slash = url.StartsWith(scheme, StringComparison.Ordinal) ? url.IndexOf('/', scheme.Length) : -1;
        return slash > scheme.Length && slash < url.Length - 1
            ? (url[scheme.Length..slash], url[(slash + 1)..])
            : throw new ConfigurationException($"\"{url}\" is not of the form s3://BUCKET/KEY.");
    }

    private static void Print(JsonElement answer)
    {
        Output.Fields(answer);
        foreach (var segment in answer.GetProperty("segments").EnumerateArray())
        {
            Console.Out.WriteLine();
            Output.Fields(segment);
            Output.Table(["shard", "kind", "disk", "path", "health"], segment.GetProperty("shards").EnumerateArray().Select(s => (IReadOnlyList<string>)
            [
                s.GetProperty("index").ToString(), s.GetProperty("kind").ToString(), s.GetProperty("disk").ToString(),
                s.GetProperty("path").ToString(), s.GetProperty("health").ToString(),
            ]));
        }
    }
}
