using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Oort.S3;

namespace Oort.Gateway.Websites;

/// <summary>What a browser shows where a website has no page of its own for an error. Keys are anybody's words: each is escaped.</summary>
internal static class WebsitePage
{
    public static async ValueTask WriteAsync(HttpContext http, S3Exception problem, string requestId, CancellationToken cancellationToken)
    {
        var status = problem.Error.Status;
        var title = string.Create(CultureInfo.InvariantCulture, $"{status} {ReasonPhrases.GetReasonPhrase(status)}");
        var html = new StringBuilder($"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><h1>{title}</h1><ul>");
        foreach (var (name, value) in ((string, string)[])[("Code", problem.Error.Code), ("Message", problem.Message), .. problem.Fields, ("RequestId", requestId)])
            html.Append(CultureInfo.InvariantCulture, $"<li>{Text(name)}: {Text(value)}</li>");
        var bytes = Encoding.UTF8.GetBytes(html.Append("</ul></html>").ToString());
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/html; charset=utf-8";
        http.Response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(http.Request.Method)) await http.Response.BodyWriter.WriteAsync(bytes, cancellationToken);
    }

    private static string Text(string text) => HtmlEncoder.Default.Encode(text);
}
