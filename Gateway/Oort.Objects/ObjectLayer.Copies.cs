using System.Collections.Immutable;
using System.IO.Pipelines;
using Oort.Checksums;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Budget;
using Oort.Objects.Reading;
using Oort.Objects.Writing;

namespace Oort.Objects;

/// <content>Copies: references where possible, bytes where a digest needs them.</content>
public sealed partial class ObjectLayer
{
    /// <summary>Bytes between reading and writing in a copy, charged to the budget.</summary>
    private const int CopyPipeBytes = 512 * 1024;

    public async ValueTask<PutResult> CopyObjectAsync(CopySource source, BucketRow bucket, string key, string ownerId, string storageClass, ObjectAttributes attributes, ChecksumAlgorithm checksum, WriteConditions conditions, CancellationToken cancellationToken)
    {
        var version = source.Version;
        var isWhole = source.Offset == 0 && source.Length == version.Size;
        var (eTag, stored) = (version.ETag, version.Attributes.Checksum);
        var body = await NearestAsync(version, path.Stores.PlacerFor(bucket.Id, storageClass), cancellationToken);
        var extents = isWhole ? body : Slice(body, source.Offset, source.Length, 0, []);

        // What lies under another policy or other keys than the copy shall have is written anew.
        if (source.Keys is { IsSame: false } || !await SuitsAsync(extents, path.Stores.PlacerFor(bucket.Id, storageClass), cancellationToken))
        {
            if (checksum == ChecksumAlgorithm.None) checksum = stored?.Algorithm ?? ChecksumAlgorithm.None;
            return await RewriteAsync(extents, source.Length, source.Keys, bucket, key, ownerId, storageClass, attributes, checksum, conditions, cancellationToken);
        }

        // The bytes are read only for digests that are not known.
        var isKnown = checksum == ChecksumAlgorithm.None || stored is { Type: ChecksumType.FullObject } && stored.Algorithm == checksum;
        if (!isWhole || !isKnown)
        {
            if (checksum == ChecksumAlgorithm.None) checksum = stored?.Algorithm ?? ChecksumAlgorithm.None;
            var digest = await DigestAsync(extents, source.Length, source.Keys, checksum, cancellationToken);
            stored = ToStored(checksum, digest.Checksum);
            if (!isWhole) eTag = ToETag(digest, source.Keys?.Target);
        }
        var durability = await GetDurabilityAsync(extents, cancellationToken);
        var command = new PutVersion(bucket.Id, key, ownerId, source.Length, eTag, storageClass, attributes with { Checksum = stored }, extents, NewData.None, conditions);
        var result = await Metadata.PutVersionAsync(command, CancellationToken.None);
        ThrowIfGone(result.Outcome);
        return new PutResult(result.Outcome, result.Version, result.Versioning, durability);
    }

    public async ValueTask<PutPartResult> CopyPartAsync(CopySource source, UploadRow upload, int partNumber, ChecksumAlgorithm checksum, CancellationToken cancellationToken)
    {
        var extents = Slice([.. source.Version.Readable.Select(extent => extent with { IsRestored = false })], source.Offset, source.Length, partNumber, []);
        if (source.Keys is { IsSame: false } || extents.Length > MetadataLimits.PartExtentCountMax || !await SuitsAsync(extents, path.Stores.PlacerFor(upload.Bucket, upload.StorageClass), cancellationToken)) return await RewritePartAsync(extents, source.Length, source.Keys, upload, partNumber, checksum, cancellationToken);

        var digest = await DigestAsync(extents, source.Length, source.Keys, checksum, cancellationToken);
        var stored = ToStored(checksum, digest.Checksum);
        if (stored is not null) extents = [.. extents.Select(extent => extent with { PartChecksum = stored.Value })];
        var durability = await GetDurabilityAsync(extents, cancellationToken);
        var command = new PutPart(upload.Bucket, upload.Key, upload.Id, partNumber, source.Length, ToETag(digest, source.Keys?.Target), stored, extents, NewData.None);
        var (outcome, part) = await Metadata.PutPartAsync(command, CancellationToken.None);
        ThrowIfGone(outcome);
        return new PutPartResult(outcome, part, durability);
    }

    /// <summary>The bytes that a copy refers to: the body where it lies under the copy's policy, otherwise what is read.</summary>
    private async ValueTask<ImmutableArray<Extent>> NearestAsync(VersionRow version, IPlacer placer, CancellationToken cancellationToken) =>
        version.Restored.IsEmpty || await SuitsAsync(version.Body, placer, cancellationToken) ? version.Body : [.. version.Readable.Select(extent => extent with { IsRestored = false })];

    /// <summary>Whether all of the data lies in segments of the policy.</summary>
    private async ValueTask<bool> SuitsAsync(ImmutableArray<Extent> extents, IPlacer placer, CancellationToken cancellationToken)
    {
        if (!path.Stores.HasPolicies) return true;
        await foreach (var location in opener.LocateAsync(extents, 0, long.MaxValue, cancellationToken))
        {
            foreach (var segment in location.Segments.Values)
                if (path.Stores.PlacerOf(segment.Policy).Policy != placer.Policy) return false;
        }

        return true;
    }

    private static void ThrowIfGone(CommitOutcome outcome)
    {
        if (outcome == CommitOutcome.DataGone) throw new VersionGoneException("The source was deleted or replaced before the copy could be committed.");
    }

    /// <summary>The extents of a range of an object.</summary>
    internal static ImmutableArray<Extent> Slice(ImmutableArray<Extent> extents, long offset, long length, int partNumber, ImmutableArray<byte> partChecksum)
    {
        var slices = ImmutableArray.CreateBuilder<Extent>();
        var begin = 0L;
        foreach (var extent in extents)
        {
            var (from, to) = (Math.Max(begin, offset), Math.Min(begin + extent.Length, offset + length));
            if (from < to) slices.Add(new Extent(extent.Data, extent.Offset + from - begin, to - from, partNumber, partChecksum));
            begin += extent.Length;
        }
        if (offset < 0 || length < 0 || offset + length > begin) throw new ArgumentOutOfRangeException(nameof(offset), "The range does not lie in the object.");
        return slices.ToImmutable();
    }

    private ValueTask<PutResult> RewriteAsync(ImmutableArray<Extent> extents, long length, CopyKeys? keys, BucketRow bucket, string key, string ownerId, string storageClass, ObjectAttributes attributes, ChecksumAlgorithm checksum, WriteConditions conditions, CancellationToken cancellationToken) =>
        ThroughPipeAsync(extents, default, length, keys?.Source, reader => PutObjectAsync(bucket, key, ownerId, storageClass, attributes, new ObjectBody(reader, length, null, checksum == ChecksumAlgorithm.None ? null : new BodyChecksum(checksum, null, null)) { Inner = keys?.Target }, conditions, cancellationToken), cancellationToken);

    private ValueTask<PutPartResult> RewritePartAsync(ImmutableArray<Extent> extents, long length, CopyKeys? keys, UploadRow upload, int partNumber, ChecksumAlgorithm checksum, CancellationToken cancellationToken) =>
        ThroughPipeAsync(extents, default, length, keys?.Source, reader => PutPartAsync(upload, partNumber, new ObjectBody(reader, length, null, new BodyChecksum(checksum, null, null)) { Inner = keys?.Target }, cancellationToken), cancellationToken);

    private ValueTask<BodyDigest> DigestAsync(ImmutableArray<Extent> extents, long length, CopyKeys? keys, ChecksumAlgorithm checksum, CancellationToken cancellationToken) =>
        ThroughPipeAsync(extents, default, length, keys?.Source, async reader =>
        {
            await using var body = new BodySource(new ObjectBody(reader, length, null, new BodyChecksum(checksum, null, null)));
            return await body.SkipAsync(cancellationToken);
        }, cancellationToken);

    /// <summary>Reads stored bytes into a pipe while somebody takes them out of it.</summary>
    /// <param name="customer">The customer's key that opens them; null: none is needed.</param>
    private async ValueTask<T> ThroughPipeAsync<T>(ImmutableArray<Extent> extents, ImmutableArray<DataLocation> places, long length, InnerKey? customer, Func<PipeReader, ValueTask<T>> consume, CancellationToken cancellationToken)
    {
        await using var source = await opener.OpenAsync(extents, places, 0, length, customer, cancellationToken);
        return await PipeAsync(async writer =>
        {
            await source.CopyToAsync(0, length, writer, cancellationToken);
            await writer.CompleteAsync();
        }, consume, cancellationToken);
    }

    /// <param name="produce">Writes all of it, and completes the writer.</param>
    private async ValueTask<T> PipeAsync<T>(Func<PipeWriter, ValueTask> produce, Func<PipeReader, ValueTask<T>> consume, CancellationToken cancellationToken)
    {
        await path.Buffers.Budget.AcquireAsync(CopyPipeBytes, MemoryBudget.AdmissionWait, cancellationToken);
        try
        {
            var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: CopyPipeBytes, resumeWriterThreshold: CopyPipeBytes / 2, useSynchronizationContext: false));
            var producing = ProduceAsync(produce, pipe.Writer);
            try
            {
                return await consume(pipe.Reader);
            }
            finally
            {
                await pipe.Reader.CompleteAsync();
                await producing;
            }
        }
        finally
        {
            path.Buffers.Budget.Release(CopyPipeBytes);
        }
    }

    /// <summary>Never fails: its failure is thrown to who reads the pipe.</summary>
    private static async Task ProduceAsync(Func<PipeWriter, ValueTask> produce, PipeWriter writer)
    {
        try
        {
            await produce(writer);
        }
        catch (Exception e)
        {
            await writer.CompleteAsync(e);
        }
    }
}
