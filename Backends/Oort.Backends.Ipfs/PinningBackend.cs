namespace Oort.Backends.Ipfs;

/// <summary>An IPFS pinning service as a place for items, which it gets from a node of one's own (docs/networks.md, "IPFS").</summary>
/// <remarks>The node keeps an item until it is deleted: node and service together count as one copy. Thread-safe.</remarks>
public sealed class PinningBackend : INetworkBackend
{
    /// <summary>Before what was dropped is asked for again.</summary>
    private static readonly TimeSpan resendDelay = TimeSpan.FromMinutes(1);

    private readonly PinningOptions options;
    private readonly TimeProvider time;
    private readonly ItemFiles files;
    private readonly PinningClient service;

    /// <exception cref="System.ComponentModel.DataAnnotations.ValidationException">An option is out of its range; the message names it.</exception>
    public PinningBackend(PinningOptions options, TimeProvider time)
    {
        options.Validate();
        this.options = options;
        this.time = time;
        files = new(options.Origin, time);
        service = new(new HttpPlace(options.Service, options.Credentials, options.Origin, time));
    }

    public NetworkTraits Traits { get; } = new()
    {
        Kind = "ipfs-pinning",
        ItemLengthMax = ItemFiles.ItemLengthMax,
        ReadsRanges = true,
        Lists = true,
        AddressKind = AddressKind.Content,
        Latency = Latency.Warm,
        Retention = Retention.Deletable,
        Proofs = ProofKinds.Claim | ProofKinds.ReadBack,
        Checks = new() { LookReads = 1, LookBytes = ItemFiles.SampleSizeMax },
    };

    public string Location => service.Name;

    /// <inheritdoc/>
    /// <remarks>
    /// Planned: named. Uploading: sent to the node and asked for, unless the service has a request of this item's CID and name already, which is then taken: so a crash after the request
    /// pays nothing twice. Accepted, Pending: what the service says; "failed" is final, and a request that it no longer knows is made anew. Confirmed: read back through the gateways.
    /// Sealed: state and a sample, each <see cref="IpfsOptions.CheckInterval"/>.
    /// </remarks>
    public async ValueTask<NetworkItem> StepAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        switch (item.State)
        {
            case ItemState.Planned:
                return item.To(ItemState.Uploading, now) with { Progress = ItemLocator.Write(await ItemFiles.NameAsync(item, source, cancellationToken)), Receipt = null };

            case ItemState.Uploading:
                return await AskAsync(item, source, now, cancellationToken);

            case ItemState.Accepted or ItemState.Pending:
                return await service.GetAsync(item.Receipt!.Transaction, item.CidOf(), cancellationToken) switch
                {
                    null => item.To(ItemState.Planned, now + resendDelay),
                    { State: PinState.Failed } failed => throw Failed(item, failed) ?? Refused(item, failed),
                    { State: PinState.Pinned } => item.To(ItemState.Confirmed, now),
                    _ => item.To(ItemState.Pending, now + PollDelay(now - item.Receipt.Accepted)),
                };

            case ItemState.Confirmed:
                if (!await IsPinnedAsync(item, cancellationToken)) return item.To(ItemState.Pending, now);
                await files.SealAsync(item, item.CidOf(), cancellationToken);
                return item.To(ItemState.Sealed, now + options.Origin.CheckInterval);

            case ItemState.Sealed:
                // What is gone fails for good, and another copy is placed; a service that moves it says so for a while.
                var status = await service.GetAsync(item.Receipt!.Transaction, item.CidOf(), cancellationToken);
                if (status is null or { State: PinState.Failed }) throw Failed(item, status) ?? new BackendException(BackendErrorKind.NotFound, $"{Location} no longer pins {item.CidOf()}.");
                if (status.State != PinState.Pinned) throw Anew(item);
                await SampleAsync(item, cancellationToken);
                return item.To(ItemState.Sealed, now + options.Origin.CheckInterval);

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
            var status = item.Receipt is { } receipt ? await service.GetAsync(receipt.Transaction, root, cancellationToken) : null;
            if (status is { State: PinState.Queued or PinState.Pinning }) throw Anew(item);
            if (status is not { State: PinState.Pinned }) return Failed(item, status) is { } passing ? throw passing : new(false, ProofKinds.Claim, 0, $"{Location} says that it does not pin {root}.");
            if (depth == VerifyDepth.Exists) return new(true, kinds, 0, $"{Location} says that it pins {root}.");
            var count = item.Length;
            if (depth == VerifyDepth.Sample) count = await files.SampleAsync(item, root, elsewhere: true, cancellationToken);
            else await files.ReadBackAsync(item, root, elsewhere: true, cancellationToken);
            return new(true, kinds, count, $"{count} bytes of {root} were read and are right.");
        }
        catch (BackendException e) when (Failures.Absence(e, kinds) is { } absence)
        {
            return absence;
        }
    }

    /// <inheritdoc/>
    /// <remarks>The service's pin and the node's; whoever else has the blocks keeps them.</remarks>
    public async ValueTask<(DeleteOutcome Outcome, DateTimeOffset? Effective)> DeleteAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        // Before it is named nothing of it was sent.
        if (!item.IsNamed()) return (DeleteOutcome.Deleted, null);
        if (item.Receipt is { Transaction.Length: > 0 } receipt) await service.DeleteAsync(receipt.Transaction, cancellationToken);
        // What a crash left without a receipt is found by its name; and what the service took twice goes with it.
        var found = await service.FindAsync(item.CidOf(), NameOf(item), cancellationToken);
        foreach (var status in found) await service.DeleteAsync(status.RequestId, cancellationToken);
        if (found.Count == PinningClient.FoundCountMax) throw new BackendException(BackendErrorKind.Transient, $"{Location} had {found.Count} requests for item {item.Id} and may have more; it is asked again.");
        await files.Node.UnpinAsync(item.CidOf(), cancellationToken);
        return (DeleteOutcome.Deleted, null);
    }

    public ValueTask<NetworkPrices> GetPricesAsync(CancellationToken cancellationToken) => ValueTask.FromResult(options.Prices ?? new() { AsOf = time.GetUtcNow() });

    public ValueTask<NetworkAccount?> GetAccountAsync(CancellationToken cancellationToken) => ValueTask.FromResult<NetworkAccount?>(null);

    public async ValueTask TestAsync(CancellationToken cancellationToken)
    {
        await service.TestAsync(cancellationToken);
        await files.Node.VersionAsync(cancellationToken);
        await files.TestGatewaysAsync(cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        service.Dispose();
        files.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string NameOf(NetworkItem item) => $"oort-{item.Id}";

    private BackendException Refused(NetworkItem item, PinStatus failed) =>
        new(BackendErrorKind.Permanent, $"{Location} could not pin {item.CidOf()} (request {failed.RequestId}){(failed.Details.Length > 0 ? ": " + service.Quote(failed.Details) : "")}; check that it can reach the node {files.Node.Name}.");

    /// <summary>A failure that the service may mend by itself; null: it is final, or there is no request at all.</summary>
    private BackendException? Failed(NetworkItem item, PinStatus? status) =>
        status is not null && item.FailureCount < options.FailedCountMax ? new(BackendErrorKind.Transient, $"{Location} could not pin {item.CidOf()} and may try again.") : null;

    private BackendException Anew(NetworkItem item) => new(BackendErrorKind.Transient, $"{Location} is yet to pin {item.CidOf()}, or pins it anew.");

    /// <summary>The pause grows with what was waited for: a quarter of it, so that an answer is never later by more than that.</summary>
    private TimeSpan PollDelay(TimeSpan waited) => TimeSpan.FromTicks(Math.Clamp(waited.Ticks / 4, options.PollDelay.Ticks, options.PollDelayMax.Ticks));

    private async ValueTask<NetworkItem> AskAsync(NetworkItem item, IItemSource source, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var root = item.CidOf();
        var found = await service.FindAsync(root, NameOf(item), cancellationToken);
        if (found.Count == 0)
        {
            await files.UploadAsync(item, root, source, cancellationToken);
            found = [await service.AddAsync(root, NameOf(item), options.Origins, cancellationToken)];
        }

        return item.To(ItemState.Accepted, now) with { Receipt = root.ToReceipt(now) with { Transaction = found[0].RequestId } };
    }

    private async ValueTask<bool> IsPinnedAsync(NetworkItem item, CancellationToken cancellationToken) =>
        item.Receipt is { } receipt && await service.GetAsync(receipt.Transaction, item.CidOf(), cancellationToken) is { State: PinState.Pinned };

    private async ValueTask SampleAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        try
        {
            await files.SampleAsync(item, item.CidOf(), elsewhere: true, cancellationToken);
        }
        catch (BackendException e)
        {
            throw Failures.AtGateway(e);
        }
    }
}
