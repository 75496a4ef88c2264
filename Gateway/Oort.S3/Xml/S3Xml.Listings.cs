using System.IO.Pipelines;
using Oort.Checksums;

namespace Oort.S3;

/// <summary>The listings.</summary>
public static partial class S3Xml
{
    public static async ValueTask WriteAsync(PipeWriter pipe, ListObjectsResult result, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        var url = result.UrlEncoded;
        xml.StartRoot("ListBucketResult");
        xml.Element("Name", result.Name);
        xml.Name("Prefix", result.Prefix, url);
        xml.Name("Marker", result.Marker, url);
        if (result.NextMarker is not null)
            xml.Name("NextMarker", result.NextMarker, url);
        xml.Element("MaxKeys", result.MaxKeys);
        WriteDelimiter(xml, result.Delimiter, url);
        xml.Element("IsTruncated", result.IsTruncated);
        WriteEncoding(xml, url);
        await WriteContentsAsync(pipe, xml, result.Contents, url, cancellationToken);
        await WriteCommonPrefixesAsync(pipe, xml, result.CommonPrefixes, url, cancellationToken);
        xml.End("ListBucketResult");
        await FlushAsync(pipe, cancellationToken);
    }

    public static async ValueTask WriteAsync(PipeWriter pipe, ListObjectsV2Result result, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        var url = result.UrlEncoded;
        xml.StartRoot("ListBucketResult");
        xml.Element("Name", result.Name);
        xml.Name("Prefix", result.Prefix, url);
        if (result.StartAfter is not null)
            xml.Name("StartAfter", result.StartAfter, url);
        xml.Optional("ContinuationToken", result.ContinuationToken);
        xml.Optional("NextContinuationToken", result.NextContinuationToken);
        xml.Element("KeyCount", result.KeyCount);
        xml.Element("MaxKeys", result.MaxKeys);
        WriteDelimiter(xml, result.Delimiter, url);
        xml.Element("IsTruncated", result.IsTruncated);
        WriteEncoding(xml, url);
        await WriteContentsAsync(pipe, xml, result.Contents, url, cancellationToken);
        await WriteCommonPrefixesAsync(pipe, xml, result.CommonPrefixes, url, cancellationToken);
        xml.End("ListBucketResult");
        await FlushAsync(pipe, cancellationToken);
    }

    public static async ValueTask WriteAsync(PipeWriter pipe, ListVersionsResult result, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        var url = result.UrlEncoded;
        xml.StartRoot("ListVersionsResult");
        xml.Element("Name", result.Name);
        xml.Name("Prefix", result.Prefix, url);
        xml.Name("KeyMarker", result.KeyMarker, url);
        xml.Element("VersionIdMarker", result.VersionIdMarker);
        if (result.NextKeyMarker is not null)
            xml.Name("NextKeyMarker", result.NextKeyMarker, url);
        xml.Optional("NextVersionIdMarker", result.NextVersionIdMarker);
        xml.Element("MaxKeys", result.MaxKeys);
        WriteDelimiter(xml, result.Delimiter, url);
        xml.Element("IsTruncated", result.IsTruncated);
        WriteEncoding(xml, url);
        foreach (var version in result.Versions)
        {
            WriteVersion(xml, version, url);
            await FlushWhenFullAsync(pipe, cancellationToken);
        }

        await WriteCommonPrefixesAsync(pipe, xml, result.CommonPrefixes, url, cancellationToken);
        xml.End("ListVersionsResult");
        await FlushAsync(pipe, cancellationToken);
    }

    public static async ValueTask WriteAsync(PipeWriter pipe, ListUploadsResult result, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        var url = result.UrlEncoded;
        xml.StartRoot("ListMultipartUploadsResult");
        xml.Element("Bucket", result.Bucket);
        xml.Name("KeyMarker", result.KeyMarker, url);
        xml.Element("UploadIdMarker", result.UploadIdMarker);
        if (result.NextKeyMarker is not null)
            xml.Name("NextKeyMarker", result.NextKeyMarker, url);
        xml.Optional("NextUploadIdMarker", result.NextUploadIdMarker);
        xml.Name("Prefix", result.Prefix, url);
        WriteDelimiter(xml, result.Delimiter, url);
        WriteEncoding(xml, url);
        xml.Element("MaxUploads", result.MaxUploads);
        xml.Element("IsTruncated", result.IsTruncated);
        foreach (var upload in result.Uploads)
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
            await FlushWhenFullAsync(pipe, cancellationToken);
        }

        await WriteCommonPrefixesAsync(pipe, xml, result.CommonPrefixes, url, cancellationToken);
        xml.End("ListMultipartUploadsResult");
        await FlushAsync(pipe, cancellationToken);
    }

    public static async ValueTask WriteAsync(PipeWriter pipe, ListPartsResult result, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("ListPartsResult");
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
        foreach (var part in result.Parts)
        {
            xml.Start("Part");
            xml.Element("PartNumber", part.PartNumber);
            xml.Element("LastModified", part.LastModified);
            xml.ETag("ETag", part.ETag);
            xml.Element("Size", part.Size);
            WritePartChecksum(xml, part);
            xml.End("Part");
            await FlushWhenFullAsync(pipe, cancellationToken);
        }

        xml.End("ListPartsResult");
        await FlushAsync(pipe, cancellationToken);
    }

    private static async ValueTask WriteContentsAsync(PipeWriter pipe, S3XmlWriter xml, IEnumerable<ListedObject> contents, bool url, CancellationToken cancellationToken)
    {
        foreach (var item in contents)
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
            xml.End("Contents");
            await FlushWhenFullAsync(pipe, cancellationToken);
        }
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
        xml.End(element);
    }

    private static async ValueTask WriteCommonPrefixesAsync(PipeWriter pipe, S3XmlWriter xml, IEnumerable<string> prefixes, bool url, CancellationToken cancellationToken)
    {
        foreach (var prefix in prefixes)
        {
            xml.Start("CommonPrefixes");
            xml.Name("Prefix", prefix, url);
            xml.End("CommonPrefixes");
            await FlushWhenFullAsync(pipe, cancellationToken);
        }
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
}
