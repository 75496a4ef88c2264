using System.Diagnostics;
using System.Globalization;
using Oort.Backends.Local;

namespace Oort.Benchmarks.Gateway;

/// <summary>A real <c>oort serve</c> on a temporary directory, with the processor time and memory that it took.</summary>
internal sealed class ServerProcess : IDisposable
{
    public const string AccessKey = "BENCHMARKACCESS";
    public const string SecretKey = "benchmark-secret-key";

    private const string ReadyMarker = "S3 endpoint: ";

    // Kernel's USER_HZ, in which /proc counts processor time (proc(5)).
    private const double TicksPerSecond = 100;

    private readonly Process process;
    private readonly DirectoryInfo folder;

    private ServerProcess(Process process, DirectoryInfo folder, Uri endpoint)
    {
        this.process = process;
        this.folder = folder;
        Endpoint = endpoint;
    }

    public Uri Endpoint { get; }

    /// <summary>Its data directory, in which the raw limits of the disk are taken, too.</summary>
    public string Folder => folder.FullName;

    /// <summary>Lets the system forget what it has in memory of the server's files, so that they are read from the disk.</summary>
    public void DropPageCache()
    {
        var disk = new PosixDisk(Folder);
        foreach (var path in Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories))
        {
            using var file = disk.Open(Path.GetRelativePath(Folder, path), DiskOpen.Read);
            file.DropCache();
        }
    }

    /// <summary>User and system time so far, in seconds.</summary>
    public double CpuSeconds
    {
        get
        {
            var stat = File.ReadAllText($"/proc/{process.Id}/stat");
            // The name in parentheses may hold spaces; utime and stime are the 12th and 13th field after it.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
    }

    /// <summary>Largest resident memory so far, in MiB.</summary>
    public long PeakMebibytes =>
        long.Parse(File.ReadLines($"/proc/{process.Id}/status").First(l => l.StartsWith("VmHWM", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;

    public static ServerProcess Start(string where)
    {
        var folder = Directory.CreateDirectory(Path.Combine(where, "oort-bench-" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "oort"), ["serve", "--data", folder.FullName, "--listen", "127.0.0.1:0", "--log-level", "Warning"])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["OORT_ACCESS_KEY"] = AccessKey;
        start.Environment["OORT_SECRET_KEY"] = SecretKey;
        // It is killed in the end, and would leave its diagnostic pipes in the temporary folder.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        if (Environment.GetEnvironmentVariable("OORT_PERFMAP") is not null) start.Environment["DOTNET_PerfMapEnabled"] = "1";
        var process = Process.Start(start)!;
        while (process.StandardOutput.ReadLine() is { } line)
            if (line.StartsWith(ReadyMarker, StringComparison.Ordinal))
                return new ServerProcess(process, folder, new Uri(line[ReadyMarker.Length..]));
        folder.Delete(recursive: true);
        throw new InvalidOperationException("oort serve ended before it served; its log is above.");
    }

    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
        folder.Delete(recursive: true);
    }
}
