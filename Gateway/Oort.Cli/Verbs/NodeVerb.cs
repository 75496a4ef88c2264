using System.CommandLine;
using System.Text.Json;
using Oort.Gateway;
using Oort.Node;
using Oort.Node.Protocol;

namespace Oort.Cli.Verbs;

/// <summary><c>oort node</c>: runs a storage node until SIGTERM or SIGINT; <c>join</c> and <c>leave</c> a cluster with it.</summary>
internal static class NodeVerb
{
    public static Command Create()
    {
        var flags = new NodeFlags();
        var command = new Command("node", "Run a storage node: give a gateway the disk of this machine. Every option can also be given as OORT_NODE_NAME in the environment.");
        flags.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await RunAsync(flags.Read(parsed), null, null, flags.IsJson(parsed), cancellationToken);
            return ExitCode.Done;
        });
        command.Subcommands.Add(Join());
        command.Subcommands.Add(Leave());
        foreach (var verb in NodeAdminVerbs.Create()) command.Subcommands.Add(verb);
        return command;
    }

    private static Command Join()
    {
        var token = new Argument<string>("TOKEN") { Description = "What oort node invite printed; or - to read it from standard input." };
        var advertise = new Option<string>("--advertise") { Description = "Under which address gateways reach this node (default: the address by which this machine reaches the gateway, and the port it listens on).", HelpName = "HOST:PORT" };
        var owner = new Option<string>("--operator") { Description = "Who runs it.", HelpName = "NAME" };
        var country = new Option<string>("--country") { Description = "Where it is: two letters (ISO 3166-1).", HelpName = "CC" };
        var region = new Option<string>("--region") { Description = "A place, such as eu-west.", HelpName = "NAME" };
        var network = new Option<string>("--network") { Description = "The network that it is reached through (default: its address range).", HelpName = "NAME" };
        var price = new Option<double?>("--price") { Description = "What its owner asks, in US dollars for a TiB and month.", HelpName = "USD" };
        var flags = new NodeFlags();
        var command = new Command("join", "Join a cluster and run. Started again, with or without its token, the node is the member that it was.") { token, advertise, owner, country, region, network, price };
        flags.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var text = parsed.GetRequiredValue(token);
            if (text == "-") text = await Console.In.ReadLineAsync(cancellationToken) ?? "";
            if (!JoinToken.TryParse(text, out var read)) throw new ConfigurationException("This is not a join token, or it was not copied whole; oort node invite prints one.");
            var declaration = new NodeDeclaration
            {
                Advertise = parsed.GetValue(advertise) ?? NodeFlags.Variable("ADVERTISE"),
                Operator = parsed.GetValue(owner),
                Country = parsed.GetValue(country)?.ToUpperInvariant(),
                Region = parsed.GetValue(region),
                Network = parsed.GetValue(network),
                PricePerTebibyteMonth = parsed.GetValue(price),
            };
            await RunAsync(flags.Read(parsed), read, declaration, flags.IsJson(parsed), cancellationToken);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Leave()
    {
        var data = NodeFlags.Data();
        var command = new Command("leave", "Leave the cluster: the node hands its shards over, and ends by itself when it has nothing left. It goes on running until then.") { data };
        command.SetAction(parsed =>
        {
            try
            {
                var state = NodeHost.AskToLeave(NodeFlags.DataDirectory(parsed.GetValue(data)));
                Console.Out.WriteLine(state == MembershipState.Removed
                    ? "The node is no member any more; its directory can be deleted."
                    : "The node hands its shards over. Let it run: it ends by itself when the cluster has let it go.");
                return ExitCode.Done;
            }
            catch (NodeStartException e)
            {
                throw new ConfigurationException(e.Message);
            }
        });
        return command;
    }

    private static async Task RunAsync(NodeOptions options, JoinToken? token, NodeDeclaration? declaration, bool json, CancellationToken cancellationToken)
    {
        try
        {
            await using var node = await NodeHost.StartAsync(options, TimeProvider.System, cancellationToken);
            if (token is not null) await node.JoinAsync(token, declaration!, cancellationToken);
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
            Output.Json(JsonSerializer.SerializeToElement(new { id = node.Id.ToString(), listen = node.EndPoint.ToString(), data = directory, store = node.StoreId, gateways = node.Gateways.Select(id => id.ToString()), isNew = node.IsNew, membership = node.Membership?.ToString().ToLowerInvariant() }, JsonSerializerOptions.Web));
            return;
        }

        Console.Out.WriteLine($"Node: {node.Id}{(node.IsNew ? " (new)" : "")}");
        Console.Out.WriteLine($"Listening: {node.EndPoint}");
        Console.Out.WriteLine($"Data: {directory} ({(node.StoreId is { } store ? "store " + store : "no store yet: a gateway makes it when the node joins")})");
        Console.Out.WriteLine(node.Gateways.Count > 0
            ? $"Serves: {string.Join(", ", node.Gateways)}"
            : "Serves no gateway yet: join a cluster with oort node join TOKEN, or start it with --gateway ID, the id that the gateway prints.");
        if (node.Membership is { } state) Console.Out.WriteLine($"Member: {state.ToString().ToLowerInvariant()}, as far as was heard");
        else Console.Out.WriteLine($"Gateways reach it as {node.Id}@HOST:{node.EndPoint.Port}, HOST being a name or address of this machine.");
    }
}
