using System.Buffers.Binary;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Tables;

/// <summary>Derived: what each bucket uses, and what the buckets of each account use together.</summary>
/// <remarks>Plain rows that every commit changes: commits of all gateways are one after the other (docs/decisions/0007), so nobody waits for them who does not wait anyway.</remarks>
internal sealed class UsageTable(PostgresTables tables) : IUsageTable
{
    private readonly RowMap<BucketUsageRow> buckets = new();
    private readonly RowMap<AccountUsage> accounts = new();

    public BucketUsageRow? FindBucket(BucketId bucket)
    {
        var key = KeyOf(bucket.Value);
        if (!buckets.TryGet(key, out var row))
        {
            AddLoad(tables.Begin(), [bucket]).Run();
            buckets.TryGet(key, out row);
        }
        return row;
    }

    public void PutBucket(BucketId bucket, BucketUsageRow row) => buckets.Put(KeyOf(bucket.Value), row);

    public void RemoveBucket(BucketId bucket) => buckets.Remove(KeyOf(bucket.Value));

    public AccountUsage? FindAccount(string account)
    {
        var key = RowKey.Utf8(account);
        if (!accounts.TryGet(key, out var row))
        {
            tables.Begin().Query(
                "SELECT buckets, objects, bytes FROM account_usage WHERE account = $1",
                found => accounts.Load(key, new(account, found.GetInt64(0), new(found.GetInt64(1), found.GetInt64(2)))), RoundTrip.Bytes(key)).Run();
            accounts.LoadAbsent([key]);
            accounts.TryGet(key, out row);
        }
        return row;
    }

    public void PutAccount(AccountUsage row) => accounts.Put(RowKey.Utf8(row.Account), row);

    public void RemoveAccount(string account) => accounts.Remove(RowKey.Utf8(account));

    /// <summary>Reads what buckets use, what their accounts use, and the accounts' quotas.</summary>
    public RoundTrip AddLoad(RoundTrip trip, IReadOnlyCollection<BucketId> ids) => trip
        .Query(
            $"""
            SELECT b.bucket, b.account, b.objects, b.bytes, a.buckets, a.objects, a.bytes, s.value
            FROM bucket_usage b JOIN account_usage a ON a.account = b.account LEFT JOIN settings s ON s.name = '{Quota.AccountSettings}'::bytea || b.account
            WHERE b.bucket = ANY($1)
            """,
            row =>
            {
                var account = RecordReader.DecodeText(row.Blob(1));
                buckets.Load(KeyOf(row.ULong(0)), new(account, new(row.GetInt64(2), row.GetInt64(3))));
                accounts.Load(row.Blob(1), new(account, row.GetInt64(4), new(row.GetInt64(5), row.GetInt64(6))));
                tables.Small.LoadSetting(RowKey.Utf8(Quota.AccountSetting(account)), row.BlobOrNull(7));
            },
            RoundTrip.Longs([.. ids.Select(id => (long)id.Value)]))
        .Then(() => buckets.LoadAbsent(ids.Select(id => KeyOf(id.Value))));

    public void AddWrites(RoundTrip trip)
    {
        var gone = buckets.Changed.Where(change => change.Row is null).Select(change => BinaryPrimitives.ReadInt64BigEndian(change.Key)).ToArray();
        if (gone.Length > 0) trip.Add("DELETE FROM bucket_usage WHERE bucket = ANY($1)", RoundTrip.Longs(gone));
        AddBuckets(trip, [.. buckets.Changed.Where(change => change.Row is not null).Select(change => (new BucketId(BinaryPrimitives.ReadUInt64BigEndian(change.Key)), change.Row!))]);
        buckets.MarkWritten();

        var left = accounts.Changed.Where(change => change.Row is null).Select(change => change.Key).ToArray();
        if (left.Length > 0) trip.Add("DELETE FROM account_usage WHERE account = ANY($1)", RoundTrip.Bytes(left));
        AddAccounts(trip, [.. accounts.Changed.Where(change => change.Row is not null).Select(change => change.Row!)]);
        accounts.MarkWritten();
    }

    public void Clear()
    {
        buckets.Clear();
        accounts.Clear();
    }

    public static void AddBuckets(RoundTrip trip, (BucketId Bucket, BucketUsageRow Row)[] rows)
    {
        if (rows.Length == 0) return;
        trip.Add(
            """
            INSERT INTO bucket_usage(bucket, account, objects, bytes) SELECT * FROM unnest($1, $2, $3, $4)
            ON CONFLICT (bucket) DO UPDATE SET account = excluded.account, objects = excluded.objects, bytes = excluded.bytes
            """,
            RoundTrip.Longs([.. rows.Select(one => (long)one.Bucket.Value)]), RoundTrip.Bytes([.. rows.Select(one => RowKey.Utf8(one.Row.Account))]),
            RoundTrip.Longs([.. rows.Select(one => one.Row.Used.Objects)]), RoundTrip.Longs([.. rows.Select(one => one.Row.Used.Bytes)]));
    }

    public static void AddAccounts(RoundTrip trip, AccountUsage[] rows)
    {
        if (rows.Length == 0) return;
        trip.Add(
            """
            INSERT INTO account_usage(account, buckets, objects, bytes) SELECT * FROM unnest($1, $2, $3, $4)
            ON CONFLICT (account) DO UPDATE SET buckets = excluded.buckets, objects = excluded.objects, bytes = excluded.bytes
            """,
            RoundTrip.Bytes([.. rows.Select(one => RowKey.Utf8(one.Account))]), RoundTrip.Longs([.. rows.Select(one => one.Buckets)]),
            RoundTrip.Longs([.. rows.Select(one => one.Used.Objects)]), RoundTrip.Longs([.. rows.Select(one => one.Used.Bytes)]));
    }

    private static byte[] KeyOf(ulong id)
    {
        var key = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(key, id);
        return key;
    }
}
