using System.Diagnostics;

namespace Oort.Benchmarks.Gateway;

/// <summary>Runs a work against a server and measures it.</summary>
internal static class Load
{
    /// <exception cref="InvalidOperationException">An operation was not answered with success: a figure of a run with failures would mean nothing.</exception>
    public static Measurement Run(ILoadTarget server, Work work)
    {
        if (work.BeginsCold) server.DropPageCache();
        var latencies = new double[work.Connections * work.Count];
        var bytes = 0L;
        var refusals = new List<double>();
        var failures = new List<Exception>();
        using var ready = new Barrier(work.Connections + 1);
        var threads = Enumerable.Range(0, work.Connections).Select(c => new Thread(() => Connection(c), maxStackSize: 256 * 1024)).ToArray();
        foreach (var thread in threads) thread.Start();

        // Everybody is connected before the clock starts.
        ready.SignalAndWait();
        var cpu = server.CpuSeconds;
        var clock = Stopwatch.StartNew();
        foreach (var thread in threads) thread.Join();
        clock.Stop();
        cpu = server.CpuSeconds - cpu;
        if (failures.Count > 0) throw new InvalidOperationException($"{work.Name} failed on {failures.Count} of {work.Connections} connections.", failures[0]);

        Array.Sort(latencies);
        refusals.Sort();
        return new Measurement(
            work.Name, work.Connections, latencies.Length, work.MovesBytes ? bytes : 0, clock.Elapsed.TotalSeconds, cpu,
            latencies[latencies.Length / 2], latencies[latencies.Length * 99 / 100], refusals.Count, refusals.Count == 0 ? null : refusals[refusals.Count / 2], refusals.Count == 0 ? null : refusals[^1], server.PeakMebibytes);

        void Connection(int c)
        {
            LoadClient? client = null;
            try
            {
                client = new LoadClient(server.EndpointOf(c), seed: c);
            }
            catch (Exception e)
            {
                lock (failures) failures.Add(e);
            }

            ready.SignalAndWait();
            if (client is null) return;
            try
            {
                for (var i = 0; i < work.Count; i++)
                {
                    var begun = Stopwatch.GetTimestamp();
                    var moved = work.Step(client, c, i);
                    latencies[c * work.Count + i] = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
                    Interlocked.Add(ref bytes, moved);
                }
            }
            catch (Exception e)
            {
                lock (failures) failures.Add(e);
            }
            finally
            {
                lock (refusals) refusals.AddRange(client.Refusals);
                client.Dispose();
            }
        }
    }
}
