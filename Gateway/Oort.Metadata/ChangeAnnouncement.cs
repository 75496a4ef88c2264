namespace Oort.Metadata;

/// <summary>A change as it has been decided, for whoever tells of it in the same commit.</summary>
/// <param name="Generation">The command's. Of two changes of one key, the later one has the higher.</param>
/// <param name="Time">When it was decided.</param>
/// <param name="Bucket">As it is in the commit.</param>
/// <param name="Version">The version or delete marker that was put or changed; where one was removed, that one.</param>
/// <param name="IsRemoved">Whether it was removed.</param>
public readonly record struct DecidedChange(ulong Generation, DateTimeOffset Time, BucketRow Bucket, VersionRow Version, bool IsRemoved);

/// <summary>Tells of a change: settings that are put in its very commit, so that there are neither changes without them nor they without a change.</summary>
/// <remarks>It must be quick and must not fail, for the writer waits for it. It may be asked more than once of one change, when its group is decided again.</remarks>
/// <returns>At most <see cref="MetadataLimits.AnnouncedSettingsMax"/>; empty: there is nothing to be told.</returns>
public delegate IReadOnlyList<(string Name, byte[] Value)> ChangeAnnouncement(in DecidedChange change);
