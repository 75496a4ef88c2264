using System.Security.Cryptography;
using Oort.Backends;

namespace Oort.Metadata.Postgres;

/// <summary>How the engine on PostgreSQL runs.</summary>
public sealed record PostgresMetadataOptions
{
    /// <summary>The database: <c>postgres://user:password@host:port/database?sslmode=require</c>, or a connection string of keywords. The primary alone is used.</summary>
    public required string Address { get; init; }

    /// <summary>Which gateway this is: its journal, its epoch and its part of the totals go by this name. No two processes may run under one; the newer fences the older.</summary>
    public required string GatewayId { get; init; }

    /// <summary>Id of the cluster, as text: a database of another one is refused. Empty: not looked at.</summary>
    public string Cluster { get; init; } = "";

    /// <summary>Read connections, and so reads that run at once; more wait. Default 16. The server needs as many for each gateway, and four more.</summary>
    public int ReadConnections { get; init; } = 16;

    /// <summary>Commands that wait for the writer at most; beyond it callers wait for room. Default 4,096, about a second of work.</summary>
    public int QueueMax { get; init; } = 4_096;

    /// <summary>Commands in one transaction at most. Default 1,024: more gain little, and hold up those behind and other gateways.</summary>
    public int GroupCommandsMax { get; init; } = 1_024;

    /// <summary>Encoded bytes after which a group takes no further command. Default 2 MiB, so that a journal record stays small beside a store's largest blob.</summary>
    public int GroupBytesMax { get; init; } = 2 * 1024 * 1024;

    /// <summary>How long a group waits for callers who queue several commands. Default 20 ms, as in the embedded engine.</summary>
    public TimeSpan GatherWaitMax { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Groups committed in the database and not yet in the journal, at most. Default 4.</summary>
    public int PipelineMax { get; init; } = 4;

    /// <summary>Attempts of a group that the server takes back (serialization failure, deadlock, lock or statement timeout, lost connection). Default 5; then its callers are told.</summary>
    public int AttemptsMax { get; init; } = 5;

    /// <summary>How long a command waits for room in the queue. Default 5 s.</summary>
    public TimeSpan EnqueueWaitMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a command waits for a database that is away, before it is refused. Default 5 s: a fail-over to another primary often takes less.</summary>
    public TimeSpan DatabaseWaitMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a command waits for a journal that refuses entries, before it is refused itself. Default 1 s.</summary>
    public TimeSpan JournalWaitMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a read waits for what it saw to be in a journal. Default 10 s.</summary>
    public TimeSpan ReadWaitMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Age at which a group that another gateway committed and did not journal is journalled by this one, when somebody waits for it. Default 3 s: that gateway has died, or its stores hang.</summary>
    public TimeSpan AdoptAfter { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Longest run of one statement, and longest wait for a lock (server's statement_timeout and lock_timeout). Default 10 s: all statements of requests seek, so one that takes longer is stuck. Exports and checks have no such limit.</summary>
    public TimeSpan StatementTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>First pause before a refused journal entry is offered again, or a lost database asked again; doubles to <see cref="RetryDelayMax"/>. Default 20 ms.</summary>
    public TimeSpan RetryDelayMin { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Longest such pause. Default 2 s.</summary>
    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Where <see cref="PostgresMetadataStore.CheckAsync"/> puts its working file, which takes as much space as the database. Default: the system's folder for temporary files.</summary>
    public string? ScratchDirectory { get; init; }

    /// <summary>Where the thread that writes is from, and that of a replay.</summary>
    public ThreadProvider Threads { get; init; } = ThreadProvider.System;

    /// <summary>Fills a buffer with what cannot be guessed: ids and epochs are made of it. Only a simulation has one of its own.</summary>
    public Action<Span<byte>> Random { get; init; } = RandomNumberGenerator.Fill;
}
