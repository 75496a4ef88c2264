using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Oort.S3;

/// <summary>The arithmetic of AWS Signature Version 4 (S3 API: "Authenticating Requests"). Pure; both sides use it.</summary>
public static class SigV4
{
    public const string Algorithm = "AWS4-HMAC-SHA256";
    public const string Terminator = "aws4_request";
    public const string Service = "s3";
    public const string UnsignedPayload = "UNSIGNED-PAYLOAD";

    /// <summary>Bytes of a key, a signature and a hash.</summary>
    public const int Size = 32;

    /// <summary>Hex SHA-256 of no bytes.</summary>
    public const string EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private const string TimestampForm = "yyyyMMdd'T'HHmmss'Z'";

    /// <summary>Derives the key that signs all of a day's requests to one region and service.</summary>
    /// <param name="date">yyyyMMdd, UTC.</param>
    public static byte[] DeriveKey(string secret, string date, string region, string service = Service)
    {
        Span<byte> key = stackalloc byte[Size];
        var seed = Encoding.UTF8.GetBytes("AWS4" + secret);
        HMACSHA256.HashData(seed, Encoding.UTF8.GetBytes(date), key);
        CryptographicOperations.ZeroMemory(seed);
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(region), key);
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(service), key);
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(Terminator), key);
        var result = key.ToArray();
        CryptographicOperations.ZeroMemory(key);
        return result;
    }

    /// <summary>date/region/service/aws4_request.</summary>
    public static string Scope(string date, string region, string service = Service) => $"{date}/{region}/{service}/{Terminator}";

    /// <summary>What is signed for a request.</summary>
    /// <param name="timestamp">yyyyMMddTHHmmssZ, as sent.</param>
    public static string StringToSign(string timestamp, string scope, ReadOnlySpan<byte> canonicalRequestHash) =>
        $"{Algorithm}\n{timestamp}\n{scope}\n{Convert.ToHexStringLower(canonicalRequestHash)}";

    public static void Sign(ReadOnlySpan<byte> key, string stringToSign, Span<byte> signature)
    {
        Span<byte> text = stackalloc byte[512];
        var count = Encoding.UTF8.GetByteCount(stringToSign);
        if (count > text.Length)
            text = new byte[count];
        Encoding.UTF8.GetBytes(stringToSign, text);
        HMACSHA256.HashData(key, text[..count], signature);
    }

    public static string FormatTimestamp(DateTimeOffset time) => time.UtcDateTime.ToString(TimestampForm, CultureInfo.InvariantCulture);

    public static bool TryParseTimestamp(string? text, out DateTimeOffset time) =>
        DateTimeOffset.TryParseExact(text, TimestampForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
}
