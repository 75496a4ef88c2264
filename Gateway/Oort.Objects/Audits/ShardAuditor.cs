using System.Collections.Immutable;
using System.Globalization;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Reputation;
using Oort.Objects.Shards;

namespace Oort.Objects.Audits;

/// <summary>Audits one shard: reads a cell of it, or all, as a client's read would, and has the store prove the whole of it.</summary>
/// <remarks>
/// What decides are the gateway's own keyed tags. A proof by a store's own Merkle root shows that the store has read something of the right length from end to end; that this is the
/// shard shows at the leaf that lies in the cell just read. Asking for both at once finds who can prove and not deliver, and who delivers from elsewhere. Where a receipt is kept,
/// its root must be the same as ever: then all of the shard is. Thread-safe.
/// </remarks>
internal sealed class ShardAuditor(IMetadataStore metadata, StoreSet stores, Keyring keyring, AuditOptions options, TimeProvider time, Random random)
{
    /// <summary>Leaves that a proof opens beside the one that is compared.</summary>
    private const int FurtherLeaves = 3;

    private long bytesRead;

    /// <summary>Bytes of shards read so far.</summary>
    public long BytesRead => Interlocked.Read(ref bytesRead);

    /// <summary>1. Is the shard to be on the store? 2. A look at it. 3. Where it is not well: is it still to be there, and the store to be reached?</summary>
    /// <param name="kept">The store's receipts.</param>
    /// <param name="asked">A read for a client that came to nothing, to be made again before anything else; null: none.</param>
    /// <returns>No report: the shard is no longer to be on the store, which then owes nothing for it. And the receipts that are to be kept from now on.</returns>
    public async Task<(AuditReport? Report, KeptReceipts Kept)> RunAsync(StoreId storeId, ShardId shard, KeptReceipts kept, StoreSlot.ReadComplaint? asked, Pacer pacer, CancellationToken cancellationToken)
    {
        // 1.
        if (await FindRowAsync(storeId, shard, cancellationToken) is not { } row) return (null, kept.Without(shard));
        if (stores.FindSlot(storeId) is not { TakesReads: true, Store: { } store } slot) return (new(shard, AuditOutcome.Offline, "the store could not be reached"), kept);

        // 2.
        AuditReport report;
        try
        {
            (report, kept) = await LookAsync(row, shard, slot, store, kept, asked, pacer, cancellationToken);
        }
        catch (ObjectDisposedException)
        {
            report = new(shard, AuditOutcome.Timeout, "the connection was closed");
        }

        // 3.
        if (report.Outcome == AuditOutcome.Pass) return (report, kept);
        if (await FindRowAsync(storeId, shard, cancellationToken) is null) return (null, kept.Without(shard));
        return (report.Outcome == AuditOutcome.Timeout && !await IsThereAsync(store, cancellationToken) ? report with { Outcome = AuditOutcome.Offline } : report, kept);
    }

    private async ValueTask<SegmentRow?> FindRowAsync(StoreId store, ShardId shard, CancellationToken cancellationToken) =>
        await metadata.FindSegmentAsync(shard.Segment, cancellationToken) is { } row && shard.Index < row.Shards.Length && row.Shards[shard.Index] == store ? row : null;

    private async Task<(AuditReport, KeptReceipts)> LookAsync(SegmentRow row, ShardId shard, StoreSlot slot, IStore store, KeptReceipts kept, StoreSlot.ReadComplaint? asked, Pacer pacer, CancellationToken cancellationToken)
    {
        var layout = new ShardLayout(row.Geometry, row.PayloadLength);
        using var tagger = CreateTagger(row.Id);
        var tagging = new Lock();
        var patience = options.AnswerWithin + TimeSpan.FromMilliseconds(2 * slot.LatencyMilliseconds);
        var source = new ShardSource(shard, store, ShardCondition.Good, layout, time, patience);
        var stripe = random.Next(layout.StripeCount);
        var isWhole = random.NextDouble() < options.FullReadShare;
        try
        {
            // First, and in no other way than the client's: whoever serves audits and not clients must not be able to tell them apart.
            if (asked is not null)
            {
                await source.ReadLikeAsync(asked.Offset, asked.Length, cancellationToken);
                await pacer.SpendAsync(asked.Length, cancellationToken);
            }

            await source.OpenAsync(tagger, tagging, cancellationToken);
            for (var number = 0; isWhole && number < layout.StripeCount && source.Condition == ShardCondition.Good; number++)
            {
                await pacer.SpendAsync((await source.ReadCellAsync(number, tagger, tagging, cancellationToken)).Length, cancellationToken);
                if (source.Condition != ShardCondition.Good) stripe = number;
            }

            var cell = await source.ReadCellAsync(stripe, tagger, tagging, cancellationToken);
            await pacer.SpendAsync(cell.Length, cancellationToken);
            if (source.Condition == ShardCondition.Good && store.Prover is { } prover)
            {
                var (report, proof) = await ProveAsync(shard, layout, stripe, cell, prover, patience, pacer, cancellationToken);
                return report.Outcome == AuditOutcome.Pass ? await CompareAsync(report, proof!, prover, kept, patience, cancellationToken) : (report, kept);
            }

            return (source.Condition switch
            {
                ShardCondition.Good => new(shard, AuditOutcome.Pass, ""),
                ShardCondition.Absent => new(shard, AuditOutcome.Fail, "it answered that it has no such shard"),
                ShardCondition.Bad => new(shard, AuditOutcome.Fail, source.Failure?.Message ?? Text($"the shard is not {layout.ShardLength} bytes long, or header or cell {stripe} do not fit the gateway's keyed tags")),
                _ => new AuditReport(shard, AuditOutcome.Timeout, source.Failure?.Message ?? "no answer"),
            }, kept);
        }
        finally
        {
            Interlocked.Add(ref bytesRead, source.BytesRead);
        }
    }

    /// <summary>Has the store open leaves; one of them lies in the cell that was read.</summary>
    private async Task<(AuditReport Report, ShardProof? Proof)> ProveAsync(ShardId shard, ShardLayout layout, int stripe, ReadOnlyMemory<byte> cell, IShardProver prover, TimeSpan patience, Pacer pacer, CancellationToken cancellationToken)
    {
        var (cellFrom, leafSize) = (layout.CellOffset(stripe), prover.LeafSize);
        var compared = (int)((cellFrom + random.Next(cell.Length)) / leafSize);
        var leafCount = (int)((layout.ShardLength + leafSize - 1) / leafSize);
        var leaves = Enumerable.Range(0, FurtherLeaves).Select(_ => random.Next(leafCount)).Append(compared).Distinct().Order().ToImmutableArray();
        ShardProof proof;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var asked = prover.ProveAsync(shard, leaves, limit.Token).AsTask();
            proof = await asked.WaitAsync(patience, time, cancellationToken);
        }
        catch (BackendException failure)
        {
            return (new(shard, failure.Kind is BackendErrorKind.NotFound or BackendErrorKind.Corrupt ? AuditOutcome.Fail : AuditOutcome.Timeout, $"asked to prove it: {failure.Message}"), null);
        }
        catch (TimeoutException)
        {
            return (new(shard, AuditOutcome.Timeout, Text($"no proof within {patience.TotalSeconds:0.#} s")), null);
        }
        finally
        {
            await limit.CancelAsync();
        }

        await pacer.SpendAsync(proof.Leaves.Sum(leaf => (long)leaf.Length), cancellationToken);
        if (proof.Length != layout.ShardLength) return (new(shard, AuditOutcome.Fail, Text($"it proved a shard of {proof.Length} bytes; {layout.ShardLength} were put")), proof);

        // The leaf and the cell overlap, each may begin first.
        var leaf = proof.Leaves[leaves.IndexOf(compared)];
        var leafFrom = (long)compared * leafSize;
        var (from, to) = (Math.Max(leafFrom, cellFrom), Math.Min(leafFrom + leaf.Length, cellFrom + cell.Length));
        return leaf.Span[(int)(from - leafFrom)..(int)(to - leafFrom)].SequenceEqual(cell.Span[(int)(from - cellFrom)..(int)(to - cellFrom)])
            ? (new(shard, AuditOutcome.Pass, ""), proof)
            : (new(shard, AuditOutcome.Fail, Text($"the leaf {compared} that it proved is not what was put")), proof);
    }

    /// <summary>Compares the root of a proof, a leaf of which was what was put, with the receipt's that is kept; or gets one to keep, when there is room.</summary>
    private async Task<(AuditReport, KeptReceipts)> CompareAsync(AuditReport passed, ShardProof proof, IShardProver prover, KeptReceipts kept, TimeSpan patience, CancellationToken cancellationToken)
    {
        var shard = passed.Shard;
        if (kept.Find(shard) is { } known)
        {
            if (prover.ReadReceipt(shard, known.Signed) is not { } receipt) return (passed, kept.Without(shard));
            return receipt.Root.Span.SequenceEqual(proof.Root.Span) ? (passed, kept.Opened(shard)) : (Differs(receipt), kept.Without(shard));
        }

        if (kept.Entries.Length >= KeptReceipts.CountMax && random.Next(KeptReceipts.ReplaceOneIn) != 0) return (passed, kept);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var receipt = await prover.SignAsync(shard, limit.Token).AsTask().WaitAsync(patience, time, cancellationToken);
            return receipt.Root.Span.SequenceEqual(proof.Root.Span) ? (passed, kept.With(shard, receipt.Signed)) : (Differs(receipt), kept);
        }
        catch (Exception e) when (e is BackendException or TimeoutException)
        {
            // The shard itself has just been shown; another audit gets a receipt.
            return (passed, kept);
        }
        finally
        {
            await limit.CancelAsync();
        }

        AuditReport Differs(ShardReceipt receipt) =>
            new(shard, AuditOutcome.Fail, $"it signed that the shard's root is {Convert.ToHexStringLower(receipt.Root.Span)}, and proves by {Convert.ToHexStringLower(proof.Root.Span)}");
    }

    /// <summary>Whether the store answers at all.</summary>
    private async Task<bool> IsThereAsync(IStore store, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await store.ProbeAsync(limit.Token).AsTask().WaitAsync(options.AnswerWithin, time, cancellationToken);
            return true;
        }
        catch (Exception e) when (e is BackendException or TimeoutException or ObjectDisposedException)
        {
            return false;
        }
        finally
        {
            await limit.CancelAsync();
        }
    }

    private SegmentTagger CreateTagger(SegmentId segment)
    {
        Span<byte> id = stackalloc byte[SegmentId.Size];
        segment.Write(id);
        return keyring.CreateTagger(id);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
