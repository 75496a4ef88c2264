namespace Oort.Metadata.Changes;

/// <summary>The journalled tables (docs/formats/journal.md, "Tables"): the number stands in each row change.</summary>
public enum RowTable : byte
{
    Bucket = 1,
    Version = 2,
    Upload = 3,
    Part = 4,
    Data = 5,
    Segment = 6,
    Store = 7,
    Epoch = 8,
    Setting = 9,

    // 10 is a vector of what is rejected.
    Item = 11,
    ItemShard = 12,
}
