namespace Oort.Metadata.Tests.Suite;

public abstract partial class MetadataSuite
{
    [Fact]
    public async Task PutVersion_Unversioned_ReplacesAndLetsTheOldDataGo()
    {
        var old = await MustPut(Bucket.Id, "k", 10);
        var present = await MustPut(Bucket.Id, "k", 20);
        present.IdText.ShouldBe("null");
        var found = (await Store.FindVersionAsync(Bucket.Id, "k", null, default))!;
        (found.Id, found.Size, found.IsLatest, found.IsNull).ShouldBe((present.Id, 20, true, true));
        (await Store.FindVersionAsync(Bucket.Id, "k", "null", default))!.Id.ShouldBe(present.Id);
        (await Store.FindVersionAsync(Bucket.Id, "k", present.Id.ToString(), default)).ShouldBeNull("A null version has no other name.");
        (await Store.LocateAsync([old.Extents[0].Data, present.Extents[0].Data], default)).Select(location => location.Data.Length).ShouldBe([20]);
    }

    [Fact]
    public async Task PutVersion_AllItCarries_ComesBack()
    {
        var command = Put(Bucket.Id, "ключ/🙂\u0001") with
        {
            StorageClass = "GLACIER",
            Attributes = new()
            {
                Headers = ImmutableSortedDictionary<string, string>.Empty.Add("content-type", "text/plain").Add("expires", ""),
                UserMetadata = ImmutableSortedDictionary<string, string>.Empty.Add("a", "b").Add("ü", "ö"),
                Checksum = new(ChecksumAlgorithm.Sha256, ChecksumType.Composite, [1, 2, 3]),
                Extensions = ImmutableSortedDictionary<string, ImmutableArray<byte>>.Empty.Add("tags", [9]),
            },
        };
        await Store.PutVersionAsync(command, default);
        var found = (await Store.FindVersionAsync(Bucket.Id, command.Key, null, default))!;
        found.StorageClass.ShouldBe("GLACIER");
        found.Attributes.Headers.ShouldBe(command.Attributes.Headers);
        found.Attributes.UserMetadata.ShouldBe(command.Attributes.UserMetadata);
        found.Attributes.Checksum!.Value.ShouldBe([1, 2, 3]);
        (found.Attributes.Checksum.Algorithm, found.Attributes.Checksum.Type).ShouldBe((ChecksumAlgorithm.Sha256, ChecksumType.Composite));
        found.Attributes.Extensions["tags"].ShouldBe([9]);
        found.Extents[0].ShouldBe(command.Extents[0] with { PartChecksum = found.Extents[0].PartChecksum });
        var entry = (await Store.ListObjectsAsync(new(Bucket.Id, "", "", "", 10), default)).Objects[0];
        (entry.Key, entry.Size, entry.StorageClass, entry.ChecksumAlgorithm, entry.ChecksumType).ShouldBe((command.Key, 100, "GLACIER", ChecksumAlgorithm.Sha256, ChecksumType.Composite));
    }

    [Fact]
    public async Task PutVersion_KeyThatIsEmptyOrNoText_IsABug()
    {
        await Should.ThrowAsync<ArgumentException>(async () => await Store.PutVersionAsync(Put(Bucket.Id, ""), default));
        await Should.ThrowAsync<ArgumentException>(async () => await Store.PutVersionAsync(Put(Bucket.Id, "a" + (char)0xd800), default));
    }

    [Fact]
    public async Task PutVersion_KeyLength_IsCountedInBytes()
    {
        (await Store.PutVersionAsync(Put(Bucket.Id, new string('é', 512)), default)).Outcome.ShouldBe(CommitOutcome.Done);
        await Should.ThrowAsync<ArgumentException>(async () => await Store.PutVersionAsync(Put(Bucket.Id, new string('é', 512) + "x"), default));
    }

    [Fact]
    public async Task PutVersion_IfNoVersion_IsRefusedByAVersionAndByADeleteMarker()
    {
        var put = Put(Bucket.Id, "k") with { Conditions = new(IfNoVersion: true) };
        (await Store.PutVersionAsync(put, default)).Outcome.ShouldBe(CommitOutcome.Done);
        (await Store.PutVersionAsync(Put(Bucket.Id, "k") with { Conditions = new(IfNoVersion: true) }, default)).Outcome.ShouldBe(CommitOutcome.PreconditionFailed);

        await Store.UpdateBucketAsync(Bucket.Id, row => row with { Versioning = VersioningState.Suspended }, default);
        (await Store.DeleteVersionAsync(new(Bucket.Id, "k", "owner", null, WriteConditions.None), default)).IsDeleteMarker.ShouldBeTrue();
        (await Store.PutVersionAsync(Put(Bucket.Id, "k") with { Conditions = new(IfNoVersion: true) }, default)).Outcome.ShouldBe(CommitOutcome.PreconditionFailed);
        (await Store.PutVersionAsync(Put(Bucket.Id, "k") with { Conditions = new(IfNoneMatch: "*") }, default)).Outcome.ShouldBe(CommitOutcome.Done);
    }

    [Fact]
    public async Task DeleteVersion_MarkerRemoved_RevivesTheVersionBelow()
    {
        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        var version = await MustPut(Bucket.Id, "k");
        var marker = await Delete(Bucket.Id, "k");
        marker.IsDeleteMarker.ShouldBeTrue();
        (await Keys(Bucket.Id)).ShouldBeEmpty();
        (await Store.FindVersionAsync(Bucket.Id, "k", null, default))!.IsDeleteMarker.ShouldBeTrue();
        (await Store.FindVersionAsync(Bucket.Id, "k", version.IdText, default))!.IsLatest.ShouldBeFalse();

        var removed = await Delete(Bucket.Id, "k", marker.VersionId);
        (removed.Outcome, removed.VersionId, removed.IsDeleteMarker).ShouldBe((CommitOutcome.Done, marker.VersionId, true));
        (await Keys(Bucket.Id)).ShouldBe(["k"]);
        (await Store.FindVersionAsync(Bucket.Id, "k", null, default))!.Id.ShouldBe(version.Id);
    }

    [Theory]
    [InlineData(VersioningState.Enabled)]
    [InlineData(VersioningState.Suspended)]
    public async Task DeleteVersion_LastByIdAndRemembered_LeavesAMarkerUntilThatIsDeleted(VersioningState versioning)
    {
        await SetVersioning(Bucket.Id, versioning);
        var only = await MustPut(Bucket.Id, "k");
        var deleted = await Store.DeleteVersionAsync(new(Bucket.Id, "k", "owner", only.IdText, WriteConditions.None, IsRemembered: true), default);
        (deleted.Outcome, deleted.VersionId, deleted.IsDeleteMarker).ShouldBe((CommitOutcome.Done, only.IdText, false));
        (await Keys(Bucket.Id)).ShouldBeEmpty();
        var marker = (await Store.FindVersionAsync(Bucket.Id, "k", null, default))!;
        (marker.IsDeleteMarker, marker.IsLatest, marker.IsNull).ShouldBe((true, true, versioning == VersioningState.Suspended));
        (await Store.PutVersionAsync(Put(Bucket.Id, "k") with { Conditions = new(IfNoVersion: true) }, default)).Outcome.ShouldBe(CommitOutcome.PreconditionFailed);

        // With another below, that one comes up, and no marker is needed; a marker goes for good.
        var put = await MustPut(Bucket.Id, "k");
        if (versioning == VersioningState.Enabled)
        {
            await Store.DeleteVersionAsync(new(Bucket.Id, "k", "owner", put.IdText, WriteConditions.None, IsRemembered: true), default);
            (await Store.ListVersionsAsync(new(Bucket.Id, "", "", "", null, 10), default)).Versions.ShouldHaveSingleItem().Id.ShouldBe(marker.Id);
            await Store.DeleteVersionAsync(new(Bucket.Id, "k", "owner", marker.IdText, WriteConditions.None, IsRemembered: true), default);
            (await Store.FindVersionAsync(Bucket.Id, "k", null, default)).ShouldBeNull();
        }

    }

    [Fact]
    public async Task DeleteVersion_NewestById_MakesTheOneBelowTheNewest()
    {
        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        var first = await MustPut(Bucket.Id, "k", 1);
        var second = await MustPut(Bucket.Id, "k", 2);
        await Delete(Bucket.Id, "k", second.IdText);
        (await Store.ListObjectsAsync(new(Bucket.Id, "", "", "", 10), default)).Objects.Single().Size.ShouldBe(1);
        await Delete(Bucket.Id, "k", first.IdText);
        (await Keys(Bucket.Id)).ShouldBeEmpty();
        (await Store.FindVersionAsync(Bucket.Id, "k", null, default)).ShouldBeNull();
    }

    [Fact]
    public async Task DeleteVersion_Suspended_ReplacesTheNullVersionByANullMarkerAndKeepsTheOthers()
    {
        var original = await MustPut(Bucket.Id, "k", 1);
        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        var named = await MustPut(Bucket.Id, "k", 2);
        await SetVersioning(Bucket.Id, VersioningState.Suspended);
        var deleted = await Delete(Bucket.Id, "k");
        (deleted.VersionId, deleted.IsDeleteMarker).ShouldBe(("null", true));
        var page = await Store.ListVersionsAsync(new(Bucket.Id, "", "", "", null, 10), default);
        page.Versions.Select(row => (row.IdText, row.IsDeleteMarker, row.IsLatest)).ShouldBe([("null", true, true), (named.IdText, false, false)]);
        (await Store.LocateAsync([original.Extents[0].Data], default)).ShouldBeEmpty();

        await MustPut(Bucket.Id, "k", 3);
        page = await Store.ListVersionsAsync(new(Bucket.Id, "", "", "", null, 10), default);
        page.Versions.Select(row => (row.IdText, row.Size)).ShouldBe([("null", 3), (named.IdText, 2)]);
    }

    [Fact]
    public async Task DeleteVersion_NothingThere_IsDoneAndWritesNothing()
    {
        var before = Store.CommittedGeneration;
        (await Delete(Bucket.Id, "k")).ShouldBe(new(CommitOutcome.Done, null, false));
        (await Delete(Bucket.Id, "k", "null")).ShouldBe(new(CommitOutcome.Done, "null", false));
        (await Delete(Bucket.Id, "k", new VersionId(7, 7).ToString())).Outcome.ShouldBe(CommitOutcome.Done);
        Store.CommittedGeneration.ShouldBe(before);
    }

    [Fact]
    public async Task DeleteVersions_SeveralAndOneTwice_AreAnsweredInOrder()
    {
        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        var a = await MustPut(Bucket.Id, "a");
        await MustPut(Bucket.Id, "b");
        var results = await Store.DeleteVersionsAsync(
            [
                new(Bucket.Id, "a", "owner", a.IdText, WriteConditions.None),
                new(Bucket.Id, "b", "owner", null, WriteConditions.None),
                new(Bucket.Id, "b", "owner", null, WriteConditions.None),
                new(Bucket.Id, "c", "owner", null, new(IfMatch: "x")),
            ],
            default);
        results.Select(result => result.Outcome).ShouldBe([CommitOutcome.Done, CommitOutcome.Done, CommitOutcome.Done, CommitOutcome.NoSuchKey]);
        results.Select(result => result.IsDeleteMarker).ShouldBe([false, true, true, false]);
        results[1].VersionId.ShouldNotBe(results[2].VersionId);
    }

    [Fact]
    public async Task UpdateVersion_Attributes_ChangeInPlaceAndShowInListings()
    {
        var version = await MustPut(Bucket.Id, "k");
        var outcome = await Store.UpdateVersionAsync(Bucket.Id, "k", null,
            row => row with { StorageClass = "GLACIER", Size = 1, Attributes = row.Attributes with { Extensions = row.Attributes.Extensions.Add("tags", [1]) } }, default);
        outcome.ShouldBe(CommitOutcome.Done);
        var found = (await Store.FindVersionAsync(Bucket.Id, "k", null, default))!;
        (found.Id, found.StorageClass, found.Size, found.LastModified).ShouldBe((version.Id, "GLACIER", 100, version.LastModified));
        found.Attributes.Extensions["tags"].ShouldBe([1]);
        (await Store.ListObjectsAsync(new(Bucket.Id, "", "", "", 10), default)).Objects[0].StorageClass.ShouldBe("GLACIER");
        (await Store.UpdateVersionAsync(Bucket.Id, "none", null, row => row, default)).ShouldBe(CommitOutcome.NoSuchKey);
        (await Store.UpdateVersionAsync(Bucket.Id, "k", new VersionId(3, 3).ToString(), row => row, default)).ShouldBe(CommitOutcome.NoSuchVersion);
    }

    [Fact]
    public async Task RewriteVersion_NewData_TakesThePlaceOfTheOldAndNothingElseChanges()
    {
        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        var first = await MustPut(Bucket.Id, "k");
        var newest = await MustPut(Bucket.Id, "k", size: 7);
        var copy = await Store.PutVersionAsync(Put(Bucket.Id, "copy") with { Extents = first.Extents, NewData = NewData.None }, default);
        var segment = NewSegment();
        var data = NewDataRow(segment.Id, 0, 100);
        Extent[] extents = [new(data.Id, 0, 100, 3, [9])];
        (await Rewrite(first, row => row with { Extents = [.. extents], StorageClass = "GLACIER", Size = 1 }, new(Epoch, [segment], [data]))).ShouldBe(CommitOutcome.Done);
        var found = (await Store.OpenVersionAsync(Bucket.Id, "k", first.IdText, default))!;
        (found.Version.Id, found.Version.StorageClass, found.Version.Size, found.Version.LastModified, found.Version.IsLatest).ShouldBe((first.Id, "GLACIER", 100, first.LastModified, false));
        found.Data.Single().Data.Id.ShouldBe(data.Id);
        found.Version.Body.Single().PartChecksum.ShouldBe([9]);
        (await Store.LocateAsync([first.Extents[0].Data], default)).Length.ShouldBe(1, "The copy has it still.");
        await Delete(Bucket.Id, "copy", copy.Version!.IdText);
        (await Store.LocateAsync([first.Extents[0].Data], default)).ShouldBeEmpty();
        (await Store.FindGoneDataAsync(first.Extents[0].Data, 0, 10, default)).ShouldNotBeEmpty();
        (await Store.FindVersionAsync(Bucket.Id, "k", null, default))!.Id.ShouldBe(newest.Id);
    }

    [Fact]
    public async Task RewriteVersion_RestoredCopy_IsReadOnceItIsWholeAndGoesWithTheVersion()
    {
        var version = await MustPut(Bucket.Id, "k");
        var segment = NewSegment();
        var (half, rest) = (NewDataRow(segment.Id, 0, 60), NewDataRow(segment.Id, 128, 40));
        (await Rewrite(version, row => row with { Extents = [.. row.Extents, Restored(half)] }, new(Epoch, [segment], [half]))).ShouldBe(CommitOutcome.Done);
        var found = (await Store.FindVersionAsync(Bucket.Id, "k", null, default))!;
        found.Readable.ShouldBe(found.Body);
        found.Body.Single().Data.ShouldBe(version.Extents[0].Data);
        (await Rewrite(version, row => row with { Extents = [.. row.Extents, Restored(rest)] }, new(Epoch, [], [rest]))).ShouldBe(CommitOutcome.Done);
        found = (await Store.FindVersionAsync(Bucket.Id, "k", null, default))!;
        found.Readable.Select(extent => extent.Data).ShouldBe([half.Id, rest.Id]);
        found.Body.Length.ShouldBe(1);
        (await Store.ListDataInSegmentAsync(segment.Id, null, 10, default)).Length.ShouldBe(2);
        await Delete(Bucket.Id, "k");
        (await Store.LocateAsync([half.Id, rest.Id, version.Extents[0].Data], default)).ShouldBeEmpty();

        static Extent Restored(DataRow data) => new(data.Id, 0, data.Length, 0, []) { IsRestored = true };
    }

    [Fact]
    public async Task RewriteVersion_WhatCannotBe_ChangesNothing()
    {
        var version = await MustPut(Bucket.Id, "k");
        var segment = NewSegment();
        var data = NewDataRow(segment.Id, 0, 100);
        var newData = new NewData(Epoch, [segment], [data]);
        Func<VersionRow, VersionRow?> change = row => row with { Extents = [new(data.Id, 0, 100, 0, [])] };
        (await Rewrite(version, row => null, newData)).ShouldBe(CommitOutcome.Conflict);
        (await Rewrite(version with { Id = new(9, 9), IsNull = false }, change, newData)).ShouldBe(CommitOutcome.NoSuchVersion);
        (await Rewrite(version with { Bucket = new(99) }, change, newData)).ShouldBe(CommitOutcome.NoSuchBucket);
        (await Rewrite(version, change, newData with { Segments = [] })).ShouldBe(CommitOutcome.DataGone);
        (await Rewrite(version, change, newData with { Epoch = Epoch - 1 })).ShouldBe(CommitOutcome.Fenced);
        await Should.ThrowAsync<ArgumentException>(async () => await Rewrite(version, row => row with { Extents = [new(data.Id, 0, 99, 0, [])] }, newData));
        await Should.ThrowAsync<ArgumentException>(async () => await Rewrite(version, row => row, newData));
        (await Store.FindSegmentAsync(segment.Id, default)).ShouldBeNull();
        (await Store.FindVersionAsync(Bucket.Id, "k", null, default))!.Extents[0].Data.ShouldBe(version.Extents[0].Data);
    }

    private ValueTask<CommitOutcome> Rewrite(VersionRow version, Func<VersionRow, VersionRow?> change, NewData newData) =>
        Store.RewriteVersionAsync(version.Bucket, version.Key, version.IdText, change, newData, default);

    public static TheoryData<string?, string?, CommitOutcome, CommitOutcome, CommitOutcome> ConditionCases => new()
    {
        // If-Match, If-None-Match; then the outcome with an object of ETag "e", with a delete marker on top, and with nothing there.
        { "e", null, CommitOutcome.Done, CommitOutcome.NoSuchKey, CommitOutcome.NoSuchKey },
        { "f", null, CommitOutcome.PreconditionFailed, CommitOutcome.NoSuchKey, CommitOutcome.NoSuchKey },
        { "*", null, CommitOutcome.Done, CommitOutcome.NoSuchKey, CommitOutcome.NoSuchKey },
        { null, "*", CommitOutcome.PreconditionFailed, CommitOutcome.Done, CommitOutcome.Done },
        { null, "e", CommitOutcome.PreconditionFailed, CommitOutcome.Done, CommitOutcome.Done },
        { null, "f", CommitOutcome.Done, CommitOutcome.Done, CommitOutcome.Done },
        { "e", "*", CommitOutcome.PreconditionFailed, CommitOutcome.NoSuchKey, CommitOutcome.NoSuchKey },
    };

    [Theory]
    [MemberData(nameof(ConditionCases))]
    public async Task PutVersion_Conditions_AreDecidedOnTheCurrentVersion(string? match, string? noneMatch, CommitOutcome there, CommitOutcome marked, CommitOutcome none)
    {
        var bucket = await CreateBucket("versioned", VersioningState.Enabled);
        await MustPut(bucket.Id, "there", etag: "e");
        await MustPut(bucket.Id, "marked", etag: "e");
        await Delete(bucket.Id, "marked");
        foreach (var (key, expected) in new[] { ("there", there), ("marked", marked), ("none", none) })
        {
            var before = Store.CommittedGeneration;
            var result = await Store.PutVersionAsync(Put(bucket.Id, key, conditions: new(match, noneMatch)), default);
            result.Outcome.ShouldBe(expected, key);
            Store.CommittedGeneration.ShouldBe(before + (expected == CommitOutcome.Done ? 1ul : 0), key);
        }
    }

    [Fact]
    public async Task DeleteVersion_Conditions_AreDecidedOnWhatIsDeleted()
    {
        var version = await MustPut(Bucket.Id, "k", 5, "e");
        (await Delete(Bucket.Id, "k", conditions: new(IfMatch: "f"))).Outcome.ShouldBe(CommitOutcome.PreconditionFailed);
        (await Delete(Bucket.Id, "k", conditions: new(IfSize: 6))).Outcome.ShouldBe(CommitOutcome.PreconditionFailed);
        (await Delete(Bucket.Id, "k", conditions: new(IfLastModified: version.LastModified.AddSeconds(1)))).Outcome.ShouldBe(CommitOutcome.PreconditionFailed);
        (await Delete(Bucket.Id, "none", conditions: new(IfMatch: "*"))).Outcome.ShouldBe(CommitOutcome.NoSuchKey);
        (await Keys(Bucket.Id)).ShouldBe(["k"]);
        (await Delete(Bucket.Id, "k", conditions: new("e", null, 5, version.LastModified))).Outcome.ShouldBe(CommitOutcome.Done);
        (await Keys(Bucket.Id)).ShouldBeEmpty();
    }

    [Fact]
    public async Task PutVersion_HundredWritersIfNoneMatchStar_ExactlyOneWins()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(async () =>
        {
            var command = Put(Bucket.Id, "k", conditions: new(IfNoneMatch: "*"));
            return (command, result: await Store.PutVersionAsync(command, default));
        })));
        var winner = results.Single(item => item.result.Outcome == CommitOutcome.Done);
        results.Count(item => item.result.Outcome == CommitOutcome.PreconditionFailed).ShouldBe(99);
        (await Store.FindVersionAsync(Bucket.Id, "k", null, default))!.Extents[0].Data.ShouldBe(winner.command.Extents[0].Data);
        (await Store.GetTotalsAsync(default)).Segments.ShouldBe(1, "The losers have left nothing.");
    }
}
