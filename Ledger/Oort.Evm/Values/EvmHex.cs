using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace Oort.Evm;

/// <summary>Hexadecimal text as Ethereum writes it: 0x, then bytes, or a number without leading zeros (JSON-RPC: "data" and "quantity").</summary>
public static class EvmHex
{
    /// <summary>Numbers are of 256 bits at most.</summary>
    private const int QuantityDigitCountMax = 64;

    /// <summary>How much of somebody else's text is repeated in a message.</summary>
    private const int ShownLengthMax = 80;

    public static string Encode(ReadOnlySpan<byte> data) => "0x" + Convert.ToHexStringLower(data);

    /// <summary>Bytes of 0x and an even number of digits of either case.</summary>
    /// <exception cref="EvmException">Malformed.</exception>
    public static byte[] Decode(string text) => TryDecode(text, out var data) ? data : throw EvmException.Malformed($"\"{Shown(text)}\" is not 0x and an even number of hexadecimal digits");

    /// <inheritdoc cref="Decode"/>
    public static bool TryDecode([NotNullWhen(true)] string? text, [NotNullWhen(true)] out byte[]? data)
    {
        data = null;
        if (text is null || text.Length < 2 || text.Length % 2 != 0) return false;
        var bytes = new byte[text.Length / 2 - 1];
        if (!TryDecode(text, bytes)) return false;
        data = bytes;
        return true;
    }

    /// <summary>Fills a buffer from a text of exactly its length.</summary>
    internal static bool TryDecode(ReadOnlySpan<char> text, Span<byte> data) =>
        text.Length == 2 + data.Length * 2 && text.StartsWith("0x", StringComparison.Ordinal)
        && Convert.FromHexString(text[2..], data, out _, out var written) == OperationStatus.Done && written == data.Length;

    /// <summary>A number: 0x and digits without leading zeros, 0x0 for nought.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative.</exception>
    public static string EncodeQuantity(BigInteger value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        var digits = value.ToString("x", CultureInfo.InvariantCulture).TrimStart('0');
        return digits.Length == 0 ? "0x0" : "0x" + digits;
    }

    /// <summary>Reads a number of at most 256 bits. Leading zeros are not allowed.</summary>
    /// <exception cref="EvmException">Malformed.</exception>
    public static BigInteger DecodeQuantity(string text)
    {
        var digits = text.StartsWith("0x", StringComparison.Ordinal) ? text.AsSpan(2) : default;
        var isNumber = digits.Length is > 0 and <= QuantityDigitCountMax && !digits.ContainsAnyExcept(HexDigits) && (digits.Length == 1 || digits[0] != '0');
        // The nought in front keeps the first digit from being taken for a sign.
        return isNumber
            ? BigInteger.Parse($"0{digits}", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
            : throw EvmException.Malformed($"\"{Shown(text)}\" is not a number: 0x and hexadecimal digits without leading zeros");
    }

    private static SearchValues<char> HexDigits { get; } = SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>Somebody else's text as it may stand in a message or a log: short, and without control characters.</summary>
    internal static string Shown(string text, int lengthMax = ShownLengthMax)
    {
        var cut = text.Length > lengthMax ? text[..lengthMax] + "…" : text;
        return string.Concat(cut.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
    }
}
