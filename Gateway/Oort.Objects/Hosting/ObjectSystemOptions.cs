using System.Security.Cryptography;
using Oort.Backends;
using Oort.Objects.Audits;
using Oort.Objects.Networks;
using Oort.Objects.Tiering;

namespace Oort.Objects;

/// <summary>How an object system runs. All limits have defaults that suit one machine with six disks.</summary>
public sealed record ObjectSystemOptions
{
    /// <summary>Existing directory for the identity file, the keyring's copy and the database. The caller holds its lock.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Address of a PostgreSQL database that holds the metadata, perhaps of several gateways (<see cref="Oort.Metadata.Postgres.PostgresMetadataOptions.Address"/>); it may hold a password. Null: a SQLite file in the data directory.</summary>
    public string? MetadataDatabase { get; init; }

    /// <summary>Whether nobody has named the stores, so that they are those of a new cluster: an existing one takes none of them in that is blank.</summary>
    public bool AreStoresDefault { get; init; }

    /// <summary>Finds the place of a store that joined while the system ran and is not among the configured ones: by the location in its row, which moves the place where it says another than before. Null, or a null answer: it stays away until it is configured.</summary>
    public Func<string, IStoreEndpoint?>? Locate { get; init; }

    public StoreSetOptions Stores { get; init; } = new();

    public JournalOptions Journal { get; init; } = new();

    /// <summary>Sizes and patience of the data path.</summary>
    public ObjectLayerOptions Objects { get; init; } = new();

    /// <summary>How long a start waits for a store to open; it goes on at once when all have. Default 15 s: a disk spins up in 10, and a start with too few stores would be refused. One that takes longer joins when it is ready.</summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Journal bytes since the last snapshot at which the next one is made: what a recovery has to replay at most.</summary>
    public long SnapshotAfterBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Pause between two looks for segments that are not full.</summary>
    public TimeSpan RepairInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A near disk for cells of far stores; null: none.</summary>
    public CellCacheOptions? Cache { get; init; }

    /// <summary>Bytes a second that repair reads at most, so that clients keep the larger part of a disk; 0: no limit.</summary>
    public long RepairBytesPerSecond { get; init; } = 200L * 1024 * 1024;

    /// <summary>Segments repaired at the same time. Each holds one stripe of all its shards in memory: 16 MiB at most.</summary>
    public int RepairParallelism { get; init; } = 2;

    /// <summary>Bytes a second that rebalancing moves at most; 0: no limit. An eighth of a gigabit line: a day moves 1.4 TB.</summary>
    public long RebalanceBytesPerSecond { get; init; } = 16L * 1024 * 1024;

    /// <summary>Pause between two looks whether stores fill so unevenly that shards should move.</summary>
    public TimeSpan RebalanceInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Pause between two looks whether another gateway has changed the placement policies.</summary>
    public TimeSpan PlacementInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Pause between two whole scrubs; zero: only on demand.</summary>
    public TimeSpan ScrubInterval { get; init; } = TimeSpan.FromDays(14);

    /// <summary>Bytes a second that the background scrub reads at most; one on demand is not held back.</summary>
    public long ScrubBytesPerSecond { get; init; } = 32L * 1024 * 1024;

    /// <summary>Outside networks, and how items there are taken further.</summary>
    public NetworkOptions Networks { get; init; } = new();

    /// <summary>How objects move between storage classes, and come back from archives.</summary>
    public TieringOptions Tiering { get; init; } = new();

    /// <summary>How often storage nodes are audited, and what that may cost.</summary>
    public AuditOptions Audits { get; init; } = new();

    /// <summary>Pause between two runs of the collector.</summary>
    public TimeSpan CollectInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Pause between two searches of all stores for shards that no row names: each lists every shard.</summary>
    public TimeSpan OrphanScanInterval { get; init; } = TimeSpan.FromHours(6);

    /// <summary>How long a segment without references keeps its shards: longer than the longest request that may still read it.</summary>
    public TimeSpan DeleteGrace { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long a shard that no row names is kept, from when it was first seen.</summary>
    public TimeSpan QuarantinePeriod { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Age at which an upload that was neither completed nor aborted is aborted; null: never.</summary>
    public TimeSpan? AbandonedUploadAge { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Share of live bytes below which a segment is compacted.</summary>
    public double CompactBelow { get; init; } = 0.5;

    /// <summary>Data keys a second that a rotation looks at, at most.</summary>
    public long RewrapKeysPerSecond { get; init; } = 5_000;

    /// <summary>Age of the oldest deleted data at which journals and snapshots are rewritten without its keys: well below the seven days in which it is promised, so that a disk may be away for some of them.</summary>
    public TimeSpan ShredAfter { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Time that <see cref="IObjectSystem.StopAsync"/> gives requests and writers to end.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Pause between two recovery drills, of which one gateway of a cluster does each; zero: only on demand. The first one comes after ten minutes, or after this pause where that is shorter.</summary>
    public TimeSpan DrillInterval { get; init; }

    /// <summary>How much a scheduled recovery drill takes on.</summary>
    public DrillOptions Drill { get; init; } = new() { BytesPerSecond = 32L * 1024 * 1024 };

    /// <summary>Whether background workers (repair, scrub, collector, snapshots) run; off in offline verbs and in tests that step them.</summary>
    public bool RunWorkers { get; init; } = true;

    /// <summary>Where threads of the metadata engine are from.</summary>
    public ThreadProvider Threads { get; init; } = ThreadProvider.System;

    /// <summary>Fills a buffer with what cannot be guessed, for the metadata engine and the choice of what is audited.</summary>
    public Action<Span<byte>> Random { get; init; } = RandomNumberGenerator.Fill;
}
