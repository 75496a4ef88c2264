using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends.Node;
using Oort.Benchmarks.Gateway;
using Oort.Crypto;
using Oort.Gateway;
using Oort.Metadata;
using Oort.Node.Protocol;
using Oort.Objects;
using Oort.Objects.Audits;
using Oort.Shared;

namespace Oort.Benchmarks.Cluster;

/// <summary>What audits cost: this process is the gateway, and audits six node processes over TLS as fast as it can; by the default rate follows what a stored TiB costs a day.</summary>
internal static class AuditBenchmark
{
    private const int NodeCount = 6;
    private const long Tebibyte = 1L << 40;

    /// <summary>4+2: an object is cut into so many shards, and two more.</summary>
    private const int DataShards = 4;

    /// <summary>Of each node: more than a gateway gets done, so that every tick has one.</summary>
    private const int AuditsPerDay = 50 * 24 * 60 * 60;

    private static readonly TimeSpan tick = TimeSpan.FromMilliseconds(100);

    /// <summary>What a gateway does once when it starts, the check of journals and keyrings and the first rebalancing, is over by then.</summary>
    private static readonly TimeSpan startTime = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan quietTime = TimeSpan.FromSeconds(10);

    /// <summary>A slow machine does 2,000 audits of 16 MiB in minutes.</summary>
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(20);

    public static async Task RunAsync(bool isShort)
    {
        Console.WriteLine("What one audit costs, and a day of audits at the default rate of a node that holds a TiB of shards.");
        Console.WriteLine("Wire: both ways, with TLS. Node reads: from files, whether from the disk or from memory. What goes on without audits is subtracted.");
        Console.WriteLine();
        Console.WriteLine("| shards of | audits measured | wire, KiB | gateway CPU, ms | node CPU, ms | node reads, MiB | audits a day | wire, MiB a day | gateway CPU, s a day | node CPU, s a day | node reads, GiB a day |");
        Console.WriteLine("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        var audits = isShort ? 400 : 2_000;
        await MeasureAsync(1 << 20, objects: 40, audits);
        await MeasureAsync(16 << 20, objects: 4, audits);
    }

    /// <summary>1. Nodes, a gateway, objects, and audits that get receipts and compile the code. 2. What goes on without audits. 3. Audits. 4. What one costs, and a day of the default rate.</summary>
    private static async Task MeasureAsync(int shardSize, int objects, int count)
    {
        var folder = Directory.CreateTempSubdirectory("oort-bench-audits-").FullName;
        using var identity = NodeIdentity.Create();
        using var root = new RootKey(new byte[RootKey.Size]);
        var nodes = new List<NodeProcess>();
        try
        {
            // 1.
            for (var i = 0; i < NodeCount; i++) nodes.Add(await NodeProcess.StartAsync(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"node{i}")), "--gateway", identity.Id.ToString(), "--scrub", "off"));
            await using (var system = await OpenAsync(tick))
            {
                await FillAsync(system, objects, DataShards * shardSize);
                foreach (var store in system.GetStatus().Stores) await system.Reputations.EnrolAsync(store.Id, isVetted: false, CancellationToken.None);
                await UntilAsync(system, count / 2);
            }

            // 2.
            using var wire = new WireCounter();
            Cost quiet;
            await using (await OpenAsync(TimeSpan.FromDays(1)))
            {
                await Task.Delay(startTime);
                quiet = await TakeAsync(nodes, wire, () => Task.Delay(quietTime));
            }

            // 3.
            await using var audited = await OpenAsync(tick);
            await Task.Delay(startTime);
            var begun = Count(audited);
            var busy = await TakeAsync(nodes, wire, () => UntilAsync(audited, begun + count));
            var done = Count(audited) - begun;

            // 4.
            var one = (busy - (quiet * (busy.Seconds / quiet.Seconds))) * (1.0 / done);
            var defaults = new AuditOptions();
            var aDay = Math.Min(defaults.AuditsPerDayMax, defaults.AuditsPerDayMin + (Tebibyte / shardSize / defaults.ShardsPerAudit));
            var day = one * aDay;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {shardSize >> 20} MiB | {done} | {one.WireBytes / 1024:F1} | {one.GatewayCpu * 1000:F2} | {one.NodeCpu * 1000:F1} | {one.ReadBytes / (1 << 20):F2} | {aDay} | {day.WireBytes / (1 << 20):F1} | {day.GatewayCpu:F2} | {day.NodeCpu:F2} | {day.ReadBytes / (1 << 30):F2} |"));
        }
        finally
        {
            foreach (var node in nodes) await node.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }

        Task<ObjectSystem> OpenAsync(TimeSpan audits) => ObjectSystem.OpenAsync(
            new()
            {
                DataDirectory = Directory.CreateDirectory(Path.Combine(folder, "gateway")).FullName,
                Audits = new() { Tick = audits, ProbationInterval = tick / 5, AuditsPerDayMin = AuditsPerDay, AuditsPerDayMax = AuditsPerDay, BytesPerSecond = 0, DrawInterval = TimeSpan.FromSeconds(1) },
            },
            [.. nodes.Select(node => new NodeEndpoint(node.Address, identity, new NodeStoreOptions()))],
            root,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None);
    }

    private static async Task FillAsync(ObjectSystem system, int objects, int size)
    {
        var (_, bucket) = await system.Metadata.CreateBucketAsync(new() { Id = default, Name = "bucket", OwnerId = "root", Created = DateTimeOffset.UnixEpoch, Region = "us-east-1" }, CancellationToken.None);
        var content = Works.Content(size);
        for (var number = 0; number < objects; number++)
        {
            var body = new ObjectBody(PipeReader.Create(new(content)), size, null, null);
            var put = await system.Objects.PutObjectAsync(bucket!, string.Create(CultureInfo.InvariantCulture, $"key{number}"), "root", "STANDARD", ObjectAttributes.Empty, body, WriteConditions.None, CancellationToken.None);
            if (put.Outcome != CommitOutcome.Done) throw new InvalidOperationException($"A PUT ended with {put.Outcome}.");
        }
    }

    private static long Count(ObjectSystem system) => system.GetStatus().Audits.Passed;

    /// <exception cref="InvalidOperationException">An audit did not pass, or they take for ever.</exception>
    private static async Task UntilAsync(ObjectSystem system, long count)
    {
        var begun = Stopwatch.GetTimestamp();
        while (Count(system) < count)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50));
            var audits = system.GetStatus().Audits;
            if (audits.Failed > 0 || Stopwatch.GetElapsedTime(begun) > patience) throw new InvalidOperationException($"Of {count} audits {audits.Passed} passed, {audits.Failed} failed, {audits.TimedOut} had no answer in time and {audits.Offline} found the node away.");
        }
    }

    private static async Task<Cost> TakeAsync(List<NodeProcess> nodes, WireCounter wire, Func<Task> work)
    {
        var (begun, before) = (Stopwatch.GetTimestamp(), Now());
        await work();
        return (Now() - before) with { Seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds };

        Cost Now() => new(0, wire.Bytes, Environment.CpuUsage.TotalTime.TotalSeconds, nodes.Sum(node => ProcessUsage.CpuSeconds(node.ProcessId)), nodes.Sum(node => ProcessUsage.ReadBytes(node.ProcessId)));
    }

    /// <param name="WireBytes">Both ways, as the gateway's sockets count them: with TLS, without TCP's headers.</param>
    /// <param name="ReadBytes">What the nodes read from files, whether from the disk or from memory.</param>
    private readonly record struct Cost(double Seconds, double WireBytes, double GatewayCpu, double NodeCpu, double ReadBytes)
    {
        public static Cost operator +(Cost a, Cost b) => new(a.Seconds + b.Seconds, a.WireBytes + b.WireBytes, a.GatewayCpu + b.GatewayCpu, a.NodeCpu + b.NodeCpu, a.ReadBytes + b.ReadBytes);

        public static Cost operator -(Cost a, Cost b) => a + (b * -1);

        public static Cost operator *(Cost a, double factor) => new(a.Seconds * factor, a.WireBytes * factor, a.GatewayCpu * factor, a.NodeCpu * factor, a.ReadBytes * factor);
    }
}
