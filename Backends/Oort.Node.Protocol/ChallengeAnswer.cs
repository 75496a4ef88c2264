using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Oort.Node.Protocol;

/// <summary>A leaf that a challenge asked for, with the way from it to the root.</summary>
/// <param name="Index">0-based.</param>
/// <param name="Content">Its bytes: 1,024, of the shard's last leaf perhaps fewer.</param>
/// <param name="Path">As from <see cref="MerkleTree.Path"/>.</param>
public readonly record struct OpenedLeaf(int Index, ReadOnlyMemory<byte> Content, ReadOnlyMemory<byte> Path);

/// <summary>The signed answer to a <see cref="Challenge"/> (docs/formats/node-protocol.md §7).</summary>
/// <param name="Store">The store that the shard is on.</param>
/// <param name="Length">The shard's length in bytes.</param>
/// <param name="Time">The node's clock, milliseconds since 1970.</param>
/// <param name="Root">The root that all the paths lead to.</param>
/// <param name="PublicKey">The node's key.</param>
/// <param name="Leaves">In the order of the challenge.</param>
public sealed record ChallengeAnswer(ShardName Shard, ReadOnlyMemory<byte> Nonce, UInt128 Store, long Length, long Time, ReadOnlyMemory<byte> Root, ReadOnlyMemory<byte> PublicKey, IReadOnlyList<OpenedLeaf> Leaves)
{
    /// <summary>Bytes of the longest answer.</summary>
    public const int SizeMax = LeavesOffset + (NodeLimits.ChallengeLeafCountMax * (LeafHeaderSize + MerkleTree.LeafSize + (MerkleTree.PathLengthMax * MerkleTree.HashSize))) + NodeIdentity.SignatureSize;

    internal const int ShardOffset = 8;
    internal const int ReservedOffset = 25;
    internal const int CountOffset = 26;
    internal const int NonceOffset = 28;
    internal const int StoreOffset = 60;
    internal const int LengthOffset = 76;
    internal const int TimeOffset = 84;
    internal const int RootOffset = 92;
    internal const int KeyOffset = 124;
    internal const int LeavesOffset = 215;

    // Of a leaf: index, size, hashes on its path.
    private const int LeafHeaderSize = 7;

    private static ReadOnlySpan<byte> Magic => "OORTCHA1"u8;

    /// <summary>The node that signed.</summary>
    public NodeId Node => NodeId.OfKey(PublicKey.Span);

    /// <summary>The answer's bytes, signed.</summary>
    public static byte[] Sign(NodeIdentity node, Challenge challenge, UInt128 store, long length, long time, ReadOnlySpan<byte> root, IReadOnlyList<OpenedLeaf> leaves)
    {
        var bytes = new byte[LeavesOffset + leaves.Sum(leaf => LeafHeaderSize + leaf.Content.Length + leaf.Path.Length) + NodeIdentity.SignatureSize];
        Magic.CopyTo(bytes);
        challenge.Shard.Write(bytes.AsSpan(ShardOffset));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(CountOffset), (ushort)leaves.Count);
        challenge.Nonce.Span.CopyTo(bytes.AsSpan(NonceOffset));
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(StoreOffset), store);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(LengthOffset), length);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(TimeOffset), time);
        root.CopyTo(bytes.AsSpan(RootOffset));
        node.PublicKey.CopyTo(bytes.AsSpan(KeyOffset));
        var at = LeavesOffset;
        foreach (var leaf in leaves)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), (uint)leaf.Index);
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(at + 4), (ushort)leaf.Content.Length);
            bytes[at + 6] = (byte)(leaf.Path.Length / MerkleTree.HashSize);
            leaf.Content.Span.CopyTo(bytes.AsSpan(at + LeafHeaderSize));
            leaf.Path.Span.CopyTo(bytes.AsSpan(at + LeafHeaderSize + leaf.Content.Length));
            at += LeafHeaderSize + leaf.Content.Length + leaf.Path.Length;
        }

        node.Sign(bytes.AsSpan(0, at), bytes.AsSpan(at));
        return bytes;
    }

    /// <summary>Reads an answer and checks that it is signed, answers this challenge, and that every leaf leads to its root. Node, store and root are for the caller to compare.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, Challenge challenge, [NotNullWhen(true)] out ChallengeAnswer? answer)
    {
        answer = null;
        if (bytes.Length is < LeavesOffset + NodeIdentity.SignatureSize or > SizeMax || !bytes.StartsWith(Magic) || bytes[ReservedOffset] != 0)
            return false;

        // 1. Signed, and about what was asked.
        var key = bytes[KeyOffset..LeavesOffset];
        var signed = bytes[..^NodeIdentity.SignatureSize];
        if (!NodeIdentity.Verify(key, signed, bytes[signed.Length..]))
            return false;
        var length = BinaryPrimitives.ReadInt64BigEndian(bytes[LengthOffset..]);
        var time = BinaryPrimitives.ReadInt64BigEndian(bytes[TimeOffset..]);
        if (ShardName.Read(bytes[ShardOffset..]) != challenge.Shard
            || !bytes.Slice(NonceOffset, Challenge.NonceSize).SequenceEqual(challenge.Nonce.Span)
            || BinaryPrimitives.ReadUInt16BigEndian(bytes[CountOffset..]) != challenge.Leaves.Count
            || length is < 0 or > NodeLimits.ShardLengthMax || time < 0)
            return false;

        // 2. Every leaf leads to the root.
        var root = bytes.Slice(RootOffset, MerkleTree.HashSize);
        var leaves = new List<OpenedLeaf>(challenge.Leaves.Count);
        var rest = signed[LeavesOffset..];
        foreach (var asked in challenge.Leaves)
        {
            if (rest.Length < LeafHeaderSize)
                return false;
            var index = BinaryPrimitives.ReadUInt32BigEndian(rest);
            var size = BinaryPrimitives.ReadUInt16BigEndian(rest[4..]);
            var pathSize = rest[6] * MerkleTree.HashSize;
            rest = rest[LeafHeaderSize..];
            if (index != asked || rest.Length < size + pathSize || !MerkleTree.Verify(root, length, asked, rest[..size], rest.Slice(size, pathSize)))
                return false;
            leaves.Add(new(asked, rest[..size].ToArray(), rest.Slice(size, pathSize).ToArray()));
            rest = rest[(size + pathSize)..];
        }

        if (!rest.IsEmpty)
            return false;
        answer = new(challenge.Shard, challenge.Nonce, BinaryPrimitives.ReadUInt128BigEndian(bytes[StoreOffset..]), length, time, root.ToArray(), key.ToArray(), leaves);
        return true;
    }
}
