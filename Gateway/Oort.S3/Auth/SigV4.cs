using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Oort.Checksums;

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
        HmacSha256.Compute(seed, Encoding.UTF8.GetBytes(date), key);
        CryptographicOperations.ZeroMemory(seed);
        HmacSha256.Compute(key, Encoding.UTF8.GetBytes(region), key);
        HmacSha256.Compute(key, Encoding.UTF8.GetBytes(service), key);
        HmacSha256.Compute(key, Encoding.UTF8.GetBytes(Terminator), key);
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

    /// <summary>Writes what <see cref="StringToSign"/> gives, as UTF-8.</summary>
    internal static void WriteStringToSign(IBufferWriter<byte> destination, string timestamp, string scope, ReadOnlySpan<byte> canonicalRequestHash)
    {
        destination.Write("AWS4-HMAC-SHA256\n"u8);
        Encoding.UTF8.GetBytes(timestamp, destination);
        destination.Write("\n"u8);
        Encoding.UTF8.GetBytes(scope, destination);
        destination.Write("\n"u8);
        Convert.TryToHexStringLower(canonicalRequestHash, destination.GetSpan(Size * 2), out var count);
        destination.Advance(count);
    }

    public static void Sign(ReadOnlySpan<byte> key, string stringToSign, Span<byte> signature)
    {
        Span<byte> text = stackalloc byte[512];
        var count = Encoding.UTF8.GetByteCount(stringToSign);
        if (count > text.Length)
            text = new byte[count];
        Encoding.UTF8.GetBytes(stringToSign, text);
        HmacSha256.Compute(key, text[..count], signature);
    }

    public static string FormatTimestamp(DateTimeOffset time) => time.UtcDateTime.ToString(TimestampForm, CultureInfo.InvariantCulture);

    /// <summary>Reads yyyyMMddTHHmmssZ, and nothing else.</summary>
    public static bool TryParseTimestamp(string? text, out DateTimeOffset time)
    {
        time = default;
        if (text is not { Length: 16 } || text[8] != 'T' || text[15] != 'Z')
            return false;
        var isRead = TryParseNumber(text.AsSpan(0, 4), out var year) & TryParseNumber(text.AsSpan(4, 2), out var month) & TryParseNumber(text.AsSpan(6, 2), out var day)
            & TryParseNumber(text.AsSpan(9, 2), out var hour) & TryParseNumber(text.AsSpan(11, 2), out var minute) & TryParseNumber(text.AsSpan(13, 2), out var second);
        var exists = isRead && year > 0 && month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(year, month) && hour < 24 && minute < 60 && second < 60;
        if (exists)
            time = new DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.Zero);
        return exists;
    }

    private static bool TryParseNumber(ReadOnlySpan<char> digits, out int number)
    {
        number = 0;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiDigit(digit))
                return false;
            number = (number * 10) + digit - '0';
        }

        return true;
    }
}
