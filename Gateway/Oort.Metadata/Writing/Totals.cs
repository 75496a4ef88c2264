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
}
