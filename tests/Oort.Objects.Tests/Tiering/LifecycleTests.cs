using System.Collections.Immutable;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tiering;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Tiering;

/// <summary>What rules end, ends on its day, and nothing else.</summary>
public sealed class LifecycleTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private static readonly LifecycleFilter all = new(FilterForm.Single);

    [Fact]
    public async Task Expiration_ByDays_DeletesWhatItTakesAndNoSooner()
    {
        await using var world = await StartAsync();
        foreach (var key in (string[])["logs/1", "logs/2", "keep/1"]) await world.PutAsync(key, SystemActions.Content(1, 100));
        await world.SetLifecycleAsync(End("logs", new(FilterForm.Single, "logs/"), new LifecycleExpiration(30)));
        await TurnAsync(world, 30);
        (await KeysAsync(world)).ShouldBe(["keep/1", "logs/1", "logs/2"]);
        await world.PutAsync("logs/1", SystemActions.Content(2, 100));
        await TurnAsync(world, 1);
        (await KeysAsync(world)).ShouldBe(["keep/1", "logs/1"], "What was written anew is as old as that.");
        await TurnAsync(world, 30);
        (await KeysAsync(world)).ShouldBe(["keep/1"]);
        world.System.Tiering.Status.Ended.ShouldBe(2);
        (await world.System.Metadata.CheckAsync(10, default)).ShouldBeEmpty();
        (await world.System.Metadata.GetUsageAsync(world.Bucket.Id, default)).ShouldBe(new Usage(1, 100));
    }

    [Fact]
    public async Task Expiration_OfTheSecondDay_LooksOnlyAtWhatIsDueThen()
    {
        await using var world = await StartAsync();
        for (var number = 0; number < 40; number++) await world.PutAsync($"old/{number:d2}", SystemActions.Content(number, 10));
        await world.SetLifecycleAsync(End("r", new(FilterForm.Single, "none/"), new LifecycleExpiration(3)));
        await TurnAsync(world, 5);
        var first = world.System.Tiering.Status.Looked;
        first.ShouldBe(40);
        await world.PutAsync("none/1", SystemActions.Content(1, 10));
        for (var day = 0; day < 5; day++) await TurnAsync(world, 1);
        (world.System.Tiering.Status.Looked - first, world.System.Tiering.Status.Ended).ShouldBe((1, 1));
    }

    [Fact]
    public async Task Expiration_ByDate_DeletesWhatIsThereAndWhatComesLater()
    {
        await using var world = await StartAsync();
        await world.PutAsync("a", SystemActions.Content(1, 10));
        var date = DateOnly.FromDateTime(world.Time.GetUtcNow().AddDays(3).UtcDateTime);
        await world.SetLifecycleAsync(End("r", all, new LifecycleExpiration(Date: date)));
        await TurnAsync(world, 2);
        (await KeysAsync(world)).ShouldBe(["a"]);
        await TurnAsync(world, 1);
        (await KeysAsync(world)).ShouldBeEmpty();
        await world.PutAsync("b", SystemActions.Content(1, 10));
        await TurnAsync(world, 1);
        (await KeysAsync(world)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Expiration_InAVersionedBucket_PutsAMarkerThatTheOwnerOwns()
    {
        await using var world = await StartAsync(VersioningState.Enabled);
        var version = await world.PutAsync("a", SystemActions.Content(1, 10));
        await world.SetLifecycleAsync(End("r", all, new LifecycleExpiration(1)));
        await TurnAsync(world, 2);
        var versions = await VersionsAsync(world);
        versions.Select(row => (row.IsDeleteMarker, row.IsLatest)).ShouldBe([(true, true), (false, false)]);
        (versions[0].OwnerId, versions[1].Id).ShouldBe((world.Bucket.OwnerId, version.Id));
        await TurnAsync(world, 1);
        (await VersionsAsync(world)).Length.ShouldBe(2, "The marker is no older, and the version below it is not taken.");
    }

    [Fact]
    public async Task NoncurrentExpiration_DeletesWhatWasReplacedSoLongAgo()
    {
        await using var world = await StartAsync(VersioningState.Enabled);
        var first = await world.PutAsync("a", SystemActions.Content(1, 10));
        world.Time.Advance(20 * Day);
        var second = await world.PutAsync("a", SystemActions.Content(2, 10));
        await world.SetLifecycleAsync(new LifecycleRule("r", true, all, [], [], NoncurrentExpiration: new(5)));
        await TurnAsync(world, 5);
        (await VersionsAsync(world)).Select(row => row.Id).ShouldBe([second.Id, first.Id]);
        await TurnAsync(world, 1);
        (await VersionsAsync(world)).Select(row => row.Id).ShouldBe([second.Id]);
        await TurnAsync(world, 90);
        (await VersionsAsync(world)).Select(row => row.Id).ShouldBe([second.Id]);
    }

    [Fact]
    public async Task NoncurrentExpiration_NewerVersions_StayUntilOthersCome()
    {
        await using var world = await StartAsync(VersioningState.Enabled);
        await world.SetLifecycleAsync(new LifecycleRule("r", true, all, [], [], NoncurrentExpiration: new(2, 3)));
        var rows = new List<VersionRow>();
        for (var number = 0; number < 6; number++) rows.Add(await world.PutAsync("a", SystemActions.Content(number, 10)));
        await TurnAsync(world, 3);
        (await VersionsAsync(world)).Select(row => row.Id).ShouldBe([rows[5].Id, rows[4].Id, rows[3].Id, rows[2].Id]);
        await TurnAsync(world, 30);
        (await VersionsAsync(world)).Length.ShouldBe(4);
        // Each new one makes room of another, which has been old enough for long.
        rows.Add(await world.PutAsync("a", SystemActions.Content(9, 10)));
        await TurnAsync(world, 1);
        (await VersionsAsync(world)).Select(row => row.Id).ShouldBe([rows[6].Id, rows[5].Id, rows[4].Id, rows[3].Id]);
    }

    [Fact]
    public async Task ExpiredMarkers_GoWhenNothingIsLeftBelowThem()
    {
        await using var world = await StartAsync(VersioningState.Enabled);
        await world.PutAsync("a", SystemActions.Content(1, 10));
        var kept = await world.PutAsync("b", SystemActions.Content(1, 10));
        foreach (var key in (string[])["a", "b", "c"]) await DeleteAsync(world, key);
        await world.SetLifecycleAsync(new LifecycleRule("r", true, new(FilterForm.Single, "a"), [], [], NoncurrentExpiration: new(5)), End("m", all, new LifecycleExpiration(ExpiredMarkers: true)));
        await TurnAsync(world, 1);
        (await VersionsAsync(world)).Select(row => (row.Key, row.IsDeleteMarker)).ShouldBe([("a", true), ("a", false), ("b", true), ("b", false)]);
        await TurnAsync(world, 6);
        (await VersionsAsync(world)).Select(row => (row.Key, row.IsDeleteMarker)).ShouldBe([("b", true), ("b", false)], "The version went first, and its marker with the same look.");
        // Its owner removes what is below the other, a day long after that of the marker.
        await DeleteAsync(world, "b", kept.IdText);
        await TurnAsync(world, 1);
        (await VersionsAsync(world)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Expiration_OfAMarkerByDays_WaitsForItsAge()
    {
        await using var world = await StartAsync(VersioningState.Enabled);
        await world.PutAsync("a", SystemActions.Content(1, 10));
        await DeleteAsync(world, "a");
        await world.SetLifecycleAsync(new LifecycleRule("r", true, all, [], [], new LifecycleExpiration(5), new NoncurrentExpiration(1)));
        await TurnAsync(world, 2);
        (await VersionsAsync(world)).Select(row => row.IsDeleteMarker).ShouldBe([true]);
        await TurnAsync(world, 4);
        (await VersionsAsync(world)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Expiration_ByTag_FollowsTagsThatComeLater()
    {
        await using var world = await StartAsync();
        await world.PutAsync("a", SystemActions.Content(1, 10));
        await world.PutAsync("b", SystemActions.Content(1, 10));
        await world.SetLifecycleAsync(End("r", new(FilterForm.Single, Tags: [new("temp", "1")]), new LifecycleExpiration(3)));
        await TurnAsync(world, 10);
        (await KeysAsync(world)).ShouldBe(["a", "b"]);
        await world.System.Metadata.UpdateVersionAsync(world.Bucket.Id, "a", null, row => row with { Attributes = StoredTags.Set(row.Attributes, [("temp", "1")]) }, default);
        await TurnAsync(world, 1);
        (await KeysAsync(world)).ShouldBe(["b"]);
    }

    [Fact]
    public async Task Expiration_VersionThatIsCurrentAgain_IsLookedAtAgain()
    {
        await using var world = await StartAsync(VersioningState.Enabled);
        await world.PutAsync("a", SystemActions.Content(1, 10));
        var marker = await DeleteAsync(world, "a");
        await world.SetLifecycleAsync(End("r", all, new LifecycleExpiration(3)));
        await TurnAsync(world, 10);
        (await VersionsAsync(world)).Length.ShouldBe(2);
        await DeleteAsync(world, "a", marker);
        await TurnAsync(world, 1);
        (await VersionsAsync(world)).Select(row => row.IsDeleteMarker).ShouldBe([true, false], "It is old, and current since its marker went.");
    }

    [Fact]
    public async Task Rules_ThatChange_AreAppliedToWhatOthersHavePassed()
    {
        await using var world = await StartAsync();
        await world.PutAsync("a", SystemActions.Content(1, 10));
        await world.PutAsync("b", SystemActions.Content(1, 10));
        await world.SetLifecycleAsync(End("r", new(FilterForm.Single, "x"), new LifecycleExpiration(3)));
        await TurnAsync(world, 10);
        await world.SetLifecycleAsync(End("r", new(FilterForm.Single, "a"), new LifecycleExpiration(3)));
        await world.System.StepTieringAsync();
        (await KeysAsync(world)).ShouldBe(["b"]);
    }

    [Fact]
    public async Task Rules_TakenAwayAndGivenBack_ApplyToWhatChangedBetween()
    {
        await using var world = await StartAsync();
        await world.PutAsync("a", SystemActions.Content(1, 10));
        var rule = End("r", new(FilterForm.Single, Tags: [new("temp", "1")]), new LifecycleExpiration(3));
        await world.SetLifecycleAsync(rule);
        await TurnAsync(world, 10);
        await world.System.Metadata.UpdateBucketAsync(world.Bucket.Id, row => row with { Settings = row.Settings.Remove(LifecycleDocument.SettingName) }, default);
        await world.System.Metadata.UpdateVersionAsync(world.Bucket.Id, "a", null, row => row with { Attributes = StoredTags.Set(row.Attributes, [("temp", "1")]) }, default);
        await world.SetLifecycleAsync(rule);
        await TurnAsync(world, 1);
        (await KeysAsync(world)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Progress_AfterARestart_GoesOnWhereItWas()
    {
        await using var world = await StartAsync();
        for (var number = 0; number < 10; number++) await world.PutAsync($"k{number}", SystemActions.Content(number, 10));
        await world.SetLifecycleAsync(End("r", new(FilterForm.Single, "x"), new LifecycleExpiration(3)));
        await TurnAsync(world, 10);
        world.System.Tiering.Status.Looked.ShouldBe(10);
        await world.RestartAsync();
        await world.System.StepTieringAsync();
        await TurnAsync(world, 1);
        world.System.Tiering.Status.Looked.ShouldBe(0);
    }

    [Fact]
    public async Task Progress_OfABucketThatIsGone_IsForgotten()
    {
        await using var world = await StartAsync();
        await world.SetLifecycleAsync(End("r", all, new LifecycleExpiration(3)));
        await TurnAsync(world, 1);
        (await world.System.Metadata.GetSettingAsync(AgeSettings.Progress(world.Bucket.Id), default)).ShouldNotBeNull();
        (await world.System.Metadata.DeleteBucketAsync(world.Bucket.Id, default)).ShouldBe(CommitOutcome.Done);
        await TurnAsync(world, 2);
        (await world.System.Metadata.GetSettingAsync(AgeSettings.Progress(world.Bucket.Id), default)).ShouldBeNull();
    }

    [Fact]
    public async Task AbortUploads_AfterDays_EndsThoseBelowThePrefix()
    {
        await using var world = await StartAsync();
        foreach (var key in (string[])["up/a", "other"])
            await world.System.Metadata.CreateUploadAsync(new() { Bucket = world.Bucket.Id, Key = key, Id = UploadId.Create(world.Time.GetUtcNow()), Initiated = world.Time.GetUtcNow(), OwnerId = "root" }, default);
        await world.SetLifecycleAsync(new LifecycleRule("r", true, new(FilterForm.Single, "up/"), [], [], AbortUploadsAfterDays: 2));
        await TurnAsync(world, 2);
        (await UploadsAsync()).ShouldBe(["other", "up/a"]);
        await TurnAsync(world, 1);
        (await UploadsAsync()).ShouldBe(["other"]);
        world.System.Tiering.Status.UploadsEnded.ShouldBe(1);

        async Task<string[]> UploadsAsync() => [.. (await world.System.Metadata.ListUploadsAsync(new(world.Bucket.Id, "", "", "", null, 10), default)).Uploads.Select(upload => upload.Key)];
    }

    [Fact]
    public async Task Expiration_AndTransitionOnOneDay_RemovalGoesBeforeTheMoveAndTheMoveBeforeTheMarker()
    {
        await using var world = await StartAsync();
        await world.PutAsync("a", SystemActions.Content(1, 10));
        await world.SetLifecycleAsync(End("e", all, new LifecycleExpiration(2)), TieringWorld.Rule("GLACIER", 1));
        await TurnAsync(world, 5);
        (await KeysAsync(world)).ShouldBeEmpty();
        world.System.Tiering.Status.Moved.ShouldBe(0);

        await world.System.Metadata.UpdateBucketAsync(world.Bucket.Id, row => row with { Versioning = VersioningState.Enabled }, default);
        await world.PutAsync("b", SystemActions.Content(1, 10));
        await TurnAsync(world, 5);
        (await VersionsAsync(world)).Select(row => (row.IsDeleteMarker, row.StorageClass)).ShouldBe([(true, "STANDARD"), (false, "GLACIER")]);
    }

    [Fact]
    public void Delete_OfWhatWasJudged_HitsNothingElse()
    {
        var bucket = new BucketRow { Id = new(1), Name = "b", OwnerId = "owner", Created = DateTimeOffset.UnixEpoch, Region = "r" };
        var judged = new VersionRow { Bucket = new(1), Key = "k", Id = new(5, 6), IsNull = true, IsLatest = true, LastModified = DateTimeOffset.UnixEpoch, OwnerId = "other", Attributes = StoredTags.Set(ObjectAttributes.Empty, [("temp", "1")]) };
        var delete = LifecycleRound.DeleteOf(bucket, judged);
        (delete.OwnerId, delete.VersionId).ShouldBe(("owner", null));
        delete.If!(judged with { StorageClass = "GLACIER" }).ShouldBeTrue("It has moved, and is the same.");
        delete.If!(judged with { Id = new(5, 7) }).ShouldBeFalse("It was written anew.");
        delete.If!(judged with { IsLatest = false }).ShouldBeFalse("It is not current any more.");
        delete.If!(judged with { Attributes = ObjectAttributes.Empty }).ShouldBeFalse("Its tags are others.");
        LifecycleRound.DeleteOf(bucket, judged with { IsLatest = false }).VersionId.ShouldBe("null");
        LifecycleRound.DeleteOf(bucket, judged with { IsDeleteMarker = true, IsNull = false }).VersionId.ShouldBe(judged.Id.ToString());
    }

    [Fact]
    public async Task Expiration_OfManyKeys_GoesPageByPage()
    {
        await using var world = await StartAsync(VersioningState.Enabled);
        for (var number = 0; number < 1_100; number++) await world.System.Metadata.DeleteVersionAsync(new(world.Bucket.Id, $"k{number:d4}", "root", null, WriteConditions.None), default);
        await world.SetLifecycleAsync(End("m", all, new LifecycleExpiration(ExpiredMarkers: true)));
        await TurnAsync(world, 1);
        (await VersionsAsync(world)).ShouldBeEmpty();
        world.System.Tiering.Status.Ended.ShouldBe(1_100);
    }

    private static LifecycleRule End(string id, LifecycleFilter filter, LifecycleExpiration expiration) => new(id, true, filter, [], [], expiration);

    private static async Task<TieringWorld> StartAsync(VersioningState versioning = VersioningState.Unversioned)
    {
        var world = await TieringWorld.StartAsync();
        if (versioning != VersioningState.Unversioned) await world.System.Metadata.UpdateBucketAsync(world.Bucket.Id, row => row with { Versioning = versioning }, default);
        return world;
    }

    /// <summary>So many days pass, and what is due is done.</summary>
    private static async Task TurnAsync(TieringWorld world, int days)
    {
        world.Time.Advance(days * Day);
        await world.System.StepTieringAsync();
    }

    private static async Task<string?> DeleteAsync(TieringWorld world, string key, string? versionId = null) =>
        (await world.System.Metadata.DeleteVersionAsync(new(world.Bucket.Id, key, "root", versionId, WriteConditions.None), default)).VersionId;

    private static async Task<string[]> KeysAsync(TieringWorld world) => [.. (await world.System.Metadata.ListObjectsAsync(new(world.Bucket.Id, "", "", "", 1_000), default)).Objects.Select(one => one.Key)];

    private static async Task<ImmutableArray<VersionRow>> VersionsAsync(TieringWorld world) => (await world.System.Metadata.ListVersionsAsync(new(world.Bucket.Id, "", "", "", null, 1_000), default)).Versions;
}
