namespace Oort.Metadata.Tests.Suite;

public abstract partial class MetadataSuite
{
    [Fact]
    public async Task PutVersion_CopyByReference_KeepsTheDataUntilTheLastReferenceGoes()
    {
        var source = await MustPut(Bucket.Id, "a");
        var data = source.Extents[0].Data;
        (await Store.PutVersionAsync(Put(Bucket.Id, "b") with { Extents = source.Extents, NewData = NewData.None }, default)).Outcome.ShouldBe(CommitOutcome.Done);
        await Delete(Bucket.Id, "a");
        (await Store.LocateAsync([data], default)).Length.ShouldBe(1);
        (await Store.PutVersionAsync(Put(Bucket.Id, "b") with { Extents = source.Extents, NewData = NewData.None }, default)).Outcome
            .ShouldBe(CommitOutcome.Done, "A copy onto itself keeps its data.");
        (await Store.LocateAsync([data], default)).Length.ShouldBe(1);
        await Delete(Bucket.Id, "b");
        (await Store.LocateAsync([data], default)).ShouldBeEmpty();
        (await Store.PutVersionAsync(Put(Bucket.Id, "c") with { Extents = source.Extents, NewData = NewData.None }, default)).Outcome.ShouldBe(CommitOutcome.DataGone);
    }

    [Fact]
    public async Task PutVersion_FencedEpoch_ChangesNothing()
    {
        var command = Put(Bucket.Id, "k");
        await Store.OpenEpochAsync("another gateway", default);
        (await Store.PutVersionAsync(command, default)).Outcome.ShouldBe(CommitOutcome.Done, "Only the same gateway's next epoch fences.");
        command = Put(Bucket.Id, "l");
        var next = await Store.OpenEpochAsync(Gateway, default);
        (next >> 24).ShouldBeGreaterThan(Epoch >> 24);
        (await Store.PutVersionAsync(command, default)).Outcome.ShouldBe(CommitOutcome.Fenced);
        (await Store.AddSegmentsAsync(Epoch, [NewSegment()], default)).ShouldBe(CommitOutcome.Fenced);
        (await Keys(Bucket.Id)).ShouldBe(["k"]);
    }

    [Fact]
    public async Task PutVersion_IntoAPack_NeedsThePackToBeThere()
    {
        var pack = NewSegment();
        var data = NewDataRow(pack.Id, 64, 100);
        var command = Put(Bucket.Id, "k") with { Extents = [new(data.Id, 0, 100, 0, [])], NewData = new(Epoch, [], [data]) };
        (await Store.PutVersionAsync(command, default)).Outcome.ShouldBe(CommitOutcome.DataGone);
        (await Store.AddSegmentsAsync(Epoch, [pack], default)).ShouldBe(CommitOutcome.Done);
        (await Store.PutVersionAsync(command, default)).Outcome.ShouldBe(CommitOutcome.Done);
        (await Store.LocateAsync([data.Id], default))[0].Segments[pack.Id].Geometry.ShouldBe(new Geometry(4, 2));
        (await Store.ListDataInSegmentAsync(pack.Id, null, 10, default)).Select(row => row.Id).ShouldBe([data.Id]);
        (await Store.ListDataInSegmentAsync(pack.Id, data.Id, 10, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task PutVersion_NewDataThatNothingRefersTo_IsABugAndDisturbsNobody()
    {
        var bad = Put(Bucket.Id, "bad") with { Extents = [] };
        var twice = Put(Bucket.Id, "twice");
        twice = twice with { NewData = twice.NewData with { Segments = [.. twice.NewData.Segments, .. twice.NewData.Segments] } };
        var good = Enumerable.Range(0, 20).Select(i => Put(Bucket.Id, $"good{i:00}")).ToArray();
        var tasks = good.Take(10).Append(bad).Append(twice).Concat(good.Skip(10)).Select(command => Store.PutVersionAsync(command, default).AsTask()).ToArray();
        await Should.ThrowAsync<ArgumentException>(tasks[10]);
        await Should.ThrowAsync<Exception>(tasks[11], "A segment twice is found by the database only while writing: the group runs again without it.");
        foreach (var task in tasks.Where((_, i) => i is not 10 and not 11)) (await task).Outcome.ShouldBe(CommitOutcome.Done);
        (await Keys(Bucket.Id)).Length.ShouldBe(20);
    }

    [Fact]
    public async Task MoveSegment_OnlyFromTheExpectedPlacement_Flips()
    {
        var pack = NewSegment() with { Shards = [.. Enumerable.Range(1, 5).Select(i => new StoreId((UInt128)i)), StoreId.None] };
        await Store.AddSegmentsAsync(Epoch, [pack], default);
        (await Store.ListSegmentsAsync(default, 10, notFullOnly: true, null, default)).Select(row => row.Id).ShouldBe([pack.Id]);
        var places = pack.Shards.SetItem(5, new StoreId(77));
        (await Store.MoveSegmentAsync(pack.Id, 0, places, default)).ShouldBe(CommitOutcome.Done);
        (await Store.MoveSegmentAsync(pack.Id, 0, places, default)).ShouldBe(CommitOutcome.Conflict);
        (await Store.MoveSegmentAsync(new(1, 1), 0, places, default)).ShouldBe(CommitOutcome.Conflict);
        (await Store.ListSegmentsAsync(default, 10, notFullOnly: true, null, default)).ShouldBeEmpty();
        (await Store.ListSegmentsAsync(default, 10, false, new StoreId(77), default)).Single().PlacementGeneration.ShouldBe(1);
        (await Store.GetTotalsAsync(default)).SegmentsNotFull.ShouldBe(0);
    }

    [Fact]
    public async Task ListSegments_ByStoreAndPages_ComeInOrder()
    {
        var packs = Enumerable.Range(0, 5).Select(i => NewSegment() with { Shards = [.. Enumerable.Range(i, 6).Select(n => new StoreId((UInt128)n))] }).ToArray();
        await Store.AddSegmentsAsync(Epoch, [.. packs], default);
        (await Store.ListSegmentsAsync(default, 10, false, new StoreId(2), default)).Select(row => row.Id).ShouldBe(packs.Take(3).Select(row => row.Id));
        (await Store.ListSegmentsAsync(packs[0].Id, 1, false, new StoreId(2), default)).Select(row => row.Id).ShouldBe([packs[1].Id]);
        (await Store.ListSegmentsAsync(packs[3].Id, 10, false, null, default)).Select(row => row.Id).ShouldBe([packs[4].Id]);
        (await Store.ListSegmentsAsync(default, 10, true, new StoreId(2), default)).Select(row => row.Id).ShouldBe([packs[0].Id], "Store 0 is none.");
    }

    [Fact]
    public async Task MoveData_OnlyWhatIsStillThere_Moves()
    {
        var a = await MustPut(Bucket.Id, "a", 10);
        var b = await MustPut(Bucket.Id, "b", 20);
        var rows = (await Store.LocateAsync([a.Extents[0].Data, b.Extents[0].Data], default)).Select(location => location.Data).ToArray();
        await Delete(Bucket.Id, "b");
        var pack = NewSegment(200);
        var moves = rows.Select((row, i) => (row, ImmutableArray.Create(new SegmentRun(pack.Id, i * 64, row.Length + 16)))).ToImmutableArray();
        var (outcome, moved) = await Store.MoveDataAsync(moves, new(Epoch, [pack], []), default);
        outcome.ShouldBe(CommitOutcome.Done);
        moved.ShouldBe([true, false]);
        (await Store.LocateAsync([rows[0].Id], default))[0].Segments.Keys.ShouldBe([pack.Id]);
        (await Store.MoveDataAsync(moves, new(Epoch, [], []), default)).Moved.ShouldBe([false, false], "The runs are no longer the expected ones.");
        (await Store.GetTotalsAsync(default)).LiveBytes.ShouldBe(26);
    }

    [Fact]
    public async Task DropSegments_OnlyThoseWithoutReference_Go()
    {
        var kept = await MustPut(Bucket.Id, "kept");
        var gone = await MustPut(Bucket.Id, "gone");
        var never = NewSegment();
        await Store.AddSegmentsAsync(Epoch, [never], default);
        await Delete(Bucket.Id, "gone");
        var later = TimeProvider.System.GetUtcNow().AddHours(1);
        var idle = await Store.ListSegmentUseAsync(0, later, 10, default);
        idle.Length.ShouldBe(2);
        idle.Select(use => use.LiveBytes).ShouldBe([0, 0]);
        (await Store.ListSegmentUseAsync(0, later.AddHours(-2), 10, default)).ShouldBeEmpty("They have not been idle for long.");
        var all = (await Store.ListSegmentsAsync(default, 10, false, null, default)).Select(row => row.Id).ToImmutableArray();
        var dropped = await Store.DropSegmentsAsync(all, default);
        dropped.Select(row => row.Id).ShouldBe(idle.Select(use => use.Segment.Id), ignoreOrder: true);
        (await Store.ListSegmentsAsync(default, 10, false, null, default)).Length.ShouldBe(1);
        (await Store.LocateAsync([kept.Extents[0].Data], default)).Length.ShouldBe(1);
        (await Store.FindSegmentAsync(never.Id, default)).ShouldBeNull();
        gone.Size.ShouldBe(100);
    }

    [Fact]
    public async Task ListSegmentUse_ByShare_GivesTheLeastFilledFirst()
    {
        var packs = new[] { NewSegment(1000), NewSegment(1000) };
        await Store.AddSegmentsAsync(Epoch, [.. packs], default);
        for (var i = 0; i < 6; i++)
        {
            var data = NewDataRow(packs[i % 2].Id, i * 64, 84);
            await Store.PutVersionAsync(Put(Bucket.Id, "k" + i) with { Extents = [new(data.Id, 0, 84, 0, [])], NewData = new(Epoch, [], [data]) }, default);
        }
        (await Store.ListSegmentUseAsync(0.9, default, 10, default)).ShouldBeEmpty("They are still being filled.");
        foreach (var key in new[] { "k0", "k1", "k3" }) await Delete(Bucket.Id, key);
        var uses = await Store.ListSegmentUseAsync(0.9, default, 10, default);
        uses.Select(use => (use.Segment.Id, use.LiveBytes)).ShouldBe([(packs[1].Id, 100), (packs[0].Id, 200)]);
        (await Store.ListSegmentUseAsync(0.2, default, 10, default)).Length.ShouldBe(1);
    }

    [Fact]
    public async Task ReplaceSettings_OfWhatIs_ChangesAllOrNothing()
    {
        await Store.PutSettingAsync("b", [7], default);
        (await Store.ReplaceSettingsAsync("a", [9], [1], [("b", null), ("c", [3])], default)).ShouldBeFalse();
        (await Store.GetSettingAsync("b", default)).ShouldBe([7]);
        (await Store.GetSettingAsync("c", default)).ShouldBeNull();

        (await Store.ReplaceSettingsAsync("a", null, [1], [("b", null), ("c", [3])], default)).ShouldBeTrue();
        (await Store.GetSettingAsync("a", default)).ShouldBe([1]);
        (await Store.GetSettingAsync("b", default)).ShouldBeNull();
        (await Store.GetSettingAsync("c", default)).ShouldBe([3]);
    }

    [Fact]
    public async Task ListSettings_OfAPrefixByPages_GivesThoseInOrder()
    {
        foreach (var name in (string[])["x/b", "x/a", "x", "x0", "x/a/1", "w/z", "x/\u00e4"]) await Store.PutSettingAsync(name, [(byte)name.Length], default);

        var all = await Store.ListSettingsAsync("x/", "", 10, default);
        all.Select(one => one.Name).ShouldBe(["x/a", "x/a/1", "x/b", "x/\u00e4"]);
        all.ShouldAllBe(one => one.Value.SequenceEqual(new[] { (byte)one.Name.Length }));
        (await Store.ListSettingsAsync("x/", "", 2, default)).Select(one => one.Name).ShouldBe(["x/a", "x/a/1"]);
        (await Store.ListSettingsAsync("x/", "x/a/1", 2, default)).Select(one => one.Name).ShouldBe(["x/b", "x/\u00e4"]);
        (await Store.ListSettingsAsync("y", "", 2, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task ReplaceSetting_OfWhatIsAndOfWhatWas_IsDoneAndRefused()
    {
        (await Store.ReplaceSettingAsync("a", [1], [2], default)).ShouldBeFalse();
        (await Store.ReplaceSettingAsync("a", [], [2], default)).ShouldBeFalse();
        (await Store.GetSettingAsync("a", default)).ShouldBeNull();
        (await Store.ReplaceSettingAsync("a", null, [], default)).ShouldBeTrue();
        (await Store.ReplaceSettingAsync("a", null, [3], default)).ShouldBeFalse();
        (await Store.ReplaceSettingAsync("a", [], [1, 2], default)).ShouldBeTrue();
        (await Store.ReplaceSettingAsync("a", [1, 3], [4], default)).ShouldBeFalse();
        (await Store.GetSettingAsync("a", default)).ShouldBe([1, 2]);
        (await Store.ReplaceSettingAsync("a", [1, 2], null, default)).ShouldBeTrue();
        (await Store.GetSettingAsync("a", default)).ShouldBeNull();

        // Of many at once that have read the same, one comes through.
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Store.ReplaceSettingAsync("b", null, [(byte)i], default).AsTask()));
        (await Store.GetSettingAsync("b", default)).ShouldBe([(byte)Array.IndexOf(outcomes, true)]);
        outcomes.Count(isDone => isDone).ShouldBe(1);
    }

    [Fact]
    public async Task Settings_SetUnsetAndStores_ComeBack()
    {
        (await Store.GetSettingAsync("a", default)).ShouldBeNull();
        await Store.PutSettingAsync("a", [1, 2], default);
        await Store.PutSettingAsync("empty", [], default);
        (await Store.GetSettingAsync("a", default)).ShouldBe([1, 2]);
        (await Store.GetSettingAsync("empty", default)).ShouldBe([]);
        await Store.PutSettingAsync("a", null, default);
        (await Store.GetSettingAsync("a", default)).ShouldBeNull();
        await Store.PutStoreAsync(new() { Id = new(5), Location = "/disk" }, default);
        await Store.PutStoreAsync(new() { Id = new(5), Location = "/disk", State = StoreState.Draining }, default);
        (await Store.ListStoresAsync(default)).Select(row => (row.Id, row.Location, row.State)).ShouldBe([(new StoreId(5), "/disk", StoreState.Draining)]);
    }
}
