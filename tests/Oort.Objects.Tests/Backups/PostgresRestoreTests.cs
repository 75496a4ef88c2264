using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.Keys;
using Oort.Shared;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Backups;

/// <summary>Backups that are restored into an empty PostgreSQL database.</summary>
public sealed class PostgresRestoreTests : IAsyncLifetime
{
    private readonly TestCluster cluster = new();
    private readonly SortedDictionary<string, byte[]> expected = new(StringComparer.Ordinal);
    private PostgresHost host = null!;

    private string BackupPath => Path.Combine(cluster.DataDirectory, "..", "backup");

    public async ValueTask InitializeAsync()
    {
        host = await PostgresHost.StartAsync();
        await host.CreateDatabaseAsync("restored");
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        await cluster.DisposeAsync();
    }

    [Fact]
    public async Task Restore_BackupOfSqlite_HasEverythingAcknowledgedAndServesFromThere()
    {
        ulong generation, epoch;
        await using (var system = await cluster.OpenAsync())
        {
            await FillAsync(system);
            await ChangeAsync(system, "later");
            (generation, epoch) = (system.Metadata.CommittedGeneration, system.Epoch);
        }

        var report = await RestoreAsync("restored");
        (report.Generation, report.Records > 0).ShouldBe((generation, true));
        (await Should.ThrowAsync<StartRefusedException>(cluster.OpenAsync)).Message.ShouldContain("--metadata");
        Use("restored");
        await using (var again = await cluster.OpenAsync())
        {
            again.Epoch.ShouldBeGreaterThan(epoch);
            await ShouldBeWholeAsync(again);
            await again.CollectAsync(CancellationToken.None);
            await ChangeAsync(again, "after");
            await ShouldBeWholeAsync(again);
        }

        Directory.GetFiles(cluster.DataDirectory, "metadata.db*").ShouldBeEmpty("Its wrapped keys would outlive their deletion.");
        await using var once = await cluster.OpenAsync();
        await ShouldBeWholeAsync(once);
    }

    [Fact]
    public async Task Restore_TheServersDatabaseIsLost_ComesBackInAnEmptyOne()
    {
        await host.CreateDatabaseAsync("first");
        Use("first");
        await using (var system = await cluster.OpenAsync())
        {
            await FillAsync(system);
            await ChangeAsync(system, "later");
        }

        await host.DropDatabaseAsync("first");
        await RestoreAsync("restored");
        Use("restored");
        await using var again = await cluster.OpenAsync();
        await ShouldBeWholeAsync(again);
        await ChangeAsync(again, "after");
        await ShouldBeWholeAsync(again);
    }

    [Fact]
    public async Task Restore_IntoADatabaseThatIsNotEmpty_IsRefusedAndNothingIsTouched()
    {
        await host.CreateDatabaseAsync("first");
        Use("first");
        await using (var system = await cluster.OpenAsync()) await FillAsync(system);
        (await Should.ThrowAsync<RestoreRefusedException>(() => RestoreAsync("first"))).Message.ShouldContain("already");
        (await Should.ThrowAsync<RestoreRefusedException>(() => RestoreAsync("none"))).Message.ShouldContain("none");
        await host.CreateDatabaseAsync("stranger");
        await host.QueryAsync("stranger", "CREATE TABLE state(x int)");
        await Should.ThrowAsync<RestoreRefusedException>(() => RestoreAsync("stranger"));
        (await host.QueryAsync("stranger", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).ShouldBe("1");
        await using var again = await cluster.OpenAsync();
        await ShouldBeWholeAsync(again);
    }

    [Fact]
    public async Task Restore_KilledAfterAnyStep_StartsAsBeforeOrFromThere()
    {
        await using (var system = await cluster.OpenAsync())
        {
            await FillAsync(system);
            await ChangeAsync(system, "later");
        }

        var killed = new List<(string Step, TestCluster Cluster)>();
        await RestoreAsync("restored", step =>
        {
            killed.Add((step, cluster.CrashedCopy()));
            host.QueryAsync("postgres", $"CREATE DATABASE at_{step} TEMPLATE restored").GetAwaiter().GetResult();
        });
        killed.Select(one => one.Step).ShouldBe(["built", "copied", "moved"]);
        foreach (var (step, copy) in killed)
        {
            await using (copy)
            {
                if (step != "moved")
                {
                    // The old database still is the one; and the restore goes on when it is begun again.
                    await using (var old = await copy.OpenAsync()) await ShouldBeWholeAsync(old);
                }
                else
                {
                    copy.Options = copy.Options with { MetadataDatabase = host.Address("at_" + step) };
                    await using var there = await copy.OpenAsync();
                    await ShouldBeWholeAsync(there);
                }
            }
        }
    }

    [Fact]
    public async Task Restore_AgainAfterItBrokeOffBehindTheCopy_GoesOn()
    {
        await using (var system = await cluster.OpenAsync()) await FillAsync(system);
        await Should.ThrowAsync<TimeoutException>(() => RestoreAsync("restored", step => { if (step == "copied") throw new TimeoutException(step); }));
        await RestoreAsync("restored");
        Use("restored");
        await using var again = await cluster.OpenAsync();
        await ShouldBeWholeAsync(again);
    }

    private void Use(string database) => cluster.Options = cluster.Options with { MetadataDatabase = host.Address(database) };

    private Task<RestoreReport> RestoreAsync(string database, Action<string>? reached = null) => MetadataRestore.RunAsync(
        new() { DataDirectory = cluster.DataDirectory, BackupPath = BackupPath, MetadataDatabase = host.Address(database), OpenTimeout = TimeSpan.FromSeconds(30) },
        cluster.Endpoints, cluster.Root, TimeProvider.System, cluster.Logs, null, reached, CancellationToken.None);

    /// <summary>Objects, and a backup of them.</summary>
    private async Task FillAsync(ObjectSystem system)
    {
        var bucket = await system.CreateBucketAsync("bucket");
        for (var index = 0; index < 12; index++) await PutAsync(system, bucket, $"small{index}", 1_000 + index);
        await PutAsync(system, bucket, "large", 900_000);
        await using var backup = await system.BackupMetadataAsync(CancellationToken.None);
        await using var file = File.Create(BackupPath);
        await backup.Content.CopyToAsync(file);
    }

    private async Task ChangeAsync(ObjectSystem system, string prefix)
    {
        var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
        for (var index = 0; index < 8; index++) await PutAsync(system, bucket, prefix + index, 2_000 + index);
        await PutAsync(system, bucket, "small2", 3_000);
        var gone = expected.Keys.First(key => key.StartsWith("small", StringComparison.Ordinal) && key != "small2");
        await Remains.DeleteAsync(system, bucket, gone);
        expected.Remove(gone);
    }

    private async Task PutAsync(ObjectSystem system, BucketRow bucket, string key, int length)
    {
        var content = SystemActions.Content(length, length);
        (await system.PutAsync(bucket, key, content)).Outcome.ShouldBe(CommitOutcome.Done);
        expected[key] = content;
    }

    private async Task ShouldBeWholeAsync(ObjectSystem system)
    {
        foreach (var (key, content) in expected) (await system.GetAsync("bucket", key)).ShouldBe(content, key);
        var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
        (await system.Metadata.ListVersionsAsync(new(bucket.Id, "", "", "", null, 1000), CancellationToken.None)).Versions.Select(version => version.Key).ShouldBe(expected.Keys);
        (await system.FsckAsync(repair: false, null, CancellationToken.None)).Findings.Where(finding => finding.Severity != FindingSeverity.Note).ShouldBeEmpty();
    }
}
