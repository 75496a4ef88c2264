using System.Security.Cryptography;

namespace Oort.Backends.Icp;

/// <summary>Canisters of the Internet Computer as a place that items are read from; and, where something fills the slot for it, that they are put into (docs/networks.md, "ICP").</summary>
/// <remarks>
/// Without an <see cref="ICanisterWriter"/> nothing is sent: such a step fails with ReadOnly. With one: Planned: the source is compared with the item, and its place is noted. Uploading: written. Accepted: the gateway has it. Confirmed: all of it is read
/// back through the gateway. Sealed: the same, each <see cref="IcpOptions.CheckInterval"/>. Thread-safe.
/// </remarks>
public sealed class IcpBackend : INetworkBackend
{
    /// <summary>A canister takes and gives at most 2 MiB a message, so that longer items take many of them. 1 GiB is Oort's own limit.</summary>
    private const long LengthMax = 1L << 30;

    private const int BufferSize = 1 << 20;

    private readonly IcpOptions options;
    private readonly ICanisterWriter? writer;
    private readonly TimeProvider time;
    private readonly CanisterGateway gateway;

    /// <param name="writer">Ends with this; null: items can be read, and none is sent.</param>
    /// <exception cref="System.ComponentModel.DataAnnotations.ValidationException">An option is out of its range; the message names it.</exception>
    public IcpBackend(IcpOptions options, ICanisterWriter? writer, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (this.options, this.writer, this.time) = (options, writer, time);
        gateway = new(options, time);
        Traits = new()
        {
            Kind = "icp",
            ItemLengthMax = LengthMax,
            ReadsRanges = true,
            AddressKind = AddressKind.OwnKey,
            Latency = Latency.Warm,
            // What is there stays, as far as this program can do anything.
            Retention = writer is null ? Retention.Permanent : Retention.Deletable,
            Proofs = ProofKinds.ReadBack,
        };
    }

    public NetworkTraits Traits { get; }

    public string Location => gateway.AddressOf(options.Canister);

    public async ValueTask<NetworkItem> StepAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var now = time.GetUtcNow();
        switch (item.State)
        {
            case ItemState.Planned:
                if (writer is null) throw CannotWrite();
                await CheckSourceAsync(item, source, cancellationToken);
                return item with { State = ItemState.Uploading, Progress = Place(item).Write(), Receipt = null, NextStep = now };

            case ItemState.Uploading:
                if (writer is null) throw CannotWrite();
                var place = ItemLocator.Read(item.Progress);
                await writer.WriteAsync(place.Canister, place.Path, source, place.Sha256, cancellationToken);
                var receipt = new NetworkReceipt { Provider = place.Canister.ToString(), Locator = item.Progress, Address = place.Address, Accepted = now };
                return item with { State = ItemState.Accepted, Receipt = receipt, NextStep = now };

            case ItemState.Accepted or ItemState.Pending:
                await ReadAllAsync(item, cancellationToken);
                return item with { State = ItemState.Confirmed, NextStep = now };

            case ItemState.Confirmed or ItemState.Sealed:
                await ReadAllAsync(item, cancellationToken);
                return item with { State = ItemState.Sealed, NextStep = now + options.CheckInterval };

            default:
                throw new ArgumentException($"An item that is {item.State} has no next step.", nameof(item));
        }
    }

    /// <inheritdoc/>
    /// <remarks>Of a whole item the SHA-256 is compared; of a range, its length and its place.</remarks>
    public async ValueTask<int> ReadAsync(NetworkReceipt receipt, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var locator = ItemLocator.Read(receipt.Locator);
        var count = (int)Math.Min(destination.Length, Math.Max(0, locator.Length - offset));
        if (count == 0) return 0;
        var rest = destination[..count];
        await gateway.ReadAsync(locator, offset, count, run =>
        {
            run.CopyTo(rest);
            rest = rest[run.Length..];
        }, cancellationToken);
        if (count == locator.Length && !SHA256.HashData(destination.Span[..count]).AsSpan().SequenceEqual(locator.Sha256.Span)) throw NotTheItem(locator);
        return count;
    }

    /// <inheritdoc/>
    /// <remarks>A part proves nothing by itself, so that at every depth all of it is read.</remarks>
    public async ValueTask<NetworkEvidence> VerifyAsync(NetworkItem item, VerifyDepth depth, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(item);
        if (item.Receipt is null) return new(false, ProofKinds.Claim, 0, "No canister has taken it.");
        try
        {
            await ReadAllAsync(item, cancellationToken);
            return new(true, ProofKinds.ReadBack, item.Length, $"{item.Length} bytes of {item.Receipt.Address} were read and are right.");
        }
        catch (BackendException e) when (e.Kind is BackendErrorKind.NotFound or BackendErrorKind.Corrupt)
        {
            return new(false, ProofKinds.ReadBack, 0, e.Message);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Without a writer what is in a canister stays there, and only its keys are destroyed.</remarks>
    public async ValueTask<(DeleteOutcome Outcome, DateTimeOffset? Effective)> DeleteAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(item);
        // Before its place is noted nothing of it was sent.
        if (item.Receipt is null && item.Progress.IsEmpty) return (DeleteOutcome.Deleted, null);
        if (writer is null) return (DeleteOutcome.Undeletable, null);
        var locator = ItemLocator.Read(item.Receipt?.Locator ?? item.Progress);
        await writer.DeleteAsync(locator.Canister, locator.Path, cancellationToken);
        return (DeleteOutcome.Deleted, null);
    }

    public ValueTask<NetworkPrices> GetPricesAsync(CancellationToken cancellationToken) => ValueTask.FromResult(options.Prices ?? IcpOptions.DefaultPrices);

    public async ValueTask<NetworkAccount?> GetAccountAsync(CancellationToken cancellationToken) => writer is null ? null : await writer.GetAccountAsync(options.Canister, cancellationToken);

    public async ValueTask TestAsync(CancellationToken cancellationToken)
    {
        await gateway.TestAsync(options.Canister, cancellationToken);
        if (writer is null) throw CannotWrite();
        await writer.TestAsync(options.Canister, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        gateway.Dispose();
        if (writer is not null) await writer.DisposeAsync();
    }

    private ItemLocator Place(NetworkItem item) => new(item.Sha256, item.Length, options.Canister, $"/oort-{item.Id}");

    /// <summary>Reads all of an item, as its receipt has it; both must be the same.</summary>
    private async ValueTask ReadAllAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        var locator = ItemLocator.Read(item.Receipt!.Locator);
        if (locator.Length != item.Length || !locator.Sha256.Span.SequenceEqual(item.Sha256.Span)) throw new BackendException(BackendErrorKind.Permanent, $"The receipt of item {item.Id} is another's. Place it anew.");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await gateway.ReadAsync(locator, 0, locator.Length, run => hash.AppendData(run.Span), cancellationToken);
        if (!item.Sha256.Span.SequenceEqual(hash.GetHashAndReset())) throw NotTheItem(locator);
    }

    private static async ValueTask CheckSourceAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        if (item.Length > LengthMax) throw new BackendException(BackendErrorKind.Permanent, $"Item {item.Id} has {item.Length} bytes; a canister is sent at most {LengthMax}.");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[(int)Math.Min(BufferSize, item.Length)];
        for (var offset = 0L; offset < item.Length;)
        {
            var read = await source.ReadAsync(offset, buffer.AsMemory(0, (int)Math.Min(buffer.Length, item.Length - offset)), cancellationToken);
            if (read == 0) break;
            hash.AppendData(buffer.AsSpan(0, read));
            offset += read;
        }

        if (source.Length != item.Length || !item.Sha256.Span.SequenceEqual(hash.GetHashAndReset()))
            throw new BackendException(BackendErrorKind.Corrupt, $"The source of item {item.Id} does not have the item's bytes; put it again from an intact copy.");
    }

    private static BackendException CannotWrite() => new(
        BackendErrorKind.ReadOnly,
        "Items on ICP can be read, and none can be sent: this program has nothing yet that writes to a canister (docs/networks.md, \"ICP\"). Take the network out of the policies that name it.");

    private static BackendException NotTheItem(ItemLocator locator) => new(BackendErrorKind.Corrupt, $"What is at {locator.Address} does not have the item's SHA-256.");
}
