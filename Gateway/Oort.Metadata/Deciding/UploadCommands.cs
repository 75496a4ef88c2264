using System.Collections.Immutable;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Deciding;

/// <summary>Multipart uploads.</summary>
internal static class UploadCommands
{
    /// <summary>Extents that one step of an abort lets go at most, so that no step holds up the writer for long.</summary>
    private const int AbortExtentsMax = 8_192;

    public static CommitOutcome Create(WriteSession session, UploadRow upload)
    {
        var keyBytes = VersionCommands.KeyBytes(upload.Key);
        if (session.FindBucket(upload.Bucket) is null) return CommitOutcome.NoSuchBucket;
        if (session.FindUpload(upload.Bucket, upload.Key, keyBytes, upload.Id) is not null)
            throw new ArgumentException($"Upload {upload.Id} is there already.");
        session.StartWriting();
        session.PutUpload(upload, keyBytes, isNew: true);
        return CommitOutcome.Done;
    }

    public static (CommitOutcome Outcome, PartRow? Part) PutPart(WriteSession session, PutPart command)
    {
        var keyBytes = VersionCommands.KeyBytes(command.Key);
        if (command.PartNumber is < 1 or > MetadataLimits.PartNumberMax) throw new ArgumentException($"Part numbers go from 1 to {MetadataLimits.PartNumberMax}.");
        if (session.FindBucket(command.Bucket) is not { } bucket) return (CommitOutcome.NoSuchBucket, null);
        if (command.Extents.Length > MetadataLimits.PartExtentCountMax) return (CommitOutcome.TooManyExtents, null);
        if (session.FindUpload(command.Bucket, command.Key, keyBytes, command.Upload) is null) return (CommitOutcome.NoSuchUpload, null);
        var outcome = DataChecks.Check(session, command.Extents, command.NewData);
        if (outcome != CommitOutcome.Done) return (outcome, null);
        var replaced = session.Tables.Uploads.FindPart(command.Upload, command.PartNumber);
        outcome = QuotaChecks.Check(session, bucket, new(0, command.Size - (replaced?.Size ?? 0)));
        if (outcome != CommitOutcome.Done) return (outcome, null);

        session.StartWriting();
        DataChecks.Add(session, command.NewData);
        var row = new PartRow
        {
            Upload = command.Upload,
            PartNumber = command.PartNumber,
            LastModified = session.Now,
            Size = command.Size,
            ETag = command.ETag,
            Checksum = command.Checksum,
            Extents = command.Extents,
        };
        session.PutPart(replaced, row);
        return (CommitOutcome.Done, row);
    }

    /// <summary>Makes the chosen parts a version. Its extents are those of the parts as they are now, each marked with the part's number and checksum.</summary>
    public static PutVersionResult Complete(WriteSession session, CompleteUpload command)
    {
        var keyBytes = VersionCommands.KeyBytes(command.Key);
        if (session.FindBucket(command.Bucket) is not { } bucket) return new(CommitOutcome.NoSuchBucket, null, default);
        if (session.FindUpload(command.Bucket, command.Key, keyBytes, command.Upload) is not { } upload)
            return new(CommitOutcome.NoSuchUpload, null, bucket.Versioning);
        var current = session.Tables.Versions.FindNewest(command.Bucket, command.Key, keyBytes);
        var outcome = Conditions.Check(current, command.Conditions);
        if (outcome != CommitOutcome.Done) return new(outcome, null, bucket.Versioning);
        outcome = ChooseParts(session, command, out var extents, out var size);
        if (outcome != CommitOutcome.Done) return new(outcome, null, bucket.Versioning);
        var replaced = VersionCommands.FindReplaced(session, bucket, current, keyBytes);
        if (LockCommands.Holds(session, replaced, bypassesGovernance: false)) return new(CommitOutcome.Locked, null, bucket.Versioning);
        // The parts that go had its bytes.
        outcome = QuotaChecks.Check(session, bucket, new Usage(1, 0) - VersionCommands.UsageOf(replaced));
        if (outcome != CommitOutcome.Done) return new(outcome, null, bucket.Versioning);
        var now = session.Now;
        var attributes = LockCommands.OnWrite(session, bucket, command.Attributes, now);

        var row = new VersionRow
        {
            Bucket = command.Bucket,
            Key = command.Key,
            Id = new(session.StartWriting(), session.RandomBits()),
            IsNull = bucket.Versioning != VersioningState.Enabled,
            IsLatest = true,
            LastModified = now,
            OwnerId = upload.OwnerId,
            Size = size,
            ETag = command.ETag,
            StorageClass = upload.StorageClass,
            Attributes = attributes,
            Extents = extents,
        };
        VersionCommands.InsertNewest(session, bucket, current, replaced, row, keyBytes);
        foreach (var number in session.Tables.Uploads.PartNumbers(command.Upload))
            session.RemovePart(session.Tables.Uploads.FindPart(command.Upload, number)!);
        session.RemoveUpload(command.Bucket, keyBytes, command.Upload);
        session.Announce(command.Conditions.Announcement, bucket, row);
        return new(CommitOutcome.Done, row, bucket.Versioning);
    }

    /// <summary>One step of an abort: drops parts, and when none are left the upload. Done but not finished: the caller goes on with another step.</summary>
    /// <remarks>An upload whose bucket is gone can still be aborted.</remarks>
    public static (CommitOutcome Outcome, bool Finished) AbortStep(WriteSession session, BucketId bucket, string key, UploadId id)
    {
        var keyBytes = VersionCommands.KeyBytes(key);
        if (session.FindUpload(bucket, key, keyBytes, id) is null)
            return (session.FindBucket(bucket) is null ? CommitOutcome.NoSuchBucket : CommitOutcome.NoSuchUpload, true);
        session.StartWriting();
        var extents = 0;
        foreach (var number in session.Tables.Uploads.PartNumbers(id))
        {
            if (extents >= AbortExtentsMax) return (CommitOutcome.Done, false);
            var part = session.Tables.Uploads.FindPart(id, number)!;
            session.RemovePart(part);
            extents += Math.Max(part.Extents.Length, 1);
        }
        session.RemoveUpload(bucket, keyBytes, id);
        return (CommitOutcome.Done, true);
    }

    private static CommitOutcome ChooseParts(WriteSession session, CompleteUpload command, out ImmutableArray<Extent> extents, out long size)
    {
        extents = [];
        size = 0;
        var chosen = ImmutableArray.CreateBuilder<Extent>();
        var lastNumber = 0;
        foreach (var part in command.Parts)
        {
            if (part.PartNumber <= lastNumber) throw new ArgumentException("Parts are chosen once each, in ascending order.");
            lastNumber = part.PartNumber;
            var present = session.Tables.Uploads.FindPart(command.Upload, part.PartNumber);
            if (present is null || present.ETag != part.ETag || present.Size != part.Size) return CommitOutcome.Conflict;
            if (chosen.Count + present.Extents.Length > MetadataLimits.VersionExtentCountMax) return CommitOutcome.TooManyExtents;
            foreach (var extent in present.Extents)
                chosen.Add(extent with { PartNumber = part.PartNumber, PartChecksum = present.Checksum?.Value ?? [] });
            size = checked(size + present.Size);
        }
        extents = chosen.DrainToImmutable();
        return CommitOutcome.Done;
    }
}
