using Npgsql;
using Oort.Backends;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Tables;

/// <summary>The tables as the transaction of a group sees them. Changes are gathered and written together; reads that were not foreseen (Prefetch) cost a wait for the server each.</summary>
/// <remarks>Valid while the transaction holds the lock of the state row, under which nobody else changes these tables.</remarks>
internal sealed class PostgresTables : ITableSet
{
    private readonly ThreadProvider threads;
    private NpgsqlConnection? connection;

    /// <param name="threads">Where the thread that uses it is from.</param>
    public PostgresTables(ThreadProvider threads)
    {
        this.threads = threads;
        Buckets = new(this);
        Versions = new(this);
        Uploads = new(this);
        Data = new(this);
        Segments = new(this);
        Small = new(this);
        Items = new(this);
        Usage = new(this);
        Revisits = new(this);
    }

    public BucketTable Buckets { get; }
    public VersionTable Versions { get; }
    public UploadTable Uploads { get; }
    public DataTable Data { get; }
    public SegmentTable Segments { get; }
    public SmallTables Small { get; }
    public ItemTable Items { get; }
    public UsageTable Usage { get; }
    public RevisitTable Revisits { get; }

    /// <summary>What the transaction's groups add to the totals.</summary>
    public Totals Totals { get; private set; }

    IBucketTable ITableSet.Buckets => Buckets;
    IVersionTable ITableSet.Versions => Versions;
    IUploadTable ITableSet.Uploads => Uploads;
    IDataTable ITableSet.Data => Data;
    ISegmentTable ITableSet.Segments => Segments;
    ISmallTables ITableSet.Small => Small;
    IItemTable ITableSet.Items => Items;
    IUsageTable ITableSet.Usage => Usage;
    IRevisitTable ITableSet.Revisits => Revisits;

    /// <summary>Forgets everything, and works on a transaction that is open.</summary>
    public void Begin(NpgsqlConnection transaction)
    {
        connection = transaction;
        Totals = default;
        Buckets.Clear();
        Versions.Clear();
        Uploads.Clear();
        Data.Clear();
        Segments.Clear();
        Small.Clear();
        Items.Clear();
        Usage.Clear();
        Revisits.Clear();
    }

    public void EndGroup(ulong committed, Totals change) => Totals += change;

    /// <summary>Adds the statements that write all changes.</summary>
    public void AddWrites(RoundTrip trip)
    {
        Buckets.AddWrites(trip);
        Versions.AddWrites(trip);
        Uploads.AddWrites(trip);
        Segments.AddWrites(trip);
        Data.AddWrites(trip);
        Small.AddWrites(trip);
        Items.AddWrites(trip);
        Usage.AddWrites(trip);
        Revisits.AddWrites(trip);
    }

    /// <summary>Writes what has been changed so far, so that a statement can be asked what follows from it.</summary>
    public void Write(Action<RoundTrip> addWrites)
    {
        var trip = Begin();
        addWrites(trip);
        if (!trip.IsEmpty) trip.Run();
    }

    public RoundTrip Begin() => new(connection ?? throw new InvalidOperationException("There is no transaction."), threads);
}
