using System.Numerics;
using Oort.Checksums;

namespace Oort.Node.Protocol;

/// <summary>The Merkle tree over a shard's bytes: leaves of 1,024 bytes, SHA-256, shaped and separated as RFC 9162 §2.1 says (docs/formats/node-protocol.md §7).</summary>
/// <remarks>Append the bytes in any cut; then ask. Not thread-safe. It keeps 32 bytes a leaf: 1/32 of the shard, 4 MiB for the longest.</remarks>
public sealed class MerkleTree
{
    /// <summary>Bytes of a leaf; the last may have fewer.</summary>
    public const int LeafSize = 1024;

    /// <summary>Bytes of a hash.</summary>
    public const int HashSize = Sha256.Size;

    /// <summary>Hashes on the longest path: 2^17 leaves of the longest shard.</summary>
    public const int PathLengthMax = 17;

    internal const byte LeafPrefix = 0;
    private const byte NodePrefix = 1;

    // The prefix, and what of the next leaf there is.
    private readonly byte[] _leaf = new byte[1 + LeafSize];
    private byte[] _hashes;
    private int _leafFilled;
    private long _length;

    /// <param name="length">How many bytes will come, if that is known; only spares copying.</param>
    public MerkleTree(long length = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, NodeLimits.ShardLengthMax);
        _hashes = new byte[LeafCountOf(length) * HashSize];
    }

    /// <summary>How many leaves so many bytes have.</summary>
    public static int LeafCountOf(long length) => (int)((length + LeafSize - 1) / LeafSize);

    /// <summary>Adds bytes at the end.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_length + bytes.Length, NodeLimits.ShardLengthMax);
        while (!bytes.IsEmpty)
        {
            var count = Math.Min(LeafSize - _leafFilled, bytes.Length);
            bytes[..count].CopyTo(_leaf.AsSpan(1 + _leafFilled));
            bytes = bytes[count..];
            _leafFilled += count;
            _length += count;
            if (_leafFilled == LeafSize)
                EndLeaf((int)(_length / LeafSize) - 1);
        }
    }

    /// <summary>The root over everything appended so far; of nothing, the hash of nothing.</summary>
    public byte[] Root()
    {
        CloseLastLeaf();
        var root = new byte[HashSize];
        if (_length == 0) Sha256.Hash([], root);
        else HashRange(0, LeafCountOf(_length), root);
        return root;
    }

    /// <summary>The hashes beside the way from a leaf to the root, the leaf's neighbour first (RFC 9162 §2.1.3).</summary>
    public byte[] Path(int leaf)
    {
        CloseLastLeaf();
        var count = LeafCountOf(_length);
        ArgumentOutOfRangeException.ThrowIfNegative(leaf);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(leaf, count);
        var path = new Stack<byte[]>();
        for (var (first, last) = (0, count); last - first > 1;)
        {
            var middle = first + Split(last - first);
            var other = new byte[HashSize];
            if (leaf < middle)
            {
                HashRange(middle, last, other);
                last = middle;
            }
            else
            {
                HashRange(first, middle, other);
                first = middle;
            }

            path.Push(other);
        }

        return [.. path.SelectMany(hash => hash)];
    }

    /// <summary>How many hashes the path of a leaf has.</summary>
    public static int PathLengthOf(int leaf, int leafCount)
    {
        var length = 0;
        for (; leafCount > 1; length++)
        {
            var split = Split(leafCount);
            (leaf, leafCount) = leaf < split ? (leaf, split) : (leaf - split, leafCount - split);
        }

        return length;
    }

    /// <summary>Whether a leaf's bytes are in the tree of this root, in that place.</summary>
    /// <param name="length">The length of the shard in bytes: it says how many leaves there are, and how long the last is.</param>
    /// <param name="path">As from <see cref="Path"/>.</param>
    public static bool Verify(ReadOnlySpan<byte> root, long length, int leaf, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> path)
    {
        var count = LeafCountOf(length);
        if (length is <= 0 or > NodeLimits.ShardLengthMax || leaf < 0 || leaf >= count
            || bytes.Length != (int)Math.Min(LeafSize, length - ((long)leaf * LeafSize))
            || path.Length != PathLengthOf(leaf, count) * HashSize)
            return false;

        Span<byte> prefixed = stackalloc byte[1 + LeafSize];
        prefixed[0] = LeafPrefix;
        bytes.CopyTo(prefixed[1..]);
        Span<byte> hash = stackalloc byte[HashSize];
        Sha256.Hash(prefixed[..(1 + bytes.Length)], hash);

        // From the root downwards the way says on which side each hash stands; so collected, then used upwards.
        Span<bool> isRight = stackalloc bool[PathLengthMax];
        var depth = 0;
        for (var (at, size) = (leaf, count); size > 1; depth++)
        {
            var split = Split(size);
            isRight[depth] = at >= split;
            (at, size) = isRight[depth] ? (at - split, size - split) : (at, split);
        }

        for (var i = 0; i < depth; i++)
        {
            var other = path.Slice(i * HashSize, HashSize);
            if (isRight[depth - 1 - i]) HashPair(other, hash, hash);
            else HashPair(hash, other, hash);
        }

        return hash.SequenceEqual(root);
    }

    private void CloseLastLeaf()
    {
        // What comes later would continue this leaf, so what is appended stays in it.
        if (_leafFilled == 0) return;
        var filled = _leafFilled;
        EndLeaf(LeafCountOf(_length) - 1);
        _leafFilled = filled;
    }

    private void EndLeaf(int index)
    {
        if (_hashes.Length < (index + 1) * HashSize)
            Array.Resize(ref _hashes, Math.Max(_hashes.Length * 2, (index + 1) * HashSize));
        _leaf[0] = LeafPrefix;
        Sha256.Hash(_leaf.AsSpan(0, 1 + _leafFilled), _hashes.AsSpan(index * HashSize, HashSize));
        _leafFilled = 0;
    }

    /// <summary>The hash over leaves first … last − 1. Recursion ends after 17 steps.</summary>
    private void HashRange(int first, int last, Span<byte> destination)
    {
        if (last - first == 1)
        {
            _hashes.AsSpan(first * HashSize, HashSize).CopyTo(destination);
            return;
        }

        Span<byte> pair = stackalloc byte[2 * HashSize];
        var middle = first + Split(last - first);
        HashRange(first, middle, pair[..HashSize]);
        HashRange(middle, last, pair[HashSize..]);
        HashPair(pair[..HashSize], pair[HashSize..], destination);
    }

    internal static void HashPair(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> destination)
    {
        Span<byte> bytes = stackalloc byte[1 + (2 * HashSize)];
        bytes[0] = NodePrefix;
        left.CopyTo(bytes[1..]);
        right.CopyTo(bytes[(1 + HashSize)..]);
        Sha256.Hash(bytes, destination);
    }

    /// <summary>The largest power of two below a count of at least two.</summary>
    private static int Split(int count) => 1 << BitOperations.Log2((uint)count - 1);
}
