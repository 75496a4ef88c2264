using Oort.Metadata.Sqlite.Reading;

namespace Oort.Metadata.Sqlite.Tables;

/// <summary>The tables as one connection sees them.</summary>
internal sealed class TableSet
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
        State = new(database);
        Listings = new(database, Versions);
    }

    public Database Database { get; }
    public BucketTable Buckets { get; }
    public VersionTable Versions { get; }
    public UploadTable Uploads { get; }
    public DataTable Data { get; }
    public SegmentTable Segments { get; }
    public SmallTables Small { get; }
    public StateTable State { get; }
    public Listings Listings { get; }
}
