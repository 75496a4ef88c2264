namespace Oort.Backends.Suite;

/// <summary><see cref="FakeNetwork"/> and its backend, perhaps with another put around it.</summary>
public sealed class FakeNetworkHarness : NetworkHarness
{
    private readonly SteppingTime time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly Func<INetworkBackend, FakeNetwork, INetworkBackend> around;
    private readonly FakeNetwork network;
    private INetworkBackend backend;

    /// <param name="around">Makes what is tested of the backend and the network: itself, or one that has a flaw.</param>
    public FakeNetworkHarness(Func<INetworkBackend, FakeNetwork, INetworkBackend>? around = null)
    {
        this.around = around ?? ((inner, _) => inner);
        network = new(time);
        backend = Make();
    }

    public override INetworkBackend Backend => backend;

    public override TimeProvider Time => time;

    public override PeerFault Fault
    {
        get => network.Fault;
        set => network.Fault = value;
    }

    public override int PaymentCount => network.PaymentCount;

    public override ReadChecks ReadChecks => ReadChecks.None;

    public override IReadOnlyList<string> Secrets => [network.Secret];

    public override TimeSpan Patience => TimeSpan.FromSeconds(5);

    public override Task RestartAsync()
    {
        backend = Make();
        return Task.CompletedTask;
    }

    public override Task AdvanceAsync(TimeSpan by)
    {
        time.Advance(by);
        return Task.CompletedTask;
    }

    public override bool Knows(PeerFault fault) => true;

    public override Task<int> CountItemsAsync() => Task.FromResult(network.ItemCount);

    public override Task LoseAsync(NetworkItem item)
    {
        network.Lose(item.Receipt!.Transaction);
        return Task.CompletedTask;
    }

    public override Task DamageAsync(NetworkItem item)
    {
        network.Damage(item.Receipt!.Transaction);
        return Task.CompletedTask;
    }

    public override ValueTask DisposeAsync() => backend.DisposeAsync();

    private INetworkBackend Make() => around(new FakeNetworkBackend(network, network.Secret, time), network);
}
