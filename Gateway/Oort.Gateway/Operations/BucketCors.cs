using Oort.Gateway.Access;
using Oort.Gateway.Cors;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>GetBucketCors, PutBucketCors and DeleteBucketCors, and the preflights that browsers send before requests of pages (S3 API: "OPTIONS object").</summary>
internal static class BucketCors
{
    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var configuration = CorsDocument.Of(bucket) ?? throw new S3Exception(S3Errors.NoSuchCorsConfiguration, null, ("BucketName", bucket.Name));
        await S3Xml.WriteAsync(Answers.Xml(request), configuration, cancellationToken);
    }

    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var setting = CorsDocument.Encode(CorsReader.Parse(await RequestDocuments.ReadAsync(request, cancellationToken, CorsReader.SizeMax)));
        await context.PutSettingAsync(bucket, CorsDocument.SettingName, setting, cancellationToken);
        Answers.Empty(request);
    }

    public static async ValueTask DeleteAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        await context.RemoveSettingAsync(bucket, CorsDocument.SettingName, cancellationToken);
        Answers.Empty(request, 204);
    }

    /// <summary>Anybody may ask. Whether the bucket is public is not told.</summary>
    public static async ValueTask PreflightAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var headers = request.Http.Request.Headers;
        if (headers.Origin.Count == 0) throw new S3Exception(S3Errors.BadRequest, "Insufficient information. Origin request header needed.");
        var method = headers[CrossOrigin.RequestedMethod].ToString();
        if (method is not ("GET" or "PUT" or "POST" or "DELETE" or "HEAD")) throw new S3Exception(S3Errors.BadRequest, $"Invalid Access-Control-Request-Method: {(method.Length == 0 ? "null" : method)}");

        var bucket = request.Bucket is null ? null : AccessGate.TakeBucket(request) ?? await context.Metadata.FindBucketAsync(request.Bucket, cancellationToken);
        if (bucket is null) throw Forbidden(request, method, "CORSResponse: Bucket not found");
        var configuration = CrossOrigin.Of(bucket) ?? throw Forbidden(request, method, "CORSResponse: CORS is not enabled for this bucket.");
        var match = configuration.Find(headers.Origin.ToString(), method, CrossOrigin.NamesOf(request.Http))
            ?? throw Forbidden(request, method, "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.");
        CrossOrigin.Allow(request.Http, match);
        Answers.Empty(request);
    }

    private static S3Exception Forbidden(S3Request request, string method, string message) =>
        new(S3Errors.AccessForbidden, message, ("Method", method), ("ResourceType", request.Key is null ? "BUCKET" : "OBJECT"));
}
