using System.Numerics;
using Oort.Backends.Ipfs;
using Oort.Backends.Ipfs.Tests.Support;
using Oort.Backends.Suite;
using Oort.Evm;

namespace Oort.Backends.Crust.Tests.Support;

/// <summary>A chain that takes orders, a node that items are sent to, and a trustless gateway over what those who took the orders have fetched by then. Nothing is deleted of that.</summary>
internal sealed class OrderHarness : NetworkHarness
{
    private const string PayerKey = "3333333333333333333333333333333333333333333333333333333333333333";
    private const string RpcSecret = "the-rpc-secret";

    /// <summary>From an order's block until those who took it have the item.</summary>
    private static readonly TimeSpan fetchTime = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, byte[]> replicas = [];
    private readonly W3AuthToken token;
    private CrustOrderBackend backend;
    private PeerFault fault;

    private OrderHarness(HangingTime clock, NodePeer node, ChainPeer chain, Func<Func<string, byte[]?>, Task<GatewayPeer>> run)
    {
        (Clock, Node, Chain) = (clock, node, chain);
        Gateway = run(Replica).GetAwaiter().GetResult();
        using var other = EvmKey.FromHex(new string('4', 64));
        token = W3AuthToken.Of(other);
        node.Admits = sent => W3AuthCheck.Account(sent, "Basic") is not null;
        chain.Admits = sent => sent == $"Bearer {RpcSecret}";
        foreach (var peer in Peers) peer.Hanging = Clock.Expire;
        Options = new()
        {
            Chain = chain.Chain,
            Rpc = new() { Endpoint = chain.Address, Authorization = $"Bearer {RpcSecret}" },
            Node = Node.Address,
            Credentials = token.ToBasic(),
            Gateways = [new(Gateway.Address)],
            UsdPerCoin = 2_000,
            UsdPerCoinAsOf = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero),
            ConnectTimeout = TimeSpan.FromMinutes(10),
        };
        backend = Make();
    }

    public NodePeer Node { get; }

    public ChainPeer Chain { get; }

    public GatewayPeer Gateway { get; }

    public HangingTime Clock { get; }

    public EvmKey Key { get; } = EvmKey.FromHex(PayerKey);

    /// <summary>What <see cref="RestartAsync"/> begins with.</summary>
    public CrustOrderOptions Options { get; set; }

    public override INetworkBackend Backend => backend;

    public override TimeProvider Time => Clock;

    public override int PaymentCount => Chain.MinedCount + Chain.Pool.Count;

    public override ReadChecks ReadChecks => ReadChecks.Ranges;

    public override IReadOnlyList<string> Secrets => [token.ToBearer().Value, token.ToBasic().Value, PayerKey, RpcSecret];

    public override IReadOnlyList<int> Lengths => [20, 70_001, (1 << 20) + 1];

    public override PeerFault Fault
    {
        get => fault;
        set
        {
            fault = value;
            foreach (var peer in Peers) peer.Faults = call => value == PeerFault.LosesAnswers && call == "POST /" ? null : IpfsHarness.At(value, call);
            Chain.LosesSends = value == PeerFault.LosesAnswers;
            Chain.Funds = value == PeerFault.OutOfFunds ? 0 : BigInteger.Pow(10, 19);
        }
    }

    private IEnumerable<PeerServer> Peers => [Node, Chain, Gateway];

    public static async Task<OrderHarness> RunAsync()
    {
        var clock = new HangingTime();
        return new(clock, await NodePeer.RunAsync(), await ChainPeer.RunAsync(clock), GatewayPeer.RunAsync);
    }

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

    public override Task<int> CountItemsAsync() => Task.FromResult(Math.Max(Node.Pins.Count, Chain.Orders.Count));

    public override Task LoseAsync(NetworkItem item)
    {
        Fetch();
        foreach (var name in Tree(RootOf(item)).ToList()) replicas.Remove(name);
        Node.Lose(RootOf(item));
        return Task.CompletedTask;
    }

    /// <summary>Those who store an item lose it; the node has it.</summary>
    public void LoseReplicas(NetworkItem item)
    {
        Fetch();
        foreach (var name in Tree(RootOf(item)).ToList()) replicas[name] = [];
    }

    public override Task DamageAsync(NetworkItem item)
    {
        Fetch();
        var root = RootOf(item);
        foreach (var name in Tree(root).Where(name => name.StartsWith("0155", StringComparison.Ordinal) && replicas.ContainsKey(name)).ToList()) replicas[name] = [.. replicas[name].Select(value => (byte)~value)];
        Node.Damage(root);
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await backend.DisposeAsync();
        Key.Dispose();
        foreach (var peer in Peers) await peer.DisposeAsync();
    }

    private static string RootOf(NetworkItem item) => Convert.ToHexStringLower(item.Receipt!.Locator.Span);

    private CrustOrderBackend Make() => new(Options, Key, Clock);

    private byte[]? Replica(string name)
    {
        Fetch();
        // What was lost is kept as nothing, so that it is not fetched again.
        return replicas.GetValueOrDefault(name) is { Length: > 0 } block ? block : null;
    }

    /// <summary>Those who took orders fetch what the node has.</summary>
    private void Fetch()
    {
        foreach (var order in Chain.Orders)
        {
            if (Clock.GetUtcNow() < order.Time + fetchTime || !Cid.TryParse(order.Cid, out var cid)) continue;
            foreach (var name in Tree(Convert.ToHexStringLower(cid.ToBytes())).ToList())
            {
                if (Node.Block(name) is { } block) replicas.TryAdd(name, block);
            }
        }
    }

    private IEnumerable<string> Tree(string root)
    {
        var block = Node.Block(root) ?? replicas.GetValueOrDefault(root);
        return block is { Length: > 0 } && root.StartsWith("0170", StringComparison.Ordinal) ? NaiveUnixFs.Links(block).Append(root) : [root];
    }
}
