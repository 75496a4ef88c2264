using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Oort.Cli.Verbs;

/// <summary><c>oort cost</c>: what is spent, by network, kind and bucket.</summary>
internal static class CostVerb
{
    private static readonly string[] kinds = ["put", "once", "stored", "checked", "read", "repair", "deleted", "minimum", "waste", "emergency"];

    public static Command Create()
    {
        var month = new Option<string>("--month") { Description = "Another month than this one: 2026-10.", HelpName = "MONTH" };
        var now = new Option<bool>("--now") { Description = "Count first what was spent up to now; otherwise that is done once an hour." };
        return AdminVerb.Create(
            "cost", "Show what outside networks cost: what is there now, what was spent this month, for what and for which bucket.", [], [month, now],
            (parsed, _) => parsed.GetValue(now) && parsed.GetValue(month) is null ? (HttpMethod.Post, "cost/count", null) : (HttpMethod.Get, "cost" + (parsed.GetValue(month) is { } wanted ? "?month=" + Uri.EscapeDataString(wanted) : ""), null), Print);
    }

    private static void Print(JsonElement cost)
    {
        Output.Table(["network", "items", "bytes", "in vain", "made anew", "leaving", "a month", "of it in vain", "least time left", "prices"], cost.GetProperty("stocks").EnumerateArray().Select(one => (IReadOnlyList<string>)
        [
            one.GetProperty("network").ToString(), one.GetProperty("items").ToString(), Output.Bytes(one.GetProperty("bytes")), Output.Bytes(one.GetProperty("waste_bytes")), Output.Bytes(one.GetProperty("draft_bytes")),
            one.GetProperty("leaving_items").ToString(), Output.Money(one.GetProperty("month_rate")), Output.Money(one.GetProperty("waste_rate")), Output.Money(one.GetProperty("minimum_left")),
            string.Create(CultureInfo.InvariantCulture, $"{one.GetProperty("price_source")} of {one.GetProperty("price_as_of").GetDateTimeOffset():yyyy-MM-dd}"),
        ]));
        Console.Out.WriteLine();
        var lines = cost.GetProperty("lines").EnumerateArray().GroupBy(line => line.GetProperty("network").ToString()).ToArray();
        var shown = kinds.Where(kind => lines.Any(group => group.Any(line => line.GetProperty("kind").ToString() == kind))).ToArray();
        Output.Table([$"spent in {cost.GetProperty("month")}", .. shown, "in all", "paid"], lines.Select(group => (IReadOnlyList<string>)
        [
            group.Key, .. shown.Select(kind => group.FirstOrDefault(line => line.GetProperty("kind").ToString() == kind) is { ValueKind: JsonValueKind.Object } found ? Output.Money(found.GetProperty("dollars")) : "-"),
            group.Where(line => line.GetProperty("kind").ToString() is not ("waste" or "emergency")).Sum(line => line.GetProperty("dollars").GetDouble()).ToString("0.00##", CultureInfo.InvariantCulture),
            string.Join(", ", cost.GetProperty("paid").EnumerateArray().Where(paid => paid.GetProperty("network").ToString() == group.Key).Select(paid => $"{paid.GetProperty("amount")} {paid.GetProperty("unit")}")),
        ]));
        Console.Out.WriteLine();
        Output.Table(["bucket", "network", "bytes", "a month", .. shown, "in all"], cost.GetProperty("buckets").EnumerateArray().Select(one => (IReadOnlyList<string>)
        [
            one.GetProperty("bucket").ToString() is { Length: > 0 } name ? name : "(others)", one.GetProperty("network").ToString(), Output.Bytes(one.GetProperty("bytes")), Output.Money(one.GetProperty("month_rate")),
            .. shown.Select(kind => one.GetProperty("lines").TryGetProperty(kind, out var dollars) ? Output.Money(dollars) : "-"), Output.Money(one.GetProperty("spent")),
        ]));
        if (cost.GetProperty("budgets").GetArrayLength() > 0)
        {
            Console.Out.WriteLine();
            BudgetVerb.PrintTable(cost);
        }

        if (cost.GetProperty("fault").GetString() is { Length: > 0 } fault) Console.Out.WriteLine(fault);
    }
}
