using Oort.Backends;
using Oort.Backends.Node;
using Oort.Node.Protocol;
using Oort.Simulation.Machines;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Network;

/// <summary>A gateway's way to one node, in the place of connections with TLS: who the peer is was proven there, and is compared here.</summary>
internal sealed class NodeTransport(Simulator simulator, GatewayMachine gateway, NodeMachine node, NodeAddress address, NodeIdentity own) : HttpMessageHandler
{
    private static readonly TimeSpan connectTimeout = new NodeStoreOptions().ConnectTimeout;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var link = gateway.LinkTo(node);
        if (gateway.IsDead) throw new HttpRequestException("this machine is dead");
        if (!link.IsConnected) await ConnectAsync(link, cancellationToken);
        simulator.Trace.Add(simulator.Now, $"{link.Name} {request.Method} {Shape(request)}");
        return await new Exchange(simulator, link, node, request, own.Certificate).RunAsync(cancellationToken);
    }

    /// <summary>Ids differ from run to run; what is asked does not.</summary>
    private static string Shape(HttpRequestMessage request)
    {
        var path = request.RequestUri!.AbsolutePath;
        var isNamed = path.StartsWith(NodePaths.Uploads + "/", StringComparison.Ordinal) || path.StartsWith(NodePaths.Logs, StringComparison.Ordinal) || path.StartsWith(NodePaths.Blobs, StringComparison.Ordinal);
        return $"{(isNamed ? string.Join('/', path.Split('/').Take(3)) : path)} {request.Content?.Headers.ContentLength}";
    }

    /// <summary>Two round trips, as TCP and TLS 1.3 need.</summary>
    private async Task ConnectAsync(Link link, CancellationToken cancellationToken)
    {
        var limit = simulator.Now + connectTimeout.Ticks;
        for (var trip = 0; trip < 2;)
        {
            if (link.IsPartitioned || node.Power == NodePower.Dark)
            {
                // Packets are sent again and again.
                await simulator.DelayAsync(TimeSpan.FromMilliseconds(200));
                cancellationToken.ThrowIfCancellationRequested();
                if (simulator.Now > limit) throw new TaskCanceledException("The connection took too long.");
                continue;
            }

            await simulator.DelayAsync(link.Delay() + link.Delay());
            cancellationToken.ThrowIfCancellationRequested();
            if (node.Power == NodePower.Off) throw new HttpRequestException("connection refused");
            trip++;
        }

        if (node.Id != address.Id)
            throw new HttpRequestException("TLS", new BackendException(BackendErrorKind.Permanent, $"{address} is another node ({node.Id})."));
        link.IsConnected = true;
    }
}
