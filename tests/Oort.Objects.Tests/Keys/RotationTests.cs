using System.IO.Pipelines;
using Oort.Checksums;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Keys;

public sealed class RotationTests
{
    [Fact]
    public async Task RotateAndDestroy_OldWrappedKeys_CannotBeUnwrappedWithWhatIsLeft_AndRecoveryReadsAll()
    {
        await using var cluster = new TestCluster();
        List<DataRow> old;
        await using (var system = await cluster.OpenAsync())
        {
            var bucket = await FillAsync(system, 10);
            old = await Remains.DataAsync(system);
            old.ShouldAllBe(row => row.KeyVersion == 1);

            (await system.RotateKeyAsync(null, CancellationToken.None)).ShouldBe(2);
            await system.PutAsync(bucket, "new", SystemActions.Content(99, 100));
            (await Remains.DataOfAsync(system, bucket, "new")).KeyVersion.ShouldBe(2, "At once.");
            (await system.GetKeyStatusAsync(CancellationToken.None)).Rewrapping.ShouldBeTrue();
            await system.Rotation.RunAsync(CancellationToken.None);
            var status = await system.GetKeyStatusAsync(CancellationToken.None);
            (status.Rewrapping, status.Rewrapped, status.Stuck).ShouldBe((false, 10L, 0L));
            (await Remains.DataAsync(system)).ShouldAllBe(row => row.KeyVersion == 2);
            status.Keys.Select(key => (key.Version, key.State)).ShouldBe([(1, "old"), (2, "current")]);

            await system.DestroyKeyAsync(1, CancellationToken.None);
            await system.Rotation.RunAsync(CancellationToken.None);
            status = await system.GetKeyStatusAsync(CancellationToken.None);
            status.Keys.ShouldHaveSingleItem().Version.ShouldBe(2);
            status.OutdatedCopies.ShouldBeEmpty();
            await ReadAllAsync(system, 10);
        }

        foreach (var store in cluster.Stores)
        {
            using var keyring = await Remains.KeyringAsync(store.Inner, cluster.Root);
            NothingUnwraps(keyring, old);
        }

        Keyring.TryOpen(await File.ReadAllBytesAsync(Path.Combine(cluster.DataDirectory, DirectoryIdentity.KeyringFileName)), cluster.Root, out var local, out _).ShouldBeTrue();
        using (local) NothingUnwraps(local!, old);

        (await Remains.RecoverAsync(cluster)).Problems.ShouldBeEmpty();
        await using var again = await cluster.OpenAsync();
        await ReadAllAsync(again, 10);
        (await again.GetAsync("bucket", "new")).ShouldBe(SystemActions.Content(99, 100));
    }

    [Fact]
    public async Task Rotate_KilledAfterAnyWrite_IsTakenUpWhereItWas()
    {
        for (var kill = 1; ; kill++)
        {
            await using var cluster = new TestCluster(4);
            await using var system = await cluster.OpenAsync();
            await FillAsync(system, 7);
            var left = kill;
            var where = "";
            var wasKilled = false;
            Prepare(system.Rotation, reached =>
            {
                if (--left > 0) return;
                where = reached;
                throw new KilledException(reached);
            });
            try
            {
                await system.RotateKeyAsync(null, CancellationToken.None);
                await system.DestroyKeyAsync(1, CancellationToken.None);
                await system.Rotation.RunAsync(CancellationToken.None);
            }
            catch (KilledException)
            {
                wasKilled = true;
            }

            await using var crashed = cluster.CrashedCopy();
            await using var again = await crashed.OpenAsync();
            await ReadAllAsync(again, 7);
            Prepare(again.Rotation, _ => { });
            if (again.GetKeyVersions() is [1]) await again.RotateKeyAsync(null, CancellationToken.None);
            if (again.GetKeyVersions().Contains(1)) await again.DestroyKeyAsync(1, CancellationToken.None);
            await again.Rotation.RunAsync(CancellationToken.None);
            again.GetKeyVersions().ShouldBe([2], where);
            (await Remains.DataAsync(again)).ShouldAllBe(row => row.KeyVersion == 2);
            await ReadAllAsync(again, 7);
            (await again.Metadata.CheckAsync(10, CancellationToken.None)).ShouldBeEmpty();
            (await again.GetKeyStatusAsync(CancellationToken.None)).OutdatedCopies.ShouldBeEmpty(where);
            foreach (var store in crashed.Stores)
            {
                using var keyring = await Remains.KeyringAsync(store.Inner, crashed.Root);
                keyring.KeyVersions.ShouldBe([2], where);
            }

            if (wasKilled) continue;
            kill.ShouldBeGreaterThan(20, "There are as many writes to be killed after.");
            return;
        }
    }

    [Fact]
    public async Task Destroy_WhileAnUploadFromBeforeTheRotationRuns_WaitsForIt()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        var bucket = await FillAsync(system, 3);
        var content = SystemActions.Content(50, 400_000);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        await pipe.Writer.WriteAsync(content.AsMemory(0, 200_000));
        var put = system.Objects.PutObjectAsync(bucket, "slow", "root", "STANDARD", ObjectAttributes.Empty, new ObjectBody(pipe.Reader, content.Length, null, null), WriteConditions.None, CancellationToken.None).AsTask();

        await system.RotateKeyAsync(null, CancellationToken.None);
        await system.DestroyKeyAsync(1, CancellationToken.None);
        await system.Rotation.RunAsync(CancellationToken.None);
        (await system.GetKeyStatusAsync(CancellationToken.None)).Waiting.ShouldContain("under way");
        system.GetKeyVersions().ShouldBe([1, 2]);

        // A copy and a part share and bring data meanwhile.
        var source = (await system.Metadata.FindVersionAsync(bucket.Id, "key1", null, CancellationToken.None))!;
        (await system.Objects.CopyObjectAsync(new(source, 0, source.Size), bucket, "copy", "root", "STANDARD", ObjectAttributes.Empty, ChecksumAlgorithm.None, WriteConditions.None, CancellationToken.None)).Outcome.ShouldBe(CommitOutcome.Done);

        await pipe.Writer.WriteAsync(content.AsMemory(200_000));
        await pipe.Writer.CompleteAsync();
        (await put).Outcome.ShouldBe(CommitOutcome.Done);
        (await Remains.DataOfAsync(system, bucket, "slow")).KeyVersion.ShouldBe(1, "It had its key before the rotation.");
        for (var round = 0; round < 3; round++) await system.Rotation.RunAsync(CancellationToken.None);
        system.GetKeyVersions().ShouldBe([2]);
        (await system.GetAsync("bucket", "slow")).ShouldBe(content);
        (await system.GetAsync("bucket", "copy")).ShouldBe(await system.GetAsync("bucket", "key1"));
        await ReadAllAsync(system, 3);
    }

    [Fact]
    public async Task Rotate_TooFewStoresTakeTheKeyring_ChangesNothing()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        await FillAsync(system, 2);
        foreach (var store in cluster.Stores.Take(3)) store.Offline = true;
        await Should.ThrowAsync<MetadataUnavailableException>(() => system.RotateKeyAsync(null, CancellationToken.None).AsTask());
        system.GetKeyVersions().ShouldBe([1]);
        foreach (var store in cluster.Stores) store.Offline = false;
        await Eventually.TrueAsync(() => system.GetStatus().Stores.All(store => store.Health == StoreHealth.Online));
        (await system.RotateKeyAsync(null, CancellationToken.None)).ShouldBe(2);
        await system.DrainRepairsAsync();
        (await system.GetKeyStatusAsync(CancellationToken.None)).OutdatedCopies.ShouldBeEmpty("Those that took the first attempt have the second's.");
    }

    [Fact]
    public async Task Scrub_ACopyOfTheKeyringIsNewer_IsLeftAndToldAndTakenByTheNextStart()
    {
        await using var cluster = new TestCluster(4);
        byte[] newer;
        await using (var system = await cluster.OpenAsync())
        {
            await FillAsync(system, 2);
            using (var keyring = await Remains.KeyringAsync(cluster.Stores[1].Inner, cluster.Root))
            {
                var older = keyring.Seal(cluster.Root);
                keyring.RotateKeyEncryptionKey(TimeProvider.System);
                newer = keyring.Seal(cluster.Root);
                await cluster.Stores[1].PutBlobAsync(KeyringReplicas.BlobName, newer, CancellationToken.None);
                await cluster.Stores[2].PutBlobAsync(KeyringReplicas.BlobName, older.AsMemory(0, older.Length - 1), CancellationToken.None);
            }

            for (var round = 0; round < 2; round++)
            {
                var report = await system.ScrubAsync(repair: true, null, CancellationToken.None);
                report.Findings.ShouldContain(finding => finding.Text.Contains("newer", StringComparison.Ordinal));
                (await cluster.Stores[1].GetBlobAsync(KeyringReplicas.BlobName, CancellationToken.None)).ShouldBe(newer, "An older one is never written over it.");
                using var mended = await Remains.KeyringAsync(cluster.Stores[2].Inner, cluster.Root);
                mended.KeyVersions.ShouldBe([1], "A damaged one is.");
            }

            (await system.GetKeyStatusAsync(CancellationToken.None)).OutdatedCopies.ShouldHaveSingleItem().ShouldBe(cluster.Stores[1].Location);
        }

        await using var again = await cluster.OpenAsync();
        again.GetKeyVersions().ShouldBe([1, 2]);
        await ReadAllAsync(again, 2);
        (await again.GetKeyStatusAsync(CancellationToken.None)).OutdatedCopies.ShouldBeEmpty();
    }

    [Fact]
    public async Task Destroy_TheCurrentOrAnUnknownVersion_IsRefused()
    {
        await using var cluster = new TestCluster(1);
        await using var system = await cluster.OpenAsync();
        await Should.ThrowAsync<KeyChangeException>(() => system.DestroyKeyAsync(1, CancellationToken.None).AsTask());
        await Should.ThrowAsync<KeyChangeException>(() => system.DestroyKeyAsync(7, CancellationToken.None).AsTask());
    }

    [Fact]
    public async Task Rotate_DestroyAfterAWhile_DestroysByItself()
    {
        await using var cluster = new TestCluster(1);
        await using var system = await cluster.OpenAsync();
        await FillAsync(system, 2);
        await system.RotateKeyAsync(TimeSpan.FromDays(1), CancellationToken.None);
        await system.Rotation.RunAsync(CancellationToken.None);
        system.GetKeyVersions().ShouldBe([1, 2], "Not before its time.");
        await system.RotateKeyAsync(TimeSpan.Zero, CancellationToken.None);
        await system.Rotation.RunAsync(CancellationToken.None);
        system.GetKeyVersions().ShouldBe([3]);
        await ReadAllAsync(system, 2);
    }

    /// <summary>Small pages, so that there are several commits.</summary>
    private static void Prepare(KeyRotation rotation, Action<string> reached)
    {
        rotation.PageSize = 3;
        rotation.Reached = reached;
    }

    private static async Task<BucketRow> FillAsync(ObjectSystem system, int count)
    {
        var bucket = await system.CreateBucketAsync("bucket");
        for (var index = 0; index < count; index++) await system.PutAsync(bucket, $"key{index}", SystemActions.Content(index, 100 + index * 40_000));
        return bucket;
    }

    private static async Task ReadAllAsync(ObjectSystem system, int count)
    {
        for (var index = 0; index < count; index++) (await system.GetAsync("bucket", $"key{index}")).ShouldBe(SystemActions.Content(index, 100 + index * 40_000));
    }

    private static void NothingUnwraps(Keyring keyring, List<DataRow> rows)
    {
        var key = new byte[32];
        foreach (var row in rows)
            foreach (var version in keyring.KeyVersions.Append(row.KeyVersion))
                Should.Throw<DataKeyException>(() => keyring.UnwrapDataKey(version, Remains.Bytes(row.Id), row.WrappedKey.AsSpan(), key));
    }
}
