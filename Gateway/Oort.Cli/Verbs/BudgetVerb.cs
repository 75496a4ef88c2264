using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort budget list|set|remove</c>: what may be spent in a month.</summary>
internal static class BudgetVerb
{
    public static Command Create()
    {
        var dollars = new Argument<string>("DOLLARS") { Description = "US dollars a month." };
        var emergency = new Option<string>("--emergency") { Description = "How many times a budget may be spent where data are at risk (1 to 100, default 2; of all budgets).", HelpName = "FACTOR" };
        var network = new Option<string>("--network") { Description = "On this network; otherwise on all together.", HelpName = "NAME" };
        var bucket = new Option<string>("--bucket") { Description = "For this bucket, on all networks together.", HelpName = "NAME" };
        return new("budget", "Show and set what may be spent on outside networks in a month. When it is spent, new items wait, and their shards stay on disks and nodes.")
        {
            AdminVerb.Create("list", "Show the budgets and how much of them is spent.", [], [], (_, _) => (HttpMethod.Get, "budgets", null), PrintTable),
            AdminVerb.Create("set", "Set a budget: of one network, of one bucket, or of all together.", [dollars], [network, bucket, emergency], (parsed, given) => (HttpMethod.Put, "budgets", new BudgetRequest(
                parsed.GetValue(network), parsed.GetValue(bucket), Number("DOLLARS", parsed.GetRequiredValue(given[0])), parsed.GetValue(emergency) is { } factor ? Number("--emergency", factor) : null)), PrintTable),
            AdminVerb.Create("remove", "Take a budget away.", [], [network, bucket], (parsed, _) => (HttpMethod.Put, "budgets", new BudgetRequest(parsed.GetValue(network), parsed.GetValue(bucket))), PrintTable),
        };
    }

    /// <summary>The budgets of an answer that has some.</summary>
    public static void PrintTable(JsonElement answer) => Output.Table(["budget", "a month", "spent", "percent", "state"], answer.GetProperty("budgets").EnumerateArray().Select(one => (IReadOnlyList<string>)
    [
        one.GetProperty("subject").ToString(), Output.Money(one.GetProperty("limit")), Output.Money(one.GetProperty("spent")),
        one.GetProperty("limit").GetDouble() is > 0 and var limit ? (one.GetProperty("spent").GetDouble() / limit).ToString("0 %", CultureInfo.InvariantCulture) : "-",
        one.GetProperty("is_holding").GetBoolean() ? "new items wait" : "",
    ]));

    private static double Number(string what, string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : throw new ConfigurationException($"{what}: \"{text}\" is no number such as 12.50.");
}
