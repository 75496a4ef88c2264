using System.ComponentModel.DataAnnotations;

namespace Oort.Objects;

/// <summary>Sizes and patience of the data path. The defaults are for a gateway of its own; tests make them small.</summary>
public sealed record ObjectLayerOptions
{
    /// <summary>Bytes of all request buffers together. Default 256 MiB: some 400 concurrent large uploads at 4+2. At least 32 MiB, since two pack flushes are set aside from it.</summary>
    [Range(32L * 1024 * 1024, 1L << 40)]
    public long BufferBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>The pool that everybody in the process shares, where others rent out of it as well; <see cref="BufferBytes"/> then says nothing. Default null: a pool of its own.</summary>
    public Budget.BufferPool? Buffers { get; init; }

    /// <summary>Key with a name (SSE-KMS) that is meant where a request and its bucket name none. Default "": there is none, and such a request is refused.</summary>
    public string DefaultKey { get; init; } = "";

    /// <summary>Plaintext bytes up to which an object joins a pack. Default and limit 256 KiB: above it, a segment of its own wastes little.</summary>
    [Range(0, PackThresholdMax)]
    public int PackThreshold { get; init; } = PackThresholdMax;

    /// <summary>Limit of <see cref="PackThreshold"/> (docs/formats/segment.md).</summary>
    public const int PackThresholdMax = 256 * 1024;

    /// <summary>Sealed bytes of a pack at most. Default 4 MiB: a flush of it takes some milliseconds, and everyone in it waits that long.</summary>
    [Range(512 * 1024, 64 * 1024 * 1024)]
    public int PackPayloadMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>Sealed chunks in a segment at most. Default and limit 1,024 (64 MiB).</summary>
    [Range(1, SegmentChunksMax)]
    public int SegmentChunks { get; init; } = SegmentChunksMax;

    /// <summary>Limit of <see cref="SegmentChunks"/> (docs/formats/segment.md).</summary>
    public const int SegmentChunksMax = 1024;

    /// <summary>Payload bytes that are gathered for one write to each store, while memory is plenty; at least one stripe. Default 1 MiB: writes of 256 KiB at 4+2, for which handing them to a thread costs little.</summary>
    [Range(1, 64 * 1024 * 1024)]
    public int RunBytes { get; init; } = 1024 * 1024;

    /// <summary>Payload bytes that a long GET reads with one read from each store, while memory is plenty; at least one stripe. It holds two such runs, the one that it sends and the one ahead. Default 512 KiB, so 1 MiB a connection: reads of 128 KiB at 4+2. Twice and four times as much where stores are more than 10 and 30 ms away.</summary>
    [Range(1, 64 * 1024 * 1024)]
    public int ReadRunBytes { get; init; } = 512 * 1024;

    /// <summary>
    /// Bytes of sealed cells that are kept of stores which have to be waited for (cold disks, nodes, clouds), once they have been asked for twice. Default 32 MiB, 512 full
    /// cells; 0: none. Part of <see cref="BufferBytes"/>, and at most an eighth of them, whatever is said here: 12 MiB of the 96 that a gateway takes by default.
    /// </summary>
    [Range(0, 1L << 37)]
    public long HotCellBytes { get; init; } = 32L * 1024 * 1024;

    /// <summary>The part of <see cref="BufferBytes"/> that <see cref="HotCellBytes"/> is at most: requests need the rest.</summary>
    internal const int HotCellDivisor = 8;

    /// <summary>Where cells of far stores are kept on a near disk, and taken from; it stays its maker's.</summary>
    internal Caching.CellCache? CellCache { get; init; }

    /// <summary>A store that needs longer for a write than this, and more than twice as long as the quorum, is given up for that segment. Default 2 s: a disk that spins up or a sync behind a large flush stays below.</summary>
    public TimeSpan StallDelayMin { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>When not even a quorum answers within this, the write fails; likewise a read with fewer than k shards. Default 30 s: clients give up at 60.</summary>
    public TimeSpan StoreTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a read waits for a data shard before it asks others and decodes. Default 200 ms: behind a sync on a busy disk reads take up to 100. Two round trips more where stores are more than 10 ms away.</summary>
    public TimeSpan HedgeDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long a store that stalled or was slower than the hedge is avoided where others can serve, so that not every stripe waits for it again. Default 5 s: then it gets another chance.</summary>
    public TimeSpan SlowStoreAvoidance { get; init; } = TimeSpan.FromSeconds(5);
}
