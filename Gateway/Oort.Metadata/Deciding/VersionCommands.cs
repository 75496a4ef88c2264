using Oort.Metadata.Changes;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Deciding;

/// <summary>Puts, deletes and updates of versions. Each checks all conditions first; then it writes and cannot fail.</summary>
internal static class VersionCommands
{
    public static PutVersionResult Put(WriteSession session, PutVersion command)
    {
        var keyBytes = KeyBytes(command.Key);
        if (session.FindBucket(command.Bucket) is not { } bucket) return new(CommitOutcome.NoSuchBucket, null, default);
        if (command.Extents.Length > MetadataLimits.VersionExtentCountMax) return new(CommitOutcome.TooManyExtents, null, bucket.Versioning);
        var current = session.Tables.Versions.FindNewest(command.Bucket, command.Key, keyBytes);
        var outcome = Conditions.Check(current, command.Conditions);
        if (outcome == CommitOutcome.Done) outcome = DataChecks.Check(session, command.Extents, command.NewData);
        if (outcome != CommitOutcome.Done) return new(outcome, null, bucket.Versioning);
        var replaced = FindReplaced(session, bucket, current, keyBytes);
        if (LockCommands.Holds(session, replaced, bypassesGovernance: false)) return new(CommitOutcome.Locked, null, bucket.Versioning);
        outcome = QuotaChecks.Check(session, bucket, new Usage(1, command.Size) - UsageOf(replaced));
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
            OwnerId = command.OwnerId,
            Size = command.Size,
            ETag = command.ETag,
            StorageClass = command.StorageClass,
            Attributes = attributes,
            Extents = command.Extents,
        };
        DataChecks.Add(session, command.NewData);
        InsertNewest(session, bucket, current, replaced, row, keyBytes);
        session.NoteDecided(row, keyBytes, command.NewData);
        session.Announce(command.Conditions.Announcement, bucket, row);
        return new(CommitOutcome.Done, row, bucket.Versioning);
    }

    public static DeleteVersionResult Delete(WriteSession session, DeleteVersion command)
    {
        var keyBytes = KeyBytes(command.Key);
        if (session.FindBucket(command.Bucket) is not { } bucket) return new(CommitOutcome.NoSuchBucket, null, false);
        return command.VersionId is null ? DeleteCurrent(session, bucket, command, keyBytes) : DeleteNamed(session, bucket, command, command.VersionId, keyBytes);
    }

    public static PutVersionResult Rename(WriteSession session, RenameVersion command)
    {
        var (fromBytes, toBytes) = (KeyBytes(command.Key), KeyBytes(command.NewKey));
        if (command.Key == command.NewKey) throw new ArgumentException("A version is renamed to another key.");
        if (session.FindBucket(command.Bucket) is not { } bucket) return new(CommitOutcome.NoSuchBucket, null, default);
        if (session.Tables.Versions.FindNewest(command.Bucket, command.Key, fromBytes) is not { IsDeleteMarker: false } source || source.Id != command.Source) return new(CommitOutcome.Conflict, null, bucket.Versioning);
        var present = session.Tables.Versions.FindNewest(command.Bucket, command.NewKey, toBytes);
        if (present?.Id != command.Destination) return new(CommitOutcome.Conflict, null, bucket.Versioning);
        var replaced = FindReplaced(session, bucket, present, toBytes);
        var removed = bucket.Versioning == VersioningState.Unversioned ? source : FindReplaced(session, bucket, source, fromBytes);
        if (LockCommands.Holds(session, replaced, bypassesGovernance: false) || LockCommands.Holds(session, removed, bypassesGovernance: false)) return new(CommitOutcome.Locked, null, bucket.Versioning);
        var outcome = QuotaChecks.Check(session, bucket, UsageOf(source) - UsageOf(replaced) - UsageOf(removed));
        if (outcome != CommitOutcome.Done) return new(outcome, null, bucket.Versioning);
        var attributes = LockCommands.OnWrite(session, bucket, ObjectLock.None.On(source.Attributes), session.Now);

        var row = source with { Key = command.NewKey, Id = new(session.StartWriting(), session.RandomBits()), IsNull = bucket.Versioning != VersioningState.Enabled, IsLatest = true, Attributes = attributes };
        InsertNewest(session, bucket, present, replaced, row, toBytes);
        if (bucket.Versioning == VersioningState.Unversioned)
        {
            session.RemoveVersion(source, fromBytes);
            session.SetHead(command.Bucket, fromBytes, null, hadHead: true);
        }
        else
        {
            InsertNewest(session, bucket, source, removed, CreateMarker(session, bucket, command.Key, command.OwnerId), fromBytes);
        }

        return new(CommitOutcome.Done, row, bucket.Versioning);
    }

    public static CommitOutcome Update(WriteSession session, BucketId bucketId, string key, string? versionId, Func<VersionRow, VersionRow?> change)
    {
        var keyBytes = KeyBytes(key);
        if (session.FindBucket(bucketId) is not { } bucket) return CommitOutcome.NoSuchBucket;
        var old = versionId is null
            ? session.Tables.Versions.FindNewest(bucketId, key, keyBytes)
            : session.Tables.Versions.Find(bucketId, key, keyBytes, versionId);
        if (old is null) return versionId is null ? CommitOutcome.NoSuchKey : CommitOutcome.NoSuchVersion;
        if (change(old) is not { } changed) return CommitOutcome.Done;

        var row = old with { Attributes = LockCommands.Kept(old.Attributes, changed.Attributes), StorageClass = changed.StorageClass };
        Replace(session, old, row, NewData.None, keyBytes);
        session.Announce(changed.Announcement, bucket, row);
        return CommitOutcome.Done;
    }

    public static CommitOutcome Rewrite(WriteSession session, BucketId bucketId, string key, string versionId, Func<VersionRow, VersionRow?> change, NewData newData)
    {
        var keyBytes = KeyBytes(key);
        if (session.FindBucket(bucketId) is not { } bucket) return CommitOutcome.NoSuchBucket;
        if (session.Tables.Versions.Find(bucketId, key, keyBytes, versionId) is not { } old) return CommitOutcome.NoSuchVersion;
        if (change(old) is not { } changed) return CommitOutcome.Conflict;
        if (changed.Extents.Length > MetadataLimits.VersionExtentCountMax) return CommitOutcome.TooManyExtents;
        var row = old with { Attributes = LockCommands.Kept(old.Attributes, changed.Attributes), StorageClass = changed.StorageClass, Extents = changed.Extents };
        if (row.Body.Sum(extent => extent.Length) != old.Size) throw new ArgumentException($"Version {old.Id} would have other bytes.");
        var outcome = DataChecks.Check(session, row.Extents, newData);
        if (outcome != CommitOutcome.Done) return outcome;
        Replace(session, old, row, newData, keyBytes);
        session.Announce(changed.Announcement, bucket, row);
        return CommitOutcome.Done;
    }

    /// <summary>Writes a version again in place.</summary>
    public static void Replace(WriteSession session, VersionRow old, VersionRow row, NewData newData, byte[] keyBytes)
    {
        session.StartWriting();
        DataChecks.Add(session, newData);
        session.RewriteVersion(old, row, keyBytes);
        if (row.IsLatest) session.SetHead(row.Bucket, keyBytes, row, hadHead: !old.IsDeleteMarker);
    }

    /// <summary>The null version, in whose place a new one comes where versioning is not enabled; null: there is none.</summary>
    public static VersionRow? FindReplaced(WriteSession session, BucketRow bucket, VersionRow? current, byte[] keyBytes)
    {
        if (bucket.Versioning == VersioningState.Enabled || current is null) return null;
        return current.IsNull ? current : session.Tables.Versions.FindNull(bucket.Id, current.Key, keyBytes);
    }

    /// <summary>What a version takes.</summary>
    public static Usage UsageOf(VersionRow? version) => version is null ? default : new(1, version.Size);

    /// <summary>Inserts a version that becomes its key's newest, in place of the one that <see cref="FindReplaced"/> found.</summary>
    public static void InsertNewest(WriteSession session, BucketRow bucket, VersionRow? current, VersionRow? replaced, VersionRow row, byte[] keyBytes)
    {
        if (replaced is not null) session.RemoveVersion(replaced, keyBytes);
        // A bucket that was never versioned has one version a key, so what replaces it is the first again.
        var isFirst = current is null || bucket.Versioning == VersioningState.Unversioned;
        session.InsertVersion(row, keyBytes, isFirst);
        session.SetHead(row.Bucket, keyBytes, row, hadHead: current is { IsDeleteMarker: false });
    }

    /// <exception cref="ArgumentException">The key is empty, too long, or no text.</exception>
    public static byte[] KeyBytes(string key)
    {
        var bytes = RowKey.Utf8(key);
        return bytes.Length is > 0 and <= MetadataLimits.KeyBytesMax
            ? bytes
            : throw new ArgumentException($"A key has 1 to {MetadataLimits.KeyBytesMax} bytes of UTF-8, not {bytes.Length}.");
    }

    /// <summary>Without a version id: drops the only version, or puts a delete marker on top.</summary>
    private static DeleteVersionResult DeleteCurrent(WriteSession session, BucketRow bucket, DeleteVersion command, byte[] keyBytes)
    {
        var current = session.Tables.Versions.FindNewest(command.Bucket, command.Key, keyBytes);
        // What a marker hides has no ETag that could match; only where there is nothing at all is what was wanted done already.
        var isHidden = current is { IsDeleteMarker: true } && command.Conditions.IfMatch is not (null or "*");
        var outcome = isHidden ? CommitOutcome.PreconditionFailed : Judge(current, command);
        if (outcome != CommitOutcome.Done) return new(outcome, null, false);

        if (bucket.Versioning == VersioningState.Unversioned)
        {
            if (current is null) return new(CommitOutcome.Done, null, false);
            if (LockCommands.Holds(session, current, bypassesGovernance: false)) return new(CommitOutcome.Locked, null, false);
            session.StartWriting();
            session.RemoveVersion(current, keyBytes);
            session.SetHead(command.Bucket, keyBytes, null, hadHead: !current.IsDeleteMarker);
            session.Announce(command.Conditions.Announcement, bucket, current, isRemoved: true);
            return new(CommitOutcome.Done, null, false);
        }

        var replaced = FindReplaced(session, bucket, current, keyBytes);
        if (LockCommands.Holds(session, replaced, bypassesGovernance: false)) return new(CommitOutcome.Locked, null, false);
        var marker = CreateMarker(session, bucket, command.Key, command.OwnerId);
        InsertNewest(session, bucket, current, replaced, marker, keyBytes);
        session.Announce(command.Conditions.Announcement, bucket, marker);
        return new(CommitOutcome.Done, marker.IdText, true);
    }

    /// <summary>With a version id: removes that version; when it was the newest, the one below comes up (so removing a marker brings the object back). Where there is none below, a marker may have to stay.</summary>
    private static DeleteVersionResult DeleteNamed(WriteSession session, BucketRow bucket, DeleteVersion command, string versionId, byte[] keyBytes)
    {
        var row = session.Tables.Versions.Find(command.Bucket, command.Key, keyBytes, versionId);
        var outcome = Judge(row, command);
        if (outcome != CommitOutcome.Done) return new(outcome, null, false);
        if (row is null) return new(CommitOutcome.Done, versionId, false);
        if (LockCommands.Holds(session, row, command.BypassesGovernance)) return new(CommitOutcome.Locked, null, false);

        session.StartWriting();
        session.RemoveVersion(row, keyBytes);
        session.Announce(command.Conditions.Announcement, bucket, row, isRemoved: true);
        if (!row.IsLatest) return new(CommitOutcome.Done, versionId, row.IsDeleteMarker);
        var below = session.Tables.Versions.FindNewest(command.Bucket, command.Key, keyBytes);
        session.SetHead(command.Bucket, keyBytes, below, hadHead: !row.IsDeleteMarker);
        if (command.IsRemembered && below is null && !row.IsDeleteMarker && bucket.Versioning != VersioningState.Unversioned)
            InsertNewest(session, bucket, null, null, CreateMarker(session, bucket, command.Key, command.OwnerId), keyBytes);
        return new(CommitOutcome.Done, versionId, row.IsDeleteMarker);
    }

    private static CommitOutcome Judge(VersionRow? hit, DeleteVersion command) =>
        command.If is { } holds && (hit is null || !holds(hit)) ? CommitOutcome.Conflict : Conditions.Check(hit, command.Conditions);

    private static VersionRow CreateMarker(WriteSession session, BucketRow bucket, string key, string ownerId) => new()
    {
        Bucket = bucket.Id,
        Key = key,
        Id = new(session.StartWriting(), session.RandomBits()),
        IsNull = bucket.Versioning == VersioningState.Suspended,
        IsDeleteMarker = true,
        LastModified = session.Now,
        OwnerId = ownerId,
    };
}
