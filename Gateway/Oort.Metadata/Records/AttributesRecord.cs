using System.Collections.Immutable;
using Oort.Checksums;

namespace Oort.Metadata.Records;

/// <summary>The nested records that objects, uploads and buckets share: attributes, checksums, and pairs of a name and a value.</summary>
internal static class AttributesRecord
{
    private const int HeaderTag = 1;
    private const int UserMetadataTag = 2;
    private const int ChecksumTag = 3;
    private const int ExtensionTag = 4;

    public static void Write(RecordWriter writer, int field, ObjectAttributes attributes)
    {
        var before = writer.Length;
        var start = writer.Begin(field);
        foreach (var (name, value) in attributes.Headers) WritePair(writer, HeaderTag, name, value);
        foreach (var (name, value) in attributes.UserMetadata) WritePair(writer, UserMetadataTag, name, value);
        WriteChecksum(writer, ChecksumTag, attributes.Checksum);
        foreach (var (name, value) in attributes.Extensions) WritePair(writer, ExtensionTag, name, value.AsSpan());
        writer.Raw(attributes.UnknownFields.Span);
        if (writer.Length > start) writer.End(start);
        else writer.Truncate(before);
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
                case HeaderTag: ReadPair(reader.Bytes, headers ??= NewMap<string>()); break;
                case UserMetadataTag: ReadPair(reader.Bytes, userMetadata ??= NewMap<string>()); break;
                case ChecksumTag: checksum = ReadChecksum(reader.Bytes); break;
                case ExtensionTag: ReadPair(reader.Bytes, extensions ??= NewMap<ImmutableArray<byte>>()); break;
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
        writer.Number(ChecksumFields.AlgorithmTag, (ulong)checksum.Algorithm);
        writer.Number(ChecksumFields.TypeTag, (ulong)checksum.Type);
        writer.Bytes(ChecksumFields.ValueTag, checksum.Value.AsSpan());
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
                case ChecksumFields.AlgorithmTag: algorithm = reader.ByteNumber; break;
                case ChecksumFields.TypeTag: type = reader.ByteNumber; break;
                case ChecksumFields.ValueTag: value = [.. reader.Bytes]; break;
            }
        }
        return new((ChecksumAlgorithm)algorithm, (ChecksumType)type, value);
    }

    public static void WritePair(RecordWriter writer, int field, string name, ReadOnlySpan<byte> value)
    {
        var start = writer.Begin(field);
        writer.Text(PairFields.NameTag, name);
        writer.Bytes(PairFields.ValueTag, value);
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
        writer.Text(PairFields.NameTag, name);
        writer.Text(PairFields.ValueTag, value);
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
                case PairFields.NameTag: name = reader.Text; break;
                case PairFields.ValueTag: value = reader.Bytes; break;
            }
        }
    }

    /// <summary>Fields of a pair of name and value.</summary>
    private static class PairFields
    {
        public const int NameTag = 1;
        public const int ValueTag = 2;
    }

    /// <summary>Fields of a checksum.</summary>
    private static class ChecksumFields
    {
        public const int AlgorithmTag = 1;
        public const int TypeTag = 2;
        public const int ValueTag = 3;
    }
}
