using System.Collections.Immutable;
using System.Globalization;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;

namespace Oort.Metadata.Sqlite.Recovery;

/// <summary>Builds a database from a snapshot and journals (DESIGN 6, "Recovery").</summary>
/// <remarks>
/// Two steps. Snapshot batches and journal entries are applied in any order, as often as wanted, to a staging file where the change with the highest
/// generation wins a row. <see cref="Finish"/> then writes the database in key order, works out what is derived, and moves it to its place.
/// Not thread-safe; synchronous, for a thread of its own. Staging is unsynced: after a crash recovery starts again.
/// </remarks>
public sealed class MetadataRebuilder : IDisposable
{
    /// <summary>Page cache of each file while rebuilding, in KiB: data ids come in random order, and what does not fit is written over and over.</summary>
    private const int CacheKibibytes = 128 * 1024;

    /// <summary>Likewise for a sample, which is made beside a running gateway.</summary>
    private const int SampleCacheKibibytes = 8 * 1024;

    /// <summary>Problems that a rebuild reports at most.</summary>
    private const int ProblemsMax = 1_000;

    private readonly string path;
    private readonly TimeProvider time;
    private readonly RebuildSample? sample;
    private readonly ulong snapshotGeneration;
    private readonly Database staging;
    private readonly Statement put;
    private bool finished;

    private MetadataRebuilder(string path, ulong snapshotGeneration, TimeProvider time, RebuildSample? sample)
    {
        this.path = path;
        this.sample = sample;
        this.time = time;
        this.snapshotGeneration = snapshotGeneration;
        HighestGeneration = snapshotGeneration;
        Delete(StagingPath);
        Delete(BuildPath);
        SqliteMetadataStore.CreateFile(StagingPath);
        staging = Database.OpenUnsynced(StagingPath, CacheOf(sample));
        staging.Execute("CREATE TABLE staging(tab INTEGER NOT NULL, key BLOB NOT NULL, generation INTEGER NOT NULL, value BLOB, PRIMARY KEY (tab, key)) WITHOUT ROWID; BEGIN");
        // Within one generation the later change of a row is the newer one, and applying an entry again changes nothing.
        put = staging.Prepare("""
            INSERT INTO staging(tab, key, generation, value) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT(tab, key) DO UPDATE SET generation = excluded.generation, value = excluded.value WHERE excluded.generation >= generation
            """);
    }

    /// <summary>Begins a rebuild.</summary>
    /// <param name="path">Where the database goes; nothing may be there.</param>
    /// <param name="snapshotGeneration">Generation of the snapshot whose batches will be applied; 0 for none. Journalled changes up to it are ignored: the snapshot has what became of them.</param>
    /// <param name="sample">Only these rows; null: all.</param>
    public static MetadataRebuilder Create(string path, ulong snapshotGeneration, TimeProvider time, RebuildSample? sample = null)
    {
        if (File.Exists(path)) throw new InvalidOperationException($"There is a database at {path} already.");
        return new(path, snapshotGeneration, time, sample);
    }

    /// <summary>Highest generation seen so far.</summary>
    public ulong HighestGeneration { get; private set; }

    /// <summary>Row changes applied so far.</summary>
    public long ChangeCount { get; private set; }

    /// <summary>Applies a batch of the snapshot.</summary>
    /// <exception cref="MetadataFormatException">It cannot be read, or is of another generation. Changes before the bad one have been applied.</exception>
    public void ApplySnapshot(ReadOnlySpan<byte> changes)
    {
        var reader = new ChangeReader(changes);
        while (reader.Next())
        {
            if (reader.Generation != snapshotGeneration || reader.IsDelete) throw new MetadataFormatException("A snapshot's batch is of another generation, or deletes a row.");
            Apply(reader);
        }
    }

    /// <summary>Applies an entry of a journal.</summary>
    /// <exception cref="MetadataFormatException">It cannot be read. Changes before the bad one have been applied.</exception>
    public void ApplyEntry(JournalEntry entry)
    {
        var reader = new ChangeReader(entry.Changes.Span);
        while (reader.Next())
        {
            if (reader.Generation < entry.FirstGeneration || reader.Generation > entry.LastGeneration)
                throw new MetadataFormatException("A row change's generation is not in its entry's range.");
            if (reader.Generation > snapshotGeneration) Apply(reader);
        }
        HighestGeneration = Math.Max(HighestGeneration, entry.LastGeneration);
    }

    /// <summary>The stores by what was applied so far; rows that cannot be read are passed over.</summary>
    public ImmutableArray<StoreRow> ReadStores()
    {
        var stores = ImmutableArray.CreateBuilder<StoreRow>();
        using var rows = new Statement(staging.Handle, "SELECT key, value FROM staging WHERE tab = ?1 AND value IS NOT NULL ORDER BY key");
        rows.Bind(1, (long)RowTable.Store);
        while (rows.Step())
        {
            try
            {
                stores.Add(SmallRecords.ReadStore(RowKey.ReadStore(rows.Blob(0)), rows.Blob(1)));
            }
            catch (MetadataFormatException)
            {
                // Finish reports it.
            }
        }

        return stores.ToImmutable();
    }

    /// <summary>Writes the database and moves it to its place. What cannot be reached or read is left out, and reported.</summary>
    /// <returns>What was wrong with the rows that survived: nothing, when snapshot and journals were complete.</returns>
    public ImmutableArray<MetadataProblem> Finish()
    {
        if (finished) throw new InvalidOperationException("The rebuild has been finished already.");
        finished = true;
        staging.Execute("COMMIT");
        SqliteMetadataStore.CreateFile(BuildPath);
        var problems = new ProblemList(ProblemsMax);
        using (var target = Database.OpenUnsynced(BuildPath, CacheOf(sample)))
        {
            Schema.Migrate(target);
            target.Execute("BEGIN");
            new RebuildTarget(staging, target, time.GetUtcNow().ToUnixTimeMilliseconds(), problems).Run();
            target.Execute(string.Create(CultureInfo.InvariantCulture,
                $"UPDATE state SET value = {HighestGeneration} WHERE name IN ('committed', 'journalled'); COMMIT; PRAGMA optimize"));
        }
        Sync(BuildPath);
        File.Move(BuildPath, path);
        return problems.ToImmutable();
    }

    /// <summary>Ends the rebuild; without <see cref="Finish"/> nothing of it is left.</summary>
    public void Dispose()
    {
        staging.Dispose();
        Delete(StagingPath);
        Delete(BuildPath);
    }

    private static int CacheOf(RebuildSample? sample) => sample is null ? CacheKibibytes : SampleCacheKibibytes;

    private string StagingPath => path + ".staging";

    private string BuildPath => path + ".rebuild";

    private void Apply(ChangeReader change)
    {
        HighestGeneration = Math.Max(HighestGeneration, change.Generation);
        if (sample is not null && !sample.Wants(change.Table, change.Key)) return;
        put.Bind(1, (long)change.Table).Bind(2, change.Key).Bind(3, change.Generation);
        if (change.IsDelete) put.BindNull(4);
        else put.Bind(4, change.Value);
        put.Run();
        ChangeCount++;
    }

    private static void Sync(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite);
        stream.Flush(flushToDisk: true);
    }

    private static void Delete(string file)
    {
        foreach (var suffix in new[] { "", "-journal", "-wal", "-shm" }) File.Delete(file + suffix);
    }
}
