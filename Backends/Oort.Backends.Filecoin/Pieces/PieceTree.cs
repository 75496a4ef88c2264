using System.Security.Cryptography;

namespace Oort.Backends.Filecoin;

/// <summary>The binary tree whose root a PieceCID names (FRC-0069): leaves of 32 bytes, and above them SHA-256 with its two highest bits cleared.</summary>
internal static class PieceTree
{
    public const int NodeSize = 32;

    /// <summary>Height of the root over one quad: four leaves.</summary>
    public const int QuadHeight = 2;

    /// <summary>More than PDPVerifier takes (MAX_PIECE_SIZE_LOG2): 2^50 leaves.</summary>
    public const int HeightMax = 50;

    private static readonly byte[][] zeros = MakeZeros();

    /// <summary>The root over 2^height leaves of nothing but zeros.</summary>
    public static ReadOnlySpan<byte> Zero(int height) => zeros[height];

    /// <summary>The node above two.</summary>
    /// <param name="pair">64 bytes: left, then right.</param>
    /// <param name="parent">32 bytes; may lie in <paramref name="pair"/>.</param>
    public static void Join(ReadOnlySpan<byte> pair, Span<byte> parent)
    {
        SHA256.HashData(pair, parent);
        parent[NodeSize - 1] &= 0x3F;
    }

    /// <summary>Height of the smallest tree that has so many bytes: at least that of one quad.</summary>
    public static int HeightOf(long length)
    {
        var height = QuadHeight;
        while (SizeOf(height) < length) height++;
        return height;
    }

    /// <summary>Bytes that fit under a node of this height.</summary>
    public static long SizeOf(int height) => (long)Fr32.QuadSize << (height - QuadHeight);

    private static byte[][] MakeZeros()
    {
        var made = new byte[HeightMax + 1][];
        made[0] = new byte[NodeSize];
        for (var height = 1; height <= HeightMax; height++)
        {
            made[height] = new byte[NodeSize];
            Join([.. made[height - 1], .. made[height - 1]], made[height]);
        }

        return made;
    }
}
