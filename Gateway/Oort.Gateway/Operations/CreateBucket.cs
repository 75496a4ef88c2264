using Oort.Gateway.Access;
using Oort.Gateway.Access.Lists;
using Oort.Gateway.Locks;
using Oort.Gateway.Settings;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>CreateBucket.</summary>
internal static class CreateBucket
{
    /// <summary>Longest name of a region; those of AWS have at most 14 characters.</summary>
    private const int RegionLengthMax = 63;

    /// <summary>The region where making one's own bucket again is no error (S3 API: CreateBucket, "BucketAlreadyOwnedByYou").</summary>
    private const string LenientRegion = "us-east-1";

    public static async ValueTask HandleAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        BucketNames.CheckNew(request.Bucket!);
        var locks = LockHeaders.AsksForLocks(request);
        var document = S3Documents.ParseCreateBucket(await RequestDocuments.ReadAsync(request, cancellationToken));
        var region = RegionOf(document) ?? context.Options.Region;
        var bucket = WithAccess(context, request, new BucketRow
        {
            Id = default,
            Name = request.Bucket!,
            OwnerId = request.Principal.OwnerId,
            Created = context.Time.GetUtcNow(),
            Region = region,
        });
        if (document is { Tags: { Count: > 0 } tags })
        {
            context.Gate.Ensure(request, bucket, RequiredRights.ToTagBucket(bucket.Name), tags);
            bucket = BucketTags.On(bucket, ObjectTags.CheckText(tags));
        }

        if (locks) bucket = BucketLock.Plain.On(bucket) with { Versioning = VersioningState.Enabled };
        var (outcome, row) = await context.Metadata.CreateBucketAsync(bucket, cancellationToken);
        if (outcome == CommitOutcome.BucketExists)
        {
            // Deleted meanwhile: then nobody owns it now, and the client may try again.
            var existing = row ?? await context.Metadata.FindBucketAsync(bucket.Name, cancellationToken) ?? throw new S3Exception(S3Errors.OperationAborted);
            if (existing.OwnerId != bucket.OwnerId) throw new S3Exception(S3Errors.BucketAlreadyExists, null, ("BucketName", bucket.Name));
            // Nothing of it is changed; who asks for another list than it has must hear that it does not get it.
            if (ObjectOwnerships.HasLists(existing) && ObjectOwnerships.HasLists(bucket) && !AccessLists.Of(existing).Grants.SequenceEqual(AccessLists.Of(bucket).Grants)) throw new S3Exception(S3Errors.BucketAlreadyExists, null, ("BucketName", bucket.Name));
            if (existing.Region != LenientRegion || (locks && !BucketLock.IsOn(existing))) throw new S3Exception(S3Errors.BucketAlreadyOwnedByYou, null, ("BucketName", bucket.Name));
        }
        else
        {
            Errors.InnerErrors.ThrowUnlessDone(outcome);
        }

        request.Http.Response.Headers.Location = "/" + bucket.Name;
        Answers.Empty(request);
    }

    /// <summary>Who may do what with it, as far as that is not what it is without a setting.</summary>
    private static BucketRow WithAccess(OperationContext context, S3Request request, BucketRow bucket)
    {
        ObjectOwnership? chosen = request.Header(BucketOwnership.Header) is { Length: > 0 } name
            ? BucketOwnership.Parse(name) ?? throw Arguments.Invalid(BucketOwnership.Header, name, "Invalid x-amz-object-ownership header")
            : null;
        var ownership = chosen ?? context.Options.ObjectOwnership;
        var headers = AccessListHeaders.Read(request);
        if (ownership == ObjectOwnership.BucketOwnerEnforced && !context.Lists.GiveOwnersBucket(headers, bucket.OwnerId)) throw new S3Exception(S3Errors.InvalidBucketAclWithObjectOwnership);
        var list = context.Lists.OfBucket(headers, bucket.OwnerId);
        if (context.Options.BlocksPublicAccess && list.IsPublic) throw new S3Exception(S3Errors.InvalidBucketAclWithBlockPublicAccessError);
        if (chosen is not null || ownership != ObjectOwnership.BucketOwnerEnforced) bucket = ObjectOwnerships.Set(bucket, ownership);
        if (ownership != ObjectOwnership.BucketOwnerEnforced) bucket = AccessLists.Set(bucket, list);
        return context.Options.BlocksPublicAccess ? bucket : bucket with { Settings = bucket.Settings.SetItem(PublicAccessBlocks.SettingName, PublicAccessBlocks.Encode(PublicAccessBlock.Removed)) };
    }

    /// <summary>The LocationConstraint; null when there is none. Any well-formed name is taken, so that a client's default region is never refused.</summary>
    private static string? RegionOf(CreateBucketDocument? document)
    {
        if (document is null) return null;
        if (document.BucketType is not null) throw new S3Exception(S3Errors.NotImplemented, "Directory buckets are not implemented.");
        if (document.LocationConstraint is not { Length: > 0 } region) return null;
        if (region.Length <= RegionLengthMax && region.All(static c => char.IsAsciiLetterOrDigit(c) || c == '-')) return region;
        throw new S3Exception(S3Errors.InvalidLocationConstraint, null, ("LocationConstraint", region));
    }
}
