using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Backends.Local;
using Oort.Backends.Node;
using Oort.Backends.Suite;
using Oort.Node;
using Oort.Node.Protocol;
using Oort.Simulation.Network;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Machines;

/// <summary>What a machine does when it is called.</summary>
internal enum NodePower
{
    /// <summary>The node serves.</summary>
    On,

    /// <summary>The machine runs, the node does not: connections are refused.</summary>
    Off,

    /// <summary>Nothing answers at all.</summary>
    Dark,
}

/// <summary>A storage node: its directory, its disk, and the handlers of the product behind a simulated network.</summary>
internal sealed class NodeMachine : INodeServer
{
    private readonly Simulator simulator;
    private readonly Random random;
    private readonly NodeId gateway;
    private readonly ILoggerFactory logs;
    private readonly string folder;
    private Running? running;
    private int answered;

    /// <param name="identities">Where its key is from; null: from the seed, as everything else.</param>
    public NodeMachine(Simulator simulator, string name, string parent, NodeId gateway, ILoggerFactory logs, Random? identities = null)
    {
        (this.simulator, this.gateway, this.logs, Name) = (simulator, gateway, logs, name);
        random = simulator.Fork();
        Clock = new(simulator);
        Disk = NewDisk(new());
        folder = Path.Combine(parent, name);
        var seed = new byte[NodeIdentity.SeedSize];
        (identities ?? random).NextBytes(seed);
        using var identity = NodeIdentity.FromSeed(seed);
        Id = identity.Id;
        Directory.CreateDirectory(folder);
        var key = Path.Combine(folder, NodeDirectory.KeyFile);
        File.WriteAllBytes(key, identity.ExportPrivateKey());
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Address = new(Id, name, 9100);
    }

    public string Name { get; }

    public NodeId Id { get; }

    public NodeAddress Address { get; }

    /// <summary>Its address as a store's row has it.</summary>
    public string Location => Address.ToString();

    public VirtualClock Clock { get; }

    /// <summary>What is in it now; another one may be put in while it is off.</summary>
    public SimulatedDisk Disk
    {
        get;
        set => (field, answered) = (value, 0);
    }

    public NodePower Power { get; private set; } = NodePower.Off;

    /// <summary>It takes connections and requests and answers none.</summary>
    public bool IsHung { get; set; }

    /// <summary>No sync of its disk ever ends: what only reads is answered.</summary>
    public bool IsDiskHung { get; set; }

    /// <summary>Up to this long until an answer is sent when all is done: what the disk would take.</summary>
    public TimeSpan DiskTime { get; set; } = TimeSpan.FromMilliseconds(3);

    /// <summary>Up to this long before a request is looked at.</summary>
    public TimeSpan ServiceTime { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <summary>What it makes of its answers; null: it is honest.</summary>
    public Func<ServerCall, byte[], byte[]?>? Lie { get; set; }

    /// <summary>It has lied, lost something or read wrong bits: what audits make of that is right.</summary>
    public bool MayFailAudits { get; set; }

    /// <summary>It reads its shards over and over.</summary>
    public bool IsScrubbing { get; init; } = true;

    /// <summary>The store that it serves; null: none, or it is off.</summary>
    public LocalStore? Store => running?.Services.Storage.Store;

    /// <summary>What its scrub has found damaged.</summary>
    public ImmutableArray<ShardId> DamagedShards(int countMax) => running?.Scrub.Bad(countMax) ?? [];

    public SimulatedDisk NewDisk(RecordingDisk medium) => new(random, medium, $"disk of {Name}");

    /// <summary>Starts the node.</summary>
    /// <exception cref="NodeStartException">It refuses to: another node's disk is in it, say.</exception>
    public async Task StartAsync()
    {
        var options = new NodeOptions
        {
            DataDirectory = folder,
            Gateways = [gateway],
            Store = new LocalStoreOptions { VolumeSizeBytes = 4 << 20, AllocationStepBytes = 256 << 10, HeadroomBytes = 0, Threads = simulator.Threads, TimeProvider = Clock },
            OpenDisk = _ => Disk,
            ScrubBytesPerSecond = IsScrubbing ? 8 << 20 : 0,
            ScrubPause = TimeSpan.FromMinutes(1),
            Random = random.NextBytes,
        };
        var directory = NodeDirectory.Open(folder, options.OpenDisk);
        try
        {
            var storage = await NodeStorage.OpenAsync(directory, options, Clock, logs.CreateLogger<NodeStorage>(), CancellationToken.None);
            var services = new NodeServices(directory.Identity, directory, storage, new BodyBudget(options.BodyBytesMax), new BandwidthCap(null, Clock), new NameStates(), new UploadTable(options.UploadIdleMax, Clock), options, Clock);
            running = new(services, new NodeRouter(services, logs.CreateLogger<NodeRouter>()), new SelfScrub(storage, options, Clock, logs.CreateLogger<SelfScrub>()));
            Power = NodePower.On;
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>The machine stops in the middle of everything.</summary>
    /// <param name="mode">What becomes of that which was written and not synced.</param>
    /// <param name="power">How it looks from outside.</param>
    public void Crash(CrashMode mode, NodePower power)
    {
        Power = power;
        if (running is not { } before) return;
        running = null;
        // Everything that was answered is on the disk; of the rest, as much as had come to it.
        var medium = Disk.Medium;
        Disk = NewDisk(medium.Crash(random.Next(answered, medium.OperationCount + 1), mode, random.Next()));
        // What still runs of it writes to a disk that nobody has any more.
        before.Services.Directory.Dispose();
        _ = EndAsync(before);
    }

    /// <summary>An orderly stop.</summary>
    public async Task StopAsync()
    {
        Power = NodePower.Off;
        if (running is not { } before) return;
        running = null;
        before.Services.Directory.Dispose();
        await EndAsync(before);
    }

    public void Serve(ServerCall call)
    {
        if (IsHung || Power != NodePower.On || running is not { } now) return;
        if (IsDiskHung && (call.Method is not ("GET" or "HEAD") || call.Target == NodePaths.Status)) return;
        call.Forge = Lie;
        call.FinishAsync = FinishAsync;
        simulator.After(ServiceTime * random.NextDouble(), () => _ = call.RunAsync(now.Router.HandleAsync));
    }

    /// <summary>The handler has done its work; the answer may go.</summary>
    private async Task FinishAsync()
    {
        var (medium, count) = (Disk.Medium, Disk.Medium.OperationCount);
        await simulator.DelayAsync(DiskTime * random.NextDouble());
        if (Disk.Medium == medium) answered = Math.Max(answered, count);
    }

    private static async Task EndAsync(Running before)
    {
        await before.Scrub.DisposeAsync();
        await before.Services.Uploads.DisposeAsync();
        await before.Services.Storage.DisposeAsync();
    }

    private sealed record Running(NodeServices Services, NodeRouter Router, SelfScrub Scrub);
}
