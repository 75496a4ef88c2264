using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Oort.Cli.Verbs;

/// <summary><c>oort import list|show|pause|resume|end</c>: imports that are under way on the gateway.</summary>
internal static class ImportVerb
{
    private static readonly TimeSpan pollInterval = TimeSpan.FromMilliseconds(500);

    public static Command Create() => new("import", "Look at imports of buckets, hold them, end them.")
    {
        List(),
        Verb("show", "Show how far an import is, and what it could not copy.", name => (HttpMethod.Get, $"imports/{name}")),
        Verb("pause", "Stop copying in the background; what is asked for is still fetched.", name => (HttpMethod.Post, $"imports/{name}/pause")),
        Verb("resume", "Go on copying in the background.", name => (HttpMethod.Post, $"imports/{name}/resume")),
        Verb("end", "End an import: nothing more is copied or fetched, and the source's keys are forgotten.", name => (HttpMethod.Post, $"imports/{name}/end")),
    };

    /// <summary>Waits until an import no longer copies, and shows its progress on standard error.</summary>
    public static async Task<JsonElement> WaitAsync(AdminClient client, string bucket, bool isQuiet, CancellationToken cancellationToken)
    {
        var shown = "";
        while (true)
        {
            var import = await client.SendAsync(HttpMethod.Get, "imports/" + Uri.EscapeDataString(bucket), null, cancellationToken);
            if (import.GetProperty("state").GetString() != "copying") return import;
            var line = Line(import);
            if (!isQuiet && line != shown) await Console.Error.WriteLineAsync(shown = line);
            await Task.Delay(pollInterval, cancellationToken);
        }
    }

    /// <summary>Prints an import.</summary>
    /// <returns>The exit code: Failed when some objects could not be copied.</returns>
    public static int Show(JsonElement import, bool isJson)
    {
        var progress = import.GetProperty("progress");
        if (isJson)
        {
            Output.Json(import);
        }
        else
        {
            Output.Fields(import);
            Output.Fields(progress);
            foreach (var failure in progress.GetProperty("failures").EnumerateArray())
                Console.Out.WriteLine($"failed: {failure.GetProperty("key").GetString()}: {failure.GetProperty("message").GetString()}");
        }

        return progress.GetProperty("failed").GetInt64() == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static Command List()
    {
        var remote = new RemoteFlags();
        var command = new Command("list", "List the buckets that are being imported.");
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var answer = await client.SendAsync(HttpMethod.Get, "imports", null, cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(answer);
            else Output.Table(["bucket", "state", "source", "endpoint", "copied", "present", "kept", "failed", "bytes"], answer.GetProperty("imports").EnumerateArray().Select(Row));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Verb(string name, string help, Func<string, (HttpMethod Method, string Resource)> request)
    {
        var remote = new RemoteFlags();
        var bucket = new Argument<string>("BUCKET");
        var command = new Command(name, help) { bucket };
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var (method, resource) = request(Uri.EscapeDataString(parsed.GetRequiredValue(bucket)));
            return Show(await client.SendAsync(method, resource, null, cancellationToken), remote.IsJson(parsed));
        });
        return command;
    }

    private static IReadOnlyList<string> Row(JsonElement import)
    {
        var progress = import.GetProperty("progress");
        return
        [
            import.GetProperty("bucket").ToString(), import.GetProperty("state").ToString(), import.GetProperty("source").ToString(), import.GetProperty("endpoint").ToString(),
            progress.GetProperty("copied").ToString(), progress.GetProperty("present").ToString(), progress.GetProperty("kept").ToString(), progress.GetProperty("failed").ToString(),
            Output.Bytes(progress.GetProperty("bytes")),
        ];
    }

    private static string Line(JsonElement import)
    {
        var progress = import.GetProperty("progress");
        var waiting = progress.GetProperty("waiting").GetString() is { } why ? $"; waits: {why}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{progress.GetProperty("copied")} copied ({Output.Bytes(progress.GetProperty("bytes"))}), {progress.GetProperty("present")} present, {progress.GetProperty("kept")} kept, {progress.GetProperty("failed")} failed{waiting}");
    }
}
