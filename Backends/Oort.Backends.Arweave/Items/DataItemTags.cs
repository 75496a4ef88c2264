using System.Text;

namespace Oort.Backends.Arweave.Items;

/// <summary>A name and a value that anyone can read.</summary>
internal sealed record DataItemTag(string Name, string Value);

/// <summary>The tags of a data item as Avro writes an array of records: count, then length and bytes of each name and value, then 0; numbers are zigzag varints. No tags are no bytes.</summary>
internal static class DataItemTags
{
    /// <summary>ANS-104.</summary>
    public const int CountMax = 128;

    /// <summary>ANS-104, in bytes.</summary>
    public const int NameSizeMax = 1024;

    /// <summary>ANS-104, in bytes.</summary>
    public const int ValueSizeMax = 3072;

    /// <summary>Of all together; others refuse more.</summary>
    public const int SizeMax = 4096;

    private static readonly UTF8Encoding strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="ArgumentException">A limit is passed, or a name or value is empty.</exception>
    public static byte[] Encode(IReadOnlyList<DataItemTag> tags)
    {
        if (tags.Count == 0) return [];
        if (tags.Count > CountMax) throw new ArgumentException($"A data item has at most {CountMax} tags.", nameof(tags));
        var bytes = new List<byte>();
        WriteNumber(bytes, tags.Count);
        foreach (var (name, value) in tags)
        {
            WriteText(bytes, name, NameSizeMax);
            WriteText(bytes, value, ValueSizeMax);
        }

        bytes.Add(0);
        if (bytes.Count > SizeMax) throw new ArgumentException($"The tags of a data item have at most {SizeMax} bytes together.", nameof(tags));
        return [.. bytes];
    }

    /// <summary>Null for anything but one block of exactly <paramref name="count"/> tags in the shortest spelling, of UTF-8.</summary>
    public static IReadOnlyList<DataItemTag>? Decode(ReadOnlySpan<byte> bytes, int count)
    {
        if (count == 0) return bytes.IsEmpty ? [] : null;
        if (count is < 0 or > CountMax || bytes.Length > SizeMax || ReadNumber(ref bytes) != count) return null;
        var tags = new DataItemTag[count];
        for (var i = 0; i < count; i++)
        {
            if (ReadText(ref bytes, NameSizeMax) is not { } name || ReadText(ref bytes, ValueSizeMax) is not { } value) return null;
            tags[i] = new(name, value);
        }

        return bytes is [0] ? tags : null;
    }

    private static void WriteText(List<byte> bytes, string text, int sizeMax)
    {
        var utf8 = strict.GetBytes(text);
        if (utf8.Length == 0 || utf8.Length > sizeMax) throw new ArgumentException($"A tag's name has 1 to {NameSizeMax} bytes, its value 1 to {ValueSizeMax}.");
        WriteNumber(bytes, utf8.Length);
        bytes.AddRange(utf8);
    }

    private static void WriteNumber(List<byte> bytes, int number)
    {
        var zigzag = (uint)number << 1;
        for (; zigzag >= 0x80; zigzag >>= 7) bytes.Add((byte)(zigzag | 0x80));
        bytes.Add((byte)zigzag);
    }

    private static string? ReadText(ref ReadOnlySpan<byte> bytes, int sizeMax)
    {
        if (ReadNumber(ref bytes) is not { } size || size == 0 || size > sizeMax || size > bytes.Length) return null;
        try
        {
            var text = strict.GetString(bytes[..size]);
            bytes = bytes[size..];
            return text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>Null for a negative number, one above 2^20, or one with a byte too many.</summary>
    private static int? ReadNumber(ref ReadOnlySpan<byte> bytes)
    {
        var zigzag = 0u;
        for (var i = 0; i < 3 && i < bytes.Length; i++)
        {
            zigzag |= (uint)(bytes[i] & 0x7f) << (7 * i);
            if (bytes[i] >= 0x80) continue;
            if ((i > 0 && bytes[i] == 0) || (zigzag & 1) != 0) return null;
            bytes = bytes[(i + 1)..];
            return (int)(zigzag >> 1);
        }

        return null;
    }
}
