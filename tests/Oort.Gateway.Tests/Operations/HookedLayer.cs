using System.Collections.Immutable;
using System.IO.Pipelines;
using Oort.Checksums;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects;

namespace Oort.Gateway.Tests.Operations;

/// <summary>An object layer that a test can step into: each hook runs before the call goes through, and may wait or throw.</summary>
internal sealed class HookedLayer(IObjectLayer inner) : IObjectLayer
{
    public Func<Task> OnPut { get; set; } = () => Task.CompletedTask;
    public Func<Task> OnCopy { get; set; } = () => Task.CompletedTask;
    public Func<Task> OnOpen { get; set; } = () => Task.CompletedTask;
    public Func<Task> OnDurability { get; set; } = () => Task.CompletedTask;

    /// <summary>Bytes of a read after which it fails; null: it does not.</summary>
    public long? FailReadAfter { get; set; }

    public IMetadataStore Metadata => inner.Metadata;

    public EncryptionKeys Keys => inner.Keys;

    public async ValueTask<PutResult> PutObjectAsync(BucketRow bucket, string key, string ownerId, string storageClass, ObjectAttributes attributes, ObjectBody body, WriteConditions conditions, CancellationToken cancellationToken)
    {
        await OnPut();
        return await inner.PutObjectAsync(bucket, key, ownerId, storageClass, attributes, body, conditions, cancellationToken);
    }

    public async ValueTask<PutPartResult> PutPartAsync(UploadRow upload, int partNumber, ObjectBody body, CancellationToken cancellationToken)
    {
        await OnPut();
        return await inner.PutPartAsync(upload, partNumber, body, cancellationToken);
    }

    public async ValueTask<PutResult> CopyObjectAsync(CopySource source, BucketRow bucket, string key, string ownerId, string storageClass, ObjectAttributes attributes, ChecksumAlgorithm checksum, WriteConditions conditions, CancellationToken cancellationToken)
    {
        await OnCopy();
        return await inner.CopyObjectAsync(source, bucket, key, ownerId, storageClass, attributes, checksum, conditions, cancellationToken);
    }

    public async ValueTask<PutPartResult> CopyPartAsync(CopySource source, UploadRow upload, int partNumber, ChecksumAlgorithm checksum, CancellationToken cancellationToken)
    {
        await OnCopy();
        return await inner.CopyPartAsync(source, upload, partNumber, checksum, cancellationToken);
    }

    public ValueTask<IObjectReader> OpenAsync(VersionRow version, CancellationToken cancellationToken) => OpenAsync(version, 0, version.Size, cancellationToken);

    public async ValueTask<IObjectReader> OpenAsync(VersionRow version, long offset, long length, CancellationToken cancellationToken)
    {
        await OnOpen();
        var reader = await inner.OpenAsync(version, offset, length, cancellationToken);
        return FailReadAfter is { } limit ? new FailingReader(reader, limit) : reader;
    }

    public async ValueTask<IObjectReader> OpenAsync(FoundVersion found, long offset, long length, InnerKey? customer, CancellationToken cancellationToken)
    {
        await OnOpen();
        var reader = await inner.OpenAsync(found, offset, length, customer, cancellationToken);
        return FailReadAfter is { } limit ? new FailingReader(reader, limit) : reader;
    }

    public async ValueTask<string> GetDurabilityAsync(FoundVersion found, CancellationToken cancellationToken)
    {
        await OnDurability();
        return await inner.GetDurabilityAsync(found, cancellationToken);
    }

    public async ValueTask<string> GetDurabilityAsync(VersionRow version, CancellationToken cancellationToken)
    {
        await OnDurability();
        return await inner.GetDurabilityAsync(version, cancellationToken);
    }

    public ValueTask<ImmutableArray<DataLocation>> LocateAsync(VersionRow version, CancellationToken cancellationToken) => inner.LocateAsync(version, cancellationToken);

    private sealed class FailingReader(IObjectReader inner, long limit) : IObjectReader
    {
        public string Durability => inner.Durability;

        public async ValueTask CopyToAsync(long offset, long length, PipeWriter destination, CancellationToken cancellationToken)
        {
            if (limit > 0) await inner.CopyToAsync(offset, Math.Min(limit, length), destination, cancellationToken);
            throw new ObjectUnavailableException("Too few shards.");
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
