using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Oort.Access;
using Oort.Gateway.Access;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.AccessLogs;

/// <summary>One line of a server access log (S3 User Guide: "Amazon S3 server access log format"): 26 fields with a space between; those that clients choose are in quotes or percent-encoded, so that none can end a field or a line.</summary>
internal static class LogLine
{
    private const string None = "-";

    // What clients choose and S3 does not bound, in characters; a request line of 8 KiB is one that S3 would take.
    private const int UriLengthMax = 8192;
    private const int TextLengthMax = 1024;

    /// <summary>What would let a reader of the log send a request again is not in it.</summary>
    private static readonly string[] secrets = ["X-Amz-Signature", "X-Amz-Security-Token", "Signature"];

    /// <param name="now">When the request was over.</param>
    public static string Write(in S3Completion request, BucketRow bucket, DateTimeOffset now)
    {
        var http = request.Http;
        var (signature, authentication) = SignatureOf(http.Request);
        var tls = http.Features.Get<ITlsHandshakeFeature>();
        string[] fields =
        [
            bucket.OwnerId,
            bucket.Name,
            "[" + (now - request.Duration).UtcDateTime.ToString("dd/MMM/yyyy:HH:mm:ss", CultureInfo.InvariantCulture) + " +0000]",
            AddressOf(http.Connection.RemoteIpAddress),
            RequesterOf(request.Principal),
            request.RequestId,
            LoggedOperations.NameOf(request.Operation, http.Request.Method, request.Key is not null),
            request.Key is { } key ? UrlEncoding.Encode(key, keepSlash: true) : None,
            Quoted($"{http.Request.Method} {TargetOf(http)} {http.Request.Protocol}", UriLengthMax),
            request.Status.ToString(CultureInfo.InvariantCulture),
            request.ErrorCode ?? None,
            Number(request.BytesSent),
            Number(SizeOf(request)),
            ((long)request.Duration.TotalMilliseconds).ToString(CultureInfo.InvariantCulture),
            None,
            Quoted(http.Request.Headers.Referer.ToString()),
            Quoted(http.Request.Headers.UserAgent.ToString()),
            Text(http.Response.Headers["x-amz-version-id"].ToString()),
            Text(http.Response.Headers[S3Pipeline.HostIdHeader].ToString()),
            request.Principal is { AccessKeyId.Length: > 0 } ? signature : None,
            tls?.NegotiatedCipherSuite?.ToString() ?? None,
            request.Principal is { AccessKeyId.Length: > 0 } ? authentication : None,
            Text(http.Request.Host.Value ?? ""),
            tls?.Protocol switch { System.Security.Authentication.SslProtocols.Tls12 => "TLSv1.2", System.Security.Authentication.SslProtocols.Tls13 => "TLSv1.3", _ => None },
            None,
            None,
        ];
        return string.Join(' ', fields) + "\n";
    }

    private static string RequesterOf(S3Principal? principal) => principal switch
    {
        Caller { Principal.Kind: PrincipalKind.Root } root => root.OwnerId,
        Caller { AccessKeyId.Length: > 0 } caller => caller.Principal.Arn,
        _ => None,
    };

    private static string TargetOf(HttpContext http)
    {
        var raw = http.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        var at = raw.IndexOf('?', StringComparison.Ordinal);
        if (at < 0) return raw;
        var shown = raw[(at + 1)..].Split('&').Select(one => secrets.FirstOrDefault(name => one.StartsWith(name + "=", StringComparison.OrdinalIgnoreCase)) is { } secret ? secret + "=-" : one);
        return raw[..(at + 1)] + string.Join('&', shown);
    }

    /// <summary>Of the object: what was written, or what there is to be read.</summary>
    private static long SizeOf(in S3Completion request) => request.Key is null || request.Status >= 300 ? 0 : request.Operation switch
    {
        // What came over the wire has signatures of its chunks between.
        S3Operation.PutObject or S3Operation.UploadPart => long.TryParse(request.Http.Request.Headers["x-amz-decoded-content-length"].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var decoded) ? decoded : request.BytesReceived,
        S3Operation.GetObject or S3Operation.HeadObject when request.Http.Response.Headers.ContentRange.ToString() is { Length: > 0 } range => long.TryParse(range[(range.LastIndexOf('/') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var whole) ? whole : 0,
        S3Operation.GetObject or S3Operation.HeadObject => request.Http.Response.ContentLength ?? 0,
        _ => 0,
    };

    private static (string Signature, string Authentication) SignatureOf(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        if (header.Length > 0) return (header.StartsWith("AWS4-", StringComparison.Ordinal) ? "SigV4" : "SigV2", "AuthHeader");
        return request.Query.ContainsKey("X-Amz-Signature") ? ("SigV4", "QueryString") : request.Query.ContainsKey("Signature") ? ("SigV2", "QueryString") : (None, None);
    }

    private static string AddressOf(IPAddress? address) => (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString() ?? None;

    private static string Number(long number) => number == 0 ? None : number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A field without quotes: no spaces, nothing but visible ASCII.</summary>
    private static string Text(string value) => value.Length == 0 ? None : Escape(value, TextLengthMax, escapesSpace: true);

    private static string Quoted(string value, int lengthMax = TextLengthMax) => value.Length == 0 ? "\"-\"" : "\"" + Escape(value, lengthMax, escapesSpace: false) + "\"";

    private static string Escape(string value, int lengthMax, bool escapesSpace)
    {
        if (value.Length > lengthMax) value = value[..lengthMax];
        if (value.All(c => c is > ' ' and < '\x7f' and not '"' || (c == ' ' && !escapesSpace))) return value;
        var escaped = new StringBuilder(value.Length + 16);
        foreach (var one in Encoding.UTF8.GetBytes(value))
        {
            if (one is > (byte)' ' and < 0x7f and not (byte)'"' || (one == (byte)' ' && !escapesSpace)) escaped.Append((char)one);
            else escaped.Append(CultureInfo.InvariantCulture, $"%{one:X2}");
        }

        return escaped.ToString();
    }
}
