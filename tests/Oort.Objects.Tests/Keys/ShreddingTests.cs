using Oort.Backends;
using Oort.Checksums;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Keys;

public sealed class ShreddingTests
{
    [Fact]
    public async Task Shred_DeletedObjects_LeaveNoKeyInAnythingThatIsHeld_AndTheOthersAreRecovered()
    {
        await using var cluster = new TestCluster();
        List<byte[]> keys = [], ids = [];
        await using (var system = await cluster.OpenAsync())
        {
            var bucket = await system.CreateBucketAsync("bucket");
            foreach (var key in (string[])["small", "large", "kept", "kept large"])
                await system.PutAsync(bucket, key, SystemActions.Content(key.Length, key.Contains("large", StringComparison.Ordinal) ? 700_000 : 1_000));
            await system.SnapshotAsync(CancellationToken.None);
            await system.PutAsync(bucket, "later", SystemActions.Content(3, 1_000));
            VersionRow? small = null;
            foreach (var key in (string[])["small", "large", "later"])
            {
                var row = await Remains.DataOfAsync(system, bucket, key);
                keys.Add([.. row.WrappedKey]);
                ids.Add(Remains.Bytes(row.Id));
                small ??= await system.Metadata.FindVersionAsync(bucket.Id, key, null, CancellationToken.None);
                (await system.FindErasedAsync(row.Id, 0, CancellationToken.None)).ShouldHaveSingleItem().State.ShouldBe("live");
            }

            foreach (var key in (string[])["small", "large", "later"]) await Remains.DeleteAsync(system, bucket, key);
            (await Remains.FindSealedAsync(cluster, keys)).ShouldNotBeEmpty("As long as the journal or a snapshot has them.");
            (await system.FindErasedAsync(DataId.Read(ids[0]), 0, CancellationToken.None)).ShouldHaveSingleItem().State.ShouldBe("dropped");
            (await system.FindErasedAsync(null, small!.Id.Generation, CancellationToken.None)).ShouldHaveSingleItem().State.ShouldBe("dropped");

            (await system.Shredder.RunAsync(now: false, CancellationToken.None)).Waiting.ShouldBe(3, "It is not time yet.");
            var status = await system.ShredAsync(CancellationToken.None);
            (status.HeldBack, status.Waiting).ShouldBe(("", 0L));
            foreach (var id in ids) (await system.FindErasedAsync(DataId.Read(id), 0, CancellationToken.None)).ShouldHaveSingleItem().State.ShouldBe("shredded");
            (await system.FindErasedAsync(null, small.Id.Generation, CancellationToken.None)).ShouldHaveSingleItem().State.ShouldBe("shredded");
            await NothingIsLeftAsync(cluster, keys, ids);
        }

        await NothingIsLeftAsync(cluster, keys, ids);
        (await Remains.RecoverAsync(cluster)).Problems.ShouldBeEmpty();
        await using var again = await cluster.OpenAsync();
        (await again.GetAsync("bucket", "kept")).ShouldBe(SystemActions.Content(4, 1_000));
        (await again.GetAsync("bucket", "kept large")).ShouldBe(SystemActions.Content(10, 700_000));
        (await again.GetAsync("bucket", "small")).ShouldBeNull();
        await NothingIsLeftAsync(cluster, keys, ids);
    }

    [Fact]
    public async Task Shred_AStoreIsAway_ClaimsNothingUntilItIsBackAndClean()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        await system.PutAsync(bucket, "gone", SystemActions.Content(1, 5_000));
        await system.PutAsync(bucket, "kept", SystemActions.Content(2, 5_000));
        await system.SnapshotAsync(CancellationToken.None);
        var row = await Remains.DataOfAsync(system, bucket, "gone");
        var away = cluster.Stores[5];
        away.Offline = true;
        await Eventually.TrueAsync(() => system.Stores.Find(away.Id) is null);
        await Remains.DeleteAsync(system, bucket, "gone");

        for (var round = 0; round < 2; round++)
        {
            var status = await system.ShredAsync(CancellationToken.None);
            status.HeldBack.ShouldContain("away");
            status.Waiting.ShouldBe(1);
            (await system.FindErasedAsync(row.Id, 0, CancellationToken.None)).ShouldHaveSingleItem().State.ShouldBe("dropped");
        }

        (await Remains.FindSealedAsync(cluster, [[.. row.WrappedKey]])).ShouldContain(
            where => where.StartsWith(away.Id.ToString(), StringComparison.Ordinal), "And the others may keep a log that the journal completes on that one when it is back.");
        away.Offline = false;
        await Eventually.TrueAsync(() => system.Stores.Find(away.Id) is not null);
        await Eventually.Async(async () => (await system.ShredAsync(CancellationToken.None)).HeldBack.Length == 0);
        (await system.FindErasedAsync(row.Id, 0, CancellationToken.None)).ShouldHaveSingleItem().State.ShouldBe("shredded");
        await NothingIsLeftAsync(cluster, [[.. row.WrappedKey]], [Remains.Bytes(row.Id)]);

        await system.DrainRepairsAsync();
        await NothingIsLeftAsync(cluster, [[.. row.WrappedKey]], [Remains.Bytes(row.Id)]);
        (await system.GetAsync("bucket", "kept")).ShouldBe(SystemActions.Content(2, 5_000));
    }

    [Fact]
    public async Task Shred_KilledAfterAnyWrite_NeverClaimsWhatIsNotSo_AndEndsWhenTakenUp()
    {
        for (var kill = 1; ; kill++)
        {
            await using var cluster = new TestCluster(4);
            await using var system = await cluster.OpenAsync();
            var bucket = await system.CreateBucketAsync("bucket");
            await system.PutAsync(bucket, "gone", SystemActions.Content(1, 5_000));
            await system.PutAsync(bucket, "kept", SystemActions.Content(2, 5_000));
            await system.SnapshotAsync(CancellationToken.None);
            var row = await Remains.DataOfAsync(system, bucket, "gone");
            await Remains.DeleteAsync(system, bucket, "gone");
            var left = kill;
            var wasKilled = false;
            var where = "";
            system.Shredder.Reached = reached =>
            {
                where = reached;
                if (--left == 0) throw new KilledException(reached);
            };
            try
            {
                await system.ShredAsync(CancellationToken.None);
            }
            catch (KilledException)
            {
                wasKilled = true;
            }

            await using var crashed = cluster.CrashedCopy();
            await using var again = await crashed.OpenAsync();
            if ((await again.FindErasedAsync(row.Id, 0, CancellationToken.None)).ShouldHaveSingleItem().State == "shredded") await NothingIsLeftAsync(crashed, [[.. row.WrappedKey]], [Remains.Bytes(row.Id)]);
            var status = await again.ShredAsync(CancellationToken.None);
            (status.HeldBack, status.Waiting).ShouldBe(("", 0L), where);
            await NothingIsLeftAsync(crashed, [[.. row.WrappedKey]], [Remains.Bytes(row.Id)]);
            (await again.GetAsync("bucket", "kept")).ShouldBe(SystemActions.Content(2, 5_000));
            if (wasKilled) continue;
            kill.ShouldBeGreaterThan(5, "There are as many writes to be killed after.");
            return;
        }
    }

    [Fact]
    public async Task Shred_ACopyStillRefersToTheData_KeepsItsKey()
    {
        await using var cluster = new TestCluster(3);
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        await system.PutAsync(bucket, "a", SystemActions.Content(1, 5_000));
        var version = (await system.Metadata.FindVersionAsync(bucket.Id, "a", null, CancellationToken.None))!;
        await system.Objects.CopyObjectAsync(new(version, 0, version.Size), bucket, "b", "root", "STANDARD", ObjectAttributes.Empty, ChecksumAlgorithm.None, WriteConditions.None, CancellationToken.None);
        await Remains.DeleteAsync(system, bucket, "a");
        await system.ShredAsync(CancellationToken.None);
        (await system.FindErasedAsync(version.Extents[0].Data, 0, CancellationToken.None)).ShouldHaveSingleItem().State.ShouldBe("live");
        (await system.GetAsync("bucket", "b")).ShouldBe(SystemActions.Content(1, 5_000));
    }

    private static async Task NothingIsLeftAsync(TestCluster cluster, List<byte[]> keys, List<byte[]> ids)
    {
        (await Remains.FindRawAsync(cluster, keys)).ShouldBeEmpty();
        (await Remains.FindSealedAsync(cluster, [.. keys, .. ids])).ShouldBeEmpty();
    }
}
