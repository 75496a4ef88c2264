using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Oort.Node.Protocol;

/// <summary>A page of the listing of shards, ascending by <see cref="ShardName"/> (docs/formats/node-protocol.md §5).</summary>
/// <param name="HasMore">There are shards behind the last of this page: ask again, after it.</param>
public sealed record ShardPage(bool HasMore, IReadOnlyList<(ShardName Shard, long Length)> Shards)
{
    /// <summary>Bytes of the longest page.</summary>
    public const int SizeMax = EntriesOffset + (EntrySize * NodeLimits.ShardPageCountMax);

    internal const int MoreOffset = 8;
    internal const int EntriesOffset = 9;

    // Name, length.
    private const int EntrySize = ShardName.Size + 8;

    private static ReadOnlySpan<byte> Magic => "OORTLST1"u8;

    public byte[] Encode()
    {
        var bytes = new byte[EntriesOffset + (Shards.Count * EntrySize)];
        Magic.CopyTo(bytes);
        bytes[MoreOffset] = HasMore ? (byte)1 : (byte)0;
        var at = EntriesOffset;
        foreach (var (shard, length) in Shards)
        {
            shard.Write(bytes.AsSpan(at));
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(at + ShardName.Size), length);
            at += EntrySize;
        }

        return bytes;
    }

    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out ShardPage? page)
    {
        page = null;
        if (bytes.Length is < EntriesOffset or > SizeMax || !bytes.StartsWith(Magic) || bytes[MoreOffset] > 1 || (bytes.Length - EntriesOffset) % EntrySize != 0)
            return false;
        var hasMore = bytes[MoreOffset] == 1;
        var shards = new List<(ShardName, long)>((bytes.Length - EntriesOffset) / EntrySize);
        for (var at = EntriesOffset; at < bytes.Length; at += EntrySize)
        {
            var shard = ShardName.Read(bytes[at..]);
            var length = BinaryPrimitives.ReadInt64BigEndian(bytes[(at + ShardName.Size)..]);
            if (length is < 0 or > NodeLimits.ShardLengthMax || (shards.Count > 0 && shard <= shards[^1].Item1))
                return false;
            shards.Add((shard, length));
        }

        // An empty page that promises more would be asked for for ever.
        if (hasMore && shards.Count == 0)
            return false;
        page = new(hasMore, shards);
        return true;
    }
}
