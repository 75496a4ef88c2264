using System.Buffers.Binary;
using System.Security.Cryptography;
using Oort.Backends;
using Oort.Metadata.Changes;

namespace Oort.Metadata.Sqlite.Recovery;

/// <summary>A part of the namespace, to be rebuilt by itself: versions by a hash that nobody can foresee, the data and segments of these, and all buckets and stores.</summary>
/// <param name="seed">Random.</param>
public sealed class RebuildSample(ulong seed)
{
    /// <summary>Versions whose hash is at most this belong to it.</summary>
    public ulong HashMax { get; set; } = ulong.MaxValue;

    /// <summary>Versions above it do not: they came later.</summary>
    public ulong GenerationMax { get; init; } = ulong.MaxValue;

    public HashSet<DataId> Data { get; } = [];

    public HashSet<SegmentId> Segments { get; } = [];

    /// <summary>A version's place in the sample: uniform.</summary>
    public ulong HashOf(BucketId bucket, ReadOnlySpan<byte> key, ulong generation)
    {
        Span<byte> row = stackalloc byte[RowKey.SizeMax];
        return HashOf(RowKey.Version(row, bucket, key, generation));
    }

    /// <summary>Whether a row belongs to it.</summary>
    internal bool Wants(RowTable table, ReadOnlySpan<byte> key)
    {
        switch (table)
        {
            case RowTable.Bucket or RowTable.Store:
                return true;
            case RowTable.Version:
                RowKey.ReadVersion(key, out _, out _, out var generation);
                return generation <= GenerationMax && key.Length <= RowKey.SizeMax && HashOf(key) <= HashMax;
            case RowTable.Data:
                return Data.Contains(RowKey.ReadData(key));
            case RowTable.Segment:
                return Segments.Contains(RowKey.ReadSegment(key));
            default:
                return false;
        }
    }

    private ulong HashOf(ReadOnlySpan<byte> rowKey)
    {
        Span<byte> input = stackalloc byte[sizeof(ulong) + RowKey.SizeMax];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt64BigEndian(input, seed);
        rowKey.CopyTo(input[sizeof(ulong)..]);
        SHA256.HashData(input[..(sizeof(ulong) + rowKey.Length)], hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
