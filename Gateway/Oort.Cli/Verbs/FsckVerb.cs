using System.CommandLine;
using System.Text.Json;

namespace Oort.Cli.Verbs;

/// <summary><c>oort fsck</c>: traces references both ways; exit code 1 when it found something that is not mended.</summary>
internal static class FsckVerb
{
    public static Command Create()
    {
        var remote = new RemoteFlags();
        var repair = new Option<bool>("--repair") { Description = "Mend what can be mended; otherwise nothing is changed." };
        var command = new Command("fsck", "Check that every row has its shards and every shard its row. Changes nothing without --repair.") { repair };
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var report = await RemoteJob.RunAsync(client, "fsck", new { repair = parsed.GetValue(repair) }, remote.IsJson(parsed), cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(report);
            else Print(report);
            return report.GetProperty("isClean").GetBoolean() ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    public static void Print(JsonElement report)
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
