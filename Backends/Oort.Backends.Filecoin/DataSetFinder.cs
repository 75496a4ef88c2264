using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Oort.Evm;

namespace Oort.Backends.Filecoin;

/// <summary>The account's data set at a provider: found on the chain by a number that is computed and not stored, and created when it is first needed.</summary>
/// <remarks>Thread-safe. The contract takes the number once, so a creation that is sent again makes no second data set.</remarks>
internal sealed class DataSetFinder(FilecoinOptions options, FilecoinChain chain, PdpClient provider, ServiceSigner signer, TimeProvider time) : IDisposable
{
    /// <summary>How long a creation that the provider knows nothing of is waited for before it is sent again.</summary>
    private static readonly TimeSpan creationPatience = TimeSpan.FromMinutes(30);

    /// <summary>The service counts a month as so many blocks.</summary>
    private const int BlocksPerMonth = 86_400;

    private readonly SemaphoreSlim gate = new(1);
    private (EvmHash Transaction, DateTimeOffset Sent)? creation;

    /// <summary>What the data set is created and its pieces are signed with: the hash of chain, contract, payer, provider and label.</summary>
    public BigInteger ClientDataSetId { get; } = NumberOf(options, signer.Payer);

    /// <summary>Looks for the data set.</summary>
    /// <returns>Its id; null: there is none yet.</returns>
    /// <exception cref="BackendException">Unauthorized: it has ended, or is not this account's at this provider. As <see cref="FilecoinChain"/>.</exception>
    public async Task<ulong?> FindAsync(CancellationToken cancellationToken)
    {
        if (await chain.GetUseAsync(signer.Payer, ClientDataSetId, cancellationToken) is not { } use) return null;
        var record = await chain.GetDataSetAsync(use.DataSetId, cancellationToken);
        var isOurs = record.Payer == signer.Payer && record.ClientDataSetId == ClientDataSetId && record.ProviderId == (ulong)options.ProviderId;
        if (!isOurs || record.EndBlock != 0 || !await chain.IsDataSetLiveAsync(use.DataSetId, cancellationToken))
            throw new BackendException(BackendErrorKind.Unauthorized, $"Data set {use.DataSetId}, which the label stands for, has ended. Configure another label, and a new one is made.");
        return use.DataSetId;
    }

    /// <summary>Has the provider create the data set, unless it is doing so.</summary>
    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (creation is { } before)
            {
                var status = await provider.GetCreationAsync(before.Transaction, cancellationToken);
                var isUnderWay = status is PdpStatus.Pending or PdpStatus.Confirmed || (status == PdpStatus.Unknown && time.GetUtcNow() - before.Sent < creationPatience);
                if (isUnderWay) return;
                creation = null;
                if (status == PdpStatus.Rejected) throw new BackendException(BackendErrorKind.Unauthorized, "The chain rejected the creation of a data set. Check the deposit and the approval of the service; it is tried again later.");
            }

            var payee = await chain.GetPayeeAsync(options.ProviderId, cancellationToken);
            creation = (await provider.CreateDataSetAsync(options.Network.Service, signer.CreateDataSet(ClientDataSetId, payee, []), cancellationToken), time.GetUtcNow());
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Sees that the deposit and the approval cover an item, before a provider spends anything on it: what fails on the chain for want of funds does not say so.</summary>
    /// <param name="length">Of the item.</param>
    /// <param name="isNew">Whether a data set is made for it.</param>
    /// <exception cref="BackendException">Funds: they do not; the message says what is missing.</exception>
    public async Task CheckFundsAsync(long length, bool isNew, CancellationToken cancellationToken)
    {
        var head = await chain.GetHeadAsync(cancellationToken);
        var account = await chain.GetAccountAsync(signer.Payer, cancellationToken);
        var approval = await chain.GetApprovalAsync(signer.Payer, cancellationToken);
        var list = await chain.GetPriceListAsync(cancellationToken);
        // Without a list: a cent more than nothing is all that is asked for.
        var rate = list is null ? BigInteger.One : length * list.PerTebibyteMonth / (BigInteger.One << 40) / BlocksPerMonth + (isNew ? list.PerDataSetMonth / BlocksPerMonth : 0) + 1;
        var lockup = list is null ? BigInteger.Pow(10, 16) : rate * list.LockupBlockCount + list.Addition + (isNew ? list.Creation + list.LifecycleReserve : 0);
        var free = account.FreeAt(head.Number);
        if (free < lockup) throw Funds($"{Tokens(free)} USDFC of the deposit of {signer.Payer} are free, and {Tokens(lockup)} are needed: deposit more into FilecoinPay");
        if (!approval.IsApproved) throw Funds($"{signer.Payer} has not approved the service as an operator of its deposit: approve {options.Network.Service} in FilecoinPay");
        if (approval.RateLeft < rate || approval.LockupLeft < lockup || (list is not null && approval.LockupBlockCountMax < list.LockupBlockCount))
            throw Funds($"the allowances of the service on the deposit of {signer.Payer} are used up: raise them in FilecoinPay");
    }

    public void Dispose() => gate.Dispose();

    private static BigInteger NumberOf(FilecoinOptions options, EvmAddress payer)
    {
        Span<byte> numbers = stackalloc byte[2 * sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(numbers, options.Network.ChainId);
        BinaryPrimitives.WriteUInt64BigEndian(numbers[sizeof(ulong)..], (ulong)options.ProviderId);
        var hash = Keccak256.Hash([.. "oort/filecoin/data-set/v1\0"u8, .. options.Network.Service.Bytes, .. payer.Bytes, .. numbers, .. Encoding.ASCII.GetBytes(options.Label)]);
        return new(hash.Bytes, isUnsigned: true, isBigEndian: true);
    }

    private static BackendException Funds(string what) => new(BackendErrorKind.Funds, $"Filecoin cannot be paid: {what}. It is tried again by itself.");

    private static string Tokens(BigInteger units) => ((double)units / 1e18).ToString("0.######", System.Globalization.CultureInfo.InvariantCulture);
}
