using Microsoft.AspNetCore.Http;
using Oort.Backends.Arweave.Tests.Peers;
using Oort.Backends.Arweave.Tests.Support;
using Oort.Backends.Crust.Tests.Support;
using Oort.Backends.Filecoin.Tests.Peers;
using Oort.Backends.Ipfs.Tests.Support;
using Oort.Backends.Suite;
using Oort.Conformance.Harness;
using Oort.Evm;
using Oort.Evm.Tests.Peer;

namespace Oort.Conformance.Networks;

/// <summary>
/// Networks that are billed by the item, on 127.0.0.1: "filecoin", a provider and its contracts; "weave", a bundler, a weave and a gateway; "crust", a chain (anvil) with a StorageOrder contract, an IPFS node and a trustless gateway;
/// "pins", a W3Auth gateway, a pinning service and a trustless gateway. All check signatures and hashes. Chains' hours pass in tenths of a second.
/// </summary>
internal sealed class ChainNetworks : IAsyncDisposable
{
    private const ulong ChainId = 366_666;

    /// <summary>The first of anvil's own accounts, and of nobody else.</summary>
    private const string PayerKey = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

    private static readonly string accountKey = new('4', 64);

    private static readonly AbiEvent order = new("Order(address,address,string,uint256,uint256,bool)");

    private readonly SteppingTime time = new(TimeProvider.System.GetUtcNow());
    private readonly Weave weave = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly Dictionary<string, int> asked = [];
    private readonly FakeBundler bundler;
    private readonly FakeGateway weaveGateway;
    private StubProvider provider = null!;
    private Anvil anvil = null!;
    private RpcPeer rpc = null!;
    private EvmAddress contract;
    private NodePeer orderNode = null!;
    private GatewayPeer orderGateway = null!;
    private NodePeer pinNode = null!;
    private PinningPeer pins = null!;
    private GatewayPeer pinGateway = null!;
    private Task turning = Task.CompletedTask;
    private volatile string lost = "";

    private ChainNetworks()
    {
        bundler = new(weave) { Balance = 1_000_000_000_000 };
        weaveGateway = new(weave);
    }

    public IReadOnlyList<string> Names { get; } = ["filecoin", "weave", "crust", "pins"];

    /// <summary>Called with a network's name when it takes a payment, before it answers.</summary>
    public Action<string> Paid { get; set; } = _ => { };

    public static async Task<ChainNetworks> StartAsync()
    {
        var networks = new ChainNetworks();
        try
        {
            await networks.StartPeersAsync();
            return networks;
        }
        catch
        {
            await networks.DisposeAsync();
            throw;
        }
    }

    /// <summary>What "oort backend add" takes behind the name of each.</summary>
    /// <param name="folder">For secrets.</param>
    public IEnumerable<(string Name, string[] Arguments)> Describe(TemporaryFolder folder)
    {
        File.WriteAllText(folder["payer"], PayerKey);
        File.WriteAllText(folder["account"], accountKey);
        File.WriteAllText(folder["node-key"], StubProvider.NodeKey);
        File.WriteAllBytes(folder["wallet"], Vectors.Bytes("wallet"));
        yield return ("filecoin", Arguments("filecoin",
            [$"rpc={provider.Endpoint}rpc", $"provider={provider.Endpoint}", $"provider-id={StubChain.ProviderId}", "chain=calibration", "poll-seconds=1", "proof-poll-seconds=1", "bundle-below=0"],
            [$"key={folder["payer"]}", $"rpc-authorization={folder["node-key"]}"]));
        yield return ("weave", Arguments("arweave", [$"bundler={bundler.Endpoint}", $"gateways={weaveGateway.Endpoint}", "poll-seconds=1", "bundle-below=0"], [$"wallet={folder["wallet"]}"]));
        yield return ("crust", Arguments("crust",
            [$"rpc={rpc.Address}", $"chain={ChainId}", $"contract={contract}", "coin=ETH", $"node={orderNode.Address}", $"gateways={orderGateway.Address}", "usd-per-coin=2000", "usd-per-coin-date=2026-11-01", "confirmations=3",
             "poll-seconds=1", "bundle-below=0"],
            [$"key={folder["payer"]}"]));
        yield return ("pins", Arguments("crust", [$"gateway={pinNode.Address}", $"service={pins.Address}", $"gateways={pinGateway.Address}", "poll-seconds=1"], [$"key={folder["account"]}"]));
    }

    /// <summary>What each payment that a network took was for: a piece, a data item, a CID.</summary>
    public async Task<IReadOnlyList<string>> ListPaidAsync(string name)
    {
        switch (name)
        {
            case "filecoin":
                // A data set is made once, too.
                if (provider.Chain.CreationCount != 1 || provider.Chain.AdditionCount != provider.Chain.Pieces.Count()) throw new InvalidOperationException("An addition was of more than a piece, or there are other data sets.");
                return [.. provider.Chain.Pieces.Select(piece => piece.ToString())];
            case "weave":
                return bundler.Charged;
            case "crust":
                return await ListOrdersAsync();
            default:
                if (pins.PaidCount != pins.Requests.Count) throw new InvalidOperationException($"The service was asked {pins.PaidCount} times for {pins.Requests.Count} pins.");
                return [.. pins.Requests.Values.Select(request => request.Cid)];
        }
    }

    /// <summary>Whether nothing of a network answers.</summary>
    public void SetLost(string name, bool isLost)
    {
        lost = isLost ? name : "";
        provider.Fault = lost == "filecoin" ? PeerFault.Unavailable : PeerFault.None;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await turning;
        foreach (IAsyncDisposable? peer in (IAsyncDisposable?[])[provider, bundler, weaveGateway, rpc, anvil, orderNode, orderGateway, pinNode, pins, pinGateway])
            if (peer is not null) await peer.DisposeAsync();
        stopping.Dispose();
    }

    private static string[] Arguments(string kind, string[] settings, string[] secrets) => [kind, .. settings.SelectMany(setting => (string[])["--set", setting]), .. secrets.SelectMany(secret => (string[])["--secret", secret])];

    private async Task StartPeersAsync()
    {
        provider = await StubProvider.StartAsync(time);
        provider.Override = request =>
        {
            if (request.Method == "POST" && request.Path.Value!.EndsWith("/pieces", StringComparison.Ordinal)) Paid("filecoin");
            return null;
        };
        bundler.Receipt = _ => Paid("weave");
        bundler.Fault = weaveGateway.Fault = RefuseAsync;

        anvil = await Anvil.StartAsync("--chain-id", $"{ChainId}", "--block-time", "1");
        contract = await DeployAsync();
        rpc = await RpcPeer.RunAsync(anvil.Endpoint, method =>
        {
            if (method == "eth_sendRawTransaction") Paid("crust");
        });
        orderNode = await NodePeer.RunAsync();
        orderGateway = await GatewayPeer.RunAsync(orderNode.Block);
        foreach (PeerServer peer in (PeerServer[])[rpc, orderNode, orderGateway]) peer.Faults = _ => lost == "crust" ? Fault.Unavailable : null;

        pinNode = await NodePeer.RunAsync();
        pinNode.Admits = sent => W3AuthCheck.Account(sent, "Basic") is not null;
        pins = await PinningPeer.RunAsync(hasOneRequestPerCid: true);
        pins.Admits = sent => W3AuthCheck.Account(sent, "Bearer") is not null;
        pins.StatusOf = StatusOf;
        pinGateway = await GatewayPeer.RunAsync(pinNode.Block);
        foreach (PeerServer peer in (PeerServer[])[pinNode, pins, pinGateway]) peer.Faults = _ => lost == "pins" ? Fault.Unavailable : null;

        turning = TurnAsync();
    }

    /// <summary>Has time pass on the chains that have none of their own: a day in a little more than two seconds.</summary>
    private async Task TurnAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            time.Advance(TimeSpan.FromHours(1));
            bundler.Bundle();
            weave.Mine(count: 2);
            await Task.Delay(100, stopping.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private async Task<bool> RefuseAsync(HttpContext context)
    {
        if (lost != "weave") return false;
        context.Response.StatusCode = 503;
        await context.Response.CompleteAsync();
        return true;
    }

    /// <summary>Queued at first, then fetched, then there.</summary>
    private string StatusOf(string request)
    {
        var count = asked[request] = asked.GetValueOrDefault(request) + 1;
        // The first time is the answer to the request itself, which is kept by then.
        if (count == 1) Paid("pins");
        return count switch
        {
            < 3 => "queued",
            < 6 => "pinning",
            _ => "pinned",
        };
    }

    private async Task<EvmAddress> DeployAsync()
    {
        var code = await Solc.CompileAsync(Path.Combine(AppContext.BaseDirectory, "Peers", "StorageOrder.sol"), "StorageOrder");
        using var payer = EvmKey.FromHex(PayerKey);
        var (fee, tip) = (await anvil.Client.GetFeeHistoryAsync(4, [50], default)).Suggest(1_000_000_000, 1_000_000_000_000);
        var signed = new FeeMarketTransaction { ChainId = ChainId, Nonce = 0, GasLimit = 3_000_000, To = null, Data = EvmHex.Decode("0x" + code), MaxFeePerGas = fee, MaxPriorityFeePerGas = tip }.Sign(payer);
        await anvil.Client.SendAsync(signed, default);
        while (true)
        {
            if (await anvil.Client.GetReceiptAsync(signed.Hash, default) is { } receipt) return receipt.Contract!.Value;
            await Task.Delay(100);
        }
    }

    /// <summary>CIDs of the contract's orders. Each transaction of the account but the first, which made the contract, is one: none was undone.</summary>
    private async Task<IReadOnlyList<string>> ListOrdersAsync()
    {
        using var payer = EvmKey.FromHex(PayerKey);
        var head = await anvil.Client.GetBlockNumberAsync(default);
        var logs = await anvil.Client.GetLogsAsync(new() { Address = contract, FromBlock = 0, ToBlock = head, Topics = [order.Topic] }, default);
        var used = await anvil.Client.GetTransactionCountAsync(payer.Address, EvmBlockTag.Latest, default);
        if ((ulong)logs.Count + 1 != used) throw new InvalidOperationException($"{used} transactions made {logs.Count} orders.");
        return [.. logs.Select(log => order.TryDecode(log, out var values) ? (string)values[2] : throw new InvalidOperationException("A log of the contract's is no order."))];
    }
}
