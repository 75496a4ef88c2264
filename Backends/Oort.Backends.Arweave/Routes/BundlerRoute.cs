using Oort.Backends.Arweave.Bundlers;
using Oort.Backends.Arweave.Hashing;
using Oort.Backends.Arweave.Items;
using Oort.Backends.Arweave.Nodes;
using Oort.Backends.Arweave.Sending;

namespace Oort.Backends.Arweave.Routes;

/// <summary>Sends items through a bundler, which charges an account, answers with a receipt at once, and writes bundles of many items to the chain.</summary>
/// <remarks>
/// Planned: 1. signed, and the signature kept, so that every repetition sends the same item, for which a bundler charges once; 2. sent whole, or an upload in parts begun.
/// Uploading: 3. the parts that are not there; 4. the end. Accepted, Pending: 5. what has become of it.
/// </remarks>
internal sealed class BundlerRoute(ArweaveHttp http, ArweaveOptions options, IDataItemSigner signer, TimeProvider time) : ISendingRoute
{
    /// <summary>What bundlers take in one item.</summary>
    private const long SignedLengthMax = 2L << 30;

    /// <summary>An item's header has about 1 KiB: below this it is more than a hundredth.</summary>
    private const long HeaderShare = 128 * 1024;

    /// <summary>Parts in one step: after it, a restart has to find out again what is there.</summary>
    private const int PartsPerStepMax = 8;

    /// <summary>Parts of one upload: as many as bundlers list.</summary>
    private const long PartCountMax = 10_000;

    private readonly BundlerClient client = new(http, options.Bundler!, options.Payments ?? options.Bundler!, signer.Kind == DataItemSignatureKind.Ethereum ? "ethereum" : "arweave");
    private readonly NodeClient[] nodes = [.. options.Nodes.Select(node => new NodeClient(http, node))];
    private string? bundlerAddress = options.BundlerAddress;

    public string Location => options.Bundler!.AbsoluteUri;

    public long ItemLengthMax => SignedLengthMax - DataItemHeader.SizeMax;

    public long BundleBelow => HeaderShare;

    /// <inheritdoc/>
    /// <remarks>Nothing less than all of it can be compared.</remarks>
    public long SampleBytes => long.MaxValue;

    public IReadOnlySet<string> Authorities { get; } = new HashSet<string> { options.Bundler!.Authority };

    public ValueTask<NetworkItem> StepAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken) => item.State switch
    {
        ItemState.Planned => SendAsync(item, source, cancellationToken),
        ItemState.Uploading => UploadAsync(item, source, cancellationToken),
        _ => LookAsync(item, cancellationToken),
    };

    /// <summary>A bundler that has called an item final does not take it back.</summary>
    public ValueTask<bool> IsConfirmedAsync(NetworkItem item, CancellationToken cancellationToken) => ValueTask.FromResult(true);

    /// <summary>The id of a data item is a hash over all of it: of a part nothing can be proven.</summary>
    public ValueTask<NetworkEvidence?> SampleAsync(NetworkItem item, CancellationToken cancellationToken) => ValueTask.FromResult<NetworkEvidence?>(null);

    public DateTimeOffset ConfirmedSince(NetworkItem item) => SendingProgress.Of(item, SendingKind.Item).Since ?? item.Receipt!.Accepted;

    public async ValueTask<UInt128> GetPriceAsync(long length, CancellationToken cancellationToken) => await client.GetPriceAsync(length, cancellationToken);

    public async ValueTask<NetworkAccount> GetAccountAsync(CancellationToken cancellationToken) => new(Amounts.ToAr(await client.GetBalanceAsync(signer.Address, cancellationToken)), "credits", null);

    public async ValueTask TestAsync(CancellationToken cancellationToken)
    {
        var (_, free) = await client.GetInfoAsync(cancellationToken);
        if (await client.GetBalanceAsync(signer.Address, cancellationToken) == 0)
            throw new BackendException(BackendErrorKind.Funds, $"The account {signer.Address} has no credits at {client.Authority}; top it up. Items of up to {free} bytes are free there.");
    }

    private async ValueTask<NetworkItem> SendAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        var progress = SendingProgress.Of(item, SendingKind.Item);
        // 1.
        if (progress.Header.IsEmpty)
        {
            var header = await SignedItem.SignAsync(source, item.Sha256, signer, ReadOnlyMemory<byte>.Empty, Steps.Tags, cancellationToken);
            return Steps.Next(item, ItemState.Planned, time.GetUtcNow()) with { Progress = (progress with { Header = header.Write() }).Encode() };
        }

        // 2.
        var signed = Signed(progress, source);
        if (signed.Length > options.PostLengthMax)
        {
            var upload = await client.BeginAsync(options.PartSize, cancellationToken);
            return Steps.Next(item, ItemState.Uploading, time.GetUtcNow()) with { Progress = (progress with { Upload = upload }).Encode() };
        }

        return Accepted(item, signed.Header, await client.PostAsync(signed, await GetBundlerAddressAsync(cancellationToken), cancellationToken));
    }

    private async ValueTask<NetworkItem> UploadAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        var progress = SendingProgress.Of(item, SendingKind.Item);
        var signed = Signed(progress, source);
        if (await client.GetPartsAsync(progress.Upload, cancellationToken) is not { } parts) return await GoneAsync(item, progress, signed.Header, cancellationToken);

        // 3.
        var size = Math.Min(parts.SizeOr(options.PartSize), signed.Length);
        if (signed.Length > PartCountMax * size) throw new BackendException(BackendErrorKind.Permanent, $"{client.Authority} takes parts of {size} bytes only, of which an item of {signed.Length} would need more than {PartCountMax}; configure another bundler.");
        var (there, sent) = (0L, 0L);
        var missing = new List<(long Offset, long Length)>();
        for (var offset = 0L; offset < signed.Length; offset += size)
        {
            var length = Math.Min(size, signed.Length - offset);
            if (parts.Lengths.TryGetValue(offset, out var arrived) && arrived == length) there += length;
            else if (missing.Count < PartsPerStepMax) missing.Add((offset, length));
        }

        // What it had taken in an earlier step it has thrown away: a loss like others, of which there may be few.
        if (there < progress.SentLength)
        {
            var lost = Steps.Lost(progress, $"{client.Authority} has thrown parts of an upload away") with { Upload = progress.Upload, SentLength = there };
            return Steps.Next(item, ItemState.Uploading, time.GetUtcNow() + options.PollInterval) with { Progress = lost.Encode() };
        }

        foreach (var (offset, length) in missing)
        {
            await client.PostPartAsync(progress.Upload, signed, offset, length, cancellationToken);
            sent += length;
        }

        // Whether all of it has arrived is the bundler's to say, once more.
        if (sent > 0) return Steps.Next(item, ItemState.Uploading, time.GetUtcNow()) with { Progress = (progress with { SentLength = there + sent }).Encode() };

        // 4.
        try
        {
            return Accepted(item, signed.Header, await client.FinishAsync(progress.Upload, signed.Header.Id, await GetBundlerAddressAsync(cancellationToken), cancellationToken));
        }
        catch (BackendException e) when (e.Kind == BackendErrorKind.NotFound)
        {
            return await GoneAsync(item, progress, signed.Header, cancellationToken);
        }
    }

    /// <summary>An upload is not there: it has ended, and only the answer was lost, or the bundler has thrown it away.</summary>
    private async ValueTask<NetworkItem> GoneAsync(NetworkItem item, SendingProgress progress, DataItemHeader header, CancellationToken cancellationToken)
    {
        var status = await client.GetStatusAsync(header.Id, cancellationToken);
        if (status.State is BundledState.Taken or BundledState.Final) return Accepted(item, header, null);
        return Planned(item, Steps.Lost(progress, $"{client.Authority} has thrown an upload away"));
    }

    // 5.
    private async ValueTask<NetworkItem> LookAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        var progress = SendingProgress.Of(item, SendingKind.Item);
        var now = time.GetUtcNow();
        var status = await client.GetStatusAsync(ItemLocator.Of(item.Receipt!).Id, cancellationToken);
        switch (status.State)
        {
            case BundledState.Failed:
                return Planned(item, Steps.Lost(progress, $"{client.Authority} could not store an item ({status.Reason})"));
            case BundledState.Unknown when now - item.Receipt!.Accepted >= options.LossPatience:
                return Planned(item, Steps.Lost(progress, $"{client.Authority} knows nothing of an item that it has taken"));
            case BundledState.Unknown:
                return Steps.Next(item, item.State, now + options.PollInterval);
        }

        item = item with { Receipt = item.Receipt! with { Transaction = status.Bundle is null ? "" : Base64UrlText.Write(status.Bundle) } };
        var isFinal = status.State == BundledState.Final || (status.Bundle is { } bundle && await CountAsync(bundle, cancellationToken) >= Steps.ConfirmationCountMin);
        return isFinal ? Steps.Confirmed(item, progress, now) : Steps.Next(item, ItemState.Pending, now + options.PollInterval);
    }

    /// <summary>Confirmations of a transaction as the first node says that answers.</summary>
    private async ValueTask<long> CountAsync(byte[] transaction, CancellationToken cancellationToken)
    {
        foreach (var node in nodes)
        {
            try
            {
                return (await node.GetStatusAsync(transaction, cancellationToken)).Confirmations;
            }
            catch (BackendException)
            {
                // It is only asked on the side: the bundler's own word comes later.
            }
        }

        return 0;
    }

    private async ValueTask<string> GetBundlerAddressAsync(CancellationToken cancellationToken) => bundlerAddress ??= (await client.GetInfoAsync(cancellationToken)).Address;

    private NetworkItem Accepted(NetworkItem item, DataItemHeader header, BundlerReceipt? receipt)
    {
        var now = time.GetUtcNow();
        return Steps.Next(item, ItemState.Accepted, now + options.PollInterval) with
        {
            Receipt = new()
            {
                Provider = client.Authority,
                Locator = new ItemLocator(header.Id, item.Length).Encode(),
                Address = Base64UrlText.Write(header.Id),
                Paid = receipt?.Paid ?? 0,
                PaidUnit = "winc",
                Accepted = now,
                Answer = receipt?.Evidence ?? ReadOnlyMemory<byte>.Empty,
            },
        };
    }

    private NetworkItem Planned(NetworkItem item, SendingProgress progress) => Steps.Next(item, ItemState.Planned, time.GetUtcNow()) with { Progress = progress.Encode(), Receipt = null };

    private static SignedItem Signed(SendingProgress progress, IItemSource source) => DataItemHeader.Read(progress.Header.Span, out var problem) is { } header
        ? new(header, source)
        : throw new BackendException(BackendErrorKind.Corrupt, $"The notes of an item hold a header that cannot be read: {problem}.");
}
