using Oort.Backends.S3.Tests.Peers;
using Oort.Backends.Suite;
using Oort.Evm;

namespace Oort.Backends.Filecoin.Tests.Peers;

/// <summary>The backend on a <see cref="StubProvider"/>.</summary>
internal sealed class FilecoinHarness : NetworkHarness
{
    private const string KeyText = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

    private readonly SteppingTime time;
    private readonly ImpatientTime clientTime = new();
    private readonly EvmKey key = EvmKey.FromHex(KeyText);
    private readonly Func<FilecoinOptions, FilecoinOptions> change;
    private FilecoinBackend backend;

    private FilecoinHarness(StubProvider stub, SteppingTime time, Func<FilecoinOptions, FilecoinOptions> change)
    {
        Stub = stub;
        this.time = time;
        this.change = change;
        backend = Make();
    }

    public StubProvider Stub { get; }

    public override INetworkBackend Backend => backend;

    public override TimeProvider Time => time;

    public override PeerFault Fault
    {
        get => Stub.Fault;
        set
        {
            Stub.Fault = value;
            clientTime.IsImpatient = value == PeerFault.Hangs;
        }
    }

    public override int PaymentCount => Stub.Chain.Locked(() => Stub.Chain.AdditionCount);

    public override ReadChecks ReadChecks => ReadChecks.Whole;

    public override IReadOnlyList<string> Secrets => [KeyText, StubProvider.NodeKey, "n0de-s3cr3t"];

    /// <summary>The shortest; one block; a block and a byte; three blocks, the last shorter.</summary>
    public override IReadOnlyList<int> Lengths => [127, 1_000, 65_025, 140_001];

    public static async Task<FilecoinHarness> StartAsync(Func<FilecoinOptions, FilecoinOptions>? change = null)
    {
        var time = new SteppingTime(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return new(await StubProvider.StartAsync(time), time, change ?? (options => options));
    }

    public override async Task RestartAsync()
    {
        await backend.DisposeAsync();
        backend = Make();
    }

    public override Task AdvanceAsync(TimeSpan by)
    {
        time.Advance(by);
        return Task.CompletedTask;
    }

    public override bool Knows(PeerFault fault) => true;

    public override Task<int> CountItemsAsync() => Task.FromResult(Stub.CountItems());

    public override Task LoseAsync(NetworkItem item)
    {
        Stub.Lose(item.Receipt!.Address);
        return Task.CompletedTask;
    }

    public override Task DamageAsync(NetworkItem item)
    {
        Stub.Damage(item.Receipt!.Address);
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await backend.DisposeAsync();
        await Stub.DisposeAsync();
        key.Dispose();
    }

    private FilecoinBackend Make() => new(
        change(new()
        {
            Network = FilecoinNetwork.Calibration,
            Node = new() { Endpoint = new(Stub.Endpoint, "/rpc"), Authorization = StubProvider.NodeKey },
            ServiceUrl = Stub.Endpoint,
            ProviderId = StubChain.ProviderId,
        }),
        key,
        time,
        clientTime);
}
