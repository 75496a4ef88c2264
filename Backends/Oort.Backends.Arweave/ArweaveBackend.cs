using Oort.Backends.Arweave.Gateways;
using Oort.Backends.Arweave.Routes;
using Oort.Backends.Arweave.Sending;

namespace Oort.Backends.Arweave;

/// <summary>Permanent storage on Arweave: paid once, never deleted. Items go through a bundler or as transactions of their own, and are read from gateways.</summary>
/// <remarks>
/// An item is found by the id of its data item or transaction, which is the hash of a signature over its bytes. Until it is confirmed its route acts; then it is read back whole from a gateway
/// that it was not sent to, and only when that gave its SHA-256 is it sealed. What is sent and answered is bounded; nothing of an item's size is in memory.
/// </remarks>
public sealed class ArweaveBackend : INetworkBackend
{
    /// <summary>Prices are asked for this many bytes, and this many more.</summary>
    private const long SmallLength = 256 * 1024;

    private readonly ArweaveOptions options;
    private readonly ISendingRoute route;
    private readonly ArweaveHttp http;
    private readonly GatewayClient[] gateways;
    private readonly TimeProvider time;

    private ArweaveBackend(ArweaveOptions options, ArweaveHttp http, ISendingRoute route, ProofKinds proofs, TimeProvider time)
    {
        this.options = options;
        this.http = http;
        this.route = route;
        this.time = time;
        gateways = [.. options.Gateways.Select(gateway => new GatewayClient(http, gateway))];
        Traits = new()
        {
            Kind = "arweave",
            ItemLengthMax = route.ItemLengthMax,
            BundleBelow = options.BundleBelow ?? route.BundleBelow,
            ReadsRanges = true,
            AddressKind = AddressKind.Transaction,
            Latency = Latency.Cold,
            Retention = Retention.Permanent,
            Proofs = ProofKinds.ReadBack | proofs,
            Checks = new() { LookInterval = options.VerifyInterval, Looks = 0, LookReads = 1, LookBytes = route.SampleBytes },
        };
    }

    public NetworkTraits Traits { get; }

    public string Location => route.Location;

    /// <summary>Sends items through <see cref="ArweaveOptions.Bundler"/>.</summary>
    /// <param name="signer">Whose account at the bundler pays. Stays its owner's.</param>
    /// <exception cref="ArgumentException">An option is none; the message says which.</exception>
    public static ArweaveBackend ThroughBundler(ArweaveOptions options, IDataItemSigner signer, TimeProvider time)
    {
        var own = options.Checked();
        if (own.Bundler is null) throw new ArgumentException("Name the bundler's URL, or send items directly.", nameof(options));
        var http = Http(own, time);
        return new(own, http, new BundlerRoute(http, own, signer, time), ProofKinds.SignedReceipt, time);
    }

    /// <summary>Sends each item to <see cref="ArweaveOptions.Nodes"/> as a transaction.</summary>
    /// <param name="key">Whose AR pays. Stays its owner's.</param>
    /// <exception cref="ArgumentException">An option is none; the message says which.</exception>
    public static ArweaveBackend Direct(ArweaveOptions options, ArweaveKey key, TimeProvider time)
    {
        var own = (options with { Bundler = null }).Checked();
        if (own.Nodes.Count == 0) throw new ArgumentException("Name at least one node's URL, or a bundler's.", nameof(options));
        var http = Http(own, time);
        return new(own, http, new DirectRoute(http, own, key, time), ProofKinds.MerkleInclusion, time);
    }

    public ValueTask<NetworkItem> StepAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        item = ItemStates.Resumed(item);
        return item.State switch
        {
            ItemState.Planned when item.Length < 1 || item.Length > Traits.ItemLengthMax => throw new BackendException(BackendErrorKind.Permanent, $"Item {item.Id} has {item.Length} bytes; 1 to {Traits.ItemLengthMax} can be sent this way."),
            ItemState.Planned or ItemState.Uploading when source.Length != item.Length => throw new BackendException(BackendErrorKind.Corrupt, $"Item {item.Id} has {item.Length} bytes, and its source {source.Length}."),
            ItemState.Planned or ItemState.Uploading or ItemState.Accepted or ItemState.Pending => route.StepAsync(item, source, cancellationToken),
            ItemState.Confirmed => SealAsync(item, cancellationToken),
            ItemState.Sealed => LookAsync(item, cancellationToken),
            _ => throw new ArgumentException($"There is no step from {item.State}.", nameof(item)),
        };
    }

    /// <summary>Gateways are asked one after the other. Of a range nothing can be checked here but that it is one of an item of the right length: the id is a hash over all.</summary>
    public async ValueTask<int> ReadAsync(NetworkReceipt receipt, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (destination.IsEmpty) return 0;
        var locator = ItemLocator.Of(receipt);
        return await FromAnyAsync(gateways, gateway => gateway.ReadAsync(locator, offset, destination, cancellationToken));
    }

    public async ValueTask<NetworkEvidence> VerifyAsync(NetworkItem item, VerifyDepth depth, CancellationToken cancellationToken)
    {
        if (item.Receipt is null) return new(false, ProofKinds.None, 0, $"Item {item.Id} was never accepted.");
        try
        {
            return await ShownAsync(item, item.Receipt, depth, cancellationToken);
        }
        catch (BackendException e) when (e.Kind is BackendErrorKind.NotFound or BackendErrorKind.Corrupt)
        {
            return new(false, e.Kind == BackendErrorKind.Corrupt ? ProofKinds.ReadBack : ProofKinds.Claim, 0, e.Message);
        }
    }

    /// <summary>Nothing is ever deleted from Arweave.</summary>
    public ValueTask<(DeleteOutcome Outcome, DateTimeOffset? Effective)> DeleteAsync(NetworkItem item, CancellationToken cancellationToken) =>
        ValueTask.FromResult<(DeleteOutcome, DateTimeOffset?)>((DeleteOutcome.Undeletable, null));

    public async ValueTask<NetworkPrices> GetPricesAsync(CancellationToken cancellationToken)
    {
        const long gibibyte = 1L << 30;
        var small = (double)await route.GetPriceAsync(SmallLength, cancellationToken);
        var large = (double)await route.GetPriceAsync(SmallLength + gibibyte, cancellationToken);
        var usd = options.UsdPerAr / 1e12;
        var once = Math.Max(0, large - small);
        return new()
        {
            // What is left of the small price without its bytes.
            PerItem = Math.Max(0, small - once * SmallLength / gibibyte) * usd,
            PerGibibyteOnce = once * usd,
            // The network's price is of now, and in dollars it is as old as the rate.
            AsOf = options.UsdPerArAsOf,
            IsLive = true,
        };
    }

    public async ValueTask<NetworkAccount?> GetAccountAsync(CancellationToken cancellationToken) => await route.GetAccountAsync(cancellationToken);

    public ValueTask TestAsync(CancellationToken cancellationToken) => route.TestAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        http.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Confirmed: reads all of it from a gateway that it was not sent to.</summary>
    private async ValueTask<NetworkItem> SealAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (!await route.IsConfirmedAsync(item, cancellationToken)) return Steps.Next(item, ItemState.Pending, now + options.PollInterval);
        var others = Array.FindAll(gateways, gateway => !route.Authorities.Contains(gateway.Authority));
        try
        {
            await FromAnyAsync(others, gateway => HashAsync(gateway, item, cancellationToken));
            return Steps.Next(item, ItemState.Sealed, now + options.VerifyInterval);
        }
        // It is spread over the network, and each gateway indexes it when it comes to it; one that serves other bytes speaks for itself alone.
        catch (BackendException e) when (e.Kind is BackendErrorKind.NotFound or BackendErrorKind.Corrupt && now - route.ConfirmedSince(item) < options.SealPatience)
        {
            return Steps.Next(item, ItemState.Confirmed, now + options.PollInterval);
        }
    }

    /// <summary>Sealed: has a part of it shown. What no gateway has, or all have otherwise, is no copy any more; gateways that are away say nothing.</summary>
    private async ValueTask<NetworkItem> LookAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        await ShownAsync(item, item.Receipt!, VerifyDepth.Sample, cancellationToken);
        return Steps.Next(item, ItemState.Sealed, time.GetUtcNow() + options.VerifyInterval);
    }

    /// <summary>What shows that an item is there.</summary>
    /// <exception cref="BackendException">NotFound, Corrupt: it is not, or is something else. Otherwise nobody could be asked.</exception>
    private async ValueTask<NetworkEvidence> ShownAsync(NetworkItem item, NetworkReceipt receipt, VerifyDepth depth, CancellationToken cancellationToken)
    {
        if (depth == VerifyDepth.Exists)
        {
            var locator = ItemLocator.Of(receipt);
            await FromAnyAsync(gateways, gateway => gateway.ReadAsync(locator, 0, new byte[1], cancellationToken));
            return new(true, ProofKinds.Claim, 0, $"A gateway serves {receipt.Address} with {locator.Length} bytes, of which one was read.");
        }

        if (depth == VerifyDepth.Sample && await route.SampleAsync(item, cancellationToken) is { } evidence) return evidence;
        var host = await FromAnyAsync(gateways, gateway => HashAsync(gateway, item, cancellationToken));
        return new(true, ProofKinds.ReadBack, item.Length, $"{host} has served all {item.Length} bytes of {receipt.Address}, and they have the right SHA-256.");
    }

    /// <returns>Who served it.</returns>
    /// <exception cref="BackendException">Corrupt: it is not the item.</exception>
    private static async Task<string> HashAsync(GatewayClient gateway, NetworkItem item, CancellationToken cancellationToken)
    {
        var hash = await gateway.HashAsync(ItemLocator.Of(item.Receipt!), cancellationToken);
        if (hash is not null && hash.AsSpan().SequenceEqual(item.Sha256.Span)) return gateway.Authority;
        throw new BackendException(BackendErrorKind.Corrupt, $"{gateway.Authority} serves {item.Receipt!.Address} with {(hash is null ? "another length" : "other bytes")}.");
    }

    /// <summary>The answer of the first gateway that gives one.</summary>
    /// <exception cref="BackendException">None did. NotFound: all of them say that there is no such item. Otherwise what was worst: that one serves something else, or that one cannot answer now.</exception>
    private static async Task<T> FromAnyAsync<T>(IEnumerable<GatewayClient> among, Func<GatewayClient, Task<T>> ask)
    {
        BackendException? worst = null;
        foreach (var gateway in among)
        {
            try
            {
                return await ask(gateway);
            }
            catch (BackendException e)
            {
                if (worst is null || Severity(e.Kind) > Severity(worst.Kind)) worst = e;
            }
        }

        throw worst!;

        // Whoever can answer later may have it.
        static int Severity(BackendErrorKind kind) => kind switch
        {
            BackendErrorKind.NotFound => 0,
            BackendErrorKind.Corrupt => 1,
            BackendErrorKind.Permanent => 2,
            _ => 3,
        };
    }

    private static ArweaveHttp Http(ArweaveOptions options, TimeProvider time) => new(options.ConnectTimeout, options.StallTimeout, options.ConnectionCountMax, time);
}
