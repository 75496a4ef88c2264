namespace Oort.Metadata.Tests.Suite;

/// <summary>What every engine must pass. A derived class says how to make one.</summary>
public abstract partial class MetadataSuite : IAsyncLifetime
{
    private protected const string Gateway = "gateway-1";

    private protected IMetadataStore Store { get; private set; } = null!;

    private protected ulong Epoch { get; private set; }

    private protected BucketRow Bucket { get; private set; } = null!;

    private ulong nextSegment;
    private ulong nextData;

    /// <summary>A new, empty, started engine on a journal in memory.</summary>
    private protected abstract ValueTask<IMetadataStore> CreateAsync();

    public virtual async ValueTask InitializeAsync()
    {
        Store = await CreateAsync();
        Epoch = await Store.OpenEpochAsync(Gateway, default);
        Bucket = await CreateBucket("bucket");
    }

    public virtual async ValueTask DisposeAsync()
    {
        (await Store.CheckAsync(10, default)).ShouldBeEmpty();
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected async Task<BucketRow> CreateBucket(string name, VersioningState versioning = VersioningState.Unversioned)
    {
        var (outcome, bucket) = await Store.CreateBucketAsync(NewBucket(name), default);
        outcome.ShouldBe(CommitOutcome.Done);
        if (versioning != VersioningState.Unversioned) await SetVersioning(bucket!.Id, versioning);
        return bucket!;
    }

    private protected static BucketRow NewBucket(string name) =>
        new() { Id = default, Name = name, OwnerId = "owner", Created = DateTimeOffset.UnixEpoch.AddDays(20_000), Region = "us-east-1" };

    private protected async Task SetVersioning(BucketId bucket, VersioningState state) =>
        (await Store.UpdateBucketAsync(bucket, row => row with { Versioning = state }, default)).ShouldBe(CommitOutcome.Done);

    private protected SegmentRow NewSegment(long payload = 1 << 20) => new()
    {
        Id = new(Epoch, Interlocked.Increment(ref nextSegment)),
        Geometry = new(4, 2),
        PayloadLength = payload,
        Shards = [.. Enumerable.Range(1, 6).Select(i => new StoreId((UInt128)i))],
    };

    private protected DataRow NewDataRow(SegmentId segment, long offset, long length) => new()
    {
        Id = new(((UInt128)0x1234 << 100) + Interlocked.Increment(ref nextData)),
        Length = length,
        KeyVersion = 1,
        WrappedKey = [.. Enumerable.Range(0, 40).Select(i => (byte)(i + (int)nextData))],
        Runs = [new(segment, offset, length + 16)],
    };

    /// <summary>A put of new data in a segment of its own.</summary>
    private protected PutVersion Put(BucketId bucket, string key, long size = 100, string etag = "etag", WriteConditions? conditions = null)
    {
        var segment = NewSegment(size + 16);
        var data = NewDataRow(segment.Id, 0, size);
        return new(bucket, key, "owner", size, etag, "STANDARD", ObjectAttributes.Empty, [new(data.Id, 0, size, 0, [])],
            new(Epoch, [segment], [data]), conditions ?? WriteConditions.None);
    }

    private protected async Task<VersionRow> MustPut(BucketId bucket, string key, long size = 100, string etag = "etag")
    {
        var result = await Store.PutVersionAsync(Put(bucket, key, size, etag), default);
        result.Outcome.ShouldBe(CommitOutcome.Done);
        return result.Version!;
    }

    private protected ValueTask<DeleteVersionResult> Delete(BucketId bucket, string key, string? version = null, WriteConditions? conditions = null) =>
        Store.DeleteVersionAsync(new(bucket, key, "owner", version, conditions ?? WriteConditions.None), default);

    private protected async Task<string[]> Keys(BucketId bucket) =>
        [.. (await Store.ListObjectsAsync(new(bucket, "", "", "", 1000), default)).Objects.Select(entry => entry.Key)];
}
