using System.Buffers;
using System.Text;

namespace Oort.S3;

/// <summary>The rules for names of general purpose buckets (S3 User Guide: "Bucket naming rules").</summary>
public static class BucketNames
{
    public const int LengthMin = 3;
    public const int LengthMax = 63;

    private static readonly SearchValues<char> AddressCharacters = SearchValues.Create("0123456789.");
    private static readonly string[] ReservedPrefixes = ["xn--", "sthree-", "amzn-s3-demo-"];
    private static readonly string[] ReservedSuffixes = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

    /// <summary>Whether a bucket of this name could be created: 3 to 63 of a–z, 0–9, '-' and '.', begun and ended by a letter or digit, no ".." or hyphen beside a dot (its parts are labels of a host name), no IPv4 address, no reserved prefix or suffix.</summary>
    public static bool IsValid(ReadOnlySpan<char> name)
    {
        if (!IsAddressable(name))
            return false;
        if (name.Contains(".-", StringComparison.Ordinal) || name.Contains("-.", StringComparison.Ordinal))
            return false;
        foreach (var prefix in ReservedPrefixes)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                return false;
        }

        foreach (var suffix in ReservedSuffixes)
        {
            if (name.EndsWith(suffix, StringComparison.Ordinal))
                return false;
        }

        return true;
    }

    /// <summary>The rules without those on hyphens beside dots, reserved prefixes and suffixes: what may be asked for.</summary>
    public static bool IsAddressable(ReadOnlySpan<char> name)
    {
        if (name.Length is < LengthMin or > LengthMax || !IsLetterOrDigit(name[0]) || !IsLetterOrDigit(name[^1]))
            return false;
        for (var i = 0; i < name.Length; i++)
        {
            var c = name[i];
            if (!IsLetterOrDigit(c) && c != '-' && (c != '.' || name[i - 1] == '.'))
                return false;
        }

        return !LooksLikeAddress(name);
    }

    /// <exception cref="S3Exception">InvalidBucketName.</exception>
    public static void Check(string name)
    {
        if (!IsAddressable(name))
            throw Invalid(name);
    }

    /// <summary>As <see cref="Check"/>, for a bucket to be created.</summary>
    /// <exception cref="S3Exception">InvalidBucketName.</exception>
    public static void CheckNew(string name)
    {
        if (!IsValid(name))
            throw Invalid(name);
    }

    private static S3Exception Invalid(string name) => new(S3Errors.InvalidBucketName, null, ("BucketName", name));

    private static bool IsLetterOrDigit(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c);

    // Four groups of digits; 999.1.1.1 is no address but S3 refuses it as well.
    private static bool LooksLikeAddress(ReadOnlySpan<char> name) => name.Count('.') == 3 && !name.ContainsAnyExcept(AddressCharacters);
}

/// <summary>The rules for object keys.</summary>
public static class ObjectKeys
{
    /// <summary>Bytes of UTF-8.</summary>
    public const int SizeMax = 1024;

    /// <exception cref="S3Exception">KeyTooLongError.</exception>
    public static void Check(string key)
    {
        var size = Encoding.UTF8.GetByteCount(key);
        if (size > SizeMax)
            throw new S3Exception(S3Errors.KeyTooLongError, null, ("Size", size.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("MaxSizeAllowed", "1024"));
    }
}
