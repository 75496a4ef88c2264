using System.Globalization;
using Oort.Shared;

namespace Oort.Benchmarks.Gateway;

/// <summary>A real <c>oort serve</c>, with the processor time and memory that it took.</summary>
internal sealed class ServerProcess : OortProcess, ILoadTarget, IDisposable
{
    public const string AccessKey = "BENCHMARKACCESS";
    public const string SecretKey = "benchmark-secret-key";

    private const string ReadyMarker = "S3 endpoint: ";

    private readonly bool ownsFolder;

    private ServerProcess(Started started, string folder, bool ownsFolder)
        : base(started)
    {
        (Folder, this.ownsFolder) = (folder, ownsFolder);
        Endpoint = new Uri(started.Lines.First(IsReady)[ReadyMarker.Length..]);
    }

    public Uri Endpoint { get; }

    /// <summary>Its data directory, in which the raw limits of the disk are taken, too.</summary>
    public string Folder { get; }

    public double CpuSeconds => ProcessUsage.CpuSeconds(ProcessId);

    public long PeakMebibytes => ProcessUsage.PeakMebibytes(ProcessId);

    public Uri EndpointOf(int connection) => Endpoint;

    public void DropPageCache() => ProcessUsage.DropPageCache(Folder);

    /// <summary>On six directories of a temporary data directory, which goes with it.</summary>
    public static ServerProcess Start(string where)
    {
        var folder = Directory.CreateDirectory(Path.Combine(where, "oort-bench-" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "-" + Path.GetRandomFileName())).FullName;
        try
        {
            return StartAsync(folder, ownsFolder: true).GetAwaiter().GetResult();
        }
        catch
        {
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    /// <param name="folder">Data directory; stays.</param>
    /// <param name="flags">Further flags of <c>oort serve</c>.</param>
    public static Task<ServerProcess> StartAsync(string folder, params string[] flags) => StartAsync(folder, ownsFolder: false, flags);

    public void Dispose()
    {
        DisposeAsync().AsTask().GetAwaiter().GetResult();
        if (ownsFolder) Directory.Delete(Folder, recursive: true);
    }

    private static async Task<ServerProcess> StartAsync(string folder, bool ownsFolder, params string[] flags)
    {
        var profile = Environment.GetEnvironmentVariable("OORT_PERFMAP") is null ? "0" : "1";
        return new(await RunAsync(["serve", "--data", folder, "--listen", "127.0.0.1:0", "--log-level", "Warning", .. flags], IsReady, ("OORT_ACCESS_KEY", AccessKey), ("OORT_SECRET_KEY", SecretKey), ("DOTNET_PerfMapEnabled", profile)), folder, ownsFolder);
    }

    private static bool IsReady(string line) => line.StartsWith(ReadyMarker, StringComparison.Ordinal);
}
