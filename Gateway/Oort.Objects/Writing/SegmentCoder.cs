using Oort.Backends;
using Oort.Checksums;
using Oort.Crypto;
using Oort.Erasure;
using Oort.Objects.Budget;
using Oort.Objects.Shards;

namespace Oort.Objects.Writing;

/// <summary>Makes the shards of one segment: parity cells, headers, and the tables of checksums and tags (docs/formats/shard.md).</summary>
/// <remarks>Not thread-safe. Holds the headers and tables of all shards, to be copied before and behind the cells.</remarks>
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
            ShardHeader.Write(Frame(shard), new ShardId(segment, (byte)shard), layout, tagger);
    }

    public ref readonly ShardLayout Layout => ref layout;

    private int ShardCount => layout.Geometry.TotalShards;

    private int FrameSize => ShardHeader.Size + layout.TableSize;

    /// <summary>Bytes that a coder rents.</summary>
    public static int FramesSize(in ShardLayout layout) => layout.Geometry.TotalShards * (ShardHeader.Size + layout.TableSize);

    /// <summary>Opens one for an upload that has been admitted: it has its run buffer, beside which the frames are little, and so they are not waited for.</summary>
    public static SegmentCoder Open(DataPath path, SegmentId segment, ShardLayout layout) =>
        new(path, segment, layout, path.Buffers.RentOver(FramesSize(layout)));

    /// <summary>Opens one whose memory the caller has set aside.</summary>
    public static SegmentCoder OpenReserved(DataPath path, SegmentId segment, ShardLayout layout) =>
        new(path, segment, layout, path.Buffers.RentReserved(FramesSize(layout)));

    /// <summary>Codes one stripe.</summary>
    /// <param name="cells">k + m cells, each <paramref name="stride"/> bytes behind the one before. The payload is in the data cells; padding and parity are filled in.</param>
    public void Code(int stripe, Span<byte> cells, int stride)
    {
        var (k, size) = (layout.Geometry.DataShards, layout.CellSize(stripe));
        var length = layout.StripeLength(stripe);
        for (var shard = length / size; shard < k; shard++)
            cells.Slice(shard * stride, size)[Math.Max(0, length - shard * size)..].Clear();
        code.Encode(cells, stride, size);
        for (var shard = 0; shard < ShardCount; shard++)
            CellEntry.Compute(cells.Slice(shard * stride, size), shard, stripe, tagger).Write(Table(shard)[(stripe * CellEntry.Size)..]);
    }

    /// <summary>What comes before the next cells of a shard that are to be written: its header, until a writer puts the end of the cell before there.</summary>
    public Span<byte> Head(int shard) => Frame(shard)[..ShardHeader.Size];

    /// <summary>Whole when all stripes have been coded.</summary>
    public Span<byte> Table(int shard) => Frame(shard)[ShardHeader.Size..];

    /// <summary>The CRC-64/NVME of the head and the cells of some stripes, all coded: from the table, without another pass over the cells.</summary>
    public ulong Checksum(int shard, int first, int end)
    {
        var crc = Crc64Nvme.Compute(Head(shard));
        for (var stripe = first; stripe < end; stripe++)
            crc = Crc64Nvme.Combine(crc, CellEntry.Read(Table(shard)[(stripe * CellEntry.Size)..]).Crc, layout.CellSize(stripe));
        return crc;
    }

    public void Dispose()
    {
        tagger.Dispose();
        frames.Dispose();
    }

    public override string ToString() => $"{segment} {layout.Geometry}";

    private Span<byte> Frame(int shard) => frames.Span.Slice(shard * FrameSize, FrameSize);
}
