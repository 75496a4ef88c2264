using System.CommandLine;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Oort.Gateway;
using Oort.Node;
using Oort.Node.Protocol;

namespace Oort.Cli.Verbs;

/// <summary><c>oort node</c>: runs a storage node until SIGTERM or SIGINT.</summary>
internal static class NodeVerb
{
    private const string DataDefault = "./oort-node";

    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = $"Directory of the node: its key, state and store; made at the first start (default {DataDefault}).", HelpName = "DIR" };
        var listen = new Option<string>("--listen") { Description = "Where it listens (default 0.0.0.0:9100; port 0: any that is free).", HelpName = "ADDR:PORT" };
        var gateway = new Option<string[]>("--gateway") { Description = "Id of a gateway cluster that may use this node; may be repeated.", HelpName = "ID" };
        var space = new Option<string>("--space") { Description = "The most that its store may take on the disk, such as 500GiB (default: all there is).", HelpName = "SIZE" };
        var bandwidth = new Option<string>("--bandwidth") { Description = "The most that goes in and out a second, such as 20MiB (default: no cap).", HelpName = "SIZE" };
        var hours = new Option<string>("--hours") { Description = "Hours of the day, by this machine's clock, in which it takes new data, such as 22-07; what it has can be read at all hours.", HelpName = "FROM-TO" };
        var idle = new Option<bool>("--idle") { Description = "Work at the machine's lowest I/O and CPU priority (Linux)." };
        var logLevel = new Option<LogLevel?>("--log-level") { Description = "Trace, Debug, Information, Warning, Error (default Information)." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("node", "Run a storage node: give a gateway the disk of this machine. Every option can also be given as OORT_NODE_NAME in the environment.")
        {
            data, listen, gateway, space, bandwidth, hours, idle, logLevel, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var defaults = new NodeOptions { DataDirectory = parsed.GetValue(data) ?? Variable("DATA") ?? DataDefault };
            var options = defaults with
            {
                Listen = Read(parsed.GetValue(listen), "LISTEN", "--listen", defaults.Listen, text => IPEndPoint.TryParse(text, out var found) && text.Contains(':', StringComparison.Ordinal) ? found : null, "an address and a port such as 0.0.0.0:9100"),
                Gateways = [.. (parsed.GetValue(gateway) is { Length: > 0 } ids ? ids : Variable("GATEWAY")?.Split(',') ?? []).Select(text => Gateway(text.Trim()))],
                SpaceBytes = Read(parsed.GetValue(space), "SPACE", "--space", null, ByteSize.TryParse, "a size such as 500GiB"),
                BandwidthBytesPerSecond = Read(parsed.GetValue(bandwidth), "BANDWIDTH", "--bandwidth", null, ByteSize.TryParse, "a size such as 20MiB"),
                Hours = Read<DailyHours?>(parsed.GetValue(hours), "HOURS", "--hours", null, text => DailyHours.TryParse(text, out var found) ? found : null, "two different hours such as 22-07"),
                IdlePriority = parsed.GetValue(idle) || Variable("IDLE") is "true",
                LogLevel = parsed.GetValue(logLevel) ?? Read<LogLevel?>(null, "LOG_LEVEL", "--log-level", null, text => Enum.TryParse<LogLevel>(text, ignoreCase: true, out var found) ? found : null, "Trace, Debug, Information, Warning or Error") ?? defaults.LogLevel,
            };
            await RunAsync(options, parsed.GetValue(json), cancellationToken);
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task RunAsync(NodeOptions options, bool json, CancellationToken cancellationToken)
    {
        try
        {
            await using var node = await NodeHost.StartAsync(options, TimeProvider.System, cancellationToken);
            Announce(node, options, json);
            await node.WaitForShutdownAsync(cancellationToken);
        }
        catch (NodeStartException e)
        {
            throw new ConfigurationException(e.Message);
        }
    }

    private static void Announce(NodeHost node, NodeOptions options, bool json)
    {
        var directory = Path.GetFullPath(options.DataDirectory);
        if (json)
        {
            Output.Json(JsonSerializer.SerializeToElement(new { id = node.Id.ToString(), listen = node.EndPoint.ToString(), data = directory, store = node.StoreId, gateways = node.Gateways.Select(id => id.ToString()), isNew = node.IsNew }, JsonSerializerOptions.Web));
            return;
        }

        Console.Out.WriteLine($"Node: {node.Id}{(node.IsNew ? " (new)" : "")}");
        Console.Out.WriteLine($"Listening: {node.EndPoint}");
        Console.Out.WriteLine($"Data: {directory} ({(node.StoreId is { } store ? "store " + store : "no store yet: a gateway makes it when the node joins")})");
        Console.Out.WriteLine(node.Gateways.Count > 0
            ? $"Serves: {string.Join(", ", node.Gateways)}"
            : "Serves no gateway yet: start it with --gateway ID, the id that the gateway prints.");
        Console.Out.WriteLine($"Gateways reach it as {node.Id}@HOST:{node.EndPoint.Port}, HOST being a name or address of this machine.");
    }

    private static NodeId Gateway(string text) => NodeId.TryParse(text, out var id) ? id : throw new ConfigurationException($"--gateway: \"{text}\" is not an id, 64 hexadecimal digits.");

    private static T Read<T>(string? flag, string variable, string name, T fallback, Func<string, T?> parse, string takes) =>
        (flag ?? Variable(variable)) is not { } text ? fallback : parse(text) ?? throw new ConfigurationException($"{name}: \"{text}\" is not {takes}.");

    private static string? Variable(string name) => Environment.GetEnvironmentVariable("OORT_NODE_" + name) is { Length: > 0 } text ? text : null;
}
