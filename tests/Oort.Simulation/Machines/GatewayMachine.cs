using System.IO.Pipelines;
using Microsoft.Extensions.Logging;
using Oort.Backends.Node;
using Oort.Backends.Suite;
using Oort.Crypto;
using Oort.Gateway;
using Oort.Metadata;
using Oort.Node.Protocol;
using Oort.Objects;
using Oort.Simulation.Network;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Machines;

/// <summary>One life of a gateway: from a start to a crash or a stop. The next life has a copy of its directory.</summary>
internal sealed class GatewayMachine(Simulator simulator, Func<NodeMachine, Link> linkTo, string folder, NodeIdentity own, RootKey root, VirtualClock clock, ILoggerFactory logs)
{
    private readonly TaskCompletionSource died = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsDead { get; private set; }

    /// <summary>Ends with this life.</summary>
    public Task Died => died.Task;

    /// <summary>That of the machine, which it shares with the lives before and after it.</summary>
    public VirtualClock Clock => clock;

    public ObjectSystem System { get; private set; } = null!;

    /// <summary>Changes the options that it is started with.</summary>
    public Func<ObjectSystemOptions, ObjectSystemOptions> Adjust { get; init; } = static options => options;

    /// <summary>The node at a location that the gateway knows from a row; null: there is none.</summary>
    public Func<string, NodeMachine?> Find { get; init; } = static _ => null;

    public Link LinkTo(NodeMachine node) => linkTo(node);

    public NodeEndpoint EndpointOf(NodeMachine node) => new(node.Address, own, new NodeStoreOptions
    {
        TimeProvider = Clock,
        Transport = (address, identity) => new NodeTransport(simulator, this, node, address, identity),
    });

    /// <param name="nodes">Those that shall be stores of a new cluster; later the gateway knows its stores by itself.</param>
    /// <param name="disks">Stores of its own machine.</param>
    /// <exception cref="StartRefusedException">Too few nodes answer.</exception>
    public async Task StartAsync(IEnumerable<NodeMachine> nodes, params IEnumerable<IStoreEndpoint> disks)
    {
        Directory.CreateDirectory(folder);
        SqliteFiles.Watch();
        var options = new ObjectSystemOptions
        {
            DataDirectory = folder,
            Threads = simulator.Threads,
            Random = simulator.Fork().NextBytes,
            Locate = location => Find(location) is { } node ? EndpointOf(node) : null,
            Objects = new() { BufferBytes = 64 << 20, SegmentChunks = 16, RunBytes = 256 << 10 },
            RepairInterval = TimeSpan.FromMinutes(2),
            ScrubInterval = TimeSpan.FromHours(2),
            DeleteGrace = TimeSpan.FromMinutes(5),
            OrphanScanInterval = TimeSpan.FromMinutes(30),
            // By a clock that jumps, an upload of a minute ago is a year old.
            AbandonedUploadAge = null,
            // An audit of each node in half a minute: a fault of a minute is met, and is not all that is known of the node.
            Audits = new() { ProbationInterval = TimeSpan.FromSeconds(30), AuditsPerDayMin = 2_880, AuditsPerDayMax = 2_880, DrawInterval = TimeSpan.FromMinutes(1) },
        };
        System = await ObjectSystem.OpenAsync(Adjust(options), [.. disks, .. nodes.Select(EndpointOf)], root, Clock, logs, CancellationToken.None);
    }

    /// <summary>The process is killed, or its machine loses power. What it had begun goes on in a world that it can no longer reach.</summary>
    /// <param name="copy">Where the next life finds what is left of its directory.</param>
    /// <param name="mode">What becomes of that which was written and not synced; of a process that is killed, all stays.</param>
    public void Crash(string copy, CrashMode mode, Random random)
    {
        IsDead = true;
        SqliteFiles.Copy(folder, copy, mode, random);
        died.SetResult();
        if (System is not null) _ = System.StopAsync(CancellationToken.None).AsTask();
    }

    /// <summary>An orderly stop.</summary>
    public async Task StopAsync()
    {
        await System.DisposeAsync();
        IsDead = true;
        died.TrySetResult();
    }

    public async Task<CommitOutcome> PutAsync(BucketRow bucket, string key, byte[] content)
    {
        var body = new ObjectBody(PipeReader.Create(new(content)), content.Length, null, null);
        return (await System.Objects.PutObjectAsync(bucket, key, "root", "STANDARD", ObjectAttributes.Empty, body, WriteConditions.None, CancellationToken.None)).Outcome;
    }

    public async Task DeleteAsync(BucketRow bucket, string key) => await System.Metadata.DeleteVersionAsync(new(bucket.Id, key, "root", null, WriteConditions.None), CancellationToken.None);

    public async Task<CommitOutcome> CreateUploadAsync(BucketRow bucket, string key, UploadId id) =>
        await System.Metadata.CreateUploadAsync(new() { Bucket = bucket.Id, Key = key, Id = id, Initiated = Clock.GetUtcNow(), OwnerId = "root" }, CancellationToken.None);

    public async Task<(CommitOutcome Outcome, PartRow? Part)> PutPartAsync(BucketRow bucket, string key, UploadId id, int number, byte[] content)
    {
        if (await System.Metadata.FindUploadAsync(bucket.Id, key, id, CancellationToken.None) is not { } upload) return (CommitOutcome.NoSuchUpload, null);
        var result = await System.Objects.PutPartAsync(upload, number, new ObjectBody(PipeReader.Create(new(content)), content.Length, null, null), CancellationToken.None);
        return (result.Outcome, result.Part);
    }

    public async Task<CommitOutcome> CompleteUploadAsync(BucketRow bucket, string key, UploadId id, IReadOnlyList<PartRow> parts) =>
        (await System.Metadata.CompleteUploadAsync(new(bucket.Id, key, id, [.. parts], "several", ObjectAttributes.Empty, WriteConditions.None), CancellationToken.None)).Outcome;

    public async Task<CommitOutcome> AbortUploadAsync(BucketRow bucket, string key, UploadId id) => await System.Metadata.AbortUploadAsync(bucket.Id, key, id, CancellationToken.None);

    public async Task<List<UploadRow>> ListUploadsAsync(BucketRow bucket)
    {
        var uploads = new List<UploadRow>();
        for (var (afterKey, afterUpload) = ("", (UploadId?)null); ;)
        {
            var page = await System.Metadata.ListUploadsAsync(new(bucket.Id, "", "", afterKey, afterUpload, 3), CancellationToken.None);
            uploads.AddRange(page.Uploads);
            if (!page.IsTruncated) return uploads;
            (afterKey, afterUpload) = (page.LastKey, page.LastUpload);
        }
    }

    public async Task<List<PartRow>> ListPartsAsync(UploadId id)
    {
        var parts = new List<PartRow>();
        for (var after = 0; ;)
        {
            var page = await System.Metadata.ListPartsAsync(id, after, 3, CancellationToken.None);
            parts.AddRange(page.Parts);
            if (!page.IsTruncated) return parts;
            after = page.Parts[^1].PartNumber;
        }
    }

    /// <summary>The bytes of an object; null when there is none.</summary>
    public async Task<byte[]?> GetAsync(BucketRow bucket, string key)
    {
        for (var attempt = 0; ; attempt++)
        {
            if (await System.Metadata.FindVersionAsync(bucket.Id, key, null, CancellationToken.None) is not { IsDeleteMarker: false } version) return null;
            try
            {
                await using var reader = await System.Objects.OpenAsync(version, CancellationToken.None);
                using var content = new MemoryStream();
                var writer = PipeWriter.Create(content, new StreamPipeWriterOptions(leaveOpen: true));
                await reader.CopyToAsync(0, version.Size, writer, CancellationToken.None);
                await writer.CompleteAsync();
                return content.ToArray();
            }
            catch (VersionGoneException) when (attempt < 5)
            {
                // It was replaced in this moment: look again.
            }
        }
    }

    public async Task<List<string>> ListAsync(BucketRow bucket)
    {
        var keys = new List<string>();
        for (var after = ""; ;)
        {
            var page = await System.Metadata.ListObjectsAsync(new(bucket.Id, "", "", after, 7), CancellationToken.None);
            keys.AddRange(page.Objects.Select(entry => entry.Key));
            if (!page.IsTruncated) return keys;
            after = page.Last;
        }
    }
}
