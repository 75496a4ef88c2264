using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Budget;
using Oort.Objects.Shards;

namespace Oort.Objects.Writing;

/// <summary>Writes one segment, stripe by stripe: header first, then each stripe's cells, the table last, then all stores commit.</summary>
/// <remarks>Used by one upload. Disposed without <see cref="CommitAsync"/> it leaves nothing readable on the stores.</remarks>
internal sealed class SegmentWriter : IDisposable
{
    private readonly SegmentIds.SegmentUse use;
    private readonly SegmentCoder coder;
    private readonly ShardLanes lanes;
    private int stripe;

    private SegmentWriter(SegmentIds.SegmentUse use, SegmentCoder coder, ShardLanes lanes)
    {
        this.use = use;
        this.coder = coder;
        this.lanes = lanes;
    }

    public ref readonly ShardLayout Layout => ref coder.Layout;

    /// <summary>The segment's id, in use until it is disposed: when the metadata has decided about the segment.</summary>
    public SegmentIds.SegmentUse Use => use;

    /// <summary>Begins a segment on all stores that take it.</summary>
    /// <param name="wait">How long to wait for the memory of its tables.</param>
    /// <exception cref="ObjectUnavailableException">The stores are fewer than the quorum.</exception>
    /// <exception cref="OverloadedException">No memory for its tables.</exception>
    public static async ValueTask<SegmentWriter> OpenAsync(DataPath path, ShardLayout layout, TimeSpan wait, CancellationToken cancellationToken)
    {
        var use = path.SegmentIds.Begin();
        SegmentCoder? coder = null;
        try
        {
            var lanes = ShardLanes.Open(path, use.Id, layout.Geometry);
            coder = await SegmentCoder.OpenAsync(path, use.Id, layout, wait, cancellationToken);
            lanes.Start((lane, _) => lane.BeginAsync(layout.ShardLength));
            lanes.Start((lane, shard) => lane.WriteAsync(coder.Header(shard)));
            return new SegmentWriter(use, coder, lanes);
        }
        catch
        {
            coder?.Dispose();
            use.Dispose();
            throw;
        }
    }

    /// <summary>Codes the stripe at the beginning of <paramref name="buffers"/>' taken buffer and starts writing it to all stores.</summary>
    /// <param name="cells">That buffer: the next stripe's payload, then room for padding and parity.</param>
    public void Send(StripeBuffers buffers, PooledBuffer cells)
    {
        coder.Code(stripe, cells.Span);
        var size = Layout.CellSize(stripe++);
        buffers.Send(lanes, lanes.Start((lane, shard) => lane.WriteAsync(cells.Memory.Slice(shard * size, size))));
    }

    /// <summary>Writes the tables and makes the shards durable. All stripes must have been sent.</summary>
    /// <exception cref="ObjectUnavailableException">Fewer than the quorum did it. What did is an orphan.</exception>
    public async Task<SegmentRow> CommitAsync()
    {
        lanes.Start((lane, shard) => lane.WriteAsync(coder.Table(shard)));
        await lanes.SettleAsync(lanes.Start((lane, _) => lane.CommitAsync()));
        return new SegmentRow { Id = use.Id, Geometry = Layout.Geometry, PayloadLength = Layout.PayloadLength, Shards = lanes.Placed() };
    }

    /// <summary>Ends the lanes; what was not committed is abandoned. The id stays in use: <see cref="Use"/> is disposed on its own.</summary>
    public void Dispose()
    {
        coder.DisposeAfter(lanes.Ended);
        lanes.Dispose();
    }

}
