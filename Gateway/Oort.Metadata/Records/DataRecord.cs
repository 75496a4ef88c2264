using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Metadata.Records;

/// <summary>Data ids: their wrapped keys and where their chunks lie. The id is the row's key.</summary>
internal static class DataRecord
{
    private const int LengthTag = 1;
    private const int KeyVersionTag = 2;
    private const int WrappedKeyTag = 3;
    private const int RunTag = 4;
    private const int BucketTag = 5;
    private const int NestingTag = 6;
    private const int NamedKeyTag = 7;
    private const int NamedKeyVersionTag = 8;
    private const int SealedAsTag = 9;

    public static void Write(RecordWriter writer, DataRow row)
    {
        Span<byte> id = stackalloc byte[SegmentId.Size];
        writer.Number(LengthTag, row.Length);
        writer.Number(KeyVersionTag, (long)row.KeyVersion);
        writer.Bytes(WrappedKeyTag, row.WrappedKey.AsSpan());
        foreach (var run in row.Runs)
        {
            var start = writer.Begin(RunTag);
            run.Segment.Write(id);
            writer.Bytes(RunFields.SegmentTag, id);
            writer.Number(RunFields.OffsetTag, run.Offset);
            writer.Number(RunFields.LengthTag, run.Length);
            writer.End(start);
        }
        if (row.Bucket is { } bucket) writer.Number(BucketTag, bucket.Value);
        if (row.Nesting is { } nesting)
        {
            writer.Number(NestingTag, (long)nesting.Kind);
            writer.Text(NamedKeyTag, nesting.Name);
            writer.Number(NamedKeyVersionTag, (long)nesting.Version);
        }

        if (row.SealedAs is { } sealedAs)
        {
            sealedAs.Write(id);
            writer.Bytes(SealedAsTag, id);
        }

        writer.Raw(row.UnknownFields.Span);
    }

    public static DataRow Read(DataId id, ReadOnlySpan<byte> record)
    {
        long length = 0;
        var keyVersion = 0;
        BucketId? bucket = null;
        ImmutableArray<byte> wrappedKey = [];
        var runs = ImmutableArray.CreateBuilder<SegmentRun>(1);
        var (kind, name, version) = (0, "", 0);
        DataId? sealedAs = null;
        ReadOnlyMemory<byte> unknown = default;
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case LengthTag: length = reader.Long; break;
                case KeyVersionTag: keyVersion = reader.Int; break;
                case WrappedKeyTag: wrappedKey = [.. reader.Bytes]; break;
                case RunTag: runs.Add(ReadRun(reader.Bytes)); break;
                case BucketTag: bucket = new(reader.Number); break;
                case NestingTag: kind = reader.Int; break;
                case NamedKeyTag: name = reader.Text; break;
                case NamedKeyVersionTag: version = reader.Int; break;
                case SealedAsTag: sealedAs = DataId.Read(reader.Fixed(DataId.Size)); break;
                default: reader.KeepUnknown(ref unknown); break;
            }
        }
        return new()
        {
            Id = id,
            Length = length,
            KeyVersion = keyVersion,
            WrappedKey = wrappedKey,
            Runs = runs.DrainToImmutable(),
            Bucket = bucket,
            Nesting = kind == 0 ? null : new(kind, name, version),
            SealedAs = sealedAs,
            UnknownFields = unknown,
        };
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
                case RunFields.SegmentTag: segment = SegmentId.Read(reader.Fixed(SegmentId.Size)); break;
                case RunFields.OffsetTag: offset = reader.Long; break;
                case RunFields.LengthTag: length = reader.Long; break;
            }
        }
        return new(segment ?? throw new MetadataFormatException("A run names no segment."), offset, length);
    }

    /// <summary>Fields of a run.</summary>
    private static class RunFields
    {
        public const int SegmentTag = 1;
        public const int OffsetTag = 2;
        public const int LengthTag = 3;
    }
}
