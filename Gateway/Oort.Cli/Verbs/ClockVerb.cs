using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Oort.Gateway;
using Oort.Gateway.Locks;

namespace Oort.Cli.Verbs;

/// <summary><c>oort clock show|confirm</c>: the clock by which retentions of locked versions end.</summary>
internal static class ClockVerb
{
    public static Command Create()
    {
        var now = new Argument<string>("now") { Description = "The time that it is, in UTC, such as 2026-11-24T12:00:00Z.", HelpName = "TIME" };
        return new("clock", "Show the clock by which locked versions are let go of, and say that it is right after it jumped forward.")
        {
            AdminVerb.Create("show", "Show the machine's clock, the highest time that was written down, and whether retentions end.", [], [], (_, _) => (HttpMethod.Get, "clock", null), Print),
            AdminVerb.Create("confirm", "Say that the clock is right: retentions that ended while it was not believed end now.", [now], [], (parsed, _) => (HttpMethod.Post, "clock/confirm", new ConfirmClockRequest(Time(parsed.GetValue(now)!))), Print),
        };
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
        ? time
        : throw new ConfigurationException($"\"{text}\" is no time such as 2026-11-24T12:00:00Z.");

    private static void Print(JsonElement answer) => Output.Table(["clock", "mark", "retentions end by", "state"], [[
        answer.GetProperty("now").ToString(), answer.GetProperty("mark").ValueKind == JsonValueKind.Null ? "-" : answer.GetProperty("mark").ToString(), answer.GetProperty("time").ToString(), answer.GetProperty("state").ToString()]]);
}
