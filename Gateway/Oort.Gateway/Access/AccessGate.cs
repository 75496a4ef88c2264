using Microsoft.Extensions.Logging;
using Oort.Access;
using Oort.Access.Policies;
using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Access;

/// <summary>Lets requests through that somebody may make, before anything of them is carried out. Thread-safe.</summary>
/// <remarks>
/// 1. Every operation is some actions on some resources (<see cref="RequiredRights"/>); all must be allowed. 2. A bucket that is not there is the operation's matter. 3. The root of the account that owns a bucket can always see and change what it says: nobody is locked out for good.
/// 4. Where the settings of a bucket cannot be read, all else is refused.
/// </remarks>
public sealed partial class AccessGate(IMetadataStore metadata, GatewayS3Options options, TimeProvider time, ILogger<AccessGate> logger)
{
    private static readonly S3Operation[] rescues = [S3Operation.GetBucketPolicy, S3Operation.PutBucketPolicy, S3Operation.DeleteBucketPolicy, S3Operation.PutPublicAccessBlock, S3Operation.DeletePublicAccessBlock];

    private readonly BucketAccessCache buckets = new();

    /// <exception cref="S3Exception">AccessDenied.</exception>
    public async ValueTask AuthorizeAsync(S3Request request, CancellationToken cancellationToken)
    {
        // 1.
        var principal = PrincipalOf(request);
        if (RequiredRights.Of(request) is not { } rights)
        {
            // What nobody can do is told to those who have said who they are.
            if (principal.Kind == PrincipalKind.Anonymous) throw Denied(request, principal, null, default);
            return;
        }

        // 2.
        BucketRow? bucket = null;
        if (request.Bucket is not null && request.Operation != S3Operation.CreateBucket && (bucket = await metadata.FindBucketAsync(request.Bucket, cancellationToken)) is null) return;
        foreach (var right in rights) Ensure(request, principal, bucket, right);
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
    internal void Ensure(S3Request request, BucketRow bucket, RequiredRight right, IReadOnlyList<S3Tag>? tags = null) => Ensure(request, PrincipalOf(request), bucket, right, tags);

    /// <summary>Whether the caller may know which keys there are; who may not, is not told either that there is none (S3 API: GetObject, "Permissions").</summary>
    internal async ValueTask<bool> MayListAsync(S3Request request, CancellationToken cancellationToken)
    {
        if (request.Bucket is null || await metadata.FindBucketAsync(request.Bucket, cancellationToken) is not { } bucket) return true;
        return Decide(request, PrincipalOf(request), bucket, new(RequiredRights.List, bucket.Name)).IsAllowed;
    }

    /// <summary>What a bucket's settings say.</summary>
    internal BucketAccess AccessOf(BucketRow bucket) => buckets.Of(bucket);

    private void Ensure(S3Request request, Principal principal, BucketRow? bucket, RequiredRight right, IReadOnlyList<S3Tag>? tags = null)
    {
        var decision = Decide(request, principal, bucket, right, tags);
        if (!decision.IsAllowed) throw Denied(request, principal, right.Action, decision);
    }

    private AccessDecision Decide(S3Request request, Principal principal, BucketRow? bucket, RequiredRight right, IReadOnlyList<S3Tag>? tags = null)
    {
        var owner = bucket is null ? principal.Account : Accounts.NumberOf(bucket.OwnerId);
        var access = bucket is null ? null : buckets.Of(bucket);

        // 3.
        if (principal.Kind == PrincipalKind.Root && principal.Account == owner && Array.IndexOf(rescues, request.Operation) >= 0) return new(AccessVerdict.Allowed, AccessReason.Root);

        // 4.
        if (access?.Fault is { } fault)
        {
            LogUnreadable(logger, bucket!.Name, fault);
            return default;
        }

        var facts = access?.Policy is null ? AccessContext.Empty : new RequestFacts(request, principal, owner, options.Region, time.GetUtcNow(), tags);
        var decision = AccessEvaluator.Decide(new(principal, right.Action, Arn.OfS3(right.Path), owner, facts), new() { Resource = access?.Policy });
        var isRestricted = decision.IsAllowed && access is { Policy.IsPublic: true } && access.Block.HasFlag(PublicAccessBlock.RestrictPublicBuckets) && principal.Account != owner;
        return isRestricted ? default : decision;
    }

    private S3Exception Denied(S3Request request, Principal principal, AccessAction? action, in AccessDecision decision)
    {
        LogDenied(logger, request.RequestId, principal.Kind == PrincipalKind.Anonymous ? "an anonymous caller" : principal.Arn, action?.Name ?? request.Operation.ToString(), decision.Policy is { } policy ? $"statement {policy.StatementName(decision.Statement)} of the {decision.Reason} policy" : "nothing allows it");
        return new(S3Errors.AccessDenied);
    }

    private static Principal PrincipalOf(S3Request request) => request.Principal.AccessKeyId.Length == 0 ? Principal.Anonymous : Principal.Root(Accounts.NumberOf(request.Principal.OwnerId), request.Principal.OwnerId);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Request {Id}: {Principal} may not {Action}: {Reason}.")]
    private static partial void LogDenied(ILogger logger, string id, string principal, string action, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "What bucket {Bucket} says about who may do what cannot be read, so nobody may: {Reason} Its owner can put another policy.")]
    private static partial void LogUnreadable(ILogger logger, string bucket, string reason);
}
