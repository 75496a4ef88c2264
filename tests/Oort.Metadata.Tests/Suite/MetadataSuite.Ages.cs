using System.Collections.Immutable;

namespace Oort.Metadata.Tests.Suite;

public abstract partial class MetadataSuite
{
    private static readonly DateTimeOffset forever = new(9000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private async Task<ImmutableArray<VersionWindow>> Aged(BucketId bucket, int limit = 100, int newer = 1, int older = 1)
    {
        var found = ImmutableArray.CreateBuilder<VersionWindow>();
        for (var place = AgePlace.Start; ;)
        {
            var page = await Store.ListAgedVersionsAsync(new(bucket, place, forever, limit, newer, older), default);
            found.AddRange(page);
            if (page.Length < limit) return found.DrainToImmutable();
            place = new(page[^1].Version.LastModified, page[^1].Version.Id.Generation);
        }
    }

    private async Task SetRules(BucketId bucket, bool hasRules = true) => (await Store.UpdateBucketAsync(
        bucket, row => row with { Settings = hasRules ? row.Settings.SetItem(AgeSettings.Rules, [1]) : row.Settings.Remove(AgeSettings.Rules) }, default)).ShouldBe(CommitOutcome.Done);

    private async Task<(string Key, ulong Generation)[]> Revisits(BucketId bucket) => [.. (await Store.ListRevisitsAsync(bucket, forever, 100, default)).Select(one => (one.Key, one.Generation))];

    [Fact]
    public async Task AgedVersions_OfABucket_ComeInTheOrderInWhichTheyWereWritten()
    {
        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        var other = await CreateBucket("other");
        var written = new List<VersionRow>();
        foreach (var key in (string[])["z", "a", "z", "m", "a", "z"]) written.Add(await MustPut(Bucket.Id, key));
        await MustPut(other.Id, "z");
        await Delete(Bucket.Id, "m");

        foreach (var limit in (int[])[1, 3, 100])
        {
            var aged = await Aged(Bucket.Id, limit);
            aged.Select(window => window.Version.Id.Generation).ShouldBe(aged.Select(window => window.Version.Id.Generation).Order());
            aged.Select(window => (window.Version.Key, window.Version.IsDeleteMarker)).ShouldBe([("z", false), ("a", false), ("z", false), ("m", false), ("a", false), ("z", false), ("m", true)]);
            aged.Take(6).Select(window => window.Version.Id).ShouldBe(written.Select(row => row.Id));
        }

        (await Store.ListAgedVersionsAsync(new(Bucket.Id, AgePlace.Start, written[0].LastModified.AddMilliseconds(-1), 100, 1, 1), default)).ShouldBeEmpty();
        (await Store.ListAgedVersionsAsync(new(Bucket.Id, AgePlace.Start, written[0].LastModified, 1, 1, 1), default)).ShouldHaveSingleItem().Version.Id.ShouldBe(written[0].Id);
    }

    [Fact]
    public async Task AgedVersions_Neighbours_AreTheNearestOfTheKey()
    {
        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        var rows = new List<VersionRow>();
        for (var i = 0; i < 5; i++) rows.Add(await MustPut(Bucket.Id, "k"));
        await MustPut(Bucket.Id, "j");
        var aged = await Aged(Bucket.Id, newer: 2, older: 3);
        var middle = aged[2];
        (middle.Version.Id, middle.Version.IsLatest).ShouldBe((rows[2].Id, false));
        middle.Newer.Select(row => row.Id).ShouldBe([rows[3].Id, rows[4].Id]);
        middle.Older.Select(row => row.Id).ShouldBe([rows[1].Id, rows[0].Id]);
        (aged[4].Version.IsLatest, aged[4].Newer.Length, aged[4].Older.Length).ShouldBe((true, 0, 3));
        aged[5].Older.ShouldBeEmpty();

        (await Store.FindWindowAsync(Bucket.Id, "k", 0, 1, 1, default))!.Version.Id.ShouldBe(rows[4].Id);
        var window = (await Store.FindWindowAsync(Bucket.Id, "k", rows[1].Id.Generation, 1, 1, default))!;
        (window.Version.Id, window.Newer[0].Id, window.Older[0].Id).ShouldBe((rows[1].Id, rows[2].Id, rows[0].Id));
        (await Store.FindWindowAsync(Bucket.Id, "none", 0, 1, 1, default)).ShouldBeNull();
        (await Store.FindWindowAsync(Bucket.Id, "k", 1, 1, 1, default)).ShouldBeNull();
    }

    [Fact]
    public async Task AgedVersions_WhatIsReplacedOrChanged_IsInTheIndexOnce()
    {
        await MustPut(Bucket.Id, "a");
        var second = await MustPut(Bucket.Id, "a");
        await Store.UpdateVersionAsync(Bucket.Id, "a", null, row => row with { StorageClass = "GLACIER" }, default);
        (await Aged(Bucket.Id)).ShouldHaveSingleItem().Version.Id.ShouldBe(second.Id);
        await Delete(Bucket.Id, "a");
        (await Aged(Bucket.Id)).ShouldBeEmpty();
    }

    [Fact]
    public async Task AgedUploads_OfABucket_ComeByWhenTheyWereBegun()
    {
        var uploads = new List<UploadRow>();
        foreach (var (key, minute) in new[] { ("a", 30), ("b", 10), ("c", 20), ("d", 20) })
        {
            var begun = DateTimeOffset.UnixEpoch.AddMinutes(minute);
            uploads.Add(new() { Bucket = Bucket.Id, Key = key, Id = UploadId.Create(begun), Initiated = begun, OwnerId = "o" });
            await Store.CreateUploadAsync(uploads[^1], default);
        }

        var found = new List<string>();
        for (var query = new AgedUploadsQuery(Bucket.Id, DateTimeOffset.UnixEpoch, default, DateTimeOffset.UnixEpoch.AddMinutes(20), 1); ;)
        {
            var page = await Store.ListAgedUploadsAsync(query, default);
            if (page.IsEmpty) break;
            found.Add(page[0].Key);
            query = query with { AfterInitiated = page[0].Initiated, AfterUpload = page[0].Id };
        }

        found[0].ShouldBe("b");
        found.Order().ShouldBe(["b", "c", "d"]);
        (await Store.ListAgedUploadsAsync(new((await CreateBucket("other")).Id, DateTimeOffset.UnixEpoch, default, forever, 10), default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Revisits_InABucketWithRules_AreWhatChangesWithoutANewVersion()
    {
        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        var one = await MustPut(Bucket.Id, "k");
        var two = await MustPut(Bucket.Id, "k");
        await Store.UpdateVersionAsync(Bucket.Id, "k", null, Tagged(1), default);
        (await Revisits(Bucket.Id)).ShouldBeEmpty("It has no rules.");

        await SetRules(Bucket.Id);
        await Store.UpdateVersionAsync(Bucket.Id, "k", one.IdText, Tagged(1), default);
        (await Revisits(Bucket.Id)).ShouldBe([("k", one.Id.Generation)]);
        await Store.UpdateVersionAsync(Bucket.Id, "k", two.IdText, row => row with { StorageClass = "GLACIER" }, default);
        await MustPut(Bucket.Id, "k");
        await Delete(Bucket.Id, "k");
        (await Revisits(Bucket.Id)).Length.ShouldBe(1, "What moves, comes or gets a marker is no older for it.");
        await Delete(Bucket.Id, "k", two.IdText);
        (await Revisits(Bucket.Id)).ShouldBe([("k", one.Id.Generation), ("k", 0UL)], ignoreOrder: true);

        await SetRules(Bucket.Id, false);
        (await Revisits(Bucket.Id)).ShouldBeEmpty("They go with the rules.");
    }

    [Fact]
    public async Task Revisits_InABucketWithoutVersions_AreNoneForDeletes()
    {
        await SetRules(Bucket.Id);
        await MustPut(Bucket.Id, "k");
        await MustPut(Bucket.Id, "k");
        await Delete(Bucket.Id, "k");
        (await Revisits(Bucket.Id)).ShouldBeEmpty();
    }

    [Fact]
    public async Task AdvanceAges_AsExpected_NotesProgressAndRevisitsTogether()
    {
        await SetRules(Bucket.Id);
        var (early, late) = (new Revisit(DateTimeOffset.UnixEpoch.AddDays(1), "a", 7), new Revisit(DateTimeOffset.UnixEpoch.AddDays(2), "b", 0));
        (await Store.FindRevisitStampAsync(Bucket.Id, default)).ShouldBeNull();
        (await Store.AdvanceAgesAsync(new(Bucket.Id, null, [1], 42, [], [late, early]), default)).ShouldBeTrue();
        (await Store.FindRevisitStampAsync(Bucket.Id, default)).ShouldBe(42UL);
        (await Store.GetSettingAsync(AgeSettings.Progress(Bucket.Id), default)).ShouldBe([1]);
        (await Store.ListRevisitsAsync(Bucket.Id, forever, 10, default)).ShouldBe([early, late]);
        (await Store.ListRevisitsAsync(Bucket.Id, forever, 1, default)).ShouldBe([early]);
        (await Store.ListRevisitsAsync(Bucket.Id, early.At, 10, default)).ShouldBe([early]);

        (await Store.AdvanceAgesAsync(new(Bucket.Id, [9], [2], null, [early], []), default)).ShouldBeFalse("Another gateway was faster.");
        (await Store.ListRevisitsAsync(Bucket.Id, forever, 10, default)).Length.ShouldBe(2);
        (await Store.AdvanceAgesAsync(new(Bucket.Id, [1], [2], null, [early], [late]), default)).ShouldBeTrue();
        (await Store.ListRevisitsAsync(Bucket.Id, forever, 10, default)).ShouldBe([late]);
        (await Store.FindRevisitStampAsync(Bucket.Id, default)).ShouldBe(42UL);

        (await Store.AdvanceAgesAsync(new(Bucket.Id, [2], [3], 43, [], []), default)).ShouldBeTrue();
        (await Store.ListRevisitsAsync(Bucket.Id, forever, 10, default)).ShouldBeEmpty("Another run begins.");
        (await Store.FindRevisitStampAsync(Bucket.Id, default)).ShouldBe(43UL);
        (await Store.AdvanceAgesAsync(new(Bucket.Id, [3], null, null, [], []), default)).ShouldBeTrue();
        (await Store.GetSettingAsync(AgeSettings.Progress(Bucket.Id), default)).ShouldBeNull();
        (await Store.FindRevisitStampAsync(Bucket.Id, default)).ShouldBeNull();
    }

    [Fact]
    public async Task DeleteVersion_If_IsDecidedOnWhatIsThere()
    {
        var first = await MustPut(Bucket.Id, "k");
        var second = await MustPut(Bucket.Id, "k");
        (await DeleteIf("k", null, row => row.Id == first.Id)).ShouldBe(CommitOutcome.Conflict);
        (await DeleteIf("k", "null", row => row.Id == first.Id)).ShouldBe(CommitOutcome.Conflict);
        (await DeleteIf("none", null, _ => true)).ShouldBe(CommitOutcome.Conflict);
        (await Store.FindVersionAsync(Bucket.Id, "k", null, default))!.Id.ShouldBe(second.Id);
        (await DeleteIf("k", null, row => row.Id == second.Id && row.IsLatest)).ShouldBe(CommitOutcome.Done);
        (await Store.FindVersionAsync(Bucket.Id, "k", null, default)).ShouldBeNull();

        async Task<CommitOutcome> DeleteIf(string key, string? versionId, Func<VersionRow, bool> holds) =>
            (await Store.DeleteVersionAsync(new(Bucket.Id, key, "owner", versionId, WriteConditions.None, If: holds), default)).Outcome;
    }

    private static Func<VersionRow, VersionRow> Tagged(byte value) => row => row with { Attributes = row.Attributes with { Extensions = row.Attributes.Extensions.SetItem("tagging", [value]) } };
}
