using System.Globalization;
using System.Runtime.InteropServices;

namespace Oort.Benchmarks.Gateway;

/// <summary>The whole gateway under load: rates, latencies, and what counts on a shared machine, the server's own processor time.</summary>
internal static class GatewayBenchmarks
{
    /// <summary>Everything the whole run writes, with parity, and as much again for what is deleted late.</summary>
    private const long FreeBytesMin = 64L << 30;

    /// <param name="arguments">--short; --json FILE; --only METHOD,SIZE,CONNECTIONS,COUNT and --repeat N for one work alone, to profile it; with several --only one after the other.</param>
    public static int Run(string[] arguments)
    {
        try
        {
            return RunAll(arguments);
        }
        catch (Exception e) // Caught, so that the server is ended and its directory deleted.
        {
            Console.Error.WriteLine(e);
            return 1;
        }
    }

    private static int RunAll(string[] arguments)
    {
        var isShort = arguments.Contains("--short");
        var where = Path.GetTempPath();
        using var server = ServerProcess.Start(where);
        using (var client = new LoadClient(server.Endpoint)) client.Run("PUT", Works.Bucket, "", []);
        var report = new Report(Machine());
        var chosen = Arguments(arguments, "--only").ToArray();
        if (chosen.Length > 0)
        {
            var repeat = int.Parse(Arguments(arguments, "--repeat").FirstOrDefault() ?? "1", CultureInfo.InvariantCulture);
            foreach (var work in chosen.SelectMany(only => Single(only, repeat))) report.Add(Load.Run(server, work));
            return 0;
        }

        if (!isShort && new DriveInfo(where).AvailableFreeSpace < FreeBytesMin)
        {
            Console.Error.WriteLine($"The benchmark needs {FreeBytesMin >> 30} GiB free in {where}; point TMPDIR to a disk that has them, or run it with --short.");
            return 1;
        }

        foreach (var limit in RawLimits.Take(server.Folder, isShort)) report.Add(limit);
        var works = new Works(isShort);
        foreach (var work in works.WarmUp()) Load.Run(server, work);
        foreach (var work in works.Objects().Concat(works.Clients()).Concat(works.Crowds()).Concat(works.Listings()))
        {
            var measurement = Load.Run(server, work);
            if (work.IsShown) report.Add(measurement);
        }

        if (Arguments(arguments, "--json").FirstOrDefault() is { } file) report.WriteJson(file);
        return 0;
    }

    private static IEnumerable<string> Arguments(string[] arguments, string name) => arguments.Zip(arguments.Skip(1)).Where(pair => pair.First == name).Select(pair => pair.Second);

    private static IEnumerable<Work> Single(string only, int repeat)
    {
        var (method, size, connections, count) = only.Split(',') switch
        {
            [var m, var s, var c, var n] => (m, Number(s), Number(c), Number(n)),
            _ => throw new ArgumentException("--only METHOD,SIZE,CONNECTIONS,COUNT"),
        };
        var body = Works.Content(size);
        var put = Works.Put($"PUT {size}", connections, count, "x", body);
        var signed = Works.PutSigned($"PUT {size}, signed payload", connections, count, "x", body);
        if (method is not ("PUT" or "SIGNED")) yield return put;
        for (var i = 0; i < repeat; i++)
        {
            yield return method switch
            {
                "PUT" => put,
                "SIGNED" => signed,
                "GET" => Works.Get($"GET {size}", connections, count, "x"),
                "HEAD" => Works.Head($"HEAD {size}", connections, count, "x"),
                "LIST" => Works.List(Works.Bucket, "", 200, "LIST"),
                _ => throw new ArgumentException($"--only knows PUT, SIGNED, GET, HEAD and LIST, not {method}."),
            };
        }

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>What the figures depend on most.</summary>
    private static string Machine()
    {
        var model = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() : null;
        return $"{model ?? RuntimeInformation.OSArchitecture.ToString()}, {Environment.ProcessorCount} processors (the client shares them); {RuntimeInformation.FrameworkDescription}; {RuntimeInformation.OSDescription}";
    }
}
