using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort quote</c>: what data would cost under each placement policy, before anything is written.</summary>
internal static class QuoteVerb
{
    private static readonly (char Unit, decimal Factor)[] countUnits = [('K', 1e3m), ('M', 1e6m), ('B', 1e9m)];

    private static readonly string[] feeKinds = ["put", "once", "stored", "checked"];

    public static Command Create()
    {
        var size = new Option<string>("--size") { Description = "Bytes of all objects together: 1TB, 500GiB.", HelpName = "SIZE", Required = true };
        var objects = new Option<string>("--objects") { Description = "How many objects: 5M, 20K, 1200.", HelpName = "COUNT", Required = true };
        var months = new Option<string>("--months") { Description = "How long they are kept.", HelpName = "N", DefaultValueFactory = _ => "12" };
        var bucket = new Option<string>("--bucket") { Description = "Only the policies that objects of this bucket come under.", HelpName = "NAME" };
        var together = new Option<string>("--together") { Description = "How many objects clients write at the same time: so many small ones share a segment (default 1).", HelpName = "COUNT" };
        var remote = new RemoteFlags();
        var command = new Command("quote", "Work out what data would cost under each placement policy: price, first byte, durability, countries, and the cost of leaving. Changes nothing.") { size, objects, months, bucket, together };
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var request = new QuoteRequest(
                ByteSize.TryParse(parsed.GetRequiredValue(size)) ?? throw new ConfigurationException($"--size: \"{parsed.GetRequiredValue(size)}\" is no size such as 1TB, 500GiB or 4096."),
                Count("--objects", parsed.GetRequiredValue(objects)),
                Months(parsed.GetRequiredValue(months)),
                parsed.GetValue(bucket),
                parsed.GetValue(together) is { } many ? (int)Math.Min(int.MaxValue, Count("--together", many)) : null);
            using var client = remote.Connect(parsed);
            var answer = await client.SendAsync(HttpMethod.Post, "quote", request, cancellationToken);
            if (remote.IsJson(parsed)) Output.Json(answer);
            else Print(answer);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Counts as people write them: thousands, millions and billions.</summary>
    private static long Count(string flag, string text)
    {
        var (number, factor) = (text.Trim(), 1m);
        foreach (var (unit, times) in countUnits)
            if (number.EndsWith(unit.ToString(), StringComparison.OrdinalIgnoreCase)) (number, factor) = (number[..^1], times);
        return decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value < long.MaxValue / factor && value * factor == Math.Floor(value * factor)
            ? (long)(value * factor)
            : throw new ConfigurationException($"{flag}: \"{text}\" is no count such as 1200, 20K, 5M or 1B.");
    }

    private static double Months(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var months) ? months : throw new ConfigurationException($"--months: \"{text}\" is no number such as 24.");

    private static void Print(JsonElement quote)
    {
        var policies = quote.GetProperty("policies").EnumerateArray().ToArray();
        Output.Table(["policy", "geometry", "a month", "in all", "of it at once", "first byte", "nines", "countries", "exit", "networks"], policies.Select(one => (IReadOnlyList<string>)
        [
            one.GetProperty("policy").ToString(), one.GetProperty("geometry").ToString(),
            Output.Money(one.GetProperty("price_month")), Output.Money(one.GetProperty("price_total")), Output.Money(one.GetProperty("price_once")),
            Milliseconds(one), one.GetProperty("nines") is { ValueKind: JsonValueKind.Number } nines ? nines.GetDouble().ToString("0.0", CultureInfo.InvariantCulture) : "-",
            Countries(one), Output.Money(one.GetProperty("exit_cost")),
            string.Join(", ", one.GetProperty("networks").EnumerateArray().Select(network => $"{network.GetProperty("shards")} {network.GetProperty("network")}")),
        ]));
        foreach (var one in policies)
            foreach (var network in one.GetProperty("networks").EnumerateArray().Where(network => network.GetProperty("fees").ValueKind == JsonValueKind.Object))
                Console.Out.WriteLine($"{one.GetProperty("policy")}: {Part(network)}");
        foreach (var one in policies)
            foreach (var sentence in one.GetProperty("unmet").EnumerateArray().Concat(one.GetProperty("notes").EnumerateArray())) Console.Out.WriteLine($"{one.GetProperty("policy")}: {sentence}");
        Console.Out.WriteLine();
        Console.Out.WriteLine("In US dollars; assumed:");
        foreach (var sentence in quote.GetProperty("assumptions").EnumerateArray()) Console.Out.WriteLine("- " + sentence);
    }

    private static string Part(JsonElement network)
    {
        var fees = network.GetProperty("fees");
        var kinds = feeKinds.Where(kind => fees.GetProperty(kind).GetDouble() > 0).Select(kind => $"{kind} {Output.Money(fees.GetProperty(kind))}");
        var age = network.GetProperty("price_age_days").GetDouble();
        var text = age < 1 ? "of today" : string.Create(CultureInfo.InvariantCulture, $"of {network.GetProperty("price_as_of").GetDateTimeOffset():yyyy-MM-dd}, {age:0} days old");
        return $"{network.GetProperty("network")} holds {network.GetProperty("items")} items of {Output.Bytes(network.GetProperty("bytes"))} in all; {string.Join(", ", kinds.DefaultIfEmpty("nothing is charged"))}; prices {network.GetProperty("price_source")}, {text}.";
    }

    private static string Milliseconds(JsonElement one)
    {
        if (one.GetProperty("first_byte_ms") is not { ValueKind: JsonValueKind.Number } value) return "-";
        var text = value.GetDouble() switch
        {
            < 10 and var few => few.ToString("0.0", CultureInfo.InvariantCulture) + " ms",
            < 1_000 and var some => some.ToString("0", CultureInfo.InvariantCulture) + " ms",
            < 3_600_000 and var many => (many / 1_000).ToString("0", CultureInfo.InvariantCulture) + " s",
            var hours => (hours / 3_600_000).ToString("0", CultureInfo.InvariantCulture) + " h",
        };
        return $"{text} {one.GetProperty("first_byte_source")}";
    }

    private static string Countries(JsonElement one)
    {
        var known = string.Join(' ', one.GetProperty("countries").EnumerateArray());
        return one.GetProperty("unknown_places").GetInt32() is > 0 and var count ? $"{known} {count} unknown".TrimStart() : known;
    }
}
