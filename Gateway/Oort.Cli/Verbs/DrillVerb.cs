using System.CommandLine;
using System.Text.Json;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort drill</c>: recovers a sample from the stores beside the running gateway and compares; exit code 1 when something is not as it must be.</summary>
internal static class DrillVerb
{
    public static Command Create()
    {
        var remote = new RemoteFlags();
        var objects = new Option<int?>("--objects") { Description = "Versions that are recovered and compared, chosen at random (default 1000).", HelpName = "N" };
        var size = new Option<string>("--size") { Description = "The most that is read back of them, such as 1GiB (default 256MiB).", HelpName = "SIZE" };
        var command = new Command("drill", "Recover a sample of the namespace from the stores into a database of its own, read objects back by it, and compare both with what is served. Changes nothing.") { objects, size };
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            long? bytes = parsed.GetValue(size) is { } text ? ByteSize.TryParse(text) ?? throw new ConfigurationException($"--size: \"{text}\" is not a size such as 1GiB.") : null;
            var report = await RemoteJob.RunAsync(client, "drill", new DrillRequest(parsed.GetValue(objects), bytes), remote.IsJson(parsed), cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(report);
            else Print(report);
            return report.GetProperty("isClean").GetBoolean() ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static void Print(JsonElement report)
    {
        Console.Out.WriteLine($"Recovered to change {report.GetProperty("generation")}: snapshot of change {report.GetProperty("snapshotGeneration")}, then {report.GetProperty("records")} journal records.");
        Console.Out.WriteLine($"Of {report.GetProperty("versions")} versions {report.GetProperty("sampled")} were drawn, {report.GetProperty("compared")} compared, {report.GetProperty("changed")} changed meanwhile; {report.GetProperty("readObjects")} objects ({Output.Bytes(report.GetProperty("readBytes"))}) were read back.");
        foreach (var finding in report.GetProperty("findings").EnumerateArray()) Console.Out.WriteLine($"Finding: {finding}");
        Console.Out.WriteLine(report.GetProperty("isClean").GetBoolean() ? "A recovery would give back all of this." : "A recovery would not give back all of this.");
    }
}
