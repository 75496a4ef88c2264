using System.Diagnostics;
using System.Globalization;
using Oort.Benchmarks.Gateway;
using Oort.Shared;

namespace Oort.Benchmarks.Cluster;

/// <summary>A gateway far from its six nodes: what is asked for again and again, without and with a cache on its own disk.</summary>
internal static class EdgeBenchmark
{
    private const int NodeCount = 6;
    private const int Passes = 4;

    /// <summary>There and back together.</summary>
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(50);

    /// <summary>Bytes of an object, and how many of them.</summary>
    private static readonly (int Size, int Count)[] Sizes = [(4096, 100), (1024 * 1024, 20), (16 * 1024 * 1024, 4)];

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("oort-bench-edge-").FullName;
        var nodes = new List<NodeProcess>();
        var proxies = new List<BreakingProxy>();
        try
        {
            await FillAsync(folder, nodes, proxies);
            foreach (var proxy in proxies) proxy.Delay = RoundTrip / 2;
            Console.WriteLine("| cache | object | 1st GET, ms | 2nd | 3rd | 4th | after a restart |");
            Console.WriteLine("| --- | --- | ---: | ---: | ---: | ---: | ---: |");
            foreach (var flags in new string[][] { [], ["--cache-dir", Path.Combine(folder, "cache"), "--cache-size", "1GiB"] })
            {
                var medians = Sizes.ToDictionary(one => one.Size, _ => new List<double>());
                await using (var gateway = await ServeAsync(folder, flags))
                    for (var pass = 0; pass < Passes; pass++) Pass(gateway, medians);
                await using (var gateway = await ServeAsync(folder, flags)) Pass(gateway, medians);
                foreach (var (size, found) in medians)
                    Console.WriteLine($"| {(flags.Length == 0 ? "none" : "1 GiB")} | {size / 1024} KiB | {string.Join(" | ", found.Select(one => one.ToString("F1", CultureInfo.InvariantCulture)))} |");
            }
        }
        finally
        {
            foreach (var node in nodes) await node.DisposeAsync();
            foreach (var proxy in proxies) await proxy.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Nodes behind proxies that do not yet hold anything up, and the objects on them.</summary>
    private static async Task FillAsync(string folder, List<NodeProcess> nodes, List<BreakingProxy> proxies)
    {
        var disk = Path.Combine(folder, "disk");
        await using var gateway = await ServeAsync(folder, ["--disk", disk]);
        for (var i = 0; i < NodeCount; i++)
        {
            var proxy = new BreakingProxy(0);
            proxies.Add(proxy);
            var token = (await AdminVerb.RunAsync(gateway.Endpoint, "node", "invite", "--operator", string.Create(CultureInfo.InvariantCulture, $"operator{i}"))).GetProperty("token").GetString()!;
            var node = await NodeProcess.JoinAsync(token, Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"node{i}")), "--advertise", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{proxy.Port}"));
            nodes.Add(node);
            proxy.Target = node.Address.Port;
        }

        await AdminVerb.UntilAsync(gateway.Endpoint, ["node", "list"], list => list.GetProperty("nodes").EnumerateArray().Count(node => node.GetProperty("health").GetString() == "online") == NodeCount);
        await AdminVerb.RunAsync(gateway.Endpoint, "disk", "drain", disk);
        await AdminVerb.UntilAsync(gateway.Endpoint, ["disk", "list"], list => list.GetProperty("disks").GetArrayLength() == NodeCount);
        using var client = new LoadClient(gateway.Endpoint);
        client.Run("PUT", Works.Bucket, "", []);
        foreach (var (size, count) in Sizes)
            for (var i = 0; i < count; i++) client.Run("PUT", Key(size, i), "", Works.Content(size));
    }

    /// <summary>One client reads every object once.</summary>
    private static void Pass(ServerProcess gateway, Dictionary<int, List<double>> medians)
    {
        using var client = new LoadClient(gateway.Endpoint);
        foreach (var (size, count) in Sizes)
        {
            var times = new List<double>();
            for (var i = 0; i < count; i++)
            {
                var begun = Stopwatch.GetTimestamp();
                client.Run("GET", Key(size, i), "", []);
                times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            }

            times.Sort();
            medians[size].Add(times[times.Count / 2]);
        }
    }

    private static async Task<ServerProcess> ServeAsync(string folder, string[] flags)
    {
        var gateway = await ServerProcess.StartAsync(Path.Combine(folder, "gateway"), flags);
        await AdminVerb.UntilAsync(gateway.Endpoint, ["status"], status => status.GetProperty("disks").EnumerateArray().All(disk => disk.GetProperty("health").GetString() == "online"));
        return gateway;
    }

    private static string Key(int size, int number) => string.Create(CultureInfo.InvariantCulture, $"{Works.Bucket}/{size}/{number}");
}
