using Oort.Backends.Ipfs;
using Oort.Backends.Ipfs.Tests.Support;
using Oort.Backends.Suite;
using Oort.Evm;

namespace Oort.Backends.Crust.Tests.Support;

/// <summary>A W3Auth gateway, a W3Auth pinning service whose orders take a while, and a trustless gateway over what those who store have fetched by then. Nothing is deleted of that.</summary>
internal sealed class CrustHarness : NetworkHarness
{
    private static readonly TimeSpan queueTime = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan orderTime = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, DateTimeOffset> asked = [];
    private readonly Dictionary<string, byte[]> replicas = [];
    private readonly GatewayPeer gateway;
    private CrustBackend backend;
    private PeerFault fault;

    private CrustHarness(NodePeer node, PinningPeer service, Func<Func<string, byte[]?>, Task<GatewayPeer>> run)
    {
        (Node, Service) = (node, service);
        gateway = run(name => replicas.GetValueOrDefault(name)).GetAwaiter().GetResult();
        using var key = EvmKey.FromHex(new string('4', 64));
        Token = W3AuthToken.Of(key);
        node.Admits = sent => W3AuthCheck.Account(sent, "Basic") is not null;
        service.Admits = sent => W3AuthCheck.Account(sent, "Bearer") is not null;
        service.StatusOf = StatusOf;
        foreach (var peer in Peers) peer.Hanging = Clock.Expire;
        backend = Make();
    }

    public NodePeer Node { get; }

    public PinningPeer Service { get; }

    public W3AuthToken Token { get; }

    public HangingTime Clock { get; } = new();

    /// <summary>What the service says of every order; null: it goes its way.</summary>
    public string? Status { get; set; }

    public CrustOptions Options => new()
    {
        Gateway = Node.Address,
        Service = Service.Address,
        Token = Token,
        Gateways = [new(gateway.Address)],
        ConnectTimeout = TimeSpan.FromMinutes(10),
    };

    public override INetworkBackend Backend => backend;

    public override TimeProvider Time => Clock;

    public override int PaymentCount => Service.PaidCount;

    public override ReadChecks ReadChecks => ReadChecks.Ranges;

    public override IReadOnlyList<string> Secrets => [Token.ToBearer().Value];

    public override IReadOnlyList<int> Lengths => [20, 70_001, (1 << 20) + 1];

    public override PeerFault Fault
    {
        get => fault;
        set
        {
            fault = value;
            foreach (var peer in Peers) peer.Faults = call => IpfsHarness.At(value, call);
        }
    }

    private IEnumerable<PeerServer> Peers => [Node, Service, gateway];

    public static async Task<CrustHarness> RunAsync() => new(await NodePeer.RunAsync(), await PinningPeer.RunAsync(hasOneRequestPerCid: true), GatewayPeer.RunAsync);

    public override async Task RestartAsync()
    {
        await backend.DisposeAsync();
        backend = Make();
    }

    public override Task AdvanceAsync(TimeSpan by)
    {
        Clock.Advance(by);
        return Task.CompletedTask;
    }

    public override bool Knows(PeerFault fault) => true;

    // A gateway's wrong bytes are its own: the item waits for better ones.
    public override IReadOnlyList<BackendErrorKind> KindsOf(PeerFault fault) => fault is PeerFault.WrongBytes ? [BackendErrorKind.Corrupt, BackendErrorKind.Transient] : base.KindsOf(fault);

    public override Task<int> CountItemsAsync() => Task.FromResult(Math.Max(Node.Pins.Count, Service.Requests.Count));

    public override Task LoseAsync(NetworkItem item)
    {
        var root = RootOf(item);
        foreach (var name in Tree(root).ToList()) replicas.Remove(name);
        Node.Lose(root);
        Service.Requests.Remove(item.Receipt!.Transaction);
        return Task.CompletedTask;
    }

    public override Task DamageAsync(NetworkItem item)
    {
        var root = RootOf(item);
        foreach (var name in Tree(root).Where(name => name.StartsWith("0155", StringComparison.Ordinal) && replicas.ContainsKey(name)).ToList()) replicas[name] = [.. replicas[name].Select(value => (byte)~value)];
        Node.Damage(root);
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await backend.DisposeAsync();
        foreach (var peer in Peers) await peer.DisposeAsync();
    }

    private static string RootOf(NetworkItem item) => Convert.ToHexStringLower(item.Receipt!.Locator.Span);

    private CrustBackend Make() => new(Options, Clock);

    private string StatusOf(string id)
    {
        asked.TryAdd(id, Clock.GetUtcNow());
        var waited = Clock.GetUtcNow() - asked[id];
        var status = Status ?? (waited < queueTime ? "queued" : waited < orderTime ? "pinning" : "pinned");
        if (status == "pinned" && Cid.TryParse(Service.Requests[id].Cid, out var cid))
        {
            foreach (var name in Tree(Convert.ToHexStringLower(cid.ToBytes())))
            {
                if (Node.Block(name) is { } block) replicas.TryAdd(name, block);
            }
        }

        return status;
    }

    private IEnumerable<string> Tree(string root)
    {
        var block = Node.Block(root) ?? replicas.GetValueOrDefault(root);
        return block is not null && root.StartsWith("0170", StringComparison.Ordinal) ? NaiveUnixFs.Links(block).Append(root) : [root];
    }
}
