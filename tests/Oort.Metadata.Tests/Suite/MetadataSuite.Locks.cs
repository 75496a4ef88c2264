namespace Oort.Metadata.Tests.Suite;

public abstract partial class MetadataSuite
{
    private static readonly DateTimeOffset future = new(2150, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private async Task<BucketRow> CreateLockingBucket(string name, BucketLock rule = default)
    {
        var (outcome, bucket) = await Store.CreateBucketAsync(rule.On(NewBucket(name)) with { Versioning = VersioningState.Enabled }, default);
        outcome.ShouldBe(CommitOutcome.Done);
        return bucket!;
    }

    private ValueTask<CommitOutcome> Lock(VersionRow version, RetentionMode mode, DateTimeOffset until, bool bypasses = false) =>
        Store.LockVersionAsync(new(version.Bucket, version.Key, version.IdText, mode == RetentionMode.None ? LockTerm.None : new(mode, until), null, bypasses), default);

    private ValueTask<CommitOutcome> Hold(VersionRow version, LegalHold hold) => Store.LockVersionAsync(new(version.Bucket, version.Key, version.IdText, null, hold), default);

    private async Task<CommitOutcome> Remove(VersionRow version, bool bypasses = false) =>
        (await Store.DeleteVersionAsync(new(version.Bucket, version.Key, "owner", version.IdText, WriteConditions.None, BypassesGovernance: bypasses), default)).Outcome;

    private async Task<ObjectLock> LockOf(VersionRow version) => ObjectLock.Of((await Store.FindVersionAsync(version.Bucket, version.Key, version.IdText, default))!.Attributes);

    [Fact]
    public async Task Delete_OfALockedVersion_IsLockedAndAMarkerGoesOnTop()
    {
        var bucket = await CreateLockingBucket("locking");
        var governed = await MustPut(bucket.Id, "governed");
        (await Lock(governed, RetentionMode.Governance, future)).ShouldBe(CommitOutcome.Done);
        var complied = await MustPut(bucket.Id, "complied");
        (await Lock(complied, RetentionMode.Compliance, future)).ShouldBe(CommitOutcome.Done);
        var held = await MustPut(bucket.Id, "held");
        (await Hold(held, LegalHold.On)).ShouldBe(CommitOutcome.Done);

        foreach (var version in (VersionRow[])[governed, complied, held]) (await Remove(version)).ShouldBe(CommitOutcome.Locked);
        (await Remove(complied, bypasses: true)).ShouldBe(CommitOutcome.Locked);
        (await Remove(held, bypasses: true)).ShouldBe(CommitOutcome.Locked);
        (await Store.DeleteVersionsAsync([new(bucket.Id, "held", "owner", held.IdText, WriteConditions.None)], default))[0].Outcome.ShouldBe(CommitOutcome.Locked);

        var marker = await Delete(bucket.Id, "governed");
        marker.IsDeleteMarker.ShouldBeTrue();
        (await Remove(governed)).ShouldBe(CommitOutcome.Locked);
        (await Delete(bucket.Id, "governed", marker.VersionId)).Outcome.ShouldBe(CommitOutcome.Done);
        (await Store.DeleteBucketAsync(bucket.Id, default)).ShouldBe(CommitOutcome.BucketNotEmpty);

        (await Remove(governed, bypasses: true)).ShouldBe(CommitOutcome.Done);
        (await Hold(held, LegalHold.Off)).ShouldBe(CommitOutcome.Done);
        (await Remove(held)).ShouldBe(CommitOutcome.Done);
        (await Keys(bucket.Id)).ShouldBe(["complied"]);
    }

    [Fact]
    public async Task LockVersion_OfARetentionThatHolds_CanOnlyMakeItLongerUnlessBypassed()
    {
        var bucket = await CreateLockingBucket("locking");
        var version = await MustPut(bucket.Id, "k");
        (await Lock(version, RetentionMode.Governance, future)).ShouldBe(CommitOutcome.Done);
        (await Lock(version, RetentionMode.Governance, future.AddMilliseconds(-1))).ShouldBe(CommitOutcome.Locked);
        (await Lock(version, RetentionMode.Compliance, future)).ShouldBe(CommitOutcome.Locked);
        (await Lock(version, RetentionMode.None, default)).ShouldBe(CommitOutcome.Locked);
        (await LockOf(version)).Retention.ShouldBe(new(RetentionMode.Governance, future));
        (await Lock(version, RetentionMode.Governance, future.AddDays(1))).ShouldBe(CommitOutcome.Done);
        (await Lock(version, RetentionMode.Governance, future, bypasses: true)).ShouldBe(CommitOutcome.Done);
        (await Lock(version, RetentionMode.None, default, bypasses: true)).ShouldBe(CommitOutcome.Done);
        (await LockOf(version)).ShouldBe(ObjectLock.None);

        (await Lock(version, RetentionMode.Compliance, future)).ShouldBe(CommitOutcome.Done);
        foreach (var bypasses in (bool[])[false, true])
        {
            (await Lock(version, RetentionMode.Compliance, future.AddMilliseconds(-1), bypasses)).ShouldBe(CommitOutcome.Locked);
            (await Lock(version, RetentionMode.Governance, future.AddDays(1), bypasses)).ShouldBe(CommitOutcome.Locked);
            (await Lock(version, RetentionMode.None, default, bypasses)).ShouldBe(CommitOutcome.Locked);
        }

        (await Lock(version, RetentionMode.Compliance, future.AddDays(1))).ShouldBe(CommitOutcome.Done);
        (await Hold(version, LegalHold.On)).ShouldBe(CommitOutcome.Done);
        (await LockOf(version)).ShouldBe(new(new(RetentionMode.Compliance, future.AddDays(1)), LegalHold.On));
    }

    [Fact]
    public async Task LockVersion_OfWhatIsNotThere_SaysSo()
    {
        var bucket = await CreateLockingBucket("locking");
        var version = await MustPut(bucket.Id, "k");
        var marker = await Delete(bucket.Id, "k");
        (await Hold(version with { Id = new(1, 1) }, LegalHold.On)).ShouldBe(CommitOutcome.NoSuchVersion);
        (await Store.LockVersionAsync(new(bucket.Id, "k", marker.VersionId!, null, LegalHold.On), default)).ShouldBe(CommitOutcome.NoSuchVersion);
        (await Hold(version with { Bucket = new(999_999) }, LegalHold.On)).ShouldBe(CommitOutcome.NoSuchBucket);
        var plain = await MustPut(Bucket.Id, "k");
        await Should.ThrowAsync<ArgumentException>(async () => await Hold(plain, LegalHold.On));
        await Should.ThrowAsync<ArgumentException>(async () => await Store.PutVersionAsync(Put(Bucket.Id, "l") with { Attributes = new ObjectLock(default, LegalHold.On).On(ObjectAttributes.Empty) }, default));
    }

    [Fact]
    public async Task UpdateAndRewrite_OfALockedVersion_LeaveItsLock()
    {
        var bucket = await CreateLockingBucket("locking");
        var version = await MustPut(bucket.Id, "k");
        (await Lock(version, RetentionMode.Compliance, future)).ShouldBe(CommitOutcome.Done);
        (await Store.UpdateVersionAsync(bucket.Id, "k", version.IdText, row => row with { Attributes = ObjectAttributes.Empty with { Headers = ObjectAttributes.Empty.Headers.Add("x", "y") } }, default)).ShouldBe(CommitOutcome.Done);
        (await LockOf(version)).Retention.ShouldBe(new(RetentionMode.Compliance, future));
        (await Store.RewriteVersionAsync(bucket.Id, "k", version.IdText, row => row with { Attributes = new ObjectLock(new(RetentionMode.Governance, future), LegalHold.Off).On(row.Attributes) }, NewData.None, default)).ShouldBe(CommitOutcome.Done);
        (await LockOf(version)).ShouldBe(new(new(RetentionMode.Compliance, future), LegalHold.None));

        var free = await MustPut(bucket.Id, "free");
        (await Store.UpdateVersionAsync(bucket.Id, "free", null, row => row with { Attributes = new ObjectLock(default, LegalHold.On).On(row.Attributes) }, default)).ShouldBe(CommitOutcome.Done);
        (await LockOf(free)).ShouldBe(ObjectLock.None, "Only LockVersionAsync locks.");
    }

    [Fact]
    public async Task UpdateBucket_ThatLocks_NeedsVersioningAndKeepsIt()
    {
        (await Store.UpdateBucketAsync(Bucket.Id, BucketLock.Plain.On, default)).ShouldBe(CommitOutcome.BucketLocked);
        await SetVersioning(Bucket.Id, VersioningState.Suspended);
        (await Store.UpdateBucketAsync(Bucket.Id, BucketLock.Plain.On, default)).ShouldBe(CommitOutcome.BucketLocked);
        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        (await Store.GetSettingAsync(LockClock.SettingName, default)).ShouldBeNull();
        (await Store.UpdateBucketAsync(Bucket.Id, BucketLock.Plain.On, default)).ShouldBe(CommitOutcome.Done);
        (await Store.GetSettingAsync(LockClock.SettingName, default)).ShouldNotBeNull();
        (await Store.UpdateBucketAsync(Bucket.Id, row => row with { Versioning = VersioningState.Suspended }, default)).ShouldBe(CommitOutcome.BucketLocked);
        (await Store.UpdateBucketAsync(Bucket.Id, row => row with { Settings = row.Settings.Remove(BucketLock.SettingName) }, default)).ShouldBe(CommitOutcome.BucketLocked);
        (await Store.UpdateBucketAsync(Bucket.Id, new BucketLock(RetentionMode.Governance, RetentionUnit.Days, 1).On, default)).ShouldBe(CommitOutcome.Done);
        await Should.ThrowAsync<ArgumentException>(async () => await Store.CreateBucketAsync(BucketLock.Plain.On(NewBucket("other")), default));
    }

    [Fact]
    public async Task Put_IntoABucketWithADefault_IsRetainedUnlessItBringsItsOwn()
    {
        var bucket = await CreateLockingBucket("locking", new(RetentionMode.Governance, RetentionUnit.Days, 10));
        var before = DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        var version = await MustPut(bucket.Id, "k");
        var retention = (await LockOf(version)).Retention;
        retention.Mode.ShouldBe(RetentionMode.Governance);
        retention.Until.ShouldBe(version.LastModified.AddDays(10));
        retention.Until.ShouldBeGreaterThanOrEqualTo(before.AddDays(10));
        (await Remove(version)).ShouldBe(CommitOutcome.Locked);

        var own = await Store.PutVersionAsync(Put(bucket.Id, "own") with { Attributes = new ObjectLock(new(RetentionMode.Compliance, future), LegalHold.Off).On(ObjectAttributes.Empty) }, default);
        (await LockOf(own.Version!)).ShouldBe(new(new(RetentionMode.Compliance, future), LegalHold.Off));
        var held = await Store.PutVersionAsync(Put(bucket.Id, "held") with { Attributes = new ObjectLock(default, LegalHold.On).On(ObjectAttributes.Empty) }, default);
        (await LockOf(held.Version!)).ShouldBe(new(new(RetentionMode.Governance, held.Version!.LastModified.AddDays(10)), LegalHold.On));

        var upload = await CreateUpload("big", bucket.Id);
        var made = (await Store.CompleteUploadAsync(Complete(upload, await MustPutPart(upload, 1, "e1", 11)), default)).Version!;
        (await LockOf(made)).Retention.ShouldBe(new(RetentionMode.Governance, made.LastModified.AddDays(10)));

        var marker = await Delete(bucket.Id, "k");
        (await Store.FindVersionAsync(bucket.Id, "k", marker.VersionId, default))!.Attributes.Extensions.ShouldBeEmpty();
    }

    [Fact]
    public async Task Delete_WithAClockThatIsWrong_NeverUnlocksWhatTheMarkHasNotReached()
    {
        var bucket = await CreateLockingBucket("locking", new(RetentionMode.Governance, RetentionUnit.Days, 1));
        var now = TimeProvider.System.GetUtcNow();
        var ended = await MustPut(bucket.Id, "ended");
        (await Lock(ended, RetentionMode.Governance, now.AddHours(-1), bypasses: true)).ShouldBe(CommitOutcome.Done);
        var later = await MustPut(bucket.Id, "later");
        (await Lock(later, RetentionMode.Compliance, now.AddDays(2), bypasses: true)).ShouldBe(CommitOutcome.Done);

        // The clock has jumped forward: the mark is as of days ago.
        await Store.PutSettingAsync(LockClock.SettingName, LockClock.Encode(now.AddDays(-2)), default);
        (await Remove(ended)).ShouldBe(CommitOutcome.Locked);
        (await Lock(ended, RetentionMode.None, default)).ShouldBe(CommitOutcome.Locked);

        // It is not known what time it is.
        foreach (var none in (byte[]?[])[null, [1, 2, 3]])
        {
            await Store.PutSettingAsync(LockClock.SettingName, none, default);
            (await Remove(ended)).ShouldBe(CommitOutcome.Locked);
        }

        // The clock was set back: the mark is ahead, and new retentions count from it.
        await Store.PutSettingAsync(LockClock.SettingName, LockClock.Encode(now.AddDays(3)), default);
        (await LockOf(await MustPut(bucket.Id, "new"))).Retention.Until.ToUnixTimeMilliseconds().ShouldBe(now.AddDays(4).ToUnixTimeMilliseconds());
        (await Remove(later)).ShouldBe(CommitOutcome.Done);
        (await Remove(ended)).ShouldBe(CommitOutcome.Done);
    }

    [Fact]
    public async Task Put_WithALockThatIsNone_IsAFaultAndNothingIsPut()
    {
        var bucket = await CreateLockingBucket("locking");
        var attributes = ObjectAttributes.Empty with { Extensions = ObjectAttributes.Empty.Extensions.SetItem(ObjectLock.Extension, [9]) };
        await Should.ThrowAsync<MetadataFormatException>(async () => await Store.PutVersionAsync(Put(bucket.Id, "k") with { Attributes = attributes }, default));
        (await Keys(bucket.Id)).ShouldBeEmpty();
    }
}
