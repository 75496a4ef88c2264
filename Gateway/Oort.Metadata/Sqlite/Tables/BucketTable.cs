using System.Collections.Immutable;
using Oort.Metadata.Changes;
using Oort.Metadata.Reading;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite.Tables;

internal sealed class BucketTable(Database database) : IBucketTable
{
    private Statement? find;
    private Statement? findByName;
    private Statement? list;
    private Statement? put;
    private Statement? remove;

    public BucketRow? Find(BucketId id)
    {
        find ??= database.Prepare("SELECT value FROM buckets WHERE id = ?1");
        using var rows = find.Bind(1, id.Value).Query();
        return rows.Next() ? BucketRecord.Read(id, find.Blob(0)) : null;
    }

    public BucketRow? FindByName(string name)
    {
        findByName ??= database.Prepare("SELECT id, value FROM buckets WHERE name = ?1");
        using var rows = findByName.Bind(1, RowKey.Utf8(name)).Query();
        return rows.Next() ? BucketRecord.Read(new(findByName.ULong(0)), findByName.Blob(1)) : null;
    }

    /// <summary>By name from after <paramref name="after"/>. Other owners' buckets are skipped one by one: buckets are few.</summary>
    public ImmutableArray<BucketRow> List(string? ownerId, string prefix, string after, int limit)
    {
        var prefixBytes = RowKey.Utf8(prefix);
        var start = ByteKey.Max(prefixBytes, after.Length == 0 ? [] : ByteKey.After(RowKey.Utf8(after)));
        list ??= database.Prepare("SELECT id, name, value FROM buckets WHERE name >= ?1 ORDER BY name");
        var result = ImmutableArray.CreateBuilder<BucketRow>();
        using var rows = list.Bind(1, start).Query();
        while (result.Count < limit && rows.Next() && list.Blob(1).StartsWith(prefixBytes))
        {
            var row = BucketRecord.Read(new(list.ULong(0)), list.Blob(2));
            if (ownerId is null || row.OwnerId == ownerId) result.Add(row);
        }
        return result.DrainToImmutable();
    }

    public void Put(BucketId id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        put ??= database.Prepare("INSERT INTO buckets(id, name, value) VALUES (?1, ?2, ?3) ON CONFLICT(id) DO UPDATE SET name = excluded.name, value = excluded.value");
        put.Bind(1, id.Value).Bind(2, name).Bind(3, value).Run();
    }

    public void Remove(BucketId id)
    {
        remove ??= database.Prepare("DELETE FROM buckets WHERE id = ?1");
        remove.Bind(1, id.Value).Run();
    }
}
