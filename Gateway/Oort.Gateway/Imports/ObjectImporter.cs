using System.Collections.Immutable;
using System.IO.Pipelines;
using Oort.Checksums;
using Oort.Gateway.Encryption;
using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.Objects;
using Oort.S3;
using Oort.S3.Client;

namespace Oort.Gateway.Imports;

/// <summary>What became of one key.</summary>
public enum ImportOutcome
{
    Copied,

    /// <summary>Copied, but the source gave nothing that its bytes could be held against but their number.</summary>
    CopiedUnverified,

    /// <summary>The same object is here already.</summary>
    Present,

    /// <summary>What is here was written or deleted here, and stays.</summary>
    Kept,

    /// <summary>The source does not have it (any more).</summary>
    Gone,
}

/// <summary>Copies one object from a source into a bucket, as it is there: bytes, metadata, tags, ETag.</summary>
/// <remarks>Whether it may be stored is decided in the commit, by a condition on what was here: a write or delete that comes between wins.</remarks>
internal sealed class ObjectImporter(IObjectLayer layer, S3Client source, ImportSettings settings, TimeProvider time)
{
    /// <summary>Parts into which an object is cut that one PUT cannot take and whose own parts are not known.</summary>
    private const long PartSize = 512L << 20;

    /// <param name="listed">The source's ETag as just listed, or null: it is asked for.</param>
    /// <remarks>1. What is here. 2. What is there. 3. Its bytes, in the parts they were uploaded in, under the condition that nothing changed here.</remarks>
    /// <exception cref="S3ClientException">The source does not give it.</exception>
    /// <exception cref="BodyMismatchException">The bytes do not have the ETag or checksum that the source says.</exception>
    public async Task<(ImportOutcome Outcome, long Size)> CopyAsync(BucketRow bucket, string key, string? listed, Pacer pacer, CancellationToken cancellationToken)
    {
        // 1.
        var current = await layer.Metadata.FindVersionAsync(bucket.Id, key, null, cancellationToken);
        if (current is { IsDeleteMarker: true }) return (ImportOutcome.Kept, 0);
        var before = current is null ? null : ImportedFrom.Of(current.Attributes);
        if (current is not null && listed is not null && Compare(current, before, listed) is { } known) return (known, 0);

        // 2.
        S3ObjectInfo info;
        try
        {
            info = await source.HeadObjectAsync(settings.Bucket, key, null, null, cancellationToken);
        }
        catch (S3ClientException e) when (e.Kind == S3ErrorKind.NotFound)
        {
            return (ImportOutcome.Gone, 0);
        }

        if (current is not null && Compare(current, before, info.ETag) is { } found) return (found, 0);
        var conditions = current is null ? WriteConditions.None with { IfNoVersion = true } : WriteConditions.None with { IfMatch = current.ETag };
        var attributes = await AttributesAsync(key, info, cancellationToken);

        // 3.
        var sizes = await source.FindPartSizesAsync(settings.Bucket, key, null, info, cancellationToken) ?? (info.Size > Limits.SinglePut ? Cut(info.Size) : null);
        var (outcome, isVerified) = sizes is null
            ? await CopyWholeAsync(bucket, key, info, attributes, conditions, pacer, cancellationToken)
            : await CopyPartsAsync(bucket, key, info, sizes, attributes, conditions, pacer, cancellationToken);
        return outcome switch
        {
            CommitOutcome.Done => (isVerified ? ImportOutcome.Copied : ImportOutcome.CopiedUnverified, info.Size),
            CommitOutcome.PreconditionFailed or CommitOutcome.NoSuchKey => (ImportOutcome.Kept, 0),
            var other => throw new S3Exception(Errors.InnerErrors.Of(other)),
        };
    }

    /// <returns>Null: what is here came from the source, which has another object now.</returns>
    private static ImportOutcome? Compare(VersionRow current, ImportedFrom? before, string etag)
    {
        if (before is not null) return before.ETag == etag ? ImportOutcome.Present : null;
        return current.ETag == etag ? ImportOutcome.Present : ImportOutcome.Kept;
    }

    private async Task<ObjectAttributes> AttributesAsync(string key, S3ObjectInfo info, CancellationToken cancellationToken)
    {
        var attributes = AttributesOf(info);
        if (info.TagCount > 0) attributes = ObjectTags.Set(attributes, await source.GetTagsAsync(settings.Bucket, key, null, cancellationToken));
        return attributes;
    }

    /// <summary>What the source's headers say, as an object here has it.</summary>
    public static ObjectAttributes AttributesOf(S3ObjectInfo info) => new ImportedFrom(info.ETag, info.LastModified).PutInto(ObjectAttributes.Empty with
    {
        Headers = info.Headers.ToImmutableSortedDictionary(StringComparer.Ordinal),
        UserMetadata = info.UserMetadata.ToImmutableSortedDictionary(StringComparer.Ordinal),
    });

    private async Task<(CommitOutcome Outcome, bool IsVerified)> CopyWholeAsync(BucketRow bucket, string key, S3ObjectInfo info, ObjectAttributes attributes, WriteConditions conditions, Pacer pacer, CancellationToken cancellationToken)
    {
        await using var download = await source.GetObjectAsync(settings.Bucket, key, null, info.ETag.Length > 0 ? info.ETag : null, 0, null, cancellationToken);
        var known = download.Info.Checksum;
        var checksum = known is { } shown ? new BodyChecksum(shown.Algorithm, Convert.FromBase64String(shown.Value), null) : new BodyChecksum(PutObject.DefaultChecksum, null, null);
        var body = Body(download, pacer, download.Info.IsETagMd5 ? Convert.FromHexString(info.ETag) : null, checksum);
        using var sealing = await ObjectSealing.OfBucketAsync(layer.Keys, bucket, cancellationToken);
        var result = await layer.PutObjectAsync(bucket, key, bucket.OwnerId, StorageClasses.Standard, sealing.Describe(attributes), sealing.Seal(body), conditions, cancellationToken);
        return (result.Outcome, known is not null || download.Info.IsETagMd5);
    }

    /// <summary>By an upload in the same parts, so that the ETag comes out the same; what is left of one that fails is aborted.</summary>
    private async Task<(CommitOutcome Outcome, bool IsVerified)> CopyPartsAsync(BucketRow bucket, string key, S3ObjectInfo info, IReadOnlyList<long> sizes, ObjectAttributes attributes, WriteConditions conditions, Pacer pacer, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        using var sealing = await ObjectSealing.OfBucketAsync(layer.Keys, bucket, cancellationToken);
        attributes = sealing.Describe(attributes);
        var algorithm = info.Checksum is { } known && known.Algorithm.Combines() ? known.Algorithm : PutObject.DefaultChecksum;
        var upload = new UploadRow { Bucket = bucket.Id, Key = key, Id = UploadId.Create(now), Initiated = now, OwnerId = bucket.OwnerId, Attributes = attributes, ChecksumAlgorithm = algorithm, ChecksumType = ChecksumType.FullObject };
        Errors.InnerErrors.ThrowUnlessDone(await layer.Metadata.CreateUploadAsync(upload, cancellationToken));
        var isDone = false;
        try
        {
            var parts = new Dictionary<int, PartRow>();
            var offset = 0L;
            foreach (var (index, size) in sizes.Index())
            {
                parts[index + 1] = await CopyPartAsync(upload, sealing, key, info, index + 1, offset, size, algorithm, pacer, cancellationToken);
                offset += size;
            }

            var chosen = ChosenParts.Choose(upload, parts, new([.. parts.Values.OrderBy(part => part.PartNumber).Select(part => new CompletedPart(part.PartNumber, part.ETag, []))]), partSizeMin: 0);
            var hasSameChecksum = info.Checksum is { } expected && chosen.Checksum is { } actual && actual.Algorithm == expected.Algorithm;
            if (hasSameChecksum && Convert.ToBase64String(chosen.Checksum!.Value.AsSpan()) != info.Checksum!.Value.Value) throw new BodyMismatchException(BodyMismatch.Checksum);
            var result = await layer.Metadata.CompleteUploadAsync(new(bucket.Id, key, upload.Id, chosen.Parts, chosen.ETag, attributes with { Checksum = chosen.Checksum }, conditions), cancellationToken);
            isDone = result.Outcome == CommitOutcome.Done;
            return (result.Outcome, hasSameChecksum || chosen.ETag == info.ETag);
        }
        finally
        {
            // Not by the caller's token: it may be what ended this.
            if (!isDone) await layer.Metadata.AbortUploadAsync(bucket.Id, key, upload.Id, CancellationToken.None);
        }
    }

    private async Task<PartRow> CopyPartAsync(UploadRow upload, ObjectSealing sealing, string key, S3ObjectInfo info, int number, long offset, long size, ChecksumAlgorithm algorithm, Pacer pacer, CancellationToken cancellationToken)
    {
        // An object without bytes has one part without bytes, which no range can name.
        await using var download = size == 0 ? null : await source.GetObjectAsync(settings.Bucket, key, null, info.ETag, offset, size, cancellationToken);
        var checksum = new BodyChecksum(algorithm, null, null);
        var body = download is null ? new ObjectBody(PipeReader.Create(Stream.Null), 0, null, checksum) : Body(download, pacer, null, checksum);
        var (outcome, part, _) = await layer.PutPartAsync(upload, number, sealing.Seal(body), cancellationToken);
        Errors.InnerErrors.ThrowUnlessDone(outcome);
        return part!;
    }

    private static ObjectBody Body(S3Download download, Pacer pacer, byte[]? md5, BodyChecksum checksum) =>
        new(PipeReader.Create(new PacedStream(download.Body, pacer), new StreamPipeReaderOptions(bufferSize: 64 * 1024, minimumReadSize: 16 * 1024)), download.Info.Length, md5, checksum);

    private static long[] Cut(long size)
    {
        var partSize = Math.Max(PartSize, (size + Limits.PartCount - 1) / Limits.PartCount);
        return [.. Enumerable.Range(0, (int)((size + partSize - 1) / partSize)).Select(i => Math.Min(partSize, size - i * partSize))];
    }
}
