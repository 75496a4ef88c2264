using System.Diagnostics.CodeAnalysis;

namespace Oort.Backends.Filecoin;

/// <summary>What Filecoin calls some bytes (FRC-0069, "PieceCID v2"): the root of their tree, its height, and how many zeros were put behind them, and so their length.</summary>
internal sealed class PieceCid : IEquatable<PieceCid>
{
    // CIDv1; the codecs raw and fil-commitment-unsealed; the multihashes fr32-sha2-256-trunc254-padded-binary-tree (0x1011) and sha2-256-trunc254-padded (0x1012), as varints.
    private static ReadOnlySpan<byte> PrefixV2 => [0x01, 0x55, 0x91, 0x20];

    private static ReadOnlySpan<byte> PrefixV1 => [0x01, 0x81, 0xE2, 0x03, 0x92, 0x20, 0x20];

    /// <summary>Multibase's letter of base 32.</summary>
    private const char Multibase = 'b';

    /// <summary>Bytes of the longest: four of prefix, one of length, eight of padding, one of height, 32 of root.</summary>
    public const int SizeMax = 46;

    private const int PaddingSizeMax = 8;

    private readonly byte[] root;

    private PieceCid(int height, long padding, byte[] root) => (Height, Padding, this.root) = (height, padding, root);

    /// <summary>Of the tree: it has 2^height leaves.</summary>
    public int Height { get; }

    /// <summary>Zeros behind the bytes until the tree is full.</summary>
    public long Padding { get; }

    /// <summary>Bytes that it names.</summary>
    public long Length => PieceTree.SizeOf(Height) - Padding;

    /// <summary>32 bytes.</summary>
    public ReadOnlySpan<byte> Root => root;

    /// <param name="length">Of the bytes under the root, without zeros behind them.</param>
    /// <param name="root">Over the smallest tree that has so many.</param>
    public static PieceCid Of(long length, ReadOnlySpan<byte> root)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var height = PieceTree.HeightOf(length);
        return new(height, PieceTree.SizeOf(height) - length, root.ToArray());
    }

    /// <summary>Of bytes that are in memory.</summary>
    public static PieceCid Of(ReadOnlySpan<byte> bytes) => Of(bytes.Length, SubtreeHasher.Hash(bytes, PieceTree.HeightOf(bytes.Length)));

    /// <summary>Its bytes, as contracts have it.</summary>
    public byte[] ToArray()
    {
        Span<byte> padding = stackalloc byte[PaddingSizeMax];
        var count = 0;
        for (var rest = Padding; count == 0 || rest > 0; rest >>= 7) padding[count++] = rest > 0x7F ? (byte)(rest % 0x80 + 0x80) : (byte)rest;
        return [.. PrefixV2, (byte)(count + 1 + PieceTree.NodeSize), .. padding[..count], (byte)Height, .. root];
    }

    /// <summary>The older form, which knows neither height nor length.</summary>
    public string ToV1() => Multibase + Base32.Encode([.. PrefixV1, .. root]);

    /// <summary>"bafkzcib…".</summary>
    public override string ToString() => Multibase + Base32.Encode(ToArray());

    /// <summary>Reads the one form of bytes: a varint that could be shorter, or a tree that need not be so high, is none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out PieceCid? cid)
    {
        cid = null;
        var prefix = PrefixV2.Length;
        if (bytes.Length <= prefix || !bytes.StartsWith(PrefixV2) || bytes[prefix] != bytes.Length - prefix - 1) return false;
        var digest = bytes[(prefix + 1)..];
        var (padding, count) = (0L, 0);
        do
        {
            if (count == digest.Length || count == PaddingSizeMax) return false;
            padding |= (long)(digest[count] & 0x7F) << (7 * count);
        }
        while ((digest[count++] & 0x80) != 0);
        var isShortest = count == 1 || digest[count - 1] != 0;
        if (!isShortest || digest.Length != count + 1 + PieceTree.NodeSize) return false;
        int height = digest[count];
        if (height is < PieceTree.QuadHeight or > PieceTree.HeightMax) return false;
        // Half a tree of zeros is a smaller tree; only the smallest may be empty.
        var isTooHigh = height == PieceTree.QuadHeight ? padding > Fr32.QuadSize : padding >= PieceTree.SizeOf(height - 1);
        // The tree's functions clear these two bits.
        if (isTooHigh || (digest[^1] & 0xC0) != 0) return false;
        cid = new(height, padding, digest[(count + 1)..].ToArray());
        return true;
    }

    public static bool TryParse(string? text, [NotNullWhen(true)] out PieceCid? cid)
    {
        cid = null;
        return text is { Length: > 1 and <= 2 * SizeMax } && text[0] == Multibase && Base32.TryDecode(text.AsSpan(1), out var bytes) && TryRead(bytes, out cid);
    }

    /// <summary>The root in the older form.</summary>
    public static bool TryParseV1(string? text, [NotNullWhen(true)] out byte[]? root)
    {
        root = null;
        var isOne = text is { Length: > 1 and <= 2 * SizeMax } && text[0] == Multibase && Base32.TryDecode(text.AsSpan(1), out var bytes)
            && bytes.Length == PrefixV1.Length + PieceTree.NodeSize && bytes.AsSpan().StartsWith(PrefixV1) && (bytes[^1] & 0xC0) == 0 && (root = bytes[PrefixV1.Length..]) is not null;
        return isOne;
    }

    public bool Equals(PieceCid? other) => other is not null && Height == other.Height && Padding == other.Padding && Root.SequenceEqual(other.Root);

    public override bool Equals(object? obj) => Equals(obj as PieceCid);

    public override int GetHashCode() => BitConverter.ToInt32(root, 0);
}
