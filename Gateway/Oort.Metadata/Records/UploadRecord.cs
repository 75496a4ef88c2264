using Oort.Checksums;

namespace Oort.Metadata.Records;

/// <summary>Uploads in progress and their parts. Bucket, key, upload id and part number are in the rows' keys.</summary>
internal static class UploadRecord
{
    private const int Initiated = 3;
    private const int Owner = 4;
    private const int StorageClass = 7;
    private const int Attributes = 8;
    private const int ChecksumAlgorithmField = 9;
    private const int ChecksumTypeField = 10;

    private const int PartLastModified = 3;
    private const int PartSize = 5;
    private const int PartETag = 6;
    private const int PartChecksum = 9;

    public static void Write(RecordWriter writer, UploadRow row)
    {
        writer.Number(Initiated, row.Initiated.ToUnixTimeMilliseconds());
        writer.Text(Owner, row.OwnerId);
        if (row.StorageClass != VersionRecord.DefaultStorageClass) writer.Text(StorageClass, row.StorageClass);
        AttributesRecord.Write(writer, Attributes, row.Attributes);
        writer.Number(ChecksumAlgorithmField, (ulong)row.ChecksumAlgorithm);
        writer.Number(ChecksumTypeField, (ulong)row.ChecksumType);
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
                case Initiated: initiated = reader.Time; break;
                case Owner: owner = reader.Text; break;
                case StorageClass: storageClass = reader.Text; break;
                case Attributes: attributes = AttributesRecord.Read(reader.Bytes); break;
                case ChecksumAlgorithmField: algorithm = reader.ByteNumber; break;
                case ChecksumTypeField: type = reader.ByteNumber; break;
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
        writer.Number(PartLastModified, row.LastModified.ToUnixTimeMilliseconds());
        writer.Number(PartSize, row.Size);
        writer.Text(PartETag, row.ETag);
        AttributesRecord.WriteChecksum(writer, PartChecksum, row.Checksum);
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
                case PartLastModified: lastModified = reader.Time; break;
                case PartSize: size = reader.Long; break;
                case PartETag: etag = reader.Text; break;
                case PartChecksum: checksum = AttributesRecord.ReadChecksum(reader.Bytes); break;
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
}
