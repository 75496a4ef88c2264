using System.Globalization;
using Npgsql;
using Oort.Metadata.Postgres.Recovery;

namespace Oort.Metadata.Postgres;

/// <summary>The tables, as numbered migrations: each brings a database from one schema version to the next.</summary>
internal static class Schema
{
    /// <summary>"Oort" in ASCII: the advisory lock under which one gateway migrates while others that start wait.</summary>
    private const long MigrationLock = 0x4f6f7274;

    /// <summary>The schema that began to count what is used.</summary>
    private const int UsageVersion = 4;

    /// <summary>The schema that began to index when versions were written.</summary>
    private const int AgeVersion = 5;

    private static readonly string[] Migrations = [Version1, Version2, Version3, Version4, Version5];

    /// <summary>What this program writes.</summary>
    public static int Current => Migrations.Length;

    /// <summary>Brings a database to the current schema, all in one transaction.</summary>
    /// <exception cref="MetadataFormatException">It holds something else, or is newer than this program.</exception>
    public static async ValueTask MigrateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await PostgresServer.ExecuteAsync(connection, string.Create(CultureInfo.InvariantCulture, $"SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({MigrationLock})"), cancellationToken);
        for (var version = await PresentAsync(connection, cancellationToken); version < Current; version++)
        {
            await PostgresServer.ExecuteAsync(connection, Migrations[version], cancellationToken);
            if (version + 1 == UsageVersion) await UsageFill.RunAsync(connection, cancellationToken);
            if (version + 1 == AgeVersion) await AgeFill.RunAsync(connection, cancellationToken);
            await PostgresServer.ExecuteAsync(connection, string.Create(CultureInfo.InvariantCulture, $"INSERT INTO oort_schema(version) VALUES ({version + 1})"), cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>The schema of a database; 0: it is empty.</summary>
    /// <exception cref="MetadataFormatException">It holds something else, or is newer than this program.</exception>
    public static async ValueTask<int> PresentAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT to_regclass('oort_schema') IS NOT NULL, to_regclass('versions') IS NULL AND to_regclass('buckets') IS NULL", connection);
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            if (!reader.GetBoolean(0)) return reader.GetBoolean(1) ? 0 : throw new MetadataFormatException("This PostgreSQL database holds tables of another program.");
        }
        await using var version = new NpgsqlCommand("SELECT coalesce(max(version), 0) FROM oort_schema", connection);
        var present = (int)(await version.ExecuteScalarAsync(cancellationToken))!;
        return present <= Current
            ? present
            : throw new MetadataFormatException(string.Create(CultureInfo.InvariantCulture, $"The metadata database has schema {present}; this program knows schemas up to {Current}. Use the program that wrote it, or a newer one."));
    }

    // bytea is compared byte by byte, which is S3's order of UTF-8 keys; no collation comes near a key. `value` is the row's record as it stands in the
    // journal; beside it are only the columns that statements search by. "Derived" is what is never journalled but worked out.
    private const string Version1 = """
        CREATE TABLE oort_schema(version integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now());

        -- One row. Its lock is the right to commit: whoever holds it decides alone, so generations are given in the order of commits (docs/decisions/0007).
        CREATE TABLE state(one boolean PRIMARY KEY CHECK (one), committed bigint NOT NULL, cluster text NOT NULL) WITH (fillfactor = 10);
        INSERT INTO state VALUES (true, 0, '');

        CREATE TABLE buckets(id bigint PRIMARY KEY, name bytea NOT NULL UNIQUE, value bytea NOT NULL);

        -- null_kind: 0 no null version; 1 one that was its key's first version when written; 2 one written above others. data: derived, the data ids of its extents one after the other (16 bytes each); NULL where they are many.
        CREATE TABLE versions(
            bucket bigint NOT NULL, key bytea NOT NULL, generation bigint NOT NULL,
            null_kind smallint NOT NULL, marker boolean NOT NULL, data bytea, value bytea NOT NULL, extents bytea NOT NULL);
        CREATE UNIQUE INDEX versions_key ON versions(bucket, key, generation DESC);
        CREATE UNIQUE INDEX versions_null ON versions(bucket, key) WHERE null_kind = 2;

        -- Derived: one row for each key whose newest version is an object; what a listing shows.
        CREATE TABLE heads(bucket bigint NOT NULL, key bytea NOT NULL, generation bigint NOT NULL, value bytea NOT NULL, PRIMARY KEY (bucket, key));

        CREATE TABLE uploads(
            bucket bigint NOT NULL, key bytea NOT NULL, id bytea NOT NULL, initiated bigint NOT NULL, value bytea NOT NULL, PRIMARY KEY (bucket, key, id));
        CREATE UNIQUE INDEX uploads_id ON uploads(id);
        CREATE INDEX uploads_initiated ON uploads(initiated);

        CREATE TABLE parts(upload bytea NOT NULL, number integer NOT NULL, value bytea NOT NULL, extents bytea NOT NULL, PRIMARY KEY (upload, number));

        -- Derived columns: refs, how many extents of versions and parts name the data id; segments, those it lies in, one after the other (16 bytes each).
        CREATE TABLE data(id bytea PRIMARY KEY, refs bigint NOT NULL, segments bytea NOT NULL, value bytea NOT NULL);

        -- Derived: which data ids lie in a segment, with the sealed bytes that they have there.
        CREATE TABLE runs(segment bytea NOT NULL, data bytea NOT NULL, bytes bigint NOT NULL, PRIMARY KEY (segment, data));

        -- Derived columns: data_count and live_bytes (sums over runs), idle_since (when data_count became 0, Unix milliseconds; NULL otherwise),
        -- shrunk (it has lost data since it was written), share (thousandths of the payload that live, padding counted), partial (a shard is missing).
        CREATE TABLE segments(
            id bytea PRIMARY KEY, payload bigint NOT NULL, partial boolean NOT NULL,
            data_count bigint NOT NULL, live_bytes bigint NOT NULL, idle_since bigint, shrunk boolean NOT NULL, share bigint NOT NULL, value bytea NOT NULL);
        CREATE INDEX segments_partial ON segments(id) WHERE partial;
        CREATE INDEX segments_idle ON segments(idle_since) WHERE idle_since IS NOT NULL;
        CREATE INDEX segments_shrunk ON segments(share) WHERE shrunk;

        -- Derived: which segments have a shard on a store.
        CREATE TABLE placements(store bytea NOT NULL, segment bytea NOT NULL, PRIMARY KEY (store, segment));

        CREATE TABLE stores(id bytea PRIMARY KEY, value bytea NOT NULL);
        CREATE TABLE epochs(gateway bytea PRIMARY KEY, value bytea NOT NULL);
        CREATE TABLE settings(name bytea PRIMARY KEY, value bytea NOT NULL);

        -- A gateway: how often it has started, its newest group, up to where others have journalled for it, and what its commits added to the totals (derived).
        CREATE TABLE gateways(
            id text PRIMARY KEY, session bigint NOT NULL, committed bigint NOT NULL, adopted bigint NOT NULL,
            buckets bigint NOT NULL DEFAULT 0, objects bigint NOT NULL DEFAULT 0, versions bigint NOT NULL DEFAULT 0, uploads bigint NOT NULL DEFAULT 0,
            logical_bytes bigint NOT NULL DEFAULT 0, segments bigint NOT NULL DEFAULT 0, segments_partial bigint NOT NULL DEFAULT 0,
            payload_bytes bigint NOT NULL DEFAULT 0, live_bytes bigint NOT NULL DEFAULT 0) WITH (fillfactor = 10);

        -- Up to where each gateway's groups are in its journal, as far as it has told. A table of its own, so that telling waits for no commit.
        CREATE TABLE journals(gateway text PRIMARY KEY, journalled bigint NOT NULL) WITH (fillfactor = 10);

        -- Groups that are committed but not known to be in a journal; scopes: what they touch, as hashes.
        CREATE TABLE outbox(
            gateway text NOT NULL, first bigint NOT NULL, last bigint NOT NULL, at timestamptz NOT NULL, scopes bigint[] NOT NULL, changes bytea NOT NULL,
            PRIMARY KEY (gateway, last));
        ALTER TABLE outbox ALTER COLUMN changes SET STORAGE EXTERNAL;

        -- Who may do some background work, until when. The token grows with every holder. Not journalled: a lease ends by itself.
        CREATE TABLE leases(name text PRIMARY KEY, holder text NOT NULL, token bigint NOT NULL, until timestamptz NOT NULL);
        """;

    // Not journalled: which data lost its last reference, in the order in which it did, until that is shredded and for a while after.
    private const string Version2 = """
        CREATE TABLE gone(generation bigint NOT NULL, data bytea NOT NULL, version bigint NOT NULL, at bigint NOT NULL, PRIMARY KEY (generation, data));
        """;

    // Items on outside networks: id is store and item id. Derived columns: due (when the next step is, Unix milliseconds; NULL: never), item (the key of the item that a shard is in).
    private const string Version3 = """
        CREATE TABLE items(id bytea PRIMARY KEY, due bigint, value bytea NOT NULL);
        CREATE INDEX items_due ON items(due) WHERE due IS NOT NULL;
        CREATE TABLE item_shards(id bytea PRIMARY KEY, item bytea NOT NULL, value bytea NOT NULL);
        CREATE INDEX item_shards_item ON item_shards(item, id);
        """;

    // Derived: versions and bytes of each bucket (with the parts of its uploads), and of the buckets of each account together. Changed by every commit, under the lock that commits have anyway.
    private const string Version4 = """
        CREATE TABLE bucket_usage(bucket bigint PRIMARY KEY, account bytea NOT NULL, objects bigint NOT NULL, bytes bigint NOT NULL) WITH (fillfactor = 10);
        CREATE TABLE account_usage(account bytea PRIMARY KEY, buckets bigint NOT NULL, objects bigint NOT NULL, bytes bigint NOT NULL) WITH (fillfactor = 10);
        """;

    // Derived column: at (when a version was written, Unix milliseconds). Not journalled: revisits, what those who act by age are to look at again; with time -1, the stamp of a bucket.
    private const string Version5 = """
        ALTER TABLE versions ADD COLUMN at bigint NOT NULL DEFAULT 0;
        CREATE INDEX versions_at ON versions(bucket, at, generation);
        CREATE INDEX uploads_at ON uploads(bucket, initiated, id);
        CREATE TABLE revisits(bucket bigint NOT NULL, at bigint NOT NULL, key bytea NOT NULL, generation bigint NOT NULL, PRIMARY KEY (bucket, at, key, generation));
        """;
}
