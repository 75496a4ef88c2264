using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Oort.Checksums;

namespace Oort.S3;

/// <summary>Reads the XML that requests carry into records.</summary>
/// <remarks>Strict: an element that is not known is refused, since it might be a condition that somebody relies on. Every reader throws <see cref="S3Exception"/> (MalformedXML) for what is not the document it wants.</remarks>
public static class S3Documents
{
    /// <summary>Bytes of a body in general, where S3 documents no other limit.</summary>
    public const int SizeMax = 1024 * 1024;

    /// <summary>Bytes of a DeleteObjects body: 1,000 keys of 1,024 bytes with references for special characters, and version ids.</summary>
    public const int DeleteSizeMax = 4 * 1024 * 1024;

    /// <summary>Bytes of a CompleteMultipartUpload body: 10,000 parts with ETag and a SHA-256 each are 1.8 MB, more when indented.</summary>
    public const int CompleteSizeMax = 4 * 1024 * 1024;

    /// <summary>S3 API: DeleteObjects.</summary>
    public const int DeleteCountMax = 1000;

    /// <summary>S3 API: "Using cost allocation S3 bucket tags".</summary>
    public const int BucketTagCountMax = 50;

    /// <summary>S3 API: multipart upload limits.</summary>
    public const int PartCountMax = 10_000;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Reads a request's body whole. Its bytes were verified against signature, payload hash and length when this returns.</summary>
    /// <exception cref="S3Exception">EntityTooLarge is not a thing here: S3 answers MaxMessageLengthExceeded.</exception>
    public static async ValueTask<byte[]> ReadBodyAsync(S3Request request, int sizeMax, CancellationToken cancellationToken)
    {
        if (request.ContentLength > sizeMax)
            throw TooLong(sizeMax);
        var reader = request.Body;
        while (true)
        {
            var result = await reader.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            if (buffer.Length > sizeMax)
                throw TooLong(sizeMax);
            if (result.IsCompleted)
            {
                var bytes = buffer.ToArray();
                reader.AdvanceTo(buffer.End);
                return bytes;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <returns>Null where the body is empty, which S3 allows.</returns>
    public static CreateBucketDocument? ParseCreateBucket(byte[] body)
    {
        if (body.Length == 0)
            return null;
        return S3XmlReader.Parse(body, "CreateBucketConfiguration", static xml =>
        {
            string? location = null;
            string? type = null;
            var tags = new List<S3Tag>();
            xml.Children(name =>
            {
                switch (name)
                {
                    case "LocationConstraint": location = xml.Text(); break;
                    case "Location": xml.Children(_ => xml.Text()); break;
                    case "Bucket": xml.Children(inner => { if (inner == "Type") type = xml.Text(); else _ = xml.Text(); }); break;
                    case "Tags": xml.Children(inner => S3Headers.AddTag(ReadTag(xml, inner), tags, BucketTagCountMax)); break;
                    default: throw S3XmlReader.Unknown(name);
                }
            });
            return new CreateBucketDocument(location, type, tags);
        });
    }

    public static DeleteDocument ParseDelete(byte[] body) => S3XmlReader.Parse(body, "Delete", static xml =>
    {
        var objects = new List<DeleteEntry>();
        var quiet = false;
        xml.Children(name =>
        {
            switch (name)
            {
                case "Quiet": quiet = xml.Flag(); break;
                case "Object":
                    if (objects.Count == DeleteCountMax)
                        throw S3XmlReader.Malformed(null);
                    objects.Add(ReadDeleteEntry(xml));
                    break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        return objects.Count > 0 ? new DeleteDocument(objects, quiet) : throw S3XmlReader.Malformed(null);
    });

    public static CompleteMultipartDocument ParseCompleteMultipart(byte[] body) => S3XmlReader.Parse(body, "CompleteMultipartUpload", static xml =>
    {
        var parts = new List<CompletedPart>();
        xml.Children(name =>
        {
            if (name != "Part")
                throw S3XmlReader.Unknown(name);
            if (parts.Count == PartCountMax)
                throw S3XmlReader.Malformed(null);
            parts.Add(ReadPart(xml));
        });
        return parts.Count > 0 ? new CompleteMultipartDocument(parts) : throw S3XmlReader.Malformed(null);
    });

    public static VersioningDocument ParseVersioning(byte[] body) => S3XmlReader.Parse(body, "VersioningConfiguration", static xml =>
    {
        string? status = null;
        string? mfa = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "Status": status = OneOf(xml.Text(), "Enabled", "Suspended"); break;
                case "MfaDelete" or "MFADelete": mfa = OneOf(xml.Text(), "Enabled", "Disabled"); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        return new VersioningDocument(status, mfa);
    });

    /// <summary>Body of PutObjectTagging and PutBucketTagging.</summary>
    /// <param name="countMax">Tags at most.</param>
    /// <exception cref="S3Exception">InvalidTag: too many, too long, or a key twice.</exception>
    public static IReadOnlyList<S3Tag> ParseTagging(byte[] body, int countMax = S3Headers.TagCountMax) => S3XmlReader.Parse(body, "Tagging", xml =>
    {
        var tags = new List<S3Tag>();
        var sets = 0;
        xml.Children(name =>
        {
            if (name != "TagSet" || ++sets > 1)
                throw S3XmlReader.Unknown(name);
            xml.Children(inner => S3Headers.AddTag(ReadTag(xml, inner), tags, countMax));
        });
        return sets == 1 ? tags : throw S3XmlReader.Malformed(null);
    });

    private static S3Exception TooLong(int sizeMax) =>
        new(S3Errors.MaxMessageLengthExceeded, null, ("MaxMessageLengthBytes", sizeMax.ToString(CultureInfo.InvariantCulture)));

    internal static S3Tag ReadTag(S3XmlReader xml, string element)
    {
        if (element != "Tag")
            throw S3XmlReader.Unknown(element);
        string? key = null;
        string? value = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "Key": key = xml.Text(); break;
                case "Value": value = xml.Text(); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        return key is not null && value is not null ? new S3Tag(key, value) : throw S3XmlReader.Malformed(null);
    }

    private static DeleteEntry ReadDeleteEntry(S3XmlReader xml)
    {
        string? key = null, version = null, etag = null, modified = null, size = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "Key": key = xml.Text(); break;
                case "VersionId": version = xml.Text(); break;
                case "ETag": etag = xml.Text(); break;
                case "LastModifiedTime": modified = xml.Text(); break;
                case "Size": size = xml.Text(); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        if (string.IsNullOrEmpty(key))
            throw S3XmlReader.Malformed(null);
        CheckText(key);
        return new DeleteEntry(key, string.IsNullOrEmpty(version) ? null : version, etag, modified, size);
    }

    private static CompletedPart ReadPart(S3XmlReader xml)
    {
        int? number = null;
        string? etag = null;
        List<(ChecksumAlgorithm, string)>? checksums = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "PartNumber": number = ReadPartNumber(xml.Text()); break;
                case "ETag": etag = xml.Text().Trim().Trim('"'); break;
                default: (checksums ??= []).Add((ReadChecksumElement(name), xml.Text().Trim())); break;
            }
        });
        if (number is not { } value || string.IsNullOrEmpty(etag))
            throw S3XmlReader.Malformed(null);
        return new CompletedPart(value, etag, checksums ?? (IReadOnlyList<(ChecksumAlgorithm, string)>)[]);
    }

    private static int ReadPartNumber(string text) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= PartCountMax
            ? number
            : throw new S3Exception(S3Errors.InvalidArgument, "PartNumber must be >= 1 and <= 10000", ("ArgumentName", "partNumber"), ("ArgumentValue", text.Length <= 64 ? text : text[..64]));

    private static ChecksumAlgorithm ReadChecksumElement(string element)
    {
        const string Prefix = "Checksum";
        if (!element.StartsWith(Prefix, StringComparison.Ordinal))
            throw S3XmlReader.Unknown(element);
        foreach (var algorithm in ChecksumNames.All)
        {
            if (element == ChecksumNames.Element(algorithm))
                return algorithm;
        }

        throw S3XmlReader.Unknown(element);
    }

    private static string OneOf(string text, string first, string second) =>
        text == first ? first : text == second ? second : throw S3XmlReader.Malformed(null);

    // A reference like &#xD800; gives half a surrogate pair, which nothing can hold that is stored as UTF-8.
    internal static void CheckText(string? text)
    {
        try
        {
            Strict.GetByteCount(text ?? "");
        }
        catch (EncoderFallbackException)
        {
            throw S3XmlReader.Malformed(null);
        }
    }
}
