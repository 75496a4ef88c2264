using Oort.Metadata.Changes;
using Oort.Metadata.Records;

namespace Oort.Metadata.Writing;

/// <summary>Applies journalled changes as they were once made, with all that is derived from them.</summary>
internal sealed partial class WriteSession
{
    /// <summary>Applies an entry inside the transaction that is open.</summary>
    public void Replay(JournalEntry entry)
    {
        BeginGroup(entry.FirstGeneration - 1);
        isReplay = true;
        var reader = new ChangeReader(entry.Changes.Span);
        while (reader.Next())
        {
            if (reader.Generation < entry.FirstGeneration || reader.Generation > entry.LastGeneration)
                throw new MetadataFormatException("A row change's generation is not in its entry's range.");
            Generation = reader.Generation;
            if (reader.IsDelete) ReplayDelete(reader.Table, reader.Key);
            else ReplayUpsert(reader.Table, reader.Key, reader.Value);
        }
        EndCommand();
        Generation = entry.LastGeneration;
        EndGroup(entry.FirstGeneration);
    }

    private void ReplayUpsert(RowTable table, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        switch (table)
        {
            case RowTable.Bucket: PutBucket(BucketRecord.Read(RowKey.ReadBucket(key), value)); break;
            case RowTable.Version: ReplayVersion(key, value); break;
            case RowTable.Upload: ReplayUpload(key, value); break;
            case RowTable.Part:
                RowKey.ReadPart(key, out var upload, out var number);
                SplitExtents(value, out var partValue, out var extents);
                PutPart(tables.Uploads.FindPart(upload, number), UploadRecord.ReadPart(upload, number, partValue, extents));
                break;
            case RowTable.Data:
                var data = DataRecord.Read(RowKey.ReadData(key), value);
                if (tables.Data.Find(data.Id) is { } oldData) RewriteData(oldData, data);
                else InsertData(data, 0);
                break;
            case RowTable.Segment:
                var segment = SegmentRecord.Read(RowKey.ReadSegment(key), value);
                if (tables.Segments.Find(segment.Id) is { } oldSegment) RewriteSegment(oldSegment, segment);
                else InsertSegment(segment);
                break;
            case RowTable.Store: PutStore(SmallRecords.ReadStore(RowKey.ReadStore(key), value)); break;
            case RowTable.Epoch: PutEpoch(RecordReader.DecodeText(key), SmallRecords.ReadEpoch(value)); break;
            case RowTable.Setting: PutSetting(RecordReader.DecodeText(key), SmallRecords.ReadSetting(value)); break;
            case RowTable.Item:
                RowKey.ReadItem(key, out var network, out var item);
                PutItem(ItemRecord.Read(network, item, value));
                break;
            case RowTable.ItemShard:
                RowKey.ReadItemShard(key, out var shard, out network);
                PutItemShard(ItemRecord.ReadShard(shard, network, value));
                break;
            default: throw new MetadataFormatException($"Table {table} is not known.");
        }
    }

    private void ReplayDelete(RowTable table, ReadOnlySpan<byte> key)
    {
        switch (table)
        {
            case RowTable.Bucket:
                if (FindBucket(RowKey.ReadBucket(key)) is { } bucketRow) RemoveBucket(bucketRow.Id);
                break;
            case RowTable.Version:
                RowKey.ReadVersion(key, out var bucket, out var objectKey, out var generation);
                var text = RecordReader.DecodeText(objectKey);
                if (tables.Versions.FindAt(bucket, text, objectKey, generation) is not { } version) break;
                RemoveVersion(version, objectKey);
                if (version.IsLatest) SetHead(bucket, objectKey, tables.Versions.FindNewest(bucket, text, objectKey), hadHead: !version.IsDeleteMarker);
                break;
            case RowTable.Upload:
                RowKey.ReadUpload(key, out bucket, out objectKey, out var upload);
                if (tables.Uploads.Find(bucket, RecordReader.DecodeText(objectKey), objectKey, upload) is not null) RemoveUpload(bucket, objectKey, upload);
                break;
            case RowTable.Part:
                RowKey.ReadPart(key, out upload, out var number);
                if (tables.Uploads.FindPart(upload, number) is { } part) RemovePart(part);
                break;
            case RowTable.Data:
                if (tables.Data.Find(RowKey.ReadData(key)) is { } data) RemoveData(data);
                break;
            case RowTable.Segment:
                if (tables.Segments.Find(RowKey.ReadSegment(key)) is { } segment) RemoveSegment(segment);
                break;
            case RowTable.Store:
                tables.Small.RemoveStore(RowKey.ReadStore(key));
                EmitDelete(table, key);
                break;
            case RowTable.Epoch:
                tables.Small.RemoveEpoch(key);
                EmitDelete(table, key);
                epochs = null;
                break;
            case RowTable.Setting: PutSetting(RecordReader.DecodeText(key), null); break;
            case RowTable.Item:
                RowKey.ReadItem(key, out var network, out var item);
                RemoveItem(network, item);
                break;
            case RowTable.ItemShard:
                RowKey.ReadItemShard(key, out var shard, out network);
                if (tables.Items.FindShard(shard, network) is { } place) RemoveItemShard(place);
                break;
            default: throw new MetadataFormatException($"Table {table} is not known.");
        }
    }

    private void ReplayVersion(ReadOnlySpan<byte> rowKey, ReadOnlySpan<byte> value)
    {
        RowKey.ReadVersion(rowKey, out var bucket, out var keyBytes, out var generation);
        var key = RecordReader.DecodeText(keyBytes);
        SplitExtents(value, out var versionValue, out var extents);
        var row = VersionRecord.Read(bucket, key, generation, false, versionValue, extents);
        var newest = tables.Versions.FindNewest(bucket, key, keyBytes);
        if (tables.Versions.FindAt(bucket, key, keyBytes, generation) is { } old) RewriteVersion(old, row, keyBytes);
        else InsertVersion(row, keyBytes, isFirst: newest is null);
        if (newest is null || newest.Id.Generation <= generation) SetHead(bucket, keyBytes, row, hadHead: newest is { IsDeleteMarker: false });
    }

    private void ReplayUpload(ReadOnlySpan<byte> rowKey, ReadOnlySpan<byte> value)
    {
        RowKey.ReadUpload(rowKey, out var bucket, out var keyBytes, out var id);
        var key = RecordReader.DecodeText(keyBytes);
        PutUpload(UploadRecord.Read(bucket, key, id, value), keyBytes, isNew: tables.Uploads.Find(bucket, key, keyBytes, id) is null);
    }

    private void SplitExtents(ReadOnlySpan<byte> value, out ReadOnlySpan<byte> others, out ReadOnlySpan<byte> extents)
    {
        splitOthers.Clear();
        splitExtents.Clear();
        ExtentRecord.Split(value, splitOthers, splitExtents);
        others = splitOthers.Written;
        extents = splitExtents.Written;
    }

    private readonly RecordWriter splitOthers = new();
    private readonly RecordWriter splitExtents = new();
}
