using Oort.Metadata;

namespace Oort.Objects.Events;

/// <summary>Why a version came, went or changed.</summary>
public enum ChangeCause
{
    Put,
    Post,
    Copy,
    CompleteMultipartUpload,

    /// <summary>A version went, or a delete marker came.</summary>
    Delete,
    PutTags,
    DeleteTags,
    PutAcl,
    RestoreRequested,
    RestoreCompleted,
    RestoreExpired,

    /// <summary>A lifecycle rule let a version go, or put a delete marker.</summary>
    LifecycleExpiration,
    LifecycleTransition,
}

/// <summary>Who made a change, as events say it.</summary>
/// <param name="PrincipalId">Of the caller.</param>
/// <param name="SourceAddress">IP address that the request came from.</param>
public sealed record ChangeOrigin(string PrincipalId, string SourceAddress, string RequestId, string HostId)
{
    /// <summary>The service itself, of its own accord.</summary>
    public static ChangeOrigin Service { get; } = new("s3.amazonaws.com", "s3.amazonaws.com", "", "");
}

/// <summary>The one thing that code which changes versions has to know of events: what it hands over with the change.</summary>
public interface IChangeEvents
{
    /// <summary>Tells of a change in its commit, to whom the bucket then says. To be set as <see cref="WriteConditions.Announcement"/> of a write or delete, or as <see cref="VersionRow.Announcement"/> of the row that an update or a rewrite makes.</summary>
    ChangeAnnouncement Of(ChangeCause cause, ChangeOrigin origin);
}
