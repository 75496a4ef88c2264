using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Metadata;

/// <summary>How a write or delete ended. Everything but <see cref="Done"/> has changed nothing.</summary>
public enum CommitOutcome
{
    Done,
    NoSuchBucket,
    NoSuchKey,
    NoSuchVersion,
    NoSuchUpload,
    PreconditionFailed,

    /// <summary>A concurrent complete or abort took the upload, or a part it names was replaced meanwhile: ConditionalRequestConflict, or the parts are checked again.</summary>
    Conflict,
    BucketNotEmpty,
    BucketExists,

    /// <summary>The writer's epoch has been fenced: this process must not write any more.</summary>
    Fenced,

    /// <summary>An extent names data, or new data lies in a segment, that is no longer there (deleted or collected meanwhile): the caller reads or writes it again.</summary>
    DataGone,

    /// <summary>The version would have more than <see cref="MetadataLimits.VersionExtentCountMax"/> extents: the bytes must be written anew instead of referred to.</summary>
    TooManyExtents,

    /// <summary>The bucket, or the account that owns it, would hold more than its quota (<see cref="Quota"/>).</summary>
    QuotaExceeded,

    /// <summary>The version is locked (<see cref="ObjectLock"/>): it must stay, and so must its lock.</summary>
    Locked,

    /// <summary>The bucket would lock its versions without versioning, or lock them no more (<see cref="BucketLock"/>).</summary>
    BucketLocked,
}

/// <summary>A write's conditions on the key's current version, decided in the commit.</summary>
/// <param name="IfMatch">ETag (no quotes) that the current version must have, "*" for any; null: no condition. No current version: NoSuchKey.</param>
/// <param name="IfNoneMatch">ETag that the current version must not have, "*": there must be none; null: no condition.</param>
/// <param name="IfSize">Size that the current version must have (x-amz-if-match-size).</param>
/// <param name="IfLastModified">Time, in whole seconds, that the current version must have (x-amz-if-match-last-modified-time).</param>
/// <param name="IfNoVersion">There must be neither a version nor a delete marker: what is brought from elsewhere must not come back after it was deleted here.</param>
public sealed record WriteConditions(string? IfMatch = null, string? IfNoneMatch = null, long? IfSize = null, DateTimeOffset? IfLastModified = null, bool IfNoVersion = false)
{
    public static WriteConditions None { get; } = new();

    /// <summary>No condition, but what is told of the write in its commit; null: nothing is.</summary>
    public ChangeAnnouncement? Announcement { get; init; }
}

/// <summary>Data that a commit brings: rows that are new with it. Existing data is referred to by extents alone.</summary>
/// <param name="Epoch">Epoch of the writer of the segments; a fenced epoch fails the commit.</param>
/// <param name="Segments">Segments not yet known to the store. A pack is added once by <see cref="IMetadataStore.AddSegmentsAsync"/> before the commits that refer to it.</param>
/// <param name="Data">New data ids; each is referred to by the command's extents.</param>
public sealed record NewData(ulong Epoch, ImmutableArray<SegmentRow> Segments, ImmutableArray<DataRow> Data)
{
    public static NewData None { get; } = new(0, [], []);
}

/// <summary>Puts a version. The store assigns id, generation and time, and replaces the null version where versioning is not enabled.</summary>
public sealed record PutVersion(
    BucketId Bucket,
    string Key,
    string OwnerId,
    long Size,
    string ETag,
    string StorageClass,
    ObjectAttributes Attributes,
    ImmutableArray<Extent> Extents,
    NewData NewData,
    WriteConditions Conditions);

/// <summary>Result of a put, a copy or a completed upload.</summary>
public readonly record struct PutVersionResult(CommitOutcome Outcome, VersionRow? Version, VersioningState Versioning);

/// <summary>Deletes: without <paramref name="VersionId"/> as S3 does for the bucket's versioning state (drop, or add a marker), with it that very version.</summary>
/// <param name="VersionId">A version's text id or "null"; null for none.</param>
/// <param name="BypassesGovernance">Retention in governance mode does not hold the named version: the caller may, and wants to, bypass it.</param>
/// <param name="IsRemembered">Whether a delete marker takes the place of a key's last version that is named and is none itself: where something would otherwise bring the key again.</param>
/// <param name="If">Judges the version that is named, or the current one, in the commit: false, and <see cref="CommitOutcome.Conflict"/>, leaves all as it is; so does it when there is none. It must be quick and pure. Null: no condition.</param>
public sealed record DeleteVersion(BucketId Bucket, string Key, string OwnerId, string? VersionId, WriteConditions Conditions, bool IsRemembered = false, bool BypassesGovernance = false, Func<VersionRow, bool>? If = null);

/// <param name="Outcome">Done also when there was nothing to delete.</param>
/// <param name="VersionId">Text id of the marker that was made, or of the version that was removed; null where the bucket was never versioned.</param>
/// <param name="IsDeleteMarker">The marker was made, or what was removed was a marker.</param>
public readonly record struct DeleteVersionResult(CommitOutcome Outcome, string? VersionId, bool IsDeleteMarker);

/// <summary>Gives a key's newest version another key: a new version of the same data there, and what a delete would leave here, in one commit. It keeps everything but its id and its lock.</summary>
/// <param name="Source">The version that is renamed; Conflict, if it is not the key's newest any more.</param>
/// <param name="Destination">The other key's newest version or marker, null: none; Conflict, if it is another by now.</param>
/// <param name="OwnerId">Of the delete marker, if one is made.</param>
public sealed record RenameVersion(BucketId Bucket, string Key, VersionId Source, string NewKey, VersionId? Destination, string OwnerId);

/// <summary>Changes a version's lock, as far as the present one lets it (<see cref="CommitOutcome.Locked"/>). The bucket must lock its versions.</summary>
/// <param name="VersionId">A version's text id or "null".</param>
/// <param name="Retention">Null: stays as it is. Without a mode: is taken away.</param>
/// <param name="Hold">Null: stays as it is.</param>
/// <param name="BypassesGovernance">The caller may, and wants to, bypass a retention in governance mode.</param>
public sealed record LockVersion(BucketId Bucket, string Key, string VersionId, LockTerm? Retention, LegalHold? Hold, bool BypassesGovernance = false);

/// <summary>Puts or replaces a part.</summary>
public sealed record PutPart(BucketId Bucket, string Key, UploadId Upload, int PartNumber, long Size, string ETag, StoredChecksum? Checksum, ImmutableArray<Extent> Extents, NewData NewData);

/// <summary>Turns an upload into a version, moving no data. <paramref name="Parts"/> are the chosen parts as the caller read them;
/// the store checks that each is still the one with that ETag (else Conflict), drops the others and the upload.</summary>
public sealed record CompleteUpload(
    BucketId Bucket,
    string Key,
    UploadId Upload,
    ImmutableArray<PartRow> Parts,
    string ETag,
    ObjectAttributes Attributes,
    WriteConditions Conditions);
