using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Metadata.Records;

/// <summary>Segments: their code and the stores of their shards. The id is the row's key.</summary>
internal static class SegmentRecord
{
    private const int DataShardsTag = 1;
    private const int ParityShardsTag = 2;
    private const int PayloadLengthTag = 3;
    private const int PlacementGenerationTag = 4;
    private const int ShardsTag = 5;
    private const int PolicyTag = 6;

    public static void Write(RecordWriter writer, SegmentRow row)
    {
        writer.Number(DataShardsTag, (long)row.Geometry.DataShards);
        writer.Number(ParityShardsTag, (long)row.Geometry.ParityShards);
        writer.Number(PayloadLengthTag, row.PayloadLength);
        writer.Number(PlacementGenerationTag, (long)row.PlacementGeneration);
        Span<byte> shards = stackalloc byte[byte.MaxValue * StoreId.Size];
        for (var i = 0; i < row.Shards.Length; i++) row.Shards[i].Write(shards[(i * StoreId.Size)..]);
        writer.Bytes(ShardsTag, shards[..(row.Shards.Length * StoreId.Size)]);
        writer.Text(PolicyTag, row.Policy);
        writer.Raw(row.UnknownFields.Span);
    }

    public static SegmentRow Read(SegmentId id, ReadOnlySpan<byte> record)
    {
        int dataShards = 0, parityShards = 0, placementGeneration = 0;
        long payloadLength = 0;
        ReadOnlySpan<byte> shards = default;
        var policy = "";
        ReadOnlyMemory<byte> unknown = default;
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case DataShardsTag: dataShards = reader.Int; break;
                case ParityShardsTag: parityShards = reader.Int; break;
                case PayloadLengthTag: payloadLength = reader.Long; break;
                case PlacementGenerationTag: placementGeneration = reader.Int; break;
                case ShardsTag: shards = reader.Bytes; break;
                case PolicyTag: policy = reader.Text; break;
                default: reader.KeepUnknown(ref unknown); break;
            }
        }
        if (dataShards is 0 or > byte.MaxValue || parityShards > byte.MaxValue - dataShards || shards.Length != (dataShards + parityShards) * StoreId.Size)
            throw new MetadataFormatException($"Segment {id} has an impossible geometry.");
        var places = ImmutableArray.CreateBuilder<StoreId>(dataShards + parityShards);
        for (var at = 0; at < shards.Length; at += StoreId.Size) places.Add(StoreId.Read(shards[at..]));
        return new()
        {
            Id = id,
            Geometry = new(dataShards, parityShards),
            PayloadLength = payloadLength,
            PlacementGeneration = placementGeneration,
            Shards = places.MoveToImmutable(),
            Policy = policy,
            UnknownFields = unknown,
        };
    }
}
