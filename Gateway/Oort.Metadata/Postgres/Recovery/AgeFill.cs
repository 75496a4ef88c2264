using Npgsql;
using Oort.Metadata.Records;

namespace Oort.Metadata.Postgres.Recovery;

/// <summary>Fills in when versions were written, in a database of a schema that did not index it.</summary>
internal static class AgeFill
{
    /// <summary>Rows that are read and changed at a time.</summary>
    private const int PageSize = 10_000;

    /// <summary>Inside the transaction that is open. What cannot be read stays at 0; a check reports it.</summary>
    public static async ValueTask RunAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await new RoundTrip(connection).Add("DECLARE ages NO SCROLL CURSOR FOR SELECT bucket, key, generation, value FROM versions").RunAsync(cancellationToken);
        var rows = new List<(long Bucket, byte[] Key, long Generation, long At)>(PageSize);
        do
        {
            rows.Clear();
            await new RoundTrip(connection).Query($"FETCH {PageSize} FROM ages", row => rows.Add((row.GetInt64(0), row.Blob(1), row.GetInt64(2), AtOf(row)))).RunAsync(cancellationToken);
            if (rows.Count == 0) break;
            await new RoundTrip(connection).Add(
                "UPDATE versions v SET at = d.at FROM unnest($1, $2, $3, $4) AS d(bucket, key, generation, at) WHERE v.bucket = d.bucket AND v.key = d.key AND v.generation = d.generation",
                RoundTrip.Longs([.. rows.Select(row => row.Bucket)]), RoundTrip.Bytes([.. rows.Select(row => row.Key)]), RoundTrip.Longs([.. rows.Select(row => row.Generation)]),
                RoundTrip.Longs([.. rows.Select(row => row.At)])).RunAsync(cancellationToken);
        }
        while (rows.Count == PageSize);
        await new RoundTrip(connection).Add("CLOSE ages").RunAsync(cancellationToken);
    }

    private static long AtOf(NpgsqlDataReader row)
    {
        try
        {
            return VersionRecord.Read(new(row.ULong(0)), RecordReader.DecodeText(row.Blob(1)), row.ULong(2), false, row.Blob(3), default).LastModified.ToUnixTimeMilliseconds();
        }
        catch (MetadataFormatException)
        {
            return 0;
        }
    }
}
