using Oort.Backends.Suite;

namespace Oort.Backends.Ipfs.Tests.Support;

/// <summary>A node, a gateway over its blocks, and a pinning service that takes a while: what the suite looks into and makes misbehave, all three at once.</summary>
internal sealed class IpfsHarness : NetworkHarness
{
    private const string NodeToken = "the-node-secret";
    private const string ServiceToken = "the-pinning-secret";

    private static readonly TimeSpan queueTime = TimeSpan.FromMinutes(3);

    private readonly HangingTime time = new();
    private readonly NodePeer node;
    private readonly GatewayPeer gateway;
    private readonly PinningPeer service;
    private readonly Dictionary<string, DateTimeOffset> asked = [];
    private readonly Func<IpfsHarness, INetworkBackend> make;
    private INetworkBackend backend;
    private PeerFault fault;

    private IpfsHarness(NodePeer node, GatewayPeer gateway, PinningPeer service, Func<IpfsHarness, INetworkBackend> make)
    {
        (this.node, this.gateway, this.service, this.make) = (node, gateway, service, make);
        node.Admits = sent => sent == $"Bearer {NodeToken}";
        foreach (var peer in new PeerServer[] { node, gateway, service }) peer.Hanging = time.Expire;
        service.StatusOf = id =>
        {
            asked.TryAdd(id, time.GetUtcNow());
            return time.GetUtcNow() - asked[id] < queueTime ? "queued" : "pinned";
        };
        backend = make(this);
    }

    public override INetworkBackend Backend => backend;

    public override TimeProvider Time => time;

    public override int PaymentCount => service.PaidCount;

    public override ReadChecks ReadChecks => ReadChecks.Ranges;

    public override IReadOnlyList<string> Secrets => [NodeToken, ServiceToken];

    public override IReadOnlyList<int> Lengths => [20, 70_001, (1 << 20) + 1, 2_500_000];

    public override PeerFault Fault
    {
        get => fault;
        set
        {
            fault = value;
            foreach (var peer in new PeerServer[] { node, gateway, service }) peer.Faults = call => At(value, call);
        }
    }

    private IpfsOptions Options => new() { Node = node.Address, Credentials = IpfsCredentials.Bearer(NodeToken), ConnectTimeout = TimeSpan.FromMinutes(10) };

    private IReadOnlyList<IpfsGateway> Gateways => [new(gateway.Address)];

    /// <summary>A node that is asked itself.</summary>
    public static Task<NetworkHarness> NodeAsync() => RunAsync(harness => new IpfsBackend(harness.Options, harness.time));

    /// <summary>A node and a gateway.</summary>
    public static Task<NetworkHarness> NodeAndGatewayAsync() => RunAsync(harness => new IpfsBackend(harness.Options with { Gateways = harness.Gateways }, harness.time));

    /// <summary>A service that pins what a node has.</summary>
    public static Task<NetworkHarness> ServiceAsync() => RunAsync(harness => new PinningBackend(
        new() { Service = harness.service.Address, Credentials = IpfsCredentials.Bearer(ServiceToken), Origin = harness.Options with { Gateways = harness.Gateways } }, harness.time));

    public override async Task RestartAsync()
    {
        await backend.DisposeAsync();
        backend = make(this);
    }

    public override Task AdvanceAsync(TimeSpan by)
    {
        time.Advance(by);
        return Task.CompletedTask;
    }

    public override bool Knows(PeerFault fault) => fault != PeerFault.OutOfFunds || backend is PinningBackend;

    // A gateway's wrong bytes are its own: the item waits for better ones.
    public override IReadOnlyList<BackendErrorKind> KindsOf(PeerFault fault) => fault is PeerFault.WrongBytes ? [BackendErrorKind.Corrupt, BackendErrorKind.Transient] : base.KindsOf(fault);

    public override Task<int> CountItemsAsync() => Task.FromResult(Math.Max(node.Pins.Count, service.Requests.Count));

    public override Task LoseAsync(NetworkItem item)
    {
        node.Lose(RootOf(item));
        if (item.Receipt!.Transaction.Length > 0) service.Requests.Remove(item.Receipt.Transaction);
        return Task.CompletedTask;
    }

    public override Task DamageAsync(NetworkItem item)
    {
        node.Damage(RootOf(item));
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await backend.DisposeAsync();
        await node.DisposeAsync();
        await gateway.DisposeAsync();
        await service.DisposeAsync();
    }

    private static async Task<NetworkHarness> RunAsync(Func<IpfsHarness, INetworkBackend> make)
    {
        var node = await NodePeer.RunAsync();
        return new IpfsHarness(node, await GatewayPeer.RunAsync(node.Block), await PinningPeer.RunAsync(), make);
    }

    private static string RootOf(NetworkItem item) => Convert.ToHexStringLower(item.Receipt!.Locator.Span);

    /// <summary>What goes wrong at a call of any of the three.</summary>
    public static Fault? At(PeerFault fault, string call)
    {
        var givesItems = call.Contains("/block/get", StringComparison.Ordinal) || call.Contains("/ipfs/", StringComparison.Ordinal);
        var changes = call.EndsWith("/dag/import", StringComparison.Ordinal) || call.EndsWith("/pin/rm", StringComparison.Ordinal) || call == "POST /pins" || call.StartsWith("DELETE ", StringComparison.Ordinal);
        return fault switch
        {
            PeerFault.WrongBytes when givesItems => Support.Fault.WrongBytes,
            PeerFault.ShortBytes when givesItems => Support.Fault.Short,
            // Within a CAR, where a byte more behind its end is nobody's, a block that is longer is one with another hash.
            PeerFault.LongBytes when call.Contains("/ipfs/bafy", StringComparison.Ordinal) => Support.Fault.WrongBytes,
            PeerFault.LongBytes when givesItems => Support.Fault.Long,
            PeerFault.ServerError => Support.Fault.Error,
            PeerFault.Unavailable => Support.Fault.Unavailable,
            PeerFault.Throttles => Support.Fault.Throttled,
            PeerFault.Hangs => Support.Fault.Hang,
            PeerFault.LosesAnswers when changes => Support.Fault.Cut,
            // A gateway that asks for nothing has nothing to refuse.
            PeerFault.RefusesCredentials when !call.Contains("/ipfs/", StringComparison.Ordinal) => Support.Fault.Refused,
            PeerFault.OutOfFunds when call == "POST /pins" => Support.Fault.Funds,
            PeerFault.OutOfSpace when call.EndsWith("/dag/import", StringComparison.Ordinal) => Support.Fault.Full,
            _ => null,
        };
    }
}
