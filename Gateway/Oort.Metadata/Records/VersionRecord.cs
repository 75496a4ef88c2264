using Oort.Checksums;

namespace Oort.Metadata.Records;

/// <summary>Versions of objects and delete markers. Bucket, key and generation are in the row's key.</summary>
internal static class VersionRecord
{
    /// <summary>What a record that does not name its storage class has.</summary>
    public const string DefaultStorageClass = "STANDARD";

    private const int NonceTag = 1;
    private const int FlagsTag = 2;
    private const int LastModifiedTag = 3;
    private const int OwnerTag = 4;
    private const int SizeTag = 5;
    private const int ETagTag = 6;
    private const int StorageClassTag = 7;
    private const int AttributesTag = 8;

    private const int HeadChecksumAlgorithm = 9;
    private const int HeadChecksumType = 10;

    private const ulong FlagNull = 1;
    private const ulong FlagMarker = 2;
    private const ulong FlagsKnown = FlagNull | FlagMarker;

    /// <summary>Writes all but the extents.</summary>
    public static void Write(RecordWriter writer, VersionRow row)
    {
        writer.Number(NonceTag, row.Id.Nonce);
        writer.Number(FlagsTag, (row.IsNull ? FlagNull : 0) | (row.IsDeleteMarker ? FlagMarker : 0));
        WriteShown(writer, row);
        AttributesRecord.Write(writer, AttributesTag, row.Attributes);
        writer.Raw(row.UnknownFields.Span);
    }

    /// <summary>Writes what a listing of current objects shows: the value of a row of heads. Derived, never journalled.</summary>
    public static void WriteHead(RecordWriter writer, VersionRow row)
    {
        WriteShown(writer, row);
        if (row.Attributes.Checksum is not { } checksum) return;
        writer.Number(HeadChecksumAlgorithm, (ulong)checksum.Algorithm);
        writer.Number(HeadChecksumType, (ulong)checksum.Type);
    }

    public static VersionRow Read(BucketId bucket, string key, ulong generation, bool isLatest, ReadOnlySpan<byte> record, ReadOnlySpan<byte> extents)
    {
        ulong nonce = 0, flags = 0;
        var shown = new Shown();
        var attributes = ObjectAttributes.Empty;
        ReadOnlyMemory<byte> unknown = default;
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case NonceTag: nonce = reader.Number; break;
                case FlagsTag: flags = reader.Number; break;
                case AttributesTag: attributes = AttributesRecord.Read(reader.Bytes); break;
                default:
                    if (!shown.Read(ref reader)) reader.KeepUnknown(ref unknown);
                    break;
            }
        }
        if ((flags & ~FlagsKnown) != 0) throw new MetadataFormatException("A version has an unknown flag.");
        return new()
        {
            Bucket = bucket,
            Key = key,
            Id = new(generation, nonce),
            IsNull = (flags & FlagNull) != 0,
            IsDeleteMarker = (flags & FlagMarker) != 0,
            IsLatest = isLatest,
            LastModified = shown.LastModified,
            OwnerId = shown.Owner,
            Size = shown.Size,
            ETag = shown.ETag,
            StorageClass = shown.StorageClass,
            Attributes = attributes,
            Extents = ExtentRecord.ReadAll(extents),
            UnknownFields = unknown,
        };
    }

    /// <param name="before">The entry before it on the page: what they have in common, as a rule the owner, is not made anew.</param>
    public static ObjectEntry ReadHead(string key, ReadOnlySpan<byte> record, ObjectEntry? before)
    {
        byte algorithm = 0, type = 0;
        var shown = new Shown { OwnerBefore = before?.OwnerId ?? "" };
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case HeadChecksumAlgorithm: algorithm = reader.ByteNumber; break;
                case HeadChecksumType: type = reader.ByteNumber; break;
                default: shown.Read(ref reader); break;
            }
        }
        return new(key, shown.Size, shown.ETag, shown.LastModified, shown.StorageClass, shown.Owner, (ChecksumAlgorithm)algorithm, (ChecksumType)type);
    }

    private static void WriteShown(RecordWriter writer, VersionRow row)
    {
        writer.Number(LastModifiedTag, row.LastModified.ToUnixTimeMilliseconds());
        writer.Text(OwnerTag, row.OwnerId);
        writer.Number(SizeTag, row.Size);
        writer.Text(ETagTag, row.ETag);
        if (row.StorageClass != DefaultStorageClass) writer.Text(StorageClassTag, row.StorageClass);
    }

    /// <summary>The fields that versions and heads have in common, with the same numbers.</summary>
    private ref struct Shown()
    {
        public DateTimeOffset LastModified = DateTimeOffset.UnixEpoch;
        public string Owner = "";
        public string OwnerBefore = "";
        public long Size;
        public string ETag = "";
        public string StorageClass = DefaultStorageClass;

        public bool Read(ref RecordReader reader)
        {
            switch (reader.Field)
            {
                case VersionRecord.LastModifiedTag: LastModified = reader.Time; return true;
                case VersionRecord.OwnerTag: Owner = System.Text.Ascii.Equals(reader.Bytes, OwnerBefore) ? OwnerBefore : reader.Text; return true;
                case VersionRecord.SizeTag: Size = reader.Long; return true;
                case VersionRecord.ETagTag: ETag = reader.Text; return true;
                case VersionRecord.StorageClassTag: StorageClass = reader.Text; return true;
                default: return false;
            }
        }
    }
}
