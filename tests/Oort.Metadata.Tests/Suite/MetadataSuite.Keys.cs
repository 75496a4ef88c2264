namespace Oort.Metadata.Tests.Suite;

public abstract partial class MetadataSuite
{
    [Fact]
    public async Task ListData_InPages_GivesEachDataIdOnceInOrder()
    {
        var written = new List<DataId>();
        for (var i = 0; i < 7; i++) written.Add((await MustPut(Bucket.Id, $"k{i}")).Extents[0].Data);
        var listed = new List<DataId>();
        for (DataId? after = null; ;)
        {
            var page = await Store.ListDataAsync(after, 3, default);
            listed.AddRange(page.Select(row => row.Id));
            if (page.Length < 3) break;
            after = page[^1].Id;
        }

        listed.ShouldBe(written.OrderBy(id => id.ToString(), StringComparer.Ordinal));
    }

    [Fact]
    public async Task RewrapData_OnlyUnderTheExpectedVersion_ReplacesTheKeyAndNothingElse()
    {
        var first = (await MustPut(Bucket.Id, "a")).Extents[0].Data;
        var second = (await MustPut(Bucket.Id, "b")).Extents[0].Data;
        var before = (await Store.LocateAsync([first, second], default)).Select(location => location.Data).ToArray();
        DataRewrap Rewrap(DataRow row, int expected) => new(row.Id, expected, row.KeyVersion + 1, [9, 9, 9]);
        var generation = Store.CommittedGeneration;
        (await Store.RewrapDataAsync([Rewrap(before[0], before[0].KeyVersion), Rewrap(before[1], before[1].KeyVersion + 7)], default)).ShouldBe([true, false]);
        Store.CommittedGeneration.ShouldBe(generation + 1);
        var after = (await Store.LocateAsync([first, second], default)).Select(location => location.Data).ToArray();
        after[0].KeyVersion.ShouldBe(before[0].KeyVersion + 1);
        after[0].WrappedKey.ShouldBe([9, 9, 9]);
        after[0].Runs.ShouldBe(before[0].Runs);
        after[1].WrappedKey.ShouldBe(before[1].WrappedKey);
        (await Store.OpenVersionAsync(Bucket.Id, "a", null, default))!.Data[0].Data.KeyVersion.ShouldBe(before[0].KeyVersion + 1, "What is kept for reads has the new key too.");

        await Delete(Bucket.Id, "b");
        (await Store.RewrapDataAsync([Rewrap(before[1], before[1].KeyVersion)], default)).ShouldBe([false], "It is gone.");
        (await Store.CheckAsync(10, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task GoneData_IsKnownFromItsLastReferenceUntilItIsForgotten()
    {
        var version = await MustPut(Bucket.Id, "a");
        var data = version.Extents[0].Data;
        (await Store.PutVersionAsync(Put(Bucket.Id, "copy") with { Extents = version.Extents, NewData = NewData.None }, default)).Outcome.ShouldBe(CommitOutcome.Done);
        await Delete(Bucket.Id, "a");
        (await Store.FindGoneDataAsync(data, 0, 10, default)).ShouldBeEmpty("The copy has it.");
        var copy = (await Store.FindVersionAsync(Bucket.Id, "copy", null, default))!;
        await Delete(Bucket.Id, "copy");
        var gone = (await Store.FindGoneDataAsync(data, 0, 10, default)).ShouldHaveSingleItem();
        gone.Generation.ShouldBe(Store.CommittedGeneration);
        gone.Version.ShouldBe(copy.Id.Generation);
        (await Store.FindGoneDataAsync(null, copy.Id.Generation, 10, default)).ShouldBe([gone]);
        (await Store.CountGoneDataAsync(gone.Generation - 1, default)).ShouldBe(new GoneTotals(1, gone.At));
        (await Store.CountGoneDataAsync(gone.Generation, default)).ShouldBe(new GoneTotals(0, null));

        await Store.PutShreddedAsync(gone.Generation, gone.At, default);
        (await Store.FindGoneDataAsync(data, 0, 10, default)).ShouldBe([gone], "It went at that time, not before it.");
        (await Store.GetSettingAsync(MetadataLimits.ShreddedSetting, default)).ShouldNotBeNull().Length.ShouldBe(16);
        await Store.PutShreddedAsync(gone.Generation, gone.At.AddDays(1), default);
        (await Store.FindGoneDataAsync(data, 0, 10, default)).ShouldBeEmpty();
        (await Store.EraseRemainsAsync(default)).ShouldBeTrue();
    }
}
