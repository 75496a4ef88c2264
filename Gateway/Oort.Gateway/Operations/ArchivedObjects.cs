using Microsoft.AspNetCore.Http;
using Oort.Metadata;
using Oort.Objects.Tiering;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>What clients see of a version in an archive: it is there, and cannot be read before it is restored (S3 API: "Working with archived objects").</summary>
internal static class ArchivedObjects
{
    private const string RestoreHeader = "x-amz-restore";

    /// <summary>Before the bytes of a version go out.</summary>
    /// <exception cref="S3Exception">InvalidObjectState.</exception>
    public static void CheckReadable(OperationContext context, VersionRow version)
    {
        if (!RestoreState.IsReadable(version, context.Time.GetUtcNow()))
            throw new S3Exception(S3Errors.InvalidObjectState, null, ("StorageClass", version.StorageClass));
    }

    /// <summary>Before the bytes of a version are copied.</summary>
    /// <exception cref="S3Exception">ObjectNotInActiveTierError.</exception>
    public static void CheckSource(OperationContext context, VersionRow version)
    {
        if (!RestoreState.IsReadable(version, context.Time.GetUtcNow())) throw new S3Exception(S3Errors.ObjectNotInActiveTierError, null, ("StorageClass", version.StorageClass));
    }

    /// <summary>The restore of a version that is under way or holds; null: there is none, or it is over.</summary>
    public static RestoreState? FindRestore(VersionRow version, DateTimeOffset now) =>
        StorageClassOrder.IsArchive(version.StorageClass) && RestoreState.Of(version) is { } state && (state.Phase == RestorePhase.Requested || state.HoldsAt(now)) ? state : null;

    /// <summary>Sets x-amz-restore, where there is a restore.</summary>
    public static void WriteRestore(IHeaderDictionary headers, VersionRow version, DateTimeOffset now)
    {
        if (FindRestore(version, now) is not { } state) return;
        headers[RestoreHeader] = state.Expires is { } expires ? $"ongoing-request=\"false\", expiry-date=\"{HttpDate.Format(expires)}\"" : "ongoing-request=\"true\"";
    }
}
