using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>GetBucketVersioning and PutBucketVersioning.</summary>
internal static class BucketVersioning
{
    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var status = bucket.Versioning switch
        {
            VersioningState.Enabled => "Enabled",
            VersioningState.Suspended => "Suspended",
            _ => null,
        };
        await S3Xml.WriteVersioningAsync(Answers.Xml(request), status, cancellationToken);
    }

    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var document = S3Documents.ParseVersioning(await RequestDocuments.ReadAsync(request, cancellationToken));
        if (document.MfaDelete == "Enabled") throw new S3Exception(S3Errors.NotImplemented, "MFA delete is not implemented.");
        var state = document.Status switch
        {
            null => throw new S3Exception(S3Errors.IllegalVersioningConfigurationException),
            "Enabled" => VersioningState.Enabled,
            _ => VersioningState.Suspended,
        };
        var outcome = await context.Metadata.UpdateBucketAsync(bucket.Id, row => row with { Versioning = state }, cancellationToken);
        if (outcome == CommitOutcome.BucketLocked) throw new S3Exception(S3Errors.InvalidBucketState, "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.");
        Errors.InnerErrors.ThrowUnlessDone(outcome);
        Answers.Empty(request);
    }
}
