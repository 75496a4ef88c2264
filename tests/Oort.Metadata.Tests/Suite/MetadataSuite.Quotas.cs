namespace Oort.Metadata.Tests.Suite;

public abstract partial class MetadataSuite
{
    private async Task SetQuota(BucketId bucket, Quota? quota) => (await Store.UpdateBucketAsync(
        bucket, row => row with { Settings = quota is { } set ? row.Settings.SetItem(Quota.BucketSetting, [.. set.ToRecord()]) : row.Settings.Remove(Quota.BucketSetting) }, default)).ShouldBe(CommitOutcome.Done);

    private ValueTask SetAccountQuota(string account, Quota? quota) => Store.PutSettingAsync(Quota.AccountSetting(account), quota?.ToRecord(), default);

    private async Task<CommitOutcome> TryPut(BucketId bucket, string key, long size) => (await Store.PutVersionAsync(Put(bucket, key, size), default)).Outcome;

    private async Task ShouldUse(BucketId bucket, long objects, long bytes) => (await Store.GetUsageAsync(bucket, default)).ShouldBe(new Usage(objects, bytes));

    private async Task<BucketRow> CreateBucketOf(string owner, string name)
    {
        var (outcome, bucket) = await Store.CreateBucketAsync(NewBucket(name) with { OwnerId = owner }, default);
        outcome.ShouldBe(CommitOutcome.Done);
        return bucket!;
    }

    [Fact]
    public async Task Usage_AfterEachCommand_IsWhatItsRowsHold()
    {
        await ShouldUse(Bucket.Id, 0, 0);
        await MustPut(Bucket.Id, "a", 100);
        await MustPut(Bucket.Id, "a", 30);
        await MustPut(Bucket.Id, "b", 7);
        await ShouldUse(Bucket.Id, 2, 37);

        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        await MustPut(Bucket.Id, "a", 50);
        await Delete(Bucket.Id, "b");
        await ShouldUse(Bucket.Id, 4, 87);
        await SetVersioning(Bucket.Id, VersioningState.Suspended);
        await MustPut(Bucket.Id, "a", 1);
        await ShouldUse(Bucket.Id, 4, 58);
        await Delete(Bucket.Id, "a", "null");
        await ShouldUse(Bucket.Id, 3, 57);

        var upload = await CreateUpload("c");
        var one = await MustPutPart(upload, 1, "e1", 11);
        await MustPutPart(upload, 1, "e1", 10);
        await MustPutPart(upload, 2, "e2", 20);
        await ShouldUse(Bucket.Id, 3, 87);
        (await Store.CompleteUploadAsync(Complete(upload, one with { Size = 10 }), default)).Outcome.ShouldBe(CommitOutcome.Done);
        await ShouldUse(Bucket.Id, 4, 67);
        var aborted = await CreateUpload("d");
        await MustPutPart(aborted, 1, "e1", 1000);
        await ShouldUse(Bucket.Id, 4, 1067);
        await Store.AbortUploadAsync(Bucket.Id, "d", aborted.Id, default);
        await ShouldUse(Bucket.Id, 4, 67);
        (await Store.GetUsageAsync(new(999_999), default)).ShouldBeNull();
    }

    [Fact]
    public async Task Usage_OfAccounts_IsThatOfTheirBucketsAndFollowsTheOwner()
    {
        var other = await CreateBucketOf("account-b", "other");
        var third = await CreateBucketOf("account-b", "third");
        await MustPut(Bucket.Id, "k", 5);
        await MustPut(other.Id, "k", 70);
        await MustPut(third.Id, "k", 900);
        (await Store.GetAccountUsageAsync("account-b", default)).ShouldBe(new("account-b", 2, new(2, 970)));
        (await Store.GetAccountUsageAsync("nobody", default)).ShouldBeNull();
        (await Store.ListAccountUsageAsync("", 10, default)).ShouldBe([new("account-b", 2, new(2, 970)), new("owner", 1, new(1, 5))]);
        (await Store.ListAccountUsageAsync("account-b", 10, default)).Select(row => row.Account).ShouldBe(["owner"]);
        (await Store.ListAccountUsageAsync("", 1, default)).Select(row => row.Account).ShouldBe(["account-b"]);

        (await Store.UpdateBucketAsync(third.Id, row => row with { OwnerId = "owner" }, default)).ShouldBe(CommitOutcome.Done);
        (await Store.ListAccountUsageAsync("", 10, default)).ShouldBe([new("account-b", 1, new(1, 70)), new("owner", 2, new(2, 905))]);
        await Delete(other.Id, "k");
        (await Store.DeleteBucketAsync(other.Id, default)).ShouldBe(CommitOutcome.Done);
        (await Store.ListAccountUsageAsync("", 10, default)).ShouldBe([new("owner", 2, new(2, 905))]);
    }

    [Fact]
    public async Task DeleteBucket_WithUploadsInProgress_TakesTheirPartsFromTheAccount()
    {
        var other = await CreateBucketOf("account-b", "other");
        var kept = await CreateBucketOf("account-b", "kept");
        await MustPut(kept.Id, "k", 1);
        var upload = await CreateUpload("k", other.Id);
        await MustPutPart(upload, 1, "e", 100);
        (await Store.GetAccountUsageAsync("account-b", default))!.Used.ShouldBe(new(1, 101));
        (await Store.DeleteBucketAsync(other.Id, default)).ShouldBe(CommitOutcome.Done);
        (await Store.GetAccountUsageAsync("account-b", default)).ShouldBe(new("account-b", 1, new(1, 1)));
        (await Store.GetUsageAsync(other.Id, default)).ShouldBeNull();
    }

    [Fact]
    public async Task Put_BeyondTheQuotaOfItsBucket_IsRefusedAndLeavesNothing()
    {
        await SetQuota(Bucket.Id, new(100, 2));
        (await TryPut(Bucket.Id, "a", 60)).ShouldBe(CommitOutcome.Done);
        var segments = (await Store.GetTotalsAsync(default)).Segments;
        (await TryPut(Bucket.Id, "b", 41)).ShouldBe(CommitOutcome.QuotaExceeded);
        (await Store.GetTotalsAsync(default)).Segments.ShouldBe(segments);
        (await Store.FindVersionAsync(Bucket.Id, "b", null, default)).ShouldBeNull();
        (await TryPut(Bucket.Id, "b", 40)).ShouldBe(CommitOutcome.Done, "What fits to the byte fits.");
        (await TryPut(Bucket.Id, "c", 0)).ShouldBe(CommitOutcome.QuotaExceeded, "A third object.");
        (await TryPut(Bucket.Id, "a", 61)).ShouldBe(CommitOutcome.QuotaExceeded);
        (await TryPut(Bucket.Id, "a", 60)).ShouldBe(CommitOutcome.Done, "An overwrite counts the difference.");
        (await TryPut(Bucket.Id, "a", 10)).ShouldBe(CommitOutcome.Done);
        (await TryPut(Bucket.Id, "b", 90)).ShouldBe(CommitOutcome.Done);
        await ShouldUse(Bucket.Id, 2, 100);
        var refused = await Store.PutVersionAsync(Put(Bucket.Id, "a", 1000, conditions: new(IfNoneMatch: "*")), default);
        refused.Outcome.ShouldBe(CommitOutcome.PreconditionFailed, "Conditions come first.");

        await SetQuota(Bucket.Id, null);
        (await TryPut(Bucket.Id, "c", 1000)).ShouldBe(CommitOutcome.Done);
    }

    [Fact]
    public async Task Quota_LoweredBelowTheUsage_RefusesGrowthAlone()
    {
        await MustPut(Bucket.Id, "a", 100);
        await MustPut(Bucket.Id, "b", 100);
        await SetQuota(Bucket.Id, new(50, 1));
        (await TryPut(Bucket.Id, "a", 101)).ShouldBe(CommitOutcome.QuotaExceeded);
        (await TryPut(Bucket.Id, "c", 0)).ShouldBe(CommitOutcome.QuotaExceeded);
        (await TryPut(Bucket.Id, "a", 100)).ShouldBe(CommitOutcome.Done);
        (await TryPut(Bucket.Id, "a", 99)).ShouldBe(CommitOutcome.Done);
        (await Store.UpdateVersionAsync(Bucket.Id, "a", null, row => row with { StorageClass = "STANDARD_IA" }, default)).ShouldBe(CommitOutcome.Done);
        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        (await Delete(Bucket.Id, "a")).ShouldBe(new(CommitOutcome.Done, (await Store.FindVersionAsync(Bucket.Id, "a", null, default))!.IdText, true), "A delete is always allowed, though its marker counts.");
        await ShouldUse(Bucket.Id, 3, 199);
        (await TryPut(Bucket.Id, "b", 0)).ShouldBe(CommitOutcome.QuotaExceeded, "A version more, whatever its key.");
    }

    [Fact]
    public async Task Put_BeyondTheQuotaOfTheAccount_IsRefusedInAllItsBuckets()
    {
        var first = await CreateBucketOf("account-b", "first");
        var second = await CreateBucketOf("account-b", "second");
        await SetAccountQuota("account-b", new(100, null));
        (await TryPut(first.Id, "k", 60)).ShouldBe(CommitOutcome.Done);
        (await TryPut(second.Id, "k", 41)).ShouldBe(CommitOutcome.QuotaExceeded);
        (await TryPut(second.Id, "k", 40)).ShouldBe(CommitOutcome.Done);
        (await TryPut(first.Id, "l", 1)).ShouldBe(CommitOutcome.QuotaExceeded);
        (await TryPut(Bucket.Id, "k", 1000)).ShouldBe(CommitOutcome.Done, "Another account's.");
        await Delete(first.Id, "k");
        (await TryPut(second.Id, "l", 60)).ShouldBe(CommitOutcome.Done);

        await SetQuota(second.Id, new(1000, null));
        (await TryPut(second.Id, "m", 1)).ShouldBe(CommitOutcome.QuotaExceeded, "Both must allow it.");
        await SetAccountQuota("account-b", new(200, null));
        (await TryPut(second.Id, "m", 1)).ShouldBe(CommitOutcome.Done);
        await SetAccountQuota("account-b", null);
        (await TryPut(first.Id, "m", 1000)).ShouldBe(CommitOutcome.Done);
    }

    [Fact]
    public async Task PutPart_BeyondTheQuota_IsRefusedAndCompletingTakesNoMoreBytes()
    {
        await SetQuota(Bucket.Id, new(100, 1));
        var upload = await CreateUpload("k");
        var one = await MustPutPart(upload, 1, "e1", 60);
        (await Store.PutPartAsync(Part(upload, 2, "e2", 41), default)).Outcome.ShouldBe(CommitOutcome.QuotaExceeded);
        var two = await MustPutPart(upload, 2, "e2", 40);
        (await Store.PutPartAsync(Part(upload, 2, "e2", 41), default)).Outcome.ShouldBe(CommitOutcome.QuotaExceeded);
        two = await MustPutPart(upload, 2, "e2", 39);
        (await TryPut(Bucket.Id, "other", 2)).ShouldBe(CommitOutcome.QuotaExceeded);
        await SetQuota(Bucket.Id, new(1, 1));
        (await Store.CompleteUploadAsync(Complete(upload, one, two), default)).Outcome.ShouldBe(CommitOutcome.Done, "Its parts were counted.");
        await ShouldUse(Bucket.Id, 1, 99);

        var another = await CreateUpload("l");
        var empty = await MustPutPart(another, 1, "e1", 0);
        (await Store.CompleteUploadAsync(Complete(another, empty), default)).Outcome.ShouldBe(CommitOutcome.QuotaExceeded, "A second object.");
        (await Store.FindUploadAsync(Bucket.Id, "l", another.Id, default)).ShouldNotBeNull();
        var over = await CreateUpload("k");
        empty = await MustPutPart(over, 1, "e1", 0);
        (await Store.CompleteUploadAsync(Complete(over, empty), default)).Outcome.ShouldBe(CommitOutcome.Done, "In the place of the one that is there.");
    }

    [Fact]
    public async Task Rewrite_OfAVersion_CountsNothing()
    {
        var version = await MustPut(Bucket.Id, "a", 100);
        await SetQuota(Bucket.Id, new(100, 1));
        var made = Put(Bucket.Id, "a", 100);
        (await Store.RewriteVersionAsync(Bucket.Id, "a", version.IdText, row => row with { Extents = [.. row.Body, .. made.Extents.Select(extent => extent with { IsRestored = true })] }, made.NewData, default)).ShouldBe(CommitOutcome.Done);
        await ShouldUse(Bucket.Id, 1, 100);
    }

    [Fact]
    public async Task Quota_ThatCannotBeRead_LetsNothingGrow()
    {
        await MustPut(Bucket.Id, "a", 100);
        (await Store.UpdateBucketAsync(Bucket.Id, row => row with { Settings = row.Settings.SetItem(Quota.BucketSetting, [9]) }, default)).ShouldBe(CommitOutcome.Done);
        (await TryPut(Bucket.Id, "b", 0)).ShouldBe(CommitOutcome.QuotaExceeded);
        (await TryPut(Bucket.Id, "a", 100)).ShouldBe(CommitOutcome.Done);
        await SetQuota(Bucket.Id, null);
        await Store.PutSettingAsync(Quota.AccountSetting("owner"), [], default);
        (await TryPut(Bucket.Id, "b", 0)).ShouldBe(CommitOutcome.QuotaExceeded);
        (await Delete(Bucket.Id, "a")).Outcome.ShouldBe(CommitOutcome.Done);
    }

    /// <summary>Decided one after the other, in whatever groups they come.</summary>
    [Theory]
    [InlineData(1_000, null, false, 10)]
    [InlineData(null, 7, false, 7)]
    [InlineData(1_099, null, true, 10)]
    public async Task Put_ManyAtTheEdge_NeverGoAboveTheQuota(int? bytes, int? objects, bool ofAccount, int fit)
    {
        var second = await CreateBucket("second");
        if (ofAccount) await SetAccountQuota("owner", new(bytes, objects));
        else await SetQuota(Bucket.Id, new(bytes, objects));
        var puts = Enumerable.Range(0, 80).Select(i => Task.Run(() => TryPut(ofAccount && i % 2 == 0 ? second.Id : Bucket.Id, "k" + i, 100)));
        var outcomes = await Task.WhenAll(puts);
        outcomes.Count(outcome => outcome == CommitOutcome.Done).ShouldBe(fit);
        outcomes.Count(outcome => outcome == CommitOutcome.QuotaExceeded).ShouldBe(80 - fit);
        (await Store.GetAccountUsageAsync("owner", default))!.Used.ShouldBe(new(fit, fit * 100));
    }
}
