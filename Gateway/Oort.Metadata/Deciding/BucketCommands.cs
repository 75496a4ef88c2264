using Oort.Metadata.Writing;

namespace Oort.Metadata.Deciding;

/// <summary>Buckets, and the small cluster-wide tables.</summary>
internal static class BucketCommands
{
    public static (CommitOutcome Outcome, BucketRow? Bucket) Create(WriteSession session, BucketRow bucket)
    {
        if (session.Tables.Buckets.FindByName(bucket.Name) is { } present) return (CommitOutcome.BucketExists, present);
        if (!LockCommands.MayBecome(bucket, bucket)) throw new ArgumentException("A bucket that locks its versions has versions.");
        var row = bucket with { Id = new(session.StartWriting()), Created = DateTimeOffset.FromUnixTimeMilliseconds(bucket.Created.ToUnixTimeMilliseconds()) };
        session.PutBucket(row);
        LockCommands.StartClock(session, row);
        return (CommitOutcome.Done, row);
    }

    public static CommitOutcome Update(WriteSession session, BucketId id, Func<BucketRow, BucketRow> change)
    {
        if (session.FindBucket(id) is not { } old) return CommitOutcome.NoSuchBucket;
        var changed = change(old);
        if (changed.Versioning == VersioningState.Unversioned && old.Versioning != VersioningState.Unversioned)
            throw new ArgumentException("A bucket that was versioned cannot become unversioned again, only suspended.");
        if (!LockCommands.MayBecome(old, changed)) return CommitOutcome.BucketLocked;
        session.StartWriting();
        session.PutBucket(old with { OwnerId = changed.OwnerId, Versioning = changed.Versioning, Settings = changed.Settings });
        LockCommands.StartClock(session, changed);
        return CommitOutcome.Done;
    }

    public static CommitOutcome Delete(WriteSession session, BucketId id)
    {
        if (session.FindBucket(id) is null) return CommitOutcome.NoSuchBucket;
        if (session.Tables.Versions.AnyInBucket(id)) return CommitOutcome.BucketNotEmpty;
        session.StartWriting();
        session.RemoveBucket(id);
        return CommitOutcome.Done;
    }

    /// <summary>Epochs are 40 bits that count up and 24 random ones, so that one is not repeated even after a recovery that lost the newest.</summary>
    public static ulong OpenEpoch(WriteSession session, string gatewayId)
    {
        const int randomBits = 24;
        var newest = session.Epochs.Count == 0 ? 0 : session.Epochs.Values.Max();
        var epoch = (((newest >> randomBits) + 1) << randomBits) | (session.RandomBits() >> (64 - randomBits));
        session.StartWriting();
        session.PutEpoch(gatewayId, epoch);
        return epoch;
    }
}
