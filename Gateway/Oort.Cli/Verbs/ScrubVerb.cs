using System.CommandLine;

namespace Oort.Cli.Verbs;

/// <summary><c>oort scrub</c>: reads every shard, journal, snapshot and key copy, and repairs what is bad.</summary>
internal static class ScrubVerb
{
    public static Command Create()
    {
        var remote = new RemoteFlags();
        var dryRun = new Option<bool>("--dry-run") { Description = "Only look; repair nothing." };
        var command = new Command("scrub", "Read everything the disks hold, check it, and repair what is bad.") { dryRun };
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var result = await RemoteJob.RunAsync(client, "scrub", new { repair = !parsed.GetValue(dryRun) }, remote.IsJson(parsed), cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(result);
            else Output.Fields(result);
            return ExitCode.Done;
        });
        return command;
    }
}
