using System.Buffers;
using System.Globalization;
using System.Net;
using Oort.Checksums;

namespace Oort.S3.Client;

public sealed partial class S3Client
{
    /// <summary>S3 API: DeleteObjects.</summary>
    public const int DeleteCountMax = 1000;

    /// <summary>S3 API: HeadObject.</summary>
    /// <param name="partNumber">Asks for one part: its length, and how many there are.</param>
    public async Task<S3ObjectInfo> HeadObjectAsync(string bucket, string key, string? versionId, int? partNumber, CancellationToken cancellationToken)
    {
        var call = new S3Call(HttpMethod.Head, "HeadObject", bucket, key).WithOptional("versionId", versionId)
            .WithOptional("partNumber", partNumber?.ToString(CultureInfo.InvariantCulture)).Header("x-amz-checksum-mode", "ENABLED");
        using var exchange = await sender.SendAsync(call, cancellationToken);
        return ObjectHeaders.Read(exchange);
    }

    /// <summary>S3 API: GetObject, of the whole object or a range. The body goes on after a cut, as long as the object is the same.</summary>
    /// <param name="ifMatch">ETag (no quotes) that it must have, else PreconditionFailed; null: any.</param>
    /// <param name="offset">First byte; 0 with <paramref name="length"/> null: the whole object.</param>
    /// <param name="length">Bytes; null: to the end. At least 1.</param>
    public async Task<S3Download> GetObjectAsync(string bucket, string key, string? versionId, string? ifMatch, long offset, long? length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (length is < 1) throw new ArgumentOutOfRangeException(nameof(length), length, "A range has at least one byte.");
        var exchange = await sender.SendAsync(GetCall(bucket, key, versionId, ifMatch, offset, length), cancellationToken);
        try
        {
            var info = ObjectHeaders.Read(exchange);
            CheckRange(exchange, info, offset, length);
            var isWhole = info.Length == info.Size;
            var match = ifMatch ?? (info.ETag.Length > 0 ? info.ETag : null);
            var end = offset + info.Length;
            var body = new ResumingStream(exchange, info.Length, $"s3://{bucket}/{key}", isWhole ? info.Checksum : null, ReopenAsync, (attempt, token) => sender.DelayAsync(attempt, null, token));
            return new(info, body);

            async Task<S3Exchange> ReopenAsync(long done, CancellationToken token)
            {
                // Without an ETag nothing says that it is still the same object.
                if (match is null) throw new S3ClientException(S3ErrorKind.Transient, $"GetObject of s3://{bucket}/{key} broke off, and without an ETag it cannot go on.");
                var again = await sender.SendAsync(GetCall(bucket, key, versionId, match, offset + done, end - offset - done), token);
                try
                {
                    var now = ObjectHeaders.Read(again);
                    CheckRange(again, now, offset + done, end - offset - done);
                    return again;
                }
                catch
                {
                    again.Dispose();
                    throw;
                }
            }
        }
        catch
        {
            exchange.Dispose();
            throw;
        }
    }

    /// <summary>S3 API: PutObject.</summary>
    public async Task<S3Stored> PutObjectAsync(string bucket, string key, S3Body body, S3PutOptions options, CancellationToken cancellationToken)
    {
        var call = new S3Call(HttpMethod.Put, "PutObject", bucket, key) { Stream = body };
        options.AddTo(call, withConditions: true);
        using var exchange = await sender.SendAsync(call, cancellationToken);
        return Stored(exchange);
    }

    /// <summary>S3 API: CopyObject, within one service.</summary>
    /// <param name="replaced">What the copy gets instead of the source's metadata and tags; null: the source's.</param>
    public async Task<S3Stored> CopyObjectAsync(string sourceBucket, string sourceKey, string? sourceVersionId, string bucket, string key, S3PutOptions? replaced, CancellationToken cancellationToken)
    {
        var source = $"{UrlEncoding.Encode(sourceBucket, keepSlash: false)}/{UrlEncoding.Encode(sourceKey, keepSlash: true)}{(sourceVersionId is null ? "" : "?versionId=" + UrlEncoding.Encode(sourceVersionId, keepSlash: false))}";
        var call = new S3Call(HttpMethod.Put, "CopyObject", bucket, key) { IsSlow = true }.Header("x-amz-copy-source", source);
        if (replaced is not null)
        {
            call.Header("x-amz-metadata-directive", "REPLACE").Header("x-amz-tagging-directive", "REPLACE");
            replaced.AddTo(call, withConditions: true);
        }

        var document = await SendDocumentAsync(call, cancellationToken);
        return new(ReadETag(document, "CopyObjectResult"), null);
    }

    /// <summary>S3 API: DeleteObject. What is not there counts as deleted.</summary>
    public Task DeleteObjectAsync(string bucket, string key, string? versionId, CancellationToken cancellationToken) =>
        SendEmptyAsync(new S3Call(HttpMethod.Delete, "DeleteObject", bucket, key).WithOptional("versionId", versionId), "x-amz-version-id", cancellationToken);

    /// <summary>S3 API: DeleteObjects.</summary>
    /// <param name="keys">1 to <see cref="DeleteCountMax"/>.</param>
    /// <returns>Those that were not deleted, with the reason.</returns>
    public async Task<IReadOnlyList<S3DeleteOutcome>> DeleteObjectsAsync(string bucket, IReadOnlyList<(string Key, string? VersionId)> keys, CancellationToken cancellationToken)
    {
        if (keys.Count is 0 or > DeleteCountMax) throw new ArgumentException($"1 to {DeleteCountMax} keys are deleted at once.", nameof(keys));
        var document = Write("Delete", xml =>
        {
            xml.Element("Quiet", true);
            foreach (var (key, versionId) in keys)
            {
                xml.Start("Object");
                xml.Element("Key", key);
                xml.Optional("VersionId", versionId);
                xml.End("Object");
            }
        });
        var answer = await SendDocumentAsync(WithDigest(new S3Call(HttpMethod.Post, "DeleteObjects", bucket, null) { Document = document, IsSlow = true }).With("delete", null), cancellationToken);
        var failed = new List<S3DeleteOutcome>();
        AnswerReader.Parse(answer, "DeleteResult", xml => xml.Children(name =>
        {
            if (name != "Error" || failed.Count > keys.Count)
            {
                xml.Skip();
                return;
            }

            string key = "", code = "", message = "";
            string? version = null;
            xml.Children(field =>
            {
                switch (field)
                {
                    case "Key": key = xml.Text(); break;
                    case "VersionId": version = xml.Text(); break;
                    case "Code": code = xml.Text(); break;
                    case "Message": message = xml.Text(); break;
                    default: xml.Skip(); break;
                }
            });
            failed.Add(new(key, version, code, message));
        }));
        return failed;
    }

    /// <summary>S3 API: GetObjectTagging.</summary>
    public async Task<IReadOnlyList<S3Tag>> GetTagsAsync(string bucket, string key, string? versionId, CancellationToken cancellationToken)
    {
        var tags = new List<S3Tag>();
        var answer = await SendDocumentAsync(new S3Call(HttpMethod.Get, "GetObjectTagging", bucket, key).With("tagging", null).WithOptional("versionId", versionId), cancellationToken);
        AnswerReader.Parse(answer, "Tagging", xml => xml.Children(set =>
        {
            if (set != "TagSet") xml.Skip();
            else xml.Children(_ => tags.Add(ReadTag(xml, tags.Count)));
        }));
        return tags;
    }

    /// <summary>S3 API: PutObjectTagging; none: DeleteObjectTagging.</summary>
    public Task PutTagsAsync(string bucket, string key, string? versionId, IReadOnlyList<S3Tag> tags, CancellationToken cancellationToken)
    {
        if (tags.Count == 0) return SendEmptyAsync(new S3Call(HttpMethod.Delete, "DeleteObjectTagging", bucket, key).With("tagging", null).WithOptional("versionId", versionId), "x-amz-version-id", cancellationToken);
        var document = Write("Tagging", xml =>
        {
            xml.Start("TagSet");
            foreach (var tag in tags)
            {
                xml.Start("Tag");
                xml.Element("Key", tag.Key);
                xml.Element("Value", tag.Value);
                xml.End("Tag");
            }

            xml.End("TagSet");
        });
        var call = WithDigest(new S3Call(HttpMethod.Put, "PutObjectTagging", bucket, key) { Document = document }).With("tagging", null).WithOptional("versionId", versionId);
        return SendEmptyAsync(call, "x-amz-version-id", cancellationToken);
    }

    /// <summary>S3 API: RestoreObject, of an archived object for some days.</summary>
    /// <param name="tier">Expedited, Standard or Bulk.</param>
    public Task RestoreObjectAsync(string bucket, string key, string? versionId, int days, string tier, CancellationToken cancellationToken)
    {
        var document = Write("RestoreRequest", xml =>
        {
            xml.Element("Days", days);
            xml.Start("GlacierJobParameters");
            xml.Element("Tier", tier);
            xml.End("GlacierJobParameters");
        });
        var call = WithDigest(new S3Call(HttpMethod.Post, "RestoreObject", bucket, key) { Document = document }).With("restore", null).WithOptional("versionId", versionId);
        return SendEmptyAsync(call, "x-amz-request-id", cancellationToken);
    }

    private static S3Call GetCall(string bucket, string key, string? versionId, string? ifMatch, long offset, long? length)
    {
        var call = new S3Call(HttpMethod.Get, "GetObject", bucket, key).WithOptional("versionId", versionId).Header("x-amz-checksum-mode", "ENABLED");
        if (ifMatch is not null) call.Header("If-Match", $"\"{ifMatch}\"");
        if (offset > 0 || length is not null) call.Header("Range", string.Create(CultureInfo.InvariantCulture, $"bytes={offset}-{(length is { } count ? offset + count - 1 : null)}"));
        return call;
    }

    /// <summary>A server that sends other bytes than those asked for would have them stored in their place.</summary>
    private static void CheckRange(S3Exchange exchange, S3ObjectInfo info, long offset, long? length)
    {
        var isRange = offset > 0 || length is not null;
        if (!isRange)
        {
            if (exchange.Response.StatusCode != HttpStatusCode.OK || info.Length != info.Size) throw AnswerReader.Bad("the whole object was asked for, and a part of it came");
            return;
        }

        var range = exchange.Response.Content.Headers.ContentRange;
        // A range that is the whole object may be answered as such.
        if (range is null && offset == 0 && length == info.Size && exchange.Response.StatusCode == HttpStatusCode.OK) return;
        var last = length is { } count ? Math.Min(offset + count, info.Size) - 1 : info.Size - 1;
        if (exchange.Response.StatusCode != HttpStatusCode.PartialContent || range?.From != offset || range.To != last || info.Length != last - offset + 1)
            throw AnswerReader.Bad(string.Create(CultureInfo.InvariantCulture, $"bytes {offset} to {last} were asked for, and others came"));
    }

    private static S3Stored Stored(S3Exchange exchange) => new((exchange.Header("ETag") ?? "").Trim().Trim('"'), exchange.Header("x-amz-version-id"));

    private static string ReadETag(byte[] document, string root)
    {
        var etag = "";
        AnswerReader.Parse(document, root, xml => xml.Children(name =>
        {
            if (name == "ETag") etag = xml.ETag();
            else xml.Skip();
        }));
        return etag.Length > 0 ? etag : throw AnswerReader.Bad("it names no ETag");
    }

    private static S3Tag ReadTag(AnswerReader xml, int before)
    {
        if (before >= S3Headers.TagCountMax * 10) throw AnswerReader.Bad("there are too many tags");
        string key = "", value = "";
        xml.Children(name =>
        {
            switch (name)
            {
                case "Key": key = xml.Text(); break;
                case "Value": value = xml.Text(); break;
                default: xml.Skip(); break;
            }
        });
        return new(key, value);
    }

    private static byte[] Write(string root, Action<S3XmlWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        var xml = new S3XmlWriter(buffer);
        xml.StartRoot(root);
        content(xml);
        xml.End(root);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Some operations demand a digest of their document; every service knows this one.</summary>
    private static S3Call WithDigest(S3Call call)
    {
        Span<byte> digest = stackalloc byte[Md5.Size];
        Md5.Hash(call.Document, digest);
        return call.Header("Content-MD5", Convert.ToBase64String(digest)).Header("Content-Type", "application/xml");
    }
}
