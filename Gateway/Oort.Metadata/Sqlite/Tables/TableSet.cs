using Oort.Metadata.Sqlite.Reading;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite.Tables;

/// <summary>The tables as one connection sees them.</summary>
internal sealed class TableSet : ITableSet
{
    public TableSet(Database database)
    {
        Database = database;
        Buckets = new(database);
        Versions = new(database);
        Uploads = new(database);
        Data = new(database);
        Segments = new(database);
        Small = new(database);
        Items = new(database);
        Usage = new(database);
        Revisits = new(database);
        State = new(database);
        Listings = new(database, Versions);
        Ages = new(database);
    }

    public Database Database { get; }
    public BucketTable Buckets { get; }
    public VersionTable Versions { get; }
    public UploadTable Uploads { get; }
    public DataTable Data { get; }
    public SegmentTable Segments { get; }
    public SmallTables Small { get; }
    public ItemTable Items { get; }
    public UsageTable Usage { get; }
    public RevisitTable Revisits { get; }
    public StateTable State { get; }
    public Listings Listings { get; }
    public AgedReads Ages { get; }

    IBucketTable ITableSet.Buckets => Buckets;
    IVersionTable ITableSet.Versions => Versions;
    IUploadTable ITableSet.Uploads => Uploads;
    IDataTable ITableSet.Data => Data;
    ISegmentTable ITableSet.Segments => Segments;
    ISmallTables ITableSet.Small => Small;
    IItemTable ITableSet.Items => Items;
    IUsageTable ITableSet.Usage => Usage;
    IRevisitTable ITableSet.Revisits => Revisits;

    public void EndGroup(ulong committed, Totals change)
    {
        State.Add(change);
        State.Committed = committed;
    }
}
