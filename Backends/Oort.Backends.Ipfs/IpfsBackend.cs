namespace Oort.Backends.Ipfs;

/// <summary>An IPFS node of one's own as a place for items (docs/networks.md, "IPFS").</summary>
/// <remarks>An item is a file of profile "unixfs-v1-2025", its locator the CID. Thread-safe.</remarks>
public sealed class IpfsBackend : INetworkBackend
{
    /// <summary>Before what the node lost is sent again: a node that loses everything is not sent to without end.</summary>
    private static readonly TimeSpan resendDelay = TimeSpan.FromMinutes(1);

    private readonly IpfsOptions options;
    private readonly TimeProvider time;
    private readonly ItemFiles files;

    /// <exception cref="System.ComponentModel.DataAnnotations.ValidationException">An option is out of its range; the message names it.</exception>
    public IpfsBackend(IpfsOptions options, TimeProvider time)
    {
        options.Validate();
        this.options = options;
        this.time = time;
        files = new(options, time);
    }

    public NetworkTraits Traits { get; } = new()
    {
        Kind = "ipfs",
        ItemLengthMax = ItemFiles.ItemLengthMax,
        ReadsRanges = true,
        AddressKind = AddressKind.Content,
        Latency = Latency.Hot,
        Retention = Retention.Deletable,
        Proofs = ProofKinds.Claim | ProofKinds.ReadBack,
        Checks = new() { LookReads = 1, LookBytes = ItemFiles.SampleSizeMax },
    };

    public string Location => files.Node.Name;

    /// <inheritdoc/>
    /// <remarks>
    /// Planned: named, so that what a crash leaves on the node can be deleted. Uploading: sent, pinned in the same call. Accepted, Pending: the node says that it is pinned; what is not is sent again.
    /// Confirmed: read back whole, every block checked. Sealed: a sample, each <see cref="IpfsOptions.CheckInterval"/>. All of them may be repeated for nothing.
    /// </remarks>
    public async ValueTask<NetworkItem> StepAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        switch (item.State)
        {
            case ItemState.Planned:
                return item.To(ItemState.Uploading, now) with { Progress = ItemLocator.Write(await ItemFiles.NameAsync(item, source, cancellationToken)) };

            case ItemState.Uploading:
                var root = item.CidOf();
                await files.UploadAsync(item, root, source, cancellationToken);
                return item.To(ItemState.Accepted, now) with { Receipt = root.ToReceipt(now) };

            case ItemState.Accepted or ItemState.Pending:
                return await files.Node.IsPinnedAsync(item.CidOf(), cancellationToken) ? item.To(ItemState.Confirmed, now) : item.To(ItemState.Planned, now + resendDelay);

            case ItemState.Confirmed:
                // The pin first: a gateway may still have from its cache what the node lost meanwhile.
                if (!await files.Node.IsPinnedAsync(item.CidOf(), cancellationToken)) return item.To(ItemState.Pending, now);
                await files.SealAsync(item, item.CidOf(), cancellationToken);
                return item.To(ItemState.Sealed, now + options.CheckInterval);

            case ItemState.Sealed:
                // What is gone fails for good, and another copy is placed.
                if (!await files.Node.IsPinnedAsync(item.CidOf(), cancellationToken)) throw new BackendException(BackendErrorKind.NotFound, $"{Location} no longer pins {item.CidOf()}.");
                await files.SampleAsync(item, item.CidOf(), elsewhere: false, cancellationToken);
                return item.To(ItemState.Sealed, now + options.CheckInterval);

            default:
                throw new ArgumentException($"An item that is {item.State} has no next step.", nameof(item));
        }
    }

    public ValueTask<int> ReadAsync(NetworkReceipt receipt, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        files.ReadAsync(receipt.CidOf(), offset, destination, cancellationToken);

    public async ValueTask<NetworkEvidence> VerifyAsync(NetworkItem item, VerifyDepth depth, CancellationToken cancellationToken)
    {
        var root = item.CidOf();
        var kinds = depth == VerifyDepth.Exists ? ProofKinds.Claim : ProofKinds.ReadBack;
        try
        {
            if (depth == VerifyDepth.Exists)
            {
                var isThere = await files.Node.IsPinnedAsync(root, cancellationToken) && await files.Node.StatBlockAsync(root, cancellationToken) is not null;
                return new(isThere, kinds, 0, isThere ? $"{Location} says that it has {root} and pins it." : $"{Location} says that it does not keep {root}.");
            }

            var count = item.Length;
            if (depth == VerifyDepth.Sample) count = await files.SampleAsync(item, root, elsewhere: false, cancellationToken);
            else await files.ReadBackAsync(item, root, elsewhere: false, cancellationToken);
            return new(true, kinds, count, $"{count} bytes of {root} were read and are right.");
        }
        catch (BackendException e) when (Failures.Absence(e, kinds) is { } absence)
        {
            return absence;
        }
    }

    /// <inheritdoc/>
    /// <remarks>Only this node's copy goes, when it collects garbage: whoever else has the blocks keeps them.</remarks>
    public async ValueTask<(DeleteOutcome Outcome, DateTimeOffset? Effective)> DeleteAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        // Before it is named nothing of it was sent.
        if (item.IsNamed()) await files.Node.UnpinAsync(item.CidOf(), cancellationToken);
        return (DeleteOutcome.Deleted, null);
    }

    public ValueTask<NetworkPrices> GetPricesAsync(CancellationToken cancellationToken) => ValueTask.FromResult(options.Prices ?? new() { AsOf = time.GetUtcNow() });

    public ValueTask<NetworkAccount?> GetAccountAsync(CancellationToken cancellationToken) => ValueTask.FromResult<NetworkAccount?>(null);

    public async ValueTask TestAsync(CancellationToken cancellationToken)
    {
        await files.Node.VersionAsync(cancellationToken);
        var (stored, most) = await files.Node.SpaceAsync(cancellationToken);
        if (stored >= most) throw new BackendException(BackendErrorKind.Full, $"{Location} stores {stored} of {most} bytes; raise Datastore.StorageMax or collect garbage.");
        await files.TestGatewaysAsync(cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        files.Dispose();
        return ValueTask.CompletedTask;
    }
}
