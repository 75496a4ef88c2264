using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Oort.Benchmarks.Gateway;

/// <summary>The whole gateway under load: rates, latencies, and what counts on a shared machine, the server's own processor time.</summary>
internal static class GatewayBenchmarks
{
    /// <param name="Bytes">Object bytes moved.</param>
    /// <param name="CpuSeconds">The server's user and system time.</param>
    private sealed record Result(string Name, int Connections, long Operations, long Bytes, double WallSeconds, double CpuSeconds, double P50Milliseconds, double P99Milliseconds)
    {
        public double OperationsPerCoreSecond => Operations / CpuSeconds;

        public double NanosecondsPerByte => Bytes == 0 ? 0 : CpuSeconds * 1e9 / Bytes;
    }

    public static int Run(string[] arguments)
    {
        var isJson = arguments.Contains("--json");
        var isShort = arguments.Contains("--short");
        var only = arguments.SkipWhile(a => a != "--only").Skip(1).FirstOrDefault();
        var repeat = int.Parse(arguments.SkipWhile(a => a != "--repeat").Skip(1).FirstOrDefault() ?? "1", CultureInfo.InvariantCulture);
        using var server = ServerProcess.Start(Path.GetTempPath());
        using (var setUp = new LoadClient(server.Endpoint)) setUp.Run("PUT", "/bench", "", []);
        var (largeCount, smallCount) = isShort ? (2, 100) : (8, 800);
        var large = Content(64 * 1024 * 1024);
        var medium = Content(1024 * 1024);
        var small = Content(4096);

        // The first round of each kind warms the server's code up and is not shown.
        Load(server, "warm up", 8, 1, "PUT", "warm", medium);
        Load(server, "warm up", 32, smallCount / 4, "PUT", "warm", small);
        Load(server, "warm up", 32, smallCount / 4, "GET", "warm", []);
        if (only is not null)
        {
            var parts = only.Split(',');
            var (m, size, conns, count) = (parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture), int.Parse(parts[2], CultureInfo.InvariantCulture), int.Parse(parts[3], CultureInfo.InvariantCulture));
            var body = Content(size);
            if (m is "GET" or "HEAD" or "LIST") Load(server, "prepare", conns, count, "PUT", "x", body);
            List<Result> rs = [];
            for (var i = 0; i < repeat; i++) rs.Add(Load(server, only, conns, m == "LIST" ? 200 : count, m, "x", m == "PUT" ? body : []));
            Print(rs, server.PeakMebibytes);
            return 0;
        }

        List<Result> results =
        [
            Load(server, "PUT 64 MiB", 8, largeCount, "PUT", "large", large),
            Load(server, "GET 64 MiB", 8, largeCount, "GET", "large", []),
            Load(server, "PUT 64 MiB", 1, largeCount, "PUT", "single", large),
            Load(server, "GET 64 MiB", 1, largeCount, "GET", "single", []),
            Load(server, "PUT 1 MiB", 16, largeCount * 8, "PUT", "medium", medium),
            Load(server, "GET 1 MiB", 16, largeCount * 8, "GET", "medium", []),
            Load(server, "PUT 4 KiB", 64, smallCount, "PUT", "small", small),
            Load(server, "GET 4 KiB", 64, smallCount, "GET", "small", []),
            Load(server, "HEAD 4 KiB", 64, smallCount, "HEAD", "small", []),
            Load(server, "PUT 4 KiB", 1, smallCount, "PUT", "lone", small),
            Load(server, "LIST 1,000 keys", 1, isShort ? 20 : 200, "LIST", "small", []),
        ];
        if (isJson) Console.WriteLine(JsonSerializer.Serialize(new { results, peakMebibytes = server.PeakMebibytes }, JsonSerializerOptions.Web));
        else Print(results, server.PeakMebibytes);
        return 0;
    }

    private static Result Load(ServerProcess server, string name, int connections, int count, string method, string prefix, byte[] body)
    {
        var latencies = new double[connections * count];
        var bytes = 0L;
        var failures = new List<Exception>();
        var cpu = server.CpuSeconds;
        var clock = Stopwatch.StartNew();
        var threads = Enumerable.Range(0, connections).Select(c => new Thread(() =>
        {
            try
            {
                using var client = new LoadClient(server.Endpoint);
                for (var i = 0; i < count; i++)
                {
                    var begun = Stopwatch.GetTimestamp();
                    var received = method == "LIST"
                        ? client.Run("GET", "/bench", "list-type=2&max-keys=1000", [])
                        : client.Run(method, string.Create(CultureInfo.InvariantCulture, $"/bench/{prefix}/{c}/{i}"), "", body);
                    latencies[c * count + i] = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
                    if (method is "GET" or "PUT") Interlocked.Add(ref bytes, body.Length + received);
                }
            }
            catch (Exception e)
            {
                lock (failures) failures.Add(e);
            }
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        clock.Stop();
        if (failures.Count > 0) throw new InvalidOperationException($"{name} failed on {failures.Count} of {connections} connections.", failures[0]);
        Array.Sort(latencies);
        return new Result(name, connections, latencies.Length, bytes, clock.Elapsed.TotalSeconds, server.CpuSeconds - cpu, latencies[latencies.Length / 2], latencies[latencies.Length * 99 / 100]);
    }

    private static byte[] Content(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private static void Print(List<Result> results, long peak)
    {
        Console.WriteLine("| work | connections | MiB/s | ops/s | p50 ms | p99 ms | server CPU ns/byte | ops per server-core-second |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var r in results)
        {
            var rate = r.Bytes == 0 ? "" : (r.Bytes / 1048576.0 / r.WallSeconds).ToString("F0", CultureInfo.InvariantCulture);
            var perByte = r.Bytes == 0 ? "" : r.NanosecondsPerByte.ToString("F2", CultureInfo.InvariantCulture);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {r.Name} | {r.Connections} | {rate} | {r.Operations / r.WallSeconds:F0} | {r.P50Milliseconds:F1} | {r.P99Milliseconds:F1} | {perByte} | {r.OperationsPerCoreSecond:F0} |"));
        }

        Console.WriteLine($"\nPeak resident memory of the server: {peak} MiB; {Environment.ProcessorCount} processors, shared with the client.");
    }
}
