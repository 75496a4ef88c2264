using Oort.Checksums;
using Oort.Metadata;
using Oort.Objects.Shards;

namespace Oort.Objects.Writing;

/// <summary>Writes one segment, run by run: the header goes out with the first cells and the table with the last. A segment of one run is put whole.</summary>
/// <remarks>Used by one upload. Disposed without <see cref="CommitAsync"/> it leaves nothing readable on the stores.</remarks>
internal sealed class SegmentWriter : IDisposable
{
    private readonly SegmentIds.SegmentUse use;
    private readonly SegmentCoder coder;
    private readonly ShardLanes lanes;
    private readonly string policy;
    private RunBuffer? run;
    private int stripe;

    private SegmentWriter(SegmentIds.SegmentUse use, SegmentCoder coder, ShardLanes lanes, string policy)
    {
        this.use = use;
        this.coder = coder;
        this.lanes = lanes;
        this.policy = policy;
    }

    public ref readonly ShardLayout Layout => ref coder.Layout;

    /// <summary>The segment's id, in use until it is disposed: when the metadata has decided about the segment.</summary>
    public SegmentIds.SegmentUse Use => use;

    /// <summary>All stripes have been coded.</summary>
    public bool IsFilled => stripe == Layout.StripeCount;

    /// <summary>The run that was begun is full.</summary>
    public bool IsRunFilled => stripe == run!.End;

    /// <summary>Payload bytes of the stripe that is to be filled.</summary>
    public int StripeLength => Layout.StripeLength(stripe);

    /// <summary>All of the segment lies in one run, and goes out only with the commit.</summary>
    private bool IsWhole => run is { First: 0 } && run.End == Layout.StripeCount;

    /// <summary>Begins a segment on stores that take it.</summary>
    /// <exception cref="ObjectUnavailableException">The stores are fewer than the quorum.</exception>
    public static SegmentWriter Open(DataPath path, IPlacer placer, ShardLayout layout)
    {
        var use = path.SegmentIds.Begin();
        ShardLanes? lanes = null;
        try
        {
            lanes = ShardLanes.Open(path, placer, use.Id, layout.Geometry);
            return new SegmentWriter(use, SegmentCoder.Open(path, use.Id, layout), lanes, placer.Policy);
        }
        catch
        {
            lanes?.Dispose();
            use.Dispose();
            throw;
        }
    }

    /// <summary>Begins a run in a buffer that was taken. The stores make room meanwhile.</summary>
    public void Begin(RunBuffer buffer)
    {
        run = buffer;
        buffer.Begin(Layout, stripe);
        if (stripe > 0 || IsWhole) return;
        var length = Layout.ShardLength;
        lanes.Start((lane, _) => lane.BeginAsync(length));
    }

    /// <summary>Where the chunk at an offset of the stripe is to be sealed: in its cell, or where <see cref="Place"/> takes it from.</summary>
    public Memory<byte> ChunkAt(int offset) =>
        stripe < Layout.FullStripeCount ? run!.Cell(stripe, offset / ShardLayout.FullCellSize, ShardLayout.FullCellSize) : run!.Scratch;

    /// <summary>The chunk at an offset of the stripe is sealed: in a short stripe it is cut up over the cells.</summary>
    public void Place(int offset, int length)
    {
        if (stripe < Layout.FullStripeCount) return;
        var size = Layout.LastCellSize;
        for (var from = run!.Scratch[..length]; !from.IsEmpty;)
        {
            var (shard, at) = Math.DivRem(offset, size);
            var count = Math.Min(from.Length, size - at);
            from[..count].CopyTo(run.Cell(stripe, shard, size)[at..]);
            from = from[count..];
            offset += count;
        }
    }

    /// <summary>Codes the stripe, whose chunks are all in place, and goes on to the next.</summary>
    public void Code()
    {
        coder.Code(stripe, run!.Row(stripe), run.Shape.RegionSize);
        stripe++;
    }

    /// <summary>Starts writing the run to all stores; a whole segment waits for <see cref="CommitAsync"/>.</summary>
    /// <param name="buffers">Whose taken buffer the run lies in.</param>
    public void Send(RunBuffers buffers)
    {
        var sent = run!;
        var begin = RunShape.FileOffset(sent.First);
        // All but the last end where the next begins: some bytes before the end of the last cell, which that one takes along.
        var length = (int)((IsFilled ? Layout.ShardLength : RunShape.FileOffset(sent.End)) - begin);
        var crcs = new ulong[Layout.Geometry.TotalShards];
        for (var shard = 0; shard < crcs.Length; shard++)
        {
            var region = sent.Region(shard).Span;
            var head = coder.Head(shard);
            head.CopyTo(region);
            if (!IsWhole) crcs[shard] = coder.Checksum(shard, sent.First, sent.End);
            if (IsFilled)
            {
                coder.Table(shard).CopyTo(region[(int)(Layout.TableOffset - begin)..]);
                crcs[shard] = Crc64Nvme.Append(crcs[shard], coder.Table(shard));
            }
            else
            {
                region.Slice(length, RunShape.HeadSize).CopyTo(head);
                crcs[shard] = Crc64Nvme.RemoveEnd(crcs[shard], Crc64Nvme.Compute(head), RunShape.HeadSize);
            }
        }
        if (!IsWhole) buffers.Send(lanes, lanes.Start((lane, shard) => lane.WriteAsync(sent.Region(shard)[..length], crcs[shard])));
    }

    /// <summary>Makes the shards durable. All runs must have been sent.</summary>
    /// <param name="buffers">Used before the call returns its task only.</param>
    /// <exception cref="ObjectUnavailableException">Fewer than the quorum did it. What did is an orphan.</exception>
    public async Task<SegmentRow> CommitAsync(RunBuffers buffers)
    {
        LaneOperation operation;
        if (IsWhole)
        {
            var (whole, length) = (run!, (int)Layout.ShardLength);
            operation = lanes.Start((lane, shard) => lane.PutAsync(whole.Region(shard)[..length]));
            buffers.Send(lanes, operation);
        }
        else
        {
            operation = lanes.Start((lane, _) => lane.CommitAsync());
        }
        await lanes.SettleAsync(operation);
        return new SegmentRow { Id = use.Id, Geometry = Layout.Geometry, PayloadLength = Layout.PayloadLength, Shards = lanes.Placed(), Policy = policy };
    }

    /// <summary>Ends the lanes; what was not committed is abandoned. The id stays in use: <see cref="Use"/> is disposed on its own.</summary>
    public void Dispose()
    {
        coder.Dispose();
        lanes.Dispose();
    }
}
