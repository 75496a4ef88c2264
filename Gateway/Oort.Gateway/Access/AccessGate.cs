using Microsoft.Extensions.Logging;
using Oort.Access;
using Oort.Access.Policies;
using Oort.Gateway.Access.Lists;
using Oort.Gateway.Audit;
using Oort.Gateway.Operations;
using Oort.Gateway.Settings;
using Oort.Identity.Accounts;
using Oort.Identity.Store;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Access;

/// <summary>Lets requests through that somebody may make, before anything of them is carried out. Thread-safe.</summary>
/// <remarks>
/// 1. Every operation is some actions on some resources (<see cref="RequiredRights"/>); all must be allowed. 2. A bucket that is not there is the operation's matter. 3. The root of the account that owns a bucket can always see and change what it says: nobody is locked out for good.
/// 4. Where the settings of a bucket cannot be read, all else is refused.
/// </remarks>
internal sealed partial class AccessGate(IMetadataStore metadata, IAccountDirectory accounts, GatewayS3Options options, TimeProvider time, ILogger<AccessGate> logger, KeyUses? uses = null, RequestRates? rates = null)
{
    private static readonly S3Operation[] rescues = [S3Operation.GetBucketPolicy, S3Operation.PutBucketPolicy, S3Operation.DeleteBucketPolicy, S3Operation.PutPublicAccessBlock, S3Operation.DeletePublicAccessBlock];
    private static readonly S3Operation[] repairs = [S3Operation.PutBucketAcl, S3Operation.PutBucketOwnershipControls, S3Operation.DeleteBucketOwnershipControls];

    private readonly BucketAccessCache buckets = new();

    /// <exception cref="S3Exception">AccessDenied, SlowDown.</exception>
    public async ValueTask AuthorizeAsync(S3Request request, CancellationToken cancellationToken)
    {
        // 1.
        var caller = Caller.Of(request);
        if (caller is { Session: null, AccessKeyId.Length: > 0 }) uses?.Note(caller.AccessKeyId, "s3", options.Region);
        if (RequiredRights.Of(request) is not { } rights)
        {
            rates?.Take(request.Http, caller, null);
            // What nobody can do is told to those who have said who they are.
            if (caller.Principal.Kind == PrincipalKind.Anonymous) throw Denied(request, caller, null, default);
            return;
        }

        AuditFacts.Of(request.Http)?.Rights = rights;

        // 2.
        BucketRow? bucket = null;
        if (request.Bucket is not null && request.Operation != S3Operation.CreateBucket && (bucket = await metadata.FindBucketAsync(request.Bucket, cancellationToken)) is null)
        {
            rates?.Take(request.Http, caller, null);
            return;
        }

        if (bucket is not null && bucket.Settings.ContainsKey(AccessLogs.LoggingDocument.SettingName)) request.Http.Features.Set(new AccessLogs.LoggedBucket(bucket));
        rates?.Take(request.Http, caller, bucket?.Name);
        if (bucket is not null && AsksForTags(request, caller, bucket))
        {
            OperationContext.CheckVersionId(request.Query("versionId"));
            request.Http.Features.Set(ExistingTags.Of(await metadata.FindVersionAsync(bucket.Id, request.Key!, request.Query("versionId"), cancellationToken)));
        }

        await EnsureAllAsync(request, caller, bucket, rights, cancellationToken);
        if (bucket is not null) BucketPayment.Ensure(request, caller, bucket, NumberOf(bucket.OwnerId));
        request.Http.Features.Set(bucket);
    }

    /// <summary>The bucket that the request was let in by, once: what is carried out is what was judged, and is not looked up again.</summary>
    internal static BucketRow? TakeBucket(S3Request request)
    {
        var bucket = request.Http.Features.Get<BucketRow>();
        if (bucket is not null) request.Http.Features.Set<BucketRow>(null);
        return bucket;
    }

    /// <summary>Of one thing that an operation does besides, or that it knows of only when it has read its body.</summary>
    /// <param name="tags">Of the body; null: it has none.</param>
    /// <exception cref="S3Exception">AccessDenied.</exception>
    internal void Ensure(S3Request request, BucketRow bucket, RequiredRight right, IReadOnlyList<S3Tag>? tags = null) => Ensure(request, Caller.Of(request), bucket, right, tags);

    /// <summary>Of the bucket that a copy reads from.</summary>
    /// <exception cref="S3Exception">AccessDenied: the requester pays there, and has not said that he knows.</exception>
    internal void EnsurePays(S3Request request, BucketRow bucket) => BucketPayment.Ensure(request, Caller.Of(request), bucket, NumberOf(bucket.OwnerId));

    /// <summary>Whether the caller may do something besides, of which the answer depends.</summary>
    internal bool Allows(S3Request request, BucketRow bucket, RequiredRight right) => Decide(request, Caller.Of(request), bucket, right).IsAllowed;

    /// <summary>Whether the caller may know which keys there are; who may not, is not told either that there is none (S3 API: GetObject, "Permissions").</summary>
    internal async ValueTask<bool> MayListAsync(S3Request request, CancellationToken cancellationToken)
    {
        if (request.Bucket is null || await metadata.FindBucketAsync(request.Bucket, cancellationToken) is not { } bucket) return true;
        return MayList(request, Caller.Of(request), bucket);
    }

    /// <summary>Whether he may list what would show the key: a condition on the prefix is asked about the key.</summary>
    private bool MayList(S3Request request, Caller caller, BucketRow bucket)
    {
        request.Http.Features.Set(new SupposedPrefix(request.Key ?? ""));
        var isAllowed = Decide(request, caller, bucket, new(RequiredRights.List, bucket.Name)).IsAllowed;
        request.Http.Features.Set<SupposedPrefix>(null);
        return isAllowed;
    }

    /// <summary>The accounts that there are.</summary>
    internal IAccountDirectory Accounts => accounts;

    /// <summary>What a bucket's settings say.</summary>
    internal BucketAccess AccessOf(BucketRow bucket) => buckets.Of(bucket);

    private void Ensure(S3Request request, Caller caller, BucketRow bucket, RequiredRight right, IReadOnlyList<S3Tag>? tags = null)
    {
        var decision = Decide(request, caller, bucket, right, tags);
        if (!decision.IsAllowed) throw Denied(request, caller, right.Action, decision);
    }

    /// <param name="thing">What the right is about, if it belongs to somebody of its own; null: not looked at, or not there.</param>
    private AccessDecision Decide(S3Request request, Caller caller, BucketRow? bucket, RequiredRight right, IReadOnlyList<S3Tag>? tags = null, ListedThing? thing = null)
    {
        var owner = bucket is null ? caller.Principal.Account : NumberOf(bucket.OwnerId);
        return Judge(request.Operation, caller, bucket, owner, right, thing, new RequestFacts(request, caller, owner, options.Region, time.GetUtcNow(), tags)).Decision;
    }

    /// <summary>The one place where it is decided, for requests and for those who ask what would become of one.</summary>
    /// <param name="owner">Number of the account that owns the bucket, or that would.</param>
    private AccessJudgement Judge(S3Operation operation, Caller caller, BucketRow? bucket, string owner, RequiredRight right, ListedThing? thing, AccessContext facts)
    {
        var principal = caller.Principal;
        var access = bucket is null ? null : buckets.Of(bucket);
        var request = new AccessRequest(principal, right.Action, Arn.OfS3(right.Path), owner, facts);

        // 3.
        var isUnlimited = principal.Kind == PrincipalKind.Root && caller.Own.Grants.IsEmpty;
        if (isUnlimited && principal.Account == owner && (Array.IndexOf(rescues, operation) >= 0 || (access?.Fault is not null && Array.IndexOf(repairs, operation) >= 0))) return new(new(AccessVerdict.Allowed, AccessReason.Root), request, caller.Own, AccessLimit.Rescue);

        // 4.
        if (access?.Fault is { } fault)
        {
            LogUnreadable(logger, bucket!.Name, fault);
            return new(default, request, caller.Own, AccessLimit.Unreadable);
        }

        var listed = access is null ? default : ListedRights.Judge(operation, principal, bucket!.OwnerId, access, right.Action, thing);
        var isForeign = listed.OwnerId is not null && listed.OwnerId != bucket!.OwnerId;
        var policies = access?.Policy is null && listed == default ? caller.Own : caller.Own with { Resource = access?.Policy, Listed = listed.Match, IsForeign = isForeign };
        if (isForeign) request = request with { ResourceAccount = NumberOf(listed.OwnerId!) };
        var decision = AccessEvaluator.Decide(request, policies);
        var isRestricted = decision.IsAllowed && access is { Policy.IsPublic: true } && access.Block.HasFlag(PublicAccessBlock.RestrictPublicBuckets) && principal.Account != owner;
        return isRestricted ? new(default, request, policies, AccessLimit.Restricted) : new(decision, request, policies, AccessLimit.None);
    }

    private bool AsksForTags(S3Request request, Caller caller, BucketRow bucket) => ExistingTags.Has(request.Operation) && (buckets.Of(bucket).Policy is { AsksForObjectTags: true } || caller.Own.AsksForObjectTags);

    private string NumberOf(string canonicalId) => accounts.FindByCanonicalId(canonicalId)?.Number ?? Access.Accounts.NumberOf(canonicalId);

    private S3Exception Denied(S3Request request, Caller caller, AccessAction? action, in AccessDecision decision)
    {
        LogDenied(logger, request.RequestId, caller.ToString(), action?.Name ?? request.Operation.ToString(), decision.Policy is { } policy ? $"statement {policy.StatementName(decision.Statement)} of the {decision.Reason} policy" : "nothing allows it");
        return new(S3Errors.AccessDenied);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Request {Id}: {Principal} may not {Action}: {Reason}.")]
    private static partial void LogDenied(ILogger logger, string id, string principal, string action, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "What bucket {Bucket} says about who may do what cannot be read, so nobody may: {Reason} Its owner can put another policy.")]
    private static partial void LogUnreadable(ILogger logger, string bucket, string reason);
}
