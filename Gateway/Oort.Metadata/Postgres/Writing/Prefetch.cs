using Oort.Backends;
using Oort.Metadata.Changes;
using Oort.Metadata.Deciding;
using Oort.Metadata.Postgres.Tables;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Writing;

/// <summary>What the commands of a group will look at, so that it is read in one or two round trips instead of one a row. A command that looks further is still right, only slower.</summary>
internal sealed class Prefetch
{
    private readonly HashSet<BucketId> buckets = [];
    private readonly List<(BucketId Bucket, byte[] Key)> newest = [];
    private readonly HashSet<byte[]> newestSeen = new(ByteOrder.Instance);
    private readonly HashSet<byte[]> uploads = new(ByteOrder.Instance);
    private readonly HashSet<(UploadId, int)> parts = [];
    private readonly HashSet<DataId> data = [];
    private readonly HashSet<SegmentId> segments = [];
    private readonly HashSet<SegmentId> counts = [];
    private readonly HashSet<ulong> scopes = [];
    private readonly HashSet<byte[]> settings = new(ByteOrder.Instance);
    private readonly HashSet<byte[]> items = new(ByteOrder.Instance);
    private readonly HashSet<byte[]> itemShards = new(ByteOrder.Instance);
    private bool epochs;

    /// <summary>What the commands look at: they are not answered before what other gateways have committed there is in a journal.</summary>
    public IReadOnlySet<ulong> Scopes => scopes;

    /// <summary>What a replay of encoded changes looks at.</summary>
    public void Changes(ReadOnlySpan<byte> changes)
    {
        var reader = new ChangeReader(changes);
        while (reader.Next())
        {
            switch (reader.Table)
            {
                case RowTable.Bucket: Bucket(RowKey.ReadBucket(reader.Key)); break;
                case RowTable.Version:
                    RowKey.ReadVersion(reader.Key, out var bucket, out var key, out _);
                    Newest(bucket, RecordReader.DecodeText(key));
                    break;
                case RowTable.Upload: uploads.Add(reader.Key.ToArray()); break;
                case RowTable.Part:
                    RowKey.ReadPart(reader.Key, out var upload, out var number);
                    Part(upload, number);
                    break;
                case RowTable.Data: data.Add(RowKey.ReadData(reader.Key)); break;
                case RowTable.Segment: segments.Add(RowKey.ReadSegment(reader.Key)); break;
                case RowTable.ItemShard: itemShards.Add(reader.Key.ToArray()); break;
            }
        }
    }

    public void Bucket(BucketId bucket) => buckets.Add(bucket);

    public void Names() => scopes.Add(Scope.BucketNames);

    public void ObjectsIn(BucketId bucket) => scopes.Add(Scope.ObjectsIn(bucket));

    /// <summary>The newest version of a key, and its bucket.</summary>
    public void Newest(BucketId bucket, string key)
    {
        buckets.Add(bucket);
        if (KeyBytes(key) is not { } bytes) return;
        scopes.Add(Scope.Key(bucket, bytes));
        var seen = RowKey.Version(new byte[RowKey.SizeMax], bucket, bytes, 0).ToArray();
        if (newestSeen.Add(seen)) newest.Add((bucket, bytes));
    }

    public void Upload(BucketId bucket, string key, UploadId upload)
    {
        buckets.Add(bucket);
        scopes.Add(Scope.Upload(upload));
        if (KeyBytes(key) is { } bytes) uploads.Add(RowKey.Upload(new byte[RowKey.SizeMax], bucket, bytes, upload).ToArray());
    }

    public void Part(UploadId upload, int number)
    {
        if (number is >= 1 and <= MetadataLimits.PartNumberMax) parts.Add((upload, number));
    }

    public void Epochs() => epochs = true;

    public void Setting(string name)
    {
        var key = RowKey.Utf8(name);
        scopes.Add(Scope.Setting(key));
        settings.Add(key);
    }

    public void Segment(SegmentId segment)
    {
        scopes.Add(Scope.Segment(segment));
        segments.Add(segment);
    }

    /// <summary>A segment and how much lives in it.</summary>
    public void Count(SegmentId segment)
    {
        Segment(segment);
        counts.Add(segment);
    }

    public void Data(DataId id)
    {
        scopes.Add(Scope.Data(id));
        data.Add(id);
    }

    public void Item(StoreId store, ItemId item)
    {
        scopes.Add(Scope.Item(store, item));
        items.Add(RowKey.Item(new byte[RowKey.ItemSize], store, item).ToArray());
    }

    public void ItemShard(ShardId shard, StoreId store)
    {
        scopes.Add(Scope.ItemShard(shard, store));
        itemShards.Add(RowKey.ItemShard(new byte[RowKey.ItemShardSize], shard, store).ToArray());
    }

    /// <summary>All that a put of data looks at.</summary>
    public void New(NewData newData, IEnumerable<Extent> extents)
    {
        if (!newData.Segments.IsEmpty || !newData.Data.IsEmpty) epochs = true;
        foreach (var segment in newData.Segments) segments.Add(segment.Id);
        foreach (var row in newData.Data)
        {
            data.Add(row.Id);
            foreach (var run in row.Runs) segments.Add(run.Segment);
        }
        foreach (var extent in extents)
            if (data.Add(extent.Data)) scopes.Add(Scope.Data(extent.Data));
    }

    /// <summary>Adds the statements that read what is known to be needed.</summary>
    public void AddFirst(RoundTrip trip, PostgresTables tables)
    {
        if (epochs) tables.Small.AddLoadEpochs(trip);
        if (settings.Count > 0) tables.Small.AddLoadSettings(trip, settings);
        if (buckets.Count > 0)
        {
            tables.Buckets.AddLoad(trip, buckets);
            tables.Usage.AddLoad(trip, buckets);
        }
        if (newest.Count > 0) tables.Versions.AddLoadNewest(trip, newest);
        if (uploads.Count > 0) tables.Uploads.AddLoad(trip, uploads);
        if (parts.Count > 0) tables.Uploads.AddLoadParts(trip, parts);
        if (data.Count > 0) tables.Data.AddLoad(trip, data);
        if (segments.Count > 0) tables.Segments.AddLoad(trip, segments);
        if (counts.Count > 0) tables.Segments.AddLoadCounts(trip, counts);
        if (items.Count > 0) tables.Items.AddLoad(trip, items);
        if (itemShards.Count > 0) tables.Items.AddLoadShards(trip, itemShards);
    }

    /// <summary>Adds what follows from the first answers: the data of versions that will be replaced.</summary>
    public void AddSecond(RoundTrip trip, PostgresTables tables)
    {
        var replaced = new HashSet<DataId>();
        foreach (var (bucket, key) in newest)
        {
            if (tables.Buckets.Find(bucket) is not { } row || row.Versioning == VersioningState.Enabled) continue;
            replaced.UnionWith(tables.Versions.DataOfNewest(bucket, key).Where(id => !tables.Data.IsKnown(id)));
        }
        if (replaced.Count > 0) tables.Data.AddLoad(trip, replaced);
    }

    /// <summary>Null for a key that the command will refuse.</summary>
    private static byte[]? KeyBytes(string key)
    {
        try
        {
            return VersionCommands.KeyBytes(key);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
