using System.Numerics;
using System.Security.Cryptography;
using Oort.Evm;

namespace Oort.Backends.Filecoin;

public sealed partial class FilecoinBackend
{
    /// <summary>How long a provider may take to have what it was sent where it can add it.</summary>
    private static readonly TimeSpan parkPatience = TimeSpan.FromHours(1);

    /// <summary>How long an addition that nobody knows anything of may still come into a block.</summary>
    private static readonly TimeSpan addPatience = TimeSpan.FromHours(2);

    /// <summary>After what the chain rejected: it costs the provider its fees, and often ends in being turned away.</summary>
    private static readonly TimeSpan rejectedDelay = TimeSpan.FromMinutes(10);

    private async Task<NetworkItem> PrepareAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        if (item.Length is < LengthMin or > LengthMax) throw new BackendException(BackendErrorKind.Permanent, $"Item {item.Id} has {item.Length} bytes, and providers take {LengthMin} to {LengthMax}; bundle it, or cut it.");
        // 1.
        var blocks = await PieceBlocks.ComputeAsync(item, source, options.HashThreadCount, cancellationToken);
        var nonce = new BigInteger(RandomNumberGenerator.GetBytes(ItemNotes.NonceSize), isUnsigned: true, isBigEndian: true);
        return item with { Progress = new ItemNotes(nonce, null, null, 0, blocks).Write(), NextStep = time.GetUtcNow() };
    }

    private async Task<NetworkItem> SendAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        var notes = ItemNotes.Read(item.Progress, item.Length);
        // 2.
        if (await dataSets.FindAsync(cancellationToken) is null)
        {
            await dataSets.CheckFundsAsync(item.Length, isNew: true, cancellationToken);
            await dataSets.CreateAsync(cancellationToken);
            return item with { NextStep = time.GetUtcNow() + options.AskInterval };
        }

        // 3. What it has already, from a step whose answer was lost or from another item, is not sent again.
        var cid = notes.Blocks.Cid;
        if (await provider.BeginUploadAsync(cid, cancellationToken) is { } upload) await provider.UploadAsync(upload, source, item.Length, cancellationToken);
        var now = time.GetUtcNow();
        var receipt = new NetworkReceipt
        {
            Provider = $"{options.Network.Name}/{options.ProviderId}",
            Locator = new ItemLocator(item.Sha256, 0, 0, cid).Write(),
            Address = cid.ToString(),
            Accepted = now,
        };
        return item with { State = ItemState.Accepted, Receipt = receipt, NextStep = now };
    }

    private async Task<NetworkItem> AddAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        var notes = ItemNotes.Read(item.Progress, item.Length);
        var now = time.GetUtcNow();
        // An addition that was sent before, and was not noted.
        if (await chain.GetUseAsync(signer.Payer, notes.Nonce, cancellationToken) is not null) return item with { State = ItemState.Pending, NextStep = now };
        // 4.
        if (!await provider.FindAsync(notes.Blocks.Cid, cancellationToken))
        {
            var isGone = now - item.Receipt!.Accepted > parkPatience;
            return isGone ? item with { State = ItemState.Planned, Receipt = null, NextStep = now } : item with { NextStep = now + options.AskInterval };
        }

        // 5. From here on it may be paid for.
        if (notes.Sent is null) return item with { Progress = (notes with { Sent = now }).Write(), NextStep = now };
        // 6.
        return await AddNowAsync(item, notes, cancellationToken);
    }

    /// <summary>Sends the addition: the same bytes each time, of which the contract takes the first.</summary>
    private async Task<NetworkItem> AddNowAsync(NetworkItem item, ItemNotes notes, CancellationToken cancellationToken)
    {
        var dataSet = await dataSets.FindAsync(cancellationToken) ?? throw new BackendException(BackendErrorKind.Transient, "The data set that was made is not on the chain any more. It is looked for again by itself.");
        await dataSets.CheckFundsAsync(item.Length, isNew: false, cancellationToken);
        var extraData = signer.AddPieces(dataSets.ClientDataSetId, notes.Nonce, [(notes.Blocks.Cid, [])]);
        EvmHash transaction;
        try
        {
            transaction = await provider.AddPieceAsync(dataSet, notes.Blocks.Cid, extraData, cancellationToken);
        }
        catch (BackendException e) when (e.Kind == BackendErrorKind.Permanent)
        {
            // One that was sent before may have come into its block just now. Otherwise somebody has to look: were the item given up, what is under way would be paid for and forgotten.
            if (await chain.GetUseAsync(signer.Payer, notes.Nonce, cancellationToken) is not null) return item with { State = ItemState.Pending, NextStep = time.GetUtcNow() };
            throw new BackendException(BackendErrorKind.Unauthorized, e.Message, e);
        }

        var receipt = item.Receipt! with { Transaction = transaction.ToString() };
        return item with { State = ItemState.Pending, Progress = (notes with { Transaction = transaction, Sent = time.GetUtcNow() }).Write(), Receipt = receipt, NextStep = time.GetUtcNow() + options.AskInterval };
    }

    private async Task<NetworkItem> ConfirmAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        var notes = ItemNotes.Read(item.Progress, item.Length);
        var now = time.GetUtcNow();
        // 7. The chain alone says that it was added; what the provider says only tells whether waiting makes sense.
        if (await chain.GetUseAsync(signer.Payer, notes.Nonce, cancellationToken) is { } use)
        {
            var piece = await CheckPieceAsync(notes.Blocks.Cid, use.DataSetId, PieceIdOf(use), cancellationToken);
            var receipt = item.Receipt! with { Locator = new ItemLocator(item.Sha256, use.DataSetId, piece, notes.Blocks.Cid).Write() };
            return item with { State = ItemState.Confirmed, Progress = (notes with { RangeBlock = 0 }).Write(), Receipt = receipt, NextStep = now };
        }

        if (notes.Transaction is not { } transaction)
        {
            if (await provider.FindAsync(notes.Blocks.Cid, cancellationToken)) return await AddNowAsync(item, notes, cancellationToken);
            return item with { State = ItemState.Planned, Receipt = null, NextStep = now };
        }

        var dataSet = await dataSets.FindAsync(cancellationToken);
        var status = dataSet is { } id ? await provider.GetAdditionAsync(id, transaction, cancellationToken) : PdpStatus.Unknown;
        var isLost = status == PdpStatus.Rejected || now - (notes.Sent ?? now) > addPatience;
        return isLost
            ? item with { Progress = (notes with { Transaction = null }).Write(), NextStep = now + rejectedDelay }
            : item with { NextStep = now + options.AskInterval };
    }

    /// <summary>The piece that an addition of one has made.</summary>
    private static ulong PieceIdOf((ulong DataSetId, ulong PieceCount) use) => use.PieceCount > 0 ? use.PieceCount - 1
        : throw new BackendException(BackendErrorKind.Permanent, "The chain has used an item's nonce for something else. The item is to be placed anew.");

    /// <summary>Compares what the chain has under a piece's number with the item's PieceCID.</summary>
    /// <returns>The number.</returns>
    /// <exception cref="BackendException">NotFound: it was removed. Corrupt: it is another.</exception>
    private async Task<ulong> CheckPieceAsync(PieceCid cid, ulong dataSetId, ulong pieceId, CancellationToken cancellationToken)
    {
        if (!await chain.IsPieceLiveAsync(dataSetId, pieceId, cancellationToken)) throw new BackendException(BackendErrorKind.NotFound, $"The piece {cid} is not in data set {dataSetId} any more. Place a copy anew.");
        return cid.Equals(await chain.GetPieceCidAsync(dataSetId, pieceId, cancellationToken)) ? pieceId : throw Wrong(cid, $"is another on the chain (data set {dataSetId}, piece {pieceId})");
    }
}
