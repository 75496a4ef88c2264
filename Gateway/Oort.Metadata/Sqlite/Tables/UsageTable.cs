using System.Collections.Immutable;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite.Tables;

/// <summary>Derived: what each bucket uses, and what the buckets of each account use together.</summary>
internal sealed class UsageTable(Database database) : IUsageTable
{
    private Statement? findBucket;
    private Statement? putBucket;
    private Statement? removeBucket;
    private Statement? findAccount;
    private Statement? listAccounts;
    private Statement? putAccount;
    private Statement? removeAccount;

    public BucketUsageRow? FindBucket(BucketId bucket)
    {
        findBucket ??= database.Prepare("SELECT account, objects, bytes FROM bucket_usage WHERE bucket = ?1");
        using var rows = findBucket.Bind(1, bucket.Value).Query();
        return rows.Next() ? new(RecordReader.DecodeText(findBucket.Blob(0)), new(findBucket.Long(1), findBucket.Long(2))) : null;
    }

    public void PutBucket(BucketId bucket, BucketUsageRow row)
    {
        putBucket ??= database.Prepare("""
            INSERT INTO bucket_usage(bucket, account, objects, bytes) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT(bucket) DO UPDATE SET account = excluded.account, objects = excluded.objects, bytes = excluded.bytes
            """);
        putBucket.Bind(1, bucket.Value).Bind(2, RowKey.Utf8(row.Account)).Bind(3, row.Used.Objects).Bind(4, row.Used.Bytes).Run();
    }

    public void RemoveBucket(BucketId bucket)
    {
        removeBucket ??= database.Prepare("DELETE FROM bucket_usage WHERE bucket = ?1");
        removeBucket.Bind(1, bucket.Value).Run();
    }

    public AccountUsage? FindAccount(string account)
    {
        findAccount ??= database.Prepare("SELECT buckets, objects, bytes FROM account_usage WHERE account = ?1");
        using var rows = findAccount.Bind(1, RowKey.Utf8(account)).Query();
        return rows.Next() ? new(account, findAccount.Long(0), new(findAccount.Long(1), findAccount.Long(2))) : null;
    }

    public ImmutableArray<AccountUsage> ListAccounts(string after, int limit)
    {
        listAccounts ??= database.Prepare("SELECT account, buckets, objects, bytes FROM account_usage WHERE account > ?1 ORDER BY account LIMIT ?2");
        using var rows = listAccounts.Bind(1, RowKey.Utf8(after)).Bind(2, (long)limit).Query();
        var found = ImmutableArray.CreateBuilder<AccountUsage>();
        while (rows.Next()) found.Add(new(RecordReader.DecodeText(listAccounts.Blob(0)), listAccounts.Long(1), new(listAccounts.Long(2), listAccounts.Long(3))));
        return found.DrainToImmutable();
    }

    public void PutAccount(AccountUsage row)
    {
        putAccount ??= database.Prepare("""
            INSERT INTO account_usage(account, buckets, objects, bytes) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT(account) DO UPDATE SET buckets = excluded.buckets, objects = excluded.objects, bytes = excluded.bytes
            """);
        putAccount.Bind(1, RowKey.Utf8(row.Account)).Bind(2, row.Buckets).Bind(3, row.Used.Objects).Bind(4, row.Used.Bytes).Run();
    }

    public void RemoveAccount(string account)
    {
        removeAccount ??= database.Prepare("DELETE FROM account_usage WHERE account = ?1");
        removeAccount.Bind(1, RowKey.Utf8(account)).Run();
    }
}
