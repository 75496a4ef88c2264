using System.Net;
using System.Text.Json;
using Oort.Backends.Node;
using Oort.Node.Protocol;

namespace Oort.Shared;

/// <summary>A real <c>oort node</c> on a free port of 127.0.0.1.</summary>
internal sealed class NodeProcess : OortProcess
{
    private NodeProcess(Started started)
        : base(started)
    {
        // The document alone has a line with only a brace.
        Announcement = JsonDocument.Parse(string.Join('\n', started.Lines.SkipWhile(line => line != "{").TakeWhile(line => line != "}").Append("}"))).RootElement;
        Address = new(NodeId.TryParse(Announcement.GetProperty("id").GetString(), out var id) ? id : throw new InvalidDataException("The node says no id."), "127.0.0.1", IPEndPoint.Parse(Announcement.GetProperty("listen").GetString()!).Port);
    }

    /// <summary>What it printed.</summary>
    public JsonElement Announcement { get; }

    public NodeAddress Address { get; }

    /// <summary>Starts it and waits until it says that it serves.</summary>
    /// <param name="data">Its directory; kept when the process ends.</param>
    /// <param name="arguments">Further flags of <c>oort node</c>.</param>
    public static Task<NodeProcess> StartAsync(string data, params string[] arguments) => StartAsync([], data, arguments);

    /// <summary>Joins a cluster with it, and waits until it says that it serves.</summary>
    public static Task<NodeProcess> JoinAsync(string token, string data, params string[] arguments) => StartAsync(["join", token], data, arguments);

    private static async Task<NodeProcess> StartAsync(string[] verb, string data, string[] arguments) =>
        new(await RunAsync(["node", .. verb, "--data", data, "--listen", "127.0.0.1:0", "--log-level", "Warning", "--json", .. arguments], line => line == "}"));
}
