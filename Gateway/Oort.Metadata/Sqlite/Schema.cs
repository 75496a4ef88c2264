using System.Globalization;
using Oort.Metadata.Sqlite.Recovery;

namespace Oort.Metadata.Sqlite;

/// <summary>The tables, as numbered migrations: each brings a database from one schema version to the next.</summary>
internal static class Schema
{
    /// <summary>"Oort" in ASCII: marks the file as ours (PRAGMA application_id).</summary>
    private const long ApplicationId = 0x4f6f7274;

    /// <summary>The schema that began to count what is used.</summary>
    private const int UsageVersion = 4;

    /// <summary>The schema that began to index when versions were written.</summary>
    private const int AgeVersion = 5;

    private static readonly string[] Migrations = [Version1, Version2, Version3, Version4, Version5];

    /// <summary>What this program writes.</summary>
    public static int Current => Migrations.Length;

    /// <summary>Brings a database to the current schema; each migration is one transaction.</summary>
    /// <exception cref="MetadataFormatException">It is not ours, or newer than this program.</exception>
    public static void Migrate(Database database)
    {
        var present = database.Number("PRAGMA user_version");
        var application = database.Number("PRAGMA application_id");
        if (application != ApplicationId && (application != 0 || present != 0 || database.Number("SELECT COUNT(*) FROM sqlite_schema") != 0))
            throw new MetadataFormatException("This SQLite file is not an Oort metadata database.");
        if (present > Current)
        {
            throw new MetadataFormatException(string.Create(CultureInfo.InvariantCulture,
                $"The metadata database has schema {present}; this program knows schemas up to {Current}. Use the program that wrote it, or a newer one."));
        }
        for (var version = (int)present; version < Current; version++)
        {
            database.Execute("BEGIN IMMEDIATE");
            try
            {
                database.Execute(Migrations[version]);
                if (version + 1 == UsageVersion) UsageFill.Run(database);
                if (version + 1 == AgeVersion) AgeFill.Run(database);
                database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id={ApplicationId}; PRAGMA user_version={version + 1}; COMMIT"));
            }
            catch
            {
                if (database.InTransaction) database.Execute("ROLLBACK");
                throw;
            }
        }
    }

    // Keys are BLOBs: SQLite compares them as bytes, which is S3's order of UTF-8 keys. `value` is the row's record as it stands in the
    // journal; beside it are only the columns that statements search by. Tables marked "derived" are never journalled but rebuilt.
    private const string Version1 = """
        CREATE TABLE state(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO state VALUES ('committed', 0), ('journalled', 0);

        CREATE TABLE buckets(id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, value BLOB NOT NULL);

        -- null_kind: 0 no null version; 1 one that was its key's first version when written; 2 one written above others (see VersionTable).
        CREATE TABLE versions(
            bucket INTEGER NOT NULL, key BLOB NOT NULL, generation INTEGER NOT NULL,
            null_kind INTEGER NOT NULL, marker INTEGER NOT NULL, value BLOB NOT NULL, extents BLOB NOT NULL,
            PRIMARY KEY (bucket, key, generation DESC)) WITHOUT ROWID;
        CREATE UNIQUE INDEX versions_null ON versions(bucket, key) WHERE null_kind = 2;

        -- Derived: one row for each key whose newest version is an object; what a listing shows.
        CREATE TABLE heads(
            bucket INTEGER NOT NULL, key BLOB NOT NULL, generation INTEGER NOT NULL, value BLOB NOT NULL,
            PRIMARY KEY (bucket, key)) WITHOUT ROWID;

        CREATE TABLE uploads(
            bucket INTEGER NOT NULL, key BLOB NOT NULL, id BLOB NOT NULL, initiated INTEGER NOT NULL, value BLOB NOT NULL,
            PRIMARY KEY (bucket, key, id)) WITHOUT ROWID;
        CREATE UNIQUE INDEX uploads_id ON uploads(id);
        CREATE INDEX uploads_initiated ON uploads(initiated);

        CREATE TABLE parts(
            upload BLOB NOT NULL, number INTEGER NOT NULL, value BLOB NOT NULL, extents BLOB NOT NULL,
            PRIMARY KEY (upload, number)) WITHOUT ROWID;

        -- Derived column: refs, how many extents of versions and parts name the data id.
        CREATE TABLE data(id BLOB PRIMARY KEY, refs INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;

        -- Derived: which data ids lie in a segment, with the sealed bytes that they have there.
        CREATE TABLE runs(segment BLOB NOT NULL, data BLOB NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (segment, data)) WITHOUT ROWID;

        -- Derived columns: data_count and live_bytes (sums over runs), idle_since (when data_count became 0, Unix milliseconds; NULL otherwise),
        -- shrunk (it has lost data since it was written), share (thousandths of the payload that live, padding counted), partial (a shard is missing).
        CREATE TABLE segments(
            id BLOB PRIMARY KEY, payload INTEGER NOT NULL, partial INTEGER NOT NULL,
            data_count INTEGER NOT NULL, live_bytes INTEGER NOT NULL, idle_since INTEGER, shrunk INTEGER NOT NULL, share INTEGER NOT NULL,
            value BLOB NOT NULL) WITHOUT ROWID;
        CREATE INDEX segments_partial ON segments(id) WHERE partial = 1;
        CREATE INDEX segments_idle ON segments(idle_since) WHERE idle_since IS NOT NULL;
        CREATE INDEX segments_shrunk ON segments(share) WHERE shrunk = 1;

        -- Derived: which segments have a shard on a store.
        CREATE TABLE placements(store BLOB NOT NULL, segment BLOB NOT NULL, PRIMARY KEY (store, segment)) WITHOUT ROWID;

        CREATE TABLE stores(id BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE epochs(gateway BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE settings(name BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

        -- Derived: counts that would otherwise need scans.
        CREATE TABLE totals(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO totals VALUES ('buckets', 0), ('objects', 0), ('versions', 0), ('uploads', 0), ('logical_bytes', 0),
            ('segments', 0), ('segments_partial', 0), ('payload_bytes', 0), ('live_bytes', 0);

        -- Groups that are committed here but perhaps not yet in the journal.
        CREATE TABLE outbox(first INTEGER PRIMARY KEY, last INTEGER NOT NULL, changes BLOB NOT NULL);
        """;

    // Not journalled: which data lost its last reference, in the order in which it did, until that is shredded and for a while after.
    private const string Version2 = """
        CREATE TABLE gone(
            generation INTEGER NOT NULL, data BLOB NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (generation, data)) WITHOUT ROWID;
        """;

    // Items on outside networks: id is store and item id. Derived columns: due (when the next step is, Unix milliseconds; NULL: never), item (the key of the item that a shard is in).
    private const string Version3 = """
        CREATE TABLE items(id BLOB PRIMARY KEY, due INTEGER, value BLOB NOT NULL) WITHOUT ROWID;
        CREATE INDEX items_due ON items(due) WHERE due IS NOT NULL;
        CREATE TABLE item_shards(id BLOB PRIMARY KEY, item BLOB NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
        CREATE INDEX item_shards_item ON item_shards(item);
        """;

    // Derived: versions and bytes of each bucket (with the parts of its uploads), and of the buckets of each account together.
    private const string Version4 = """
        CREATE TABLE bucket_usage(bucket INTEGER PRIMARY KEY, account BLOB NOT NULL, objects INTEGER NOT NULL, bytes INTEGER NOT NULL);
        CREATE TABLE account_usage(account BLOB PRIMARY KEY, buckets INTEGER NOT NULL, objects INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
        """;

    // Derived column: at (when a version was written, Unix milliseconds). Not journalled: revisits, what those who act by age are to look at again; with time -1, the stamp of a bucket.
    private const string Version5 = """
        ALTER TABLE versions ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX versions_at ON versions(bucket, at, generation);
        CREATE INDEX uploads_at ON uploads(bucket, initiated, id);
        CREATE TABLE revisits(
            bucket INTEGER NOT NULL, at INTEGER NOT NULL, key BLOB NOT NULL, generation INTEGER NOT NULL,
            PRIMARY KEY (bucket, at, key, generation)) WITHOUT ROWID;
        """;
}
