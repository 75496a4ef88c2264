using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Oort.Gateway;
using Oort.Objects;

namespace Oort.Cli.Verbs;

/// <summary><c>oort fsck</c>: traces references both ways; exit code 1 when it found something that is not mended.</summary>
internal static class FsckVerb
{
    public static Command Create()
    {
        var remote = new RemoteFlags();
        var local = new GatewayFlags("disk", "recovery-phrase-file");
        var repair = new Option<bool>("--repair") { Description = "Mend what can be mended; otherwise nothing is changed." };
        var offline = new Option<bool>("--offline") { Description = "Check a stopped gateway's data directory (--data, --disk) instead of asking a running one." };
        var command = new Command("fsck", "Check that every row has its shards and every shard its row. Changes nothing without --repair.") { repair, offline };
        remote.AddTo(command);
        local.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var report = parsed.GetValue(offline)
                ? await CheckAsync(local.Read(parsed) with { DataDirectory = remote.DataDirectory(parsed) }, parsed.GetValue(repair), cancellationToken)
                : await AskAsync(remote, parsed, parsed.GetValue(repair), cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(report);
            else Print(report);
            return report.GetProperty("isClean").GetBoolean() ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static async Task<JsonElement> AskAsync(RemoteFlags remote, ParseResult parsed, bool repair, CancellationToken cancellationToken)
    {
        using var client = remote.Connect(parsed);
        return await RemoteJob.RunAsync(client, "fsck", new { repair }, remote.IsJson(parsed), cancellationToken);
    }

    private static async Task<JsonElement> CheckAsync(GatewayOptions options, bool repair, CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(options.DataDirectory, "identity")))
            throw new ConfigurationException($"{Path.GetFullPath(options.DataDirectory)} is no data directory; name the gateway's with --data DIR.");
        using var directory = DataDirectory.Open(options.DataDirectory);
        using var loggers = LoggerFactory.Create(logging => GatewayLogging.Add(logging.SetMinimumLevel(LogLevel.Warning), options));
        using var root = await SystemStart.LoadRootAsync(options, directory.FullPath, Console.Error, cancellationToken);
        using var nodes = new NodeEndpoints(root);
        await using var system = await SystemStart.OpenAsync(options, directory, root, loggers, nodes, runWorkers: false, cancellationToken);
        return JsonSerializer.SerializeToElement(await system.FsckAsync(repair, null, cancellationToken), AdminJson.Options);
    }

    private static void Print(JsonElement report)
    {
        Output.Fields(report);
        var findings = report.GetProperty("findings");
        if (findings.GetArrayLength() == 0) return;
        Output.Table(["severity", "subject", "finding", "repaired"], findings.EnumerateArray().Select(f => (IReadOnlyList<string>)
        [
            f.GetProperty("severity").ToString(), f.GetProperty("subject").ToString(), f.GetProperty("text").ToString(), f.GetProperty("repaired").ToString(),
        ]));
    }
}
