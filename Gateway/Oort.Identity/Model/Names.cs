using System.Security.Cryptography;

namespace Oort.Identity.Model;

/// <summary>What may be a name, and how ids are made (IAM User Guide: "IAM and AWS STS quotas, name requirements, and character limits").</summary>
public static class Names
{
    public const int UserLengthMax = 64;
    public const int GroupLengthMax = 128;
    public const int RoleLengthMax = 64;
    public const int PolicyLengthMax = 128;
    public const int SessionLengthMax = 64;
    public const int PathLengthMax = 512;
    public const int AccountNumberLength = 12;

    /// <summary>Access key ids are 16 to 128 characters in AWS; those of others may be shorter.</summary>
    public const int KeyIdLengthMin = 3;
    public const int KeyIdLengthMax = 128;
    public const int SecretLengthMin = 8;
    public const int SecretLengthMax = 128;

    private const string IdAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private const string SecretAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>Letters, digits and <c>_+=,.@-</c>.</summary>
    public static bool IsName(string text, int lengthMax) => text.Length > 0 && text.Length <= lengthMax && text.All(c => char.IsAsciiLetterOrDigit(c) || "_+=,.@-".Contains(c, StringComparison.Ordinal));

    /// <summary>A slash, or printable characters between two.</summary>
    public static bool IsPath(string text) => text.Length is > 0 and <= PathLengthMax && text[0] == '/' && text[^1] == '/' && text.All(c => c is > ' ' and <= '\x7f') && !text.Contains("//", StringComparison.Ordinal);

    /// <summary>Printable, and without what separates a credential's parts.</summary>
    public static bool IsKeyId(string text) => text.Length is >= KeyIdLengthMin and <= KeyIdLengthMax && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '+' or '=');

    public static bool IsSecret(string text) => text.Length is >= SecretLengthMin and <= SecretLengthMax && text.All(c => c is > ' ' and < '\x7f');

    public static bool IsAccountNumber(string text) => text.Length == AccountNumberLength && text.All(char.IsAsciiDigit);

    /// <summary>A new id: <paramref name="prefix"/> and 17 random characters.</summary>
    public static string NewId(string prefix) => prefix + RandomNumberGenerator.GetString(IdAlphabet, 17);

    public static string NewKeyId() => "OORT" + RandomNumberGenerator.GetString(IdAlphabet, 16);

    /// <summary>Of a temporary key.</summary>
    public static string NewSessionKeyId() => "OORS" + RandomNumberGenerator.GetString(IdAlphabet, 16);

    public static string NewSecret() => RandomNumberGenerator.GetString(SecretAlphabet, 40);

    /// <summary>How names are compared.</summary>
    internal static string Fold(string name) => name.ToLowerInvariant();
}
