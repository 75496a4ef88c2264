using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort quota show|set|remove</c>: what buckets and accounts use, and what they may.</summary>
internal static class QuotaVerb
{
    public static Command Create()
    {
        var bucket = new Option<string>("--bucket") { Description = "Of this bucket.", HelpName = "NAME" };
        var account = new Option<string>("--account") { Description = "Of this account: its canonical id, or its number of 12 digits.", HelpName = "ID" };
        var bytes = new Option<string>("--bytes") { Description = "Bytes at most, such as 10GiB (otherwise: no such limit).", HelpName = "SIZE" };
        var objects = new Option<string>("--objects") { Description = "Versions at most (otherwise: no such limit).", HelpName = "N" };
        return new("quota", "Show what buckets and accounts use, and set how much that may be. What is beyond a quota is refused with QuotaExceeded; deleting is always possible.")
        {
            AdminVerb.Create("show", "Show what a bucket or an account uses and may use; without either, all accounts that have buckets.", [], [bucket, account], (parsed, _) =>
                (HttpMethod.Get, parsed.GetValue(bucket) is null && parsed.GetValue(account) is null ? "usage" : Resource(parsed, bucket, account), null), Print),
            AdminVerb.Create("set", "Set the quota of a bucket or of an account, in the place of the one that it has.", [], [bucket, account, bytes, objects], (parsed, _) =>
                (HttpMethod.Put, Resource(parsed, bucket, account), new QuotaRequest(Size(parsed.GetValue(bytes)), Number(parsed.GetValue(objects)))), Print),
            AdminVerb.Create("remove", "Take the quota of a bucket or of an account away.", [], [bucket, account], (parsed, _) => (HttpMethod.Delete, Resource(parsed, bucket, account), null), Print),
        };
    }

    private static string Resource(ParseResult parsed, Option<string> bucket, Option<string> account) => (parsed.GetValue(bucket), parsed.GetValue(account)) switch
    {
        ({ } name, null) => "quotas/buckets/" + Uri.EscapeDataString(name),
        (null, { } id) => "quotas/accounts/" + Uri.EscapeDataString(id),
        _ => throw new ConfigurationException("Give --bucket NAME or --account ID."),
    };

    private static long? Size(string? text) => text is null ? null : ByteSize.TryParse(text) ?? throw new ConfigurationException($"--bytes: \"{text}\" is no size such as 10GiB.");

    private static long? Number(string? text) => text is null ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new ConfigurationException($"--objects: \"{text}\" is no number.");

    private static void Print(JsonElement answer)
    {
        JsonElement[] rows = answer.TryGetProperty("accounts", out var accounts) ? [.. accounts.EnumerateArray()] : [answer];
        Output.Table(["of", "bytes", "at most", "objects", "at most", "state"], rows.Select(one => (IReadOnlyList<string>)
        [
            one.GetProperty("bucket").GetString() is { } bucket ? "bucket " + bucket : "account " + one.GetProperty("account").GetString(),
            Output.Bytes(one.GetProperty("bytes")), one.GetProperty("bytesMax").ValueKind == JsonValueKind.Null ? "-" : Output.Bytes(one.GetProperty("bytesMax")),
            one.GetProperty("objects").ToString(), one.GetProperty("objectsMax").ValueKind == JsonValueKind.Null ? "-" : one.GetProperty("objectsMax").ToString(),
            one.GetProperty("state").ToString(),
        ]));
        if (answer.TryGetProperty("next", out var next) && next.GetString() is { } last) Console.Error.WriteLine($"oort: there are more accounts, after {last}; `oort quota show --account ID` shows one.");
    }
}
