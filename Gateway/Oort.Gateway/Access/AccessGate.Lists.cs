using Microsoft.Extensions.Logging;
using Oort.Access;
using Oort.Gateway.Access.Lists;
using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Access;

/// <summary>Rights on objects that may belong to others than the bucket, and that have lists of their own.</summary>
/// <remarks>
/// A version is looked at before the operation only where its list may let somebody in whom nothing else does; otherwise it is taken for the bucket's owner's. What the operation then finds is judged once more (<see cref="EnsureFound"/>), so that what it works on is what was judged, also where it was replaced in between.
/// </remarks>
internal sealed partial class AccessGate
{
    /// <summary>Marks a request that may do what it does with objects of the bucket's owner.</summary>
    private sealed class AllowedAsOwners
    {
        public static AllowedAsOwners Mark { get; } = new();
    }

    /// <summary>Of one thing that an operation knows of only when it has read its body, and that a list may give.</summary>
    /// <exception cref="S3Exception">AccessDenied.</exception>
    internal ValueTask EnsureAsync(S3Request request, BucketRow bucket, RequiredRight right, string key, CancellationToken cancellationToken) =>
        EnsureOwnAsync(request, Caller.Of(request), bucket, right, key, cancellationToken);

    /// <summary>Of the version that an operation has found, and of which it will say or change something.</summary>
    /// <exception cref="S3Exception">AccessDenied.</exception>
    internal void EnsureFound(S3Request request, BucketRow bucket, VersionRow version)
    {
        var caller = Caller.Of(request);
        if (AsksForTags(request, caller, bucket))
        {
            // It may have been replaced since its tags were asked for.
            request.Http.Features.Set(ExistingTags.Of(version));
            foreach (var right in RequiredRights.Of(request) ?? []) EnsureObject(request, bucket, right, version);
            return;
        }

        if (!ObjectOwnerships.HasLists(bucket) || (version.OwnerId == bucket.OwnerId && request.Http.Features.Get<AllowedAsOwners>() is not null)) return;
        foreach (var right in RequiredRights.Of(request) ?? [])
            if (ListedRights.ScopeOf(right.Action) == ListScope.Object) EnsureObject(request, bucket, right, version);
    }

    /// <summary>Of a version that was found or was not. Who may not do it, but list the bucket, may know that there is none.</summary>
    /// <param name="version">Null or a delete marker: there is none.</param>
    /// <exception cref="S3Exception">AccessDenied.</exception>
    internal void EnsureObject(S3Request request, BucketRow bucket, RequiredRight right, VersionRow? version)
    {
        var caller = Caller.Of(request);
        var isThere = version is { IsDeleteMarker: false };
        // Of what is copied, it is the source's tags that count.
        if (buckets.Of(bucket).Policy is { AsksForObjectTags: true } || caller.Own.AsksForObjectTags) request.Http.Features.Set(ExistingTags.Of(version));
        var decision = Decide(request, caller, bucket, right, null, isThere && ObjectOwnerships.HasLists(bucket) ? ThingOf(version!) : null);
        if (decision.IsAllowed) return;
        var mayKnow = !isThere && ObjectOwnerships.HasLists(bucket) && decision.Verdict != AccessVerdict.Denied && MayList(request, caller, bucket);
        if (!mayKnow) throw Denied(request, caller, right.Action, decision);
    }

    private async ValueTask EnsureAllAsync(S3Request request, Caller caller, BucketRow? bucket, RequiredRight[] rights, CancellationToken cancellationToken)
    {
        var isOwners = true;
        foreach (var right in rights)
        {
            var decision = Decide(request, caller, bucket, right);
            if (decision.IsAllowed) continue;
            if (decision.Verdict == AccessVerdict.Denied || bucket is null || !ObjectOwnerships.HasLists(bucket)) throw Denied(request, caller, right.Action, decision);
            switch (ListedRights.ScopeOf(right.Action))
            {
                case ListScope.Object:
                    var versionId = request.Query("versionId");
                    OperationContext.CheckVersionId(versionId);
                    var version = await metadata.FindVersionAsync(bucket.Id, request.Key!, versionId, cancellationToken);
                    EnsureObject(request, bucket, right, version);

                    // What is not there is said here: further on, something that is not judged might be found in its place.
                    OperationContext.Existing(request.Key!, versionId, version, request);
                    isOwners = false;
                    break;
                case ListScope.Own:
                    await EnsureOwnAsync(request, caller, bucket, right, request.Key!, cancellationToken);
                    break;
                default:
                    throw Denied(request, caller, right.Action, decision);
            }
        }

        if (isOwners && bucket is not null && ObjectOwnerships.HasLists(bucket)) request.Http.Features.Set(AllowedAsOwners.Mark);
    }

    /// <summary>Of what the bucket's list gives only to those to whom the object or the upload belongs. An object that is replaced meanwhile by another's makes no difference: who may put may replace it.</summary>
    private async ValueTask EnsureOwnAsync(S3Request request, Caller caller, BucketRow bucket, RequiredRight right, string key, CancellationToken cancellationToken)
    {
        var decision = Decide(request, caller, bucket, right);
        if (decision.IsAllowed) return;
        var isListed = decision.Verdict != AccessVerdict.Denied && ObjectOwnerships.HasLists(bucket) && ListedRights.ScopeOf(right.Action) == ListScope.Own;
        if (isListed && await FindOwnerAsync(request, caller, bucket, key, cancellationToken) is { } owner) decision = Decide(request, caller, bucket, right, null, new ListedThing(owner));
        if (!decision.IsAllowed) throw Denied(request, caller, right.Action, decision);
    }

    /// <summary>Whose the upload is that the request names, or the key's current version; the caller's own, where there is no version.</summary>
    private async ValueTask<string?> FindOwnerAsync(S3Request request, Caller caller, BucketRow bucket, string key, CancellationToken cancellationToken)
    {
        if (request.Operation is S3Operation.AbortMultipartUpload or S3Operation.ListParts)
            return UploadId.TryParse(request.Query("uploadId") ?? "", out var id) ? (await metadata.FindUploadAsync(bucket.Id, key, id, cancellationToken))?.OwnerId : null;
        return await metadata.FindVersionAsync(bucket.Id, key, null, cancellationToken) is { IsDeleteMarker: false } version ? version.OwnerId : AccessList.IdOf(caller.Principal);
    }

    private ListedThing ThingOf(VersionRow version)
    {
        try
        {
            return new(version.OwnerId, AccessLists.Of(version));
        }
        catch (MetadataFormatException failure)
        {
            LogUnreadableList(logger, version.Key, failure.Message);
            return new(version.OwnerId, AccessList.Empty);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The list of {Key} cannot be read, so it gives nothing to anybody: {Reason} Its owner can put another one.")]
    private static partial void LogUnreadableList(ILogger logger, string key, string reason);
}
