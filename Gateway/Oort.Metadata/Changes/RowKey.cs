using System.Buffers.Binary;
using Oort.Backends;
using Oort.Metadata.Records;

namespace Oort.Metadata.Changes;

/// <summary>Keys of rows as bytes (docs/formats/journal.md, "Tables"). Fixed parts stand outside, the one variable part inside, so that each key has one reading.</summary>
internal static class RowKey
{
    /// <summary>The longest: a bucket id, an object key, an upload id.</summary>
    public const int SizeMax = sizeof(ulong) + MetadataLimits.KeyBytesMax + UploadId.Size;

    /// <summary>Of an item's key: its store, then its id.</summary>
    public const int ItemSize = StoreId.Size + ItemId.Size;

    /// <summary>Of the key of a shard's place in an item: the shard, then the store.</summary>
    public const int ItemShardSize = ShardId.Size + StoreId.Size;

    public static ReadOnlySpan<byte> Bucket(Span<byte> buffer, BucketId bucket)
    {
        BinaryPrimitives.WriteUInt64BigEndian(buffer, bucket.Value);
        return buffer[..8];
    }

    public static ReadOnlySpan<byte> Version(Span<byte> buffer, BucketId bucket, ReadOnlySpan<byte> key, ulong generation)
    {
        BinaryPrimitives.WriteUInt64BigEndian(buffer, bucket.Value);
        key.CopyTo(buffer[8..]);
        BinaryPrimitives.WriteUInt64BigEndian(buffer[(8 + key.Length)..], generation);
        return buffer[..(16 + key.Length)];
    }

    public static void ReadVersion(ReadOnlySpan<byte> rowKey, out BucketId bucket, out ReadOnlySpan<byte> key, out ulong generation)
    {
        Require(rowKey.Length >= 16);
        bucket = new(BinaryPrimitives.ReadUInt64BigEndian(rowKey));
        key = rowKey[8..^8];
        generation = BinaryPrimitives.ReadUInt64BigEndian(rowKey[^8..]);
    }

    public static ReadOnlySpan<byte> Upload(Span<byte> buffer, BucketId bucket, ReadOnlySpan<byte> key, UploadId upload)
    {
        BinaryPrimitives.WriteUInt64BigEndian(buffer, bucket.Value);
        key.CopyTo(buffer[8..]);
        upload.Write(buffer[(8 + key.Length)..]);
        return buffer[..(8 + key.Length + UploadId.Size)];
    }

    public static void ReadUpload(ReadOnlySpan<byte> rowKey, out BucketId bucket, out ReadOnlySpan<byte> key, out UploadId upload)
    {
        Require(rowKey.Length >= 8 + UploadId.Size);
        bucket = new(BinaryPrimitives.ReadUInt64BigEndian(rowKey));
        key = rowKey[8..^UploadId.Size];
        upload = UploadId.Read(rowKey[^UploadId.Size..]);
    }

    public static ReadOnlySpan<byte> Part(Span<byte> buffer, UploadId upload, int partNumber)
    {
        upload.Write(buffer);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[UploadId.Size..], (uint)partNumber);
        return buffer[..(UploadId.Size + 4)];
    }

    public static void ReadPart(ReadOnlySpan<byte> rowKey, out UploadId upload, out int partNumber)
    {
        Require(rowKey.Length == UploadId.Size + 4);
        upload = UploadId.Read(rowKey);
        var number = BinaryPrimitives.ReadUInt32BigEndian(rowKey[UploadId.Size..]);
        Require(number is >= 1 and <= MetadataLimits.PartNumberMax);
        partNumber = (int)number;
    }

    public static ReadOnlySpan<byte> Data(Span<byte> buffer, DataId id)
    {
        id.Write(buffer);
        return buffer[..DataId.Size];
    }

    public static ReadOnlySpan<byte> Segment(Span<byte> buffer, SegmentId id)
    {
        id.Write(buffer);
        return buffer[..SegmentId.Size];
    }

    public static ReadOnlySpan<byte> Store(Span<byte> buffer, StoreId id)
    {
        id.Write(buffer);
        return buffer[..StoreId.Size];
    }

    public static ReadOnlySpan<byte> Item(Span<byte> buffer, StoreId store, ItemId item)
    {
        store.Write(buffer);
        item.Write(buffer[StoreId.Size..]);
        return buffer[..ItemSize];
    }

    public static void ReadItem(ReadOnlySpan<byte> rowKey, out StoreId store, out ItemId item)
    {
        Require(rowKey.Length == ItemSize);
        store = StoreId.Read(rowKey);
        item = ItemId.Read(rowKey[StoreId.Size..]);
    }

    public static ReadOnlySpan<byte> ItemShard(Span<byte> buffer, ShardId shard, StoreId store)
    {
        shard.Segment.Write(buffer);
        buffer[SegmentId.Size] = shard.Index;
        store.Write(buffer[ShardId.Size..]);
        return buffer[..ItemShardSize];
    }

    public static void ReadItemShard(ReadOnlySpan<byte> rowKey, out ShardId shard, out StoreId store)
    {
        Require(rowKey.Length == ItemShardSize);
        shard = new(SegmentId.Read(rowKey), rowKey[SegmentId.Size]);
        store = StoreId.Read(rowKey[ShardId.Size..]);
    }

    public static BucketId ReadBucket(ReadOnlySpan<byte> rowKey)
    {
        Require(rowKey.Length == 8);
        return new(BinaryPrimitives.ReadUInt64BigEndian(rowKey));
    }

    public static DataId ReadData(ReadOnlySpan<byte> rowKey)
    {
        Require(rowKey.Length == DataId.Size);
        return DataId.Read(rowKey);
    }

    public static SegmentId ReadSegment(ReadOnlySpan<byte> rowKey)
    {
        Require(rowKey.Length == SegmentId.Size);
        return SegmentId.Read(rowKey);
    }

    public static StoreId ReadStore(ReadOnlySpan<byte> rowKey)
    {
        Require(rowKey.Length == StoreId.Size);
        return StoreId.Read(rowKey);
    }

    /// <summary>UTF-8 bytes of an object key, prefix or marker.</summary>
    /// <exception cref="ArgumentException">It has lone surrogates, which are no text.</exception>
    public static byte[] Utf8(string text) => RecordWriter.Utf8.GetBytes(text);

    private static void Require(bool valid)
    {
        if (!valid) throw new MetadataFormatException("A row's key has an impossible length or number.");
    }
}
