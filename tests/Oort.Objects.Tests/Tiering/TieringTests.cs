using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Placement;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.Placement;
using Oort.Objects.Tiering;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Tiering;

/// <summary>Versions move between classes and places, and come back from archives, and are what they were.</summary>
public sealed class TieringTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Fact]
    public async Task Lifecycle_WhenItsDaysHavePassed_MovesToTheClassAndItsPolicy()
    {
        await using var world = await TieringWorld.StartAsync();
        byte[] small = SystemActions.Content(1, 3_000), large = SystemActions.Content(2, 700_000), parts = SystemActions.Content(3, 500_000);
        VersionRow[] versions = [await world.PutAsync("small", small), await world.PutAsync("large", large), await world.PutPartsAsync("parts", parts, 200_000, 290_000, 10_000), await world.PutAsync("empty", [])];
        await world.PutAsync("other", small);
        await world.SetLifecycleAsync(new LifecycleRule("a", true, new(FilterForm.And, "", SizeAbove: 3_000 - 1), [new("GLACIER", 30)], []), TieringWorld.Rule("DEEP_ARCHIVE", 3_000, "other"));

        world.Time.Advance(29 * Day);
        await world.System.StepTieringAsync();
        foreach (var version in versions) (await world.FindAsync(version.Key)).StorageClass.ShouldBe("STANDARD");

        world.Time.Advance(2 * Day);
        await world.System.StepTieringAsync();
        foreach (var version in versions[..3])
        {
            var moved = await world.FindAsync(version.Key);
            (moved.StorageClass, moved.Id, moved.ETag, moved.LastModified, moved.Size).ShouldBe(("GLACIER", version.Id, version.ETag, version.LastModified, version.Size));
            moved.Extents.Select(extent => (extent.PartNumber, extent.Length, Convert.ToHexString(extent.PartChecksum.AsSpan()))).ShouldBe(version.Extents.Select(extent => (extent.PartNumber, extent.Length, Convert.ToHexString(extent.PartChecksum.AsSpan()))));
            (await world.PoliciesAsync(moved.Extents)).ShouldBe([TieringWorld.ColdPolicy]);
            (await world.System.Metadata.LocateAsync([.. version.Extents.Select(extent => extent.Data)], CancellationToken.None)).ShouldBeEmpty("Nothing refers to the old bytes any more.");
        }

        (await world.FindAsync("other")).StorageClass.ShouldBe("GLACIER");
        (await world.FindAsync("empty")).StorageClass.ShouldBe("STANDARD");
        await world.CheckAsync(versions[0], small);
        await world.CheckAsync(versions[1], large);
        await world.CheckAsync(versions[2], parts);
        var status = world.System.Tiering.Status;
        (status.Moved, status.MovedBytes, status.Failed).ShouldBe((4, 1_206_000, 0));
        await world.System.StepTieringAsync();
        world.System.Tiering.Status.Passes.ShouldBe(status.Passes, "The day and the rules are the same.");
    }

    [Fact]
    public async Task Lifecycle_NoncurrentVersions_MoveByWhenTheyWereReplacedAndHowManyAreNewer()
    {
        await using var world = await TieringWorld.StartAsync();
        await world.System.Metadata.UpdateBucketAsync(world.Bucket.Id, row => row with { Versioning = VersioningState.Enabled }, CancellationToken.None);
        var versions = new List<VersionRow>();
        for (var number = 0; number < 4; number++)
        {
            versions.Add(await world.PutAsync("key", SystemActions.Content(number, 1_000)));
            world.Time.Advance(10 * Day);
        }

        // A marker takes the place of the newest.
        await world.System.Metadata.DeleteVersionAsync(new(world.Bucket.Id, "key", "root", null, WriteConditions.None), CancellationToken.None);
        await world.SetLifecycleAsync(new LifecycleRule("a", true, new(FilterForm.Single, SizeAbove: 0), [new("DEEP_ARCHIVE", 0)], [new("GLACIER", 5, NewerVersions: 1)]));
        await world.System.StepTieringAsync();
        var classes = new List<string>();
        foreach (var version in versions) classes.Add((await world.FindAsync("key", version.IdText)).StorageClass);
        // The newest became noncurrent now; it counts as newer than the one before it.
        classes.ShouldBe(["GLACIER", "GLACIER", "GLACIER", "STANDARD"]);
        world.Time.Advance(6 * Day);
        await world.System.StepTieringAsync();
        (await world.FindAsync("key", versions[3].IdText)).StorageClass.ShouldBe("STANDARD", "It is the newest noncurrent one, which the rule leaves.");
    }

    [Fact]
    public async Task Lifecycle_DataThatACopyShares_StaysWhereTheCopyIs()
    {
        await using var world = await TieringWorld.StartAsync();
        var content = SystemActions.Content(1, 3_000);
        var source = await world.PutAsync("cold/source", content);
        await world.System.Objects.CopyObjectAsync(new(source, 0, source.Size), world.Bucket, "hot/copy", "root", "STANDARD", ObjectAttributes.Empty, Checksums.ChecksumAlgorithm.None, WriteConditions.None, CancellationToken.None);
        await world.SetLifecycleAsync(TieringWorld.Rule("GLACIER", 0, "cold/"));
        world.Time.Advance(Day);
        await world.System.StepTieringAsync();
        var (moved, copy) = (await world.FindAsync("cold/source"), await world.FindAsync("hot/copy"));
        (moved.StorageClass, copy.StorageClass).ShouldBe(("GLACIER", "STANDARD"));
        (await world.PoliciesAsync(moved.Extents)).ShouldBe([TieringWorld.ColdPolicy]);
        (await world.PoliciesAsync(copy.Extents)).ShouldBe([""]);
        await world.CheckAsync(moved, content);
        await world.CheckAsync(copy, content);
    }

    [Fact]
    public async Task Move_BrokenOffBetweenBatches_GoesOnWhereItWas()
    {
        await using var world = await TieringWorld.StartAsync(bytesPerSecond: 12 * 1024 * 1024);
        var content = SystemActions.Content(1, 16_000_000);
        var version = await world.PutAsync("key", content);
        await world.SetLifecycleAsync(TieringWorld.Rule("GLACIER", 0));
        world.Time.Advance(Day);

        using var stop = new CancellationTokenSource();
        var moving = world.System.StepTieringAsync(stop.Token);
        await Eventually.Async(async () => (await world.FindAsync("key")).Extents[0].Data != version.Extents[0].Data);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(moving);
        var half = await world.FindAsync("key");
        half.StorageClass.ShouldBe("STANDARD", "Until all of it is there.");
        (await world.PoliciesAsync(half.Extents)).Order().ShouldBe(["", TieringWorld.ColdPolicy]);
        await world.CheckAsync(version, content);

        await world.RestartAsync();
        await world.System.StepTieringAsync();
        var moved = await world.FindAsync("key");
        moved.StorageClass.ShouldBe("GLACIER");
        moved.Extents[0].Data.ShouldBe(half.Extents[0].Data, "What was moved is not moved again.");
        (await world.PoliciesAsync(moved.Extents)).ShouldBe([TieringWorld.ColdPolicy]);
        await world.CheckAsync(version, content);
    }

    [Fact]
    public async Task Move_WhileItIsRead_DisturbsNoReader()
    {
        await using var world = await TieringWorld.StartAsync();
        var content = SystemActions.Content(1, 2_000_000);
        var version = await world.PutAsync("key", content);
        await world.SetLifecycleAsync(TieringWorld.Rule("GLACIER", 0));
        world.Time.Advance(Day);
        await using var reader = await world.System.Objects.OpenAsync(version, CancellationToken.None);
        await world.System.StepTieringAsync();
        await world.System.CollectAsync(CancellationToken.None);
        (await world.FindAsync("key")).StorageClass.ShouldBe("GLACIER");
        using var read = new MemoryStream();
        var writer = System.IO.Pipelines.PipeWriter.Create(read, new(leaveOpen: true));
        await reader.CopyToAsync(0, version.Size, writer, CancellationToken.None);
        await writer.CompleteAsync();
        read.ToArray().AsSpan().SequenceEqual(content).ShouldBeTrue();
    }

    [Fact]
    public async Task Move_StoresThatAreAway_LeavesAllAsItWasAndComesAgain()
    {
        await using var world = await TieringWorld.StartAsync();
        var content = SystemActions.Content(1, 700_000);
        var version = await world.PutAsync("key", content);
        await world.SetLifecycleAsync(TieringWorld.Rule("GLACIER", 0));
        world.Time.Advance(Day);
        // Two of six: the body is read, and 3+3 is written to no quorum of 5.
        foreach (var store in world.Cluster.Stores.Take(2)) store.Offline = true;
        await world.System.StepTieringAsync();
        var status = world.System.Tiering.Status;
        (status.Moved, status.Failed).ShouldBe((0, 1));
        status.LastFailure.ShouldStartWith("s3://bucket/key: ");
        (await world.FindAsync("key")).Extents[0].Data.ShouldBe(version.Extents[0].Data);

        foreach (var store in world.Cluster.Stores.Take(2)) store.Offline = false;
        await Eventually.Async(async () =>
        {
            world.Time.Advance(TimeSpan.FromMinutes(11));
            await world.System.StepTieringAsync();
            return (await world.FindAsync("key")).StorageClass == "GLACIER";
        });
        await world.CheckAsync(version, content);
    }

    [Fact]
    public async Task Restore_OfAnArchivedVersion_IsReadableUntilItExpires()
    {
        await using var world = await TieringWorld.StartAsync();
        var content = SystemActions.Content(1, 3_000_000);
        var version = await world.PutAsync("key", content, "DEEP_ARCHIVE");
        (await world.PoliciesAsync(version.Extents)).ShouldBe([TieringWorld.ColdPolicy]);
        await world.RequestRestoreAsync("key", days: 2);
        var now = world.Time.GetUtcNow();
        await world.System.StepTieringAsync();

        var restored = await world.FindAsync("key");
        RestoreState.Of(restored)!.Expires.ShouldBe(LifecycleDays.After(now, 2, Day));
        RestoreState.IsReadable(restored, now).ShouldBeTrue();
        restored.StorageClass.ShouldBe("DEEP_ARCHIVE");
        restored.Body.Select(extent => extent.Data).ShouldBe(version.Extents.Select(extent => extent.Data));
        (await world.PoliciesAsync(restored.Readable)).ShouldBe([""]);
        restored.Readable.Length.ShouldBeGreaterThan(2, "Several data ids, in order.");
        await world.CheckAsync(version, content);

        world.Time.Advance(2 * Day);
        await world.System.StepTieringAsync();
        (await world.FindAsync("key")).Restored.ShouldNotBeEmpty("Days end at midnight.");
        world.Time.Advance(Day);
        await world.System.StepTieringAsync();
        var expired = await world.FindAsync("key");
        (expired.Restored.Length, RestoreState.Of(expired), world.System.Tiering.Status.Expired).ShouldBe((0, null, 1));
        (await world.System.Metadata.LocateAsync([.. restored.Restored.Select(extent => extent.Data)], CancellationToken.None)).ShouldBeEmpty();
        await world.CheckAsync(version, content);

        // Nothing in the bucket is restored any more: it needs no passes.
        world.Time.Advance(Day);
        await world.System.StepTieringAsync();
        (await world.System.Metadata.FindBucketAsync("bucket", CancellationToken.None))!.Settings.ShouldNotContainKey("restores");
    }

    [Fact]
    public async Task Restore_AskedForBeforeACrash_IsFoundAndGoesOn()
    {
        await using var world = await TieringWorld.StartAsync(bytesPerSecond: 12 * 1024 * 1024);
        var content = SystemActions.Content(1, 16_000_000);
        var version = await world.PutAsync("key", content, "GLACIER");
        await world.RequestRestoreAsync("key", days: 1, RestoreTier.Expedited);
        using var stop = new CancellationTokenSource();
        var restoring = world.System.StepTieringAsync(stop.Token);
        await Eventually.Async(async () => !(await world.FindAsync("key")).Restored.IsEmpty);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(restoring);
        var half = await world.FindAsync("key");
        RestoreState.Of(half)!.Phase.ShouldBe(RestorePhase.Requested);
        half.Readable.ShouldBe(half.Body);

        await world.RestartAsync();
        await world.System.StepTieringAsync();
        var restored = await world.FindAsync("key");
        RestoreState.Of(restored)!.Phase.ShouldBe(RestorePhase.Restored);
        restored.Restored[0].Data.ShouldBe(half.Restored[0].Data);
        (await world.PoliciesAsync(restored.Readable)).ShouldBe([""]);
        await world.CheckAsync(version, content);
    }

    [Fact]
    public async Task Restore_ByTwoGatewaysAtOnce_MakesOneCopy()
    {
        await using var world = await TieringWorld.StartAsync();
        var content = SystemActions.Content(1, 600_000);
        var version = await world.PutAsync("key", content, "GLACIER");
        var movers = Enumerable.Range(0, 4).Select(_ => ((ObjectLayer)world.System.Objects).CreateMover(Pacer.None)).ToList();
        var outcomes = await Task.WhenAll(movers.Select(mover => mover.RestoreAsync(version, row => row.Attributes, CancellationToken.None).AsTask()));
        outcomes.ShouldContain(MoveVersionOutcome.Done);
        var restored = await world.FindAsync("key");
        restored.Restored.Sum(extent => extent.Length).ShouldBe(version.Size);
        restored.Readable.ShouldBe(restored.Restored);
        await world.CheckAsync(version, content);
    }

    [Fact]
    public async Task Move_AVersionThatIsReplacedMeanwhile_IsLeftToWhoReplacedIt()
    {
        await using var world = await TieringWorld.StartAsync();
        var version = await world.PutAsync("key", SystemActions.Content(1, 600_000));
        var mover = ((ObjectLayer)world.System.Objects).CreateMover(Pacer.None);
        var newer = SystemActions.Content(2, 5_000);
        await world.PutAsync("key", newer);
        (await mover.MoveAsync(version, "GLACIER", CancellationToken.None)).ShouldBe(MoveVersionOutcome.Changed);
        var found = await world.FindAsync("key");
        found.StorageClass.ShouldBe("STANDARD");
        await world.CheckAsync(found, newer);
    }

    [Fact]
    public async Task Restored_CopiedToAClassThatIsRead_SharesTheRestoredBytes()
    {
        await using var world = await TieringWorld.StartAsync();
        var content = SystemActions.Content(1, 400_000);
        var version = await world.PutPartsAsync("key", content, 300_000, 100_000);
        await world.SetLifecycleAsync(TieringWorld.Rule("GLACIER", 0));
        world.Time.Advance(Day);
        await world.System.StepTieringAsync();
        await world.RequestRestoreAsync("key", days: 1);
        await world.System.StepTieringAsync();
        var source = await world.FindAsync("key");
        await world.System.Objects.CopyObjectAsync(new(source, 0, source.Size), world.Bucket, "copy", "root", "STANDARD", ObjectAttributes.Empty, Checksums.ChecksumAlgorithm.None, WriteConditions.None, CancellationToken.None);
        var copy = await world.FindAsync("copy");
        copy.Extents.Select(extent => (extent.Data, extent.PartNumber, extent.IsRestored)).ShouldBe(source.Restored.Select(extent => (extent.Data, extent.PartNumber, false)));
        copy.Extents.Select(extent => extent.PartNumber).ShouldBe(version.Extents.Select(extent => extent.PartNumber));
        world.Time.Advance(3 * Day);
        await world.SetLifecycleAsync(TieringWorld.Rule("GLACIER", 9_000));
        await world.System.StepTieringAsync();
        (await world.FindAsync("key")).Restored.ShouldBeEmpty();
        await world.CheckAsync(copy, content);
    }

    [Fact]
    public async Task Drain_OfATier_MovesAllOfItAndThenItIsDrained()
    {
        await using var world = await TieringWorld.StartAsync();
        var contents = Enumerable.Range(0, 30).Select(number => SystemActions.Content(number, 2_000 + number * 10_000)).ToList();
        for (var number = 0; number < contents.Count; number++) await world.PutAsync($"key{number:00}", contents[number], number % 3 == 0 ? "GLACIER" : "STANDARD");
        await world.RequestRestoreAsync("key00", days: 5);
        await world.System.StepTieringAsync();
        await Should.ThrowAsync<TierException>(async () => await world.System.Tiering.DrainAsync("STANDARD", "GLACIER", CancellationToken.None));
        await Should.ThrowAsync<TierException>(async () => await world.System.Tiering.DrainAsync("GLACIER", "GLACIER", CancellationToken.None));
        await Should.ThrowAsync<TierException>(async () => await world.System.Tiering.ResumeAsync("GLACIER", CancellationToken.None));

        await world.System.Tiering.DrainAsync("GLACIER", "STANDARD", CancellationToken.None);
        // A rule that moves there finds it closed.
        await world.SetLifecycleAsync(TieringWorld.Rule("GLACIER", 0));
        world.Time.Advance(Day);
        await world.System.StepTieringAsync();
        world.System.Tiering.Tiers.Find("GLACIER")!.Role.ShouldBe(TierRole.Draining, "Something was found in it.");
        world.Time.Advance(TimeSpan.FromMinutes(11));
        await world.System.StepTieringAsync();
        world.System.Tiering.Tiers.Find("GLACIER")!.Role.ShouldBe(TierRole.Drained);
        for (var number = 0; number < contents.Count; number++)
        {
            var version = await world.FindAsync($"key{number:00}");
            (version.StorageClass, version.Restored.Length, RestoreState.Of(version)).ShouldBe(("STANDARD", 0, null));
            (await world.PoliciesAsync(version.Extents)).ShouldBe([""]);
            await world.CheckAsync(version, contents[number]);
        }

        await world.System.Tiering.ResumeAsync("GLACIER", CancellationToken.None);
        await world.System.StepTieringAsync();
        (await world.FindAsync("key00")).StorageClass.ShouldBe("GLACIER", "The rule moves again.");
    }

    [Fact]
    public async Task Migrate_ABucket_BringsAllVersionsUnderThePolicyOfNow()
    {
        await using var world = await TieringWorld.StartAsync();
        await world.System.Metadata.UpdateBucketAsync(world.Bucket.Id, row => row with { Versioning = VersioningState.Enabled }, CancellationToken.None);
        var contents = Enumerable.Range(0, 40).Select(number => SystemActions.Content(number, number % 4 == 0 ? 600_000 : 1_500)).ToList();
        var versions = new List<VersionRow>();
        for (var number = 0; number < contents.Count; number++) versions.Add(await world.PutAsync($"key{number % 10}", contents[number]));
        var upload = new UploadRow { Bucket = world.Bucket.Id, Key = "upload", Id = UploadId.Create(world.Time.GetUtcNow()), Initiated = world.Time.GetUtcNow(), OwnerId = "root" };
        await world.System.Metadata.CreateUploadAsync(upload, CancellationToken.None);

        await PolicyTests.SetAsync(world.System, new() { Name = "new", Geometry = "2+2" }, new(world.Bucket.Id, "bucket", null, "new"));
        (await world.System.Tiering.MigrateAsync(world.Bucket.Id, CancellationToken.None)).ShouldBeTrue();
        (await world.System.Tiering.MigrateAsync(new(999), CancellationToken.None)).ShouldBeFalse();
        await world.System.StepTieringAsync();
        for (var number = 0; number < contents.Count; number++)
        {
            var version = await world.FindAsync(versions[number].Key, versions[number].IdText);
            (version.ETag, version.LastModified, version.StorageClass).ShouldBe((versions[number].ETag, versions[number].LastModified, "STANDARD"));
            (await world.PoliciesAsync(version.Extents)).ShouldBe(["new"]);
            await world.CheckAsync(version, contents[number]);
        }

        (await world.System.Metadata.FindBucketAsync("bucket", CancellationToken.None))!.Settings.ShouldContainKey("migration", "An upload is under way since before.");
        world.System.Tiering.PassOf(world.Bucket.Id)!.LastFailure.ShouldContain("upload");
        await world.System.Metadata.AbortUploadAsync(world.Bucket.Id, "upload", upload.Id, CancellationToken.None);
        world.Time.Advance(TimeSpan.FromMinutes(11));
        await world.System.StepTieringAsync();
        (await world.System.Metadata.FindBucketAsync("bucket", CancellationToken.None))!.Settings.ShouldNotContainKey("migration");
        world.System.Tiering.Status.MovedBytes.ShouldBe(contents.Sum(content => (long)content.Length));
    }

    [Fact]
    public async Task SmallVersions_MovedTogether_SharePacks()
    {
        await using var world = await TieringWorld.StartAsync();
        for (var number = 0; number < 200; number++) await world.PutAsync($"key{number:000}", SystemActions.Content(number, 1_000));
        await world.SetLifecycleAsync(TieringWorld.Rule("GLACIER", 0));
        world.Time.Advance(Day);
        await world.System.StepTieringAsync();
        var segments = new HashSet<SegmentId>();
        for (var number = 0; number < 200; number++)
        {
            var version = await world.FindAsync($"key{number:000}");
            version.StorageClass.ShouldBe("GLACIER");
            foreach (var location in await world.System.Objects.LocateAsync(version, CancellationToken.None)) segments.UnionWith(location.Segments.Keys);
        }

        segments.Count.ShouldBeLessThan(40);
    }
}
