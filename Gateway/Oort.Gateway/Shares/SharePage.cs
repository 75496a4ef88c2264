using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Shares;

/// <summary>What a browser shows of a link: plain HTML without scripts. Keys are anybody's words: each is escaped.</summary>
internal static class SharePage
{
    private const string Style = "body{font:16px system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#222}table{border-collapse:collapse;width:100%}td,th{padding:.35rem .5rem;border-bottom:1px solid #ddd;text-align:left}td+td,th+th{text-align:right;white-space:nowrap}a{color:#0645ad;text-decoration:none}p{color:#555}";

    private static readonly string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <param name="home">The prefix that the link is for.</param>
    /// <param name="prefix">The one that is listed.</param>
    public static Task WriteAsync(HttpContext http, string bucket, string home, string prefix, ListObjectsPage page, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var name = prefix.Length == 0 ? bucket : prefix;
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"<h1>{Text(name)}</h1><table><tr><th>Name<th>Size<th>Changed</tr>");
        if (prefix.Length > home.Length) html.Append(CultureInfo.InvariantCulture, $"<tr><td><a href=\"{Query("p", ParentOf(prefix, home))}\">..</a><td><td></tr>");
        foreach (var folder in page.CommonPrefixes) html.Append(CultureInfo.InvariantCulture, $"<tr><td><a href=\"{Query("p", folder)}\">{Text(folder[prefix.Length..])}</a><td><td></tr>");
        foreach (var one in page.Objects)
            if (one.Key != prefix) html.Append(CultureInfo.InvariantCulture, $"<tr><td><a href=\"{Query("k", one.Key)}\">{Text(one.Key[prefix.Length..])}</a><td>{Size(one.Size)}<td>{one.LastModified.UtcDateTime:yyyy-MM-dd HH:mm} UTC</tr>");
        html.Append("</table>");
        if (page.IsTruncated) html.Append(CultureInfo.InvariantCulture, $"<p><a href=\"{Query("p", prefix)}&amp;after={Uri.EscapeDataString(page.Last)}\">More</a></p>");
        if (until != DateTimeOffset.MaxValue) html.Append(CultureInfo.InvariantCulture, $"<p>This link is good until {until.UtcDateTime:yyyy-MM-dd HH:mm} UTC.</p>");
        return WriteAsync(http, StatusCodes.Status200OK, name, html.ToString(), cancellationToken);
    }

    public static Task WriteProblemAsync(HttpContext http, S3Exception problem, CancellationToken cancellationToken) =>
        WriteAsync(http, problem.Error.Status, "Not there", $"<h1>{problem.Error.Status}</h1><p>{Text(problem.Message)}</p>", cancellationToken);

    private static async Task WriteAsync(HttpContext http, int status, string title, string body, CancellationToken cancellationToken)
    {
        var bytes = Encoding.UTF8.GetBytes($"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{Text(title)}</title><style>{Style}</style>{body}</html>");
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/html; charset=utf-8";
        http.Response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(http.Request.Method)) await http.Response.BodyWriter.WriteAsync(bytes, cancellationToken);
    }

    private static string ParentOf(string prefix, string home)
    {
        var slash = prefix.TrimEnd('/').LastIndexOf('/');
        var parent = prefix[..(slash + 1)];
        return parent.Length < home.Length ? home : parent;
    }

    private static string Query(string name, string value) => $"?{name}={Uri.EscapeDataString(value)}";

    private static string Text(string text) => HtmlEncoder.Default.Encode(text);

    private static string Size(long bytes)
    {
        var (value, unit) = ((double)bytes, 0);
        for (; value >= 1024 && unit < units.Length - 1; unit++) value /= 1024;
        return value.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + units[unit];
    }
}
