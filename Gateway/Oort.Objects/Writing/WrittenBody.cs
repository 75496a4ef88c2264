using System.Collections.Immutable;
using Oort.Metadata;

namespace Oort.Objects.Writing;

/// <summary>A body whose bytes are durable on the stores, and that no row names yet. Disposed when the metadata has decided.</summary>
/// <param name="digest">Of the plaintext.</param>
/// <param name="data">Its data id; null when the body is empty.</param>
/// <param name="newSegments">Segments that the commit has to bring.</param>
/// <param name="isFull">All shards arrived.</param>
/// <param name="known">Ends when the metadata knows the segments that the commit does not bring.</param>
/// <param name="uses">Segment ids that stay in use until the commit.</param>
internal sealed class WrittenBody(BodyDigest digest, DataRow? data, ImmutableArray<SegmentRow> newSegments, bool isFull, Task known, ImmutableArray<SegmentIds.SegmentUse> uses) : IDisposable
{
    /// <summary>The request that wrote it; ends with this.</summary>
    public Eras.Use Use { get; set; }

    public BodyDigest Digest => digest;

    public DataRow? Data => data;

    public long Length => data?.Length ?? 0;

    public ImmutableArray<SegmentRow> NewSegments => newSegments;

    public bool IsFull => isFull;

    public Task Known => known;

    /// <summary>The whole body as one extent; none when it is empty.</summary>
    public ImmutableArray<Extent> Extents(int partNumber, ImmutableArray<byte> partChecksum) =>
        data is null ? [] : [new Extent(data.Id, 0, data.Length, partNumber, partChecksum)];

    /// <param name="bucket">Whose it is.</param>
    public NewData ToNewData(ulong epoch, BucketId bucket) => data is null ? NewData.None : new NewData(epoch, newSegments, [data with { Bucket = bucket }]);

    public void Dispose()
    {
        foreach (var use in uses) use.Dispose();
        Use.Dispose();
    }
}
