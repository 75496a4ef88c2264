using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;

namespace Oort.Metadata.Writing;

/// <summary>The changes of rows that commands are made of.</summary>
internal sealed partial class WriteSession
{
    public void PutBucket(BucketRow row)
    {
        var old = tables.Buckets.Find(row.Id);
        if (old is null) totals.Buckets++;
        // Nothing is noted until there are rules again, perhaps the same ones.
        if (old?.Settings.ContainsKey(AgeSettings.Rules) == true && !row.Settings.ContainsKey(AgeSettings.Rules)) tables.Revisits.RemoveAll(row.Id);
        record.Clear();
        BucketRecord.Write(record, row);
        tables.Buckets.Put(row.Id, RowKey.Utf8(row.Name), record.Written);
        Span<byte> key = stackalloc byte[8];
        EmitUpsert(RowTable.Bucket, RowKey.Bucket(key, row.Id), record.Written);
        bucketCache.Remove(row.Id);
        PutBucketUsage(row);
    }

    public void RemoveBucket(BucketId id)
    {
        if (FindBucket(id)?.Settings.ContainsKey(AgeSettings.Rules) == true) tables.Revisits.RemoveAll(id);
        tables.Buckets.Remove(id);
        totals.Buckets--;
        Span<byte> key = stackalloc byte[8];
        EmitDelete(RowTable.Bucket, RowKey.Bucket(key, id));
        bucketCache.Remove(id);
        RemoveBucketUsage(id);
    }

    /// <summary>Inserts a version and adds its references. Heads are the caller's.</summary>
    public void InsertVersion(VersionRow row, ReadOnlySpan<byte> keyBytes, bool isFirst)
    {
        var extents = EncodeVersion(row);
        tables.Versions.Insert(row, keyBytes, isFirst, record.Written[..extents], record.From(extents));
        EmitVersion(row, keyBytes, extents);
        Refer(row.Extents, +1);
        totals.Versions++;
        totals.LogicalBytes += row.Size;
        AddUsage(row.Bucket, new(+1, row.Size));
    }

    /// <summary>Writes a version again in place; references follow when its extents differ.</summary>
    public void RewriteVersion(VersionRow old, VersionRow row, ReadOnlySpan<byte> keyBytes)
    {
        var extents = EncodeVersion(row);
        tables.Versions.Rewrite(row, keyBytes, record.Written[..extents], record.From(extents));
        EmitVersion(row, keyBytes, extents);
        Refer(row.Extents, +1);
        Refer(old.Extents, -1);
        foreach (var extent in old.Extents) letGoBy[extent.Data] = row.Id.Generation;
        totals.LogicalBytes += row.Size - old.Size;
        RevisitVersion(old, row);
        AddUsage(row.Bucket, new(0, row.Size - old.Size));
    }

    /// <summary>Removes a version and its references. Heads are the caller's.</summary>
    public void RemoveVersion(VersionRow row, ReadOnlySpan<byte> keyBytes)
    {
        tables.Versions.Remove(row.Bucket, keyBytes, row.Id.Generation);
        Span<byte> key = stackalloc byte[16 + keyBytes.Length];
        EmitDelete(RowTable.Version, RowKey.Version(key, row.Bucket, keyBytes, row.Id.Generation));
        if (decided.Count > 0) decided.Remove(Scope.Key(row.Bucket, keyBytes));
        Refer(row.Extents, -1);
        foreach (var extent in row.Extents) letGoBy[extent.Data] = row.Id.Generation;
        totals.Versions--;
        totals.LogicalBytes -= row.Size;
        AddUsage(row.Bucket, new(-1, -row.Size));
        RevisitKey(row.Bucket, keyBytes);
    }

    /// <summary>Makes the key's head what its newest version says.</summary>
    /// <param name="newest">The newest version now, or null.</param>
    /// <param name="hadHead">Whether the key had a head before.</param>
    public void SetHead(BucketId bucket, ReadOnlySpan<byte> keyBytes, VersionRow? newest, bool hadHead)
    {
        var hasHead = newest is { IsDeleteMarker: false };
        if (hasHead)
        {
            record.Clear();
            VersionRecord.WriteHead(record, newest!);
            tables.Versions.PutHead(bucket, keyBytes, newest!.Id.Generation, record.Written);
        }
        else if (hadHead)
        {
            tables.Versions.RemoveHead(bucket, keyBytes);
        }
        totals.Objects += (hasHead ? 1 : 0) - (hadHead ? 1 : 0);
    }

    public void PutUpload(UploadRow row, ReadOnlySpan<byte> keyBytes, bool isNew)
    {
        record.Clear();
        UploadRecord.Write(record, row);
        tables.Uploads.Put(row.Bucket, keyBytes, row.Id, row.Initiated.ToUnixTimeMilliseconds(), record.Written);
        Span<byte> key = stackalloc byte[8 + keyBytes.Length + UploadId.Size];
        EmitUpsert(RowTable.Upload, RowKey.Upload(key, row.Bucket, keyBytes, row.Id), record.Written);
        if (isNew) totals.Uploads++;
        uploadBuckets[row.Id] = row.Bucket;
    }

    public void RemoveUpload(BucketId bucket, ReadOnlySpan<byte> keyBytes, UploadId id)
    {
        tables.Uploads.Remove(bucket, keyBytes, id);
        Span<byte> key = stackalloc byte[8 + keyBytes.Length + UploadId.Size];
        EmitDelete(RowTable.Upload, RowKey.Upload(key, bucket, keyBytes, id));
        totals.Uploads--;
    }

    /// <param name="old">The part with that number so far, which it replaces.</param>
    public void PutPart(PartRow? old, PartRow row)
    {
        record.Clear();
        UploadRecord.WritePart(record, row);
        var extents = record.Length;
        ExtentRecord.Write(record, row.Extents);
        tables.Uploads.PutPart(row.Upload, row.PartNumber, record.Written[..extents], record.From(extents));
        Span<byte> key = stackalloc byte[UploadId.Size + 4];
        EmitUpsert(RowTable.Part, RowKey.Part(key, row.Upload, row.PartNumber), record.Written);
        Refer(row.Extents, +1);
        if (old is not null) Refer(old.Extents, -1);
        if (BucketOf(row.Upload) is { } bucket) AddUsage(bucket, new(0, row.Size - (old?.Size ?? 0)));
    }

    public void RemovePart(PartRow row)
    {
        tables.Uploads.RemovePart(row.Upload, row.PartNumber);
        Span<byte> key = stackalloc byte[UploadId.Size + 4];
        EmitDelete(RowTable.Part, RowKey.Part(key, row.Upload, row.PartNumber));
        Refer(row.Extents, -1);
        if (BucketOf(row.Upload) is { } bucket) AddUsage(bucket, new(0, -row.Size));
    }

    /// <summary>Takes data that the command brings; it is inserted, with its count of references, when the command ends.</summary>
    public void AddData(DataRow row) => newData.Add(row.Id, row);

    /// <summary>Gives data other runs.</summary>
    public void RewriteData(DataRow old, DataRow row)
    {
        record.Clear();
        DataRecord.Write(record, row);
        tables.Data.Rewrite(row, record.Written);
        DataMoved = true;
        Span<byte> key = stackalloc byte[DataId.Size];
        EmitUpsert(RowTable.Data, RowKey.Data(key, row.Id), record.Written);
        RemoveRuns(old);
        AddRuns(row);
    }

    /// <summary>Gives data another wrapped key; where it lies stays.</summary>
    public void RewrapData(DataRow row)
    {
        record.Clear();
        DataRecord.Write(record, row);
        tables.Data.Rewrite(row, record.Written);
        DataMoved = true;
        Span<byte> key = stackalloc byte[DataId.Size];
        EmitUpsert(RowTable.Data, RowKey.Data(key, row.Id), record.Written);
    }

    public void InsertSegment(SegmentRow row)
    {
        record.Clear();
        SegmentRecord.Write(record, row);
        tables.Segments.Insert(row, time.GetUtcNow().ToUnixTimeMilliseconds(), record.Written);
        EmitSegment(row);
        Keep(row);
        tables.Segments.AddPlacements(row);
        totals.Segments++;
        totals.PayloadBytes += row.PayloadLength;
        if (!row.IsFull) totals.SegmentsPartial++;
    }

    public void RewriteSegment(SegmentRow old, SegmentRow row)
    {
        record.Clear();
        SegmentRecord.Write(record, row);
        tables.Segments.Rewrite(row, record.Written);
        DataMoved = true;
        EmitSegment(row);
        Keep(row);
        tables.Segments.RemovePlacements(old);
        tables.Segments.AddPlacements(row);
        totals.SegmentsPartial += (row.IsFull ? 0 : 1) - (old.IsFull ? 0 : 1);
    }

    public void RemoveSegment(SegmentRow row)
    {
        tables.Segments.Remove(row.Id);
        segmentCache.Remove(row.Id);
        DataMoved = true;
        tables.Segments.RemovePlacements(row);
        Span<byte> key = stackalloc byte[SegmentId.Size];
        EmitDelete(RowTable.Segment, RowKey.Segment(key, row.Id));
        totals.Segments--;
        totals.PayloadBytes -= row.PayloadLength;
        if (!row.IsFull) totals.SegmentsPartial--;
    }

    public void PutStore(StoreRow row)
    {
        record.Clear();
        SmallRecords.WriteStore(record, row);
        tables.Small.PutStore(row.Id, record.Written);
        Span<byte> key = stackalloc byte[StoreId.Size];
        EmitUpsert(RowTable.Store, RowKey.Store(key, row.Id), record.Written);
    }

    public void PutEpoch(string gatewayId, ulong epoch)
    {
        var gateway = RowKey.Utf8(gatewayId);
        record.Clear();
        SmallRecords.WriteEpoch(record, epoch);
        tables.Small.PutEpoch(gateway, record.Written);
        EmitUpsert(RowTable.Epoch, gateway, record.Written);
        epochs = null;
    }

    /// <param name="value">Null: the setting goes.</param>
    public void PutSetting(string name, byte[]? value)
    {
        var key = RowKey.Utf8(name);
        ForgetRevisits(name);
        if (name.StartsWith(Quota.AccountSettings, StringComparison.Ordinal)) accountQuotas.Remove(name[Quota.AccountSettings.Length..]);
        if (value is null)
        {
            tables.Small.RemoveSetting(key);
            EmitDelete(RowTable.Setting, key);
            return;
        }
        record.Clear();
        SmallRecords.WriteSetting(record, value);
        tables.Small.PutSetting(key, record.Written);
        EmitUpsert(RowTable.Setting, key, record.Written);
    }

    /// <summary>Puts the settings that a change is told of with, in the generation of the command that runs.</summary>
    public void Announce(ChangeAnnouncement? announcement, BucketRow bucket, VersionRow version, bool isRemoved = false)
    {
        if (announcement is null) return;
        var told = announcement(new(Generation, Now, bucket, version, isRemoved));
        if (told.Count > MetadataLimits.AnnouncedSettingsMax) throw new ArgumentException($"A change is told of with at most {MetadataLimits.AnnouncedSettingsMax} settings.");
        foreach (var (name, value) in told) PutSetting(name, value);
    }

    /// <param name="expected">What the setting must be, null for unset; otherwise nothing is changed.</param>
    /// <param name="others">Set, or unset, with it.</param>
    public bool ReplaceSettings(string name, byte[]? expected, byte[]? value, IReadOnlyList<(string Name, byte[]? Value)> others)
    {
        var present = tables.Small.FindSetting(RowKey.Utf8(name));
        if (present is null != expected is null || !present.AsSpan().SequenceEqual(expected)) return false;
        StartWriting();
        PutSetting(name, value);
        foreach (var other in others) PutSetting(other.Name, other.Value);
        return true;
    }

    private void InsertData(DataRow row, long count)
    {
        record.Clear();
        DataRecord.Write(record, row);
        tables.Data.Insert(row, count, record.Written);
        Span<byte> key = stackalloc byte[DataId.Size];
        EmitUpsert(RowTable.Data, RowKey.Data(key, row.Id), record.Written);
        AddRuns(row);
    }

    private void RemoveData(DataRow row)
    {
        tables.Data.Remove(row.Id);
        EndData(row);
    }

    /// <summary>What follows from the removal of a row of data.</summary>
    private void EndData(DataRow row)
    {
        Span<byte> key = stackalloc byte[DataId.Size];
        EmitDelete(RowTable.Data, RowKey.Data(key, row.Id));
        tables.Data.AddGone(new(row.Id, Generation, letGoBy.GetValueOrDefault(row.Id), Now));
        RemoveRuns(row);
    }

    private void AddRuns(DataRow row)
    {
        foreach (var (segment, bytes) in BytesBySegment(row.Runs))
        {
            tables.Data.AddRun(segment, row.Id, bytes);
            UseSegment(segment, +1, bytes);
        }
    }

    private void RemoveRuns(DataRow row)
    {
        foreach (var (segment, bytes) in BytesBySegment(row.Runs))
        {
            tables.Data.RemoveRuns(segment, row.Id);
            UseSegment(segment, -1, -bytes);
        }
    }

    /// <summary>Runs with those in the same segment added up; as a rule there is one.</summary>
    private static IEnumerable<(SegmentId Segment, long Bytes)> BytesBySegment(ImmutableArray<SegmentRun> runs) => runs.Length == 1
        ? [(runs[0].Segment, runs[0].Length)]
        : runs.GroupBy(run => run.Segment).Select(group => (group.Key, group.Sum(run => run.Length)));

    /// <summary>Encodes a version into the shared record; the result is where its extents begin.</summary>
    private int EncodeVersion(VersionRow row)
    {
        record.Clear();
        VersionRecord.Write(record, row);
        var extents = record.Length;
        ExtentRecord.Write(record, row.Extents);
        return extents;
    }

    private void EmitVersion(VersionRow row, ReadOnlySpan<byte> keyBytes, int extents)
    {
        Span<byte> key = stackalloc byte[16 + keyBytes.Length];
        EmitUpsert(RowTable.Version, RowKey.Version(key, row.Bucket, keyBytes, row.Id.Generation), record.Written[..extents], record.From(extents));
        if (decided.Count > 0) decided.Remove(Scope.Key(row.Bucket, keyBytes));
    }

    private void EmitSegment(SegmentRow row)
    {
        Span<byte> key = stackalloc byte[SegmentId.Size];
        EmitUpsert(RowTable.Segment, RowKey.Segment(key, row.Id), record.Written);
    }
}
