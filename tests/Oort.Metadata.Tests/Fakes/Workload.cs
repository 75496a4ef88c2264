namespace Oort.Metadata.Tests.Fakes;

/// <summary>A random but repeatable mix of everything that changes something.</summary>
internal sealed class Workload(IMetadataStore store, int seed, string gateway = "gateway")
{
    private static readonly string[] Keys = ["a", "a/", "a/b", "a/b/c", "a\0", "b", "é", "🙂", "z/1", "z/2"];

    private readonly Random random = new(seed);
    private readonly List<BucketId> buckets = [];
    private readonly List<UploadRow> uploads = [];
    private ulong epoch;
    private ulong segments;
    private ulong data;

    public async Task RunAsync(int steps)
    {
        if (epoch == 0) epoch = await store.OpenEpochAsync(gateway, default);
        for (var i = 0; i < 3 && buckets.Count < 3; i++) await CreateBucketAsync();
        for (var step = 0; step < steps; step++) await StepAsync(random.Next(22));
    }

    private async Task StepAsync(int kind)
    {
        var bucket = buckets[random.Next(buckets.Count)];
        var key = Keys[random.Next(Keys.Length)];
        switch (kind)
        {
            case < 7:
                await store.PutVersionAsync(Put(bucket, key), default);
                break;
            case 7 or 8:
                await store.DeleteVersionAsync(new(bucket, key, "owner", null, WriteConditions.None), default);
                break;
            case 9 or 10:
                var page = await store.ListVersionsAsync(new(bucket, "", "", "", null, 1000), default);
                if (page.Versions.IsEmpty) break;
                var victim = page.Versions[random.Next(page.Versions.Length)];
                await store.DeleteVersionAsync(new(bucket, victim.Key, "owner", victim.IdText, WriteConditions.None), default);
                break;
            case 11:
                var state = random.Next(2) == 0 ? VersioningState.Enabled : VersioningState.Suspended;
                var owner = Owner();
                await store.UpdateBucketAsync(bucket, row => row with { Versioning = state, OwnerId = owner, Settings = row.Settings.SetItem("s", [(byte)kind]) }, default);
                await SetQuotaAsync(bucket);
                break;
            case 12:
                await CopyAsync(bucket, key);
                break;
            case 13:
                var upload = new UploadRow { Bucket = bucket, Key = key, Id = new(UInt128.CreateChecked(random.NextInt64())), Initiated = DateTimeOffset.UnixEpoch.AddDays(1), OwnerId = "owner" };
                if (await store.CreateUploadAsync(upload, default) == CommitOutcome.Done) uploads.Add(upload);
                break;
            case 14 or 15:
                if (uploads.Count == 0) break;
                upload = uploads[random.Next(uploads.Count)];
                var put = Put(upload.Bucket, upload.Key);
                await store.PutPartAsync(new(upload.Bucket, upload.Key, upload.Id, random.Next(1, 5), put.Size, "p", null, put.Extents, put.NewData), default);
                break;
            case 16:
                await EndUploadAsync();
                break;
            case 17:
                await MoveAsync();
                await RewriteAsync(bucket, key);
                break;
            case 18:
                var all = await store.ListSegmentsAsync(default, 1000, false, null, default);
                await store.DropSegmentsAsync([.. all.Select(row => row.Id)], default);
                break;
            case 19:
                await StepItemAsync();
                break;
            case 20:
                await LockAsync(bucket);
                break;
            default:
                await store.PutSettingAsync("s" + random.Next(3), random.Next(3) == 0 ? null : [(byte)random.Next()], default);
                await store.PutStoreAsync(new() { Id = new((UInt128)random.Next(1, 4)), Location = "/" + random.Next(3), State = (StoreState)random.Next(3) }, default);
                if (random.Next(4) == 0) epoch = await store.OpenEpochAsync(gateway, default);
                if (random.Next(4) == 0) await DeleteBucketAsync(bucket);
                break;
        }
    }

    /// <summary>Gives a version other data, or a restored copy, or takes that away.</summary>
    private async Task RewriteAsync(BucketId bucket, string key)
    {
        if (await store.FindVersionAsync(bucket, key, null, default) is not { IsDeleteMarker: false } version) return;
        var made = Put(bucket, key, version.Size);
        Func<VersionRow, VersionRow?> change = random.Next(3) switch
        {
            0 => row => row with { Extents = made.Extents },
            1 => row => row with { Extents = [.. row.Body, .. made.Extents.Select(extent => extent with { IsRestored = true })] },
            _ => row => row with { Extents = row.Body },
        };
        var brings = change(version)!.Extents.Any(extent => made.Extents.Any(one => one.Data == extent.Data));
        await store.RewriteVersionAsync(bucket, key, version.IdText, row => row.Id == version.Id ? change(row) : null, brings ? made.NewData : NewData.None, default);
    }

    /// <summary>Locks a version, where it can be: the bucket may turn into one that locks for good.</summary>
    private async Task LockAsync(BucketId bucket)
    {
        var begins = random.Next(3) == 0;
        if (await store.UpdateBucketAsync(bucket, row => begins ? BucketLock.Plain.On(row) : row, default) != CommitOutcome.Done) return;
        var page = await store.ListVersionsAsync(new(bucket, "", "", "", null, 1000), default);
        if (page.Versions.IsEmpty) return;
        var version = page.Versions[random.Next(page.Versions.Length)];
        var term = new LockTerm(RetentionMode.Governance, DateTimeOffset.UnixEpoch.AddYears(random.Next(2) == 0 ? 1 : 180));
        LockVersion command = random.Next(2) == 0 ? new(bucket, version.Key, version.IdText, term, null, true) : new(bucket, version.Key, version.IdText, null, (LegalHold)random.Next(1, 3));
        try
        {
            await store.LockVersionAsync(command, default);
        }
        catch (ArgumentException)
        {
            // The bucket does not lock: said loudly, since gateways ask before.
        }
    }

    private string Owner() => "owner" + random.Next(3);

    /// <summary>Now and then so little that something is refused.</summary>
    private async Task SetQuotaAsync(BucketId bucket)
    {
        var quota = new Quota(random.Next(10_000), random.Next(40)).ToRecord();
        var isSet = random.Next(2) == 0;
        if (random.Next(2) == 0) await store.PutSettingAsync(Quota.AccountSetting(Owner()), isSet ? quota : null, default);
        else await store.UpdateBucketAsync(bucket, row => row with { Settings = isSet ? row.Settings.SetItem(Quota.BucketSetting, [.. quota]) : row.Settings.Remove(Quota.BucketSetting) }, default);
    }

    private async Task CreateBucketAsync()
    {
        var row = new BucketRow { Id = default, Name = "bucket" + random.Next(1_000_000), OwnerId = Owner(), Created = DateTimeOffset.UnixEpoch.AddDays(1), Region = "r" };
        var (outcome, bucket) = await store.CreateBucketAsync(row, default);
        if (outcome == CommitOutcome.Done) buckets.Add(bucket!.Id);
    }

    private async Task DeleteBucketAsync(BucketId bucket)
    {
        foreach (var version in (await store.ListVersionsAsync(new(bucket, "", "", "", null, 1000), default)).Versions)
            await store.DeleteVersionAsync(new(bucket, version.Key, "owner", version.IdText, WriteConditions.None), default);
        if (await store.DeleteBucketAsync(bucket, default) != CommitOutcome.Done) return;
        buckets.Remove(bucket);
        uploads.RemoveAll(upload => upload.Bucket == bucket);
        await CreateBucketAsync();
    }

    private async Task CopyAsync(BucketId bucket, string key)
    {
        var source = await store.FindVersionAsync(buckets[random.Next(buckets.Count)], Keys[random.Next(Keys.Length)], null, default);
        if (source is null or { IsDeleteMarker: true }) return;
        var command = new PutVersion(bucket, key, "owner", source.Size, source.ETag, "STANDARD", ObjectLock.None.On(source.Attributes), source.Extents, NewData.None, WriteConditions.None);
        (await store.PutVersionAsync(command, default)).Outcome.ShouldBeOneOf(CommitOutcome.Done, CommitOutcome.QuotaExceeded);
    }

    private async Task EndUploadAsync()
    {
        if (uploads.Count == 0) return;
        var upload = uploads[random.Next(uploads.Count)];
        uploads.Remove(upload);
        var parts = (await store.ListPartsAsync(upload.Id, 0, 10, default)).Parts;
        if (parts.IsEmpty || random.Next(3) == 0)
        {
            await store.AbortUploadAsync(upload.Bucket, upload.Key, upload.Id, default);
            return;
        }
        var chosen = parts.Where(_ => random.Next(3) > 0).DefaultIfEmpty(parts[0]);
        await store.CompleteUploadAsync(new(upload.Bucket, upload.Key, upload.Id, [.. chosen], "e-n", upload.Attributes, WriteConditions.None), default);
    }

    private async Task MoveAsync()
    {
        var all = await store.ListSegmentsAsync(default, 1000, false, null, default);
        if (all.IsEmpty) return;
        var segment = all[random.Next(all.Length)];
        await store.MoveSegmentAsync(segment.Id, segment.PlacementGeneration, segment.Shards.SetItem(random.Next(6), new((UInt128)random.Next(0, 9))), default);
        var rows = await store.ListDataInSegmentAsync(segment.Id, null, 100, default);
        var target = NewSegment();
        await store.MoveDataAsync([.. rows.Select((row, i) => (row, ImmutableArray.Create(new SegmentRun(target.Id, i * 64, row.Length + 16))))], new(epoch, [target], []), default);
    }

    private async Task StepItemAsync()
    {
        var network = new StoreId((UInt128)random.Next(1, 4));
        var items = await store.ListItemsAsync(network, null, 100, default);
        if (items.Length < 5)
        {
            var item = new NetworkItem { Id = new((UInt128)(ulong)random.NextInt64()), Length = 5_000, Sha256 = Enumerable.Repeat((byte)items.Length, 32).ToArray() };
            await store.AddItemAsync(new() { Store = network, Item = item }, [.. Enumerable.Range(0, random.Next(1, 4)).Select(i => new ItemShardRow(new(new(epoch, (ulong)random.Next(20)), (byte)i), network, item.Id, i * 1_000, 1_000))], default);
            return;
        }
        var row = items[random.Next(items.Length)];
        if (random.Next(2) == 0)
        {
            var state = (ItemState)random.Next(1, 7);
            await store.UpdateItemAsync(network, row.Revision, row.Item with { State = state, ResumeState = state, NextStep = DateTimeOffset.UnixEpoch.AddDays(random.Next(99)), Progress = new byte[random.Next(9)] }, default);
            return;
        }
        var shards = await store.ListItemShardsAsync(network, row.Item.Id, null, random.Next(1, 4), default);
        await store.RemoveItemShardsAsync(network, [.. shards.Select(shard => shard.Shard)], default);
        if ((await store.FindItemAsync(network, row.Item.Id, default)) is { ShardCount: 0 } empty) await store.RemoveItemAsync(network, row.Item.Id, empty.Revision, default);
    }

    private PutVersion Put(BucketId bucket, string key, long? length = null)
    {
        var segment = NewSegment();
        var size = length ?? random.Next(1000);
        var row = new DataRow
        {
            Id = new(((UInt128)(ulong)random.NextInt64() << 64) | ++data),
            Length = size,
            KeyVersion = 1,
            WrappedKey = [1, 2, 3],
            Runs = [new(segment.Id, 0, size + 16)],
        };
        return new(bucket, key, "owner", size, "e" + size, "STANDARD", ObjectAttributes.Empty, [new(row.Id, 0, size, 0, [])], new(epoch, [segment], [row]), WriteConditions.None);
    }

    private SegmentRow NewSegment() => new()
    {
        Id = new(epoch, ++segments),
        Geometry = new(4, 2),
        PayloadLength = 2000,
        Shards = [.. Enumerable.Range(0, 6).Select(_ => new StoreId((UInt128)random.Next(0, 9)))],
        Policy = segments % 3 == 0 ? "cold" : "",
    };
}
