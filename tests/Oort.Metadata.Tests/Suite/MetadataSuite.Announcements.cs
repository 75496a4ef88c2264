namespace Oort.Metadata.Tests.Suite;

public abstract partial class MetadataSuite
{
    [Fact]
    public async Task Announcement_EveryKindOfChange_IsPutWithItAndInItsGeneration()
    {
        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        var told = new WriteConditions { Announcement = Tell };
        var put = (await Store.PutVersionAsync(Put(Bucket.Id, "k", conditions: told), default)).Version!;
        await CheckAsync($"k-{put.IdText}-False");

        await Store.UpdateVersionAsync(Bucket.Id, "k", null, row => row with { StorageClass = "COLD", Announcement = Tell }, default);
        await CheckAsync($"k-{put.IdText}-False");

        var segment = NewSegment();
        var data = NewDataRow(segment.Id, 0, 100);
        (await Rewrite(put, row => row with { Extents = [new(data.Id, 0, 100, 0, [])], Announcement = Tell }, new(Epoch, [segment], [data]))).ShouldBe(CommitOutcome.Done);
        await CheckAsync($"k-{put.IdText}-False");
        (await Store.FindVersionAsync(Bucket.Id, "k", null, default))!.Announcement.ShouldBeNull("It is never stored.");

        var marker = await Delete(Bucket.Id, "k", conditions: told);
        await CheckAsync($"k-{marker.VersionId}-False");
        await Delete(Bucket.Id, "k", put.IdText, told);
        await CheckAsync($"k-{put.IdText}-True");

        var upload = await CreateUpload("u");
        var part = await MustPutPart(upload, 1, "a");
        var completed = (await Store.CompleteUploadAsync(Complete(upload, part) with { Conditions = told }, default)).Version!;
        await CheckAsync($"u-{completed.IdText}-False");

        var unversioned = await CreateBucket("unversioned");
        var only = await MustPut(unversioned.Id, "o");
        await Delete(unversioned.Id, "o", conditions: told);
        await CheckAsync($"o-{only.IdText}-True");

        async Task CheckAsync(string told)
        {
            var generation = Store.CommittedGeneration;
            (await Told()).ShouldBe([$"{generation}-{told}"]);
        }
    }

    [Fact]
    public async Task Announcement_NothingChanged_IsNotPut()
    {
        await MustPut(Bucket.Id, "k");
        await Store.PutVersionAsync(Put(Bucket.Id, "k", conditions: new(IfNoneMatch: "*") { Announcement = Tell }), default);
        await Store.PutVersionAsync(Put(new(999_999), "k", conditions: new() { Announcement = Tell }), default);
        await Delete(Bucket.Id, "none", conditions: new() { Announcement = Tell });
        await Delete(Bucket.Id, "k", conditions: new(IfMatch: "other") { Announcement = Tell });
        await Delete(Bucket.Id, "k", new VersionId(3, 3).ToString(), new() { Announcement = Tell });
        await Store.UpdateVersionAsync(Bucket.Id, "k", null, _ => null, default);
        (await Told()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Announcement_ManySettings_AreAtMostAHundred()
    {
        (await Store.PutVersionAsync(Put(Bucket.Id, "k", conditions: new() { Announcement = Many(MetadataLimits.AnnouncedSettingsMax) }), default)).Outcome.ShouldBe(CommitOutcome.Done);
        (await Told()).Length.ShouldBe(MetadataLimits.AnnouncedSettingsMax);
        await Should.ThrowAsync<ArgumentException>(async () => await Store.PutVersionAsync(Put(Bucket.Id, "l", conditions: new() { Announcement = Many(MetadataLimits.AnnouncedSettingsMax + 1) }), default));
        (await Told()).ShouldBeEmpty();
        (await Store.FindVersionAsync(Bucket.Id, "l", null, default)).ShouldBeNull("The change goes with it.");

        static ChangeAnnouncement Many(int count) => (in DecidedChange _) => [.. Enumerable.Range(0, count).Select(i => ($"told/{i}", new byte[] { 1 }))];
    }

    /// <summary>What was told since it was asked last.</summary>
    private async Task<string[]> Told()
    {
        var told = await Store.ListSettingsAsync("told/", "", 1000, default);
        foreach (var (name, _) in told) await Store.PutSettingAsync(name, null, default);
        return [.. told.Select(one => one.Name["told/".Length..])];
    }

    private static (string, byte[])[] Tell(in DecidedChange change) => [($"told/{change.Generation}-{change.Version.Key}-{change.Version.IdText}-{change.IsRemoved}", [1])];
}
