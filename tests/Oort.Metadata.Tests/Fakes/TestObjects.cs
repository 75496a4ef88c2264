namespace Oort.Metadata.Tests.Fakes;

/// <summary>Puts small objects as one gateway does, each in a segment of its own.</summary>
internal sealed class TestObjects(IMetadataStore store, ulong epoch)
{
    private ulong nextSegment;

    public static async Task<TestObjects> CreateAsync(IMetadataStore store, string gateway) => new(store, await store.OpenEpochAsync(gateway, default));

    public async Task<BucketId> CreateBucketAsync(string name)
    {
        var (outcome, bucket) = await store.CreateBucketAsync(new() { Id = default, Name = name, OwnerId = "o", Created = DateTimeOffset.UnixEpoch, Region = "r" }, default);
        outcome.ShouldBe(CommitOutcome.Done);
        return bucket!.Id;
    }

    public async Task<VersionRow> PutAsync(BucketId bucket, string key)
    {
        var result = await TryPutAsync(bucket, key, WriteConditions.None);
        result.Outcome.ShouldBe(CommitOutcome.Done);
        return result.Version!;
    }

    public async Task<PutVersionResult> TryPutAsync(BucketId bucket, string key, WriteConditions conditions)
    {
        var segment = new SegmentRow { Id = new(epoch, Interlocked.Increment(ref nextSegment)), Geometry = new(1, 0), PayloadLength = 26, Shards = [new StoreId(1)] };
        var data = new DataRow { Id = DataId.Create(DateTimeOffset.UnixEpoch), Length = 10, KeyVersion = 1, WrappedKey = [1], Runs = [new(segment.Id, 0, 26)] };
        return await store.PutVersionAsync(
            new(bucket, key, "o", 10, "e", "STANDARD", ObjectAttributes.Empty, [new(data.Id, 0, 10, 0, [])], new(epoch, [segment], [data]), conditions), default);
    }
}
