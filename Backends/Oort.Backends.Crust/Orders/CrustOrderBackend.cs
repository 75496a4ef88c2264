using System.Numerics;
using Oort.Backends.Ipfs;
using Oort.Evm;

namespace Oort.Backends.Crust;

/// <summary>Crust as a place for items, by orders that this account pays itself: sent to an IPFS node, ordered at the StorageOrder contract of a chain, read through IPFS (docs/networks.md, "Crust").</summary>
/// <remarks>
/// Planned: 1. named. Uploading: 2. sent to the node, which pins it. Accepted: 3. priced and signed; Pending: 4. sent, and looked for until its block counts. Confirmed: 5. read back through the gateways. Sealed: 6. a sample through them, each
/// <see cref="CrustOrderOptions.CheckInterval"/>; 7. near its end another order, in the same way. The locator is the CID (docs/formats/ipfs-item.md), the notes are docs/formats/crust-item.md. Thread-safe.
/// </remarks>
public sealed class CrustOrderBackend : INetworkBackend
{
    /// <summary>Before what the node lost is sent again: a node that loses everything is not sent to without end.</summary>
    private static readonly TimeSpan resendDelay = TimeSpan.FromMinutes(1);

    private readonly CrustOrderOptions options;
    private readonly TimeProvider time;
    private readonly ItemFiles files;
    private readonly HttpClient http;
    private readonly StorageOrderContract contract;
    private readonly OrderDesk desk;

    /// <param name="key">Of the account that pays. Not disposed of here, and used until this is.</param>
    /// <exception cref="System.ComponentModel.DataAnnotations.ValidationException">An option is out of its range; the message names it.</exception>
    public CrustOrderBackend(CrustOrderOptions options, EvmKey key, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(key);
        files = new(options.ToIpfs(), time);
        this.options = options;
        this.time = time;
        // No redirect is followed: what is signed goes to where nobody else meant it to.
        http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = options.ConnectTimeout }) { Timeout = Timeout.InfiniteTimeSpan };
        contract = new(options.Chain, new(http, options.Rpc, time));
        desk = new(options, contract, key, time);
        Traits = new()
        {
            Kind = "crust",
            ItemLengthMax = ItemFiles.ItemLengthMax,
            BundleBelow = options.BundleBelow,
            ReadsRanges = true,
            AddressKind = AddressKind.Content,
            Latency = Latency.Cold,
            Retention = options.IsPermanent ? Retention.Permanent : Retention.Expiring,
            Proofs = ProofKinds.Claim | ProofKinds.ReadBack,
        };
    }

    public NetworkTraits Traits { get; }

    /// <summary>The node that items are sent to; a chain's node may have its key in its address.</summary>
    public string Location => files.Node.Name;

    public async ValueTask<NetworkItem> StepAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var now = time.GetUtcNow();
        switch (item.State)
        {
            case ItemState.Planned:
                // 1.
                var root = await ItemFiles.NameAsync(item, source, cancellationToken);
                return item.To(ItemState.Uploading, now) with { Progress = Planned(item, root).Write(), Receipt = null };

            case ItemState.Uploading:
                // 2.
                var notes = OrderNotes.Read(item.Progress);
                await files.UploadAsync(item, notes.Root, source, cancellationToken);
                return item.To(ItemState.Accepted, now) with { Receipt = notes.Root.ToReceipt(now) with { Provider = $"{options.Chain.Name}/{options.Chain.Contract}" } };

            case ItemState.Accepted or ItemState.Pending:
                return await OrderAsync(item, cancellationToken);

            case ItemState.Confirmed:
                return await SealAsync(item, cancellationToken);

            case ItemState.Sealed or ItemState.Expiring:
                return await KeepAsync(item, cancellationToken);

            default:
                throw new ArgumentException($"An item that is {item.State} has no next step.", nameof(item));
        }
    }

    public ValueTask<int> ReadAsync(NetworkReceipt receipt, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        files.ReadAsync(receipt.CidOf(), offset, destination, cancellationToken);

    public async ValueTask<NetworkEvidence> VerifyAsync(NetworkItem item, VerifyDepth depth, CancellationToken cancellationToken)
    {
        if (item.Receipt is not { } receipt) return new(false, ProofKinds.Claim, 0, "No node has taken it yet.");
        var root = receipt.CidOf();
        try
        {
            var count = item.Length;
            // That somebody has it is seen by nothing less than a block of it.
            if (depth == VerifyDepth.Full) await files.SealAsync(item, root, cancellationToken);
            else count = await files.SampleElsewhereAsync(item, root, cancellationToken);
            return new(true, ProofKinds.ReadBack, count, $"{count} bytes of {root} were read and are right.");
        }
        catch (BackendException e) when (Failures.Absence(e, ProofKinds.ReadBack) is { } absence)
        {
            return absence;
        }
    }

    /// <inheritdoc/>
    /// <remarks>The node's pin goes. What is ordered stays with those who store it until the order ends, or for ever; an order that is signed may have been sent.</remarks>
    public async ValueTask<(DeleteOutcome Outcome, DateTimeOffset? Effective)> DeleteAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        if (item.Progress.IsEmpty) return (DeleteOutcome.Deleted, null);
        var notes = OrderNotes.Read(item.Progress);
        await files.Node.UnpinAsync(notes.Root, cancellationToken);
        var isOrdered = notes.Order is not null || item.Receipt is { Transaction.Length: > 0 };
        return (isOrdered ? DeleteOutcome.Undeletable : DeleteOutcome.Deleted, null);
    }

    /// <inheritdoc/>
    /// <remarks>What the contract and the chain's gas cost now, at the configured rate of the coin. Each renewal costs all of it again.</remarks>
    public async ValueTask<NetworkPrices> GetPricesAsync(CancellationToken cancellationToken)
    {
        const long gibibyte = 1L << 30;
        var small = await contract.GetPriceAsync(1, options.IsPermanent, cancellationToken);
        var large = await contract.GetPriceAsync(gibibyte, options.IsPermanent, cancellationToken);
        var gas = await desk.GetGasCostAsync(cancellationToken);
        var perGibibyte = Usd(BigInteger.Max(0, large - small));
        var prices = new NetworkPrices { PerItem = Usd(small + gas), AsOf = options.UsdPerCoinAsOf, IsLive = true };
        return prices with { PerGibibyteOnce = perGibibyte, Term = options.IsPermanent ? TimeSpan.Zero : options.OrderDuration };
    }

    public async ValueTask<NetworkAccount?> GetAccountAsync(CancellationToken cancellationToken) => new(await desk.GetBalanceAsync(cancellationToken), options.Chain.Coin, null);

    /// <remarks>Looks at the node, the gateways, the chain, the contract and the balance. Nothing is sent.</remarks>
    public async ValueTask TestAsync(CancellationToken cancellationToken)
    {
        await files.Node.VersionAsync(cancellationToken);
        await files.TestGatewaysAsync(cancellationToken);
        var price = await contract.GetPriceAsync(1, options.IsPermanent, cancellationToken);
        if ((double)await desk.GetBalanceAsync(cancellationToken) * 1e18 < (double)price)
            throw new BackendException(BackendErrorKind.Funds, $"{desk.Account} cannot pay an order of one byte on {options.Chain.Name}. Send it {options.Chain.Coin}.");
    }

    public ValueTask DisposeAsync()
    {
        files.Dispose();
        desk.Dispose();
        http.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>What is noted of an item that begins anew: what the contract undid is remembered.</summary>
    private static OrderNotes Planned(NetworkItem item, Cid root) => item.Progress.IsEmpty ? new(root) : OrderNotes.Read(item.Progress) with { Root = root };

    private async Task<NetworkItem> OrderAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        // 3. What is not there cannot be fetched, and is not ordered.
        var notes = OrderNotes.Read(item.Progress);
        if (notes.Order is null && !await files.Node.IsPinnedAsync(notes.Root, cancellationToken)) return item.To(ItemState.Planned, time.GetUtcNow() + resendDelay);
        // 4.
        var look = await LookAsync(item, notes, cancellationToken);
        if (look.Placed is { } placed) return item.To(ItemState.Confirmed, look.Next) with { Receipt = Paid(item.Receipt!, placed) };
        return item.To(look.IsSent ? ItemState.Pending : item.State, look.Next) with { Progress = look.Notes.Write() };
    }

    private async Task<NetworkItem> SealAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        // 5. A block may have been undone since.
        var notes = OrderNotes.Read(item.Progress);
        var look = await LookAsync(item, notes, cancellationToken);
        if (look.Placed is null) return item.To(ItemState.Pending, look.Next) with { Progress = look.Notes.Write(), Receipt = item.Receipt! with { Transaction = "", Paid = 0, Expires = null } };
        await files.SealAsync(item, notes.Root, cancellationToken);
        return item.To(ItemState.Sealed, NextLook(item.Receipt!)) with { Progress = new OrderNotes(notes.Root).Write() };
    }

    private async Task<NetworkItem> KeepAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        var (notes, receipt, now) = (OrderNotes.Read(item.Progress), item.Receipt!, time.GetUtcNow());
        if (item.State == ItemState.Sealed && now >= receipt.Expires - options.ExpiringLead) return item.To(ItemState.Expiring, now);
        if (notes.Order is null)
        {
            if (now >= receipt.Expires) return item.To(ItemState.Expired, now);
            // 6. What is lost is not paid for again.
            await files.SampleElsewhereAsync(item, notes.Root, cancellationToken);
            if (!(now >= receipt.Expires - options.RenewalLead)) return item.To(ItemState.Sealed, NextLook(receipt));
        }

        // 7.
        OrderLook look;
        try
        {
            look = await LookAsync(item, notes, cancellationToken);
        }
        catch (BackendException) when (item.State == ItemState.Expiring && now >= receipt.Expires)
        {
            // Whatever became of the order that is under way, nobody knows it to be paid for.
            return item.To(ItemState.Expired, now);
        }

        if (look.Placed is { } placed)
        {
            var renewed = Paid(receipt, placed);
            return item.To(ItemState.Sealed, NextLook(renewed)) with { Receipt = renewed, Progress = new OrderNotes(notes.Root).Write() };
        }

        return item.State == ItemState.Expiring && now >= receipt.Expires ? item.To(ItemState.Expired, now) : item.To(item.State, look.Next) with { Progress = look.Notes.Write() };
    }

    private Task<OrderLook> LookAsync(NetworkItem item, OrderNotes notes, CancellationToken cancellationToken) =>
        desk.StepAsync(item.Id, ItemFiles.DagSizeOf(item.Length, notes.Root), notes, cancellationToken);

    /// <summary>The receipt with an order that was paid, and until when.</summary>
    private NetworkReceipt Paid(NetworkReceipt receipt, PlacedOrder placed) => receipt with
    {
        Transaction = placed.Transaction.ToString(),
        Paid = (UInt128)BigInteger.Min((BigInteger)receipt.Paid + placed.Cost, (BigInteger)UInt128.MaxValue),
        PaidUnit = "wei",
        Expires = options.IsPermanent ? null : placed.Time + options.OrderDuration,
    };

    /// <summary>In a day, or when it is to be renewed.</summary>
    private DateTimeOffset NextLook(NetworkReceipt receipt)
    {
        var look = time.GetUtcNow() + options.CheckInterval;
        return receipt.Expires - options.RenewalLead is { } renewal && renewal < look && renewal > time.GetUtcNow() ? renewal : look;
    }

    private double Usd(BigInteger wei) => (double)wei / 1e18 * options.UsdPerCoin;
}
