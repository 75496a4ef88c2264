using System.Collections.Immutable;
using Oort.Backends.Local;
using Oort.Backends.Suite;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Node.Protocol;
using Oort.Objects;
using Oort.Simulation.Machines;
using Oort.Simulation.Network;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Audits;

/// <summary>A gateway with disks of its own, and the nodes that it audits over the simulated network.</summary>
internal sealed class AuditCluster : IDisposable
{
    /// <summary>Uploads at a time while the cluster is filled.</summary>
    private const int FillConcurrency = 64;

    private const int ObjectSize = 100;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("oort-audits-");
    private readonly Dictionary<NodeMachine, Link> links = [];
    private readonly AuditShape shape;
    private readonly NodeIdentity own;
    private readonly RootKey root = new(new byte[32]);
    private readonly TraceLog logs;
    private readonly GatewayMachine gateway;

    /// <param name="image">What it begins with; null: with nothing.</param>
    public AuditCluster(Simulator simulator, AuditShape shape, AuditImage? image)
    {
        (Simulator, this.shape) = (simulator, shape);
        logs = new(simulator);
        if (image is not null) AuditImage.Copy(image.Folder, Folder);
        // A copy has the keys of what it was copied from: they are the same in every run.
        var identities = new Random(1);
        var seed = new byte[NodeIdentity.SeedSize];
        identities.NextBytes(seed);
        own = NodeIdentity.FromSeed(seed);
        OwnDisks = image is null ? [.. Enumerable.Range(0, shape.OwnDisks).Select(_ => new RecordingDisk { IsForgetful = true })] : [.. image.OwnDisks.Select(disk => disk.Copy())];
        var random = simulator.Fork();
        Nodes = [.. Enumerable.Range(0, shape.Nodes).Select(number => new NodeMachine(simulator, $"node{number}", Folder, own.Id, logs, identities) { IsScrubbing = false })];
        for (var number = 0; number < Nodes.Length; number++)
        {
            Nodes[number].Disk = Nodes[number].NewDisk(image?.NodeDisks[number].Copy() ?? new() { IsForgetful = true });
            links[Nodes[number]] = new(simulator, simulator.Fork(), Nodes[number].Name) { Latency = TimeSpan.FromMilliseconds(1 + (random.NextDouble() * 50)), Jitter = TimeSpan.FromMilliseconds(5) };
        }

        gateway = new(simulator, LinkTo, Path.Combine(Folder, "gateway"), own, root, new VirtualClock(simulator), logs) { Adjust = shape.Adjust };
    }

    public Simulator Simulator { get; }

    public string Folder => folder.FullName;

    public ImmutableArray<RecordingDisk> OwnDisks { get; }

    public ImmutableArray<NodeMachine> Nodes { get; }

    public ObjectSystem System => gateway.System;

    public Link LinkTo(NodeMachine node) => links[node];

    public static LocalStoreOptions StoreOptions(Simulator simulator, VirtualClock clock) => new()
    {
        VolumeSizeBytes = 4 << 20,
        AllocationStepBytes = 256 << 10,
        HeadroomBytes = 0,
        Threads = simulator.Threads,
        TimeProvider = clock,
    };

    public async Task StartAsync()
    {
        foreach (var node in Nodes) await node.StartAsync();
        await gateway.StartAsync(Nodes, OwnDisks.Select((disk, number) => new OwnDisk(Simulator, gateway.Clock, disk, number)));
    }

    public async Task FillAsync()
    {
        var (outcome, bucket) = await System.Metadata.CreateBucketAsync(new() { Id = default, Name = "bucket", OwnerId = "root", Created = DateTimeOffset.UnixEpoch, Region = "us-east-1" }, CancellationToken.None);
        if (outcome != CommitOutcome.Done) throw new SimulationException($"The bucket was not made: {outcome}.");
        await Task.WhenAll(Enumerable.Range(0, FillConcurrency).Select(async client =>
        {
            for (var number = client; number < shape.Segments; number += FillConcurrency)
            {
                var put = await gateway.PutAsync(bucket!, $"key{number}", new byte[ObjectSize]);
                if (put != CommitOutcome.Done) throw new SimulationException($"A PUT ended with {put}.");
            }
        }));
    }

    public async Task StopAsync() => await gateway.StopAsync();

    public void Dispose()
    {
        logs.Dispose();
        own.Dispose();
        root.Dispose();
        SqliteFiles.Forget(Folder);
        folder.Delete(recursive: true);
    }
}
