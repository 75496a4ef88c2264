using System.Collections.Concurrent;
using Oort.Backends;

namespace Oort.Metadata.Tests.Suite;

/// <summary>What an engine keeps in memory never shows: who asks after an answer sees what it was about.</summary>
public abstract partial class MetadataSuite
{
    [Fact]
    public async Task OpenVersion_AfterEachChange_ShowsIt()
    {
        (await Store.OpenVersionAsync(Bucket.Id, "k", null, default)).ShouldBeNull();
        for (var i = 0; i < 3; i++)
        {
            var put = await MustPut(Bucket.Id, "k", etag: "e" + i);
            for (var repeat = 0; repeat < 2; repeat++)
            {
                var found = (await Store.OpenVersionAsync(Bucket.Id, "k", null, default))!;
                (found.Version.ETag, found.Version.Id, found.Version.IsLatest).ShouldBe(("e" + i, put.Id, true));
                found.Data.ShouldHaveSingleItem().Data.Id.ShouldBe(put.Extents[0].Data);
                found.Data[0].Segments.Keys.ShouldBe([found.Data[0].Data.Runs[0].Segment]);
                (await Store.FindVersionAsync(Bucket.Id, "k", null, default))!.Id.ShouldBe(put.Id);
            }
        }
        await Store.UpdateVersionAsync(Bucket.Id, "k", null, row => row with { StorageClass = "COLD" }, default);
        (await Store.OpenVersionAsync(Bucket.Id, "k", null, default))!.Version.StorageClass.ShouldBe("COLD");
        await Delete(Bucket.Id, "k");
        (await Store.OpenVersionAsync(Bucket.Id, "k", null, default)).ShouldBeNull();
        (await Store.FindVersionAsync(Bucket.Id, "k", null, default)).ShouldBeNull();
    }

    [Fact]
    public async Task OpenVersion_SegmentOrDataMoved_ShowsTheNewPlace()
    {
        await MustPut(Bucket.Id, "k");
        var before = (await Store.OpenVersionAsync(Bucket.Id, "k", null, default))!.Data[0];
        var segment = before.Segments.Values.Single();
        (await Store.MoveSegmentAsync(segment.Id, 0, segment.Shards.SetItem(2, StoreId.None), default)).ShouldBe(CommitOutcome.Done);
        (await Store.OpenVersionAsync(Bucket.Id, "k", null, default))!.Data[0].Segments[segment.Id].Shards[2].ShouldBe(StoreId.None);

        var other = NewSegment();
        var (outcome, moved) = await Store.MoveDataAsync([(before.Data, [new(other.Id, 64, before.Data.Runs[0].Length)])], new(Epoch, [other], []), default);
        (outcome, moved.Single()).ShouldBe((CommitOutcome.Done, true));
        (await Store.OpenVersionAsync(Bucket.Id, "k", null, default))!.Data[0].Segments.Keys.ShouldBe([other.Id]);
    }

    [Fact]
    public async Task OpenVersion_ManyExtents_LeavesPlacesToTheCaller()
    {
        var segment = NewSegment();
        var data = Enumerable.Range(0, MetadataLimits.FoundDataMax + 1).Select(i => NewDataRow(segment.Id, i * 128, 100)).ToArray();
        var put = new PutVersion(Bucket.Id, "k", "owner", 500, "e", "STANDARD", ObjectAttributes.Empty, [.. data.Select(row => new Extent(row.Id, 0, 100, 0, []))],
            new(Epoch, [segment], [.. data]), WriteConditions.None);
        (await Store.PutVersionAsync(put, default)).Outcome.ShouldBe(CommitOutcome.Done);
        for (var repeat = 0; repeat < 2; repeat++)
            (await Store.OpenVersionAsync(Bucket.Id, "k", null, default))!.Data.IsDefault.ShouldBeTrue();
        await MustPut(Bucket.Id, "few");
        (await Store.FindVersionAsync(Bucket.Id, "few", null, default)).ShouldNotBeNull();
        (await Store.OpenVersionAsync(Bucket.Id, "few", null, default))!.Data.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task FindBucket_AfterEachChange_ShowsIt()
    {
        (await Store.FindBucketAsync("bucket", default))!.Versioning.ShouldBe(VersioningState.Unversioned);
        await SetVersioning(Bucket.Id, VersioningState.Enabled);
        (await Store.FindBucketAsync("bucket", default))!.Versioning.ShouldBe(VersioningState.Enabled);
        (await Store.DeleteBucketAsync(Bucket.Id, default)).ShouldBe(CommitOutcome.Done);
        (await Store.FindBucketAsync("bucket", default)).ShouldBeNull();
        (await CreateBucket("bucket")).Id.ShouldBe((await Store.FindBucketAsync("bucket", default))!.Id);
    }

    /// <summary>Each key has one writer, which knows what was acknowledged last; readers note the newest that they have seen, and never see an older one afterwards.</summary>
    [Fact]
    public async Task Reads_BesideWriters_SeeWhatWasAcknowledgedAndNeverGoBack()
    {
        const int keyCount = 4;
        const int putsPerKey = 150;
        var acknowledged = new ulong[keyCount];
        var wrong = new ConcurrentQueue<string>();
        using var stop = new CancellationTokenSource();

        async Task WriteAsync(int key)
        {
            for (var i = 0; i < putsPerKey; i++)
            {
                var put = await MustPut(Bucket.Id, "k" + key, size: 100 + i);
                Volatile.Write(ref acknowledged[key], put.Id.Generation);
                var found = await Store.OpenVersionAsync(Bucket.Id, "k" + key, null, default);
                if (found?.Version.Id != put.Id || found.Data.Single().Data.Id != put.Extents[0].Data) wrong.Enqueue($"k{key}: own put {put.Id} not seen, but {found?.Version.Id}");
                if (i % 10 != 9) continue;
                Volatile.Write(ref acknowledged[key], 0);
                await Delete(Bucket.Id, "k" + key);
                if (await Store.FindVersionAsync(Bucket.Id, "k" + key, null, default) is { } left) wrong.Enqueue($"k{key}: {left.Id} is there after its delete");
            }
        }

        async Task ReadAsync(int reader)
        {
            var seen = new ulong[keyCount];
            for (var i = reader; !stop.IsCancellationRequested; i++)
            {
                var key = i % keyCount;
                var least = Math.Max(seen[key], Volatile.Read(ref acknowledged[key]));
                var version = reader % 2 == 0
                    ? (await Store.OpenVersionAsync(Bucket.Id, "k" + key, null, default))?.Version
                    : await Store.FindVersionAsync(Bucket.Id, "k" + key, null, default);
                if (version is null) continue; // Deleted just now, or not yet put.
                if (version.Id.Generation < least) wrong.Enqueue($"k{key}: {version.Id.Generation} seen after {least}");
                seen[key] = version.Id.Generation;
                if (i % 64 == 0) await Task.Yield();
            }
        }

        var readers = Enumerable.Range(0, 4).Select(i => Task.Run(() => ReadAsync(i))).ToArray();
        await Task.WhenAll(Enumerable.Range(0, keyCount).Select(key => Task.Run(() => WriteAsync(key))));
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        wrong.ShouldBeEmpty();
    }
}
