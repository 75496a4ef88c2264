using System.Collections.Immutable;

namespace Oort.Metadata.Records;

/// <summary>Extents: a repeated field of versions and parts, always last in their record, so that a database can keep it in a column of its own.</summary>
internal static class ExtentRecord
{
    /// <summary>Number of the repeated field in the records of versions and parts.</summary>
    public const int Field = 16;

    private const int DataTag = 1;
    private const int OffsetTag = 2;
    private const int LengthTag = 3;
    private const int PartNumberTag = 4;
    private const int PartChecksumTag = 5;
    private const int RestoredTag = 6;

    public static void Write(RecordWriter writer, ImmutableArray<Extent> extents)
    {
        Span<byte> id = stackalloc byte[DataId.Size];
        foreach (var extent in extents)
        {
            var start = writer.Begin(Field);
            extent.Data.Write(id);
            writer.Bytes(DataTag, id);
            writer.Number(OffsetTag, extent.Offset);
            writer.Number(LengthTag, extent.Length);
            writer.Number(PartNumberTag, (long)extent.PartNumber);
            writer.Bytes(PartChecksumTag, extent.PartChecksum.AsSpan());
            writer.Number(RestoredTag, extent.IsRestored ? 1L : 0L);
            writer.Raw(extent.UnknownFields.Span);
            writer.End(start);
        }
    }

    /// <summary>Reads a sequence of nothing but extents.</summary>
    public static ImmutableArray<Extent> ReadAll(ReadOnlySpan<byte> fields)
    {
        if (fields.IsEmpty) return [];
        var result = ImmutableArray.CreateBuilder<Extent>();
        var reader = new RecordReader(fields);
        while (reader.Next())
        {
            if (reader.Field != Field) throw new MetadataFormatException("There is something else among the extents.");
            result.Add(Read(reader.Bytes));
        }
        return result.DrainToImmutable();
    }

    /// <summary>Calls <paramref name="visit"/> with the data id of each extent: what counting references needs.</summary>
    public static void VisitData(ReadOnlySpan<byte> fields, Action<DataId> visit)
    {
        var reader = new RecordReader(fields);
        while (reader.Next())
        {
            var inner = new RecordReader(reader.Bytes);
            while (inner.Next())
                if (inner.Field == DataTag) visit(DataId.Read(inner.Fixed(DataId.Size)));
        }
    }

    /// <summary>Parts a record into its extents and everything else.</summary>
    public static void Split(ReadOnlySpan<byte> record, RecordWriter others, RecordWriter extents)
    {
        var reader = new RecordReader(record);
        while (reader.Next()) (reader.Field == Field ? extents : others).Raw(reader.Raw);
    }

    private static Extent Read(ReadOnlySpan<byte> record)
    {
        DataId? data = null;
        long offset = 0, length = 0;
        var partNumber = 0;
        var isRestored = false;
        ImmutableArray<byte> partChecksum = [];
        ReadOnlyMemory<byte> unknown = default;
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case DataTag: data = DataId.Read(reader.Fixed(DataId.Size)); break;
                case OffsetTag: offset = reader.Long; break;
                case LengthTag: length = reader.Long; break;
                case PartNumberTag: partNumber = reader.Int; break;
                case PartChecksumTag: partChecksum = [.. reader.Bytes]; break;
                case RestoredTag: isRestored = reader.Long != 0; break;
                default: reader.KeepUnknown(ref unknown); break;
            }
        }
        return new(data ?? throw new MetadataFormatException("An extent names no data."), offset, length, partNumber, partChecksum) { IsRestored = isRestored, UnknownFields = unknown };
    }
}
