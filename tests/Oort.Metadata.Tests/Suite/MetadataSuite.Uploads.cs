namespace Oort.Metadata.Tests.Suite;

public abstract partial class MetadataSuite
{
    private protected async Task<UploadRow> CreateUpload(string key, BucketId? bucket = null)
    {
        var initiated = DateTimeOffset.UnixEpoch.AddDays(20_001);
        var upload = new UploadRow
        {
            Bucket = bucket ?? Bucket.Id,
            Key = key,
            Id = UploadId.Create(initiated),
            Initiated = initiated,
            OwnerId = "owner",
            ChecksumAlgorithm = ChecksumAlgorithm.Crc64Nvme,
        };
        (await Store.CreateUploadAsync(upload, default)).ShouldBe(CommitOutcome.Done);
        return upload;
    }

    private protected PutPart Part(UploadRow upload, int number, string etag, long size = 100)
    {
        var segment = NewSegment(size + 16);
        var data = NewDataRow(segment.Id, 0, size);
        return new(upload.Bucket, upload.Key, upload.Id, number, size, etag, new(ChecksumAlgorithm.Crc64Nvme, ChecksumType.FullObject, [(byte)number]),
            [new(data.Id, 0, size, 0, [])], new(Epoch, [segment], [data]));
    }

    private protected async Task<PartRow> MustPutPart(UploadRow upload, int number, string etag, long size = 100)
    {
        var (outcome, part) = await Store.PutPartAsync(Part(upload, number, etag, size), default);
        outcome.ShouldBe(CommitOutcome.Done);
        return part!;
    }

    private protected static CompleteUpload Complete(UploadRow upload, params PartRow[] parts) =>
        new(upload.Bucket, upload.Key, upload.Id, [.. parts], "etag-n", upload.Attributes, WriteConditions.None);

    [Fact]
    public async Task CompleteUpload_ChosenParts_BecomeTheVersionAndTheOthersGo()
    {
        var upload = await CreateUpload("k");
        var one = await MustPutPart(upload, 1, "a", 5);
        await MustPutPart(upload, 2, "b", 7);
        var three = await MustPutPart(upload, 3, "c", 11);
        var result = await Store.CompleteUploadAsync(Complete(upload, one, three), default);
        result.Outcome.ShouldBe(CommitOutcome.Done);

        var version = (await Store.FindVersionAsync(Bucket.Id, "k", null, default))!;
        version.Size.ShouldBe(16);
        version.ETag.ShouldBe("etag-n");
        version.Extents.Select(extent => (extent.Length, extent.PartNumber, extent.PartChecksum[0])).ShouldBe([(5, 1, (byte)1), (11, 3, (byte)3)]);
        (await Store.FindUploadAsync(Bucket.Id, "k", upload.Id, default)).ShouldBeNull();
        (await Store.ListPartsAsync(upload.Id, 0, 10, default)).Parts.ShouldBeEmpty();
        (await Store.GetTotalsAsync(default)).LiveBytes.ShouldBe(5 + 16 + 11 + 16);
        (await Store.CompleteUploadAsync(Complete(upload, one, three), default)).Outcome.ShouldBe(CommitOutcome.NoSuchUpload);
    }

    [Fact]
    public async Task CompleteUpload_PartReplacedMeanwhile_IsAConflict()
    {
        var upload = await CreateUpload("k");
        var old = await MustPutPart(upload, 1, "a");
        await MustPutPart(upload, 1, "b");
        (await Store.CompleteUploadAsync(Complete(upload, old), default)).Outcome.ShouldBe(CommitOutcome.Conflict);
        (await Store.FindUploadAsync(Bucket.Id, "k", upload.Id, default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task CompleteUpload_PartReplacedByTheSameBytes_UsesThePartThatIsThere()
    {
        var upload = await CreateUpload("k");
        var old = await MustPutPart(upload, 1, "a");
        var present = await MustPutPart(upload, 1, "a");
        var result = await Store.CompleteUploadAsync(Complete(upload, old), default);
        result.Version!.Extents[0].Data.ShouldBe(present.Extents[0].Data);
        (await Store.LocateAsync([present.Extents[0].Data], default)).Length.ShouldBe(1);
        (await Store.LocateAsync([old.Extents[0].Data], default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task CompleteUpload_IfNoneMatchStarAndKeyThere_IsRefusedAndTheUploadStays()
    {
        var upload = await CreateUpload("k");
        var part = await MustPutPart(upload, 1, "a");
        await MustPut(Bucket.Id, "k");
        var command = Complete(upload, part) with { Conditions = new(IfNoneMatch: "*") };
        (await Store.CompleteUploadAsync(command, default)).Outcome.ShouldBe(CommitOutcome.PreconditionFailed);
        await Delete(Bucket.Id, "k");
        (await Store.CompleteUploadAsync(command, default)).Outcome.ShouldBe(CommitOutcome.Done);
    }

    [Fact]
    public async Task CompleteUpload_Concurrently_ExactlyOneDoes()
    {
        var upload = await CreateUpload("k");
        var part = await MustPutPart(upload, 1, "a");
        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Store.CompleteUploadAsync(Complete(upload, part), default).AsTask()));
        results.Count(result => result.Outcome == CommitOutcome.Done).ShouldBe(1);
        results.Count(result => result.Outcome == CommitOutcome.NoSuchUpload).ShouldBe(19);
    }

    [Fact]
    public async Task AbortUpload_WithParts_LeavesNothing()
    {
        var upload = await CreateUpload("k");
        for (var number = 1; number <= 5; number++) await MustPutPart(upload, number, "a");
        (await Store.AbortUploadAsync(Bucket.Id, "other", upload.Id, default)).ShouldBe(CommitOutcome.NoSuchUpload);
        (await Store.AbortUploadAsync(Bucket.Id, "k", upload.Id, default)).ShouldBe(CommitOutcome.Done);
        (await Store.AbortUploadAsync(Bucket.Id, "k", upload.Id, default)).ShouldBe(CommitOutcome.NoSuchUpload);
        (await Store.GetTotalsAsync(default)).LiveBytes.ShouldBe(0);
        (await Store.PutPartAsync(Part(upload, 1, "a"), default)).Outcome.ShouldBe(CommitOutcome.NoSuchUpload);
    }

    [Fact]
    public async Task ListParts_Pages_AreInOrderOfNumbers()
    {
        var upload = await CreateUpload("k");
        foreach (var number in new[] { 10_000, 3, 1, 2 }) await MustPutPart(upload, number, "e" + number);
        var page = await Store.ListPartsAsync(upload.Id, 1, 2, default);
        page.Parts.Select(part => part.PartNumber).ShouldBe([2, 3]);
        page.IsTruncated.ShouldBeTrue();
        page.Parts[0].Checksum!.Algorithm.ShouldBe(ChecksumAlgorithm.Crc64Nvme);
        page = await Store.ListPartsAsync(upload.Id, 3, 2, default);
        page.Parts.Select(part => part.ETag).ShouldBe(["e10000"]);
        page.IsTruncated.ShouldBeFalse();
        (await Store.ListPartsAsync(upload.Id, 0, 0, default)).IsTruncated.ShouldBeFalse();
    }

    [Fact]
    public async Task PutPart_NumberOutOfRange_IsABug()
    {
        var upload = await CreateUpload("k");
        await Should.ThrowAsync<ArgumentException>(async () => await Store.PutPartAsync(Part(upload, 0, "a"), default));
        await Should.ThrowAsync<ArgumentException>(async () => await Store.PutPartAsync(Part(upload, 10_001, "a"), default));
    }

    [Fact]
    public async Task ListUploads_PrefixDelimiterAndMarkers_GiveEachOnce()
    {
        foreach (var key in new[] { "a/1", "a/2", "b", "b", "c/x" }) await CreateUpload(key);
        var all = await Store.ListUploadsAsync(new(Bucket.Id, "", "", "", null, 1000), default);
        all.Uploads.Select(upload => upload.Key).ShouldBe(["a/1", "a/2", "b", "b", "c/x"]);
        all.Uploads[2].Id.ToString().ShouldNotBe(all.Uploads[3].Id.ToString());

        var first = await Store.ListUploadsAsync(new(Bucket.Id, "", "/", "", null, 2), default);
        first.CommonPrefixes.ShouldBe(["a/"]);
        first.Uploads.Select(upload => upload.Id).ShouldBe([all.Uploads[2].Id]);
        first.IsTruncated.ShouldBeTrue();
        var second = await Store.ListUploadsAsync(new(Bucket.Id, "", "/", first.LastKey, first.LastUpload, 2), default);
        second.Uploads.Select(upload => upload.Id).ShouldBe([all.Uploads[3].Id]);
        second.CommonPrefixes.ShouldBe(["c/"]);
        second.IsTruncated.ShouldBeFalse();
    }

    [Fact]
    public async Task FindUploadsBefore_Time_GivesOnlyOlderOnes()
    {
        var upload = await CreateUpload("k");
        (await Store.FindUploadsBeforeAsync(upload.Initiated, 10, default)).ShouldBeEmpty();
        (await Store.FindUploadsBeforeAsync(upload.Initiated.AddSeconds(1), 10, default)).Select(row => row.Id).ShouldBe([upload.Id]);
    }
}
