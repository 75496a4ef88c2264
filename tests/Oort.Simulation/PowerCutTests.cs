using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Metadata.Sqlite;
using Oort.Simulation.Faults;
using Oort.Simulation.Machines;
using Oort.Simulation.Scheduling;
using Oort.Simulation.Workload;
using Shouldly;
using Xunit;

namespace Oort.Simulation;

/// <summary>What a power cut takes from the gateway's database, the journal on the stores gives back.</summary>
public sealed class PowerCutTests
{
    /// <summary>The gateway knows its nodes from its database alone, and asks them for the journal: where they are must not be lost with the database's tail.</summary>
    [Theory]
    [InlineData(CrashMode.Dropped)]
    [InlineData(CrashMode.Torn)]
    public async Task Gateway_LosesWhatItsDatabaseHadNotSynced_HasItAgainFromItsNodes(CrashMode mode)
    {
        using var world = new World(new Simulator(5));
        world.Clients.Add(new(world, 0, 4) { Sizes = [300, 100_000] });
        await world.Simulator.RunAsync(async () =>
        {
            await world.StartAsync();
            await world.WorkAsync(TimeSpan.FromSeconds(5));
            var joining = world.NewNode();
            await joining.StartAsync();
            await new Operator(world).JoinAsync(joining);
            world.Members.Add(joining);
            await world.WorkAsync(TimeSpan.FromSeconds(5));
            var before = world.Gateway!.System.GetStatus().Generation;
            world.Gateways[0].Crash(mode);
            world.BeginGateway();
            await world.GatewayStart;
            world.Gateway!.System.GetStatus().Generation.ShouldBeGreaterThan(before);
            world.Gateway!.System.GetStatus().Stores.Length.ShouldBe(7);
            await world.SettleAsync();
            await world.CheckAsync();
            await world.StopAsync();
        });
        world.Clients[0].Failures.ShouldBe(0);
    }

    [Fact]
    public async Task Database_CopiedAsACrashLeavesIt_HasWhatWasSynced()
    {
        SqliteFiles.Watch();
        var folder = Directory.CreateTempSubdirectory("oort-simulation-");
        try
        {
            var path = Path.Combine(folder.CreateSubdirectory("data").FullName, "metadata.db");
            await using (var store = SqliteMetadataStore.Open(new() { Path = path }, TimeProvider.System))
            {
                await store.StartAsync(new Taking(), 0);
                var row = new StoreRow { Id = StoreId.Parse(new string('1', 32)), Location = "here", State = StoreState.Active };
                await store.PutStoreAsync(row, default);
                await store.PutSettingAsync("later", [1], default);
                var files = Directory.GetFiles(Path.GetDirectoryName(path)!);
                files.Length.ShouldBe(2);
                Copy(CrashMode.Kept);
                foreach (var file in files) File.ReadAllBytes(Path.Combine(folder.FullName, nameof(CrashMode.Kept), Path.GetFileName(file))).ShouldBe(ReadShared(file));
                Copy(CrashMode.Dropped);
                Copy(CrashMode.Torn);
            }

            (await OpenAsync(CrashMode.Kept)).ShouldBe("1 store, generation 2");
            (await OpenAsync(CrashMode.Dropped)).ShouldBe("1 store, generation 1", "The row of a store is synced, a setting is not.");
            (await OpenAsync(CrashMode.Torn)).ShouldStartWith("1 store,");
        }
        finally
        {
            SqliteFiles.Forget(folder.FullName);
            folder.Delete(recursive: true);
        }

        void Copy(CrashMode mode) => SqliteFiles.Copy(Path.Combine(folder.FullName, "data"), Path.Combine(folder.FullName, mode.ToString()), mode, new Random(1));

        async Task<string> OpenAsync(CrashMode mode)
        {
            await using var copy = SqliteMetadataStore.Open(new() { Path = Path.Combine(folder.FullName, mode.ToString(), "metadata.db") }, TimeProvider.System);
            return $"{(await copy.ReadStoresAsync(CancellationToken.None)).Length} store, generation {copy.CommittedGeneration}";
        }
    }

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>A journal that takes everything.</summary>
    private sealed class Taking : IJournal
    {
        public ValueTask AppendAsync(JournalEntry entry, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
