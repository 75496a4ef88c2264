using System.Collections.Immutable;
using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>What those who serve clients and operators need of those who move versions between storage classes and bring them back from archives.</summary>
/// <remarks>Thread-safe.</remarks>
public interface ITiering
{
    TieringOptions Options { get; }

    /// <summary>The storage classes that are given up, as far as this gateway has heard.</summary>
    TierDocument Tiers { get; }

    TieringStatus Status { get; }

    /// <summary>The pass over a bucket that this gateway makes, or made last; null: none since its start.</summary>
    BucketTieringStatus? PassOf(BucketId bucket);

    /// <summary>Makes sure that a restore which is asked for next is found after a crash too. To be called before a version's row says so.</summary>
    /// <exception cref="MetadataUnavailableException">It is not known whether it will be found.</exception>
    ValueTask PrepareRestoreAsync(BucketRow bucket, CancellationToken cancellationToken);

    /// <summary>A restore was asked for, and the version's row says so durably (<see cref="RestoreState"/>): whoever restores should look soon. A hint: what is not told here is found by itself later.</summary>
    void RestoreRequested(VersionRow version);

    /// <summary>Has all that is in a bucket brought to where its placement policies say now; durable when it returns. Reads and writes go on.</summary>
    /// <returns>False: there is no such bucket.</returns>
    ValueTask<bool> MigrateAsync(BucketId bucket, CancellationToken cancellationToken);

    /// <summary>Ends that where it is.</summary>
    /// <returns>False: there is no such bucket.</returns>
    ValueTask<bool> StopMigrationAsync(BucketId bucket, CancellationToken cancellationToken);

    /// <summary>Since when a bucket is being brought there; null: it is not.</summary>
    DateTimeOffset? MigratingSince(BucketRow bucket);

    /// <summary>Networks that shards of a bucket may go to and that never delete.</summary>
    ImmutableArray<string> PermanentStoresOf(BucketId bucket);

    /// <summary>Gives up a storage class: it takes nothing new, and what it has moves to another class. Durable when it returns.</summary>
    /// <exception cref="TierException">It cannot be given up so; nothing has changed.</exception>
    ValueTask<TierDocument> DrainAsync(string storageClass, string to, CancellationToken cancellationToken);

    /// <summary>Takes a storage class into use again.</summary>
    /// <exception cref="TierException">It is in use.</exception>
    ValueTask<TierDocument> ResumeAsync(string storageClass, CancellationToken cancellationToken);
}

/// <summary>What was moved between classes and places since the start, by this gateway.</summary>
/// <param name="Passes">Over buckets, and days of their lifecycles.</param>
/// <param name="Moved">Versions.</param>
/// <param name="MovedBytes">Written anew for moves and restores.</param>
/// <param name="Restored">Versions.</param>
/// <param name="RestoresWaiting">Versions that wait to be restored.</param>
/// <param name="Failed">Versions that could not be moved or restored; they are tried again.</param>
/// <param name="LastFailure">Of these, the last one and why; empty: none.</param>
public sealed record TieringStatus(long Passes, long Moved, long MovedBytes, long Expired, long Restored, int RestoresWaiting, long Failed, string LastFailure)
{
    public static TieringStatus None { get; } = new(0, 0, 0, 0, 0, 0, 0, "");

    /// <summary>Versions that lifecycles looked at.</summary>
    public long Looked { get; init; }

    /// <summary>Versions that lifecycles have deleted or put under delete markers, and delete markers removed.</summary>
    public long Ended { get; init; }

    /// <summary>Uploads that lifecycles have ended.</summary>
    public long UploadsEnded { get; init; }

    /// <summary>Deletes of lifecycles that were refused, since the version is locked, say; they are tried again.</summary>
    public long Refused { get; init; }
}

/// <summary>A pass over a bucket.</summary>
/// <param name="IsMigrating">Whether all of it is brought to where its placement policies say.</param>
/// <param name="Ended">Null while it is under way.</param>
/// <param name="Looked">Versions that it has looked at.</param>
/// <param name="LastFailure">Empty: none.</param>
public sealed record BucketTieringStatus(string Bucket, bool IsMigrating, DateTimeOffset Started, DateTimeOffset? Ended, long Looked, long Moved, long MovedBytes, long Expired, long Failed, string LastFailure);
