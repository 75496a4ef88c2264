using Oort.Access;
using Oort.Access.Policies;
using Oort.Gateway.Access.Lists;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Access;

/// <summary>What would become of requests that nobody has made.</summary>
internal sealed partial class AccessGate
{
    /// <summary>Decides as on a request for one right on a bucket, or on the current version of a key.</summary>
    /// <param name="bucket">Null: it is not there, or the action is on none.</param>
    /// <param name="path">As in <see cref="RequiredRight"/>.</param>
    /// <param name="key">Null: lists of objects are not looked at.</param>
    /// <param name="facts">What is supposed of the request, by the account that owns the bucket.</param>
    internal async ValueTask<AccessJudgement> ExplainAsync(Caller caller, BucketRow? bucket, AccessAction action, string path, string? key, Func<string, AccessContext> facts, CancellationToken cancellationToken)
    {
        var owner = bucket is null ? caller.Principal.Account : NumberOf(bucket.OwnerId);
        var (operation, context, right) = (OperationOf(action), facts(owner), new RequiredRight(action, path));
        var asksForTags = key is not null && bucket is not null && ExistingTags.Has(operation) && (buckets.Of(bucket).Policy is { AsksForObjectTags: true } || caller.Own.AsksForObjectTags);
        if (asksForTags) context = new TaggedFacts(context, ExistingTags.Of(await metadata.FindVersionAsync(bucket!.Id, key!, null, cancellationToken)));
        var judged = Judge(operation, caller, bucket, owner, right, null, context);
        if (key is null || bucket is null || judged.Decision.Verdict == AccessVerdict.Denied || !ObjectOwnerships.HasLists(bucket)) return judged;
        switch (ListedRights.ScopeOf(action))
        {
            case ListScope.Object:
                return await metadata.FindVersionAsync(bucket.Id, key, null, cancellationToken) is { IsDeleteMarker: false } version ? Judge(operation, caller, bucket, owner, right, ThingOf(version), context) : judged;
            case ListScope.Own when !judged.Decision.IsAllowed:
                // Of uploads those are meant that he has begun himself.
                var own = operation == S3Operation.DeleteObject && await metadata.FindVersionAsync(bucket.Id, key, null, cancellationToken) is { IsDeleteMarker: false } found ? found.OwnerId : AccessList.IdOf(caller.Principal);
                return Judge(operation, caller, bucket, owner, right, new ListedThing(own), context);
            default:
                return judged;
        }
    }

    /// <summary>The operation that an action is asked for by; where there are several, one of them.</summary>
    private static S3Operation OperationOf(AccessAction action) => action.Name switch
    {
        "s3:PutBucketPublicAccessBlock" => S3Operation.PutPublicAccessBlock,
        _ => Enum.TryParse<S3Operation>(action.Name["s3:".Length..], out var operation) ? operation : S3Operation.None,
    };

    /// <summary>What is supposed of a request, with the tags that the object has where nothing else is supposed of them.</summary>
    private sealed class TaggedFacts(AccessContext inner, ExistingTags existing) : AccessContext
    {
        public override bool TryFind(ConditionKey key, string name, out ConditionValue value)
        {
            if (inner.TryFind(key, name, out value)) return true;
            if (key != ConditionKeys.ExistingObjectTag || existing.Find(name) is not { } tag) return false;
            value = new(tag);
            return true;
        }
    }
}
