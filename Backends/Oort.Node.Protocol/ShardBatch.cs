using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Oort.Checksums;

namespace Oort.Node.Protocol;

/// <summary>One shard of a batch. The content lies in the batch's own bytes.</summary>
/// <param name="Crc">CRC-64/NVME of the content, as the sender says; <see cref="ShardBatch.TryRead"/> has compared it.</param>
public readonly record struct BatchShard(ShardName Shard, ReadOnlyMemory<byte> Content, ulong Crc);

/// <summary>Many small shards in one request (docs/formats/node-protocol.md §5).</summary>
public static class ShardBatch
{
    /// <summary>Bytes before the first shard.</summary>
    public const int HeaderSize = 12;

    /// <summary>Bytes of a shard's header.</summary>
    public const int ShardHeaderSize = 29;

    internal const int CountOffset = 8;

    private static ReadOnlySpan<byte> Magic => "OORTBAT1"u8;

    /// <summary>Writes the header of a batch.</summary>
    public static void WriteHeader(Span<byte> destination, int count)
    {
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteUInt32BigEndian(destination[CountOffset..], (uint)count);
    }

    /// <summary>Writes what comes before a shard's content.</summary>
    public static void WriteShardHeader(Span<byte> destination, ShardName shard, int length, ulong crc)
    {
        shard.Write(destination);
        BinaryPrimitives.WriteUInt32BigEndian(destination[17..], (uint)length);
        BinaryPrimitives.WriteUInt64BigEndian(destination[21..], crc);
    }

    /// <summary>Reads a batch. A shard whose checksum is not that of its content makes the whole batch bad: nothing between the two ends changes bytes.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out IReadOnlyList<BatchShard>? shards)
    {
        shards = null;
        if (bytes.Length is < HeaderSize or > NodeLimits.BatchSizeMax || !bytes.Span.StartsWith(Magic))
            return false;
        var count = BinaryPrimitives.ReadUInt32BigEndian(bytes.Span[CountOffset..]);
        if (count is 0 or > NodeLimits.BatchCountMax)
            return false;
        var read = new List<BatchShard>((int)count);
        var rest = bytes[HeaderSize..];
        for (var i = 0; i < count; i++)
        {
            if (rest.Length < ShardHeaderSize)
                return false;
            var length = BinaryPrimitives.ReadUInt32BigEndian(rest.Span[17..]);
            var crc = BinaryPrimitives.ReadUInt64BigEndian(rest.Span[21..]);
            if (length > NodeLimits.BatchShardLengthMax || length > rest.Length - ShardHeaderSize)
                return false;
            var content = rest.Slice(ShardHeaderSize, (int)length);
            if (Crc64Nvme.Compute(content.Span) != crc)
                return false;
            read.Add(new(ShardName.Read(rest.Span), content, crc));
            rest = rest[(ShardHeaderSize + (int)length)..];
        }

        if (!rest.IsEmpty)
            return false;
        shards = read;
        return true;
    }
}
