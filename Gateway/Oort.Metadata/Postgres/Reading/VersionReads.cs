using System.Collections.Immutable;
using Npgsql;
using Oort.Backends;
using Oort.Metadata.Records;

namespace Oort.Metadata.Postgres.Reading;

/// <summary>One version of a key, with or without where its data lies, in one round trip.</summary>
internal static class VersionReads
{
    private const string Columns = "generation, null_kind, value, extents, data";

    /// <summary>The version by itself, or with its data ids and the segments that they lie in, of one instant.</summary>
    /// <param name="versionId">Null: the newest.</param>
    public static Func<RoundTrip, Func<FoundVersion?>> Find(BucketId bucket, string key, byte[] keyBytes, string? versionId, bool withData) => trip =>
    {
        var read = new Joined(bucket, key);
        ulong newest = 0;
        var id = default(VersionId);
        var isNull = versionId == VersionId.NullText;
        if (versionId is not null && !isNull && (!VersionId.TryParse(versionId, out id) || id.Generation > long.MaxValue)) return () => null;
        NpgsqlParameter[] Key(params NpgsqlParameter[] more) => [RoundTrip.Long(bucket.Value), RoundTrip.Bytes(keyBytes), .. more];
        if (versionId is null)
        {
            trip.Query(Select("ORDER BY generation DESC LIMIT 1", withData), read.Add, Key());
            return () => read.Result(withData) is { } top ? top with { Version = top.Version with { IsLatest = true } } : null;
        }
        // A null version that was written as the key's first is the oldest; otherwise it is indexed.
        if (isNull) trip.Query(Select("ORDER BY generation LIMIT 1", withData), read.AddNull, Key()).Query(Select("AND null_kind = 2", withData), read.AddNull, Key());
        else trip.Query(Select("AND generation = $3", withData), read.Add, Key(RoundTrip.Long(id.Generation)));
        trip.Query("SELECT generation FROM versions WHERE bucket = $1 AND key = $2 ORDER BY generation DESC LIMIT 1", row => newest = row.ULong(0), Key());
        return () =>
        {
            var found = read.Result(withData);
            if (found is null || (!isNull && (found.Version.Id != id || found.Version.IsNull))) return null;
            return found with { Version = found.Version with { IsLatest = found.Version.Id.Generation == newest } };
        };
    };

    /// <summary>Data ids with the segments that they lie in, of one instant.</summary>
    public static Func<RoundTrip, Func<ImmutableArray<DataLocation>>> Locate(ImmutableArray<DataId> data) => trip =>
    {
        var read = new Places();
        if (!data.IsEmpty)
        {
            trip.Query(
                $"SELECT d.id, d.value, s.id, s.value FROM data d {Segments} WHERE d.id = ANY($1)",
                row => read.Add(row, 0), RoundTrip.Bytes([.. data.Select(KeyRange.Of)]));
        }
        return () => read.Of(data);
    };

    /// <summary>The segments of data d. Read by one statement with it: a move in between would show the one without the other.</summary>
    private const string Segments = """
        LEFT JOIN LATERAL generate_series(0, length(d.segments) / 16 - 1) AS m(i) ON true
        LEFT JOIN segments s ON s.id = substring(d.segments FROM 1 + 16 * m.i FOR 16)
        """;

    private static string Select(string which, bool withData) => withData
        ? $"""
            SELECT v.*, d.id, d.value, s.id, s.value FROM (SELECT {Columns} FROM versions WHERE bucket = $1 AND key = $2 {which}) v
            LEFT JOIN LATERAL generate_series(0, length(v.data) / 16 - 1) AS n(i) ON true
            LEFT JOIN data d ON d.id = substring(v.data FROM 1 + 16 * n.i FOR 16)
            {Segments}
            """
        : $"SELECT {Columns} FROM versions WHERE bucket = $1 AND key = $2 {which}";

    /// <summary>A version, from rows that repeat it for each segment of each of its data ids.</summary>
    private sealed class Joined(BucketId bucket, string key)
    {
        private readonly Places places = new();
        private VersionRow? version;

        public void Add(NpgsqlDataReader row)
        {
            if (version?.Id.Generation != row.ULong(0)) version = VersionRecord.Read(bucket, key, row.ULong(0), false, row.Blob(2), row.Blob(3));
            if (row.FieldCount > 5 && !row.IsDBNull(5)) places.Add(row, 5);
        }

        public void AddNull(NpgsqlDataReader row)
        {
            if (row.GetInt16(1) != 0) Add(row);
        }

        public FoundVersion? Result(bool withData)
        {
            if (version is null) return null;
            return new(version, withData && version.Extents.Length <= MetadataLimits.FoundDataMax ? places.Of([.. version.Extents.Select(extent => extent.Data).Distinct()]) : default);
        }
    }

    /// <summary>Data ids and segments, from rows of the one and the other.</summary>
    private sealed class Places
    {
        private readonly Dictionary<DataId, DataRow> data = [];
        private readonly Dictionary<SegmentId, SegmentRow> segments = [];

        public void Add(NpgsqlDataReader row, int column)
        {
            var id = DataId.Read(row.Blob(column));
            if (!data.ContainsKey(id)) data.Add(id, DataRecord.Read(id, row.Blob(column + 1)));
            if (row.IsDBNull(column + 2)) return;
            var segment = SegmentId.Read(row.Blob(column + 2));
            if (!segments.ContainsKey(segment)) segments.Add(segment, SegmentRecord.Read(segment, row.Blob(column + 3)));
        }

        public ImmutableArray<DataLocation> Of(ImmutableArray<DataId> wanted) => [.. wanted.Where(data.ContainsKey).Select(id => Location(data[id]))];

        private DataLocation Location(DataRow row)
        {
            var own = ImmutableDictionary.CreateBuilder<SegmentId, SegmentRow>();
            foreach (var run in row.Runs)
                own[run.Segment] = segments.GetValueOrDefault(run.Segment) ?? throw new MetadataFormatException($"Data {row.Id} lies in segment {run.Segment}, which is not there.");
            return new(row, own.ToImmutable());
        }
    }
}
