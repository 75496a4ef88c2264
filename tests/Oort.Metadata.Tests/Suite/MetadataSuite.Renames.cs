namespace Oort.Metadata.Tests.Suite;

public abstract partial class MetadataSuite
{
    private ValueTask<PutVersionResult> Rename(BucketId bucket, string key, VersionId source, string newKey, VersionId? destination = null) =>
        Store.RenameVersionAsync(new(bucket, key, source, newKey, destination, "owner"), default);

    [Fact]
    public async Task Rename_Unversioned_MovesTheKeyAndNotTheData()
    {
        var source = await MustPut(Bucket.Id, "a", 100);
        var over = await MustPut(Bucket.Id, "b", 7);
        var result = await Rename(Bucket.Id, "a", source.Id, "b", over.Id);
        (result.Outcome, result.Version!.Size, result.Version.ETag, result.Version.IsNull).ShouldBe((CommitOutcome.Done, 100, source.ETag, true));
        (await Keys(Bucket.Id)).ShouldBe(["b"]);
        var found = (await Store.FindVersionAsync(Bucket.Id, "b", null, default))!;
        (found.Extents.Single().Data, found.LastModified).ShouldBe((source.Extents.Single().Data, source.LastModified));
        (await Store.ListVersionsAsync(new(Bucket.Id, "", "", "", null, 100), default)).Versions.Length.ShouldBe(1);
        await ShouldUse(Bucket.Id, 1, 100);
        (await Delete(Bucket.Id, "b")).Outcome.ShouldBe(CommitOutcome.Done);
    }

    [Fact]
    public async Task Rename_WithVersions_LeavesAMarkerAndTheOldVersions()
    {
        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        var source = await MustPut(Bucket.Id, "a", 100);
        var over = await MustPut(Bucket.Id, "b", 7);
        (await Rename(Bucket.Id, "a", source.Id, "b", over.Id)).Outcome.ShouldBe(CommitOutcome.Done);
        (await Store.FindVersionAsync(Bucket.Id, "a", null, default))!.IsDeleteMarker.ShouldBeTrue();
        (await Store.FindVersionAsync(Bucket.Id, "a", source.IdText, default))!.Size.ShouldBe(100);
        (await Store.FindVersionAsync(Bucket.Id, "b", over.IdText, default))!.Size.ShouldBe(7);
        (await Store.FindVersionAsync(Bucket.Id, "b", null, default))!.Size.ShouldBe(100);
        (await Keys(Bucket.Id)).ShouldBe(["b"]);
        await SetVersioning(Bucket.Id, VersioningState.Suspended);
        var newest = (await Store.FindVersionAsync(Bucket.Id, "b", null, default))!;
        var renamed = await Rename(Bucket.Id, "b", newest.Id, "c");
        (renamed.Outcome, renamed.Version!.IsNull).ShouldBe((CommitOutcome.Done, true));
        (await Store.FindVersionAsync(Bucket.Id, "b", "null", default))!.IsDeleteMarker.ShouldBeTrue();
        var again = await Rename(Bucket.Id, "c", renamed.Version.Id, "d");
        again.Outcome.ShouldBe(CommitOutcome.Done);
        (await Store.ListVersionsAsync(new(Bucket.Id, "c", "", "", null, 100), default)).Versions.ShouldHaveSingleItem().IsDeleteMarker.ShouldBeTrue();
    }

    [Fact]
    public async Task Rename_OfWhatChangedMeanwhile_ConflictsAndChangesNothing()
    {
        var source = await MustPut(Bucket.Id, "a");
        var over = await MustPut(Bucket.Id, "b");
        (await Rename(Bucket.Id, "a", source.Id, "b")).Outcome.ShouldBe(CommitOutcome.Conflict);
        (await Rename(Bucket.Id, "a", source.Id, "c", over.Id)).Outcome.ShouldBe(CommitOutcome.Conflict);
        (await Rename(Bucket.Id, "a", over.Id, "c")).Outcome.ShouldBe(CommitOutcome.Conflict);
        (await Rename(Bucket.Id, "gone", source.Id, "c")).Outcome.ShouldBe(CommitOutcome.Conflict);
        (await Rename(new(999_999), "a", source.Id, "c")).Outcome.ShouldBe(CommitOutcome.NoSuchBucket);
        await Should.ThrowAsync<ArgumentException>(async () => await Rename(Bucket.Id, "a", source.Id, "a", source.Id));
        (await Keys(Bucket.Id)).ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task Rename_OfALockedVersion_LeavesItAndItsLock()
    {
        var bucket = await CreateLockingBucket("locking");
        var source = await MustPut(bucket.Id, "a");
        (await Lock(source, RetentionMode.Compliance, future)).ShouldBe(CommitOutcome.Done);
        var renamed = await Rename(bucket.Id, "a", source.Id, "b");
        renamed.Outcome.ShouldBe(CommitOutcome.Done);
        (await LockOf(renamed.Version!)).ShouldBe(ObjectLock.None);
        (await LockOf(source)).Retention.Mode.ShouldBe(RetentionMode.Compliance);
        (await Remove(source)).ShouldBe(CommitOutcome.Locked);
    }
}
