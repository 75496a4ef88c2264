using System.Diagnostics;
using System.Globalization;
using Oort.Benchmarks.Gateway;
using Oort.Shared;

namespace Oort.Benchmarks.Cluster;

/// <summary>Several processes at work together. On one machine all share its processors: ratios and processor time say more than rates.</summary>
internal static class ClusterBenchmarks
{
    private const int Mebibyte = 1024 * 1024;
    private const int NodeCount = 6;
    private const int GatewayCount = 3;
    private const int ObjectsDefault = 1_000_000;
    private const int WarmRounds = 3;

    private static readonly string[] Parts = ["nodes", "repair", "edge", "databases", "audits", "migrate"];

    /// <param name="arguments">Some of nodes, repair, edge, databases, audits and migrate (default: all); --short; --objects N, that migrate moves; --only NAME, of one work of nodes, and --rounds N, to profile it.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var isShort = arguments.Contains("--short");
        var chosen = Parts.Where(arguments.Contains).ToList();
        foreach (var part in chosen.Count > 0 ? chosen : [.. Parts])
        {
            await (part switch
            {
                "nodes" => NodesAsync(isShort, Value(arguments, "--only") ?? "", Number(arguments, "--rounds", isShort ? 2 : 3)),
                "repair" => RepairAsync(isShort),
                "edge" => EdgeBenchmark.RunAsync(),
                "databases" => DatabasesAsync(isShort),
                "audits" => AuditBenchmark.RunAsync(isShort),
                _ => MigrateAsync(Number(arguments, "--objects", isShort ? 20_000 : ObjectsDefault)),
            });
        }

        return 0;
    }

    /// <summary>Six nodes and six local directories take the same load by turns, so that both see the same noise.</summary>
    /// <param name="only">What the names of the works to be shown begin with.</param>
    private static async Task NodesAsync(bool isShort, string only, int rounds)
    {
        using var local = ServerProcess.Start(Path.GetTempPath());
        await using var cluster = await NodeCluster.StartAsync(Path.GetTempPath(), NodeCount);
        MakeBucket(local);
        MakeBucket(cluster);
        var (large, small) = isShort ? (1, 40) : (2, 300);
        var (largeBody, smallBody) = (Works.Content(64 * Mebibyte), Works.Content(4096));
        Work[] works =
        [
            Works.Put("PUT 64 MiB", 8, large, "large", largeBody), Works.Get("GET 64 MiB", 8, large, "large"),
            Works.Put("PUT 4 KiB", 64, small, "small", smallBody), Works.Get("GET 4 KiB", 64, small, "small"),
        ];
        // Each of the nodes compiles its code for itself, and sees only a part of the work: a cold one would show its compiler.
        for (var round = 0; round < WarmRounds; round++)
        {
            foreach (var work in works)
            {
                Load.Run(local, work);
                Load.Run(cluster, work);
            }
        }

        Console.WriteLine("| work | local MiB/s | nodes MiB/s | local ops/s | nodes ops/s | nodes : local | local CPU s | gateway CPU s | nodes CPU s |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var work in works.Where(work => work.Name.StartsWith(only, StringComparison.Ordinal)))
        {
            for (var round = 0; round < rounds; round++)
            {
                var there = Load.Run(local, work);
                var (gateway, nodes) = (cluster.GatewayCpuSeconds, cluster.NodeCpuSeconds);
                var far = Load.Run(cluster, work);
                Print($"| {work.Name} × {work.Connections} | {there.MebibytesPerSecond:F0} | {far.MebibytesPerSecond:F0} | {there.OperationsPerSecond:F0} | {far.OperationsPerSecond:F0} | {far.OperationsPerSecond / there.OperationsPerSecond:F2} | {there.CpuSeconds:F2} | {cluster.GatewayCpuSeconds - gateway:F2} | {cluster.NodeCpuSeconds - nodes:F2} |");
            }
        }
    }

    /// <summary>One node of six has lost its disk, and what it held is rebuilt.</summary>
    private static async Task RepairAsync(bool isShort)
    {
        await using var cluster = await NodeCluster.StartAsync(Path.GetTempPath(), NodeCount);
        MakeBucket(cluster);
        Load.Run(cluster, Works.Put("fill", 8, isShort ? 1 : 8, "large", Works.Content(64 * Mebibyte)));
        Load.Run(cluster, Works.Put("fill", 64, isShort ? 10 : 100, "small", Works.Content(4096)));
        await AdminVerb.UntilAsync(cluster.Endpoint, ["status"], IsWhole);
        var bytes = cluster.BytesOf(0);
        var (gateway, nodes) = (cluster.GatewayCpuSeconds, cluster.NodeCpuSeconds);
        await cluster.ReplaceAsync(0);
        var begun = Stopwatch.GetTimestamp();
        await AdminVerb.UntilAsync(cluster.Endpoint, ["status"], status => IsWhole(status) && cluster.BytesOf(0) > bytes / 2);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        Print($"Repair of one node of six: {bytes / (double)Mebibyte:F0} MiB of shards in {seconds:F1} s, {bytes / (double)Mebibyte / seconds:F0} MiB/s rebuilt, {4 * bytes / (double)Mebibyte / seconds:F0} MiB/s read; CPU s: gateway {cluster.GatewayCpuSeconds - gateway:F1}, nodes {cluster.NodeCpuSeconds - nodes:F1}");

        static bool IsWhole(System.Text.Json.JsonElement status) => status.GetProperty("totals").GetProperty("segmentsNotFull").GetInt64() == 0 && status.GetProperty("repair").GetProperty("queued").GetInt64() == 0;
    }

    /// <summary>Small PUTs onto the same six nodes: one gateway with SQLite, then one and three with PostgreSQL.</summary>
    private static async Task DatabasesAsync(bool isShort)
    {
        await using var postgres = await PostgresHost.StartAsync();
        await postgres.CreateDatabaseAsync("bench");
        await using var sqlite = await NodeCluster.StartAsync(Path.GetTempPath(), NodeCount);
        await using var shared = await NodeCluster.StartAsync(Path.GetTempPath(), NodeCount, GatewayCount, postgres.Address("bench"));
        MakeBucket(sqlite);
        MakeBucket(shared);
        var work = Works.Put("PUT 4 KiB", 48, isShort ? 20 : 300, "small", Works.Content(4096));
        Console.WriteLine("| metadata | gateways | PUT 4 KiB × 48, ops/s | p50 ms | p99 ms | gateway CPU s | nodes CPU s |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        for (var round = -WarmRounds; round < (isShort ? 1 : 3); round++)
        {
            foreach (var (name, cluster, gateways) in new[] { ("SQLite", sqlite, 1), ("PostgreSQL", shared, 1), ("PostgreSQL", shared, GatewayCount) })
            {
                cluster.GatewaysUsed = gateways;
                var (gateway, nodes) = (cluster.GatewayCpuSeconds, cluster.NodeCpuSeconds);
                var measured = Load.Run(cluster, work);
                if (round >= 0) Print($"| {name} | {gateways} | {measured.OperationsPerSecond:F0} | {measured.P50Milliseconds:F1} | {measured.P99Milliseconds:F1} | {cluster.GatewayCpuSeconds - gateway:F2} | {cluster.NodeCpuSeconds - nodes:F2} |");
            }
        }
    }

    /// <summary>Moves the metadata of so many objects to PostgreSQL while one client writes: its longest wait is the pause.</summary>
    private static async Task MigrateAsync(int objects)
    {
        const int connections = 64;
        await using var postgres = await PostgresHost.StartAsync();
        await postgres.CreateDatabaseAsync("bench");
        using var server = ServerProcess.Start(Path.GetTempPath());
        MakeBucket(server);
        var filled = Load.Run(server, Works.Put("fill", connections, objects / connections, "object", []));
        Print($"{filled.Operations:N0} empty objects in {filled.WallSeconds:F0} s");

        using var stop = new CancellationTokenSource();
        var (longest, writes) = (TimeSpan.Zero, 0);
        var writer = Task.Run(() =>
        {
            using var client = new LoadClient(server.Endpoint);
            while (!stop.IsCancellationRequested)
            {
                var before = Stopwatch.GetTimestamp();
                client.Run("PUT", $"{Works.Bucket}/during/{writes++ % 1000}", "", []);
                if (Stopwatch.GetElapsedTime(before) is var took && took > longest) longest = took;
            }
        });
        var begun = Stopwatch.GetTimestamp();
        var report = await AdminVerb.RunAsync(server.Endpoint, "metadata", "migrate", "--to", postgres.Address("bench"));
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        await stop.CancelAsync();
        await writer;
        Print($"Moved in {seconds:F1} s; {writes:N0} PUTs of one client went on, the longest took {longest.TotalSeconds:F2} s (with its rests after 503). {report}");
    }

    private static string? Value(string[] arguments, string name) => arguments.Zip(arguments.Skip(1)).Where(pair => pair.First == name).Select(pair => pair.Second).FirstOrDefault();

    private static int Number(string[] arguments, string name, int otherwise) => Value(arguments, name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private static void MakeBucket(ILoadTarget target)
    {
        using var client = new LoadClient(target.EndpointOf(0));
        client.Run("PUT", Works.Bucket, "", []);
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
