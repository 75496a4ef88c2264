using System.Collections.Immutable;
using System.IO.Pipelines;
using Oort.Checksums;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>A checksum that a client announced for a body.</summary>
/// <param name="Algorithm">Which.</param>
/// <param name="Expected">Its value when it was sent in a header; null when it comes in a trailer or was not sent (then it is computed and stored).</param>
/// <param name="Trailer">Gives the value once the body has been read whole, from the trailer; null where none is expected. Null result: the trailer did not have it.</param>
public sealed record BodyChecksum(ChecksumAlgorithm Algorithm, byte[]? Expected, Func<byte[]?>? Trailer);

/// <summary>A body to store, as the object layer takes it.</summary>
/// <param name="Reader">Decoded plaintext. It must fail (throw) rather than end early when the client's framing, signature or length is wrong.</param>
/// <param name="Length">Exact bytes to expect.</param>
/// <param name="ContentMd5">Expected MD5 (Content-MD5), or null.</param>
/// <param name="Checksum">Client checksum, or null: none is stored but MD5.</param>
public sealed record ObjectBody(PipeReader Reader, long Length, byte[]? ContentMd5, BodyChecksum? Checksum)
{
    /// <summary>Of a body that is at least <see cref="Length"/> bytes long, and whose end nobody knows before it has come: waits for it, when all but the last bytes were consumed, and tells how many are left. Null: <see cref="Length"/> is exact.</summary>
    public Func<CancellationToken, ValueTask<long>>? MeasureRestAsync { get; init; }

    /// <summary>A customer's key, or the name of one, under which its data key is wrapped besides; the caller's. Null: the cluster's own keys alone.</summary>
    public InnerKey? Inner { get; init; }

    /// <summary>Whose sealed chunks the body is, to be stored as they are; <see cref="Length"/> counts their bytes. Null: it is plaintext.</summary>
    internal DataRow? Sealed { get; init; }
}

/// <summary>How a put, copy or complete ended.</summary>
/// <param name="Outcome">Done, or why nothing was stored.</param>
/// <param name="Durability">"quorum" or "full" (header x-oort-durability).</param>
public readonly record struct PutResult(CommitOutcome Outcome, VersionRow? Version, VersioningState Versioning, string Durability);

public readonly record struct PutPartResult(CommitOutcome Outcome, PartRow? Part, string Durability);

/// <summary>Where the bytes of a copy come from: a version already found, and which of its bytes.</summary>
/// <param name="Keys">Null: neither side has keys of a customer or with a name.</param>
public readonly record struct CopySource(VersionRow Version, long Offset, long Length, CopyKeys? Keys = null);

/// <summary>Under which keys a copy is read and written, besides the cluster's own.</summary>
/// <param name="Source">The customer's key of the source; null where it has none.</param>
/// <param name="Target">Of the copy; null: none.</param>
/// <param name="IsSame">The source's data may be shared: it is under the same.</param>
public sealed record CopyKeys(InnerKey? Source, InnerKey? Target, bool IsSame);

/// <summary>The stored objects: what S3 operations are written on. Knows no HTTP. Metadata that needs no data path is used directly (<see cref="Metadata"/>).</summary>
/// <remarks>
/// Failures: <see cref="BodyMismatchException"/> when the body is not what was announced (nothing stored); <see cref="ObjectUnavailableException"/>
/// when too few stores answer; <see cref="MetadataUnavailableException"/>. What the body's reader throws passes through unchanged.
/// A version that was found may be deleted or replaced before its data is pinned: then opening or copying it throws <see cref="VersionGoneException"/>,
/// and the caller finds the version again, as if it had asked a moment later.
/// Memory of all callers together is bounded by one budget; a caller waits for its share, and gets <see cref="OverloadedException"/> when that takes longer than a second.
/// </remarks>
public interface IObjectLayer
{
    IMetadataStore Metadata { get; }

    /// <summary>Keys of customers and with names.</summary>
    EncryptionKeys Keys { get; }

    ValueTask<PutResult> PutObjectAsync(BucketRow bucket, string key, string ownerId, string storageClass, ObjectAttributes attributes, ObjectBody body, WriteConditions conditions, CancellationToken cancellationToken);

    ValueTask<PutPartResult> PutPartAsync(UploadRow upload, int partNumber, ObjectBody body, CancellationToken cancellationToken);

    /// <summary>
    /// Copies a whole object: shares its data ids, parts and ETag; computes a checksum of another algorithm only where asked (then the
    /// bytes are read).
    /// </summary>
    /// <exception cref="VersionGoneException">The source was deleted or replaced meanwhile; nothing was stored.</exception>
    /// <param name="checksum">Algorithm to store for the copy, None: keep the source's.</param>
    ValueTask<PutResult> CopyObjectAsync(CopySource source, BucketRow bucket, string key, string ownerId, string storageClass, ObjectAttributes attributes, ChecksumAlgorithm checksum, WriteConditions conditions, CancellationToken cancellationToken);

    /// <summary>
    /// Copies a range into a part: by reference, its ETag the MD5 of the range's bytes (which are read to compute it). A source of very many small parts is written
    /// anew, so that no version grows without bound.
    /// </summary>
    /// <exception cref="VersionGoneException">The source was deleted or replaced meanwhile; nothing was stored.</exception>
    /// <param name="checksum">Algorithm of the part's checksum, None: it gets none.</param>
    ValueTask<PutPartResult> CopyPartAsync(CopySource source, UploadRow upload, int partNumber, ChecksumAlgorithm checksum, CancellationToken cancellationToken);

    /// <summary>Opens a version for reading and pins its data until the result is disposed, so that no delete or repair pulls it away.</summary>
    /// <exception cref="VersionGoneException">The version was deleted or replaced after it was found, and its data with it: look it up again.</exception>
    ValueTask<IObjectReader> OpenAsync(VersionRow version, CancellationToken cancellationToken);

    /// <summary>Opens a range of a version: like <see cref="OpenAsync(VersionRow, CancellationToken)"/>, but finds and pins only what the range needs. For ranged GETs.</summary>
    /// <param name="offset">First byte that will be read.</param>
    /// <param name="length">Count of bytes that may be read from there.</param>
    ValueTask<IObjectReader> OpenAsync(VersionRow version, long offset, long length, CancellationToken cancellationToken);

    /// <summary>The same of a version that was found with where its data lies: nothing is looked up again.</summary>
    /// <param name="customer">The customer's key, where the version has one; it must live as long as the reader.</param>
    ValueTask<IObjectReader> OpenAsync(FoundVersion found, long offset, long length, InnerKey? customer, CancellationToken cancellationToken);

    /// <summary>"full" when every segment under the version is whole on its stores, otherwise "quorum".</summary>
    ValueTask<string> GetDurabilityAsync(VersionRow version, CancellationToken cancellationToken);

    /// <summary>The same of a version that was found with where its data lies.</summary>
    /// <exception cref="VersionGoneException">Some of its data was gone already when it was found.</exception>
    ValueTask<string> GetDurabilityAsync(FoundVersion found, CancellationToken cancellationToken);

    /// <summary>Where each shard of a version lies (oort object show).</summary>
    ValueTask<ImmutableArray<DataLocation>> LocateAsync(VersionRow version, CancellationToken cancellationToken);
}

/// <summary>An open version.</summary>
public interface IObjectReader : IAsyncDisposable
{
    /// <summary>"full" when every segment under the range that was opened is whole on its stores, otherwise "quorum".</summary>
    string Durability { get; }

    /// <summary>
    /// Writes the range's plaintext to <paramref name="destination"/>, authenticated chunk by chunk, with back-pressure. Neither completes the writer nor flushes the last
    /// bytes, at most 256 KiB at usual codes: they go out with what the caller does next.
    /// </summary>
    /// <exception cref="ObjectUnavailableException">Too few shards could be read; bytes already written are right.</exception>
    ValueTask CopyToAsync(long offset, long length, PipeWriter destination, CancellationToken cancellationToken);
}

/// <summary>The body is not what the client announced.</summary>
public sealed class BodyMismatchException(BodyMismatch what) : Exception($"The body does not have the announced {what}.")
{
    public BodyMismatch What { get; } = what;
}

public enum BodyMismatch
{
    /// <summary>Fewer bytes than announced: IncompleteBody.</summary>
    Length,

    /// <summary>Content-MD5 differs: BadDigest.</summary>
    Md5,

    /// <summary>The client checksum differs: BadDigest (XAmzContentChecksumMismatch for some SDK versions).</summary>
    Checksum,

    /// <summary>The announced trailer did not come or cannot be read: InvalidRequest.</summary>
    Trailer,
}

/// <summary>Too few stores answer, for writing (below quorum) or for reading (fewer than k good shards): 503 SlowDown.</summary>
public sealed class ObjectUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>No memory budget within a second: 503 SlowDown.</summary>
public sealed class OverloadedException(string message) : Exception(message);

/// <summary>The version was deleted or replaced, and its data dropped, between finding it and reading it. Find it again.</summary>
public sealed class VersionGoneException(string message) : Exception(message);
