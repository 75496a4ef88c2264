using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Oort.Node.Protocol;

/// <summary>A node's signed word that it holds a shard, and which bytes that are (docs/formats/node-protocol.md §6). Anybody can check it with nothing but the node's id.</summary>
/// <param name="Shard">Which shard.</param>
/// <param name="Store">The store on the node that it is on, 16 bytes as a number.</param>
/// <param name="Length">The shard's bytes.</param>
/// <param name="Crc">CRC-64/NVME of them.</param>
/// <param name="Time">The node's clock, milliseconds since 1970; a claim like the rest.</param>
/// <param name="Root">Root of the <see cref="MerkleTree"/> over them.</param>
/// <param name="PublicKey">The node's key: its hash is the node's id.</param>
public sealed record StorageReceipt(ShardName Shard, UInt128 Store, long Length, ulong Crc, long Time, ReadOnlyMemory<byte> Root, ReadOnlyMemory<byte> PublicKey)
{
    /// <summary>Bytes of a receipt.</summary>
    public const int Size = SignatureOffset + NodeIdentity.SignatureSize;

    internal const int ShardOffset = 8;
    internal const int ReservedOffset = 25;
    internal const int StoreOffset = 32;
    internal const int LengthOffset = 48;
    internal const int CrcOffset = 56;
    internal const int TimeOffset = 64;
    internal const int RootOffset = 72;
    internal const int KeyOffset = 104;
    internal const int SignatureOffset = 195;

    private static ReadOnlySpan<byte> Magic => "OORTRCP1"u8;

    /// <summary>The node that signed.</summary>
    public NodeId Node => NodeId.OfKey(PublicKey.Span);

    /// <summary>The receipt's bytes, signed.</summary>
    public static byte[] Sign(NodeIdentity node, ShardName shard, UInt128 store, long length, ulong crc, long time, ReadOnlySpan<byte> root)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(root.Length, MerkleTree.HashSize);
        var bytes = new byte[Size];
        Magic.CopyTo(bytes);
        shard.Write(bytes.AsSpan(ShardOffset));
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(StoreOffset), store);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(LengthOffset), length);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(CrcOffset), crc);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(TimeOffset), time);
        root.CopyTo(bytes.AsSpan(RootOffset));
        node.PublicKey.CopyTo(bytes.AsSpan(KeyOffset));
        node.Sign(bytes.AsSpan(0, SignatureOffset), bytes.AsSpan(SignatureOffset));
        return bytes;
    }

    /// <summary>Reads and checks a receipt. Whether its node is the one that was asked is for the caller to compare.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out StorageReceipt? receipt)
    {
        receipt = null;
        if (bytes.Length != Size || !bytes.StartsWith(Magic) || bytes[ReservedOffset..StoreOffset].ContainsAnyExcept((byte)0))
            return false;
        var length = BinaryPrimitives.ReadInt64BigEndian(bytes[LengthOffset..]);
        var time = BinaryPrimitives.ReadInt64BigEndian(bytes[TimeOffset..]);
        if (length is < 0 or > NodeLimits.ShardLengthMax || time < 0)
            return false;
        var key = bytes[KeyOffset..SignatureOffset];
        if (!NodeIdentity.Verify(key, bytes[..SignatureOffset], bytes[SignatureOffset..]))
            return false;
        receipt = new(ShardName.Read(bytes[ShardOffset..]), BinaryPrimitives.ReadUInt128BigEndian(bytes[StoreOffset..]), length,
            BinaryPrimitives.ReadUInt64BigEndian(bytes[CrcOffset..]), time, bytes.Slice(RootOffset, MerkleTree.HashSize).ToArray(), key.ToArray());
        return true;
    }
}
