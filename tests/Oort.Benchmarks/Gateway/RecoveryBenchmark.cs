using System.Diagnostics;
using System.Globalization;
using Oort.Benchmarks.Cluster;
using Oort.Shared;

namespace Oort.Benchmarks.Gateway;

/// <summary>How fast <c>oort recover</c> rebuilds a namespace of small objects from six disks, or six nodes, and the phrase, with nothing of the disks in memory.</summary>
internal static class RecoveryBenchmark
{
    private const string PhraseMarker = "Recovery phrase: ";
    private const int Connections = 64;
    private const int ObjectSize = 4096;
    private const int CountDefault = 200_000;
    private const int StoreCount = 6;

    /// <param name="arguments">--objects N; --nodes: the shards and the journal are on six storage nodes instead of six disks of the gateway's.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var count = arguments.Zip(arguments.Skip(1)).Where(pair => pair.First == "--objects").Select(pair => int.Parse(pair.Second, CultureInfo.InvariantCulture)).FirstOrDefault(CountDefault);
        return arguments.Contains("--nodes") ? await FromNodesAsync(count) : await FromDisksAsync(count);
    }

    private static async Task<int> FromDisksAsync(int count)
    {
        using var server = ServerProcess.Start(Path.GetTempPath());
        Fill(server, count);
        await server.KillAsync();
        server.DropPageCache();
        IEnumerable<string> disks = Enumerable.Range(1, StoreCount).SelectMany(i => (string[])["--disk", Path.Combine(server.Folder, "disks", string.Create(CultureInfo.InvariantCulture, $"disk{i}"))]);
        return await RecoverAsync(server, server.Folder, disks, count);
    }

    /// <summary>The nodes go on; one address is enough, as the others are found through it.</summary>
    private static async Task<int> FromNodesAsync(int count)
    {
        await using var cluster = await NodeCluster.StartAsync(Path.GetTempPath(), StoreCount);
        Fill(cluster, count);
        await cluster.KillGatewayAsync();
        cluster.DropPageCache();
        var before = cluster.NodeCpuSeconds;
        var code = await RecoverAsync(cluster.Gateway, cluster.Folder, ["--node", cluster.AddressOf(0)], count);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"CPU s of the nodes meanwhile: {cluster.NodeCpuSeconds - before:F1}"));
        return code;
    }

    private static void Fill(ILoadTarget target, int count)
    {
        using (var client = new LoadClient(target.EndpointOf(0))) client.Run("PUT", Works.Bucket, "", []);
        Load.Run(target, Works.Put("fill", Connections, count / Connections, "x", Works.Content(ObjectSize)));
    }

    private static async Task<int> RecoverAsync(ServerProcess killed, string folder, IEnumerable<string> stores, int count)
    {
        var phrase = Path.Combine(folder, "recovery-phrase");
        await File.WriteAllTextAsync(phrase, killed.Log.Split('\n').First(line => line.StartsWith(PhraseMarker, StringComparison.Ordinal))[PhraseMarker.Length..]);
        var begun = Stopwatch.GetTimestamp();
        using var recovery = Process.Start(new ProcessStartInfo(OortProcess.Executable, ["recover", "--phrase-file", phrase, "--data", Path.Combine(folder, "rebuilt"), "--log-level", "Warning", .. stores]))!;
        await recovery.WaitForExitAsync();
        var elapsed = Stopwatch.GetElapsedTime(begun);
        if (recovery.ExitCode != 0) return recovery.ExitCode;
        var objects = count / Connections * Connections;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| recovery rate | {objects:N0} objects of 4 KiB | {elapsed.TotalSeconds:F1} s | {objects / elapsed.TotalMinutes:N0} objects a minute |"));
        return 0;
    }
}
