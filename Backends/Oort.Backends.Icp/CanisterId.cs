using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Oort.Backends.Icp;

/// <summary>Which canister: a principal, 1 to 29 bytes (Internet Computer interface specification, "Principal"). Its text is base 32 of a CRC-32 and the bytes, in groups of five.</summary>
public sealed class CanisterId : IEquatable<CanisterId>
{
    /// <summary>Most bytes of a principal.</summary>
    internal const int SizeMax = 29;

    private const int CheckSize = 4;
    private const int GroupLength = 5;
    private const string Letters = "abcdefghijklmnopqrstuvwxyz234567";

    private readonly byte[] bytes;

    internal CanisterId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is 0 or > SizeMax) throw new ArgumentException($"A canister's id has 1 to {SizeMax} bytes, not {bytes.Length}.", nameof(bytes));
        this.bytes = bytes.ToArray();
    }

    internal ReadOnlySpan<byte> Bytes => bytes;

    /// <exception cref="FormatException">It is none, or its check is wrong: a letter was mistyped.</exception>
    public static CanisterId Parse(string text) => TryParse(text, out var id) ? id : throw new FormatException("A canister's id is text such as ryjl3-tyaaa-aaaaa-aaaba-cai; this is something else, or a letter of it is wrong.");

    /// <summary>Takes the one spelling that there is of an id.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out CanisterId? id)
    {
        id = null;
        // Eight letters for five bytes, and a dash between five letters.
        if (text is null || text.Length > (CheckSize + SizeMax + 4) / 5 * 8 * 6 / 5) return false;
        var decoded = new List<byte>();
        var (bits, count) = (0, 0);
        foreach (var letter in text.Replace("-", "", StringComparison.Ordinal))
        {
            var value = Letters.IndexOf(letter, StringComparison.Ordinal);
            if (value < 0) return false;
            (bits, count) = (((bits << 5) | value) & 0xFFF, count + 5);
            if (count < 8) continue;
            count -= 8;
            decoded.Add((byte)(bits >> count));
        }

        if (decoded.Count is <= CheckSize or > CheckSize + SizeMax) return false;
        var found = new CanisterId(decoded.ToArray().AsSpan(CheckSize));
        // Written again it has the same check, the same dashes and no bits left.
        if (found.ToString() != text) return false;
        id = found;
        return true;
    }

    public override string ToString()
    {
        var check = new byte[CheckSize];
        BinaryPrimitives.WriteUInt32BigEndian(check, Crc32(bytes));
        var text = new StringBuilder();
        var (bits, count, written) = (0, 0, 0);
        foreach (var value in (byte[])[.. check, .. bytes])
        {
            (bits, count) = (((bits << 8) | value) & 0xFFFF, count + 8);
            for (; count >= 5; count -= 5) Append(bits >> (count - 5));
        }

        if (count > 0) Append(bits << (5 - count));
        return text.ToString();

        void Append(int letter)
        {
            if (written > 0 && written % GroupLength == 0) text.Append('-');
            text.Append(Letters[letter & 31]);
            written++;
        }
    }

    public bool Equals(CanisterId? other) => other is not null && bytes.AsSpan().SequenceEqual(other.bytes);

    public override bool Equals(object? obj) => Equals(obj as CanisterId);

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <summary>ISO 3309, bit by bit: some 29 bytes, seldom.</summary>
    private static uint Crc32(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
        }

        return ~crc;
    }
}
