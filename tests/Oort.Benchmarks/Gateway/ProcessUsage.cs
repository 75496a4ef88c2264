using System.Globalization;
using Oort.Backends.Local;

namespace Oort.Benchmarks.Gateway;

/// <summary>What processes have taken, as /proc says (proc(5)).</summary>
internal static class ProcessUsage
{
    // Kernel's USER_HZ, in which /proc counts processor time.
    private const double TicksPerSecond = 100;

    /// <summary>User and system time so far, in seconds.</summary>
    public static double CpuSeconds(int process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        // The name in parentheses may hold spaces; utime and stime are the 12th and 13th field after it.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>Largest resident memory so far, in MiB.</summary>
    public static long PeakMebibytes(int process) =>
        long.Parse(File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("VmHWM", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;

    /// <summary>Bytes that it has read from files so far, from the disk or from memory. Sockets are not counted: .NET receives from them by another call.</summary>
    public static long ReadBytes(int process) =>
        long.Parse(File.ReadLines($"/proc/{process}/io").First(line => line.StartsWith("rchar", StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture);

    /// <summary>Lets the system forget what it has in memory of a folder's files; not of the lock files, which are empty, and which the server lets nobody open.</summary>
    public static void DropPageCache(string folder)
    {
        var disk = new PosixDisk(folder);
        foreach (var path in new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Where(file => file.Length > 0))
        {
            using var file = disk.Open(Path.GetRelativePath(folder, path.FullName), DiskOpen.Read);
            file.DropCache();
        }
    }
}
