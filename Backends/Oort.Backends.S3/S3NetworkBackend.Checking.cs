using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using Oort.Checksums;
using Oort.S3.Client;

namespace Oort.Backends.S3;

public sealed partial class S3NetworkBackend
{
    private const int BufferSize = 256 * 1024;

    private async Task<NetworkItem> ConfirmAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        // 6.
        var locator = ItemLocator.Read(item.Receipt!.Locator);
        var info = await FindAsync(locator.Key, locator.VersionId, cancellationToken) ?? throw await MissingAsync(locator.Key, cancellationToken);
        CheckClaims(info, item, ItemNotes.Read(item.Progress, item.Length), locator.Key);
        // A completed upload does not say its version; this does.
        var receipt = item.Receipt with { Locator = (locator with { VersionId = info.VersionId }).Write() };
        return item with { State = ItemState.Confirmed, Receipt = receipt, NextStep = time.GetUtcNow() };
    }

    private async Task<NetworkItem> SealAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        // 7.
        var locator = ItemLocator.Read(item.Receipt!.Locator);
        try
        {
            if (options.ReadBack == S3ReadBack.Full) await ReadAllAsync(locator, cancellationToken);
            else await ReadSomeAsync(locator, ItemNotes.Read(item.Progress, item.Length), options.SampledBlockCount, cancellationToken);
        }
        catch (BackendException e) when (e.Kind == BackendErrorKind.Archived)
        {
            return item with { NextStep = time.GetUtcNow() + options.RestoreInterval };
        }

        return item with { State = ItemState.Sealed, NextStep = time.GetUtcNow() + options.LookInterval };
    }

    private async Task<NetworkItem> LookAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        // 8.
        var locator = ItemLocator.Read(item.Receipt!.Locator);
        var info = await FindAsync(locator.Key, locator.VersionId, cancellationToken) ?? throw await MissingAsync(locator.Key, cancellationToken);
        CheckClaims(info, item, ItemNotes.Read(item.Progress, item.Length), locator.Key);
        return item with { NextStep = time.GetUtcNow() + options.LookInterval };
    }

    /// <returns>What HEAD says; null: there is no such object, or no such bucket, which HEAD does not tell apart.</returns>
    private async Task<S3ObjectInfo?> FindAsync(string key, string? versionId, CancellationToken cancellationToken)
    {
        try
        {
            return await client.HeadObjectAsync(options.Bucket, key, versionId, null, cancellationToken);
        }
        catch (S3ClientException e) when (e.Kind == S3ErrorKind.NotFound)
        {
            return null;
        }
    }

    /// <summary>The failure of an item that is not there. If the bucket is not there either, it is the configuration that is wrong and not every item that is lost.</summary>
    private async Task<BackendException> MissingAsync(string key, CancellationToken cancellationToken)
    {
        await client.HeadBucketAsync(options.Bucket, cancellationToken);
        return new(BackendErrorKind.NotFound, $"s3://{options.Bucket}/{key} is not there. It was deleted or lost: place a copy anew.");
    }

    /// <summary>Compares what the cloud says of an object with the item. It is a claim, and the first that damage shows in.</summary>
    private void CheckClaims(S3ObjectInfo info, NetworkItem item, ItemNotes notes, string key)
    {
        if (info.Size != item.Length) throw Wrong(key, $"has {info.Size} bytes where the item has {item.Length}");
        if (info.Checksum is { } checksum && ExpectedOf(checksum.Algorithm) is { } expected && checksum.Value != expected) throw Wrong(key, $"has another {checksum.Algorithm} than the item");
        if (info.IsETagMd5 && !info.ETag.Equals(Convert.ToHexString(notes.Hashes.Md5.Span), StringComparison.OrdinalIgnoreCase)) throw Wrong(key, "has another MD5 than the item");

        string? ExpectedOf(ChecksumAlgorithm algorithm)
        {
            Span<byte> crc = stackalloc byte[Crc64Nvme.Size];
            BinaryPrimitives.WriteUInt64BigEndian(crc, notes.Hashes.Crc64);
            return algorithm switch
            {
                ChecksumAlgorithm.Sha256 => Convert.ToBase64String(item.Sha256.Span),
                ChecksumAlgorithm.Crc64Nvme => Convert.ToBase64String(crc),
                _ => null,
            };
        }
    }

    /// <summary>Reads an object whole and compares its SHA-256.</summary>
    /// <returns>Its bytes.</returns>
    private async Task<long> ReadAllAsync(ItemLocator locator, CancellationToken cancellationToken)
    {
        await using var download = await OpenAsync(locator, 0, null, cancellationToken);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            int count;
            while ((count = await download.Body.ReadAsync(buffer, cancellationToken)) > 0) sha256.AppendData(buffer.AsSpan(0, count));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return sha256.GetHashAndReset().AsSpan().SequenceEqual(locator.Sha256.Span) ? locator.Length : throw Wrong(locator.Key, "does not have its SHA-256");
    }

    /// <summary>Reads blocks that nobody could foresee and compares theirs.</summary>
    /// <returns>Their bytes.</returns>
    private async Task<long> ReadSomeAsync(ItemLocator locator, ItemNotes notes, int blockCount, CancellationToken cancellationToken)
    {
        var indices = Enumerable.Range(0, ItemNotes.BlockCountOf(locator.Length)).ToArray();
        RandomNumberGenerator.Shuffle(indices.AsSpan());
        var size = ItemNotes.BlockSizeOf(locator.Length);
        var read = 0L;
        foreach (var index in indices.Take(blockCount))
        {
            var offset = index * size;
            var length = Math.Min(size, locator.Length - offset);
            await using var download = await OpenAsync(locator, offset, length, cancellationToken);
            var hash = await SHA256.HashDataAsync(download.Body, cancellationToken);
            if (!hash.AsSpan().SequenceEqual(notes.Hashes.Blocks.Span.Slice(index * ItemNotes.BlockHashSize, ItemNotes.BlockHashSize))) throw Wrong(locator.Key, $"has other bytes between {offset} and {offset + length}");
            read += length;
        }

        return read;
    }

    private async Task<int> ReadRangeAsync(ItemLocator locator, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        await using var download = await OpenAsync(locator, offset, destination.Length, cancellationToken);
        await download.Body.ReadExactlyAsync(destination, cancellationToken);
        // The end is where the checksum is compared.
        if (await download.Body.ReadAsync(new byte[1], cancellationToken) != 0) throw Wrong(locator.Key, "is longer than it says");
        return destination.Length;
    }

    /// <summary>Opens an object that is as long as the item.</summary>
    /// <exception cref="BackendException">Archived: it is now being brought back. Corrupt: it has another length.</exception>
    private async Task<S3Download> OpenAsync(ItemLocator locator, long offset, long? length, CancellationToken cancellationToken)
    {
        S3Download download;
        try
        {
            download = await client.GetObjectAsync(options.Bucket, locator.Key, locator.VersionId, null, offset, length, cancellationToken);
        }
        catch (S3ClientException e) when (e.Code == "InvalidObjectState")
        {
            await BringBackAsync(locator, cancellationToken);
            throw new BackendException(BackendErrorKind.Archived, $"s3://{options.Bucket}/{locator.Key} lies in the archive and is being brought back ({options.RestoreTier}); read it again in some hours.", e);
        }
        catch (S3ClientException e) when (e.Kind == S3ErrorKind.BadAnswer || e.Status == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            throw new BackendException(BackendErrorKind.Corrupt, $"s3://{options.Bucket}/{locator.Key} is not answered as the item that it is: {e.Message}", e);
        }

        if (download.Info.Size == locator.Length) return download;
        await download.DisposeAsync();
        throw Wrong(locator.Key, $"has {download.Info.Size} bytes where the item has {locator.Length}");
    }

    /// <summary>Asks an archived object back, unless that has been done.</summary>
    private async Task BringBackAsync(ItemLocator locator, CancellationToken cancellationToken)
    {
        if ((await FindAsync(locator.Key, locator.VersionId, cancellationToken))?.Restore is not null) return;
        try
        {
            await client.RestoreObjectAsync(options.Bucket, locator.Key, locator.VersionId, options.RestoreDays, options.RestoreTier, cancellationToken);
        }
        catch (S3ClientException e) when (e.Code is "RestoreAlreadyInProgress" or "ObjectAlreadyInActiveTierError")
        {
            // Somebody else was quicker.
        }
    }

    /// <summary>x-amz-restore: <c>ongoing-request="false", expiry-date="…"</c> once it can be read.</summary>
    private static bool IsBroughtBack(S3ObjectInfo info) => info.Restore?.Contains("ongoing-request=\"false\"", StringComparison.Ordinal) == true;
}
