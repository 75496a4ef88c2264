using System.Buffers.Binary;
using System.Numerics;
using Oort.Evm;

namespace Oort.Backends.Filecoin;

/// <summary>What the chain says of data sets, pieces, proofs and money. Thread-safe.</summary>
/// <remarks>All methods throw <see cref="BackendException"/> by <see cref="ChainFailures"/>.</remarks>
internal sealed class FilecoinChain(EvmClient node, FilecoinNetwork network)
{
    /// <summary>Filecoin's block time: an epoch.</summary>
    public static readonly TimeSpan BlockTime = TimeSpan.FromSeconds(30);

    private const int WordSize = 32;

    /// <summary>Words of a data set's record that have been there from the beginning.</summary>
    private const int DataSetWordCount = 10;

    private const int DataSetSizeMax = 64 * WordSize;

    private EvmAddress? view;
    private bool isRightChain;

    /// <summary>The newest block. The first time it is also seen that the node is of the network that is meant.</summary>
    public async Task<ChainHead> GetHeadAsync(CancellationToken cancellationToken)
    {
        await CheckChainAsync(cancellationToken);
        var block = await GuardAsync(() => node.GetBlockAsync(EvmBlockTag.Latest, cancellationToken)) ?? throw new BackendException(BackendErrorKind.Transient, "The node has no newest block; it may be starting. It is tried again by itself.");
        return new(block.Number, block.Time);
    }

    /// <summary>What a client's number was used for; null: it was not used.</summary>
    /// <param name="payer">Who signed with it.</param>
    /// <param name="nonce">Of an addition, or a client's data set id.</param>
    /// <returns>The data set, and the number of pieces that it had had with the last of that addition (0: it is the data set's own).</returns>
    public async Task<(ulong DataSetId, ulong PieceCount)?> GetUseAsync(EvmAddress payer, BigInteger nonce, CancellationToken cancellationToken)
    {
        // FWSS: the data set in the lower 128 bits, the next piece's id in the upper ones.
        var packed = await NumberAsync(FilecoinContracts.ClientNonces, await GetViewAsync(cancellationToken), cancellationToken, payer, nonce);
        return packed.IsZero ? null : (To64(packed & ((BigInteger.One << 128) - 1), "a data set's id"), To64(packed >> 128, "a count of pieces"));
    }

    public async Task<DataSetRecord> GetDataSetAsync(ulong dataSetId, CancellationToken cancellationToken)
    {
        var target = await GetViewAsync(cancellationToken);
        var bytes = await GuardAsync(() => node.CallAsync(new() { To = target, Data = FilecoinContracts.GetDataSet.Encode(dataSetId) }, cancellationToken));
        if (bytes.Length is < DataSetWordCount * WordSize or > DataSetSizeMax || bytes.Length % WordSize != 0) throw Wrong($"a data set's record has {bytes.Length} bytes");
        return new(AddressAt(3), Number(7), To64(Number(8), "a block's number"), To64(Number(9), "a provider's id"));

        ReadOnlySpan<byte> Word(int index) => bytes.AsSpan(index * WordSize, WordSize);
        BigInteger Number(int index) => new(Word(index), isUnsigned: true, isBigEndian: true);
        EvmAddress AddressAt(int index) => Word(index)[..^EvmAddress.Size].ContainsAnyExcept((byte)0) ? throw Wrong("a data set's payer is no address") : new(Word(index)[^EvmAddress.Size..]);
    }

    /// <summary>Whether a data set is there and has not been deleted.</summary>
    public async Task<bool> IsDataSetLiveAsync(ulong dataSetId, CancellationToken cancellationToken) =>
        (bool)(await AskAsync(FilecoinContracts.DataSetLive, network.Verifier, cancellationToken, dataSetId))[0];

    /// <summary>Whether a piece is in a data set and has not been removed.</summary>
    public async Task<bool> IsPieceLiveAsync(ulong dataSetId, ulong pieceId, CancellationToken cancellationToken) =>
        (bool)(await AskAsync(FilecoinContracts.PieceLive, network.Verifier, cancellationToken, dataSetId, pieceId))[0];

    /// <summary>The PieceCID that the chain has for a piece; null where that is none.</summary>
    public async Task<PieceCid?> GetPieceCidAsync(ulong dataSetId, ulong pieceId, CancellationToken cancellationToken)
    {
        var fields = (object[])(await AskAsync(FilecoinContracts.GetPieceCid, network.Verifier, cancellationToken, dataSetId, pieceId))[0];
        return PieceCid.TryRead((byte[])fields[0], out var cid) ? cid : null;
    }

    /// <summary>Whether challenges of the present period may ask for a piece: those added during a period are asked for from the next on.</summary>
    public async Task<bool> IsInRangeAsync(ulong dataSetId, ulong pieceId, CancellationToken cancellationToken)
    {
        try
        {
            return (bool)(await node.CallAsync(FilecoinContracts.PieceChallengable, network.Verifier, cancellationToken, dataSetId, pieceId))[0];
        }
        catch (EvmException e) when (e.Kind == EvmErrorKind.Reverted)
        {
            // It counts down from the range's end, which is zero before the first period.
            return false;
        }
        catch (EvmException e)
        {
            return await ChainFailures.GuardAsync<bool>(() => throw e);
        }
    }

    /// <summary>The block in which a data set was proven last; before the first proof that of its creation.</summary>
    public async Task<ulong> GetLastProvenAsync(ulong dataSetId, CancellationToken cancellationToken) =>
        To64(await NumberAsync(FilecoinContracts.GetDataSetLastProvenEpoch, network.Verifier, cancellationToken, dataSetId), "a block's number");

    /// <summary>Whether a piece is to be removed at the end of the period.</summary>
    public async Task<bool> IsRemovalScheduledAsync(ulong dataSetId, ulong pieceId, CancellationToken cancellationToken) =>
        ((object[])(await AskAsync(FilecoinContracts.GetScheduledRemovals, network.Verifier, cancellationToken, dataSetId))[0]).Contains((BigInteger)pieceId);

    /// <summary>The last block of a data set's proving period; null where none has begun.</summary>
    public async Task<ulong?> GetDeadlineAsync(ulong dataSetId, CancellationToken cancellationToken)
    {
        var deadline = await NumberAsync(FilecoinContracts.ProvingDeadline, await GetViewAsync(cancellationToken), cancellationToken, dataSetId);
        // None is said by zero, or by a number that no block will have.
        return deadline.IsZero || deadline > long.MaxValue ? null : (ulong)deadline;
    }

    /// <summary>Where the provider is paid, which a creation is signed for.</summary>
    public async Task<EvmAddress> GetPayeeAsync(long providerId, CancellationToken cancellationToken)
    {
        var payee = (EvmAddress)(await AskAsync(FilecoinContracts.GetProviderPayee, network.Registry, cancellationToken, providerId))[0];
        return payee != default ? payee : throw new BackendException(BackendErrorKind.Unauthorized, $"The registry of {network.Name} knows no provider {providerId}. Correct ProviderId.");
    }

    /// <summary>What the service charges; null where this version does not tell.</summary>
    public async Task<ServicePriceList?> GetPriceListAsync(CancellationToken cancellationToken)
    {
        var target = await GetViewAsync(cancellationToken);
        object[] list;
        try
        {
            list = (object[])(await node.CallAsync(FilecoinContracts.GetPriceList, target, cancellationToken))[0];
        }
        catch (EvmException e) when (e.Kind is EvmErrorKind.Reverted or EvmErrorKind.Malformed)
        {
            return null;
        }
        catch (EvmException e)
        {
            return await ChainFailures.GuardAsync<ServicePriceList?>(() => throw e);
        }

        // Amounts of another token are not dollars.
        if ((EvmAddress)list[0] != network.Token) return null;
        var (rates, fees, lockups) = ((object[])list[1], (object[])list[2], (object[])list[3]);
        return new((BigInteger)rates[0], (BigInteger)rates[1], (BigInteger)fees[0], (BigInteger)fees[1] + (BigInteger)fees[2], (BigInteger)fees[3], (BigInteger)lockups[0], (BigInteger)lockups[2]);
    }

    public async Task<PaymentAccount> GetAccountAsync(EvmAddress owner, CancellationToken cancellationToken)
    {
        var account = await AskAsync(FilecoinContracts.Accounts, network.Payments, cancellationToken, network.Token, owner);
        return new((BigInteger)account[0], (BigInteger)account[1], (BigInteger)account[2], (BigInteger)account[3]);
    }

    /// <summary>What the account lets the service take from its deposit.</summary>
    public async Task<PaymentApproval> GetApprovalAsync(EvmAddress owner, CancellationToken cancellationToken)
    {
        var approval = await AskAsync(FilecoinContracts.OperatorApprovals, network.Payments, cancellationToken, network.Token, owner, network.Service);
        return new((bool)approval[0], (BigInteger)approval[1] - (BigInteger)approval[3], (BigInteger)approval[2] - (BigInteger)approval[4], (BigInteger)approval[5]);
    }

    private async Task CheckChainAsync(CancellationToken cancellationToken)
    {
        if (isRightChain) return;
        var id = await GuardAsync(() => node.GetChainIdAsync(cancellationToken));
        if (id != network.ChainId) throw new BackendException(BackendErrorKind.Unauthorized, $"The node is of chain {id}, and {network.Name} is chain {network.ChainId}. Correct the node or the network.");
        isRightChain = true;
    }

    private async Task<EvmAddress> GetViewAsync(CancellationToken cancellationToken)
    {
        await CheckChainAsync(cancellationToken);
        if ((view ?? network.View) is { } known) return known;
        var found = (EvmAddress)(await AskAsync(FilecoinContracts.ViewContractAddress, network.Service, cancellationToken))[0];
        if (found == default) throw Wrong("the service names no contract for questions");
        view = found;
        return found;
    }

    private async Task<BigInteger> NumberAsync(AbiFunction function, EvmAddress target, CancellationToken cancellationToken, params object[] arguments) => (BigInteger)(await AskAsync(function, target, cancellationToken, arguments))[0];

    private async Task<object[]> AskAsync(AbiFunction function, EvmAddress target, CancellationToken cancellationToken, params object[] arguments)
    {
        await CheckChainAsync(cancellationToken);
        return await GuardAsync(() => node.CallAsync(function, target, cancellationToken, arguments));
    }

    private static Task<T> GuardAsync<T>(Func<Task<T>> call) => ChainFailures.GuardAsync(call);

    private static ulong To64(BigInteger number, string what) => number <= long.MaxValue ? (ulong)number : throw Wrong($"{what} has more than 63 bits");

    private static BackendException Wrong(string what) => new(BackendErrorKind.Unauthorized, $"The contracts' answer cannot be used: {what}. Check their addresses, and the node.");
}

/// <summary>The newest block.</summary>
internal sealed record ChainHead(ulong Number, DateTimeOffset Time)
{
    /// <summary>When a block was made, or will be.</summary>
    public DateTimeOffset TimeOf(ulong block)
    {
        // Nothing is reckoned further than some hundred years, whatever a contract says.
        const double blockCountMax = 1e8;
        var blocks = Math.Clamp(block - (double)Number, -blockCountMax, blockCountMax);
        return Time + blocks * FilecoinChain.BlockTime;
    }
}

/// <summary>What the service knows of a data set.</summary>
/// <param name="ClientDataSetId">What its creation was signed with.</param>
/// <param name="EndBlock">Where its payment ends, and so the service; 0: it goes on.</param>
internal sealed record DataSetRecord(EvmAddress Payer, BigInteger ClientDataSetId, ulong EndBlock, ulong ProviderId);

/// <summary>What the service charges, in the token's smallest unit.</summary>
/// <param name="PerTebibyteMonth">For 2^40 bytes and 86,400 blocks.</param>
/// <param name="PerDataSetMonth">For each data set that is not empty.</param>
/// <param name="LifecycleReserve">Locked for each data set; fees come out of it.</param>
/// <param name="LockupBlockCount">For so long the rate is locked in advance.</param>
internal sealed record ServicePriceList(BigInteger PerTebibyteMonth, BigInteger PerDataSetMonth, BigInteger Creation, BigInteger Addition, BigInteger Removal, BigInteger LifecycleReserve, BigInteger LockupBlockCount);

/// <summary>A deposit, in the token's smallest unit.</summary>
/// <param name="LockupRate">By block.</param>
/// <param name="SettledAt">The block for which the locked part is right.</param>
internal sealed record PaymentAccount(BigInteger Funds, BigInteger LockedUp, BigInteger LockupRate, BigInteger SettledAt)
{
    /// <summary>What is free at a block.</summary>
    public BigInteger FreeAt(ulong block) => BigInteger.Max(0, Funds - LockedUp - BigInteger.Max(0, block - SettledAt) * LockupRate);

    /// <summary>The block at which nothing is free any more; null: nothing is being used up.</summary>
    public BigInteger? LastBlock => LockupRate.IsZero ? null : SettledAt + BigInteger.Max(0, Funds - LockedUp) / LockupRate;
}

/// <summary>What an account lets the service take.</summary>
/// <param name="RateLeft">By block.</param>
/// <param name="LockupBlockCountMax">Longest lockup.</param>
internal sealed record PaymentApproval(bool IsApproved, BigInteger RateLeft, BigInteger LockupLeft, BigInteger LockupBlockCountMax);

/// <summary>Calls of contracts, encoded and decoded.</summary>
internal static class ContractCalls
{
    public static async Task<object[]> CallAsync(this EvmClient node, AbiFunction function, EvmAddress target, CancellationToken cancellationToken, params object[] arguments) =>
        function.DecodeResult(await node.CallAsync(new() { To = target, Data = function.Encode(arguments) }, cancellationToken));
}
