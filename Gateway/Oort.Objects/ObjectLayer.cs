using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Oort.Checksums;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Budget;
using Oort.Objects.Packs;
using Oort.Objects.Reading;
using Oort.Objects.Writing;

namespace Oort.Objects;

/// <summary>The data path: bodies become sealed, coded, durable shards, and only then rows; and back.</summary>
/// <remarks>
/// Thread-safe. Cancellation is honoured until the metadata commit begins and never after: whoever cancels does not know whether a commit
/// took place, and so it must be decided by the commit alone.
/// </remarks>
public sealed partial class ObjectLayer : IObjectLayer, IAsyncDisposable
{
    private readonly DataPath path;
    private readonly PackWriter packs;
    private readonly SmallBodyWriter small;
    private readonly LargeBodyWriter large;
    private readonly ObjectOpener opener;

    /// <param name="segmentIds">Of the epoch that this process has opened.</param>
    /// <param name="options">Validated.</param>
    /// <param name="learnNamedKeysAsync">Likewise for keys with names.</param>
    /// <param name="learnKeysAsync">Looks for a key version that another gateway has made; null: there is none.</param>
    /// <exception cref="ArgumentException">The buffers are too small for pack flushes.</exception>
    public ObjectLayer(
        IMetadataStore metadata,
        IStoreSet stores,
        IRepairQueue repairs,
        ISegmentPins pins,
        Keyring keyring,
        SegmentIds segmentIds,
        ObjectLayerOptions options,
        TimeProvider time,
        Func<int, CancellationToken, ValueTask>? learnKeysAsync = null,
        Func<CancellationToken, ValueTask>? learnNamedKeysAsync = null)
    {
        var buffers = options.Buffers ?? new BufferPool(new MemoryBudget(options.BufferBytes, time));
        path = new DataPath
        {
            Metadata = metadata,
            Stores = stores,
            Repairs = repairs,
            Pins = pins,
            Keyring = keyring,
            SegmentIds = segmentIds,
            Buffers = buffers,
            HotCells = new HotCells(buffers, Math.Min(options.HotCellBytes, buffers.Budget.Capacity / ObjectLayerOptions.HotCellDivisor)),
            CellCache = options.CellCache,
            LearnKeysAsync = learnKeysAsync,
            LearnNamedKeysAsync = learnNamedKeysAsync,
            Options = options,
            Time = time,
            StalledWrites = new StallTracker(time, options.SlowStoreAvoidance),
            SlowReads = new StallTracker(time, options.SlowStoreAvoidance),
        };
        packs = new PackWriter(path);
        small = new SmallBodyWriter(path, packs);
        large = new LargeBodyWriter(path);
        opener = new ObjectOpener(path);
        Keys = new EncryptionKeys(keyring, options.DefaultKey, learnNamedKeysAsync);
    }

    public IMetadataStore Metadata => path.Metadata;

    public EncryptionKeys Keys { get; }

    /// <summary>Empties sparse packs into those that this layer writes.</summary>
    internal Collection.Compactor CreateCompactor() => new(path, packs);

    /// <summary>The buffers of the process: repair and whoever else needs large buffers rents them here too.</summary>
    public BufferPool Buffers => path.Buffers;

    /// <summary>Requests that may hold a data key wrapped under an older key-encryption key.</summary>
    internal Eras Eras => path.Eras;

    /// <summary>What is kept of slow stores.</summary>
    internal HotCellStatus HotCells => new(path.HotCells.Bytes, path.HotCells.HitCount, path.HotCells.MissCount, path.SharedReads.JoinedCount);

    public async ValueTask<PutResult> PutObjectAsync(BucketRow bucket, string key, string ownerId, string storageClass, ObjectAttributes attributes, ObjectBody body, WriteConditions conditions, CancellationToken cancellationToken)
    {
        try
        {
            using var written = await WriteAsync(body, path.Stores.PlacerFor(bucket.Id, storageClass), cancellationToken);
            var checksum = ToStored(body.Checksum?.Algorithm, written.Digest.Checksum);
            var command = new PutVersion(
                bucket.Id, key, ownerId, written.Length, ToETag(written.Digest, body.Inner), storageClass, attributes with { Checksum = checksum },
                written.Extents(0, []), written.ToNewData(path.SegmentIds.Epoch, bucket.Id), conditions);
            var result = await CommitAsync(written, () => Metadata.PutVersionAsync(command, CancellationToken.None), result => result.Outcome);
            return new PutResult(result.Outcome, result.Version, result.Versioning, DurabilityNames.Of(written.IsFull));
        }
        catch (FencedException)
        {
            return new PutResult(CommitOutcome.Fenced, null, default, "");
        }
    }

    public async ValueTask<PutPartResult> PutPartAsync(UploadRow upload, int partNumber, ObjectBody body, CancellationToken cancellationToken)
    {
        try
        {
            // An upload that announced an algorithm has that checksum for every part, sent or not.
            if (body.Checksum is null && upload.ChecksumAlgorithm != ChecksumAlgorithm.None)
                body = body with { Checksum = new BodyChecksum(upload.ChecksumAlgorithm, null, null) };
            using var written = await WriteAsync(body, path.Stores.PlacerFor(upload.Bucket, upload.StorageClass), cancellationToken);
            var checksum = ToStored(body.Checksum?.Algorithm, written.Digest.Checksum);
            var extents = written.Extents(partNumber, checksum?.Value ?? []);
            var command = new PutPart(upload.Bucket, upload.Key, upload.Id, partNumber, written.Length, ToETag(written.Digest, body.Inner), checksum, extents, written.ToNewData(path.SegmentIds.Epoch, upload.Bucket));
            var (outcome, part) = await CommitAsync(written, () => Metadata.PutPartAsync(command, CancellationToken.None), result => result.Outcome);
            return new PutPartResult(outcome, part, DurabilityNames.Of(written.IsFull));
        }
        catch (FencedException)
        {
            return new PutPartResult(CommitOutcome.Fenced, null, "");
        }
    }

    public ValueTask<IObjectReader> OpenAsync(VersionRow version, CancellationToken cancellationToken) => OpenAsync(version, 0, version.Size, cancellationToken);

    public async ValueTask<IObjectReader> OpenAsync(VersionRow version, long offset, long length, CancellationToken cancellationToken) =>
        await opener.OpenAsync(version.Readable, default, offset, length, null, cancellationToken);

    public async ValueTask<IObjectReader> OpenAsync(FoundVersion found, long offset, long length, InnerKey? customer, CancellationToken cancellationToken) =>
        await opener.OpenAsync(found.Version.Readable, found.Data, offset, length, customer, cancellationToken);

    public ValueTask<string> GetDurabilityAsync(VersionRow version, CancellationToken cancellationToken) => GetDurabilityAsync(version.Body, cancellationToken);

    public ValueTask<string> GetDurabilityAsync(FoundVersion found, CancellationToken cancellationToken)
    {
        if (found.Data.IsDefault) return GetDurabilityAsync(found.Version.Body, cancellationToken);
        var locations = ObjectOpener.Among(found.Data, found.Version.Body.Select(extent => extent.Data));
        return new(DurabilityNames.Of(locations.All(location => location.Segments.Values.All(segment => segment.IsFull))));
    }

    public async ValueTask<ImmutableArray<DataLocation>> LocateAsync(VersionRow version, CancellationToken cancellationToken)
    {
        var locations = ImmutableArray.CreateBuilder<DataLocation>();
        await foreach (var location in opener.LocateAsync(version.Body, 0, version.Size, cancellationToken)) locations.Add(location);
        return locations.ToImmutable();
    }

    /// <summary>Waits for the flushes under way. No call may be under way or come any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await packs.DrainAsync();
        packs.Dispose();
    }

    /// <summary>Makes a body durable: in a pack, or in segments of its own. Nothing refers to it yet.</summary>
    private async ValueTask<WrittenBody> WriteAsync(ObjectBody body, IPlacer placer, CancellationToken cancellationToken)
    {
        var use = path.Eras.Begin();
        WrittenBody written;
        try
        {
            // What may fit a pack is measured first; of what does not, all but its end is written before that comes.
            if (body is { MeasureRestAsync: { } measure } && body.Length <= Math.Max(path.Options.PackThreshold, ChunkCipher.PlaintextSize))
                body = body with { Length = await measure(cancellationToken), MeasureRestAsync = null };
            written = (body.Sealed?.Length ?? body.Length) <= path.Options.PackThreshold
                ? await small.WriteAsync(body, placer, cancellationToken)
                : await large.WriteAsync(body, placer, cancellationToken);
        }
        catch
        {
            use.Dispose();
            throw;
        }
        written.Use = use;
        if (!cancellationToken.IsCancellationRequested) return written;
        written.Dispose();
        throw new OperationCanceledException(cancellationToken);
    }

    private async ValueTask<string> GetDurabilityAsync(ImmutableArray<Extent> extents, CancellationToken cancellationToken)
    {
        await foreach (var location in opener.LocateAsync(extents, 0, long.MaxValue, cancellationToken))
        {
            foreach (var segment in location.Segments.Values)
                if (!segment.IsFull) return DurabilityNames.Quorum;
        }
        return DurabilityNames.Full;
    }

    /// <summary>Commits what was written. The pack it lies in may be made known a moment later than the commit is decided; then it is decided again.</summary>
    /// <exception cref="ObjectUnavailableException">The pack was collected meanwhile. It takes a body that waits for very long to be committed; the client sends it again.</exception>
    private async ValueTask<T> CommitAsync<T>(WrittenBody written, Func<ValueTask<T>> commit, Func<T, CommitOutcome> outcomeOf)
    {
        var result = await commit();
        if (outcomeOf(result) == CommitOutcome.DataGone)
        {
            await written.Known;
            result = await commit();
        }
        if (outcomeOf(result) == CommitOutcome.DataGone)
            throw new ObjectUnavailableException("The segment of the body was dropped before the body could be committed.");
        if (outcomeOf(result) != CommitOutcome.Done) return result;
        foreach (var segment in written.NewSegments)
            if (!segment.IsFull) path.Repairs.Enqueue(segment.Id, -1, RepairReason.WrittenPartly);
        return result;
    }

    /// <summary>The MD5 of the bytes; under a customer's key a value keyed by it, since listings show it to those who have not the key.</summary>
    private static string ToETag(in BodyDigest digest, InnerKey? inner)
    {
        if (inner is not { Kind: InnerKeyKind.Customer }) return Convert.ToHexStringLower(digest.Md5);
        Span<byte> keyed = stackalloc byte[Checksums.Md5.Size];
        inner.Disguise(digest.Md5, keyed);
        return Convert.ToHexStringLower(keyed);
    }

    private static StoredChecksum? ToStored(ChecksumAlgorithm? algorithm, byte[]? value) =>
        value is null ? null : new StoredChecksum(algorithm!.Value, ChecksumType.FullObject, ImmutableCollectionsMarshal.AsImmutableArray(value));
}
