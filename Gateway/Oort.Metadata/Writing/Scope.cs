using System.Buffers.Binary;
using System.Numerics;
using Oort.Backends;
using Oort.Metadata.Changes;

namespace Oort.Metadata.Writing;

/// <summary>What a group touches and what a reader looked at, as 64-bit hashes: a reader waits only for groups that touch what it looked at.
/// Two scopes with one hash only make a reader wait for a group that does not concern it.</summary>
internal static class Scope
{
    public static ulong BucketNames => Mix(1, 0, 0);
    public static ulong Stores => Mix(2, 0, 0);
    public static ulong AllSegments => Mix(3, 0, 0);
    public static ulong AllUploads => Mix(4, 0, 0);

    public static ulong ObjectsIn(BucketId bucket) => Mix(5, bucket.Value, 0);

    public static ulong UploadsIn(BucketId bucket) => Mix(6, bucket.Value, 0);

    public static ulong Key(BucketId bucket, ReadOnlySpan<byte> key) => Mix(7, bucket.Value, Hash(key));

    public static ulong Upload(UploadId upload) => Mix(8, (ulong)(upload.Value >> 64), (ulong)upload.Value);

    public static ulong Data(DataId data) => Mix(9, (ulong)(data.Value >> 64), (ulong)data.Value);

    public static ulong Segment(SegmentId segment) => Mix(10, segment.Epoch, segment.Counter);

    public static ulong Setting(ReadOnlySpan<byte> name) => Mix(11, 0, Hash(name));

    public static ulong AllSettings => Mix(15, 0, 0);

    public static ulong AllItems => Mix(12, 0, 0);

    public static ulong Item(StoreId store, ItemId item) => Mix(13, Fold(store.Value), Fold(item.Value));

    public static ulong ItemShard(ShardId shard, StoreId store) => Mix(14, shard.Segment.Epoch ^ BitOperations.RotateLeft(shard.Segment.Counter, 32) ^ shard.Index, Fold(store.Value));

    /// <summary>Adds what a change to a row touches.</summary>
    public static void Add(HashSet<ulong> scopes, RowTable table, ReadOnlySpan<byte> rowKey)
    {
        switch (table)
        {
            case RowTable.Bucket:
                scopes.Add(BucketNames);
                break;
            case RowTable.Version:
                RowKey.ReadVersion(rowKey, out var bucket, out var key, out _);
                scopes.Add(ObjectsIn(bucket));
                scopes.Add(Key(bucket, key));
                break;
            case RowTable.Upload:
                RowKey.ReadUpload(rowKey, out bucket, out _, out var upload);
                scopes.Add(AllUploads);
                scopes.Add(UploadsIn(bucket));
                scopes.Add(Upload(upload));
                break;
            case RowTable.Part:
                RowKey.ReadPart(rowKey, out upload, out _);
                scopes.Add(Upload(upload));
                break;
            case RowTable.Data:
                scopes.Add(Data(RowKey.ReadData(rowKey)));
                scopes.Add(AllSegments); // What lives in segments has changed.
                break;
            case RowTable.Segment:
                scopes.Add(Segment(RowKey.ReadSegment(rowKey)));
                scopes.Add(AllSegments);
                break;
            case RowTable.Store:
                scopes.Add(Stores);
                break;
            case RowTable.Setting:
                scopes.Add(Setting(rowKey));
                scopes.Add(AllSettings);
                break;
            case RowTable.Item:
                RowKey.ReadItem(rowKey, out var store, out var item);
                scopes.Add(Item(store, item));
                scopes.Add(AllItems);
                break;
            case RowTable.ItemShard:
                RowKey.ReadItemShard(rowKey, out var shard, out store);
                scopes.Add(ItemShard(shard, store));
                break;
            case RowTable.Epoch:
                break; // Nobody reads epochs but the writer.
        }
    }

    /// <summary>All that encoded changes touch.</summary>
    public static HashSet<ulong> Of(ReadOnlySpan<byte> changes)
    {
        var scopes = new HashSet<ulong>();
        var reader = new ChangeReader(changes);
        while (reader.Next()) Add(scopes, reader.Table, reader.Key);
        return scopes;
    }

    /// <summary>The same in every process, because gateways on one database compare scopes. Somebody who looks for two keys with one hash only makes their readers wait for each other.</summary>
    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = (ulong)bytes.Length;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..]) hash = Step(hash, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        ulong rest = 0;
        foreach (var next in bytes) rest = (rest << 8) | next;
        return Step(hash, rest);

        static ulong Step(ulong hash, ulong value) => BitOperations.RotateLeft((hash ^ value) * 0x9e3779b97f4a7c15, 29);
    }

    private static ulong Fold(UInt128 id) => (ulong)(id >> 64) * 0x9e3779b97f4a7c15 ^ (ulong)id;

    private static ulong Mix(ulong kind, ulong first, ulong second)
    {
        var value = ((kind * 0x9e3779b97f4a7c15) ^ first) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 29) ^ second) * 0x94d049bb133111eb;
        return value ^ (value >> 32);
    }
}
