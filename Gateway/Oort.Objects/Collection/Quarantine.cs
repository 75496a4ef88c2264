using System.Buffers.Binary;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Collection;

/// <summary>Shards that lie on a store though no row names them there, with the time at which each was first seen. Kept in the metadata, so that a restart forgets nothing.</summary>
/// <remarks>Not thread-safe: the collector's alone. One setting a store, <c>quarantine/STORE-ID</c>: 25 bytes a shard (shard id, seconds since 1970 as 64-bit big-endian).</remarks>
internal sealed class Quarantine(IMetadataStore metadata)
{
    /// <summary>Shards remembered for one store: 2.5 MB. More wait until these are gone; nothing is deleted that was not remembered.</summary>
    public const int CountMax = 100_000;

    private const int EntrySize = ShardId.Size + sizeof(long);
    private const string SettingPrefix = "quarantine/";

    /// <summary>What is remembered for a store.</summary>
    public async ValueTask<Dictionary<ShardId, DateTimeOffset>> LoadAsync(StoreId store, CancellationToken cancellationToken)
    {
        var entries = new Dictionary<ShardId, DateTimeOffset>();
        if (await metadata.GetSettingAsync(SettingPrefix + store, cancellationToken) is not { } bytes) return entries;
        for (var offset = 0; offset + EntrySize <= bytes.Length; offset += EntrySize)
        {
            var id = new ShardId(SegmentId.Read(bytes.AsSpan(offset)), bytes[offset + SegmentId.Size]);
            entries[id] = DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(offset + ShardId.Size)));
        }

        return entries;
    }

    /// <summary>Remembers exactly these for a store.</summary>
    public ValueTask SaveAsync(StoreId store, Dictionary<ShardId, DateTimeOffset> entries, CancellationToken cancellationToken)
    {
        var bytes = new byte[entries.Count * EntrySize];
        var offset = 0;
        foreach (var (id, seen) in entries)
        {
            id.Segment.Write(bytes.AsSpan(offset));
            bytes[offset + SegmentId.Size] = id.Index;
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(offset + ShardId.Size), seen.ToUnixTimeSeconds());
            offset += EntrySize;
        }

        return metadata.PutSettingAsync(SettingPrefix + store, bytes.Length == 0 ? null : bytes, cancellationToken);
    }
}
