using Oort.Backends;
using Oort.Crypto;
using Oort.Erasure;
using Oort.Objects.Budget;
using Oort.Objects.Shards;

namespace Oort.Objects.Writing;

/// <summary>Makes the shards of one segment: parity cells, headers, and the tables of checksums and tags (docs/formats/shard.md).</summary>
/// <remarks>Not thread-safe. Holds the headers and tables of all shards in one buffer; stores may read from it until it is disposed.</remarks>
internal sealed class SegmentCoder : IDisposable
{
    private readonly SegmentId segment;
    private readonly ShardLayout layout;
    private readonly IErasureCode code;
    private readonly SegmentTagger tagger;
    private readonly PooledBuffer frames;

    private SegmentCoder(DataPath path, SegmentId segment, in ShardLayout layout, PooledBuffer frames)
    {
        this.segment = segment;
        this.layout = layout;
        this.frames = frames;
        code = ReedSolomon.For(layout.Geometry.DataShards, layout.Geometry.ParityShards);
        tagger = path.CreateTagger(segment);
        for (var shard = 0; shard < ShardCount; shard++)
            ShardHeader.Write(Frame(shard).Span, new ShardId(segment, (byte)shard), layout, tagger);
    }

    public ref readonly ShardLayout Layout => ref layout;

    private int ShardCount => layout.Geometry.TotalShards;

    private int FrameSize => ShardHeader.Size + layout.TableSize;

    /// <summary>Bytes that a coder rents.</summary>
    public static int FramesSize(in ShardLayout layout) => layout.Geometry.TotalShards * (ShardHeader.Size + layout.TableSize);

    public static async ValueTask<SegmentCoder> OpenAsync(DataPath path, SegmentId segment, ShardLayout layout, TimeSpan wait, CancellationToken cancellationToken)
    {
        var frames = await path.Buffers.RentAsync(FramesSize(layout), wait, cancellationToken);
        return new SegmentCoder(path, segment, layout, frames);
    }

    /// <summary>Opens one whose memory the caller has set aside.</summary>
    public static SegmentCoder OpenReserved(DataPath path, SegmentId segment, ShardLayout layout) =>
        new(path, segment, layout, path.Buffers.RentReserved(FramesSize(layout)));

    /// <summary>Codes one stripe.</summary>
    /// <param name="cells">k + m cells end to end. The payload of the stripe is at its beginning; padding and parity are filled in.</param>
    public void Code(int stripe, Span<byte> cells)
    {
        var (k, m, size) = (layout.Geometry.DataShards, layout.Geometry.ParityShards, layout.CellSize(stripe));
        cells[layout.StripeLength(stripe)..(k * size)].Clear();
        code.Encode(cells[..(k * size)], cells[(k * size)..((k + m) * size)], size);
        for (var shard = 0; shard < ShardCount; shard++)
            CellEntry.Compute(cells.Slice(shard * size, size), shard, stripe, tagger).Write(Table(shard).Span[(stripe * CellEntry.Size)..]);
    }

    public Memory<byte> Header(int shard) => Frame(shard)[..ShardHeader.Size];

    /// <summary>Whole when all stripes have been coded.</summary>
    public Memory<byte> Table(int shard) => Frame(shard)[ShardHeader.Size..];

    /// <summary>Frees all but the buffer, and that when the stores are done with it.</summary>
    public void DisposeAfter(Task users)
    {
        tagger.Dispose();
        frames.DisposeAfter(users);
    }

    public void Dispose() => DisposeAfter(Task.CompletedTask);

    public override string ToString() => $"{segment} {layout.Geometry}";

    private Memory<byte> Frame(int shard) => frames.Memory.Slice(shard * FrameSize, FrameSize);
}
