namespace Oort.Metadata.Tests.Suite;

public abstract partial class MetadataSuite
{
    [Fact]
    public async Task CreateBucket_NewName_IsFoundWithAnIdOfItsOwn()
    {
        var found = await Store.FindBucketAsync("bucket", default);
        found.ShouldNotBeNull();
        found.Id.ShouldBe(Bucket.Id);
        found.Id.Value.ShouldBeGreaterThan(0ul);
        found.OwnerId.ShouldBe("owner");
        found.Region.ShouldBe("us-east-1");
        found.Created.ShouldBe(DateTimeOffset.UnixEpoch.AddDays(20_000));
        (await Store.FindBucketAsync("buckeu", default)).ShouldBeNull();
    }

    [Fact]
    public async Task CreateBucket_NameTaken_AnswersWithTheOneThatIsThere()
    {
        var (outcome, bucket) = await Store.CreateBucketAsync(NewBucket("bucket") with { OwnerId = "another" }, default);
        outcome.ShouldBe(CommitOutcome.BucketExists);
        bucket!.OwnerId.ShouldBe("owner");
    }

    [Fact]
    public async Task DeleteBucket_EmptyAndMadeAgain_IsAnother()
    {
        (await Store.DeleteBucketAsync(Bucket.Id, default)).ShouldBe(CommitOutcome.Done);
        (await Store.FindBucketAsync("bucket", default)).ShouldBeNull();
        (await Store.DeleteBucketAsync(Bucket.Id, default)).ShouldBe(CommitOutcome.NoSuchBucket);
        (await CreateBucket("bucket")).Id.ShouldNotBe(Bucket.Id);
        (await Store.PutVersionAsync(Put(Bucket.Id, "k"), default)).Outcome.ShouldBe(CommitOutcome.NoSuchBucket);
    }

    [Fact]
    public async Task DeleteBucket_WithOnlyADeleteMarker_IsRefused()
    {
        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        var marker = await Delete(Bucket.Id, "k");
        (await Store.DeleteBucketAsync(Bucket.Id, default)).ShouldBe(CommitOutcome.BucketNotEmpty);
        await Delete(Bucket.Id, "k", marker.VersionId);
        (await Store.DeleteBucketAsync(Bucket.Id, default)).ShouldBe(CommitOutcome.Done);
    }

    [Fact]
    public async Task DeleteBucket_WithUploads_TakesThemAndTheirDataAlong()
    {
        var upload = await CreateUpload("k");
        await MustPutPart(upload, 1, "a");
        (await Store.DeleteBucketAsync(Bucket.Id, default)).ShouldBe(CommitOutcome.Done);
        (await Store.FindUploadsBeforeAsync(DateTimeOffset.MaxValue, 10, default)).ShouldBeEmpty();
        (await Store.GetTotalsAsync(default)).LiveBytes.ShouldBe(0);
    }

    [Fact]
    public async Task UpdateBucket_Settings_AreKept()
    {
        await Store.UpdateBucketAsync(Bucket.Id, row => row with { Settings = row.Settings.Add("cors", [1, 2, 3]).Add("tagging", []) }, default);
        var found = (await Store.FindBucketAsync("bucket", default))!;
        found.Settings["cors"].ShouldBe([1, 2, 3]);
        found.Settings["tagging"].ShouldBeEmpty();
        (await Store.UpdateBucketAsync(new(99), row => row, default)).ShouldBe(CommitOutcome.NoSuchBucket);
    }

    [Fact]
    public async Task UpdateBucket_BackToUnversioned_IsRefusedAndChangesNothing()
    {
        await SetVersioning(Bucket.Id, VersioningState.Suspended);
        await Should.ThrowAsync<ArgumentException>(async () => await Store.UpdateBucketAsync(Bucket.Id, row => row with { Versioning = VersioningState.Unversioned }, default));
        (await Store.FindBucketAsync("bucket", default))!.Versioning.ShouldBe(VersioningState.Suspended);
    }

    [Fact]
    public async Task ListBuckets_PrefixOwnerAndPages_ComeInOrder()
    {
        foreach (var name in new[] { "bb", "a1", "a3", "a2" }) await CreateBucket(name);
        await Store.CreateBucketAsync(NewBucket("a4") with { OwnerId = "another" }, default);
        (await Store.ListBucketsAsync(null, "", "", 10, default)).Select(row => row.Name).ShouldBe(["a1", "a2", "a3", "a4", "bb", "bucket"]);
        (await Store.ListBucketsAsync("owner", "a", "", 10, default)).Select(row => row.Name).ShouldBe(["a1", "a2", "a3"]);
        (await Store.ListBucketsAsync(null, "a", "a1", 2, default)).Select(row => row.Name).ShouldBe(["a2", "a3"]);
    }
}
