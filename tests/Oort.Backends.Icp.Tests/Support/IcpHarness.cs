using Oort.Backends.Ipfs.Tests.Support;
using Oort.Backends.Suite;

namespace Oort.Backends.Icp.Tests.Support;

/// <summary>A canister behind its gateway, and the test's writer in the slot.</summary>
internal sealed class IcpHarness : NetworkHarness
{
    private IcpBackend backend;
    private PeerFault fault;

    private IcpHarness(CanisterPeer peer)
    {
        Peer = peer;
        peer.Hanging = Clock.Expire;
        backend = Make();
    }

    public static CanisterId Canister { get; } = CanisterId.Parse("ryjl3-tyaaa-aaaaa-aaaba-cai");

    public CanisterPeer Peer { get; }

    public HangingTime Clock { get; } = new();

    public IcpOptions Options => new() { Canister = Canister, Gateway = $"{Peer.Address.AbsoluteUri}{IcpOptions.Placeholder}", ConnectTimeout = TimeSpan.FromMinutes(10) };

    public override INetworkBackend Backend => backend;

    public override TimeProvider Time => Clock;

    public override int PaymentCount => Peer.PaidCount;

    public override ReadChecks ReadChecks => ReadChecks.Whole;

    public override IReadOnlyList<string> Secrets => [CanisterPeer.Token];

    public override PeerFault Fault
    {
        get => fault;
        set
        {
            fault = value;
            Peer.Faults = call => At(value, call);
        }
    }

    public static async Task<IcpHarness> RunAsync() => new(await CanisterPeer.RunAsync());

    /// <summary>The path at the peer, which has the canister's id in it.</summary>
    public static string PathOf(NetworkItem item) => $"/{item.Receipt!.Address}";

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

    public override bool Knows(PeerFault fault) => fault is not (PeerFault.OutOfFunds or PeerFault.OutOfSpace);

    public override Task<int> CountItemsAsync() => Task.FromResult(Peer.FileCount);

    public override Task LoseAsync(NetworkItem item)
    {
        Peer.Lose(PathOf(item));
        return Task.CompletedTask;
    }

    public override Task DamageAsync(NetworkItem item)
    {
        Peer.Damage(PathOf(item));
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await backend.DisposeAsync();
        await Peer.DisposeAsync();
    }

    private IcpBackend Make() => new(Options, new PeerWriter(Peer.Address, Clock), Clock);

    private static Fault? At(PeerFault fault, string call)
    {
        var isRead = call.StartsWith("GET ", StringComparison.Ordinal);
        return fault switch
        {
            PeerFault.WrongBytes when isRead => Ipfs.Tests.Support.Fault.WrongBytes,
            PeerFault.ShortBytes when isRead => Ipfs.Tests.Support.Fault.Short,
            PeerFault.LongBytes when isRead => Ipfs.Tests.Support.Fault.Long,
            PeerFault.ServerError => Ipfs.Tests.Support.Fault.Error,
            PeerFault.Unavailable => Ipfs.Tests.Support.Fault.Unavailable,
            PeerFault.Throttles => Ipfs.Tests.Support.Fault.Throttled,
            PeerFault.Hangs => Ipfs.Tests.Support.Fault.Hang,
            PeerFault.LosesAnswers when !isRead => Ipfs.Tests.Support.Fault.Cut,
            PeerFault.RefusesCredentials when !isRead => Ipfs.Tests.Support.Fault.Refused,
            _ => null,
        };
    }
}
