using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Shards;
using Oort.Objects.Writing;

namespace Oort.Objects.Packs;

/// <summary>Writes one pack: lays the bodies out, codes, puts whole shards to all stores, and makes the segment known.</summary>
internal sealed class PackFlush(DataPath path, IPlacer placer, Geometry geometry, List<PackEntry> entries)
{
    /// <summary>Bytes beside the shards: the stripe in work, headers and tables, and what the pool rounds up.</summary>
    private const int OverheadBytes = 2 * 1024 * 1024;

    /// <summary>Memory of one flush, in bytes: shards of twice the payload, which all default codes stay within.</summary>
    public static int BytesMax(ObjectLayerOptions options) => 2 * options.PackPayloadMax + OverheadBytes;

    /// <summary>Payload bytes that this memory allows under a code. (A body that is larger alone is flushed alone.)</summary>
    public static int PayloadMax(ObjectLayerOptions options, Geometry geometry) =>
        (int)Math.Min(options.PackPayloadMax, 2L * options.PackPayloadMax * geometry.DataShards / geometry.TotalShards);

    /// <summary>
    /// 1. Lay out. 2. Seal what is not sealed, and code into whole shards; from here on the bodies' buffers are free. 3. Put all shards in parallel. 4. Have the segment made known,
    /// unless it holds one body only, whose own commit does that. 5. Tell those who wait: their commits queue up behind the segment's in this
    /// very thread and share its group, so that all of them cost the journal one record. A failure is told to all of them, and is not thrown.
    /// </summary>
    /// <param name="quorumReached">Called at most once, when only the slowest stores are still waited for.</param>
    public async Task RunAsync(Action quorumReached)
    {
        var use = path.SegmentIds.Begin();
        var isHandedOver = false;
        try
        {
            // 1.
            var offsets = LayOut(out var payloadLength);
            var layout = new ShardLayout(geometry, payloadLength);
            using var lanes = ShardLanes.Open(path, placer, use.Id, geometry);

            // 2. and 3.
            await PutAsync(lanes, use.Id, layout, offsets, quorumReached);
            var row = new SegmentRow { Id = use.Id, Geometry = geometry, PayloadLength = payloadLength, Shards = lanes.Placed(), Policy = placer.Policy };

            // 4.
            isHandedOver = entries.Count == 1;
            Task known;
            using (path.Metadata.GatherWrites())
            {
                known = isHandedOver ? Task.CompletedTask : MakeKnownAsync(row);

                // 5.
                for (var i = 0; i < entries.Count; i++)
                    entries[i].Complete(new PackPlace(new SegmentRun(row.Id, offsets[i], entries[i].Length), row, isHandedOver ? use : null, known));
            }

            await known;
        }
        catch (Exception e)
        {
            // Whoever has been told a place already hears of it when his own commit fails.
            foreach (var entry in entries) entry.Fail(e);
        }
        finally
        {
            foreach (var entry in entries) entry.Dispose();
            if (!isHandedOver) use.Dispose();
        }
    }

    private int[] LayOut(out int payloadLength)
    {
        var offsets = new int[entries.Count];
        payloadLength = 0;
        for (var i = 0; i < offsets.Length; i++)
        {
            offsets[i] = PackWriter.Align(payloadLength);
            payloadLength = offsets[i] + entries[i].Length;
        }
        return offsets;
    }

    private async ValueTask PutAsync(ShardLanes lanes, SegmentId segment, ShardLayout layout, int[] offsets, Action quorumReached)
    {
        var shardLength = (int)layout.ShardLength;
        var shards = path.Buffers.RentReserved(shardLength * geometry.TotalShards);
        var put = Task.CompletedTask;
        try
        {
            PackEntry.SealAll(entries);
            CodeAll(segment, layout, offsets, shards.Span);
            foreach (var entry in entries) entry.Dispose();
            var operation = lanes.Start((lane, shard) => lane.PutAsync(shards.Memory.Slice(shard * shardLength, shardLength)));
            put = operation.All;
            await lanes.SettleAsync(operation, quorumReached);
        }
        finally
        {
            // A store that hangs keeps the buffer beyond this flush: from here on it counts as everyone's.
            if (!put.IsCompleted) shards.Charge();
            shards.DisposeAfter(put);
        }
    }

    /// <summary>Makes the shards end to end; each byte of the payload is copied to its cell, and coded there.</summary>
    private void CodeAll(SegmentId segment, ShardLayout layout, int[] offsets, Span<byte> shards)
    {
        using var coder = SegmentCoder.OpenReserved(path, segment, layout);
        var shardLength = (int)layout.ShardLength;
        var payload = new PackPayload(entries, offsets);
        for (var stripe = 0; stripe < layout.StripeCount; stripe++)
        {
            var cells = shards[(int)layout.CellOffset(stripe)..];
            var (size, rest) = (layout.CellSize(stripe), layout.StripeLength(stripe));
            for (var shard = 0; rest > 0; shard++, rest -= size)
                payload.CopyNext(cells.Slice(shard * shardLength, Math.Min(size, rest)));
            coder.Code(stripe, cells, shardLength);
        }
        for (var shard = 0; shard < geometry.TotalShards; shard++)
        {
            coder.Head(shard).CopyTo(shards[(shard * shardLength)..]);
            coder.Table(shard).CopyTo(shards[(shard * shardLength + (int)layout.TableOffset)..]);
        }
    }

    private async Task MakeKnownAsync(SegmentRow row)
    {
        var outcome = await path.Metadata.AddSegmentsAsync(path.SegmentIds.Epoch, [row], CancellationToken.None);
        if (outcome != CommitOutcome.Done) throw new FencedException();
        if (!row.IsFull) path.Repairs.Enqueue(row.Id, -1, RepairReason.WrittenPartly);
    }
}
