using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Tiering;

namespace Oort.Gateway.Tests.Operations;

/// <summary>Where nobody moves versions: what is asked for waits in its rows.</summary>
public class IdleTiering : ITiering
{
    public TieringOptions Options { get; } = new();

    public TierDocument Tiers => TierDocument.Empty;

    public TieringStatus Status => TieringStatus.None;

    public BucketTieringStatus? PassOf(BucketId bucket) => null;

    public virtual ValueTask PrepareRestoreAsync(BucketRow bucket, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public virtual void RestoreRequested(VersionRow version)
    {
    }

    public ValueTask<bool> MigrateAsync(BucketId bucket, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<bool> StopMigrationAsync(BucketId bucket, CancellationToken cancellationToken) => throw new NotSupportedException();

    public DateTimeOffset? MigratingSince(BucketRow bucket) => null;

    public ImmutableArray<string> PermanentStoresOf(BucketId bucket) => [];

    public ValueTask<TierDocument> DrainAsync(string storageClass, string to, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<TierDocument> ResumeAsync(string storageClass, CancellationToken cancellationToken) => throw new NotSupportedException();
}
