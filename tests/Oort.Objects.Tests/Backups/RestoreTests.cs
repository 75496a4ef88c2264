using System.Security.Cryptography;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Tests.Caching;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.Keys;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Backups;

public sealed class RestoreTests
{
    /// <summary>What the objects of a system are: by key, the seed of their content.</summary>
    private readonly SortedDictionary<string, int> expected = new(StringComparer.Ordinal);

    [Fact]
    public async Task Restore_AnOlderBackup_HasEverythingAcknowledgedAndCollectsNothing()
    {
        await using var cluster = new TestCluster();
        var backup = await FillAsync(cluster);
        ulong generation, epoch;
        await using (var system = await cluster.OpenAsync())
        {
            await ChangeAsync(system);
            generation = system.Metadata.CommittedGeneration;
            epoch = system.Epoch;
        }

        var shards = await ShardsAsync(cluster);
        var report = await RestoreAsync(cluster, backup);
        report.Generation.ShouldBe(generation);
        report.BaseGeneration.ShouldBe(report.BackupGeneration);
        report.BackupGeneration.ShouldBeLessThan(generation);
        report.Records.ShouldBeGreaterThan(0);
        Directory.GetFiles(cluster.DataDirectory, "metadata*").ShouldHaveSingleItem();
        await using var again = await cluster.OpenAsync();
        again.Epoch.ShouldBeGreaterThan(epoch, "Nothing that was written before may be written again.");
        await ShouldBeWholeAsync(again);
        (await ShardsAsync(cluster)).ShouldBe(shards, "Nothing was deleted meanwhile.");
        await again.CollectAsync(CancellationToken.None);
        await ShouldBeWholeAsync(again);
        await ChangeAsync(again, "later");
        await ShouldBeWholeAsync(again);
    }

    [Fact]
    public async Task Restore_TheDatabaseIsLost_TakesItsPlace()
    {
        await using var cluster = new TestCluster();
        var backup = await FillAsync(cluster);
        await using (var system = await cluster.OpenAsync()) await ChangeAsync(system);
        foreach (var file in Directory.GetFiles(cluster.DataDirectory, "metadata.db*")) File.Delete(file);
        File.Delete(Path.Combine(cluster.DataDirectory, DirectoryIdentity.KeyringFileName));
        (await Should.ThrowAsync<StartRefusedException>(cluster.OpenAsync)).Reason.ShouldBe(StartRefusal.HalfDirectory);
        File.Delete(Path.Combine(cluster.DataDirectory, DirectoryIdentity.KeyringFileName));
        await RestoreAsync(cluster, backup);
        await using var again = await cluster.OpenAsync();
        await ShouldBeWholeAsync(again);
    }

    [Fact]
    public async Task Restore_TheJournalBeforeASnapshotIsGone_BeginsWithTheSnapshot()
    {
        await using var cluster = new TestCluster();
        var backup = await FillAsync(cluster);
        ulong snapshot;
        await using (var system = await cluster.OpenAsync())
        {
            foreach (var prefix in (string[])["first", "second"])
            {
                await ChangeAsync(system, prefix);
                // A log that a store is late with is kept.
                await CacheActions.UntilAsync(() => system.LogsInUse.Length == 1);
                await system.SnapshotAsync(CancellationToken.None);
            }

            snapshot = await system.SnapshotAsync(CancellationToken.None);
            await ChangeAsync(system, "after");
        }

        var report = await RestoreAsync(cluster, backup);
        report.BaseGeneration.ShouldBe(snapshot);
        report.Records.ShouldBeGreaterThan(0);
        await using var again = await cluster.OpenAsync();
        await ShouldBeWholeAsync(again);
    }

    [Fact]
    public async Task Restore_NoJournalIsLeftBesideASnapshot_BeginsWithTheSnapshot()
    {
        await using var cluster = new TestCluster();
        var backup = await FillAsync(cluster);
        ulong snapshot;
        await using (var system = await cluster.OpenAsync())
        {
            await ChangeAsync(system);
            snapshot = await system.SnapshotAsync(CancellationToken.None);
        }

        foreach (var store in cluster.Stores)
            foreach (var log in await LogsAsync(store)) await store.DeleteLogAsync(log, CancellationToken.None);
        var report = await RestoreAsync(cluster, backup);
        (report.BaseGeneration, report.Records).ShouldBe((snapshot, 0L), "Nothing but the snapshot tells that there were changes before it.");
        await using var again = await cluster.OpenAsync();
        await ShouldBeWholeAsync(again);
    }

    [Fact]
    public async Task Restore_WhatTheBackupHasWasShredded_StaysGone()
    {
        await using var cluster = new TestCluster();
        var backup = await FillAsync(cluster);
        byte[] key;
        await using (var system = await cluster.OpenAsync())
        {
            var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
            key = [.. (await Remains.DataOfAsync(system, bucket, "small1")).WrappedKey];
            await Remains.DeleteAsync(system, bucket, "small1");
            expected.Remove("small1");
            (await system.ShredAsync(CancellationToken.None)).HeldBack.ShouldBe("");
        }

        await RestoreAsync(cluster, backup);
        (await Remains.FindRawAsync(cluster, [key])).ShouldBeEmpty();
        await using var again = await cluster.OpenAsync();
        await ShouldBeWholeAsync(again);
    }

    [Fact]
    public async Task Restore_AfterARotationThatDestroyedTheBackupsKey_ReadsEverything()
    {
        await using var cluster = new TestCluster();
        var backup = await FillAsync(cluster);
        await using (var system = await cluster.OpenAsync())
        {
            await system.RotateKeyAsync(TimeSpan.Zero, CancellationToken.None);
            await system.Rotation.RunAsync(CancellationToken.None);
            system.GetKeyVersions().ShouldBe([2]);
            await ChangeAsync(system);
        }

        await RestoreAsync(cluster, backup);
        await using var again = await cluster.OpenAsync();
        await ShouldBeWholeAsync(again);
    }

    [Fact]
    public async Task Restore_BackupsThatAreNone_AreRefusedAndNothingIsTouched()
    {
        await using var cluster = new TestCluster();
        var backup = await FillAsync(cluster);
        var good = await File.ReadAllBytesAsync(backup);
        var before = await FilesAsync(cluster);
        var step = Math.Max(1, good.Length / 60);
        List<byte[]> bad = [[], good[..^1], [.. good, 0]];
        for (var at = 0; at < good.Length; at += step)
        {
            var flipped = good.ToArray();
            flipped[at] ^= 1;
            bad.Add(flipped);
            bad.Add(good[..at]);
        }

        foreach (var bytes in bad)
        {
            await File.WriteAllBytesAsync(backup, bytes);
            await Should.ThrowAsync<RestoreRefusedException>(() => RestoreAsync(cluster, backup));
        }

        await using var other = new TestCluster();
        await using (var stranger = await other.OpenAsync()) await WriteAsync(stranger, backup);
        (await Should.ThrowAsync<RestoreRefusedException>(() => RestoreAsync(cluster, backup))).Message.ShouldContain("cluster");
        (await Should.ThrowAsync<RestoreRefusedException>(() => RestoreAsync(cluster, backup + ".none"))).Message.ShouldContain("none");
        await File.WriteAllBytesAsync(backup, good);
        using (var wrong = new RootKey(new byte[32]))
            (await Should.ThrowAsync<StartRefusedException>(() => RestoreAsync(cluster, backup, root: wrong))).Reason.ShouldBe(StartRefusal.WrongRoot);
        (await FilesAsync(cluster)).ShouldBe(before);
        await using var again = await cluster.OpenAsync();
        await ShouldBeWholeAsync(again);
    }

    [Fact]
    public async Task Restore_TheJournalHasAGapOrItsEndIsUncertain_IsRefusedAndNothingIsTouched()
    {
        await using var cluster = new TestCluster();
        var backup = await FillAsync(cluster);
        for (var start = 0; start < 3; start++)
            await using (var system = await cluster.OpenAsync()) await ChangeAsync(system, $"start{start}-");
        var before = await FilesAsync(cluster);

        var all = cluster.Stores.ToList();
        cluster.Stores.RemoveRange(1, 5);
        (await Should.ThrowAsync<RestoreRefusedException>(() => RestoreAsync(cluster, backup))).Message.ShouldContain("stores that held");
        cluster.Stores.Clear();
        cluster.Stores.AddRange(all);

        foreach (var store in cluster.Stores)
        {
            var logs = await LogsAsync(store);
            await store.DeleteLogAsync(logs[^2], CancellationToken.None);
        }

        (await Should.ThrowAsync<RestoreRefusedException>(() => RestoreAsync(cluster, backup))).Message.ShouldContain("oort recover");
        (await FilesAsync(cluster)).ShouldBe(before);
        await using var again = await cluster.OpenAsync();
        await ShouldBeWholeAsync(again);
    }

    [Fact]
    public async Task Restore_AnotherGatewayHasWrittenAJournal_IsRefused()
    {
        await using var cluster = new TestCluster();
        var backup = await FillAsync(cluster);
        await using (var other = new TestCluster(0))
        {
            // Another directory of the same cluster, which no recovery has succeeded.
            Directory.CreateDirectory(other.DataDirectory);
            foreach (var file in Directory.GetFiles(cluster.DataDirectory)) File.Copy(file, Path.Combine(other.DataDirectory, Path.GetFileName(file)));
            (DirectoryIdentity.Read(other.DataDirectory)! with { Gateway = GatewayId.Create(RandomNumberGenerator.Fill) }).Write(other.DataDirectory);
            (await Should.ThrowAsync<RestoreRefusedException>(() => MetadataRestore.RunAsync(
                new() { DataDirectory = other.DataDirectory, BackupPath = backup }, cluster.Endpoints, cluster.Root, TimeProvider.System, cluster.Logs, null, CancellationToken.None))).Message.ShouldContain("Another gateway");
        }

        await using var again = await cluster.OpenAsync();
        await ShouldBeWholeAsync(again);
    }

    [Fact]
    public async Task Restore_KilledAfterAnyStep_LeavesTheOldDatabaseOrTheNewOne()
    {
        string[] steps = ["built", "moved", "named", "log gone", "in place"];
        foreach (var step in steps)
        {
            expected.Clear();
            await using var cluster = new TestCluster(4);
            var backup = await FillAsync(cluster);
            // Killed: the database has a log of its own beside it.
            var system = await cluster.OpenAsync();
            await ChangeAsync(system);
            await using var running = cluster.CrashedCopy();
            await system.DisposeAsync();
            var wal = Path.Combine(running.DataDirectory, "metadata.db-wal");
            if (!File.Exists(wal) || new FileInfo(wal).Length == 0) await File.WriteAllBytesAsync(wal, new byte[100]);

            // What stands there when it is killed: a copy, since an exception would let it clean up.
            TestCluster? killed = null;
            var seen = new List<string>();
            await RestoreAsync(running, backup, reached: reached =>
            {
                seen.Add(reached);
                if (reached == step) killed = running.CrashedCopy();
            });
            seen.ShouldBe(steps);
            await using (killed.ShouldNotBeNull())
            {
                await using (var again = await killed.OpenAsync())
                {
                    await ShouldBeWholeAsync(again);
                    (await again.Metadata.CheckAsync(10, CancellationToken.None)).ShouldBeEmpty(step);
                    await ChangeAsync(again, "after");
                    await ShouldBeWholeAsync(again);
                }

                Directory.GetFiles(killed.DataDirectory, "metadata.db.rest*").ShouldBeEmpty(step);
            }
        }
    }

    [Fact]
    public async Task Restore_OfADirectoryThatIsNone_IsRefused()
    {
        await using var cluster = new TestCluster();
        var backup = await FillAsync(cluster);
        var empty = Path.Combine(cluster.DataDirectory, "..", "empty");
        Directory.CreateDirectory(empty);
        (await Should.ThrowAsync<RestoreRefusedException>(() => MetadataRestore.RunAsync(
            new() { DataDirectory = empty, BackupPath = backup }, cluster.Endpoints, cluster.Root, TimeProvider.System, cluster.Logs, null, CancellationToken.None))).Message.ShouldContain("oort recover");
        Directory.GetFiles(empty).ShouldBeEmpty();
    }

    /// <summary>Objects, and a backup of them in a file.</summary>
    private async Task<string> FillAsync(TestCluster cluster)
    {
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        for (var index = 0; index < 12; index++) await PutAsync(system, bucket, $"small{index}", index);
        await PutAsync(system, bucket, "large", 700);
        var path = Path.Combine(cluster.DataDirectory, "..", "backup");
        await WriteAsync(system, path);
        return path;
    }

    private static async Task WriteAsync(ObjectSystem system, string path)
    {
        await using var backup = await system.BackupMetadataAsync(CancellationToken.None);
        await using var file = File.Create(path);
        await backup.Content.CopyToAsync(file);
    }

    /// <summary>New objects, overwritten and deleted ones.</summary>
    private async Task ChangeAsync(ObjectSystem system, string prefix = "new")
    {
        var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
        for (var index = 0; index < 8; index++) await PutAsync(system, bucket, prefix + index, 100 + index);
        await PutAsync(system, bucket, "small2", expected["small2"] + 1_000);
        await PutAsync(system, bucket, prefix + "large", 800);
        var gone = expected.Keys.First(key => key != "small1" && key.StartsWith("small", StringComparison.Ordinal) && key != "small2");
        await Remains.DeleteAsync(system, bucket, gone);
        expected.Remove(gone);
    }

    private async Task PutAsync(ObjectSystem system, BucketRow bucket, string key, int seed)
    {
        (await system.PutAsync(bucket, key, Content(seed))).Outcome.ShouldBe(CommitOutcome.Done);
        expected[key] = seed;
    }

    private static byte[] Content(int seed) => SystemActions.Content(seed, seed is 700 or 800 ? 900_000 : 1_000 + seed);

    private async Task ShouldBeWholeAsync(ObjectSystem system)
    {
        foreach (var (key, seed) in expected) (await system.GetAsync("bucket", key)).ShouldBe(Content(seed), key);
        var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
        (await system.Metadata.ListVersionsAsync(new(bucket.Id, "", "", "", null, 1000), CancellationToken.None)).Versions.Select(version => version.Key).ShouldBe(expected.Keys);
        (await system.FsckAsync(repair: false, null, CancellationToken.None)).Findings.Where(finding => finding.Severity != FindingSeverity.Note).ShouldBeEmpty();
    }

    /// <summary>A store's journal logs, in order.</summary>
    private static async Task<List<string>> LogsAsync(Oort.Backends.Suite.FlakyStore store)
    {
        var logs = new List<string>();
        await foreach (var name in store.ListLogsAsync("journal/", CancellationToken.None)) logs.Add(name);
        return [.. logs.Order(StringComparer.Ordinal)];
    }

    private static async Task<List<string>> ShardsAsync(TestCluster cluster)
    {
        var shards = new List<string>();
        foreach (var store in cluster.Stores)
            await foreach (var shard in store.ListAsync(CancellationToken.None)) shards.Add($"{store.Id} {shard.Id} {shard.Length}");
        return [.. shards.Order(StringComparer.Ordinal)];
    }

    /// <summary>The data directory, byte for byte.</summary>
    private static async Task<string> FilesAsync(TestCluster cluster)
    {
        var lines = new List<string>();
        foreach (var file in Directory.GetFiles(cluster.DataDirectory).Order(StringComparer.Ordinal))
            lines.Add($"{Path.GetFileName(file)} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(file)))}");
        return string.Join('\n', lines);
    }

    private static Task<RestoreReport> RestoreAsync(TestCluster cluster, string backup, RootKey? root = null, Action<string>? reached = null) => MetadataRestore.RunAsync(
        new() { DataDirectory = cluster.DataDirectory, BackupPath = backup, OpenTimeout = TimeSpan.FromSeconds(30) },
        cluster.Endpoints, root ?? cluster.Root, TimeProvider.System, cluster.Logs, null, reached, CancellationToken.None);
}
