using System.CommandLine;
using System.Net;
using Microsoft.Extensions.Logging;
using Oort.Gateway;
using Oort.Node;
using Oort.Node.Protocol;

namespace Oort.Cli.Verbs;

/// <summary>How a storage node runs, as flags of a verb; each can also be given as <c>OORT_NODE_NAME</c> in the environment.</summary>
internal sealed class NodeFlags
{
    private const string DataDefault = "./oort-node";

    private readonly Option<string> _data = Data();
    private readonly Option<string> _listen = new("--listen") { Description = "Where it listens (default 0.0.0.0:9100; port 0: any that is free).", HelpName = "ADDR:PORT" };
    private readonly Option<string[]> _gateway = new("--gateway") { Description = "Id of a gateway cluster that may use this node; may be repeated. One that it joined needs not be named.", HelpName = "ID" };
    private readonly Option<string> _space = new("--space") { Description = "The most that its store may take on the disk, such as 500GiB; none: all there is. This and the other caps are remembered: without an option, what was said last holds.", HelpName = "SIZE" };
    private readonly Option<string> _bandwidth = new("--bandwidth") { Description = "The most that goes in and out a second, such as 20MiB; none: no cap.", HelpName = "SIZE" };
    private readonly Option<string> _hours = new("--hours") { Description = "Hours of the day, by this machine's clock, in which it takes new data, such as 22-07; none: at all hours. What it has can be read at all hours.", HelpName = "FROM-TO" };
    private readonly Option<string> _scrub = new("--scrub") { Description = "How much of what it holds it reads a second, behind everything else, to find damage, such as 8MiB (the default); off: never.", HelpName = "SIZE" };
    private readonly Option<string> _scrubPause = new("--scrub-pause") { Description = "Pause after everything was read once, such as 12h (the default).", HelpName = "TIME" };
    private readonly Option<bool> _idle = new("--idle") { Description = "Work at the machine's lowest I/O and CPU priority (Linux); false: as any other process." };
    private readonly Option<LogLevel?> _logLevel = new("--log-level") { Description = "Trace, Debug, Information, Warning, Error (default Information)." };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };

    /// <summary>The flag that names a node's directory.</summary>
    public static Option<string> Data() => new("--data") { Description = $"Directory of the node: its key, state and store; made at the first start (default {DataDefault}).", HelpName = "DIR" };

    public static string DataDirectory(string? flag) => flag ?? Variable("DATA") ?? DataDefault;

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _data, _listen, _gateway, _space, _bandwidth, _hours, _scrub, _scrubPause, _idle, _logLevel, _json }) command.Options.Add(option);
    }

    public bool IsJson(ParseResult parsed) => parsed.GetValue(_json);

    /// <exception cref="ConfigurationException">A value cannot be used; the message names it.</exception>
    public NodeOptions Read(ParseResult parsed)
    {
        var defaults = new NodeOptions { DataDirectory = DataDirectory(parsed.GetValue(_data)) };
        return defaults with
        {
            Listen = Read(parsed.GetValue(_listen), "LISTEN", "--listen", defaults.Listen, text => IPEndPoint.TryParse(text, out var found) && text.Contains(':', StringComparison.Ordinal) ? found : null, "an address and a port such as 0.0.0.0:9100"),
            Gateways = [.. (parsed.GetValue(_gateway) is { Length: > 0 } ids ? ids : Variable("GATEWAY")?.Split(',') ?? []).Select(text => Gateway(text.Trim()))],
            SpaceBytes = Read(parsed.GetValue(_space), "SPACE", "--space", null, text => Cap(text), "a size such as 500GiB, or none"),
            BandwidthBytesPerSecond = Read(parsed.GetValue(_bandwidth), "BANDWIDTH", "--bandwidth", null, text => Cap(text), "a size such as 20MiB, or none"),
            Hours = Read<DailyHours?>(parsed.GetValue(_hours), "HOURS", "--hours", null, text => text == "none" ? DailyHours.All : DailyHours.TryParse(text, out var found) ? found : null, "two different hours such as 22-07, or none"),
            ScrubBytesPerSecond = Read<long?>(parsed.GetValue(_scrub), "SCRUB", "--scrub", null, text => text == "off" ? 0 : ByteSize.TryParse(text), "a size such as 8MiB, or off"),
            ScrubPause = Read<TimeSpan?>(parsed.GetValue(_scrubPause), "SCRUB_PAUSE", "--scrub-pause", null, Duration.TryParse, "a time such as 12h"),
            IdlePriority = parsed.GetResult(_idle) is not null ? parsed.GetValue(_idle) : Variable("IDLE") is { } idle ? idle == "true" : null,
            LogLevel = parsed.GetValue(_logLevel) ?? Read<LogLevel?>(null, "LOG_LEVEL", "--log-level", null, text => Enum.TryParse<LogLevel>(text, ignoreCase: true, out var found) ? found : null, "Trace, Debug, Information, Warning or Error") ?? defaults.LogLevel,
        };
    }

    /// <summary>A size; 0 for "none".</summary>
    private static long? Cap(string text) => text == "none" ? 0 : ByteSize.TryParse(text) is > 0 and var size ? size : null;

    public static string? Variable(string name) => Environment.GetEnvironmentVariable("OORT_NODE_" + name) is { Length: > 0 } text ? text : null;

    private static NodeId Gateway(string text) => NodeId.TryParse(text, out var id) ? id : throw new ConfigurationException($"--gateway: \"{text}\" is not an id, 64 hexadecimal digits.");

    private static T Read<T>(string? flag, string variable, string name, T fallback, Func<string, T?> parse, string takes) =>
        (flag ?? Variable(variable)) is not { } text ? fallback : parse(text) ?? throw new ConfigurationException($"{name}: \"{text}\" is not {takes}.");
}
