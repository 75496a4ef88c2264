using System.Buffers;
using System.Buffers.Text;

namespace Oort.Backends.Arweave.Hashing;

/// <summary>Base64url without padding (RFC 4648 §5), as Arweave writes every byte string; read in its one canonical spelling only.</summary>
internal static class Base64UrlText
{
    private static readonly SearchValues<char> alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    public static string Write(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    /// <summary>The bytes; null for padding, blanks, other letters, bits left over, or more than <paramref name="sizeMax"/> bytes.</summary>
    public static byte[]? Read(ReadOnlySpan<char> text, int sizeMax)
    {
        if (text.Length % 4 == 1 || text.Length * 3L / 4 > sizeMax || text.ContainsAnyExcept(alphabet)) return null;
        var bytes = new byte[text.Length * 3L / 4];
        if (Base64Url.DecodeFromChars(text, bytes, out _, out var count) != OperationStatus.Done || count != bytes.Length) return null;
        return text.SequenceEqual(Write(bytes)) ? bytes : null;
    }

    /// <summary>As <see cref="Read"/>, of a text that has a certain length.</summary>
    public static byte[]? ReadExactly(ReadOnlySpan<char> text, int size) => Read(text, size) is { } bytes && bytes.Length == size ? bytes : null;
}
