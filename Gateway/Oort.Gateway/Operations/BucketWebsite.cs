using Oort.Gateway.Websites;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>GetBucketWebsite, PutBucketWebsite and DeleteBucketWebsite. Websites themselves are answered by <see cref="WebsiteService"/>.</summary>
internal static class BucketWebsite
{
    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var website = WebsiteDocument.Of(bucket) ?? throw new S3Exception(S3Errors.NoSuchWebsiteConfiguration, null, ("BucketName", bucket.Name));
        await S3Xml.WriteAsync(Answers.Xml(request), website, cancellationToken);
    }

    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var setting = WebsiteDocument.Encode(WebsiteReader.Parse(await RequestDocuments.ReadAsync(request, cancellationToken, WebsiteReader.SizeMax)));
        await context.PutSettingAsync(bucket, WebsiteDocument.SettingName, setting, cancellationToken);
        Answers.Empty(request);
    }

    public static async ValueTask DeleteAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        await context.RemoveSettingAsync(bucket, WebsiteDocument.SettingName, cancellationToken);
        Answers.Empty(request, 204);
    }
}
