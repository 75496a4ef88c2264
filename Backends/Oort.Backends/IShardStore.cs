namespace Oort.Backends;

/// <summary>One shard as a store lists it.</summary>
/// <param name="Id">Which shard.</param>
/// <param name="Length">Its length in bytes, as put.</param>
public readonly record struct ShardInfo(ShardId Id, long Length);

/// <summary>What became of a delete.</summary>
public enum DeleteOutcome
{
    /// <summary>No longer readable; its space is or will be reclaimed.</summary>
    Deleted,

    /// <summary>It was not there.</summary>
    NotFound,

    /// <summary>The network will drop it later.</summary>
    Scheduled,

    /// <summary>The network keeps it for ever; only destroying its key makes it unreadable.</summary>
    Undeletable,
}

/// <summary>What a store can do and how much it holds.</summary>
/// <param name="CapacityBytes">Size of the medium, or null where unknown or unbounded.</param>
/// <param name="FreeBytes">What is left of it, or null.</param>
/// <param name="Refusal">Why it takes no writes although it can be read; null when it takes them. A full store is none: its free space says it.</param>
public readonly record struct StoreSpace(long? CapacityBytes, long? FreeBytes, StoreRefusal? Refusal = null);

/// <summary>Why a store that can be read takes no writes.</summary>
/// <param name="Reason">One sentence for people.</param>
/// <param name="EndsByReopening">The medium takes writes, but the store that is open must not use them: a failed write has left it unsure of what is on the medium.</param>
public sealed record StoreRefusal(string Reason, bool EndsByReopening);

/// <summary>Holds shards: opaque bytes under a <see cref="ShardId"/>.</summary>
/// <remarks>
/// Thread-safe. Every failure is a <see cref="BackendException"/>; cancellation may leave the operation done or not done.
/// What <see cref="PutAsync"/> or <see cref="IShardWriter.CommitAsync"/> has returned for survives a power cut. Calls never block the
/// calling thread on the medium: a medium that hangs leaves the returned task pending, and the caller has its own timeout.
/// </remarks>
public interface IShardStore
{
    /// <summary>Longest shard in bytes. The largest there is, a 64 MiB segment coded 1+0 with its header and table, is half of it.</summary>
    const long ShardLengthMax = 128L * 1024 * 1024;

    /// <summary>Puts a whole shard and returns when it is durable. A shard with the same id is replaced atomically.</summary>
    /// <param name="content">The shard; must stay unchanged until the call returns.</param>
    ValueTask PutAsync(ShardId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Begins a shard of exactly <paramref name="length"/> bytes that is written piece by piece.</summary>
    /// <exception cref="BackendException">Kind Full when that much space is not there.</exception>
    ValueTask<IShardWriter> BeginAsync(ShardId id, long length, CancellationToken cancellationToken);

    /// <summary>Reads <paramref name="destination"/>.Length bytes from <paramref name="offset"/>; less only at the shard's end.</summary>
    /// <returns>The count of bytes read; 0 at or after the end.</returns>
    /// <exception cref="BackendException">Kind NotFound when there is no such shard.</exception>
    ValueTask<int> ReadAsync(ShardId id, long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Reads exactly <paramref name="destination"/>.Length bytes if they are in memory already: no task, no wait. Never fails.</summary>
    /// <returns>False, and anything in <paramref name="destination"/>, where they are not, where there are not as many, or where the store cannot tell: <see cref="ReadAsync"/> has them, or says why not.</returns>
    /// <remarks>A store that answers from elsewhere leaves this as it is; who reads from it keeps what is asked for often.</remarks>
    bool TryReadCached(ShardId id, long offset, Span<byte> destination) => false;

    /// <summary>The shard's length, or null when there is no such shard.</summary>
    ValueTask<long?> StatAsync(ShardId id, CancellationToken cancellationToken);

    /// <summary>Deletes a shard; durable when it returns.</summary>
    ValueTask<DeleteOutcome> DeleteAsync(ShardId id, CancellationToken cancellationToken);

    /// <summary>Every shard that was there during the whole enumeration, in any order, each at least once.</summary>
    IAsyncEnumerable<ShardInfo> ListAsync(CancellationToken cancellationToken);
}

/// <summary>A shard under construction. Not thread-safe. Disposing it without a commit abandons it, and nothing is readable under its id.</summary>
/// <remarks>
/// Pieces may lie and begin anywhere. A store that writes past the page cache does so without copying a piece whose address in memory and whose place in the shard (the
/// bytes written before it) are the same modulo <see cref="Alignment"/>, if it is at least twice that long; short rests at its ends are
/// held back until the next piece, or the last, completes them. Fewer, longer pieces cost less: 64 KiB about twice as much a byte as 256 KiB.
/// </remarks>
public interface IShardWriter : IAsyncDisposable
{
    /// <summary>Pieces that lie in memory as they will lie in the shard, modulo this, are written the fastest.</summary>
    const int Alignment = 4096;

    /// <summary>Appends <paramref name="content"/>, which must stay unchanged until the call returns.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>As the other, for a caller who has the checksum already: a store that keeps one of the shard then need not read all bytes again.</summary>
    /// <param name="crc">CRC-64/NVME of <paramref name="content"/>. It is believed: under a wrong one the store takes the shard for damaged when it checks it.</param>
    ValueTask WriteAsync(ReadOnlyMemory<byte> content, ulong crc, CancellationToken cancellationToken) => WriteAsync(content, cancellationToken);

    /// <summary>Makes the shard durable and visible. All of the announced length must have been written.</summary>
    ValueTask CommitAsync(CancellationToken cancellationToken);
}

/// <summary>Small named files on a store: keyring, snapshots, identity. Names are lower-case letters, digits, '-', '.', with '/' between parts.</summary>
/// <remarks>Same promises as <see cref="IShardStore"/>.</remarks>
public interface IBlobStore
{
    /// <summary>The largest blob that is taken: larger things are cut by their format.</summary>
    const int SizeMax = 16 * 1024 * 1024;

    /// <summary>Puts or atomically replaces a blob; durable (with its directory entry) when it returns.</summary>
    ValueTask PutBlobAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>The whole blob, or null when there is none.</summary>
    ValueTask<byte[]?> GetBlobAsync(string name, CancellationToken cancellationToken);

    /// <summary>Reads a blob into the caller's memory, which must be left alone until the call has ended: also when it was given up.</summary>
    /// <returns>The blob's length; when that is more than the memory's, nothing of use was read. Null when there is no such blob.</returns>
    async ValueTask<int?> ReadBlobAsync(string name, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var content = await GetBlobAsync(name, cancellationToken);
        if (content?.Length <= destination.Length) content.CopyTo(destination);
        return content?.Length;
    }

    /// <summary>Deletes a blob if it is there; durable when it returns.</summary>
    ValueTask DeleteBlobAsync(string name, CancellationToken cancellationToken);

    /// <summary>Names that begin with <paramref name="prefix"/>, in ordinal order.</summary>
    IAsyncEnumerable<string> ListBlobsAsync(string prefix, CancellationToken cancellationToken);
}

/// <summary>Append-only logs on a store, for journals. A log's name is as a blob's.</summary>
/// <remarks>Same promises as <see cref="IShardStore"/>. One process appends to a log; anyone may read it.</remarks>
public interface ILogStore
{
    /// <summary>The most bytes one append takes: one group of a journal, which its writer holds in memory.</summary>
    const int AppendSizeMax = 64 * 1024 * 1024;

    /// <summary>Appends to the end of the log, creating it when new; durable when it returns. After a failure the log's tail may hold a part of <paramref name="content"/>.</summary>
    /// <param name="offset">Where the caller believes the log ends. A longer log is cut back to it first (the failed tail of an earlier append); a shorter one is Corrupt.</param>
    ValueTask AppendLogAsync(string name, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Reads from a log; less than asked only at its end; 0 where there is no such log.</summary>
    ValueTask<int> ReadLogAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>The log's length in bytes; 0 where there is none.</summary>
    ValueTask<long> LogLengthAsync(string name, CancellationToken cancellationToken);

    /// <summary>Deletes a log if it is there; durable when it returns.</summary>
    ValueTask DeleteLogAsync(string name, CancellationToken cancellationToken);

    /// <summary>Names that begin with <paramref name="prefix"/>, in ordinal order.</summary>
    IAsyncEnumerable<string> ListLogsAsync(string prefix, CancellationToken cancellationToken);
}

/// <summary>A hot store as the object layer uses it: shards, blobs and logs, with an identity and a state of health.</summary>
public interface IStore : IShardStore, IBlobStore, ILogStore, IAsyncDisposable
{
    /// <summary>The identity that the store itself holds.</summary>
    StoreId Id { get; }

    /// <summary>Where it is, for people: a path or an address.</summary>
    string Location { get; }

    /// <summary>What fails together with it. Two shards of a segment prefer two domains.</summary>
    string FailureDomain { get; }

    /// <summary>Whose it is, where it is and what it costs. By default a disk of this machine, its device the <see cref="FailureDomain"/>. May change from one opening to the next.</summary>
    StoreTraits Traits => StoreTraits.OfLocalDisk(FailureDomain);

    /// <summary>How the store shows that it holds a shard without sending it; null where it cannot.</summary>
    IShardProver? Prover => null;

    /// <summary>Asks the medium itself (not a cache) whether this is still the store with this <see cref="Id"/>.</summary>
    /// <returns>Its space, and whether it refuses writes.</returns>
    /// <exception cref="BackendException">Kind Permanent when it is gone or another.</exception>
    ValueTask<StoreSpace> ProbeAsync(CancellationToken cancellationToken);
}
