using System.Security.Cryptography;
using Oort.Backends;

namespace Oort.Metadata.Sqlite;

/// <summary>How the embedded engine runs.</summary>
public sealed record SqliteMetadataOptions
{
    /// <summary>Path of the database file; its directory must be there. Created, readable by the owner alone, when missing.</summary>
    public required string Path { get; init; }

    /// <summary>Read connections, and so reads that run at once; more wait. Default two a processor and at least 4: reads are short and mostly from memory, and each connection has a cache.</summary>
    public int ReadConnections { get; init; } = Math.Max(4, 2 * Environment.ProcessorCount);

    /// <summary>Page cache of the connection that writes, in KiB. Default 16 MiB.</summary>
    public int CacheKibibytes { get; init; } = 16 * 1024;

    /// <summary>Page cache of each read connection, in KiB. Default 2 MiB: the upper levels of the tables; the leaves are in the system's cache, once for all connections.</summary>
    public int ReadCacheKibibytes { get; init; } = 2 * 1024;

    /// <summary>Pages of 4 KiB that the file may grow to; then it behaves as on a full disk. Default 0: as many as the disk holds.</summary>
    public int PagesMax { get; init; }

    /// <summary>Memory for rows that are asked for again and again: buckets, and newest versions with where their data lies. Default 16 MiB, some 10,000 objects; 0: none are kept. At most 4 GiB.</summary>
    public long HotBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>Commands that wait for the writer at most; beyond it callers wait for room. Default 4,096, about a second of work.</summary>
    public int QueueMax { get; init; } = 4_096;

    /// <summary>Commands in one transaction at most. Default 1,024: more gain little, and hold up those behind.</summary>
    public int GroupCommandsMax { get; init; } = 1_024;

    /// <summary>How long a group waits for callers who queue several commands (<see cref="IMetadataStore.GatherWrites"/>). Default 20 ms: queueing takes microseconds, and a caller that was put off its core meanwhile is not waited for longer.</summary>
    public TimeSpan GatherWaitMax { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Groups of puts that share one COMMIT at most. Default 32, so that pages which many puts change are written once; what a crash takes is replayed from the journal. 1: each group has its own.</summary>
    public int GroupsPerCommitMax { get; init; } = 32;

    /// <summary>How long puts wait for others to share their COMMIT when no command follows. Default 20 ms. No answer waits for it, only the next start, if it came to a crash.</summary>
    public TimeSpan CommitDelayMax { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Encoded bytes after which a group takes no further command. Default 2 MiB, so that a journal record stays small beside a store's largest blob.</summary>
    public int GroupBytesMax { get; init; } = 2 * 1024 * 1024;

    /// <summary>Groups committed in the database and not yet in the journal, at most. Default 4: the one being appended, and those made meanwhile.</summary>
    public int PipelineMax { get; init; } = 4;

    /// <summary>How long a command waits for room in the queue. Default 5 s.</summary>
    public TimeSpan EnqueueWaitMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a command waits for a journal that refuses entries, before it is refused itself. Default 1 s.</summary>
    public TimeSpan JournalWaitMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a read waits for what it saw to be in the journal. Default 10 s.</summary>
    public TimeSpan ReadWaitMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>First pause before a refused entry is offered again; doubles to <see cref="RetryDelayMax"/>. Default 50 ms.</summary>
    public TimeSpan RetryDelayMin { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Longest such pause. Default 2 s.</summary>
    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Where the thread that writes is from.</summary>
    public ThreadProvider Threads { get; init; } = ThreadProvider.System;

    /// <summary>Fills a buffer with what cannot be guessed: ids and epochs are made of it. Only a simulation has one of its own.</summary>
    public Action<Span<byte>> Random { get; init; } = RandomNumberGenerator.Fill;
}
