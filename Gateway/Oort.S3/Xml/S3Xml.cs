using System.IO.Pipelines;
using Oort.Checksums;

namespace Oort.S3;

/// <summary>Writes the documents that S3 answers with, element by element in the order S3 has them.</summary>
/// <remarks>
/// Listings go out while they are written: at most <see cref="UnflushedSizeMax"/> bytes plus one entry wait in the pipe. Status and headers must be set before.
/// None completes the writer.
/// </remarks>
public static partial class S3Xml
{
    // Half of Kestrel's default response buffer: the socket is kept busy and a listing of 1,000 long keys never sits in memory whole.
    private const int UnflushedSizeMax = 32 * 1024;

    public const string ContentType = "application/xml";

    /// <summary>The body of an error answer. S3 puts it in no namespace.</summary>
    public static void WriteError(S3XmlWriter xml, S3Error error, string message, IReadOnlyList<(string Name, string Value)> fields, string resource, string requestId, string hostId)
    {
        xml.Declaration();
        xml.Start("Error");
        xml.Element("Code", error.Code);
        xml.Element("Message", WellFormed(message));
        foreach (var (name, value) in fields)
            xml.Element(name, WellFormed(value));
        xml.Element("Resource", WellFormed(resource));
        xml.Element("RequestId", requestId);
        xml.Element("HostId", hostId);
        xml.End("Error");
    }

    /// <summary>The answer of PostObject where a form asks for 201.</summary>
    public static void WritePostResponse(S3XmlWriter xml, string location, string bucket, string key, string etag)
    {
        xml.Declaration();
        xml.Start("PostResponse");
        xml.Element("Location", location);
        xml.Element("Bucket", bucket);
        xml.Element("Key", WellFormed(key));
        xml.ETag("ETag", etag);
        xml.End("PostResponse");
    }

    /// <summary>For what a client knows already, a key that it sent or a message: it must not keep a strict parser from the rest. Listings keep the characters, as S3 does, and have encoding-type.</summary>
    private static string WellFormed(string text) =>
        text.Any(IsForbidden) ? string.Create(text.Length, text, static (result, from) =>
        {
            for (var i = 0; i < result.Length; i++) result[i] = IsForbidden(from[i]) ? '\uFFFD' : from[i];
        }) : text;

    // XML 1.0 §2.2, production 2. Lone surrogates are the writer's business.
    private static bool IsForbidden(char c) => c is < ' ' and not '\t' and not '\n' and not '\r' or '\uFFFE' or '\uFFFF';

    public static async ValueTask WriteAsync(PipeWriter pipe, ListBucketsResult result, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("ListAllMyBucketsResult");
        WriteOwner(xml, "Owner", result.Owner);
        xml.Start("Buckets");
        foreach (var bucket in result.Buckets)
        {
            xml.Start("Bucket");
            xml.Element("Name", bucket.Name);
            xml.Element("CreationDate", bucket.Created);
            xml.Optional("BucketRegion", bucket.Region);
            xml.End("Bucket");
            await FlushWhenFullAsync(pipe, cancellationToken);
        }

        xml.End("Buckets");
        xml.Optional("ContinuationToken", result.ContinuationToken);
        xml.Optional("Prefix", result.Prefix);
        xml.End("ListAllMyBucketsResult");
        await FlushAsync(pipe, cancellationToken);
    }

    /// <param name="region">"us-east-1" is written as an empty element, as S3 does; null likewise.</param>
    public static ValueTask WriteLocationAsync(PipeWriter pipe, string? region, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("LocationConstraint");
        if (region is not (null or "us-east-1"))
            xml.Text(region);
        xml.End("LocationConstraint");
        return FlushAsync(pipe, cancellationToken);
    }

    /// <param name="status">"Enabled" or "Suspended"; null where it was never set.</param>
    public static ValueTask WriteVersioningAsync(PipeWriter pipe, string? status, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("VersioningConfiguration");
        xml.Optional("Status", status);
        xml.End("VersioningConfiguration");
        return FlushAsync(pipe, cancellationToken);
    }

    public static ValueTask WriteCopyObjectAsync(PipeWriter pipe, CopyResult result, CancellationToken cancellationToken) => WriteCopyAsync(pipe, "CopyObjectResult", result, cancellationToken);

    public static ValueTask WriteCopyPartAsync(PipeWriter pipe, CopyResult result, CancellationToken cancellationToken) => WriteCopyAsync(pipe, "CopyPartResult", result, cancellationToken);

    public static ValueTask WriteInitiateAsync(PipeWriter pipe, string bucket, string key, string uploadId, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("InitiateMultipartUploadResult");
        xml.Element("Bucket", bucket);
        xml.Element("Key", WellFormed(key));
        xml.Element("UploadId", uploadId);
        xml.End("InitiateMultipartUploadResult");
        return FlushAsync(pipe, cancellationToken);
    }

    public static ValueTask WriteAsync(PipeWriter pipe, CompleteResult result, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("CompleteMultipartUploadResult");
        xml.Element("Location", result.Location);
        xml.Element("Bucket", result.Bucket);
        xml.Element("Key", WellFormed(result.Key));
        xml.ETag("ETag", result.ETag);
        WriteChecksum(xml, result.Checksum);
        xml.End("CompleteMultipartUploadResult");
        return FlushAsync(pipe, cancellationToken);
    }

    /// <summary>The tags of a bucket or object.</summary>
    public static ValueTask WriteTaggingAsync(PipeWriter pipe, IEnumerable<S3Tag> tags, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("Tagging");
        xml.Start("TagSet");
        foreach (var tag in tags) WriteTag(xml, tag);
        xml.End("TagSet");
        xml.End("Tagging");
        return FlushAsync(pipe, cancellationToken);
    }

    /// <param name="quiet">Only errors are told.</param>
    public static async ValueTask WriteDeleteAsync(PipeWriter pipe, IEnumerable<DeleteResultEntry> entries, bool quiet, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("DeleteResult");
        foreach (var entry in entries)
        {
            if (entry.Error is not null)
                WriteDeleteError(xml, entry, entry.Error);
            else if (!quiet)
                WriteDeleted(xml, entry);
            await FlushWhenFullAsync(pipe, cancellationToken);
        }

        xml.End("DeleteResult");
        await FlushAsync(pipe, cancellationToken);
    }

    public static async ValueTask WriteAsync(PipeWriter pipe, ObjectAttributesResult result, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("GetObjectAttributesResponse");
        xml.Optional("ETag", result.ETag);
        if (result.Checksum is not null)
        {
            xml.Start("Checksum");
            WriteChecksum(xml, result.Checksum);
            xml.End("Checksum");
        }

        if (result.Parts is { } parts)
        {
            xml.Start("ObjectParts");
            xml.Element("PartsCount", parts.TotalPartsCount);
            if (parts.Parts is not null)
            {
                xml.Element("PartNumberMarker", parts.PartNumberMarker);
                xml.Element("NextPartNumberMarker", parts.NextPartNumberMarker);
                xml.Element("MaxParts", parts.MaxParts);
                xml.Element("IsTruncated", parts.IsTruncated);
                foreach (var part in parts.Parts)
                {
                    xml.Start("Part");
                    xml.Element("PartNumber", part.PartNumber);
                    xml.Element("Size", part.Size);
                    WritePartChecksum(xml, part);
                    xml.End("Part");
                    await FlushWhenFullAsync(pipe, cancellationToken);
                }
            }

            xml.End("ObjectParts");
        }

        xml.Optional("StorageClass", result.StorageClass);
        if (result.ObjectSize is { } size)
            xml.Element("ObjectSize", size);
        xml.End("GetObjectAttributesResponse");
        await FlushAsync(pipe, cancellationToken);
    }

    private static ValueTask WriteCopyAsync(PipeWriter pipe, string root, CopyResult result, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot(root);
        xml.Element("LastModified", result.LastModified);
        xml.ETag("ETag", result.ETag);
        WriteChecksum(xml, result.Checksum);
        xml.End(root);
        return FlushAsync(pipe, cancellationToken);
    }

    private static void WriteTag(S3XmlWriter xml, in S3Tag tag)
    {
        xml.Start("Tag");
        xml.Element("Key", tag.Key);
        xml.Element("Value", tag.Value);
        xml.End("Tag");
    }

    private static void WriteDeleted(S3XmlWriter xml, in DeleteResultEntry entry)
    {
        xml.Start("Deleted");
        xml.Element("Key", entry.Key);
        xml.Optional("VersionId", entry.VersionId);
        if (entry.IsDeleteMarker)
        {
            xml.Element("DeleteMarker", true);
            xml.Optional("DeleteMarkerVersionId", entry.DeleteMarkerVersionId);
        }

        xml.End("Deleted");
    }

    private static void WriteDeleteError(S3XmlWriter xml, in DeleteResultEntry entry, S3Error error)
    {
        xml.Start("Error");
        xml.Element("Key", entry.Key);
        xml.Optional("VersionId", entry.VersionId);
        xml.Element("Code", error.Code);
        xml.Element("Message", entry.Message ?? error.Message);
        xml.End("Error");
    }

    private static void WriteOwner(S3XmlWriter xml, string element, S3Owner owner)
    {
        xml.Start(element);
        xml.Element("ID", owner.Id);
        xml.Element("DisplayName", owner.DisplayName);
        xml.End(element);
    }

    private static void WriteChecksum(S3XmlWriter xml, ShownChecksum? checksum)
    {
        if (checksum is not { Algorithm: not ChecksumAlgorithm.None } shown)
            return;
        xml.Element(ChecksumNames.Element(shown.Algorithm), shown.Value);
        if (shown.Type is { } type)
            xml.Element("ChecksumType", ChecksumNames.TypeName(type));
    }

    private static void WritePartChecksum(S3XmlWriter xml, in ListedPart part)
    {
        if (part.ChecksumAlgorithm != ChecksumAlgorithm.None && part.Checksum is not null)
            xml.Element(ChecksumNames.Element(part.ChecksumAlgorithm), part.Checksum);
    }

    private static ValueTask FlushWhenFullAsync(PipeWriter pipe, CancellationToken cancellationToken) =>
        pipe.CanGetUnflushedBytes && pipe.UnflushedBytes < UnflushedSizeMax ? ValueTask.CompletedTask : FlushAsync(pipe, cancellationToken);

    private static async ValueTask FlushAsync(PipeWriter pipe, CancellationToken cancellationToken)
    {
        var result = await pipe.FlushAsync(cancellationToken);
        // The reader is gone: there is nobody to go on writing for.
        if (result.IsCompleted)
            throw new ClientDisconnectedException();
    }
}
