using Oort.Gateway.Access;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>GetPublicAccessBlock, PutPublicAccessBlock and DeletePublicAccessBlock.</summary>
internal static class BucketPublicAccess
{
    private static readonly PublicAccessBlock[] flags = [PublicAccessBlock.BlockPublicAcls, PublicAccessBlock.IgnorePublicAcls, PublicAccessBlock.BlockPublicPolicy, PublicAccessBlock.RestrictPublicBuckets];

    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var block = PublicAccessBlocks.Of(bucket);
        if (block == PublicAccessBlock.Removed) throw new S3Exception(S3Errors.NoSuchPublicAccessBlockConfiguration, null, ("BucketName", bucket.Name));
        var pipe = Answers.Xml(request);
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("PublicAccessBlockConfiguration");
        foreach (var flag in flags) xml.Element(flag.ToString(), block.HasFlag(flag));
        xml.End("PublicAccessBlockConfiguration");
        await pipe.FlushAsync(cancellationToken);
    }

    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var form = PublicAccessBlockReader.Parse(await RequestDocuments.ReadAsync(request, cancellationToken));
        var block = (form.BlockPublicAcls ? PublicAccessBlock.BlockPublicAcls : 0) | (form.IgnorePublicAcls ? PublicAccessBlock.IgnorePublicAcls : 0)
            | (form.BlockPublicPolicy ? PublicAccessBlock.BlockPublicPolicy : 0) | (form.RestrictPublicBuckets ? PublicAccessBlock.RestrictPublicBuckets : 0);
        await SetAsync(context, request, block, cancellationToken);
        Answers.Empty(request);
    }

    public static async ValueTask DeleteAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        await SetAsync(context, request, PublicAccessBlock.Removed, cancellationToken);
        Answers.Empty(request, 204);
    }

    private static async ValueTask SetAsync(OperationContext context, S3Request request, PublicAccessBlock block, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        await context.PutSettingAsync(bucket, PublicAccessBlocks.SettingName, PublicAccessBlocks.Encode(block), cancellationToken);
    }
}
