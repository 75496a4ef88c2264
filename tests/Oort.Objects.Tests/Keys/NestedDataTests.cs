using System.IO.Pipelines;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.Tiering;
using Oort.Objects.Tiering;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Keys;

/// <summary>What the gateway does by itself goes on with data that it cannot open, and with data under keys with names.</summary>
public sealed class NestedDataTests : IDisposable
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly InnerKey customer = InnerKey.OfCustomer([.. Enumerable.Range(1, 32).Select(i => (byte)i)]);
    private readonly InnerKey stranger = InnerKey.OfCustomer(new byte[32]);

    public void Dispose()
    {
        customer.Dispose();
        stranger.Dispose();
    }

    [Theory]
    [InlineData(100)]
    [InlineData(200_000)]
    [InlineData(700_000)]
    public async Task Put_CustomersKey_IsReadWithItAndNotWithoutIt(int length)
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        var (bucket, content) = (await system.CreateBucketAsync("bucket"), SystemActions.Content(1, length));

        await PutAsync(system, bucket, "key", content, customer);

        var row = await Remains.DataOfAsync(system, bucket, "key");
        (row.Nesting, row.SealedAs, row.WrappedKey.Length).ShouldBe((new DataNesting(1, "", 0), null, 88));
        await CheckAsync(system, bucket, "key", content, customer);
        (await Should.ThrowAsync<DataKeyException>(() => CheckAsync(system, bucket, "key", content, stranger))).Failure.ShouldBe(DataKeyFailure.WrongCustomerKey);
        (await Should.ThrowAsync<DataKeyException>(() => CheckAsync(system, bucket, "key", content, null))).Failure.ShouldBe(DataKeyFailure.WrongCustomerKey);
    }

    [Fact]
    public async Task Lifecycle_CustomersObjects_MoveAsTheyAreSealed()
    {
        await using var world = await TieringWorld.StartAsync();
        byte[] small = SystemActions.Content(1, 3_000), large = SystemActions.Content(2, 4_500_000);
        VersionRow[] versions = [await PutAsync(world.System, world.Bucket, "small", small, customer), await PutAsync(world.System, world.Bucket, "large", large, customer)];
        await world.SetLifecycleAsync(TieringWorld.Rule("GLACIER", 1), TieringWorld.Rule("DEEP_ARCHIVE", 100));

        world.Time.Advance(3 * Day);
        await world.System.StepTieringAsync();

        foreach (var (version, content) in versions.Zip([small, large]))
        {
            var moved = await world.FindAsync(version.Key);
            (moved.StorageClass, moved.ETag, moved.Size).ShouldBe(("GLACIER", version.ETag, version.Size), world.System.Tiering.Status.LastFailure);
            (await world.PoliciesAsync(moved.Extents)).ShouldBe([TieringWorld.ColdPolicy]);
            var row = await Remains.DataOfAsync(world.System, world.Bucket, version.Key);
            (row.SealedAs, row.Nesting).ShouldBe((version.Extents[0].Data, new DataNesting(1, "", 0)));
            (await world.System.Metadata.LocateAsync([version.Extents[0].Data], CancellationToken.None)).ShouldBeEmpty("Nothing refers to the old place any more.");
            await CheckAsync(world.System, world.Bucket, version.Key, content, customer);
            await Should.ThrowAsync<DataKeyException>(() => CheckAsync(world.System, world.Bucket, version.Key, content, stranger));
        }

        // Once more: it is still sealed as what it was at first.
        world.Time.Advance(100 * Day);
        await world.System.StepTieringAsync();
        (await world.FindAsync("large")).StorageClass.ShouldBe("DEEP_ARCHIVE");
        (await Remains.DataOfAsync(world.System, world.Bucket, "large")).SealedAs.ShouldBe(versions[1].Extents[0].Data);
        await CheckAsync(world.System, world.Bucket, "large", large, customer);

        // And its key is wrapped anew by the name that it was wrapped for.
        await world.System.RotateKeyAsync(null, CancellationToken.None);
        await world.System.Rotation.RunAsync(CancellationToken.None);
        (await world.System.GetKeyStatusAsync(CancellationToken.None)).Stuck.ShouldBe(0);
        (await Remains.DataOfAsync(world.System, world.Bucket, "large")).KeyVersion.ShouldBe(2);
        await CheckAsync(world.System, world.Bucket, "large", large, customer);
    }

    [Fact]
    public async Task Move_OfSealedChunksOfWhichAStoreHasOthers_TakesNoneOfThem()
    {
        await using var world = await TieringWorld.StartAsync();
        var content = SystemActions.Content(2, 700_000);
        await PutAsync(world.System, world.Bucket, "large", content, customer);
        foreach (var store in world.Cluster.Stores.Take(2)) store.Inject(StoreOperations.Read, FaultMode.FlipBit, times: int.MaxValue);
        await world.SetLifecycleAsync(TieringWorld.Rule("GLACIER", 1));
        world.Time.Advance(3 * Day);

        await world.System.StepTieringAsync();

        foreach (var store in world.Cluster.Stores) store.Heal();
        (await world.FindAsync("large")).StorageClass.ShouldBe("GLACIER", world.System.Tiering.Status.LastFailure);
        await CheckAsync(world.System, world.Bucket, "large", content, customer);
    }

    [Fact]
    public async Task Restore_CustomersObject_IsReadFromItsCopyAndThatGoesAgain()
    {
        await using var world = await TieringWorld.StartAsync();
        // More than is copied at a time of what can be opened, and than a batch has.
        var content = SystemActions.Content(2, 4_500_000);
        var version = await PutAsync(world.System, world.Bucket, "large", content, customer, "GLACIER");

        await world.RequestRestoreAsync("large", 2);
        await world.System.StepTieringAsync();

        var restored = await world.FindAsync("large");
        (RestoreState.Of(restored)!.Phase, restored.Restored.Length).ShouldBe((RestorePhase.Restored, 1), world.System.Tiering.Status.LastFailure);
        var rows = await Remains.DataAsync(world.System);
        rows.Select(row => row.SealedAs ?? row.Id).Distinct().ShouldBe([version.Extents[0].Data], "Two places, one key.");
        (await world.PoliciesAsync(restored.Restored)).ShouldBe([""]);
        await CheckAsync(world.System, world.Bucket, "large", content, customer);

        world.Time.Advance(5 * Day);
        await world.System.StepTieringAsync();
        (await world.FindAsync("large")).Restored.ShouldBeEmpty();
        await CheckAsync(world.System, world.Bucket, "large", content, customer);
    }

    [Fact]
    public async Task Rotation_NestedKeys_AreWrappedAnewWithoutWhatIsInside_AndRecoveryReadsAll()
    {
        await using var cluster = new TestCluster();
        byte[] one = SystemActions.Content(1, 5_000), two = SystemActions.Content(2, 400_000);
        using var named = InnerKey.OfName("payroll");
        await using (var system = await cluster.OpenAsync())
        {
            var bucket = await system.CreateBucketAsync("bucket");
            await system.CreateNamedKeyAsync("payroll", CancellationToken.None);
            await PutAsync(system, bucket, "customer", one, customer);
            await PutAsync(system, bucket, "named", two, named);
            await system.RotateKeyAsync(null, CancellationToken.None);
            await system.Rotation.RunAsync(CancellationToken.None);
            var status = await system.GetKeyStatusAsync(CancellationToken.None);
            (status.Rewrapped, status.Stuck).ShouldBe((2L, 0L));
            await system.DestroyKeyAsync(1, CancellationToken.None);
            await system.Rotation.RunAsync(CancellationToken.None);
            (await system.GetKeyStatusAsync(CancellationToken.None)).Keys.ShouldHaveSingleItem().Version.ShouldBe(2);
            await CheckAsync(system, bucket, "customer", one, customer);
            await CheckAsync(system, bucket, "named", two, null);
        }

        (await Remains.RecoverAsync(cluster)).Problems.ShouldBeEmpty();
        await using var again = await cluster.OpenAsync();
        var found = (await again.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
        again.ListNamedKeys().Select(key => (key.Name, key.Version)).ShouldBe([("payroll", 1)]);
        await CheckAsync(again, found, "customer", one, customer);
        await CheckAsync(again, found, "named", two, null);
    }

    [Fact]
    public async Task NamedKey_RotatedAndDestroyed_ReadsTheOldAndThenNothing()
    {
        await using var world = await TieringWorld.StartAsync();
        using var named = InnerKey.OfName("payroll");
        await world.System.CreateNamedKeyAsync("payroll", CancellationToken.None);
        await Should.ThrowAsync<KeyChangeException>(() => world.System.CreateNamedKeyAsync("payroll", CancellationToken.None).AsTask());
        await Should.ThrowAsync<KeyChangeException>(() => world.System.RotateNamedKeyAsync("other", CancellationToken.None).AsTask());
        var content = SystemActions.Content(1, 300_000);
        await PutAsync(world.System, world.Bucket, "key", content, named);
        (await Remains.DataOfAsync(world.System, world.Bucket, "key")).Nesting.ShouldBe(new DataNesting(2, "payroll", 1));

        (await world.System.RotateNamedKeyAsync("payroll", CancellationToken.None)).Version.ShouldBe(2);
        await CheckAsync(world.System, world.Bucket, "key", content, null);

        // What the gateway writes anew is under the present version.
        await world.SetLifecycleAsync(TieringWorld.Rule("GLACIER", 1));
        world.Time.Advance(3 * Day);
        await world.System.StepTieringAsync();
        (await world.FindAsync("key")).StorageClass.ShouldBe("GLACIER");
        (await Remains.DataOfAsync(world.System, world.Bucket, "key")).Nesting.ShouldBe(new DataNesting(2, "payroll", 2));
        await CheckAsync(world.System, world.Bucket, "key", content, null);

        await world.System.DestroyNamedKeyAsync("payroll", CancellationToken.None);
        await Should.ThrowAsync<ObjectUnavailableException>(() => CheckAsync(world.System, world.Bucket, "key", content, null));
        await Should.ThrowAsync<KeyChangeException>(() => world.System.DestroyNamedKeyAsync("payroll", CancellationToken.None).AsTask());
        world.System.ListNamedKeys().ShouldBeEmpty();
    }

    [Fact]
    public async Task Drill_NestedObjects_AreCheckedAsFarAsTheirKeysAreThere()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        using var named = InnerKey.OfName("payroll");
        await system.CreateNamedKeyAsync("payroll", CancellationToken.None);
        await PutAsync(system, bucket, "customer", SystemActions.Content(1, 300_000), customer);
        await PutAsync(system, bucket, "named", SystemActions.Content(2, 300_000), named);

        var report = await system.DrillAsync(new(), null, CancellationToken.None);

        (report.Findings.Length, report.ReadObjects).ShouldBe((0, 2), string.Join(' ', report.Findings));
    }

    [Fact]
    public async Task Compaction_CustomersObjectInASparsePack_MovesAsItIs()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        var contents = Enumerable.Range(0, 40).Select(i => SystemActions.Content(i, 20_000)).ToArray();
        await Task.WhenAll(contents.Select((content, i) => PutAsync(system, bucket, $"key{i}", content, customer)));
        var before = (await Remains.DataOfAsync(system, bucket, "key7")).Runs;
        for (var i = 0; i < contents.Length; i++)
            if (i != 7) await Remains.DeleteAsync(system, bucket, $"key{i}");

        for (var round = 0; round < 5 && (await Remains.DataOfAsync(system, bucket, "key7")).Runs.SequenceEqual(before); round++) await system.CollectAsync(CancellationToken.None);

        var after = await Remains.DataOfAsync(system, bucket, "key7");
        after.Runs.ShouldNotBe(before, "It lies elsewhere.");
        (after.Nesting, after.SealedAs).ShouldBe((new DataNesting(1, "", 0), null));
        await CheckAsync(system, bucket, "key7", contents[7], customer);
    }

    private static async Task<VersionRow> PutAsync(ObjectSystem system, BucketRow bucket, string key, byte[] content, InnerKey inner, string storageClass = "STANDARD")
    {
        var encryption = inner.Kind == InnerKeyKind.Customer ? ObjectEncryption.OfCustomer(system.Objects.Keys.MakeCheck(inner)) : ObjectEncryption.OfName(inner.Name, false, "");
        var body = new ObjectBody(PipeReader.Create(new MemoryStream(content)), content.Length, null, null) { Inner = inner };
        var result = await system.Objects.PutObjectAsync(bucket, key, "root", storageClass, ObjectEncryption.Set(ObjectAttributes.Empty, encryption), body, WriteConditions.None, CancellationToken.None);
        result.Outcome.ShouldBe(CommitOutcome.Done);
        return result.Version!;
    }

    private static async Task CheckAsync(ObjectSystem system, BucketRow bucket, string key, byte[] content, InnerKey? inner)
    {
        var found = (await system.Metadata.OpenVersionAsync(bucket.Id, key, null, CancellationToken.None))!;
        await using var reader = await system.Objects.OpenAsync(found, 0, content.Length, inner, CancellationToken.None);
        using var read = new MemoryStream();
        var writer = PipeWriter.Create(read, new StreamPipeWriterOptions(leaveOpen: true));
        await reader.CopyToAsync(0, content.Length, writer, CancellationToken.None);
        await writer.CompleteAsync();
        read.ToArray().AsSpan().SequenceEqual(content).ShouldBeTrue(key);
    }
}
