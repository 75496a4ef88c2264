using System.CommandLine;
using System.Text.Json;

namespace Oort.Cli.Verbs;

/// <summary><c>oort status</c>: how the gateway, its stores and its data are.</summary>
internal static class StatusVerb
{
    public static Command Create()
    {
        var remote = new RemoteFlags();
        var command = new Command("status", "Show the state of the gateway, its stores and its data.");
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var status = await client.SendAsync(HttpMethod.Get, "status", null, cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(status);
            else Print(status);
            return ExitCode.Done;
        });
        return command;
    }

    private static string Fault(JsonElement cache) => cache.GetProperty("fault").GetString() is { Length: > 0 } fault ? $"; off: {fault}" : "";

    private static void Print(JsonElement status)
    {
        Output.Fields(status, "version", "cluster", "region", "geometry", "state", "uptimeSeconds");
        Output.Fields(status.GetProperty("totals"));
        Output.Fields(status.GetProperty("repair"));
        Output.Fields(status.GetProperty("journal"));
        Console.Out.WriteLine($"{"rebalance",-22} {status.GetProperty("rebalance").GetProperty("state")}, {status.GetProperty("rebalance").GetProperty("moved")} shards moved");
        if (status.TryGetProperty("drill", out var drill) && drill.ValueKind == JsonValueKind.Object)
            Console.Out.WriteLine($"{"drill",-22} {drill.GetProperty("started").GetDateTimeOffset():u}, {drill.GetProperty("compared")} versions compared, {drill.GetProperty("findings").GetArrayLength()} findings");
        if (status.TryGetProperty("cache", out var cache) && cache.ValueKind == JsonValueKind.Object)
            Console.Out.WriteLine($"{"cache",-22} {cache.GetProperty("bytes")} of {cache.GetProperty("sizeMax")} bytes, {cache.GetProperty("hits")} hits, {cache.GetProperty("misses")} misses{Fault(cache)}");
        foreach (var warning in status.GetProperty("warnings").EnumerateArray()) Console.Out.WriteLine($"{"warning",-22} {warning}");
        Console.Out.WriteLine();
        DiskVerb.PrintTable(status.GetProperty("disks"));
    }
}
