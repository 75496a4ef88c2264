using Oort.Checksums;

namespace Oort.Metadata.Records;

/// <summary>Uploads in progress and their parts. Bucket, key, upload id and part number are in the rows' keys.</summary>
internal static class UploadRecord
{
    private const int InitiatedTag = 3;
    private const int OwnerTag = 4;
    private const int StorageClassTag = 7;
    private const int AttributesTag = 8;
    private const int ChecksumAlgorithmTag = 9;
    private const int ChecksumTypeTag = 10;

    public static void Write(RecordWriter writer, UploadRow row)
    {
        writer.Number(InitiatedTag, row.Initiated.ToUnixTimeMilliseconds());
        writer.Text(OwnerTag, row.OwnerId);
        if (row.StorageClass != VersionRecord.DefaultStorageClass) writer.Text(StorageClassTag, row.StorageClass);
        AttributesRecord.Write(writer, AttributesTag, row.Attributes);
        writer.Number(ChecksumAlgorithmTag, (ulong)row.ChecksumAlgorithm);
        writer.Number(ChecksumTypeTag, (ulong)row.ChecksumType);
        writer.Raw(row.UnknownFields.Span);
    }

    public static UploadRow Read(BucketId bucket, string key, UploadId id, ReadOnlySpan<byte> record)
    {
        var initiated = DateTimeOffset.UnixEpoch;
        string owner = "", storageClass = VersionRecord.DefaultStorageClass;
        var attributes = ObjectAttributes.Empty;
        byte algorithm = 0, type = 0;
        ReadOnlyMemory<byte> unknown = default;
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case InitiatedTag: initiated = reader.Time; break;
                case OwnerTag: owner = reader.Text; break;
                case StorageClassTag: storageClass = reader.Text; break;
                case AttributesTag: attributes = AttributesRecord.Read(reader.Bytes); break;
                case ChecksumAlgorithmTag: algorithm = reader.ByteNumber; break;
                case ChecksumTypeTag: type = reader.ByteNumber; break;
                default: reader.KeepUnknown(ref unknown); break;
            }
        }
        return new()
        {
            Bucket = bucket,
            Key = key,
            Id = id,
            Initiated = initiated,
            OwnerId = owner,
            StorageClass = storageClass,
            Attributes = attributes,
            ChecksumAlgorithm = (ChecksumAlgorithm)algorithm,
            ChecksumType = (ChecksumType)type,
            UnknownFields = unknown,
        };
    }

    /// <summary>Writes all of a part but the extents.</summary>
    public static void WritePart(RecordWriter writer, PartRow row)
    {
        writer.Number(PartFields.LastModifiedTag, row.LastModified.ToUnixTimeMilliseconds());
        writer.Number(PartFields.SizeTag, row.Size);
        writer.Text(PartFields.ETagTag, row.ETag);
        AttributesRecord.WriteChecksum(writer, PartFields.ChecksumTag, row.Checksum);
        writer.Raw(row.UnknownFields.Span);
    }

    public static PartRow ReadPart(UploadId upload, int partNumber, ReadOnlySpan<byte> record, ReadOnlySpan<byte> extents)
    {
        var lastModified = DateTimeOffset.UnixEpoch;
        long size = 0;
        var etag = "";
        StoredChecksum? checksum = null;
        ReadOnlyMemory<byte> unknown = default;
        var reader = new RecordReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case PartFields.LastModifiedTag: lastModified = reader.Time; break;
                case PartFields.SizeTag: size = reader.Long; break;
                case PartFields.ETagTag: etag = reader.Text; break;
                case PartFields.ChecksumTag: checksum = AttributesRecord.ReadChecksum(reader.Bytes); break;
                default: reader.KeepUnknown(ref unknown); break;
            }
        }
        return new()
        {
            Upload = upload,
            PartNumber = partNumber,
            LastModified = lastModified,
            Size = size,
            ETag = etag,
            Checksum = checksum,
            Extents = ExtentRecord.ReadAll(extents),
            UnknownFields = unknown,
        };
    }

    /// <summary>Fields of a part.</summary>
    private static class PartFields
    {
        public const int LastModifiedTag = 3;
        public const int SizeTag = 5;
        public const int ETagTag = 6;
        public const int ChecksumTag = 9;
    }
}
