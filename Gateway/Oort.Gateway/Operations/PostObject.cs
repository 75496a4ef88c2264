using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>PostObject: what a browser's form uploads is stored as PutObject stores it; only the answer is another (S3 API: "POST Object").</summary>
internal static class PostObject
{
    public static async ValueTask HandleAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var version = await PutObject.StoreAsync(context, request, cancellationToken);
        var (form, response) = (request.Form!, request.Http.Response);
        var etag = ObjectHeaders.Quote(version.ETag);
        if (RedirectOf(form) is { } redirect)
        {
            response.StatusCode = StatusCodes.Status303SeeOther;
            response.Headers.Location = QueryHelpers.AddQueryString(redirect, new Dictionary<string, string?> { ["bucket"] = request.Bucket, ["key"] = request.Key, ["etag"] = etag });
            response.ContentLength = 0;
            return;
        }

        var location = CompleteMultipartUpload.Location(request);
        response.Headers.Location = location;
        switch (form.Get("success_action_status"))
        {
            case "200":
                Answers.Empty(request);
                break;
            case "201":
                response.StatusCode = StatusCodes.Status201Created;
                var pipe = Answers.Xml(request);
                S3Xml.WritePostResponse(new(pipe), location, request.Bucket!, request.Key!, version.ETag);
                await pipe.FlushAsync(cancellationToken);
                break;
            default:
                Answers.Empty(request, StatusCodes.Status204NoContent);
                break;
        }
    }

    /// <summary>Null: there is none, or what there is cannot be one (S3 then answers as without it).</summary>
    private static string? RedirectOf(PostForm form)
    {
        // The older name of the field is "redirect".
        var text = form.Get("success_action_redirect") ?? form.Get("redirect");
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url.GetComponents(UriComponents.AbsoluteUri, UriFormat.UriEscaped) : null;
    }
}
