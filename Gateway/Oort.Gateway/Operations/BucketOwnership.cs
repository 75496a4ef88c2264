using Oort.Gateway.Access.Lists;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>GetBucketOwnershipControls, PutBucketOwnershipControls and DeleteBucketOwnershipControls.</summary>
internal static class BucketOwnership
{
    /// <summary>Of CreateBucket.</summary>
    public const string Header = "x-amz-object-ownership";

    private static readonly ObjectOwnership[] controls = [ObjectOwnership.BucketOwnerEnforced, ObjectOwnership.BucketOwnerPreferred, ObjectOwnership.ObjectWriter];

    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var ownership = ObjectOwnerships.Of(bucket);
        if (ownership == ObjectOwnership.None) throw new S3Exception(S3Errors.OwnershipControlsNotFoundError, null, ("BucketName", bucket.Name));
        await S3Xml.WriteOwnershipControlsAsync(Answers.Xml(request), ownership.ToString(), cancellationToken);
    }

    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var name = OwnershipControlsReader.Parse(await RequestDocuments.ReadAsync(request, cancellationToken));
        var ownership = Parse(name) ?? throw new S3Exception(S3Errors.MalformedXml, $"ObjectOwnership is {string.Join(", ", controls)}.");
        var isRefused = false;
        Errors.InnerErrors.ThrowUnlessDone(await context.Metadata.UpdateBucketAsync(bucket.Id, Change, cancellationToken));
        if (isRefused) throw new S3Exception(S3Errors.InvalidBucketAclWithObjectOwnership);
        Answers.Empty(request);

        // Decided on the row as it is in the commit: what its list gives is not taken away silently. One that cannot be read gives nothing.
        BucketRow Change(BucketRow row)
        {
            isRefused = ownership == ObjectOwnership.BucketOwnerEnforced && context.Gate.AccessOf(row) is { Fault: null, Ownership: not ObjectOwnership.BucketOwnerEnforced } access && access.List.GivesToOthers(row.OwnerId);
            return isRefused ? row : ObjectOwnerships.Set(row, ownership);
        }
    }

    public static async ValueTask DeleteAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        Errors.InnerErrors.ThrowUnlessDone(await context.Metadata.UpdateBucketAsync(bucket.Id, static row => ObjectOwnerships.Set(row, ObjectOwnership.None), cancellationToken));
        Answers.Empty(request, 204);
    }

    /// <returns>Null: there is none of this name.</returns>
    public static ObjectOwnership? Parse(string name) => Array.FindIndex(controls, control => control.ToString() == name) is >= 0 and var index ? controls[index] : null;
}
