using System.Buffers;
using System.IO.Pipelines;
using Oort.Checksums;

namespace Oort.S3;

/// <summary>The listings: each a head of its own, then rows and common prefixes.</summary>
public static partial class S3Xml
{
    public static ValueTask WriteAsync(PipeWriter pipe, ListObjectsResult result, CancellationToken cancellationToken)
    {
        void Head(S3XmlWriter xml)
        {
            xml.Element("Name", result.Name);
            // Clients on botocore decode every name of this answer but this one, so it is encoded only where it must be.
            xml.Name("Prefix", result.Prefix, result.UrlEncoded && result.Prefix.Any(static c => c is '%' or '+' || IsForbidden(c)));
            xml.Name("Marker", result.Marker, result.UrlEncoded);
            OptionalName(xml, "NextMarker", result.NextMarker, result.UrlEncoded);
            WriteLimits(xml, "MaxKeys", result.MaxKeys, result.Delimiter, result.IsTruncated, result.UrlEncoded);
        }

        return WriteListingAsync(pipe, "ListBucketResult", Head, result.Contents, WriteObject, result.CommonPrefixes, result.UrlEncoded, cancellationToken);
    }

    public static ValueTask WriteAsync(PipeWriter pipe, ListObjectsV2Result result, CancellationToken cancellationToken)
    {
        void Head(S3XmlWriter xml)
        {
            xml.Element("Name", result.Name);
            xml.Name("Prefix", result.Prefix, result.UrlEncoded);
            OptionalName(xml, "StartAfter", result.StartAfter, result.UrlEncoded);
            xml.Optional("ContinuationToken", result.ContinuationToken);
            xml.Optional("NextContinuationToken", result.NextContinuationToken);
            xml.Element("KeyCount", result.KeyCount);
            WriteLimits(xml, "MaxKeys", result.MaxKeys, result.Delimiter, result.IsTruncated, result.UrlEncoded);
        }

        return WriteListingAsync(pipe, "ListBucketResult", Head, result.Contents, WriteObject, result.CommonPrefixes, result.UrlEncoded, cancellationToken);
    }

    public static ValueTask WriteAsync(PipeWriter pipe, ListVersionsResult result, CancellationToken cancellationToken)
    {
        void Head(S3XmlWriter xml)
        {
            xml.Element("Name", result.Name);
            xml.Name("Prefix", result.Prefix, result.UrlEncoded);
            xml.Name("KeyMarker", result.KeyMarker, result.UrlEncoded);
            xml.Element("VersionIdMarker", result.VersionIdMarker);
            OptionalName(xml, "NextKeyMarker", result.NextKeyMarker, result.UrlEncoded);
            xml.Optional("NextVersionIdMarker", result.NextVersionIdMarker);
            WriteLimits(xml, "MaxKeys", result.MaxKeys, result.Delimiter, result.IsTruncated, result.UrlEncoded);
        }

        return WriteListingAsync(pipe, "ListVersionsResult", Head, result.Versions, WriteVersion, result.CommonPrefixes, result.UrlEncoded, cancellationToken);
    }

    public static ValueTask WriteAsync(PipeWriter pipe, ListUploadsResult result, CancellationToken cancellationToken)
    {
        void Head(S3XmlWriter xml)
        {
            xml.Element("Bucket", result.Bucket);
            xml.Name("KeyMarker", result.KeyMarker, result.UrlEncoded);
            xml.Element("UploadIdMarker", result.UploadIdMarker);
            OptionalName(xml, "NextKeyMarker", result.NextKeyMarker, result.UrlEncoded);
            xml.Optional("NextUploadIdMarker", result.NextUploadIdMarker);
            xml.Name("Prefix", result.Prefix, result.UrlEncoded);
            WriteDelimiter(xml, result.Delimiter, result.UrlEncoded);
            WriteEncoding(xml, result.UrlEncoded);
            xml.Element("MaxUploads", result.MaxUploads);
            xml.Element("IsTruncated", result.IsTruncated);
        }

        return WriteListingAsync(pipe, "ListMultipartUploadsResult", Head, result.Uploads, WriteUpload, result.CommonPrefixes, result.UrlEncoded, cancellationToken);
    }

    public static ValueTask WriteAsync(PipeWriter pipe, ListPartsResult result, CancellationToken cancellationToken)
    {
        void Head(S3XmlWriter xml)
        {
            xml.Element("Bucket", result.Bucket);
            xml.Name("Key", result.Key, result.UrlEncoded);
            xml.Element("UploadId", result.UploadId);
            WriteOwner(xml, "Initiator", result.Initiator);
            WriteOwner(xml, "Owner", result.Owner);
            xml.Element("StorageClass", result.StorageClass);
            xml.Element("PartNumberMarker", result.PartNumberMarker);
            xml.Element("NextPartNumberMarker", result.NextPartNumberMarker);
            xml.Element("MaxParts", result.MaxParts);
            xml.Element("IsTruncated", result.IsTruncated);
            WriteChecksumKind(xml, result.ChecksumAlgorithm, result.ChecksumType);
        }

        return WriteListingAsync(pipe, "ListPartsResult", Head, result.Parts, WritePart, [], result.UrlEncoded, cancellationToken);
    }

    /// <summary>Writes a listing by way of one buffer: the connection's own writer is asked once for each filling of it, not for each element.</summary>
    private static async ValueTask WriteListingAsync<TRow>(
        PipeWriter pipe, string root, Action<S3XmlWriter> head, IEnumerable<TRow> rows, RowWriter<TRow> row, IEnumerable<string> prefixes, bool url, CancellationToken cancellationToken)
    {
        using var buffer = new ListingBuffer(UnflushedSizeMax);
        var xml = new S3XmlWriter(buffer);
        xml.StartRoot(root);
        head(xml);
        foreach (var item in rows)
        {
            row(xml, item, url);
            if (buffer.IsFull) await SendAsync(pipe, buffer, cancellationToken);
        }

        foreach (var prefix in prefixes)
        {
            xml.Start("CommonPrefixes");
            xml.Name("Prefix", prefix, url);
            xml.End("CommonPrefixes");
            if (buffer.IsFull) await SendAsync(pipe, buffer, cancellationToken);
        }

        xml.End(root);
        await SendAsync(pipe, buffer, cancellationToken);
    }

    private static ValueTask SendAsync(PipeWriter pipe, ListingBuffer buffer, CancellationToken cancellationToken)
    {
        pipe.Write(buffer.Written);
        buffer.Clear();
        return FlushAsync(pipe, cancellationToken);
    }

    private static void WriteObject(S3XmlWriter xml, in ListedObject item, bool url)
    {
        xml.Start("Contents");
        xml.Name("Key", item.Key, url);
        xml.Element("LastModified", item.LastModified);
        xml.ETag("ETag", item.ETag);
        WriteChecksumKind(xml, item.ChecksumAlgorithm, item.ChecksumType);
        xml.Element("Size", item.Size);
        if (item.Owner is { } owner)
            WriteOwner(xml, "Owner", owner);
        xml.Element("StorageClass", item.StorageClass);
        WriteRestore(xml, item.Restore);
        xml.End("Contents");
    }

    private static void WriteUpload(S3XmlWriter xml, in ListedUpload upload, bool url)
    {
        xml.Start("Upload");
        xml.Name("Key", upload.Key, url);
        xml.Element("UploadId", upload.UploadId);
        WriteOwner(xml, "Initiator", upload.Initiator);
        WriteOwner(xml, "Owner", upload.Owner);
        xml.Element("StorageClass", upload.StorageClass);
        xml.Element("Initiated", upload.Initiated);
        WriteChecksumKind(xml, upload.ChecksumAlgorithm, upload.ChecksumType);
        xml.End("Upload");
    }

    private static void WritePart(S3XmlWriter xml, in ListedPart part, bool url)
    {
        xml.Start("Part");
        xml.Element("PartNumber", part.PartNumber);
        xml.Element("LastModified", part.LastModified);
        xml.ETag("ETag", part.ETag);
        xml.Element("Size", part.Size);
        WritePartChecksum(xml, part);
        xml.End("Part");
    }

    private static void WriteVersion(S3XmlWriter xml, in ListedVersion version, bool url)
    {
        var element = version.IsDeleteMarker ? "DeleteMarker" : "Version";
        xml.Start(element);
        xml.Name("Key", version.Key, url);
        xml.Element("VersionId", version.VersionId);
        xml.Element("IsLatest", version.IsLatest);
        xml.Element("LastModified", version.LastModified);
        if (!version.IsDeleteMarker)
        {
            xml.ETag("ETag", version.ETag);
            WriteChecksumKind(xml, version.ChecksumAlgorithm, version.ChecksumType);
            xml.Element("Size", version.Size);
            xml.Element("StorageClass", version.StorageClass);
        }

        WriteOwner(xml, "Owner", version.Owner);
        WriteRestore(xml, version.Restore);
        xml.End(element);
    }

    private static void WriteRestore(S3XmlWriter xml, ListedRestore? restore)
    {
        if (restore is not { } shown) return;
        xml.Start("RestoreStatus");
        xml.Element("IsRestoreInProgress", shown.Expires is null);
        if (shown.Expires is { } expires) xml.Element("RestoreExpiryDate", expires);
        xml.End("RestoreStatus");
    }

    private static void WriteLimits(S3XmlWriter xml, string limitName, int limit, string? delimiter, bool isTruncated, bool url)
    {
        xml.Element(limitName, limit);
        WriteDelimiter(xml, delimiter, url);
        xml.Element("IsTruncated", isTruncated);
        WriteEncoding(xml, url);
    }

    private static void OptionalName(S3XmlWriter xml, string name, string? value, bool url)
    {
        if (value is not null)
            xml.Name(name, value, url);
    }

    private static void WriteChecksumKind(S3XmlWriter xml, ChecksumAlgorithm algorithm, ChecksumType type)
    {
        if (algorithm == ChecksumAlgorithm.None)
            return;
        xml.Element("ChecksumAlgorithm", ChecksumNames.Name(algorithm)!);
        xml.Element("ChecksumType", ChecksumNames.TypeName(type));
    }

    private static void WriteDelimiter(S3XmlWriter xml, string? delimiter, bool url)
    {
        if (!string.IsNullOrEmpty(delimiter))
            xml.Name("Delimiter", delimiter, url);
    }

    private static void WriteEncoding(S3XmlWriter xml, bool url)
    {
        if (url)
            xml.Element("EncodingType", "url");
    }

    private delegate void RowWriter<TRow>(S3XmlWriter xml, in TRow row, bool url);
}
