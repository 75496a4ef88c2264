using System.Security.Cryptography;
using Oort.S3.Client;

namespace Oort.Backends.S3;

public sealed partial class S3NetworkBackend
{
    private async Task<NetworkItem> BeginAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        if (item.Length > Traits.ItemLengthMax) throw new BackendException(BackendErrorKind.Permanent, $"Item {item.Id} has {item.Length} bytes, and {Traits.ItemLengthMax} go in 10,000 parts; raise the size of a part.");
        var key = KeyOf(item);
        // 1.
        var notes = new ItemNotes(await ItemHashes.ComputeAsync(item, source, cancellationToken), 0, 0, "");
        // 2.
        if (await FindAsync(key, null, cancellationToken) is { } there) return Accepted(item, notes, there, key);
        var put = new S3PutOptions { StorageClass = options.StorageClass, Headers = new Dictionary<string, string> { ["content-type"] = "application/octet-stream" } };
        // 3. Not repeated by the client: a put whose answer was lost is found by 2, and not paid for again.
        if (item.Length <= options.PartsAbove)
        {
            var body = new S3Body(item.Length, _ => ValueTask.FromResult<Stream>(new SourceStream(source, 0, item.Length))) { ContentMd5 = notes.Hashes.Md5.ToArray(), IsRepeatable = false };
            var stored = await client.PutObjectAsync(options.Bucket, key, body, put, cancellationToken);
            return Accepted(item, notes, stored.VersionId, key);
        }

        // 4. One that a step before has begun, and never told of, is not left behind.
        await AbortUploadsAsync(key, cancellationToken);
        var upload = await client.CreateUploadAsync(options.Bucket, key, put, cancellationToken);
        if (System.Text.Encoding.UTF8.GetByteCount(upload) > ItemNotes.UploadSizeMax)
        {
            await client.AbortUploadAsync(options.Bucket, key, upload, cancellationToken);
            throw new BackendException(BackendErrorKind.Permanent, $"The cloud's name for an upload has more than {ItemNotes.UploadSizeMax} bytes; send items in one part to it.");
        }

        var partSize = options.PartSize;
        return item with { State = ItemState.Uploading, Progress = (notes with { PartSize = partSize, NextPart = 1, UploadId = upload }).Write(), NextStep = time.GetUtcNow() };
    }

    private async Task<NetworkItem> SendPartsAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        // 5.
        var (key, notes) = (KeyOf(item), ItemNotes.Read(item.Progress, item.Length));
        var count = (int)ItemNotes.PartCountOf(item.Length, notes.PartSize);
        try
        {
            var taken = (await client.ListPartsAsync(options.Bucket, key, notes.UploadId, cancellationToken)).Where(part => part.Number <= count && part.Size == SizeOf(part.Number)).DistinctBy(part => part.Number).ToDictionary(part => part.Number);
            var missing = Enumerable.Range(1, count).Where(number => !taken.ContainsKey(number)).ToList();
            if (missing.Count == 0)
            {
                var stored = await client.CompleteUploadAsync(options.Bucket, key, notes.UploadId, [.. taken.Values.OrderBy(part => part.Number)], S3PutOptions.None, cancellationToken);
                return await CompletedAsync(stored.VersionId);
            }

            foreach (var number in missing.Take(options.PartsPerStep)) await SendPartAsync(key, notes.UploadId, number, source, (number - 1) * notes.PartSize, SizeOf(number), cancellationToken);
            var next = missing.Count > options.PartsPerStep ? missing[options.PartsPerStep] : count + 1;
            if (next <= notes.NextPart) throw new BackendException(BackendErrorKind.Transient, $"The cloud took parts of s3://{options.Bucket}/{key} and does not list them. It is tried again by itself.");
            return item with { Progress = (notes with { NextPart = next }).Write(), NextStep = time.GetUtcNow() };
        }
        catch (S3ClientException e) when (e.Kind == S3ErrorKind.NotFound && e.Code != "NoSuchBucket")
        {
            // There is no such upload: it has been completed, and that was not stored; or somebody, perhaps a rule of the bucket, has ended it.
            if (await FindAsync(key, null, cancellationToken) is not { } there) return item with { State = ItemState.Planned, Progress = default, NextStep = time.GetUtcNow() };
            CheckClaims(there, item, notes, key);
            return await CompletedAsync(there.VersionId);
        }

        long SizeOf(int number) => Math.Min(notes.PartSize, item.Length - (number - 1) * notes.PartSize);

        async Task<NetworkItem> CompletedAsync(string? versionId)
        {
            // A begin whose answer was lost and that the client repeated has left another.
            await AbortUploadsAsync(key, cancellationToken);
            return Accepted(item, notes with { PartSize = 0, NextPart = 0, UploadId = "" }, versionId, key);
        }
    }

    private async Task SendPartAsync(string key, string upload, int number, IItemSource source, long offset, long length, CancellationToken cancellationToken)
    {
        // Framed bodies carry a checksum at their end; a plain one needs it before.
        var md5 = options.Client.BodyForm == S3BodyForm.Plain ? await Md5Async(source, offset, length, cancellationToken) : null;
        var body = new S3Body(length, _ => ValueTask.FromResult<Stream>(new SourceStream(source, offset, length))) { ContentMd5 = md5 };
        await client.UploadPartAsync(options.Bucket, key, upload, number, body, cancellationToken);
    }

    private static async Task<byte[]> Md5Async(IItemSource source, long offset, long length, CancellationToken cancellationToken)
    {
        await using var stream = new SourceStream(source, offset, length);
        return await MD5.HashDataAsync(stream, cancellationToken);
    }

    /// <summary>Ends all uploads of a key. A cloud that cannot list them has to end them by a rule of the bucket (docs/networks.md).</summary>
    private async Task AbortUploadsAsync(string key, CancellationToken cancellationToken)
    {
        IReadOnlyList<S3Upload> uploads;
        try
        {
            uploads = await client.ListUploadsAsync(options.Bucket, key, cancellationToken);
        }
        catch (S3ClientException e) when (e.Kind == S3ErrorKind.NotSupported)
        {
            return;
        }

        foreach (var upload in uploads.Where(upload => upload.Key == key)) await client.AbortUploadAsync(options.Bucket, key, upload.UploadId, cancellationToken);
    }

    /// <summary>The item, of which the cloud has an object that it may be.</summary>
    private NetworkItem Accepted(NetworkItem item, ItemNotes notes, S3ObjectInfo there, string key)
    {
        CheckClaims(there, item, notes, key);
        return Accepted(item, notes, there.VersionId, key);
    }

    private NetworkItem Accepted(NetworkItem item, ItemNotes notes, string? versionId, string key)
    {
        var now = time.GetUtcNow();
        var receipt = new NetworkReceipt
        {
            Provider = $"{options.Client.Endpoint.Authority}/{options.Bucket}",
            Locator = new ItemLocator(item.Length, item.Sha256, versionId, key).Write(),
            Address = $"s3://{options.Bucket}/{key}",
            Accepted = now,
        };
        return item with { State = ItemState.Accepted, Progress = notes.Write(), Receipt = receipt, NextStep = now };
    }
}
