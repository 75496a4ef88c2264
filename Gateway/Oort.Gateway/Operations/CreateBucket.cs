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
        CheckHeaders(request);
        var region = await ReadRegionAsync(request, cancellationToken) ?? context.Options.Region;
        var bucket = new BucketRow
        {
            Id = default,
            Name = request.Bucket!,
            OwnerId = request.Principal.OwnerId,
            Created = context.Time.GetUtcNow(),
            Region = region,
        };
        var (outcome, row) = await context.Metadata.CreateBucketAsync(bucket, cancellationToken);
        if (outcome == CommitOutcome.BucketExists)
        {
            // Deleted meanwhile: then nobody owns it now, and the client may try again.
            var existing = row ?? await context.Metadata.FindBucketAsync(bucket.Name, cancellationToken) ?? throw new S3Exception(S3Errors.OperationAborted);
            if (existing.OwnerId != bucket.OwnerId) throw new S3Exception(S3Errors.BucketAlreadyExists, null, ("BucketName", bucket.Name));
            if (existing.Region != LenientRegion) throw new S3Exception(S3Errors.BucketAlreadyOwnedByYou, null, ("BucketName", bucket.Name));
        }
        else
        {
            Errors.InnerErrors.ThrowUnlessDone(outcome);
        }

        request.Http.Response.Headers.Location = "/" + bucket.Name;
        Answers.Empty(request);
    }

    private static void CheckHeaders(S3Request request)
    {
        if (string.Equals(request.Header("x-amz-bucket-object-lock-enabled"), "true", StringComparison.OrdinalIgnoreCase))
            WriteHeaders.Refuse(request, "x-amz-bucket-object-lock-enabled");
        WriteHeaders.CheckAcl(request, S3Errors.InvalidBucketAclWithObjectOwnership);
        switch (request.Header("x-amz-object-ownership"))
        {
            case null or "BucketOwnerEnforced":
                return;
            case "BucketOwnerPreferred" or "ObjectWriter":
                WriteHeaders.Refuse(request, "x-amz-object-ownership");
                return;
            case var other:
                throw Arguments.Invalid("x-amz-object-ownership", other, "Invalid x-amz-object-ownership header");
        }
    }

    /// <summary>The LocationConstraint; null when there is none. Any well-formed name is taken, so that a client's default region is never refused.</summary>
    private static async ValueTask<string?> ReadRegionAsync(S3Request request, CancellationToken cancellationToken)
    {
        if (S3Documents.ParseCreateBucket(await RequestDocuments.ReadAsync(request, cancellationToken)) is not { } document) return null;
        if (document.BucketType is not null) throw new S3Exception(S3Errors.NotImplemented, "Directory buckets are not implemented.");
        if (document.Tags.Count > 0) throw new S3Exception(S3Errors.NotImplemented, "Tags of buckets are not implemented.");
        if (document.LocationConstraint is not { Length: > 0 } region) return null;
        if (region.Length <= RegionLengthMax && region.All(static c => char.IsAsciiLetterOrDigit(c) || c == '-')) return region;
        throw new S3Exception(S3Errors.InvalidLocationConstraint, null, ("LocationConstraint", region));
    }
}
