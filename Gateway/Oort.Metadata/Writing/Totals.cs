namespace Oort.Metadata.Writing;

/// <summary>Totals, or changes of them that a group gathers and writes once.</summary>
internal record struct Totals
{
    public long Buckets;
    public long Objects;
    public long Versions;
    public long Uploads;
    public long LogicalBytes;
    public long Segments;
    public long SegmentsPartial;
    public long PayloadBytes;
    public long LiveBytes;

    public static Totals operator +(Totals left, Totals right) => new()
    {
        Buckets = left.Buckets + right.Buckets,
        Objects = left.Objects + right.Objects,
        Versions = left.Versions + right.Versions,
        Uploads = left.Uploads + right.Uploads,
        LogicalBytes = left.LogicalBytes + right.LogicalBytes,
        Segments = left.Segments + right.Segments,
        SegmentsPartial = left.SegmentsPartial + right.SegmentsPartial,
        PayloadBytes = left.PayloadBytes + right.PayloadBytes,
        LiveBytes = left.LiveBytes + right.LiveBytes,
    };
}
