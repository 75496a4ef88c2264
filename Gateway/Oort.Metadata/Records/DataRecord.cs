using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Metadata.Records;

/// <summary>Data ids: their wrapped keys and where their chunks lie. The id is the row's key.</summary>
internal static class DataRecord
{
    private const int Length = 1;
    private const int KeyVersion = 2;
    private const int WrappedKey = 3;
    private const int Run = 4;

    private const int RunSegment = 1;
    private const int RunOffset = 2;
    private const int RunLength = 3;

    public static void Write(RecordWriter writer, DataRow row)
    {
        Span<byte> id = stackalloc byte[SegmentId.Size];
        writer.Number(Length, row.Length);
        writer.Number(KeyVersion, (long)row.KeyVersion);
        writer.Bytes(WrappedKey, row.WrappedKey.AsSpan());
        foreach (var run in row.Runs)
        {
            var start = writer.Begin(Run);
            run.Segment.Write(id);
            writer.Bytes(RunSegment, id);
            writer.Number(RunOffset, run.Offset);
            writer.Number(RunLength, run.Length);
            writer.End(start);
        }
        writer.Raw(row.UnknownFields.Span);
    }

    public static DataRow Read(DataId id, ReadOnlySpan<byte> record)
    {
        long length = 0;
        var keyVersion = 0;
        ImmutableArray<byte> wrappedKey = [];
        var runs = ImmutableArray.CreateBuilder<SegmentRun>(1);
        ReadOnlyMemory<byte> unknown = default;
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case Length: length = reader.Long; break;
                case KeyVersion: keyVersion = reader.Int; break;
                case WrappedKey: wrappedKey = [.. reader.Bytes]; break;
                case Run: runs.Add(ReadRun(reader.Bytes)); break;
                default: reader.KeepUnknown(ref unknown); break;
            }
        }
        return new() { Id = id, Length = length, KeyVersion = keyVersion, WrappedKey = wrappedKey, Runs = runs.DrainToImmutable(), UnknownFields = unknown };
    }

    private static SegmentRun ReadRun(ReadOnlySpan<byte> record)
    {
        SegmentId? segment = null;
        long offset = 0, length = 0;
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case RunSegment: segment = SegmentId.Read(reader.Fixed(SegmentId.Size)); break;
                case RunOffset: offset = reader.Long; break;
                case RunLength: length = reader.Long; break;
            }
        }
        return new(segment ?? throw new MetadataFormatException("A run names no segment."), offset, length);
    }
}
