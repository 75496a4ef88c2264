using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Oort.S3;

/// <summary>What a request says about its Signature Version 2, before anything of it is believed.</summary>
/// <param name="Signature">20 bytes.</param>
/// <param name="Date">As it goes into the string to sign.</param>
/// <param name="Time">Of the request; of a signature in the query, when that ends.</param>
/// <param name="Token">A session token, or null.</param>
/// <param name="IsQuery">It came in the query.</param>
internal sealed record SignatureV2Claim(string AccessKeyId, byte[] Signature, string Date, DateTimeOffset Time, string? Token, bool IsQuery)
{
    // More digits than any moment that can be written as a date.
    private const int ExpiresLengthMax = 11;

    /// <summary>Reads the claim of a request.</summary>
    /// <returns>Null: it has no signature of this version.</returns>
    /// <exception cref="S3Exception">InvalidArgument, AccessDenied (no date, or not all that a signature in the query needs).</exception>
    public static SignatureV2Claim? Read(S3Target target, IHeaderDictionary headers)
    {
        var authorization = headers.Authorization.ToString();
        var isQuery = target.Query.Contains("Signature") || target.Query.Contains("AWSAccessKeyId");
        var isHeader = authorization.StartsWith(SigV2.Scheme, StringComparison.Ordinal) && (authorization.Length == SigV2.Scheme.Length || authorization[SigV2.Scheme.Length] == ' ');
        if (!isQuery && !isHeader)
            return null;
        var isOther = SignatureClaim.IsQuery(target.Query) || (isQuery && authorization.Length > 0);
        if (isOther)
            throw SignatureClaim.OnlyOne();
        return isQuery ? FromQuery(target.Query, headers) : FromHeader(authorization, headers);
    }

    private static SignatureV2Claim FromHeader(string authorization, IHeaderDictionary headers)
    {
        // An access key may hold colons; a signature may not.
        var text = authorization[SigV2.Scheme.Length..].Trim();
        var colon = text.LastIndexOf(':');
        if (colon < 1 || ParseSignature(text[(colon + 1)..]) is not { } signature)
            throw new S3Exception(S3Errors.InvalidArgument, "AWS authorization header is invalid. Expected AwsAccessKeyId:signature", ("ArgumentName", "Authorization"));

        // Where x-amz-date is there, it is the date, and is signed as a header.
        var isOwn = headers.TryGetValue(SignatureClaim.DateHeader, out var own);
        if (!TryParseTime(isOwn ? own.ToString() : headers.Date.ToString(), out var time))
            throw SignatureClaim.NoDate();
        return new(text[..colon], signature, isOwn ? "" : headers.Date.ToString(), time, TokenOf(S3Query.Empty, headers, false), false);
    }

    private static SignatureV2Claim FromQuery(S3Query query, IHeaderDictionary headers)
    {
        var (accessKey, expires, text) = (query.Get("AWSAccessKeyId"), query.Get("Expires"), query.Get("Signature"));
        if (string.IsNullOrEmpty(accessKey) || string.IsNullOrEmpty(expires) || string.IsNullOrEmpty(text))
            throw new S3Exception(S3Errors.AccessDenied, "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters");
        var isTime = expires.Length <= ExpiresLengthMax && long.TryParse(expires, NumberStyles.None, CultureInfo.InvariantCulture, out _);
        if (!isTime)
            throw new S3Exception(S3Errors.AccessDenied, "Invalid date (should be seconds since epoch)", ("Expires", expires.Length <= 128 ? expires : expires[..128]));
        // Old tools send the "+" of base64 as it is, which a query reads as a space.
        if (ParseSignature(text.Replace(' ', '+')) is not { } signature)
            throw new S3Exception(S3Errors.InvalidArgument, "The Signature parameter is malformed", ("ArgumentName", "Signature"));
        return new(accessKey, signature, expires, DateTimeOffset.FromUnixTimeSeconds(long.Parse(expires, CultureInfo.InvariantCulture)), TokenOf(query, headers, true), true);
    }

    private static string? TokenOf(S3Query query, IHeaderDictionary headers, bool isQuery) =>
        SigV2.Find(query, headers, SignatureClaim.TokenHeader, isQuery) is { Length: > 0 } token ? token : null;

    private static byte[]? ParseSignature(string text)
    {
        var bytes = new byte[SigV2.Size];
        return Convert.TryFromBase64String(text, bytes, out var count) && count == bytes.Length ? bytes : null;
    }

    // Old tools are not careful with the day of the week, and it says nothing.
    private static bool TryParseTime(string text, out DateTimeOffset time)
    {
        var isRead = SigV4.TryParseTimestamp(text, out time) || HttpDate.TryParse(text, out time) || HttpDate.TryParse(text[(text.IndexOf(',', StringComparison.Ordinal) + 1)..], out time);
        return isRead && time >= DateTimeOffset.UnixEpoch;
    }
}
