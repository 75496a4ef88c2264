using System.Buffers;
using System.Buffers.Text;

namespace Oort.Identity.Texts;

/// <summary>base64url without padding (RFC 4648 §5), of which every byte string has one text and no other: no white space, no padding, no bits behind the end.</summary>
internal static class StrictBase64Url
{
    public static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    /// <returns>Null: the text is none.</returns>
    public static byte[]? Decode(ReadOnlySpan<char> text)
    {
        // The platform's reader passes over white space, padding and spare bits; its writer makes none.
        var bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        if (Base64Url.DecodeFromChars(text, bytes, out _, out var length) != OperationStatus.Done) return null;
        Array.Resize(ref bytes, length);
        return text.SequenceEqual(Encode(bytes)) ? bytes : null;
    }
}
