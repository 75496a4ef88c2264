using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>Where nobody moves versions: what is asked for waits in its rows.</summary>
public sealed class IdleTiering(TieringOptions options) : ITiering
{
    public TieringOptions Options { get; } = options;

    public TierDocument Tiers => TierDocument.Empty;

    public TieringStatus Status => TieringStatus.None;

    public ValueTask PrepareRestoreAsync(BucketRow bucket, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public void RestoreRequested(VersionRow version)
    {
    }

    public ValueTask<bool> MigrateAsync(BucketId bucket, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<bool> StopMigrationAsync(BucketId bucket, CancellationToken cancellationToken) => throw new NotSupportedException();

    public DateTimeOffset? MigratingSince(BucketRow bucket) => null;

    public ImmutableArray<string> PermanentStoresOf(BucketId bucket) => [];

    public ValueTask<TierDocument> DrainAsync(string storageClass, string to, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<TierDocument> ResumeAsync(string storageClass, CancellationToken cancellationToken) => throw new NotSupportedException();
}
