using System.CommandLine;
using System.Text.Json;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort policy explain</c>: who may do what, and which statement says so.</summary>
internal static class PolicyVerb
{
    private static readonly JsonSerializerOptions indented = new(JsonSerializerOptions.Web) { WriteIndented = true };

    public static Command Create()
    {
        var who = new Option<string>("--who") { Description = "An ARN, an access key, anonymous, or the name of a user or role of the account that owns the bucket. Without it: everybody.", HelpName = "WHO" };
        var action = new Option<string>("--action") { Description = "Such as s3:GetObject. Without it: all actions.", HelpName = "ACTION" };
        var bucket = new Option<string>("--bucket") { Description = "What it is done to.", HelpName = "BUCKET" };
        var key = new Option<string>("--key") { Description = "The object in the bucket; without it, all of them.", HelpName = "KEY" };
        var from = new Option<string>("--from") { Description = "Suppose the request to come from this address (default: that of this machine).", HelpName = "IP" };
        var prefix = new Option<string>("--prefix") { Description = "Suppose a listing of this prefix.", HelpName = "PREFIX" };
        var tls = new Option<bool?>("--tls") { Description = "Suppose TLS, or none (default: as this verb asks)." };
        return new("policy", "Explain policies.")
        {
            AdminVerb.Create(
                "explain",
                "Say who may do what, and which statement says so: one action of somebody, all that somebody may do with a bucket, or who may do what with it.",
                [],
                [who, action, bucket, key, from, prefix, tls],
                (parsed, _) => (HttpMethod.Post, "access/explain", new ExplainRequest(parsed.GetValue(who), parsed.GetValue(action), Resource(parsed.GetValue(bucket), parsed.GetValue(key)), new(parsed.GetValue(from), parsed.GetValue(tls), parsed.GetValue(prefix)))),
                Print),
        };
    }

    private static string? Resource(string? bucket, string? key) => (bucket, key) switch
    {
        (null, not null) => throw new ConfigurationException("--key needs --bucket."),
        (_, null) => bucket,
        _ => $"{bucket}/{key}",
    };

    private static void Print(JsonElement answer)
    {
        if (answer.TryGetProperty("everybody", out var everybody)) PrintEverybody(answer, everybody);
        else if (answer.TryGetProperty("actions", out var actions)) PrintActions(answer, [.. actions.EnumerateArray()]);
        else PrintOne(answer);
    }

    private static void PrintOne(JsonElement answer)
    {
        Console.Out.WriteLine($"{answer.GetProperty("verdict")}: {answer.GetProperty("principal")} {answer.GetProperty("action")} {answer.GetProperty("resource")}");
        Console.Out.WriteLine(answer.GetProperty("reason"));
        if (answer.GetProperty("json") is { ValueKind: JsonValueKind.Object } statement) Console.Out.WriteLine(JsonSerializer.Serialize(statement, indented));
        var policies = answer.GetProperty("policies").EnumerateArray().ToArray();
        if (policies.Length == 0) return;
        Console.Out.WriteLine();
        Output.Table(["policy", "name", "says", "statement"], policies.Select(one => (IReadOnlyList<string>)
        [
            one.GetProperty("policy").ToString(), one.GetProperty("name").ToString(), one.GetProperty("says").ToString(),
            one.GetProperty("statement") is { ValueKind: JsonValueKind.Number } index ? one.GetProperty("sid").GetString() is { Length: > 0 } sid ? sid : (index.GetInt32() + 1).ToString(System.Globalization.CultureInfo.InvariantCulture) : "",
        ]));
    }

    private static void PrintActions(JsonElement answer, JsonElement[] actions)
    {
        Console.Out.WriteLine($"{answer.GetProperty("principal")} on {answer.GetProperty("resource")}");
        (string Title, Func<JsonElement, bool> Is)[] groups =
        [
            ("allowed", one => Extent(one) == "yes"), ("allowed in part", one => Extent(one) == "part"), ("denied", one => Extent(one) == "no" && one.GetProperty("verdict").GetString() == "denied"),
            ("not allowed", one => Extent(one) == "no" && one.GetProperty("verdict").GetString() != "denied"),
        ];
        foreach (var (title, isOne) in groups)
        {
            // Who reads it wants to know which policy; what is many actions is one line.
            foreach (var same in actions.Where(isOne).GroupBy(one => one.GetProperty("reason").GetString()))
                Console.Out.WriteLine($"\n{title}: {same.Key}\n  {string.Join(' ', same.Select(one => one.GetProperty("action").GetString()!["s3:".Length..]))}");
        }
    }

    private static void PrintEverybody(JsonElement answer, JsonElement everybody)
    {
        Output.Table(["who", "read", "write", "delete", "list", "administer"], everybody.EnumerateArray().Select(one => (IReadOnlyList<string>)
            [one.GetProperty("principal").ToString(), one.GetProperty("read").ToString(), one.GetProperty("write").ToString(), one.GetProperty("delete").ToString(), one.GetProperty("list").ToString(), one.GetProperty("administer").ToString()]));
        if (answer.GetProperty("isTruncated").GetBoolean()) Console.Out.WriteLine("There are more; ask for one by --who.");
    }

    private static string Extent(JsonElement action) => action.GetProperty("extent").ToString();
}
