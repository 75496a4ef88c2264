using Oort.Metadata.Changes;
using Oort.Metadata.Records;

namespace Oort.Metadata.Tests.Changes;

/// <summary>The rows of the example in docs/formats/journal.md, and every kind of row, as the product writes them.</summary>
internal static class ExampleChanges
{
    private static readonly DateTimeOffset time = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);

    /// <summary>One object put into bucket 5 at generation 300, and the version before it dropped with its data.</summary>
    public static byte[] Put()
    {
        var encoder = new ChangeEncoder();
        encoder.Begin(300);
        Delete(encoder, RowTable.Version, 300, buffer => RowKey.Version(buffer, new(5), "a"u8, 299));
        Upsert(encoder, RowTable.Version, 300, buffer => RowKey.Version(buffer, new(5), "a"u8, 300), record => WriteVersion(record, Version()));
        Upsert(encoder, RowTable.Data, 300, buffer => RowKey.Data(buffer, Data().Id), record => DataRecord.Write(record, Data()));
        Delete(encoder, RowTable.Data, 300, buffer => RowKey.Data(buffer, new(0x0f)));
        return encoder.ToArray();
    }

    /// <summary>A row of every table with every field.</summary>
    public static byte[] EveryTable()
    {
        var encoder = new ChangeEncoder();
        encoder.Begin(1);
        var bucket = new BucketRow
        {
            Id = new(5),
            Name = "photos",
            OwnerId = "owner",
            Created = time,
            Region = "us-east-1",
            Versioning = VersioningState.Suspended,
            Settings = ImmutableSortedDictionary<string, ImmutableArray<byte>>.Empty.Add("cors", [1, 2]),
        };
        Upsert(encoder, RowTable.Bucket, 5, buffer => RowKey.Bucket(buffer, bucket.Id), record => BucketRecord.Write(record, bucket));
        var attributes = new ObjectAttributes
        {
            Headers = ImmutableSortedDictionary<string, string>.Empty.Add("content-type", "text/plain"),
            UserMetadata = ImmutableSortedDictionary<string, string>.Empty.Add("k", "é"),
            Checksum = new(ChecksumAlgorithm.Crc32, ChecksumType.Composite, [0xca, 0xfe]),
            Extensions = ImmutableSortedDictionary<string, ImmutableArray<byte>>.Empty.Add("tags", [7]),
        };
        var version = Version() with { IsNull = true, StorageClass = "GLACIER", Attributes = attributes, Extents = [new(Data().Id, 1, 2, 3, [0xaa])] };
        Upsert(encoder, RowTable.Version, 6, buffer => RowKey.Version(buffer, new(5), "é"u8, 6), record => WriteVersion(record, version));
        var marker = new VersionRow { Bucket = new(5), Key = "m", Id = new(7, 9), IsDeleteMarker = true, LastModified = time, OwnerId = "owner" };
        Upsert(encoder, RowTable.Version, 7, buffer => RowKey.Version(buffer, new(5), "m"u8, 7), record => WriteVersion(record, marker));
        var upload = new UploadRow
        {
            Bucket = new(5),
            Key = "u",
            Id = new(0x77),
            Initiated = time,
            OwnerId = "owner",
            StorageClass = "GLACIER",
            Attributes = attributes,
            ChecksumAlgorithm = ChecksumAlgorithm.Crc64Nvme,
            ChecksumType = ChecksumType.Composite,
        };
        Upsert(encoder, RowTable.Upload, 8, buffer => RowKey.Upload(buffer, new(5), "u"u8, upload.Id), record => UploadRecord.Write(record, upload));
        var part = new PartRow
        {
            Upload = upload.Id,
            PartNumber = 10_000,
            LastModified = time,
            Size = 10,
            ETag = "00ff",
            Checksum = new(ChecksumAlgorithm.Sha256, ChecksumType.FullObject, [1]),
            Extents = [new(Data().Id, 0, 10, 0, [])],
        };
        Upsert(encoder, RowTable.Part, 9, buffer => RowKey.Part(buffer, part.Upload, part.PartNumber), record =>
        {
            UploadRecord.WritePart(record, part);
            ExtentRecord.Write(record, part.Extents);
        });
        Upsert(encoder, RowTable.Data, 9, buffer => RowKey.Data(buffer, Data().Id), record => DataRecord.Write(record, Data()));
        var segment = new SegmentRow { Id = new(0x0100_0001, 2), Geometry = new(1, 1), PayloadLength = 90, PlacementGeneration = 4, Shards = [new(0x51), StoreId.None] };
        Upsert(encoder, RowTable.Segment, 10, buffer => RowKey.Segment(buffer, segment.Id), record => SegmentRecord.Write(record, segment));
        var store = new StoreRow { Id = new(0x51), Location = "/disk/1", State = StoreState.Draining };
        Upsert(encoder, RowTable.Store, 11, buffer => RowKey.Store(buffer, store.Id), record => SmallRecords.WriteStore(record, store));
        Upsert(encoder, RowTable.Epoch, 12, _ => "gateway-1"u8, record => SmallRecords.WriteEpoch(record, 0x0100_0001));
        Upsert(encoder, RowTable.Setting, 13, _ => "clock"u8, record => SmallRecords.WriteSetting(record, [1]));
        Upsert(encoder, RowTable.Setting, 14, _ => "empty"u8, record => SmallRecords.WriteSetting(record, []));
        Delete(encoder, RowTable.Setting, 400, _ => "gone"u8);
        return encoder.ToArray();
    }

    /// <summary>An item with every field, one with the fewest, and a shard in it.</summary>
    public static byte[] Items()
    {
        var encoder = new ChangeEncoder();
        encoder.Begin(20);
        Upsert(encoder, RowTable.Item, 20, buffer => RowKey.Item(buffer, new(0x61), new(0x71)), record => ItemRecord.Write(record, Item()));
        var place = new ItemShardRow(new(new(0x0100_0001, 2), 3), new(0x61), new(0x71), 4_096, 1_000);
        Upsert(encoder, RowTable.ItemShard, 20, buffer => RowKey.ItemShard(buffer, place.Shard, place.Store), record => ItemRecord.WriteShard(record, place));
        var planned = new ItemRow { Store = new(0x61), Item = new() { Id = new(0x72), Length = 1, Sha256 = Item().Item.Sha256 } };
        Upsert(encoder, RowTable.Item, 21, buffer => RowKey.Item(buffer, planned.Store, planned.Item.Id), record => ItemRecord.Write(record, planned));
        Delete(encoder, RowTable.ItemShard, 22, buffer => RowKey.ItemShard(buffer, place.Shard, place.Store));
        Delete(encoder, RowTable.Item, 23, buffer => RowKey.Item(buffer, planned.Store, planned.Item.Id));
        return encoder.ToArray();
    }

    /// <summary>A version with a restored copy of its one part.</summary>
    public static byte[] Restored()
    {
        var encoder = new ChangeEncoder();
        encoder.Begin(300);
        var version = Version() with { StorageClass = "GLACIER", Extents = [new(Data().Id, 0, 10, 1, [0xaa]), new(new(0x11), 0, 10, 1, [0xaa]) { IsRestored = true }] };
        Upsert(encoder, RowTable.Version, 300, buffer => RowKey.Version(buffer, new(5), "a"u8, 300), record => WriteVersion(record, version));
        return encoder.ToArray();
    }

    /// <summary>Data under other keys besides, and a copy of one as it is sealed.</summary>
    public static byte[] Nested()
    {
        var encoder = new ChangeEncoder();
        encoder.Begin(20);
        var rows = NestedData();
        for (var i = 0; i < rows.Length; i++)
        {
            var row = rows[i];
            Upsert(encoder, RowTable.Data, 20 + (ulong)i, buffer => RowKey.Data(buffer, row.Id), record => DataRecord.Write(record, row));
        }

        return encoder.ToArray();
    }

    public static DataRow[] NestedData() =>
    [
        Data() with { Nesting = new(1, "", 0) },
        Data() with { Id = new((UInt128)0x11), Nesting = new(2, "payroll", 3) },
        Data() with { Id = new((UInt128)0x12), Nesting = new(1, "", 0), SealedAs = new((UInt128)0x10) },
    ];

    /// <summary>Data of a bucket, and an item made of those of two.</summary>
    public static byte[] Buckets()
    {
        var encoder = new ChangeEncoder();
        encoder.Begin(20);
        Upsert(encoder, RowTable.Data, 20, buffer => RowKey.Data(buffer, Data().Id), record => DataRecord.Write(record, Data() with { Bucket = new(5) }));
        Upsert(encoder, RowTable.Item, 20, buffer => RowKey.Item(buffer, new(0x61), new(0x71)), record => ItemRecord.Write(record, Item() with { Buckets = [new(new(5), 8_000), new(new(6), 192)] }));
        return encoder.ToArray();
    }

    public static ItemRow Item() => new()
    {
        Store = new(0x61),
        Item = new()
        {
            Id = new(0x71),
            Length = 8_192,
            Sha256 = new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32 },
            State = ItemState.Retrying,
            ResumeState = ItemState.Sealed,
            NextStep = time,
            FailureCount = 3,
            Reason = "503",
            Progress = new byte[] { 9, 8 },
            Receipt = new()
            {
                Provider = "4",
                Locator = new byte[] { 0xf0 },
                Address = "bafy",
                Transaction = "0x12",
                Paid = (UInt128)1 << 64,
                PaidUnit = "wei",
                Accepted = time,
                Expires = time.AddDays(1),
                Answer = "{}"u8.ToArray(),
            },
        },
        Revision = 7,
        ShardCount = 1,
    };

    /// <summary>Reads a change's key and record wholly, as applying it would.</summary>
    public static void Decode(ChangeReader change)
    {
        var others = new RecordWriter();
        var extents = new RecordWriter();
        if (change.Table is RowTable.Version or RowTable.Part) ExtentRecord.Split(change.Value, others, extents);
        switch (change.Table)
        {
            case RowTable.Bucket:
                var bucket = RowKey.ReadBucket(change.Key);
                if (!change.IsDelete) BucketRecord.Read(bucket, change.Value);
                break;
            case RowTable.Version:
                RowKey.ReadVersion(change.Key, out bucket, out var key, out var generation);
                var text = RecordReader.DecodeText(key);
                if (!change.IsDelete) VersionRecord.Read(bucket, text, generation, false, others.Written, extents.Written);
                break;
            case RowTable.Upload:
                RowKey.ReadUpload(change.Key, out bucket, out key, out var upload);
                text = RecordReader.DecodeText(key);
                if (!change.IsDelete) UploadRecord.Read(bucket, text, upload, change.Value);
                break;
            case RowTable.Part:
                RowKey.ReadPart(change.Key, out upload, out var number);
                if (!change.IsDelete) UploadRecord.ReadPart(upload, number, others.Written, extents.Written);
                break;
            case RowTable.Data:
                var data = RowKey.ReadData(change.Key);
                if (!change.IsDelete) DataRecord.Read(data, change.Value);
                break;
            case RowTable.Segment:
                var segment = RowKey.ReadSegment(change.Key);
                if (!change.IsDelete) SegmentRecord.Read(segment, change.Value);
                break;
            case RowTable.Store:
                var store = RowKey.ReadStore(change.Key);
                if (!change.IsDelete) SmallRecords.ReadStore(store, change.Value);
                break;
            case RowTable.Epoch:
                RecordReader.DecodeText(change.Key);
                if (!change.IsDelete) SmallRecords.ReadEpoch(change.Value);
                break;
            case RowTable.Setting:
                RecordReader.DecodeText(change.Key);
                if (!change.IsDelete) SmallRecords.ReadSetting(change.Value);
                break;
            case RowTable.Item:
                RowKey.ReadItem(change.Key, out store, out var item);
                if (!change.IsDelete) ItemRecord.Read(store, item, change.Value);
                break;
            case RowTable.ItemShard:
                RowKey.ReadItemShard(change.Key, out var shard, out store);
                if (!change.IsDelete) ItemRecord.ReadShard(shard, store, change.Value);
                break;
        }
    }

    private static DataRow Data() => new()
    {
        Id = new((UInt128)0x10),
        Length = 10,
        KeyVersion = 1,
        WrappedKey = [0xc0, 0xff, 0xee],
        Runs = [new(new(0x0100_0001, 2), 64, 26)],
    };

    private static VersionRow Version() => new()
    {
        Bucket = new(5),
        Key = "a",
        Id = new(300, 0x1234),
        IsNull = true,
        LastModified = time,
        OwnerId = "owner",
        Size = 10,
        ETag = "00ff",
        Extents = [new(Data().Id, 0, 10, 0, [])],
    };

    private static void WriteVersion(RecordWriter record, VersionRow row)
    {
        VersionRecord.Write(record, row);
        ExtentRecord.Write(record, row.Extents);
    }

    private delegate ReadOnlySpan<byte> KeyWriter(Span<byte> buffer);

    private static void Upsert(ChangeEncoder encoder, RowTable table, ulong generation, KeyWriter key, Action<RecordWriter> write)
    {
        var record = new RecordWriter();
        write(record);
        encoder.Upsert(table, generation, key(new byte[RowKey.SizeMax]), record.Written);
    }

    private static void Delete(ChangeEncoder encoder, RowTable table, ulong generation, KeyWriter key) =>
        encoder.Delete(table, generation, key(new byte[RowKey.SizeMax]));
}
