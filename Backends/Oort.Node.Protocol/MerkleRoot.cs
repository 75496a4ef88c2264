using Oort.Checksums;

namespace Oort.Node.Protocol;

/// <summary>The root of a <see cref="MerkleTree"/> alone, over bytes as they pass: it keeps one hash a level.</summary>
/// <remarks>Level i has a hash when bit i of the count of leaves is set, that of the newest whole 2^i leaves. Not thread-safe.</remarks>
public sealed class MerkleRoot
{
    private readonly byte[] _leaf = new byte[1 + MerkleTree.LeafSize];
    private readonly byte[] _levels = new byte[(MerkleTree.PathLengthMax + 1) * MerkleTree.HashSize];
    private int _leafFilled;
    private int _leafCount;
    private long _length;

    /// <summary>Adds bytes at the end; at most <see cref="NodeLimits.ShardLengthMax"/> in all.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_length + bytes.Length, NodeLimits.ShardLengthMax);
        _length += bytes.Length;
        while (!bytes.IsEmpty)
        {
            var count = Math.Min(MerkleTree.LeafSize - _leafFilled, bytes.Length);
            bytes[..count].CopyTo(_leaf.AsSpan(1 + _leafFilled));
            bytes = bytes[count..];
            _leafFilled += count;
            if (_leafFilled == MerkleTree.LeafSize) EndLeaf();
        }
    }

    /// <summary>The root; nothing can be appended behind a short leaf afterwards.</summary>
    public byte[] Finish()
    {
        if (_leafFilled > 0) EndLeaf();
        var root = new byte[MerkleTree.HashSize];
        if (_leafCount == 0)
        {
            Sha256.Hash([], root);
            return root;
        }

        // What is complete stands left of what is not: from the lowest level upwards.
        var isBegun = false;
        for (var level = 0; level <= MerkleTree.PathLengthMax; level++)
        {
            if ((_leafCount >> level & 1) == 0) continue;
            if (isBegun) MerkleTree.HashPair(Level(level), root, root);
            else Level(level).CopyTo(root);
            isBegun = true;
        }

        return root;
    }

    private void EndLeaf()
    {
        _leaf[0] = MerkleTree.LeafPrefix;
        Span<byte> hash = stackalloc byte[MerkleTree.HashSize];
        Sha256.Hash(_leaf.AsSpan(0, 1 + _leafFilled), hash);
        _leafFilled = 0;

        // As adding one to a binary number: each set bit is carried.
        var at = 0;
        for (; (_leafCount >> at & 1) != 0; at++)
            MerkleTree.HashPair(Level(at), hash, hash);
        hash.CopyTo(Level(at));
        _leafCount++;
    }

    private Span<byte> Level(int level) => _levels.AsSpan(level * MerkleTree.HashSize, MerkleTree.HashSize);
}
