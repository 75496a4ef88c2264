using System.Collections.Immutable;
using Oort.Checksums;

namespace Oort.Metadata.Records;

/// <summary>The nested records that objects, uploads and buckets share: attributes, checksums, and pairs of a name and a value.</summary>
internal static class AttributesRecord
{
    private const int Header = 1;
    private const int UserMetadata = 2;
    private const int Checksum = 3;
    private const int Extension = 4;

    private const int PairName = 1;
    private const int PairValue = 2;

    private const int ChecksumAlgorithmField = 1;
    private const int ChecksumTypeField = 2;
    private const int ChecksumValue = 3;

    public static void Write(RecordWriter writer, int field, ObjectAttributes attributes)
    {
        var start = writer.Begin(field);
        foreach (var (name, value) in attributes.Headers) WritePair(writer, Header, name, value);
        foreach (var (name, value) in attributes.UserMetadata) WritePair(writer, UserMetadata, name, value);
        WriteChecksum(writer, Checksum, attributes.Checksum);
        foreach (var (name, value) in attributes.Extensions) WritePair(writer, Extension, name, value.AsSpan());
        writer.Raw(attributes.UnknownFields.Span);
        writer.End(start);
    }

    public static ObjectAttributes Read(ReadOnlySpan<byte> record)
    {
        if (record.IsEmpty) return ObjectAttributes.Empty;
        ImmutableSortedDictionary<string, string>.Builder? headers = null;
        ImmutableSortedDictionary<string, string>.Builder? userMetadata = null;
        ImmutableSortedDictionary<string, ImmutableArray<byte>>.Builder? extensions = null;
        StoredChecksum? checksum = null;
        ReadOnlyMemory<byte> unknown = default;
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case Header: ReadPair(reader.Bytes, headers ??= NewMap<string>()); break;
                case UserMetadata: ReadPair(reader.Bytes, userMetadata ??= NewMap<string>()); break;
                case Checksum: checksum = ReadChecksum(reader.Bytes); break;
                case Extension: ReadPair(reader.Bytes, extensions ??= NewMap<ImmutableArray<byte>>()); break;
                default: reader.KeepUnknown(ref unknown); break;
            }
        }
        return new()
        {
            Headers = headers?.ToImmutable() ?? ObjectAttributes.Empty.Headers,
            UserMetadata = userMetadata?.ToImmutable() ?? ObjectAttributes.Empty.UserMetadata,
            Checksum = checksum,
            Extensions = extensions?.ToImmutable() ?? ObjectAttributes.Empty.Extensions,
            UnknownFields = unknown,
        };
    }

    public static void WriteChecksum(RecordWriter writer, int field, StoredChecksum? checksum)
    {
        if (checksum is null) return;
        var start = writer.Begin(field);
        writer.Number(ChecksumAlgorithmField, (ulong)checksum.Algorithm);
        writer.Number(ChecksumTypeField, (ulong)checksum.Type);
        writer.Bytes(ChecksumValue, checksum.Value.AsSpan());
        writer.End(start);
    }

    public static StoredChecksum ReadChecksum(ReadOnlySpan<byte> record)
    {
        byte algorithm = 0, type = 0;
        ImmutableArray<byte> value = [];
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case ChecksumAlgorithmField: algorithm = reader.ByteNumber; break;
                case ChecksumTypeField: type = reader.ByteNumber; break;
                case ChecksumValue: value = [.. reader.Bytes]; break;
            }
        }
        return new((ChecksumAlgorithm)algorithm, (ChecksumType)type, value);
    }

    public static void WritePair(RecordWriter writer, int field, string name, ReadOnlySpan<byte> value)
    {
        var start = writer.Begin(field);
        writer.Text(PairName, name);
        writer.Bytes(PairValue, value);
        writer.End(start);
    }

    public static void ReadPair(ReadOnlySpan<byte> record, ImmutableSortedDictionary<string, ImmutableArray<byte>>.Builder into)
    {
        SplitPair(record, out var name, out var value);
        into[name] = [.. value];
    }

    /// <summary>A map as the rows have it: by ordinal name, so that records are the same whatever culture wrote them.</summary>
    public static ImmutableSortedDictionary<string, TValue>.Builder NewMap<TValue>() => ImmutableSortedDictionary.CreateBuilder<string, TValue>(StringComparer.Ordinal);

    private static void WritePair(RecordWriter writer, int field, string name, string value)
    {
        var start = writer.Begin(field);
        writer.Text(PairName, name);
        writer.Text(PairValue, value);
        writer.End(start);
    }

    private static void ReadPair(ReadOnlySpan<byte> record, ImmutableSortedDictionary<string, string>.Builder into)
    {
        SplitPair(record, out var name, out var value);
        into[name] = RecordReader.DecodeText(value);
    }

    private static void SplitPair(ReadOnlySpan<byte> record, out string name, out ReadOnlySpan<byte> value)
    {
        name = "";
        value = default;
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case PairName: name = reader.Text; break;
                case PairValue: value = reader.Bytes; break;
            }
        }
    }
}
