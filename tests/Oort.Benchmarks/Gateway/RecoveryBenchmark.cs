using System.Diagnostics;
using System.Globalization;
using Oort.Shared;

namespace Oort.Benchmarks.Gateway;

/// <summary>How fast <c>oort recover</c> rebuilds a namespace of small objects from six disks and the phrase, with nothing of the disks in memory.</summary>
internal static class RecoveryBenchmark
{
    private const string PhraseMarker = "Recovery phrase: ";
    private const int Connections = 64;
    private const int ObjectSize = 4096;
    private const int CountDefault = 200_000;
    private const int DiskCount = 6;

    /// <param name="arguments">--objects N</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var count = arguments is ["--objects", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : CountDefault;
        using var server = ServerProcess.Start(Path.GetTempPath());
        using (var client = new LoadClient(server.Endpoint)) client.Run("PUT", Works.Bucket, "", []);
        Load.Run(server, Works.Put("fill", Connections, count / Connections, "x", Works.Content(ObjectSize)));
        await server.KillAsync();
        server.DropPageCache();

        var phrase = Path.Combine(server.Folder, "phrase");
        await File.WriteAllTextAsync(phrase, server.Log.Split('\n').First(line => line.StartsWith(PhraseMarker, StringComparison.Ordinal))[PhraseMarker.Length..]);
        IEnumerable<string> disks = Enumerable.Range(1, DiskCount).SelectMany(i => (string[])["--disk", Path.Combine(server.Folder, "disks", string.Create(CultureInfo.InvariantCulture, $"disk{i}"))]);
        var begun = Stopwatch.GetTimestamp();
        using var recovery = Process.Start(new ProcessStartInfo(OortProcess.Executable, ["recover", "--phrase-file", phrase, "--data", Path.Combine(server.Folder, "rebuilt"), "--log-level", "Warning", .. disks]))!;
        await recovery.WaitForExitAsync();
        var elapsed = Stopwatch.GetElapsedTime(begun);
        if (recovery.ExitCode != 0) return recovery.ExitCode;
        var objects = count / Connections * Connections;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| recovery rate | {objects:N0} objects of 4 KiB | {elapsed.TotalSeconds:F1} s | {objects / elapsed.TotalMinutes:N0} objects a minute |"));
        return 0;
    }
}
