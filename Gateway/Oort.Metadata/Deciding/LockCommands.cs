using Oort.Metadata.Changes;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Deciding;

/// <summary>Locks of versions: applied, kept, changed, and asked before anything is removed (S3 API: "Object Lock").</summary>
internal static class LockCommands
{
    /// <summary>The attributes of a version that is made: with the bucket's default, where they bring no retention.</summary>
    /// <param name="now">When it is made.</param>
    /// <exception cref="ArgumentException">They bring a lock into a bucket that does not lock.</exception>
    public static ObjectAttributes OnWrite(WriteSession session, BucketRow bucket, ObjectAttributes attributes, DateTimeOffset now)
    {
        if (BucketLock.Of(bucket) is not { } rule)
        {
            return attributes.Extensions.ContainsKey(ObjectLock.Extension) ? throw new ArgumentException($"Bucket {bucket.Name} does not lock its versions.") : attributes;
        }

        var own = ObjectLock.Of(attributes);
        if (own.Retention.Mode != RetentionMode.None || rule.Mode == RetentionMode.None) return attributes;
        return (own with { Retention = rule.From(LockClock.Start(Mark(session), now)) }).On(attributes);
    }

    /// <summary>Attributes that replace others: their lock is the one that was there, whatever they say.</summary>
    public static ObjectAttributes Kept(ObjectAttributes old, ObjectAttributes changed)
    {
        if (!old.Extensions.TryGetValue(ObjectLock.Extension, out var record))
            return changed.Extensions.ContainsKey(ObjectLock.Extension) ? changed with { Extensions = changed.Extensions.Remove(ObjectLock.Extension) } : changed;
        return changed.Extensions.TryGetValue(ObjectLock.Extension, out var said) && said.AsSpan().SequenceEqual(record.AsSpan())
            ? changed
            : changed with { Extensions = changed.Extensions.SetItem(ObjectLock.Extension, record) };
    }

    /// <summary>Whether a version must stay.</summary>
    /// <param name="bypassesGovernance">The caller may end a retention in governance mode, and says that he wants to.</param>
    public static bool Holds(WriteSession session, VersionRow? version, bool bypassesGovernance) =>
        version is not null && version.Attributes.Extensions.ContainsKey(ObjectLock.Extension) && ObjectLock.Holds(version.Attributes, LockClock.At(Mark(session), session.Now).Time, bypassesGovernance);

    /// <summary>Changes a version's lock. A retention that has not ended can be made longer in its mode; anything else is a bypass, which compliance does not know.</summary>
    public static CommitOutcome Change(WriteSession session, LockVersion command)
    {
        var keyBytes = VersionCommands.KeyBytes(command.Key);
        if (session.FindBucket(command.Bucket) is not { } bucket) return CommitOutcome.NoSuchBucket;
        if (session.Tables.Versions.Find(command.Bucket, command.Key, keyBytes, command.VersionId) is not { IsDeleteMarker: false } old) return CommitOutcome.NoSuchVersion;
        if (!BucketLock.IsOn(bucket)) throw new ArgumentException($"Bucket {bucket.Name} does not lock its versions.");
        var present = ObjectLock.Of(old.Attributes);
        if (command.Retention is { } wanted && !MayBecome(session, present.Retention, wanted, command.BypassesGovernance)) return CommitOutcome.Locked;

        var changed = new ObjectLock(command.Retention ?? present.Retention, command.Hold ?? present.Hold);
        if (changed != present) VersionCommands.Replace(session, old, old with { Attributes = changed.On(old.Attributes) }, NewData.None, keyBytes);
        return CommitOutcome.Done;
    }

    /// <summary>What a bucket may become: one that locks stays so, with versioning.</summary>
    public static bool MayBecome(BucketRow old, BucketRow changed) =>
        !(BucketLock.IsOn(old) || BucketLock.IsOn(changed)) || (BucketLock.IsOn(changed) && changed.Versioning == VersioningState.Enabled);

    /// <summary>Sets the clock's mark with the first bucket that locks. Called after <see cref="WriteSession.StartWriting"/>.</summary>
    public static void StartClock(WriteSession session, BucketRow bucket)
    {
        if (BucketLock.IsOn(bucket) && Mark(session) is null) session.PutSetting(LockClock.SettingName, LockClock.Encode(session.Now));
    }

    private static bool MayBecome(WriteSession session, LockTerm old, LockTerm wanted, bool bypassesGovernance)
    {
        if (!IsRetained(session, old) || (wanted.Mode == old.Mode && wanted.Until >= old.Until)) return true;
        return bypassesGovernance && old.Mode == RetentionMode.Governance;
    }

    private static bool IsRetained(WriteSession session, LockTerm retention) => retention.Mode != RetentionMode.None && LockClock.At(Mark(session), session.Now).Time < retention.Until;

    private static byte[]? Mark(WriteSession session) => session.Tables.Small.FindSetting(RowKey.Utf8(LockClock.SettingName));
}
