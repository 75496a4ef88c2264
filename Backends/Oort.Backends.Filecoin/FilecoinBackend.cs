using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Oort.Evm;

namespace Oort.Backends.Filecoin;

/// <summary>A storage provider of Filecoin's warm storage as a place for items (docs/networks.md, "Filecoin").</summary>
/// <remarks>
/// Planned: 1. the source is hashed, and a nonce chosen; 2. the account's data set at the provider is looked for on the chain, and created if there is none; 3. the bytes are sent: Accepted. 4. Accepted: the
/// provider is asked until it has them where it can add them; 5. the addition is noted, and 6. signed and sent: Pending. 7. Pending: the chain says which piece it became: Confirmed. 8. Confirmed: the chain is asked for a proof of
/// the data set with the piece in it, and 9. the item is read back: Sealed. 10. Sealed: chain and provider are asked now and then. All that costs bears a number that the contract takes once.
/// </remarks>
public sealed partial class FilecoinBackend : INetworkBackend
{
    /// <summary>The shortest piece that providers take.</summary>
    private const long LengthMin = 127;

    /// <summary>The longest: 1 GiB with the bits that Fr32 adds.</summary>
    private const long LengthMax = (1L << 30) / 128 * 127;

    private readonly FilecoinOptions options;
    private readonly TimeProvider time;
    private readonly HttpClient http;
    private readonly PdpClient provider;
    private readonly FilecoinChain chain;
    private readonly ServiceSigner signer;
    private readonly DataSetFinder dataSets;

    /// <param name="key">Of the account that pays; its address has deposited USDFC and approved the service. Not disposed of here, and used until this is.</param>
    /// <param name="clientTime">The clock that stalls are measured with.</param>
    /// <exception cref="ArgumentException">An option is none.</exception>
    public FilecoinBackend(FilecoinOptions options, EvmKey key, TimeProvider time, TimeProvider clientTime)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(key);
        options.Validate();
        this.options = options;
        this.time = time;
        // No redirect is followed: neither the item nor what is signed goes to where nobody meant it to.
        http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = options.StallTimeout }) { Timeout = Timeout.InfiniteTimeSpan };
        provider = new(http, options.ServiceUrl, new(options.StallTimeout, options.UploadAnswerTimeout), clientTime);
        chain = new(new EvmClient(http, options.Node, clientTime), options.Network);
        signer = new(key, options.Network.ChainId, options.Network.Service);
        dataSets = new(options, chain, provider, signer, time);
        Traits = new()
        {
            Kind = "filecoin",
            ItemLengthMin = LengthMin,
            ItemLengthMax = LengthMax,
            BundleBelow = options.BundleBelow,
            ReadsRanges = true,
            AddressKind = AddressKind.Content,
            Latency = Latency.Cold,
            Retention = Retention.Scheduled,
            Proofs = ProofKinds.Claim | ProofKinds.ReadBack | ProofKinds.OnChainPossession,
        };
        Location = options.ServiceUrl.ToString().TrimEnd('/');
    }

    public NetworkTraits Traits { get; }

    public string Location { get; }

    public async ValueTask<NetworkItem> StepAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return item.State switch
        {
            ItemState.Planned when item.Progress.IsEmpty => await PrepareAsync(item, source, cancellationToken),
            ItemState.Planned => await SendAsync(item, source, cancellationToken),
            ItemState.Accepted => await AddAsync(item, cancellationToken),
            ItemState.Pending => await ConfirmAsync(item, cancellationToken),
            ItemState.Confirmed => await SealAsync(item, cancellationToken),
            ItemState.Sealed or ItemState.Expiring => await LookAsync(item, cancellationToken),
            _ => throw new ArgumentException($"An item takes no step from {item.State}.", nameof(item)),
        };
    }

    public async ValueTask<int> ReadAsync(NetworkReceipt receipt, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var locator = ItemLocator.Read(receipt.Locator);
        var count = (int)Math.Min(destination.Length, Math.Max(0, locator.Cid.Length - offset));
        if (count == 0) return 0;
        var rest = destination[..count];
        await provider.ReadAsync(locator.Cid, offset, count, bytes =>
        {
            bytes.CopyTo(rest);
            rest = rest[bytes.Length..];
        }, cancellationToken);
        if (count == locator.Cid.Length && !SHA256.HashData(destination.Span[..count]).AsSpan().SequenceEqual(locator.Sha256.Span)) throw Wrong(locator.Cid, "does not have its SHA-256");
        return count;
    }

    /// <remarks>Prices are those of the contract where this version of it tells them.</remarks>
    public async ValueTask<NetworkPrices> GetPricesAsync(CancellationToken cancellationToken)
    {
        if (await chain.GetPriceListAsync(cancellationToken) is not { } list) return options.Prices ?? FilecoinPrices.Default;
        return FilecoinPrices.Of(Dollars(list.PerTebibyteMonth), Dollars(list.PerDataSetMonth), Dollars(list.Addition), Dollars(list.Removal), time.GetUtcNow(), isLive: true);
    }

    /// <returns>What is free of the deposit, beyond the 30 days for which it is locked in advance; and when that is used up.</returns>
    public async ValueTask<NetworkAccount?> GetAccountAsync(CancellationToken cancellationToken)
    {
        var head = await chain.GetHeadAsync(cancellationToken);
        var account = await chain.GetAccountAsync(signer.Payer, cancellationToken);
        DateTimeOffset? lastsUntil = account.LastBlock is { } last ? head.TimeOf((ulong)BigInteger.Min(last, long.MaxValue)) : null;
        return new(Tokens(account.FreeAt(head.Number)), "USDFC", lastsUntil);
    }

    /// <remarks>Looks at the provider, the node, the registry, the deposit and the approval. Nothing is sent that leaves anything.</remarks>
    public async ValueTask TestAsync(CancellationToken cancellationToken)
    {
        await provider.PingAsync(cancellationToken);
        await chain.GetPayeeAsync(options.ProviderId, cancellationToken);
        var dataSet = await dataSets.FindAsync(cancellationToken);
        await dataSets.CheckFundsAsync(LengthMin, isNew: dataSet is null, cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        dataSets.Dispose();
        http.Dispose();
        return ValueTask.CompletedTask;
    }

    private static BackendException Wrong(PieceCid cid, string what) => new(BackendErrorKind.Corrupt, $"The piece {cid} {what}. It cannot be relied on.");

    private static double Dollars(BigInteger units) => (double)units / 1e18;

    private static decimal Tokens(BigInteger units)
    {
        // More than a decimal holds is more than there is.
        var most = new BigInteger(decimal.MaxValue);
        return (decimal)BigInteger.Min(units, most) / 1_000_000_000_000_000_000m;
    }
}
