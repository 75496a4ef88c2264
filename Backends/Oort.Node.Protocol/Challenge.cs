using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Oort.Node.Protocol;

/// <summary>A question that only who has a shard's bytes can answer (docs/formats/node-protocol.md §7).</summary>
/// <param name="Shard">Which shard.</param>
/// <param name="Nonce">32 bytes that the asker made for this one question, so that no answer serves twice.</param>
/// <param name="Leaves">0-based leaves, 1 to <see cref="NodeLimits.ChallengeLeafCountMax"/>, ascending, each once.</param>
public sealed record Challenge(ShardName Shard, ReadOnlyMemory<byte> Nonce, IReadOnlyList<int> Leaves)
{
    /// <summary>Bytes of a nonce.</summary>
    public const int NonceSize = 32;

    /// <summary>Bytes of the longest question.</summary>
    public const int SizeMax = LeavesOffset + (LeafIndexSize * NodeLimits.ChallengeLeafCountMax);

    internal const int ShardOffset = 8;
    internal const int ReservedOffset = 25;
    internal const int CountOffset = 26;
    internal const int NonceOffset = 28;
    internal const int LeavesOffset = 60;

    private const int LeafIndexSize = 4;

    private static ReadOnlySpan<byte> Magic => "OORTCHQ1"u8;

    /// <exception cref="ArgumentException">Nonce or leaves are not as they must be.</exception>
    public byte[] Encode()
    {
        if (Nonce.Length != NonceSize || Leaves.Count is 0 or > NodeLimits.ChallengeLeafCountMax)
            throw new ArgumentException($"A challenge has a nonce of {NonceSize} bytes and 1 to {NodeLimits.ChallengeLeafCountMax} leaves.");
        var bytes = new byte[LeavesOffset + (LeafIndexSize * Leaves.Count)];
        Magic.CopyTo(bytes);
        Shard.Write(bytes.AsSpan(ShardOffset));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(CountOffset), (ushort)Leaves.Count);
        Nonce.Span.CopyTo(bytes.AsSpan(NonceOffset));
        for (var i = 0; i < Leaves.Count; i++)
        {
            if (Leaves[i] < 0 || (i > 0 && Leaves[i] <= Leaves[i - 1]))
                throw new ArgumentException("The leaves of a challenge ascend.");
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(LeavesOffset + (LeafIndexSize * i)), (uint)Leaves[i]);
        }

        return bytes;
    }

    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Challenge? challenge)
    {
        challenge = null;
        if (bytes.Length < LeavesOffset || !bytes.StartsWith(Magic) || bytes[ReservedOffset] != 0)
            return false;
        var count = BinaryPrimitives.ReadUInt16BigEndian(bytes[CountOffset..]);
        if (count is 0 or > NodeLimits.ChallengeLeafCountMax || bytes.Length != LeavesOffset + (LeafIndexSize * count))
            return false;
        var leaves = new int[count];
        for (var i = 0; i < count; i++)
        {
            var leaf = BinaryPrimitives.ReadUInt32BigEndian(bytes[(LeavesOffset + (LeafIndexSize * i))..]);
            if (leaf >= MerkleTree.LeafCountOf(NodeLimits.ShardLengthMax) || (i > 0 && leaf <= leaves[i - 1]))
                return false;
            leaves[i] = (int)leaf;
        }

        challenge = new(ShardName.Read(bytes[ShardOffset..]), bytes.Slice(NonceOffset, NonceSize).ToArray(), leaves);
        return true;
    }
}
