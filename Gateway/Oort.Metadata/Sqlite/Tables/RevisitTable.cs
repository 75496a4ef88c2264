using System.Collections.Immutable;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite.Tables;

/// <summary>Not journalled: versions that are to be looked at again, and the stamp of each bucket, in a row of time -1 without a key.</summary>
internal sealed class RevisitTable(Database database) : IRevisitTable
{
    private Statement? add;
    private Statement? remove;
    private Statement? removeAll;
    private Statement? removeStamp;
    private Statement? findStamp;
    private Statement? list;

    public void Add(BucketId bucket, in Revisit revisit) => Add(bucket, revisit.At.ToUnixTimeMilliseconds(), RowKey.Utf8(revisit.Key), revisit.Generation);

    public void Remove(BucketId bucket, in Revisit revisit)
    {
        remove ??= database.Prepare("DELETE FROM revisits WHERE bucket = ?1 AND at = ?2 AND key = ?3 AND generation = ?4");
        remove.Bind(1, bucket.Value).Bind(2, revisit.At.ToUnixTimeMilliseconds()).Bind(3, RowKey.Utf8(revisit.Key)).Bind(4, revisit.Generation).Run();
    }

    public void RemoveAll(BucketId bucket)
    {
        removeAll ??= database.Prepare("DELETE FROM revisits WHERE bucket = ?1");
        removeAll.Bind(1, bucket.Value).Run();
    }

    public void PutStamp(BucketId bucket, ulong stamp)
    {
        RemoveStamp(bucket);
        Add(bucket, -1, [], stamp);
    }

    public void RemoveStamp(BucketId bucket)
    {
        removeStamp ??= database.Prepare("DELETE FROM revisits WHERE bucket = ?1 AND at < 0");
        removeStamp.Bind(1, bucket.Value).Run();
    }

    public ulong? FindStamp(BucketId bucket)
    {
        findStamp ??= database.Prepare("SELECT generation FROM revisits WHERE bucket = ?1 AND at < 0");
        using var rows = findStamp.Bind(1, bucket.Value).Query();
        return rows.Next() ? findStamp.ULong(0) : null;
    }

    public ImmutableArray<Revisit> List(BucketId bucket, long until, int limit)
    {
        list ??= database.Prepare("SELECT at, key, generation FROM revisits WHERE bucket = ?1 AND at >= 0 AND at <= ?2 ORDER BY at, key, generation LIMIT ?3");
        var found = ImmutableArray.CreateBuilder<Revisit>();
        using var rows = list.Bind(1, bucket.Value).Bind(2, until).Bind(3, (long)limit).Query();
        while (rows.Next()) found.Add(new(DateTimeOffset.FromUnixTimeMilliseconds(list.Long(0)), RecordReader.DecodeText(list.Blob(1)), list.ULong(2)));
        return found.DrainToImmutable();
    }

    private void Add(BucketId bucket, long at, ReadOnlySpan<byte> key, ulong generation)
    {
        add ??= database.Prepare("INSERT OR IGNORE INTO revisits(bucket, at, key, generation) VALUES (?1, ?2, ?3, ?4)");
        add.Bind(1, bucket.Value).Bind(2, at).Bind(3, key).Bind(4, generation).Run();
    }
}
