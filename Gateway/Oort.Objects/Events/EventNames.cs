using System.Collections.Frozen;

namespace Oort.Objects.Events;

/// <summary>What may be asked for in a notification configuration (S3 User Guide: "Supported event types").</summary>
public static class EventNames
{
    private static readonly FrozenSet<string> known = FrozenSet.Create(
        StringComparer.Ordinal,
        "s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Post", "s3:ObjectCreated:Copy", "s3:ObjectCreated:CompleteMultipartUpload",
        "s3:ObjectRemoved:*", "s3:ObjectRemoved:Delete", "s3:ObjectRemoved:DeleteMarkerCreated",
        "s3:ObjectRestore:*", "s3:ObjectRestore:Post", "s3:ObjectRestore:Completed", "s3:ObjectRestore:Delete",
        "s3:ObjectTagging:*", "s3:ObjectTagging:Put", "s3:ObjectTagging:Delete", "s3:ObjectAcl:Put",
        "s3:LifecycleExpiration:*", "s3:LifecycleExpiration:Delete", "s3:LifecycleExpiration:DeleteMarkerCreated", "s3:LifecycleTransition",
        "s3:IntelligentTiering", "s3:ReducedRedundancyLostObject",
        "s3:Replication:*", "s3:Replication:OperationFailedReplication", "s3:Replication:OperationMissedThreshold", "s3:Replication:OperationReplicatedAfterThreshold", "s3:Replication:OperationNotTracked");

    public static bool IsKnown(string name) => known.Contains(name);

    /// <summary>Whether two names can mean one event.</summary>
    /// <param name="one">With or without a wildcard, as <paramref name="other"/>.</param>
    public static bool Overlap(string one, string other) => Covers(one, other) || Covers(other, one);

    /// <summary>Whether a name means an event, or all that another name means.</summary>
    public static bool Covers(string name, string other) => name == other || (name.EndsWith('*') && other.StartsWith(name.AsSpan(..^1), StringComparison.Ordinal));
}
