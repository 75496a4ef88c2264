using Oort.Backends.Arweave.Tests.Support;
using Oort.Backends.Suite;

namespace Oort.Backends.Arweave.Tests.Peers;

/// <summary>A weave with two nodes, two gateways and a bundler. A block comes every two minutes, and the bundler writes a bundle whenever time passes.</summary>
internal sealed class ArweaveHarness : NetworkHarness
{
    private const int PartSize = 20_000;

    private static readonly TimeSpan blockTime = TimeSpan.FromMinutes(2);

    private readonly ImpatientTime time = new(new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly Weave weave = new();
    private readonly FakeBundler bundler;
    private readonly FakeNode[] nodes;
    private readonly FakeGateway[] gateways;
    private readonly IDataItemSigner? signer;
    private ArweaveBackend backend;
    private PeerFault fault;

    /// <param name="signer">Who signs data items for the bundler; null: items are transactions of their own.</param>
    public ArweaveHarness(IDataItemSigner? signer)
    {
        this.signer = signer;
        bundler = new(weave);
        nodes = [new(weave), new(weave)];
        gateways = [new(weave), new(weave)];
        weave.Pay(Wallets.Own.Address, 1_000_000_000_000);
        bundler.Balance = 1_000_000_000_000;
        backend = Make();
    }

    public override INetworkBackend Backend => backend;

    public override TimeProvider Time => time;

    public override PeerFault Fault
    {
        get => fault;
        set
        {
            fault = value;
            Apply();
        }
    }

    public override int PaymentCount => signer is null ? weave.PaidCount + weave.Waiting.Count : bundler.Charged.Count;

    /// <summary>An id is a hash over the whole item and its signature: what is read is compared by its SHA-256 when the item is sealed and looked at.</summary>
    public override ReadChecks ReadChecks => ReadChecks.None;

    public override IReadOnlyList<string> Secrets { get; } =
    [
        .. ((string[])["d", "p", "q"]).Select(name => Vectors.Read("wallet").GetProperty(name).GetString()!),
        Vectors.Read("ans104").GetProperty("items")[0].GetProperty("private_key_hex").GetString()!,
    ];

    /// <summary>In one request; in parts, of one step and of several. Of one chunk, of a whole chunk and an empty leaf, of three chunks.</summary>
    public override IReadOnlyList<int> Lengths => signer is null ? [1, 1_000, 262_144, 700_001] : [1, 1_000, 100_000, 300_000];

    public override TimeSpan Patience => TimeSpan.FromMinutes(5);

    public override bool Knows(PeerFault fault) => fault switch
    {
        // Nodes know no accounts but by signatures, and a bundler's space is its own affair.
        PeerFault.RefusesCredentials => signer is not null,
        PeerFault.OutOfSpace => signer is null,
        _ => true,
    };

    /// <summary>A node without space soon has some again, and another may have it now.</summary>
    public override IReadOnlyList<BackendErrorKind> KindsOf(PeerFault fault) => fault == PeerFault.OutOfSpace ? [BackendErrorKind.Throttled] : base.KindsOf(fault);

    public override async Task RestartAsync()
    {
        await backend.DisposeAsync();
        backend = Make();
    }

    public override Task AdvanceAsync(TimeSpan by)
    {
        const int blockCountMax = 200;
        time.Advance(by);
        bundler.Bundle();
        weave.Mine((int)Math.Clamp(by / blockTime, 1, blockCountMax));
        return Task.CompletedTask;
    }

    public override Task<int> CountItemsAsync() => Task.FromResult(signer is null ? weave.Mined.Count + weave.Waiting.Count : bundler.ItemCount);

    public override Task LoseAsync(NetworkItem item)
    {
        bundler.Lose(item.Receipt!.Address);
        weave.Lose(item.Receipt.Address);
        return Task.CompletedTask;
    }

    public override Task DamageAsync(NetworkItem item)
    {
        weave.Damage(item.Receipt!.Address);
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await backend.DisposeAsync();
        foreach (var server in Servers()) await server.DisposeAsync();
    }

    private IEnumerable<FakeServer> Servers() => [bundler, .. nodes, .. gateways];

    private void Apply()
    {
        time.IsImpatient = fault == PeerFault.Hangs;
        weave.AreWalletsEmpty = fault == PeerFault.OutOfFunds && signer is null;
        bundler.IsPaid = fault != PeerFault.OutOfFunds;
        Func<byte[], byte[]> change = fault switch
        {
            PeerFault.WrongBytes => bytes => [.. bytes.Select(b => (byte)~b)],
            PeerFault.ShortBytes => bytes => bytes[..^1],
            PeerFault.LongBytes => bytes => [.. bytes, 0],
            _ => bytes => bytes,
        };
        foreach (var gateway in gateways) gateway.Data = change;
        foreach (var node in nodes) node.Chunk = change;
        foreach (var server in Servers()) Apply(server);
    }

    private void Apply(FakeServer server)
    {
        server.Fault = null;
        switch (fault)
        {
            case PeerFault.ServerError:
                server.Answers("", 500);
                break;
            case PeerFault.Unavailable:
                server.Answers("", 503);
                break;
            case PeerFault.Throttles:
                server.Answers("", 429);
                break;
            case PeerFault.Hangs:
                server.Hangs("");
                break;
            case PeerFault.LosesAnswers:
                server.LosesAnswers("", losesQuestions: false);
                break;
            case PeerFault.RefusesCredentials when server == bundler:
                server.Answers("", 401);
                break;
            case PeerFault.OutOfSpace when server is FakeNode:
                server.AnswersPosts("/chunk", 400, """{"error":"disk_full"}""");
                break;
        }
    }

    private ArweaveBackend Make()
    {
        var options = new ArweaveOptions
        {
            Bundler = bundler.Endpoint,
            Nodes = [.. nodes.Select(node => node.Endpoint)],
            Gateways = [.. gateways.Select(gateway => gateway.Endpoint)],
            PostLengthMax = 60_000,
            PartSize = PartSize,
            // Ten blocks.
            PollInterval = 10 * blockTime,
            SealPatience = TimeSpan.FromHours(12),
            StallTimeout = TimeSpan.FromMinutes(5),
        };
        return signer is null ? ArweaveBackend.Direct(options, Wallets.Own, time) : ArweaveBackend.ThroughBundler(options, signer, time);
    }
}
