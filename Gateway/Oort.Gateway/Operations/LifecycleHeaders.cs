using Oort.Metadata;
using Oort.Objects.Tiering;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>Headers that say when a lifecycle will end an object or an upload (S3 API: "x-amz-expiration", "x-amz-abort-date", "x-amz-abort-rule-id").</summary>
internal static class LifecycleHeaders
{
    /// <summary>Of a current version.</summary>
    public static void WriteExpiration(OperationContext context, S3Request request, BucketRow bucket, VersionRow version)
    {
        if (version.IsLatest && LifecycleForecast.Of(bucket, version, context.Tiering.Options.DayLength) is { } end)
            request.Http.Response.Headers["x-amz-expiration"] = $"expiry-date=\"{HttpDate.Format(end.At)}\", rule-id=\"{Uri.EscapeDataString(end.RuleId)}\"";
    }

    public static void WriteAbort(OperationContext context, S3Request request, BucketRow bucket, UploadRow upload)
    {
        if (LifecycleForecast.Of(bucket, upload, context.Tiering.Options.DayLength) is not { } end) return;
        request.Http.Response.Headers["x-amz-abort-date"] = HttpDate.Format(end.At);
        request.Http.Response.Headers["x-amz-abort-rule-id"] = Uri.EscapeDataString(end.RuleId);
    }
}
