using System.Collections.Immutable;

namespace Oort.Metadata;

/// <summary>What those who act by age need: versions and uploads of a bucket in the order of their times, what of them has changed since it was looked at, and a place for how far they are.</summary>
/// <remarks>The index is derived from the rows. What is to be looked at again, and by which run that was begun (<see cref="FindRevisitStampAsync"/>), is not journalled: where it is lost, so is the stamp, and the run begins anew.</remarks>
public interface IAgeIndex
{
    /// <summary>Versions of a bucket by when they were written, each with its neighbours.</summary>
    ValueTask<ImmutableArray<VersionWindow>> ListAgedVersionsAsync(AgedVersionsQuery query, CancellationToken cancellationToken);

    /// <summary>A version with its neighbours; null when it is gone.</summary>
    /// <param name="generation">Of its id; 0: the key's newest.</param>
    /// <param name="newer">Versions above it at most; see <see cref="AgedVersionsQuery.Newer"/>.</param>
    /// <param name="older">Versions below it at most.</param>
    ValueTask<VersionWindow?> FindWindowAsync(BucketId bucket, string key, ulong generation, int newer, int older, CancellationToken cancellationToken);

    /// <summary>Uploads of a bucket by when they were begun.</summary>
    ValueTask<ImmutableArray<UploadRow>> ListAgedUploadsAsync(AgedUploadsQuery query, CancellationToken cancellationToken);

    /// <summary>What is to be looked at again up to a time, oldest first.</summary>
    ValueTask<ImmutableArray<Revisit>> ListRevisitsAsync(BucketId bucket, DateTimeOffset until, int limit, CancellationToken cancellationToken);

    /// <summary>The stamp of the run since whose beginning revisits of a bucket are complete; null: there is none.</summary>
    ValueTask<ulong?> FindRevisitStampAsync(BucketId bucket, CancellationToken cancellationToken);

    /// <summary>Notes how far a run is, with the revisits that it has done and those that it wants, in one commit.</summary>
    /// <returns>False: somebody else has noted something meanwhile; nothing has changed.</returns>
    ValueTask<bool> AdvanceAgesAsync(AdvanceAges command, CancellationToken cancellationToken);
}

/// <summary>A place in the order of ages.</summary>
public readonly record struct AgePlace(DateTimeOffset At, ulong Generation)
{
    /// <summary>Before all.</summary>
    public static AgePlace Start { get; } = new(DateTimeOffset.UnixEpoch, 0);
}

/// <summary>Versions written after a place, and not after a time, oldest first.</summary>
/// <param name="Limit">1 to <see cref="MetadataLimits.PageSizeMax"/>.</param>
/// <param name="Newer">Versions of the same key above each that come with it at most; 0: none, where keys have one version only.</param>
/// <param name="Older">Versions below each that come with it at most.</param>
public sealed record AgedVersionsQuery(BucketId Bucket, AgePlace After, DateTimeOffset Until, int Limit, int Newer, int Older);

/// <summary>A version and its neighbours of the same key, without extents.</summary>
/// <param name="Version"><see cref="VersionRow.IsLatest"/> tells whether none is above it.</param>
/// <param name="Newer">Those above it, the nearest first.</param>
/// <param name="Older">Those below it, the nearest first.</param>
public sealed record VersionWindow(VersionRow Version, ImmutableArray<VersionRow> Newer, ImmutableArray<VersionRow> Older);

/// <summary>Uploads begun after a place (or at it, with a greater id), and not after a time, oldest first.</summary>
public sealed record AgedUploadsQuery(BucketId Bucket, DateTimeOffset AfterInitiated, UploadId AfterUpload, DateTimeOffset Until, int Limit);

/// <summary>A version that is to be looked at again, though it is no older: its tags or locks have changed, or it has become its key's newest, or could not be dealt with.</summary>
/// <param name="At">Not before.</param>
/// <param name="Generation">Of its id; 0: the key's newest then.</param>
public readonly record struct Revisit(DateTimeOffset At, string Key, ulong Generation);

/// <summary>See <see cref="IAgeIndex.AdvanceAgesAsync"/>.</summary>
/// <param name="Expected">What <see cref="AgeSettings.Progress"/> holds until now; null: nothing.</param>
/// <param name="Progress">What it is to hold; null: the run ends, and all revisits go.</param>
/// <param name="Stamp">Another one: a run begins, and revisits of those before go. Null: it stays.</param>
/// <param name="Done">Revisits that need no more.</param>
/// <param name="Later">Revisits that come.</param>
public sealed record AdvanceAges(BucketId Bucket, byte[]? Expected, byte[]? Progress, ulong? Stamp, ImmutableArray<Revisit> Done, ImmutableArray<Revisit> Later);

/// <summary>Names of settings that have to do with ages.</summary>
public static class AgeSettings
{
    /// <summary>Setting of a bucket that is acted on by age. While it is there, revisits are noted.</summary>
    public const string Rules = "lifecycle";

    /// <summary>What the names of <see cref="Progress"/> begin with.</summary>
    public const string ProgressPrefix = "lifecycle/";

    /// <summary>Setting of the cluster that tells how far a run over a bucket is.</summary>
    public static string Progress(BucketId bucket) => $"{ProgressPrefix}{bucket}";

    /// <summary>The bucket of such a setting; null: it is none.</summary>
    public static BucketId? BucketOf(string setting) =>
        setting.StartsWith(ProgressPrefix, StringComparison.Ordinal)
        && ulong.TryParse(setting.AsSpan(ProgressPrefix.Length), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out var id) ? new(id) : null;
}
