using Oort.S3.Client;

namespace Oort.Cli.Export;

/// <summary>A bucket of another S3 service: objects keep bytes, metadata, tags and, by being uploaded in the same parts, their ETag.</summary>
internal sealed class ServiceTarget(S3Client source, string bucket, S3Client target, string targetBucket, string prefix) : IExportTarget
{
    /// <summary>Bytes of one PUT (S3 API: PutObject); what is larger and was not uploaded in parts cannot be.</summary>
    private const long SinglePutMax = 5L << 30;

    /// <remarks>1. What is there. 2. What is here. 3. Its bytes, in the parts they were uploaded in. 4. The ETag must be the same, where it is one of bytes alone, and the length always.</remarks>
    public async Task<bool> CopyAsync(S3Item item, CancellationToken cancellationToken)
    {
        // 1.
        var key = prefix + item.Key;
        try
        {
            var there = await target.HeadObjectAsync(targetBucket, key, null, null, cancellationToken);
            if (there.ETag == item.ETag && there.Size == item.Size) return false;
        }
        catch (S3ClientException e) when (e.Kind == S3ErrorKind.NotFound)
        {
            // To be copied.
        }

        // 2.
        var info = await source.HeadObjectAsync(bucket, item.Key, null, null, cancellationToken);
        var options = new S3PutOptions
        {
            Headers = info.Headers,
            UserMetadata = info.UserMetadata,
            Tags = info.TagCount > 0 ? await source.GetTagsAsync(bucket, item.Key, null, cancellationToken) : [],
        };

        // 3.
        var sizes = await source.FindPartSizesAsync(bucket, item.Key, null, info, cancellationToken);
        if (sizes is null && info.Size > SinglePutMax) throw new IOException("It is larger than one PUT may be, and the parts it was uploaded in are not known.");
        var etag = sizes is null
            ? (await target.PutObjectAsync(targetBucket, key, Body(item.Key, info, 0, info.Size), options, cancellationToken)).ETag
            : await CopyPartsAsync(item.Key, key, info, sizes, options, cancellationToken);

        // 4. Services with keys of their own have ETags of their own. One that knows no trailers stores the framing with the bytes: its length tells.
        if (etag == info.ETag) return true;
        var stored = await target.HeadObjectAsync(targetBucket, key, null, null, cancellationToken);
        if (stored.Size != info.Size) throw new IOException($"The target stored {stored.Size} bytes instead of {info.Size}; if it knows no trailing checksums, say --target-plain.");
        var isComparable = etag.Contains('-', StringComparison.Ordinal) == info.ETag.Contains('-', StringComparison.Ordinal) && (stored.Encryption is null or "AES256");
        if (isComparable) throw new IOException($"The target stored it with the ETag {etag} instead of {info.ETag}.");
        return true;
    }

    private async Task<string> CopyPartsAsync(string sourceKey, string key, S3ObjectInfo info, IReadOnlyList<long> sizes, S3PutOptions options, CancellationToken cancellationToken)
    {
        var upload = await target.CreateUploadAsync(targetBucket, key, options, cancellationToken);
        try
        {
            var parts = new List<S3Part>(sizes.Count);
            var offset = 0L;
            foreach (var size in sizes)
            {
                var number = parts.Count + 1;
                parts.Add(new(number, size, await target.UploadPartAsync(targetBucket, key, upload, number, Body(sourceKey, info, offset, size), cancellationToken)));
                offset += size;
            }

            return (await target.CompleteUploadAsync(targetBucket, key, upload, parts, options, cancellationToken)).ETag;
        }
        catch
        {
            await target.AbortUploadAsync(targetBucket, key, upload, CancellationToken.None);
            throw;
        }
    }

    private S3Body Body(string key, S3ObjectInfo info, long offset, long length)
    {
        if (length == 0) return new(0, _ => ValueTask.FromResult(Stream.Null));
        var isWhole = length == info.Size;
        return new(length, async token => (await source.GetObjectAsync(bucket, key, null, info.ETag, offset, isWhole ? null : length, token)).Body)
        {
            ContentMd5 = isWhole && info.IsETagMd5 ? Convert.FromHexString(info.ETag) : null,
        };
    }

    public ValueTask DisposeAsync()
    {
        target.Dispose();
        return ValueTask.CompletedTask;
    }
}
