using System.Globalization;
using System.Security.Cryptography;

namespace Oort.Backends.Filecoin;

public sealed partial class FilecoinBackend
{
    /// <summary>Providers begin the next period, and remove what is scheduled, some blocks after the last one has ended.</summary>
    private static readonly TimeSpan removalSlack = TimeSpan.FromHours(1);

    /// <summary>How long a removal that was asked for here is waited for on the chain before it is asked for again.</summary>
    private static readonly TimeSpan removalPatience = TimeSpan.FromMinutes(10);

    private readonly Lock removalGate = new();

    /// <summary>Removals that were asked for lately, with the time; forgotten after <see cref="removalPatience"/>.</summary>
    private readonly Dictionary<(ulong DataSetId, ulong PieceId), DateTimeOffset> removals = [];

    private async Task<NetworkItem> SealAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        var (notes, locator) = (ItemNotes.Read(item.Progress, item.Length), ItemLocator.Read(item.Receipt!.Locator));
        var head = await chain.GetHeadAsync(cancellationToken);
        var now = time.GetUtcNow();
        // A block may have been undone since.
        if (await chain.GetUseAsync(signer.Payer, notes.Nonce, cancellationToken) is not { } use || use.DataSetId != locator.DataSetId || PieceIdOf(use) != locator.PieceId)
            return item with { State = ItemState.Pending, Receipt = item.Receipt with { Locator = (locator with { DataSetId = 0, PieceId = 0 }).Write() }, NextStep = now };
        await CheckThereAsync(locator, cancellationToken);
        // 8. A piece is challenged from the period after its addition on; a proof in a block behind one at which it was in the range is of a data set with it.
        if (notes.RangeBlock == 0)
        {
            var isInRange = await chain.IsInRangeAsync(locator.DataSetId, locator.PieceId, cancellationToken);
            if (isInRange) return item with { Progress = (notes with { RangeBlock = head.Number }).Write(), NextStep = now };
            CheckWait(item, now);
            return item with { NextStep = now + options.ProofInterval };
        }

        if (await chain.GetLastProvenAsync(locator.DataSetId, cancellationToken) <= notes.RangeBlock)
        {
            CheckWait(item, now);
            return item with { NextStep = now + options.ProofInterval };
        }

        // 9.
        if (options.ReadBack == FilecoinReadBack.Full) await ReadAllAsync(locator, cancellationToken);
        else await ReadSomeAsync(locator, notes.Blocks, options.SampledBlockCount, cancellationToken);
        return item with { State = ItemState.Sealed, NextStep = now + options.LookInterval };
    }

    private async Task<NetworkItem> LookAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        // 10.
        var locator = ItemLocator.Read(item.Receipt!.Locator);
        var head = await chain.GetHeadAsync(cancellationToken);
        var now = time.GetUtcNow();
        var record = await chain.GetDataSetAsync(locator.DataSetId, cancellationToken);
        // A data set that was deleted after its end has no record any more.
        var expires = record.EndBlock != 0 ? head.TimeOf(record.EndBlock) : item.Receipt.Expires;
        if (item.State == ItemState.Expiring && expires <= now) return item with { State = ItemState.Expired, NextStep = now };
        await CheckThereAsync(locator, cancellationToken);
        if (expires is not null) return item with { State = ItemState.Expiring, Receipt = item.Receipt with { Expires = expires }, NextStep = now + options.LookInterval };
        var proven = head.TimeOf(await chain.GetLastProvenAsync(locator.DataSetId, cancellationToken));
        if (now - proven > options.ProofAgeMax) throw Unproven(locator.DataSetId, proven);
        return item with { State = ItemState.Sealed, NextStep = now + options.LookInterval };
    }

    public async ValueTask<NetworkEvidence> VerifyAsync(NetworkItem item, VerifyDepth depth, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(item);
        if (item.Receipt is null) return new(false, ProofKinds.None, 0, "The provider has not taken it yet.");
        var (notes, locator) = (ItemNotes.Read(item.Progress, item.Length), ItemLocator.Read(item.Receipt.Locator));
        var kinds = ProofKinds.Claim;
        try
        {
            if (locator.IsInDataSet)
            {
                await CheckThereAsync(locator, cancellationToken);
                var head = await chain.GetHeadAsync(cancellationToken);
                var proven = await chain.GetLastProvenAsync(locator.DataSetId, cancellationToken);
                // A proof is of leaves that the chain has chosen out of all in the data set.
                if (notes.RangeBlock != 0 && proven > notes.RangeBlock && time.GetUtcNow() - head.TimeOf(proven) <= options.ProofAgeMax) kinds |= ProofKinds.OnChainPossession;
            }
            else if (!await provider.CanBeReadAsync(locator.Cid, cancellationToken))
            {
                throw await MissingAsync(locator.Cid, cancellationToken);
            }

            var proof = kinds.HasFlag(ProofKinds.OnChainPossession) ? "its data set was proven on the chain lately" : "no proof on the chain was looked at that could be of it";
            if (depth == VerifyDepth.Exists) return new(true, kinds, 0, $"The provider says that it is there, and {proof}.");
            var read = depth == VerifyDepth.Full ? await ReadAllAsync(locator, cancellationToken) : await ReadSomeAsync(locator, notes.Blocks, 1, cancellationToken);
            return new(true, (kinds & ~ProofKinds.Claim) | ProofKinds.ReadBack, read, string.Create(CultureInfo.InvariantCulture, $"{read} of {item.Length} bytes were read and are right, and {proof}."));
        }
        catch (BackendException e) when (e.Kind is BackendErrorKind.NotFound or BackendErrorKind.Corrupt)
        {
            return new(false, depth == VerifyDepth.Exists ? ProofKinds.Claim : ProofKinds.ReadBack, 0, e.Message);
        }
    }

    /// <remarks>What was never added costs nothing, and the provider drops it by itself. A removal is signed by who pays, and takes effect with the proving period.</remarks>
    public async ValueTask<(DeleteOutcome Outcome, DateTimeOffset? Effective)> DeleteAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(item);
        if (item.Progress.IsEmpty) return (DeleteOutcome.Deleted, null);
        var notes = ItemNotes.Read(item.Progress, item.Length);
        var now = time.GetUtcNow();
        if (await chain.GetUseAsync(signer.Payer, notes.Nonce, cancellationToken) is not { } use)
        {
            // What was sent may come into a block yet; then there would be a piece that nobody knows of, and that costs.
            var isUnderWay = notes.Sent is { } sent && now - sent <= addPatience;
            return isUnderWay ? throw new BackendException(BackendErrorKind.Transient, $"The addition of item {item.Id} is under way, and can only be undone when it is done. It is asked again by itself.") : (DeleteOutcome.Deleted, null);
        }

        var (dataSetId, pieceId) = (use.DataSetId, PieceIdOf(use));
        if (!await chain.IsPieceLiveAsync(dataSetId, pieceId, cancellationToken)) return (DeleteOutcome.Scheduled, now);
        if (!await chain.IsRemovalScheduledAsync(dataSetId, pieceId, cancellationToken))
        {
            await AskRemovalAsync(dataSetId, pieceId, now, cancellationToken);
            var isScheduled = await chain.IsRemovalScheduledAsync(dataSetId, pieceId, cancellationToken);
            if (!isScheduled) throw new BackendException(BackendErrorKind.Transient, $"The removal of item {item.Id} was asked for and waits for its block. It is asked again by itself.");
        }

        var head = await chain.GetHeadAsync(cancellationToken);
        var end = await chain.GetDeadlineAsync(dataSetId, cancellationToken) is { } deadline ? head.TimeOf(deadline) : now;
        return (DeleteOutcome.Scheduled, (end > now ? end : now) + removalSlack);
    }

    private async Task AskRemovalAsync(ulong dataSetId, ulong pieceId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        lock (removalGate)
        {
            foreach (var (key, asked) in removals) if (now - asked > removalPatience) removals.Remove(key);
            if (removals.ContainsKey((dataSetId, pieceId))) return;
        }

        await provider.RemovePieceAsync(dataSetId, pieceId, signer.SchedulePieceRemovals(dataSets.ClientDataSetId, [pieceId]), cancellationToken);
        lock (removalGate) removals[(dataSetId, pieceId)] = now;
    }

    /// <summary>Sees that the chain has the piece, and that the provider says so, too.</summary>
    /// <exception cref="BackendException">NotFound: one of them does not. Corrupt: it is another, or has another length.</exception>
    private async Task CheckThereAsync(ItemLocator locator, CancellationToken cancellationToken)
    {
        await CheckPieceAsync(locator.Cid, locator.DataSetId, locator.PieceId, cancellationToken);
        if (!await provider.CanBeReadAsync(locator.Cid, cancellationToken)) throw await MissingAsync(locator.Cid, cancellationToken);
    }

    /// <summary>The failure of a piece that the provider does not have. If the provider itself is not there, nothing is lost yet.</summary>
    private async Task<BackendException> MissingAsync(PieceCid cid, CancellationToken cancellationToken)
    {
        await provider.PingAsync(cancellationToken);
        return new(BackendErrorKind.NotFound, $"The provider does not have the piece {cid}. It was lost or removed: place a copy anew.");
    }

    /// <summary>Says so when an item has waited for its proof for too long.</summary>
    private void CheckWait(NetworkItem item, DateTimeOffset now)
    {
        if (now - item.Receipt!.Accepted > options.ProofAgeMax)
            throw new BackendException(BackendErrorKind.Transient, $"Item {item.Id} was taken on {item.Receipt.Accepted:u}, and its data set has not been proven with it since. It is looked at again by itself; ask the provider.");
    }

    private static BackendException Unproven(ulong dataSetId, DateTimeOffset proven) =>
        new(BackendErrorKind.Transient, $"Data set {dataSetId} was last proven on {proven:u}. It is looked at again by itself; if this lasts, place copies elsewhere.");

    /// <summary>Reads an item whole and compares its SHA-256.</summary>
    /// <returns>Its bytes.</returns>
    private async Task<long> ReadAllAsync(ItemLocator locator, CancellationToken cancellationToken)
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await provider.ReadAsync(locator.Cid, 0, locator.Cid.Length, bytes => sha256.AppendData(bytes.Span), cancellationToken);
        return sha256.GetHashAndReset().AsSpan().SequenceEqual(locator.Sha256.Span) ? locator.Cid.Length : throw Wrong(locator.Cid, "does not have its SHA-256");
    }

    /// <summary>Reads blocks that nobody could foresee and compares their nodes in the PieceCID's tree.</summary>
    /// <returns>Their bytes.</returns>
    private async Task<long> ReadSomeAsync(ItemLocator locator, PieceBlocks blocks, int blockCount, CancellationToken cancellationToken)
    {
        var length = locator.Cid.Length;
        var indices = Enumerable.Range(0, PieceBlocks.CountOf(length)).ToArray();
        RandomNumberGenerator.Shuffle(indices.AsSpan());
        var read = 0L;
        foreach (var index in indices.Take(blockCount))
        {
            var offset = index * PieceBlocks.SizeOf(length);
            var count = Math.Min(PieceBlocks.SizeOf(length), length - offset);
            var hasher = new SubtreeHasher();
            await provider.ReadAsync(locator.Cid, offset, count, bytes => hasher.Append(bytes.Span), cancellationToken);
            if (!hasher.Finish(PieceBlocks.HeightOf(length)).AsSpan().SequenceEqual(blocks[index].Span)) throw Wrong(locator.Cid, $"has other bytes between {offset} and {offset + count}");
            read += count;
        }

        return read;
    }
}
