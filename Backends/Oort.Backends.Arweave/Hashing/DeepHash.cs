using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Oort.Backends.Arweave.Hashing;

/// <summary>Arweave's hash of nested lists of byte strings, over which transactions and data items are signed.</summary>
/// <remarks>Of bytes x: H(H("blob" ‖ length) ‖ H(x)). Of a list: H("list" ‖ count), then for each item H(so far ‖ its deep hash). H is SHA-384, numbers are decimal text.</remarks>
internal static class DeepHash
{
    /// <summary>Bytes of a hash.</summary>
    public const int Size = SHA384.HashSizeInBytes;

    public static byte[] OfBytes(ReadOnlySpan<byte> bytes) => OfHashed(bytes.Length, SHA384.HashData(bytes));

    public static byte[] OfText(string text) => OfBytes(Encoding.UTF8.GetBytes(text));

    /// <summary>Of bytes too many to hold.</summary>
    /// <param name="sha384">Over all of them.</param>
    public static byte[] OfHashed(long length, ReadOnlySpan<byte> sha384) => Join(Tagged("blob", length), sha384);

    /// <param name="items">The items' deep hashes.</param>
    public static byte[] OfList(params ReadOnlySpan<byte[]> items)
    {
        var hash = Tagged("list", items.Length);
        foreach (var item in items) hash = Join(hash, item);
        return hash;
    }

    private static byte[] Tagged(string kind, long number) => SHA384.HashData(Encoding.ASCII.GetBytes(kind + number.ToString(CultureInfo.InvariantCulture)));

    private static byte[] Join(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        Span<byte> both = stackalloc byte[2 * Size];
        left.CopyTo(both);
        right.CopyTo(both[Size..]);
        return SHA384.HashData(both);
    }
}
