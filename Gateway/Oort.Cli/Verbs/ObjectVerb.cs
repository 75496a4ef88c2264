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
        return new Command("object", "Look at stored objects.") { show };
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
