using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort durability [what-if]</c>: how safe what is stored is, and what a loss would leave of it.</summary>
internal static class DurabilityVerb
{
    private static readonly string[] counted = ["segments", "payloadBytes", "objects"];

    public static Command Create()
    {
        var remote = new RemoteFlags();
        var annualLoss = new Option<string[]>("--annual-loss") { Description = "Stores of a kind, or whole domains, lost a year: node=0.2, domain:operator=0.02. Repeat it for several.", HelpName = "KIND=RATE" };
        var window = new Option<double?>("--window-hours") { Description = "Hours from a loss to the end of its repair; otherwise worked out from the live system." };
        var command = new Command("durability", "Work out how likely what is stored survives a year, with the assumptions.") { annualLoss, window, WhatIf() };
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var rates = (parsed.GetValue(annualLoss) ?? []).Select(Rate).ToImmutableSortedDictionary(pair => pair.Key, pair => pair.Value);
            var result = await RemoteJob.RunAsync(client, "durability", new DurabilityRequest(rates, parsed.GetValue(window)), remote.IsJson(parsed), cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(result);
            else Print(result);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command WhatIf()
    {
        var remote = new RemoteFlags();
        var lose = new Option<string>("--lose") { Description = "A store's id or location, or operator:NAME, network:NAME, region:NAME, country:NAME, machine:NAME, device:NAME.", HelpName = "WHAT", Required = true };
        var objects = new Option<bool>("--objects") { Description = "Count objects too, and name those at risk; looks at every version." };
        var command = new Command("what-if", "Say what would be left if a store, or all stores of an operator or region, were gone. Changes nothing.") { lose, objects };
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.Connect(parsed);
            var result = await RemoteJob.RunAsync(client, "durability/what-if", new WhatIfRequest(parsed.GetRequiredValue(lose), parsed.GetValue(objects)), remote.IsJson(parsed), cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(result);
            else PrintWhatIf(result);
            return result.GetProperty("segments").GetProperty("lost").GetInt64() > 0 ? ExitCode.Failed : ExitCode.Done;
        });
        return command;
    }

    private static KeyValuePair<string, double> Rate(string text)
    {
        var at = text.LastIndexOf('=');
        return at > 0 && double.TryParse(text[(at + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out var rate)
            ? new(text[..at], rate)
            : throw new ConfigurationException($"--annual-loss: \"{text}\" is not a kind and a rate, such as node=0.2.");
    }

    private static void Print(JsonElement result)
    {
        Output.Table(["policy", "geometry", "segments", "nines", "lost a year", "worst nines", "healthy min", "worst segment"], result.GetProperty("policies").EnumerateArray().Select(one => (IReadOnlyList<string>)
        [
            one.GetProperty("policy").ToString(), one.GetProperty("geometry").ToString(), one.GetProperty("segments").GetInt64() is > 0 and var count ? count.ToString(CultureInfo.InvariantCulture) : "none yet",
            one.GetProperty("nines").GetDouble().ToString("0.0", CultureInfo.InvariantCulture), one.GetProperty("annualLoss").GetDouble().ToString("0.0e+0", CultureInfo.InvariantCulture),
            one.GetProperty("worstNines").GetDouble().ToString("0.0", CultureInfo.InvariantCulture), one.GetProperty("healthyMin").ToString(), one.GetProperty("worstSegment").ToString(),
        ]));
        Console.Out.WriteLine();
        Console.Out.WriteLine("Of each segment, within a year; assumed:");
        foreach (var sentence in result.GetProperty("assumptions").EnumerateArray()) Console.Out.WriteLine("- " + sentence);
    }

    private static void PrintWhatIf(JsonElement result)
    {
        Console.Out.WriteLine($"{"lost",-22} {result.GetProperty("lost")}: {string.Join(", ", result.GetProperty("stores").EnumerateArray())}");
        Console.Out.WriteLine($"{"writes",-22} {(result.GetProperty("canWrite").GetBoolean() ? "go on" : "503")}");
        string[] columns = ["untouched", "readable", "belowThreshold", "lost", "unreadableNow"];
        var rows = counted.Where(name => result.TryGetProperty(name, out var counts) && counts.ValueKind == JsonValueKind.Object);
        Output.Table(["", "untouched", "readable", "below threshold", "lost", "unreadable now"], rows.Select(name => (IReadOnlyList<string>)
            [name, .. columns.Select(column => name == "payloadBytes" ? Output.Bytes(result.GetProperty(name).GetProperty(column)) : result.GetProperty(name).GetProperty(column).ToString())]));
        foreach (var one in result.GetProperty("objectsAtRisk").EnumerateArray())
            Console.Out.WriteLine($"{one.GetProperty("state"),-22} s3://{one.GetProperty("bucket")}/{one.GetProperty("key")} ({one.GetProperty("versionId")})");
    }
}
