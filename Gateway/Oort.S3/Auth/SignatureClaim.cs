using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Oort.S3;

/// <summary>What a request says about its Signature Version 4, before anything of it is believed.</summary>
/// <param name="Signature">32 bytes.</param>
/// <param name="Timestamp">yyyyMMddTHHmmssZ as it goes into the string to sign.</param>
/// <param name="Expires">Of presigned requests, from <paramref name="Time"/>; null otherwise.</param>
/// <param name="Token">A session token, or null.</param>
/// <param name="ScopeText">What <see cref="SignatureScopes"/> may keep the scope under once the signature is known to be right; null when it has it, or it cannot be kept.</param>
internal sealed record SignatureClaim(SignatureScope Scope, byte[] Signature, string Timestamp, DateTimeOffset Time, TimeSpan? Expires, string? Token, string? ScopeText)
{
    public const string DateHeader = "x-amz-date";
    public const string TokenHeader = "x-amz-security-token";

    private const string SignatureName = "Signature=";

    // A week, and a second: S3 API, "Authenticating Requests: Using Query Parameters".
    private const int ExpiresMax = 604_800;

    // More headers than any client signs; the server's own limit on header count is lower still in most hosts.
    private const int SignedHeaderCountMax = 100;

    /// <summary>Reads the claim of a request.</summary>
    /// <param name="known">Scopes that need not be parsed again.</param>
    /// <returns>Null: it has no signature of this version.</returns>
    /// <exception cref="S3Exception">AuthorizationHeaderMalformed, AuthorizationQueryParametersError, InvalidArgument, InvalidRequest (Signature Version 4A), AccessDenied (no date).</exception>
    public static SignatureClaim? Read(S3Target target, IHeaderDictionary headers, SignatureScopes known)
    {
        var authorization = headers.Authorization.ToString();
        var isQuery = IsQuery(target.Query);
        if (authorization.Length == 0)
            return isQuery ? FromQuery(target.Query) : null;
        return isQuery ? throw OnlyOne() : FromHeader(authorization, headers, known);
    }

    /// <summary>Whether there is a signature of Version 4 in the query.</summary>
    public static bool IsQuery(S3Query query) => query.Contains("X-Amz-Algorithm") || query.Contains("X-Amz-Signature");

    public static S3Exception OnlyOne() =>
        new(S3Errors.InvalidArgument, "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified", ("ArgumentName", "Authorization"));

    public static S3Exception NoDate() => new(S3Errors.AccessDenied, "AWS authentication requires a valid Date or x-amz-date header");

    public static S3Exception NotSupported() =>
        new(S3Errors.InvalidRequest, "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.");

    private static SignatureClaim FromHeader(string authorization, IHeaderDictionary headers, SignatureScopes known)
    {
        // A scope was kept under all that stands before a signature at the header's end. With another signature there, the header says the same scope.
        var end = authorization.Length - (SigV4.Size * 2);
        var isAtEnd = end > 0 && authorization.AsSpan(0, end).EndsWith(SignatureName);
        var scope = isAtEnd ? known.Find(authorization.AsSpan(0, end)) : null;
        var signature = scope is null ? null : ParseSignature(authorization.AsSpan(end));
        var scopeText = isAtEnd && scope is null ? authorization[..end] : null;
        if (scope is null || signature is null)
            (scope, signature) = ParseHeader(authorization);

        var (timestamp, time) = ReadTime(headers);
        if (!timestamp.StartsWith(scope.Date, StringComparison.Ordinal))
            throw HeaderMalformed($"Invalid credential date \"{scope.Date}\". This date is not the same as X-Amz-Date: \"{timestamp[..8]}\".");
        var token = headers[TokenHeader].ToString();
        return new SignatureClaim(scope, signature, timestamp, time, null, token.Length == 0 ? null : token, scopeText);
    }

    private static (SignatureScope Scope, byte[] Signature) ParseHeader(string authorization)
    {
        var space = authorization.IndexOf(' ', StringComparison.Ordinal);
        var scheme = space < 0 ? authorization : authorization[..space];
        if (scheme.StartsWith("AWS4-ECDSA", StringComparison.Ordinal))
            throw NotSupported();
        if (scheme != SigV4.Algorithm)
            throw new S3Exception(S3Errors.InvalidArgument, "Unsupported Authorization Type", ("ArgumentName", "Authorization"));

        string? credential = null, signedHeaders = null, signature = null;
        foreach (var part in authorization[(space < 0 ? authorization.Length : space)..].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var value = part[(equals + 1)..].Trim();
            switch (equals < 0 ? "" : part[..equals].TrimEnd())
            {
                case "Credential": credential = value; break;
                case "SignedHeaders": signedHeaders = value; break;
                case "Signature": signature = value; break;
                default: throw HeaderMalformed("a part of it is neither Credential, SignedHeaders nor Signature.");
            }
        }

        var (accessKey, date, region, service) = ParseCredential(credential, HeaderMalformed);
        var names = ParseSignedHeaders(signedHeaders) ?? throw HeaderMalformed("SignedHeaders is missing or malformed.");
        var bytes = ParseSignature(signature) ?? throw HeaderMalformed("Signature is missing or malformed.");
        return (new SignatureScope(accessKey, date, region, service, names), bytes);
    }

    private static SignatureClaim FromQuery(S3Query query)
    {
        var algorithm = query.Get("X-Amz-Algorithm");
        if (algorithm is not null && algorithm.StartsWith("AWS4-ECDSA", StringComparison.Ordinal))
            throw NotSupported();
        if (algorithm != SigV4.Algorithm)
            throw QueryError("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
        if (!query.Contains("X-Amz-Credential") || !query.Contains("X-Amz-Signature") || !query.Contains("X-Amz-Date") || !query.Contains("X-Amz-SignedHeaders") || !query.Contains("X-Amz-Expires"))
            throw QueryError("Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.");

        var (accessKey, date, region, service) = ParseCredential(query.Get("X-Amz-Credential"), QueryError);
        var timestamp = query.Get("X-Amz-Date")!;
        if (!SigV4.TryParseTimestamp(timestamp, out var time))
            throw QueryError("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
        if (!timestamp.StartsWith(date, StringComparison.Ordinal))
            throw QueryError($"Invalid credential date \"{date}\". This date is not the same as X-Amz-Date: \"{timestamp[..8]}\".");
        var names = ParseSignedHeaders(query.Get("X-Amz-SignedHeaders")) ?? throw QueryError("X-Amz-SignedHeaders is malformed.");
        var bytes = ParseSignature(query.Get("X-Amz-Signature")) ?? throw QueryError("X-Amz-Signature is malformed.");
        var token = query.Get("X-Amz-Security-Token");
        return new SignatureClaim(new SignatureScope(accessKey, date, region, service, names), bytes, timestamp, time, ParseExpires(query.Get("X-Amz-Expires")!), string.IsNullOrEmpty(token) ? null : token, null);
    }

    private static TimeSpan ParseExpires(string text)
    {
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds))
            throw QueryError("X-Amz-Expires should be a number");
        if (seconds > ExpiresMax)
            throw new S3Exception(S3Errors.ExpiresTooFar);
        // One that was over when it was made is expired, not malformed.
        return TimeSpan.FromSeconds(Math.Max(seconds, 0));
    }

    // accesskey/date/region/service/aws4_request; an access key may hold slashes, so it is read from the end.
    private static (string AccessKey, string Date, string Region, string Service) ParseCredential(string? credential, Func<string, S3Exception> malformed)
    {
        var parts = (credential ?? "").Split('/');
        if (parts.Length < 5)
            throw malformed("the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".");
        var (date, region, service, terminator) = (parts[^4], parts[^3], parts[^2], parts[^1]);
        var accessKey = string.Join('/', parts[..^4]);
        if (accessKey.Length == 0)
            throw malformed("a non-empty Access Key (AKID) must be provided in the credential.");
        if (terminator != SigV4.Terminator)
            throw malformed($"incorrect terminal \"{terminator}\". This endpoint uses \"{SigV4.Terminator}\".");
        if (date.Length != 8 || !date.All(char.IsAsciiDigit))
            throw malformed($"incorrect date format \"{date}\". This date in the credential must be in the format \"yyyyMMdd\".");
        return (accessKey, date, region, service);
    }

    /// <summary>A credential as forms have it, which sign no headers.</summary>
    public static SignatureScope ParseScope(string credential, Func<string, S3Exception> malformed)
    {
        var (accessKey, date, region, service) = ParseCredential(credential, malformed);
        return new(accessKey, date, region, service, []);
    }

    private static string[]? ParseSignedHeaders(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        var names = text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.Length is 0 or > SignedHeaderCountMax)
            return null;
        for (var i = 0; i < names.Length; i++)
            names[i] = names[i].ToLowerInvariant();
        return names;
    }

    private static byte[]? ParseSignature(ReadOnlySpan<char> text)
    {
        if (text.Length != SigV4.Size * 2)
            return null;
        var bytes = new byte[SigV4.Size];
        return Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done ? bytes : null;
    }

    private static (string Timestamp, DateTimeOffset Time) ReadTime(IHeaderDictionary headers)
    {
        var text = headers[DateHeader].ToString();
        if (text.Length == 0)
            text = headers.Date.ToString();
        if (SigV4.TryParseTimestamp(text, out var time))
            return (text, time);
        if (text.Length > 0 && HttpDate.TryParse(text, out time))
            return (SigV4.FormatTimestamp(time), time);
        throw NoDate();
    }

    public static S3Exception WrongService(SignatureClaim claim, IReadOnlyList<string> services)
    {
        var detail = $"incorrect service \"{claim.Scope.Service}\". This endpoint belongs to \"{string.Join("\" or \"", services)}\".";
        return claim.Expires is null ? HeaderMalformed(detail) : QueryError(detail);
    }

    private static S3Exception HeaderMalformed(string detail) => new(S3Errors.AuthorizationHeaderMalformed, $"The authorization header is malformed; {detail}");

    private static S3Exception QueryError(string detail) => new(S3Errors.AuthorizationQueryParametersError, detail);
}
